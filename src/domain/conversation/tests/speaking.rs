//! What Messenger users say to each other.

use super::*;

fn passing(to: Option<&str>, matters: bool) -> Saying {
    Saying::Passing { payload: Bytes::from_static(b"p2p"), to: to.map(passport), matters, announced: Vec::new() }
}

fn said(scene: &mut Scene, seat: u64, wish: Wish, saying: Saying) -> Vec<Effect> {
    scene.take(Cause::Said { seat: SeatId(seat), tag: 5, wish, saying, id: MessageId(77) })
}

#[test]
fn what_is_said_is_given_while_it_is_being_kept_and_then_taken() {
    let mut scene = Scene::carol_and_dave();
    let effects = scene.say(1, "hello", 4);
    let [Effect::Keep { seat: SeatId(1), tag: 5, wish: Wish::Either, draft }, given] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((draft.id, given), (MessageId(4), &message(2, "carol", "hello", Some(4))));
    assert_eq!((draft.author.clone(), draft.sent), (passport("carol"), Timestamp(1_000)));
    assert_eq!((draft.accounts.clone(), draft.remotes.clone()), (vec![passport("dave")], vec![]));
    assert_eq!(draft.content, Some(Content::text("hello")));
    assert!(!scene.conversation.is_idle());
    assert_eq!(scene.kept(1, 4, true), [taken(1)]);
    assert_eq!(scene.kept(1, 4, true), [taken(1)], "the answer comes once: nothing else comes of it");
    assert_eq!(scene.shown(2, &[4]), [delivered("dave", &[4])]);
}

#[test]
fn what_cannot_be_kept_is_not_taken() {
    let mut scene = Scene::carol_and_dave();
    scene.leave(2);
    scene.say(1, "hello", 1);
    assert_eq!(scene.kept(1, 1, false), [not_taken(1)], "Dave is not rung for it");
}

#[test]
fn whoever_goes_before_it_is_kept_is_rung_once_it_is() {
    let mut scene = Scene::carol_and_dave();
    scene.say(1, "hello", 1);
    assert_eq!(scene.leave(2), [left(1, "dave")], "it is not in the store yet");
    assert_eq!(scene.kept(1, 1, true), [taken(1), ring(1, "dave", "carol")]);
}

#[test]
fn lines_keep_their_order_while_somebody_comes_in() {
    let mut scene = Scene::carol_and_dave();
    scene.leave(2);
    scene.say(1, "one", 1);
    scene.wait("dave");
    scene.answer(3, "dave");
    scene.fetched("dave", "carol", &[], false);
    assert!(matches!(scene.say(1, "two", 2)[..], [Effect::Keep { .. }]), "it comes after what is not kept yet");
    assert_eq!(scene.kept(1, 1, true), [taken(1), fetch("dave", "carol")]);
    assert_eq!(given(&scene.fetched("dave", "carol", &[1], false)), [(3, 1)]);
    assert_eq!(scene.kept(1, 2, true), [taken(1), fetch("dave", "carol")]);
    assert_eq!(given(&scene.fetched("dave", "carol", &[1, 2], false)), [(3, 2)]);
}

#[test]
fn an_author_who_goes_before_it_is_kept_has_said_it_all_the_same() {
    let mut scene = Scene::carol_and_dave();
    scene.leave(2);
    scene.say(1, "hello", 1);
    scene.leave(1);
    assert!(!scene.conversation.is_idle());
    assert!(scene.kept(1, 1, true).contains(&ring(1, "dave", "carol")));
}

#[test]
fn an_author_hears_what_it_wants_to_hear() {
    for (wish, good, bad) in [
        (Wish::Nothing, false, false),
        (Wish::Failure, false, true),
        (Wish::Success, true, false),
        (Wish::Either, true, true),
    ] {
        for (kept, answers) in [(true, good), (false, bad)] {
            let mut scene = Scene::carol_and_dave();
            let effects = scene.take(Cause::Kept { seat: SeatId(1), tag: 5, wish, id: MessageId(1), kept });
            let answer = if kept { taken(1) } else { not_taken(1) };
            assert_eq!(effects, if answers { vec![answer] } else { Vec::new() }, "{wish:?} {kept}");
        }
    }
}

