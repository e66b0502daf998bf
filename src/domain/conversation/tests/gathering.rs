//! Conversations of several that have a room on a network.

mod model;

use super::*;
use crate::{RemoteRoom, RemoteUser};

/// The room of Echo's network, with these people in it.
fn gathering(people: &[&str]) -> Gathering {
    let contact = Party { kind: PartyKind::Room, ..party("gathering") };
    let people = people.iter().map(|name| (passport(name), user(name))).collect();
    Gathering { contact, people }
}

fn user(name: &str) -> RemoteUser {
    RemoteUser(format!("id of {name}"))
}

fn room() -> RemoteRoom {
    RemoteRoom(format!("gathering/{:032x}", 0))
}

fn gathered(scene: &mut Scene, gatherings: Vec<Gathering>) -> Vec<Effect> {
    scene.take(Cause::Gathered { room: room(), gatherings })
}

/// Carol at 1, Dave at 2, and Echo, in whose network they have a room, since Carol has spoken.
fn with_echo() -> Scene {
    let mut scene = Scene::carol_and_dave();
    scene.call(1, "echo");
    let name = "ECHO, CAROL, DAVE".to_owned();
    let (people, accounts) = ([passport("echo")].into(), [passport("carol"), passport("dave")].into());
    assert!(is_gathering(&room()));
    let asked = Effect::Gather { known: None, fresh: room(), people, accounts, name: name.clone() };
    assert_eq!(scene.say(1, "first", 100), [asked]);
    let said = draft(&gathered(&mut scene, vec![gathering(&["echo"])]));
    assert_eq!((said.id, said.remotes), (MessageId(100), vec![passport("gathering")]));
    assert_eq!(said.gathers, [gather(&["echo"], &["carol", "dave"], &name)]);
    scene.kept(1, 100, true);
    scene.shown(2, &[100]);
    scene
}

fn draft(effects: &[Effect]) -> Draft {
    let kept =
        effects.iter().find_map(|effect| if let Effect::Keep { draft, .. } = effect { Some(draft) } else { None });
    kept.unwrap_or_else(|| panic!("nothing is kept: {effects:?}")).clone()
}

fn gather(people: &[&str], accounts: &[&str], name: &str) -> Gather {
    Gather {
        contact: passport("gathering"),
        people: people.iter().map(|name| user(name)).collect(),
        accounts: accounts.iter().map(|name| passport(name)).collect(),
        name: name.to_owned(),
    }
}

/// Something that somebody has said in the room.
fn spoken(speaker: Option<&str>, id: i64) -> Waiting {
    let author_name = speaker.map(str::to_uppercase).unwrap_or_default();
    Waiting { speaker: speaker.map(passport), author_name, ..waiting("gathering", id) }
}

fn fetched(scene: &mut Scene, who: &str, message: Waiting) -> Vec<Effect> {
    scene.take(Cause::Fetched { owner: passport(who), messages: vec![message], more: false })
}

/// What was said in the room as a client hears it.
fn heard(seat: u64, from: &str, id: i64) -> Effect {
    let event = SeatEvent::Message {
        from: passport(from),
        name: from.to_uppercase(),
        speaker: None,
        sent: Timestamp(id),
        body: Body::Content(Content::text(id.to_string())),
        id: Some(MessageId(id)),
    };
    tell(seat, event)
}

#[test]
fn what_is_said_goes_into_the_room_which_each_author_orders_first() {
    let mut scene = with_echo();
    let name = "ECHO, CAROL, DAVE";
    for (id, seat, ordered) in [(1, 1, false), (2, 2, true), (3, 1, false), (4, 2, false)] {
        let said = draft(&scene.say(seat, "hello", id));
        assert_eq!(said.remotes, [passport("gathering")]);
        assert_eq!(said.accounts.len(), 1, "the other one is told by Messenger");
        let orders = if ordered { vec![gather(&["echo"], &["carol", "dave"], name)] } else { vec![] };
        assert_eq!(said.gathers, orders);
        scene.kept(seat, id, true);
    }
}

