//! Talking with somebody of another network.

use super::*;
use crate::media::{Announcement, Attachment, BlobId, ObjectHash, Source};

fn typing(scene: &mut Scene) -> Vec<Effect> {
    let saying = Saying::Typing { payload: Bytes::from_static(b"types") };
    scene.take(Cause::Said { seat: SeatId(1), tag: 5, wish: Wish::Nothing, saying, id: MessageId(1) })
}

fn types_out(typing: bool) -> Effect {
    Effect::Typing { owner: passport("carol"), contact: passport("echo"), typing }
}

fn types_in() -> Effect {
    tell(1, SeatEvent::Typing { from: passport("echo"), name: "ECHO".to_owned() })
}

fn peer(scene: &mut Scene, typing: bool) -> Vec<Effect> {
    scene.take(Cause::PeerTyping { peer: passport("echo"), typing })
}

#[test]
fn a_remote_contact_is_always_there() {
    let mut scene = Scene::with("echo");
    scene.sit(1, "carol");
    assert_eq!(scene.call(1, "echo"), [calling(1), joined(1, "echo"), fetch("carol", "echo")]);
}

#[test]
fn what_is_said_is_taken_once_it_is_kept() {
    let mut scene = Scene::carol_and_echo();
    let [Effect::Keep { draft, .. }] = &scene.say(1, "hello", 1)[..] else { panic!("first it is kept") };
    assert_eq!((draft.accounts.clone(), draft.remotes.clone()), (vec![], vec![passport("echo")]));
    assert_eq!(scene.kept(1, 1, true), [taken(1)]);
    scene.say(1, "hello", 2);
    assert_eq!(scene.kept(1, 2, false), [not_taken(1)]);
}

#[test]
fn what_a_network_cannot_carry_is_not_taken() {
    let mut scene = Scene::carol_and_echo();
    let payload = Bytes::from_static(b"ink");
    let saying = Saying::Lasting { payload, content: None, announced: Vec::new(), enclosed: None };
    let effects = scene.take(Cause::Said { seat: SeatId(1), tag: 5, wish: Wish::Failure, saying, id: MessageId(1) });
    assert_eq!(effects, [not_taken(1)]);
}

fn announcement() -> Announcement {
    let description = "<msnobj/>".into();
    Announcement { owner: passport("carol"), hash: ObjectHash([7; 20]), size: 9, description }
}

fn attachment() -> Attachment {
    let source = Source::Blob(BlobId([3; 32]));
    Attachment { name: "a.txt".into(), media_type: "text/plain".into(), size: 9, source, link: None }
}

#[test]
fn what_is_announced_to_a_remote_contact_is_fetched() {
    let mut scene = Scene::carol_and_echo();
    let payload = Bytes::from_static(b"emoticons");
    let saying = Saying::Passing { payload, to: None, matters: false, announced: vec![announcement()] };
    let effects = scene.take(Cause::Said { seat: SeatId(1), tag: 5, wish: Wish::Failure, saying, id: MessageId(1) });
    let (owner, contact) = (passport("carol"), passport("echo"));
    assert_eq!(effects, [Effect::Obtain { owner, contact, announced: vec![announcement()] }]);
}

#[test]
fn what_passes_to_a_remote_contact_goes_to_its_peer() {
    let mut scene = Scene::carol_and_echo();
    let payload = Bytes::from_static(b"p2p");
    for (to, matters, reaches) in [(Some("echo"), true, true), (None, true, true), (Some("dave"), true, false)] {
        let to = to.map(passport);
        let saying = Saying::Passing { payload: payload.clone(), to, matters, announced: Vec::new() };
        let wish = Wish::Either;
        let effects = scene.take(Cause::Said { seat: SeatId(1), tag: 5, wish, saying, id: MessageId(1) });
        let peer = Effect::Peer { owner: passport("carol"), contact: passport("echo"), payload: payload.clone() };
        assert_eq!(effects, if reaches { vec![taken(1), peer] } else { vec![not_taken(1)] });
    }
}

