//! A room of many, in which two Messenger users are.

use chrysalis_test_harness::{MatrixUser, Messenger, Room, RoomOptions, text};
use msnp::{dialect::Dialect, notification::server::ServerCommand};
use serde_json::json;

use super::{CAROL, CAROLS_GHOST, DAVE, DAVES_GHOST, SERVICE, asks, message_of, setup, window};

const CROWD: &str = "crowd_at_example.org@rooms.matrix.msn.example";

/// Somebody who comes later.
const EVE: &str = "eve@msn.example";
const EVES_GHOST: &str = "@msn_eve=40msn.example:example.org";

/// How many there are beside the three.
const MANY: usize = 48;

fn address(number: usize) -> String {
    format!("person{number}_at_example.org@matrix.msn.example")
}

/// What all windows hear next.
async fn hear(windows: &mut [&mut Room], line: &str) {
    for window in windows {
        assert_eq!(window.hear_text(CROWD).await, line, "to {}", window.account());
    }
}

/// Somebody goes into the room by its address.
async fn enters(messenger: &mut Messenger, observer: &mut MatrixUser, room: &str, ghost: &str) -> Room {
    let mut service = window(messenger, SERVICE).await;
    let joined = asks(&mut service, "join #crowd:example.org").await;
    assert!(joined.starts_with(&format!("You go into The crowd ({CROWD}).")), "{joined}");
    observer.until_member(room, ghost, "join").await;
    service
}

#[tokio::test]
async fn matrix_a_room_of_many_is_one_contact_in_which_everybody_has_a_name() {
    let setup = setup(&[CAROL, DAVE, EVE], "[limits]\nroom_speakers = 2\n").await;
    let mut people = setup.homeserver.users("person", MANY).await;
    let open = RoomOptions { public: true, alias: Some("crowd".into()), ..RoomOptions::default() };
    let room = people[0].create_room("The crowd", &[], &open).await;
    for (number, person) in people.iter().enumerate() {
        person.rename(&format!("Person {number}")).await;
        person.join(&room).await;
    }
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut dave = Messenger::online(&setup.server, DAVE, Dialect::Msnp12).await;
    let mut service = enters(&mut carol, &mut people[0], &room, CAROLS_GHOST).await;
    enters(&mut dave, &mut people[0], &room, DAVES_GHOST).await;
    assert_eq!(people[0].members(&room).await.len(), MANY + 2);
    let (mut hers, mut his) = (window(&mut carol, CROWD).await, window(&mut dave, CROWD).await);

    // The two hear each other, and nobody hears themselves.
    hers.tell(text("hello all")).await;
    hear(&mut [&mut his], "Carol: hello all").await;
    his.tell(text("hello Carol")).await;
    hear(&mut [&mut hers], "Dave: hello Carol").await;
    let hello = message_of(&mut people[0], &room, CAROLS_GHOST, "hello all").await;
    let hello = hello["event_id"].as_str().unwrap().to_owned();

    // Many speak, in their order and under the names that they have there.
    let mut said = String::new();
    for number in [3, 17, 29, 3, 40] {
        said = people[number].say(&room, &format!("I am number {number}")).await;
        hear(&mut [&mut hers, &mut his], &format!("Person {number}: I am number {number}")).await;
    }
    people[5].rename_in(&room, "Somebody else").await;
    people[5].say(&room, "who am I?").await;
    hear(&mut [&mut hers, &mut his], "Somebody else: who am I?").await;
    people[17].reply(&room, &hello, "hello to you").await;
    hear(&mut [&mut hers], "Person 17: > you: hello all\r\nhello to you").await;
    hear(&mut [&mut his], "Person 17: > Carol: hello all\r\nhello to you").await;
    people[3].react(&room, &hello, "\u{1f44d}").await;
    people[4].react(&room, &hello, "\u{1f44d}").await;
    hear(&mut [&mut hers, &mut his], "* Person 3 and Person 4 reacted with (Y) to \"hello all\"").await;
    hers.tell(text("> Person 40: I am number 40\r\nso you are")).await;
    let answer = message_of(&mut people[0], &room, CAROLS_GHOST, "so you are").await;
    assert_eq!(answer["content"]["m.relates_to"]["m.in_reply_to"]["event_id"], said);
    hear(&mut [&mut his], "Carol: > Person 40: I am number 40\r\nso you are").await;

    // Only what speaks to her.
    assert_eq!(asks(&mut service, "mentions crowd").await, "Only what speaks to you in The crowd is shown.");
    people[1].say(&room, "nothing for anybody").await;
    hear(&mut [&mut his], "Person 1: nothing for anybody").await;
    let mention = json!({ "msgtype": "m.text", "body": "look here", "m.mentions": { "user_ids": [CAROLS_GHOST] } });
    people[2].send(&room, "m.room.message", mention).await;
    hear(&mut [&mut hers, &mut his], "Person 2: look here").await;

    // Whoever speaks sits in with those who want it so, two at a time.
    let mut eve = Messenger::online(&setup.server, EVE, Dialect::Msnp12).await;
    let mut her_service = enters(&mut eve, &mut people[0], &room, EVES_GHOST).await;
    asks(&mut her_service, "show rooms members").await;
    let mut seats = window(&mut eve, CROWD).await;
    for number in [7, 8] {
        people[number].say(&room, &format!("I sit at place {number}")).await;
        seats.joined(&address(number)).await;
        assert_eq!(seats.hear_text(&address(number)).await, format!("I sit at place {number}"));
    }
    people[9].say(&room, "make room").await;
    seats.left(&address(7)).await;
    seats.joined(&address(9)).await;
    assert_eq!(seats.hear_text(&address(9)).await, "make room");

    // Of all those people nobody is on a list.
    for messenger in [&mut carol, &mut dave, &mut eve] {
        let list = messenger.list().await.into_iter();
        let remote = list.filter_map(|line| match line {
            ServerCommand::Lst { passport, .. } if passport.ends_with("matrix.msn.example") => Some(passport),
            _ => None,
        });
        assert_eq!(remote.collect::<Vec<_>>(), [CROWD]);
    }
}