#[test]
fn more_people_and_accounts_are_ordered_in() {
    let mut scene = with_echo();
    scene.call(1, "iris");
    let effects = scene.say(1, "two", 2);
    let [Effect::Gather { known, people, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((known.as_ref(), people), (Some(&room()), &[passport("echo"), passport("iris")].into()));
    let said = draft(&gathered(&mut scene, vec![gathering(&["echo", "iris"])]));
    assert_eq!(said.remotes, [passport("gathering")], "once for both");
    assert_eq!(said.gathers, [gather(&["echo", "iris"], &["carol", "dave"], "ECHO, IRIS, CAROL, DAVE")]);
    scene.kept(1, 2, true);

    let ring = scene.ring_of(1, "erin");
    scene.answer_ring("erin", ring, Verdict::Ringing);
    assert_eq!(scene.answer(3, "erin").last(), Some(&fetch("erin", "gathering")), "what was said before she came back");
    assert!(matches!(scene.say(1, "three", 3)[..], [Effect::Gather { .. }]), "so that it is known who is in it");
    let said = draft(&gathered(&mut scene, vec![gathering(&["echo", "iris"])]));
    let name = "ECHO, IRIS, CAROL, DAVE, ERIN";
    assert_eq!(said.gathers, [gather(&["echo", "iris"], &["carol", "dave", "erin"], name)]);
}

#[test]
fn where_a_room_may_not_grow_all_that_is_said_goes_into_another_one() {
    let mut scene = with_echo();
    scene.call(1, "iris");
    scene.say(1, "two", 2);
    let other =
        Gathering { contact: Party { kind: PartyKind::Room, ..party("other") }, ..gathering(&["echo", "iris"]) };
    let grown = RemoteRoom("gathering/other".to_owned());
    let said = draft(&scene.take(Cause::Gathered { room: grown.clone(), gatherings: vec![other] }));
    assert_eq!(said.remotes, [passport("other")]);
    assert_eq!(said.gathers.iter().map(|gather| &gather.contact).collect::<Vec<_>>(), [&passport("other")]);
    scene.kept(1, 2, true);
    assert_eq!(draft(&scene.say(2, "three", 3)).remotes, [passport("other")]);
    assert_eq!(scene.wait("carol"), [fetch("carol", "gathering"), fetch("carol", "other")]);
    assert_eq!(
        fetched(&mut scene, "carol", spoken(Some("echo"), 7)),
        [heard(1, "echo", 7)],
        "what is said in the old one"
    );
    let ring = scene.ring_of(1, "erin");
    scene.answer_ring("erin", ring, Verdict::Ringing);
    scene.answer(3, "erin");
    let effects = scene.say(1, "four", 4);
    assert!(matches!(&effects[..], [Effect::Gather { known, .. }] if *known == Some(grown)), "{effects:?}");
}

#[test]
fn whoever_comes_back_after_all_have_left_begins_anew() {
    let mut scene = with_echo();
    let ring = scene.ring_of(1, "erin");
    scene.answer_ring("erin", ring, Verdict::Ringing);
    fetched(&mut scene, "dave", spoken(Some("echo"), 7));
    assert!(!scene.leave(1).contains(&Effect::Dispersed), "Dave sits here");
    assert_eq!(scene.leave(2), [Effect::Dispersed, doorbell("dave", "gathering")]);
    // Erin's client answers late, and brings Dave in again.
    scene.answer(3, "erin");
    let ring = scene.ring_of(3, "dave");
    scene.answer_ring("dave", ring, Verdict::Ringing);
    scene.answer(4, "dave");
    let effects = scene.say(3, "hello", 4);
    assert!(matches!(effects[..], [Effect::Gather { known: None, .. }]), "{effects:?}");
}

#[test]
fn what_no_client_has_confirmed_is_being_shown() {
    let mut scene = with_echo();
    let is_showing = |scene: &Scene, owner| scene.conversation.is_showing(&passport(owner), &passport("gathering"));
    assert!(!is_showing(&scene, "carol"));
    for id in [7, 8] {
        fetched(&mut scene, "carol", spoken(Some("echo"), id));
    }
    assert!(is_showing(&scene, "carol") && !is_showing(&scene, "dave"));
    scene.shown(1, &[7]);
    assert!(is_showing(&scene, "carol"));
    scene.shown(1, &[8]);
    assert!(!is_showing(&scene, "carol"));
    fetched(&mut scene, "carol", spoken(Some("echo"), 9));
    scene.leave(1);
    assert!(!is_showing(&scene, "carol"));
}

#[test]
fn an_order_that_was_not_kept_is_made_again() {
    let mut scene = with_echo();
    assert_eq!(draft(&scene.say(2, "one", 1)).gathers.len(), 1);
    scene.kept(2, 1, false);
    assert_eq!(draft(&scene.say(2, "one", 2)).gathers.len(), 1);
}

#[test]
fn where_a_network_has_no_such_rooms_everybody_is_told_alone() {
    let mut scene = Scene::carol_and_dave();
    scene.call(1, "echo");
    scene.say(1, "hello", 1);
    let said = draft(&gathered(&mut scene, Vec::new()));
    assert_eq!((said.remotes, said.gathers), (vec![passport("echo")], vec![]));
    assert_eq!(draft(&scene.say(1, "hello", 2)).remotes, [passport("echo")], "it is asked once");
    scene.call(1, "iris");
    assert!(matches!(scene.say(1, "hello", 3)[..], [Effect::Gather { .. }]), "her network may be another");
}

#[test]
fn two_speak_to_each_other_alone() {
    let mut scene = with_echo();
    scene.leave(2);
    assert_eq!(draft(&scene.say(1, "are we alone?", 2)).remotes, [passport("echo")]);
}

#[test]
fn what_is_said_in_the_room_is_said_by_whoever_sits_here() {
    let mut scene = with_echo();
    for (seat, who) in [(1, "carol"), (2, "dave")] {
        assert_eq!(scene.wait(who), [fetch(who, "gathering")]);
        assert_eq!(fetched(&mut scene, who, spoken(Some("echo"), 7)), [heard(seat, "echo", 7)]);
        assert_eq!(fetched(&mut scene, who, spoken(Some("echo"), 7)), [], "once");
    }
    assert_eq!(scene.shown(1, &[7]), [delivered("carol", &[7])]);
}

#[test]
fn others_of_the_room_come_in_by_speaking() {
    let mut scene = with_echo();
    let effects = fetched(&mut scene, "carol", spoken(Some("iris"), 7));
    assert_eq!(effects, [joined(1, "iris"), heard(1, "iris", 7)]);
    assert_eq!(fetched(&mut scene, "carol", spoken(Some("iris"), 8)), [heard(1, "iris", 8)]);
    // Dave calls her in, whom Carol's client knows already.
    let effects = scene.call(2, "iris");
    assert!(effects.contains(&joined(2, "iris")) && !effects.contains(&joined(1, "iris")), "{effects:?}");
}

#[test]
fn what_nobody_says_is_said_by_the_room() {
    let mut scene = with_echo();
    let effects = fetched(&mut scene, "carol", spoken(None, 7));
    let contact = gathering(&[]).contact;
    assert_eq!(effects, [tell(1, SeatEvent::Joined(contact)), heard(1, "gathering", 7)]);
}

#[test]
fn what_a_client_had_not_confirmed_goes_to_the_window_of_the_room() {
    let mut scene = with_echo();
    fetched(&mut scene, "dave", spoken(Some("echo"), 7));
    assert!(scene.conversation.shows(&passport("dave"), &passport("gathering")));
    let effects = scene.leave(2);
    assert_eq!(effects, [left(1, "dave"), doorbell("dave", "gathering")]);
    assert!(!scene.conversation.shows(&passport("dave"), &passport("gathering")));
    assert!(
        !scene.conversation.shows(&passport("carol"), &passport("echo")),
        "what Echo says to her alone is said elsewhere"
    );
}

#[test]
fn typing_is_shown_in_the_room() {
    let mut scene = with_echo();
    let saying = Saying::Typing { payload: Bytes::from_static(b"types") };
    let effects = scene.take(Cause::Said { seat: SeatId(1), tag: 5, wish: Wish::Nothing, saying, id: MessageId(1) });
    let types = Effect::Typing { owner: passport("carol"), contact: passport("gathering"), typing: true };
    assert_eq!(effects.first(), Some(&types));
}