#[test]
fn a_file_that_came_is_offered_once_its_line_was_shown() {
    let mut scene = Scene::carol_and_echo();
    let message = Waiting { body: Body::Content(Content::File(attachment())), ..waiting("echo", 1) };
    let effects = scene.take(Cause::Fetched { owner: passport("carol"), messages: vec![message], more: false });
    let offer = Effect::Offer { owner: passport("carol"), contact: passport("echo"), attachment: attachment() };
    assert_eq!(given(&effects), [(1, 1)]);
    assert_eq!(effects.last(), Some(&offer));
}

#[test]
fn a_contact_that_wants_a_client_rings_twice_and_no_more() {
    let mut scene = Scene::with("echo");
    assert_eq!(scene.take(Cause::Summoned(passport("carol"))), [ring(0, "carol", "echo")]);
    scene.answer_ring("carol", 0, Verdict::Ringing);
    assert_eq!(scene.tick_after(20), [ring(1, "carol", "echo")]);
    assert_eq!(scene.tick_after(20), []);
    assert!(scene.conversation.is_idle());
    scene.take(Cause::Summoned(passport("carol")));
    assert_eq!(scene.answer(1, "carol")[0], welcome(1, &["echo"]), "there is somebody to answer");
    assert_eq!(scene.conversation.seat_of(&passport("carol")), Some(SeatId(1)));
    assert_eq!(scene.take(Cause::Summoned(passport("carol"))), [], "it is here");
}

#[test]
fn whoever_signs_in_anew_is_rung_at_once() {
    let mut scene = Scene::with("echo");
    scene.wait("carol");
    scene.answer_ring("carol", 0, Verdict::Ringing);
    scene.tick_after(20);
    scene.tick_after(20);
    assert_eq!(scene.wait("carol"), [], "she is being rung");
    assert_eq!(scene.take(Cause::Reachable(passport("carol"))), [ring(3, "carol", "echo")]);
    assert_eq!(scene.answer_ring("carol", 2, Verdict::Absent), [], "an answer to the ring before");
    assert_eq!(scene.tick_after(20), [ring(4, "carol", "echo")]);
}

#[test]
fn a_room_speaks_under_its_own_name() {
    let mut scene = Scene::with("room");
    scene.sit(1, "carol");
    scene.call(1, "room");
    let message = Waiting { author_name: "Ann".to_owned(), ..waiting("room", 1) };
    let effects = scene.take(Cause::Fetched { owner: passport("carol"), messages: vec![message], more: false });
    let Effect::Tell(_, SeatEvent::Message { name, speaker, .. }) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!((name.as_str(), speaker.clone()), ("ROOM", Some(Speaker::Named("Ann".to_owned()))));
}

#[test]
fn what_waits_rings_once_and_is_shown_in_order() {
    let mut scene = Scene::with("echo");
    assert_eq!(scene.wait("carol"), [ring(0, "carol", "echo")]);
    assert_eq!(scene.wait("carol"), [], "it rings already");
    assert!(!scene.conversation.is_idle());
    scene.answer_ring("carol", 0, Verdict::Ringing);
    assert_eq!(scene.answer(1, "carol"), [welcome(1, &["echo"]), fetch("carol", "echo")]);
    let effects = scene.fetched("carol", "echo", &[1, 2], false);
    let of = |id: i64| SeatEvent::Message {
        from: passport("echo"),
        name: "ECHO".to_owned(),
        speaker: None,
        sent: Timestamp(id),
        body: Body::Content(Content::text(id.to_string())),
        id: Some(MessageId(id)),
    };
    assert_eq!(effects, [tell(1, of(1)), tell(1, of(2))]);
    assert_eq!(scene.shown(1, &[1, 2]), [delivered("carol", &[1, 2])]);
}

#[test]
fn a_message_shows_the_name_it_was_said_under() {
    let mut scene = Scene::carol_and_echo();
    let message = Waiting { author_name: "Ann in #general".to_owned(), ..waiting("echo", 1) };
    let effects = scene.take(Cause::Fetched { owner: passport("carol"), messages: vec![message], more: false });
    let Effect::Tell(_, SeatEvent::Message { name, .. }) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!(name, "Ann in #general");
}

