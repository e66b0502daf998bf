use domain::media::{BlobId, Source};
use ruma::{owned_room_id, owned_user_id};
use serde_json::{Value, json};

use super::*;
use crate::names::tests::names;

const GHOST: &str = "@msn_carol=40msn.example:example.org";

fn seat(kind: SeatKind) -> Seat {
    Seat { owner: carol(), ghost: GHOST.try_into().unwrap(), kind }
}

fn carol() -> Passport {
    "carol@msn.example".parse().unwrap()
}

fn direct() -> Seat {
    seat(SeatKind::Direct { user: owned_user_id!("@alice:example.org"), name: "Alice".into(), welcomed: true })
}

fn portal() -> Seat {
    let place = Place { owner: carol(), room: owned_room_id!("!r") };
    seat(SeatKind::Portal { place, known_as: RemoteRoom("!r".into()), called: "Carol L.".into() })
}

fn event(sender: &str, content: &Value) -> Event {
    Event::read(&crate::event::tests::event("m.room.message", sender, None, content), &names()).unwrap()
}

fn arrivals_of(seat: &Seat, event: &Event, fetched: &Fetched) -> Vec<Arrival> {
    let said = event.line(false).unwrap();
    let mut speakers = Speakers::default();
    speakers.learn(&event.room, &event.sender, "Al in Tea");
    let author = seat.author(event, &names(), &mut speakers).unwrap();
    let addressed = seat.is_addressed(event, &said, &speakers);
    seat.arrivals(&author, event, &said, addressed, fetched)
}

fn one(seat: &Seat, sender: &str, content: &Value) -> Arrival {
    let mut all = arrivals_of(seat, &event(sender, content), &Fetched::new());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

const ALICE: &str = "@alice:example.org";

#[test]
fn what_is_said_alone_is_a_persons_and_in_a_room_the_rooms() {
    let hello = json!({ "msgtype": "m.text", "body": "hello" });
    let Arrival::Message { place, author, addressed, .. } = one(&direct(), ALICE, &hello) else { panic!() };
    assert_eq!(
        (place, author.name.as_str(), addressed),
        (RemoteTarget::Person(RemoteUser(ALICE.into())), "Alice", true)
    );
    let Arrival::Message { place, author, addressed, .. } = one(&portal(), ALICE, &hello) else { panic!() };
    assert_eq!(place, RemoteTarget::Room(RemoteRoom("!r".into())));
    assert_eq!((author.name.as_str(), author.user.as_str(), addressed), ("Al in Tea", ALICE, false));
    assert_eq!(author.account, None);
    let dave = "@msn_dave=40msn.example:example.org";
    let Arrival::Message { author, .. } = one(&portal(), dave, &hello) else { panic!() };
    assert_eq!(author.account, Some("dave@msn.example".parse().unwrap()), "a ghost is its account");
    let Arrival::Message { author, content, .. } = one(&direct(), "@eve:example.org", &hello) else { panic!() };
    assert_eq!(
        (author.name.as_str(), content),
        ("Alice", Content::text("eve: hello")),
        "a third person in a direct chat"
    );
}

#[test]
fn a_room_speaks_to_an_account_by_mention_name_or_answer() {
    let addressed = |content: Value| {
        let Arrival::Message { addressed, .. } = one(&portal(), ALICE, &content) else { panic!() };
        addressed
    };
    let text = |body: &str| json!({ "msgtype": "m.text", "body": body });
    assert!(!addressed(text("hello all")) && !addressed(text("Carol L.eslie is another")));
    assert!(addressed(text("ask carol l. about it")));
    let mut mention = text("you there");
    mention["m.mentions"] = json!({ "user_ids": [GHOST] });
    assert!(addressed(mention.clone()));
    mention["m.mentions"] = json!({ "room": true, "user_ids": [GHOST] });
    assert!(addressed(mention.clone()));
    mention["m.mentions"] = json!({ "room": true });
    assert!(!addressed(mention.clone()), "anybody can say that it is for the whole room");
    mention["m.mentions"] = json!({ "user_ids": ["@bob:example.org"] });
    assert!(!addressed(mention));
    let older = text(&format!("> <{GHOST}> tea?\n\nyes"));
    let mut older = older;
    older["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": "$q" } });
    assert!(addressed(older));
}

