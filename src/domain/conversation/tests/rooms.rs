//! Rooms whose speakers sit in.

mod model;

use super::*;
use crate::media::{Attachment, BlobId, Source};

/// Carol at seat 1 has called a room, of which so many speakers sit in at once.
fn room_of(at_most: usize) -> Scene {
    let mut scene = Scene::with("room");
    scene.conversation = scene.conversation.showing_rooms(RoomManner::Members { at_most });
    scene.sit(1, "carol");
    scene.call(1, "room");
    scene
}

fn spoken(who: &str, id: i64) -> Waiting {
    Waiting { author_name: who.to_uppercase(), speaker: Some(passport(who)), ..waiting("room", id) }
}

impl Scene {
    fn fetched_of_room(&mut self, messages: Vec<Waiting>) -> Vec<Effect> {
        self.take(Cause::Fetched { owner: passport("carol"), messages, more: false })
    }

    fn hears(&mut self, who: &str, id: i64) -> Vec<Effect> {
        self.fetched_of_room(vec![spoken(who, id)])
    }
}

fn comes(seat: u64, who: &str) -> Effect {
    tell(seat, SeatEvent::Joined(Party { kind: PartyKind::Person, ..party(who) }))
}

fn seated(who: &str) -> Speaker {
    Speaker::Seated { passport: passport(who), name: who.to_uppercase() }
}

fn named(name: &str) -> Speaker {
    Speaker::Named(name.to_owned())
}

fn says(seat: u64, speaker: impl Into<Option<Speaker>>, id: i64) -> Effect {
    let event = SeatEvent::Message {
        from: passport("room"),
        name: "ROOM".to_owned(),
        speaker: speaker.into(),
        sent: Timestamp(id),
        body: Body::Content(Content::text(id.to_string())),
        id: Some(MessageId(id)),
    };
    tell(seat, event)
}

#[test]
fn whoever_speaks_comes_in_and_speaks_for_themselves() {
    let mut scene = room_of(2);
    let both = scene.fetched_of_room(vec![spoken("ann", 1), spoken("bob", 2)]);
    let expected = [comes(1, "ann"), says(1, seated("ann"), 1), comes(1, "bob"), says(1, seated("bob"), 2)];
    assert_eq!(both, expected);
    assert_eq!(scene.hears("ann", 3), [says(1, seated("ann"), 3)], "she is here");
    assert_eq!(scene.shown(1, &[1, 2, 3]), [delivered("carol", &[1, 2, 3])]);
}

#[test]
fn whoever_was_heard_longest_ago_leaves_for_one_more() {
    let mut scene = room_of(2);
    for (who, id) in [("ann", 1), ("bob", 2), ("ann", 3)] {
        scene.hears(who, id);
    }
    assert_eq!(scene.hears("cy", 4), [left(1, "bob"), comes(1, "cy"), says(1, seated("cy"), 4)]);
    assert_eq!(scene.hears("bob", 5), [left(1, "ann"), comes(1, "bob"), says(1, seated("bob"), 5)]);
}

#[test]
fn a_client_that_comes_later_meets_them_when_they_speak_next() {
    let mut scene = room_of(2);
    scene.hears("ann", 1);
    assert_eq!(scene.leave(1), [ring(0, "carol", "room")], "what was not confirmed is shown again");
    assert_eq!(scene.answer(2, "carol"), [welcome(2, &["room"]), fetch("carol", "room")]);
    let again = scene.fetched_of_room(vec![spoken("ann", 1), spoken("ann", 2)]);
    assert_eq!(again, [comes(2, "ann"), says(2, seated("ann"), 1), says(2, seated("ann"), 2)]);
}

#[test]
fn speakers_come_in_only_where_they_are_heard() {
    let mut scene = room_of(2);
    scene.answer(2, "carol");
    assert_eq!(scene.hears("ann", 1), [comes(2, "ann"), says(2, seated("ann"), 1)], "at the seat that came last");
    scene.say(1, "hi", 7);
    assert_eq!(scene.hears("ann", 2), [comes(1, "ann"), says(1, seated("ann"), 2)], "where Carol speaks");
}