#[test]
fn what_is_said_to_somebody_away_waits_and_rings() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    let first = scene.ring_of(1, "dave");
    scene.answer_ring("dave", first, Verdict::Absent);
    assert_eq!(scene.tell(1, "hello", 1), [taken(1), ring(1, "dave", "carol")]);
    assert_eq!(scene.tell(1, "again", 2), [taken(1)], "it rings already");
    assert_eq!(scene.answer_ring("dave", 1, Verdict::Absent), []);
    scene.leave(1);
    assert!(scene.conversation.is_idle());
    // Dave signs in, long after Carol went.
    assert_eq!(scene.wait("dave"), [ring(2, "dave", "carol")]);
    assert_eq!(scene.answer_ring("dave", 2, Verdict::Ringing), []);
    let effects = scene.answer(2, "dave");
    assert_eq!(effects, [welcome(2, &["carol"]), fetch("dave", "carol")], "there is somebody to answer");
    assert_eq!(given(&scene.fetched("dave", "carol", &[1, 2], false)), [(2, 1), (2, 2)]);
    // An answer finds Carol away, and rings her.
    assert_eq!(scene.tell(2, "hi", 3), [taken(2), ring(3, "carol", "dave")]);
}

#[test]
fn what_a_client_had_not_confirmed_goes_to_the_next() {
    let mut scene = Scene::carol_and_dave();
    for id in 1..=3 {
        scene.tell(1, "hello", id);
    }
    scene.shown(2, &[1]);
    assert_eq!(scene.leave(2), [left(1, "dave"), ring(1, "dave", "carol")]);
    assert_eq!(scene.answer(3, "dave")[0], welcome(3, &["carol"]));
    assert_eq!(given(&scene.fetched("dave", "carol", &[2, 3], false)), [(3, 2), (3, 3)]);
    scene.shown(3, &[2, 3]);
    assert_eq!(scene.leave(3), [left(1, "dave")], "nothing is left to show");
}

#[test]
fn nothing_is_given_twice_to_one_client() {
    let mut scene = Scene::carol_and_dave();
    scene.tell(1, "hello", 1);
    assert_eq!(scene.wait("dave"), [fetch("dave", "carol")]);
    assert_eq!(given(&scene.fetched("dave", "carol", &[1, 2], false)), [(2, 2)]);
}

#[test]
fn whoever_speaks_is_here() {
    let mut scene = Scene::carol_and_dave();
    scene.leave(1);
    scene.wait("dave");
    let effects = scene.fetched("dave", "carol", &[1], false);
    assert_eq!(effects[0], joined(2, "carol"), "Carol had gone: {effects:?}");
    assert_eq!(given(&effects), [(2, 1)]);
}

#[test]
fn what_passes_goes_to_whoever_is_there() {
    let mut scene = Scene::carol_and_dave();
    let given = message(2, "carol", "p2p", None);
    assert_eq!(said(&mut scene, 1, Wish::Either, passing(None, true)), [taken(1), given.clone()]);
    let Effect::Tell(to, event) = given else { panic!("it is told") };
    let relayed = Effect::Relay { seat: SeatId(1), tag: 5, wish: Wish::Either, to, event };
    assert_eq!(said(&mut scene, 1, Wish::Either, passing(Some("dave"), true)), [relayed], "as fast as it is taken");
    let taken_at_last = Cause::Relayed { seat: SeatId(1), tag: 5, wish: Wish::Either, taken: true };
    assert_eq!(scene.take(taken_at_last), [taken(1)]);
    let lost = Cause::Relayed { seat: SeatId(1), tag: 5, wish: Wish::Either, taken: false };
    assert_eq!(scene.take(lost), [not_taken(1)]);
    assert_eq!(said(&mut scene, 1, Wish::Either, passing(Some("erin"), true)), [not_taken(1)]);
    scene.leave(2);
    assert_eq!(said(&mut scene, 1, Wish::Either, passing(None, true)), [not_taken(1)]);
    assert_eq!(said(&mut scene, 1, Wish::Either, passing(None, false)), [taken(1)], "does not matter");
    assert_eq!(said(&mut scene, 1, Wish::Failure, passing(None, false)), []);
    assert_eq!(said(&mut scene, 9, Wish::Either, passing(None, true)), [], "from nowhere");
}

#[test]
fn typing_goes_to_whoever_is_there_and_waits_for_nobody() {
    let mut scene = Scene::carol_and_dave();
    let typing = || Saying::Typing { payload: Bytes::from_static(b"types") };
    assert_eq!(said(&mut scene, 1, Wish::Nothing, typing()), [message(2, "carol", "types", None)]);
    scene.leave(2);
    assert_eq!(said(&mut scene, 1, Wish::Nothing, typing()), []);
}