#[test]
fn changes_signs_and_removals_say_of_what() {
    let of = |id: &str| RemoteMessage(id.into());
    let edit = json!({ "msgtype": "m.text", "body": "* fixed", "m.new_content": { "msgtype": "m.text", "body": "fixed" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } });
    let Arrival::Edit { of: what, content, id, .. } = one(&direct(), ALICE, &edit) else { panic!() };
    assert_eq!((what, content, id), (of("$x"), Content::text("fixed"), of("$e")));
    let answer = json!({ "msgtype": "m.text", "body": "> <@bob:a.org> tea?\n\nyes",
        "m.relates_to": { "m.in_reply_to": { "event_id": "$q" } } });
    let Arrival::Message { reply: Some(reply), content, .. } = one(&portal(), ALICE, &answer) else { panic!() };
    assert_eq!((reply.to, content), (of("$q"), Content::text("yes")));
    assert_eq!(reply.quoted, Some(Quote { author: "bob".into(), words: "tea?".into() }));
    let other = |kind: &str, content: &Value, redacts: Option<&str>| {
        let mut event = crate::event::tests::event(kind, ALICE, None, content);
        if let Some(redacts) = redacts {
            event["redacts"] = redacts.into();
        }
        let event = Event::read(&event, &names()).unwrap();
        arrivals_of(&direct(), &event, &Fetched::new())
    };
    let sign = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": "$x", "key": "\u{1f44d}" } });
    let Arrival::Reaction { to, sign, .. } = &other("m.reaction", &sign, None)[0] else { panic!() };
    assert_eq!((to, sign.as_str()), (&of("$x"), "\u{1f44d}"));
    for (content, redacts) in [(json!({}), Some("$x")), (json!({ "redacts": "$x" }), None)] {
        let removals = other("m.room.redaction", &content, redacts);
        let [Arrival::Removal { of: what, id, .. }, Arrival::Removal { of: media, id: media_id, .. }] = &removals[..]
        else {
            panic!("{removals:?}")
        };
        assert_eq!((what, id), (&of("$x"), &of("$e")), "room versions before and from 11 on");
        assert_eq!((media, media_id), (&of("$x/media"), &of("$e/media")), "a picture goes with its caption");
    }
}

#[test]
fn a_picture_is_a_picture_its_caption_a_text_and_what_is_missing_a_line() {
    let picture = json!({ "msgtype": "m.image", "body": "my cat", "filename": "cat.png", "url": "mxc://a.org/cat" });
    let event = event(ALICE, &picture);
    let said = event.line(false).unwrap();
    let [media] = &wanted(&said)[..] else { panic!() };
    let file = Attachment {
        name: "cat.png".into(),
        media_type: "image/png".into(),
        size: 3,
        source: Source::Blob(BlobId([0; 32])),
        link: None,
    };
    let fetched = Fetched::from([(media.uri.clone(), Ok(file.clone()))]);
    let all = arrivals_of(&direct(), &event, &fetched);
    let contents: Vec<(&str, &Content)> = all
        .iter()
        .map(|arrival| {
            let Arrival::Message { id, content, .. } = arrival else { panic!("{arrival:?}") };
            (id.as_str(), content)
        })
        .collect();
    assert_eq!(contents, [("$e/media", &Content::Image(file)), ("$e", &Content::text("my cat"))]);
    let gone = Fetched::from([(media.uri.clone(), Err("it is gone".to_owned()))]);
    let all = arrivals_of(&direct(), &event, &gone);
    let Arrival::Message { content, .. } = &all[0] else { panic!() };
    assert_eq!(*content, Content::text("[image: cat.png, which could not be fetched: it is gone]"));
}