#[test]
fn a_room_speaks_for_whoever_cannot_sit_in() {
    let mut scene = room_of(2);
    let nobody = Waiting { speaker: None, ..spoken("ann", 1) };
    let nameless = Waiting { author_name: String::new(), ..waiting("room", 2) };
    let oneself = Waiting { speaker: Some(passport("carol")), ..spoken("ann", 3) };
    let the_room = Waiting { speaker: Some(passport("room")), ..spoken("ann", 4) };
    let effects = scene.fetched_of_room(vec![nobody, nameless, oneself, the_room]);
    let expected = [says(1, named("ANN"), 1), says(1, None, 2), says(1, named("ANN"), 3), says(1, named("ANN"), 4)];
    assert_eq!(effects, expected);
    assert_eq!(room_of(0).hears("ann", 1), [says(1, named("ANN"), 1)], "no places");
    let mut prefixed = Scene::with("room");
    prefixed.sit(1, "carol");
    prefixed.call(1, "room");
    assert_eq!(prefixed.hears("ann", 1), [says(1, named("ANN"), 1)], "nothing else is wanted");
}

#[test]
fn a_speaker_without_a_name_is_called_by_their_address() {
    let mut scene = room_of(2);
    let effects = scene.fetched_of_room(vec![Waiting { author_name: String::new(), ..spoken("ann", 1) }]);
    let Effect::Tell(_, SeatEvent::Joined(ann)) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!(ann.name, "ann@msn.example");
}

#[test]
fn what_is_said_and_typed_goes_to_the_room_alone() {
    let mut scene = room_of(2);
    scene.hears("ann", 1);
    let typing = Saying::Typing { payload: Bytes::from_static(b"types") };
    let typed = Cause::Said { seat: SeatId(1), tag: 5, wish: Wish::Nothing, saying: typing, id: MessageId(7) };
    let room = || passport("room");
    let types = |typing| Effect::Typing { owner: passport("carol"), contact: room(), typing };
    assert_eq!(scene.take(typed), [types(true)]);
    let said = scene.say(1, "hi", 8);
    let [stopped, Effect::Keep { draft, .. }] = &said[..] else { panic!("{said:?}") };
    assert_eq!((stopped, &draft.accounts[..], &draft.remotes[..]), (&types(false), &[][..], &[room()][..]));
}

#[test]
fn files_are_neither_offered_nor_taken_among_several() {
    let source = Source::Blob(BlobId([3; 32]));
    let link = Some("media/x".to_owned());
    let file = Attachment { name: "a.txt".into(), media_type: "text/plain".into(), size: 9, source, link };
    let line = |speaker| Waiting { body: Body::Content(Content::File(file.clone())), speaker, ..spoken("ann", 1) };
    for speaker in [Some(passport("ann")), None] {
        let effects = room_of(2).fetched_of_room(vec![line(speaker)]);
        assert_eq!(given(&effects), [(1, 1)]);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Offer { .. })), "{effects:?}");
    }
    let mut scene = room_of(2);
    scene.hears("ann", 1);
    let (payload, to) = (Bytes::from_static(b"p2p"), Some(passport("ann")));
    let saying = Saying::Passing { payload, to, matters: true, announced: Vec::new() };
    let handed = Cause::Said { seat: SeatId(1), tag: 5, wish: Wish::Either, saying, id: MessageId(7) };
    assert_eq!(scene.take(handed), [not_taken(1)]);
}

#[test]
fn nobody_is_called_in_who_sits_in() {
    let mut scene = room_of(2);
    scene.hears("ann", 1);
    assert_eq!(scene.call(1, "ann"), [not_calling(1, CallRefusal::AlreadyThere)]);
}

#[test]
fn when_a_third_is_called_in_the_speakers_go_where_the_room_speaks() {
    let mut scene = room_of(2);
    scene.hears("ann", 1);
    scene.hears("bob", 2);
    assert_eq!(scene.call(1, "dave"), [Effect::Widened, left(1, "ann"), left(1, "bob"), ring(0, "dave", "carol")]);
    assert_eq!(scene.hears("ann", 3), [], "it waits for the next conversation with the room");
}

#[test]
fn the_server_speaks_where_it_is_and_nowhere_else() {
    let told = |scene: &mut Scene| scene.take(Cause::Told { owner: passport("carol"), line: Content::text("ok") });
    let line = |seat| {
        let (from, name) = (passport("service"), "SERVICE".to_owned());
        let body = Body::Content(Content::text("ok"));
        tell(seat, SeatEvent::Message { from, name, speaker: None, sent: Timestamp(1_000), body, id: None })
    };
    let mut scene = Scene::with("service");
    assert_eq!(told(&mut scene), [], "Carol is not rung for it");
    assert!(scene.conversation.is_idle());
    scene.sit(1, "carol");
    assert_eq!(told(&mut scene), [], "in the midst of her call");
    scene.call(1, "service");
    assert_eq!(told(&mut scene), [line(1)]);
    assert_eq!(told(&mut Scene::carol_and_echo()), [], "nobody speaks for the server");
    let mut several = Scene::carol_and_dave();
    several.call(1, "service");
    assert_eq!(told(&mut several), [line(1)], "to her alone");
}
