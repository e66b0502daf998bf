//! More than two.

use super::*;

/// Carol at 1, Dave at 2, Erin at 3.
fn three() -> Scene {
    let mut scene = Scene::carol_and_dave();
    let ring = scene.ring_of(1, "erin");
    scene.answer_ring("erin", ring, Verdict::Ringing);
    scene.answer(3, "erin");
    scene
}

fn accounts(effects: &[Effect]) -> Vec<Passport> {
    let draft =
        effects.iter().find_map(|effect| if let Effect::Keep { draft, .. } = effect { Some(draft) } else { None });
    draft.map_or_else(Vec::new, |draft| draft.accounts.clone())
}

#[test]
fn a_third_comes_in_and_the_pair_is_free_again() {
    let mut scene = Scene::carol_and_dave();
    assert_eq!(scene.call(1, "erin"), [Effect::Widened, ring(1, "erin", "carol")]);
    assert_eq!(accounts(&scene.say(1, "who?", 7)), [passport("dave")], "Erin has not come yet");
    assert_eq!(scene.tell(1, "who?", 1), [message(2, "carol", "who?", Some(1)), taken(1)]);
    assert_eq!(scene.answer_ring("erin", 1, Verdict::Ringing), [calling(1)]);
    assert_eq!(scene.answer(3, "erin"), [welcome(3, &["carol", "dave"]), joined(1, "erin"), joined(2, "erin")]);
    assert_eq!(accounts(&scene.say(2, "hi all", 8)), [passport("carol"), passport("erin")]);
    let effects = scene.tell(2, "hi all", 2);
    let to = |seat| message(seat, "dave", "hi all", Some(2));
    assert_eq!(effects, [to(1), to(3), taken(2)]);
    assert!(!scene.call(2, "frank").contains(&Effect::Widened), "once");
}

#[test]
fn who_leaves_is_out() {
    let mut scene = three();
    assert_eq!(scene.leave(2), [left(1, "dave"), left(3, "dave")]);
    assert_eq!(accounts(&scene.say(1, "just us", 7)), [passport("erin")]);
    scene.leave(3);
    assert_eq!(scene.say(1, "anybody?", 8), [not_taken(1)], "nobody is left to get it");
}

#[test]
fn who_is_away_is_told_of_to_all_and_has_what_is_said_kept() {
    let mut scene = Scene::carol_and_dave();
    let ring = scene.ring_of(1, "erin");
    let effects = scene.answer_ring("erin", ring, Verdict::Absent);
    assert_eq!(effects, [joined(2, "erin"), calling(1), joined(1, "erin")]);
    assert_eq!(accounts(&scene.say(2, "hello", 7)), [passport("carol"), passport("erin")]);
    let effects = scene.tell(2, "hello", 1);
    assert_eq!(effects, [message(1, "dave", "hello", Some(1)), taken(2), doorbell("erin", "dave")]);
}

#[test]
fn who_blocks_the_caller_never_comes_in() {
    let mut scene = Scene::carol_and_dave();
    let ring = scene.ring_of(1, "erin");
    assert_eq!(scene.answer_ring("erin", ring, Verdict::Blocked), [not_calling(1, CallRefusal::Unreachable)]);
    assert_eq!(accounts(&scene.say(1, "well", 7)), [passport("dave")]);
    assert!(!scene.conversation.members.contains_key(&passport("erin")));
}

#[test]
fn what_a_client_had_not_confirmed_goes_to_its_own_conversations() {
    let mut scene = three();
    scene.tell(1, "one", 1);
    scene.tell(2, "two", 2);
    scene.tell(1, "three", 3);
    scene.shown(3, &[1]);
    let effects = scene.leave(3);
    let expected = [left(1, "erin"), left(2, "erin"), doorbell("erin", "carol"), doorbell("erin", "dave")];
    assert_eq!(effects, expected);
}

#[test]
fn what_was_not_read_before_the_third_came_is_left_to_the_new_pair() {
    let mut scene = Scene::carol_and_dave();
    scene.fetched("dave", "carol", &[1], true);
    let ring = scene.ring_of(1, "erin");
    scene.answer_ring("erin", ring, Verdict::Absent);
    assert_eq!(scene.shown(2, &[1]), [delivered("dave", &[1]), doorbell("dave", "carol")]);
    assert_eq!(scene.wait("dave"), [], "what waits for a pair is no affair of several");
}

#[test]
fn what_rings_when_the_third_comes_is_left_to_the_new_pair() {
    let mut scene = Scene::carol_and_dave();
    scene.leave(2);
    assert_eq!(scene.tell(1, "come back", 1), [taken(1), ring(1, "dave", "carol")]);
    let effects = scene.call(1, "erin");
    assert_eq!(effects, [Effect::Widened, doorbell("dave", "carol"), ring(2, "erin", "carol")]);

    let mut called = Scene::with("dave");
    called.sit(1, "carol");
    called.ring_of(1, "dave");
    called.answer_ring("dave", 0, Verdict::Ringing);
    assert_eq!(called.tell(1, "hurry", 1), [taken(1)], "it rings already");
    let effects = called.call(1, "erin");
    assert_eq!(effects, [Effect::Widened, doorbell("dave", "carol"), ring(1, "erin", "carol")]);
}

#[test]
fn somebody_of_another_network_comes_in_at_once() {
    let mut scene = Scene::carol_and_dave();
    let effects = scene.call(1, "echo");
    assert_eq!(effects[0], Effect::Widened);
    for told in [calling(1), joined(1, "echo"), joined(2, "echo")] {
        assert_eq!(effects.iter().filter(|effect| **effect == told).count(), 1, "{effects:?}");
    }
    scene.say(2, "hello", 1);
    let room = crate::RemoteRoom("gathering/0".to_owned());
    let effects = scene.take(Cause::Gathered { room, gatherings: Vec::new() });
    let said =
        effects.iter().find_map(|effect| if let Effect::Keep { draft, .. } = effect { Some(draft) } else { None });
    let said = said.expect("it is kept");
    assert_eq!(
        (&said.author, &said.remotes),
        (&passport("dave"), &vec![passport("echo")]),
        "over the author's own link"
    );
}

#[test]
fn a_member_who_is_here_cannot_be_called_again() {
    let mut scene = three();
    assert_eq!(scene.call(1, "erin"), [not_calling(1, CallRefusal::AlreadyThere)]);
}

#[test]
fn there_are_thirty_at_most() {
    let mut scene = Scene::carol_and_dave();
    for number in 2..30 {
        scene.call(1, &format!("guest{number}"));
    }
    assert_eq!(scene.call(1, "one.more"), [not_calling(1, CallRefusal::Full)]);
}