#[test]
fn nobody_answers_and_what_waits_rings_more_and_more_rarely() {
    let mut scene = Scene::with("echo");
    scene.wait("carol");
    scene.answer_ring("carol", 0, Verdict::Ringing);
    for (number, seconds) in [(1, 20), (2, 20), (3, 60), (4, 300), (5, 900), (6, 900)] {
        assert_eq!(scene.tick_after(seconds), [ring(number, "carol", "echo")]);
    }
    assert_eq!(scene.answer_ring("carol", 6, Verdict::Absent), []);
    assert!(scene.conversation.is_idle(), "whoever signs in is rung anew");
}

#[test]
fn more_than_one_batch_is_read_batch_by_batch() {
    let mut scene = Scene::carol_and_echo();
    assert_eq!(given(&scene.fetched("carol", "echo", &[1, 2], true)), [(1, 1), (1, 2)]);
    assert_eq!(scene.shown(1, &[1]), [delivered("carol", &[1])], "one is still on its way");
    assert_eq!(scene.shown(1, &[2]), [delivered("carol", &[2]), fetch("carol", "echo")]);
    assert_eq!(given(&scene.fetched("carol", "echo", &[3], false)), [(1, 3)]);
    assert_eq!(scene.shown(1, &[3]), [delivered("carol", &[3])]);
}

#[test]
fn a_client_that_goes_before_it_has_all_is_rung_for_the_rest() {
    let mut scene = Scene::carol_and_echo();
    scene.fetched("carol", "echo", &[1], true);
    assert_eq!(scene.leave(1), [ring(0, "carol", "echo")]);
}

#[test]
fn what_comes_for_a_client_in_the_midst_of_its_call_rings_beside_it() {
    let mut scene = Scene::with("echo");
    scene.sit(1, "carol");
    assert_eq!(scene.wait("carol"), [ring(0, "carol", "echo")]);
    assert_eq!(scene.call(1, "echo"), [calling(1), joined(1, "echo"), fetch("carol", "echo")]);
    assert_eq!(scene.conversation.deadline(), None, "it need not be rung again");
    assert_eq!(given(&scene.fetched("carol", "echo", &[1], false)), [(1, 1)]);
    assert_eq!(scene.answer(2, "carol"), [welcome(2, &["echo"]), fetch("carol", "echo")]);
    assert_eq!(given(&scene.fetched("carol", "echo", &[1], false)), [], "the other window has it");
}

#[test]
fn typing_goes_out_at_its_beginning_and_its_end() {
    let mut scene = Scene::carol_and_echo();
    assert_eq!(typing(&mut scene), [types_out(true)]);
    scene.now += Duration::from_secs(5);
    assert_eq!(typing(&mut scene), [], "Messenger repeats it");
    assert_eq!(scene.tick_after(7), [types_out(false)]);
    assert_eq!(scene.conversation.deadline(), None);
    typing(&mut scene);
    let effects = scene.say(1, "hello", 1);
    assert!(matches!(&effects[..], [stop, Effect::Keep { .. }] if *stop == types_out(false)), "{effects:?}");
    assert!(matches!(scene.say(1, "again", 2)[..], [Effect::Keep { .. }]), "it has stopped");
    typing(&mut scene);
    assert_eq!(scene.leave(1), [types_out(false)]);
}

#[test]
fn typing_comes_in_and_is_repeated_until_it_stops() {
    let mut scene = Scene::carol_and_echo();
    assert_eq!(peer(&mut scene, true), [types_in()]);
    assert_eq!(scene.tick_after(5), [types_in()]);
    assert_eq!(peer(&mut scene, false), []);
    assert_eq!(scene.conversation.deadline(), None);

    peer(&mut scene, true);
    scene.fetched("carol", "echo", &[1], false);
    assert_eq!(scene.conversation.deadline(), None, "what was typed has come");

    let mut times = peer(&mut scene, true).len();
    while scene.conversation.deadline().is_some() {
        times += scene.tick_after(5).len();
    }
    assert_eq!(times, 12, "a network that never says stop is believed for a minute");
}

#[test]
fn only_somebody_of_another_network_types_that_way() {
    let mut scene = Scene::carol_and_dave();
    let cause = Cause::PeerTyping { peer: passport("dave"), typing: true };
    assert_eq!(scene.take(cause), []);
    assert_eq!(scene.conversation.deadline(), None);
}
