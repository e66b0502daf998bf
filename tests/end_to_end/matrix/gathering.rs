//! Several Messenger users and several people on Matrix, in one group conversation.

use chrysalis_test_harness::{MatrixUser, Messenger, Room, text, typing};
use msnp::{dialect::Dialect, notification::server::ServerCommand as Notice, switchboard::server::ServerCommand};

use super::{ALICE, BOB, CAROL, CAROLS_GHOST, DAVE, DAVES_GHOST, Setup, friends, setup};

/// The address that the room is allotted, as a window of its own.
const WITH_BOTH: &str = "alice.bob@rooms.matrix.msn.example";

/// Everybody, in one group conversation.
struct Company {
    carol: Messenger,
    dave: Messenger,
    /// Carol's window, and Dave's.
    hers: Room,
    his: Room,
    alice: MatrixUser,
    bob: MatrixUser,
    /// Where Alice and Carol speak alone.
    direct: String,
    /// Where all are.
    room: String,
}

/// Carol has called all others in and greets them; Alice and Bob come in.
async fn company(setup: &Setup) -> Company {
    let (mut carol, mut alice, direct) = friends(setup).await;
    let mut bob = setup.homeserver.user("bob");
    bob.rename("Bob B.").await;
    let theirs = bob.invite(CAROLS_GHOST).await;
    carol.added_by(BOB).await;
    carol.add(BOB).await;
    bob.until_member(&theirs, CAROLS_GHOST, "join").await;
    let mut dave = Messenger::online(&setup.server, DAVE, Dialect::Msnp11).await;

    let mut hers = carol.call(DAVE).await;
    let mut his = dave.answer(CAROL).await;
    hers.joined(DAVE).await;
    for person in [ALICE, BOB] {
        hers.call(person).await;
        hers.joined(person).await;
        his.joined(person).await;
    }
    hers.tell(text("hello all")).await;
    assert_eq!(his.hear_text(CAROL).await, "hello all");
    let room = alice.until_invited_by(CAROLS_GHOST).await;
    assert_eq!(bob.until_invited_by(CAROLS_GHOST).await, room, "one room for both");
    for person in [&mut alice, &mut bob] {
        person.join(&room).await;
        person.until_said(&room, CAROLS_GHOST, "hello all").await;
    }
    Company { carol, dave, hers, his, alice, bob, direct, room }
}

/// What was said in a window beside what the test has looked at.
async fn unexpected(mut room: Room) -> Vec<String> {
    room.prove().await;
    let told = room.leave().await.into_iter().filter_map(|told| match told {
        ServerCommand::Msg { passport, payload, .. } => {
            let payload = String::from_utf8_lossy(&payload).into_owned();
            payload.contains("text/plain").then(|| format!("{passport}: {payload}"))
        }
        _ => None,
    });
    told.collect()
}

#[tokio::test]
async fn matrix_people_and_messenger_users_read_each_other_once() {
    let setup = setup(&[CAROL, DAVE], "").await;
    let Company { mut carol, mut dave, mut hers, mut his, mut alice, mut bob, direct, room } = company(&setup).await;
    let mut members: Vec<String> = alice.members(&room).await.into_iter().map(|member| member.id).collect();
    members.sort();
    assert_eq!(members, ["@alice:example.org", "@bob:example.org", CAROLS_GHOST, DAVES_GHOST]);

    let hi = alice.say(&room, "hi").await;
    let evening = bob.say(&room, "good evening").await;
    for heard in [&mut hers, &mut his] {
        assert_eq!(heard.hear_text(ALICE).await, "hi", "as herself");
        assert_eq!(heard.hear_text(BOB).await, "good evening");
    }
    his.tell(text("to you too")).await;
    assert_eq!(hers.hear_text(DAVE).await, "to you too");
    // By answering he has shown that he read it.
    alice.until_read(&room, DAVES_GHOST, &evening).await;
    bob.until_said(&room, DAVES_GHOST, "to you too").await;
    for person in [&alice, &bob] {
        assert_eq!(person.said_by(&room, CAROLS_GHOST).await, ["hello all"]);
        assert_eq!(person.said_by(&room, DAVES_GHOST).await, ["to you too"]);
    }
    assert!(alice.said_by(&direct, CAROLS_GHOST).await.is_empty(), "said in the wrong room");

    // What is more than words goes both ways as well.
    alice.edit(&room, &hi, "hi there").await;
    for heard in [&mut hers, &mut his] {
        assert_eq!(heard.hear_text(ALICE).await, "* hi there");
    }
    alice.types(&room, true).await;
    for heard in [&mut hers, &mut his] {
        heard.hear_that(ALICE, "typing", |payload| *payload == typing(ALICE)).await;
    }
    alice.types(&room, false).await;
    his.say("U", typing(DAVE)).await;
    bob.until_types(&room, &[DAVES_GHOST]).await;

    for (messenger, window) in [(&mut carol, hers), (&mut dave, his)] {
        assert_eq!(unexpected(window).await, [""; 0], "said twice");
        let told = messenger.settled().await;
        assert!(!told.iter().any(|told| matches!(told, Notice::Rng { .. })), "another window: {told:?}");
        let list = messenger.list().await;
        let stands = |entry: &Notice| format!("{entry:?}").contains("@rooms.");
        assert!(!list.iter().any(stands), "it is nobody's contact: {list:?}");
    }
}

#[tokio::test]
async fn matrix_room_of_a_group_is_a_window_once_the_group_is_over() {
    let setup = setup(&[CAROL, DAVE], "").await;
    let Company { mut carol, mut dave, mut hers, his, mut alice, mut bob, room, .. } = company(&setup).await;
    his.leave().await;
    hers.left(DAVE).await;
    hers.leave().await;

    bob.say(&room, "anybody?").await;
    let mut hers = carol.answer(WITH_BOTH).await;
    let mut his = dave.answer(WITH_BOTH).await;
    for window in [&mut hers, &mut his] {
        assert_eq!(window.hear_text(WITH_BOTH).await, "Bob B.: anybody?");
    }
    his.tell(text("I am here")).await;
    alice.until_said(&room, DAVES_GHOST, "I am here").await;
    assert_eq!(hers.hear_text(WITH_BOTH).await, "Dave: I am here", "Messenger did not give it to her");

    // The same people find each other in the same room, and who left it is asked in again.
    bob.leave(&room).await;
    drop((hers, his));
    let mut hers = carol.call(DAVE).await;
    let mut his = dave.answer(CAROL).await;
    hers.joined(DAVE).await;
    for person in [ALICE, BOB] {
        hers.call(person).await;
        his.joined(person).await;
    }
    hers.tell(text("once more")).await;
    assert_eq!(his.hear_text(CAROL).await, "once more");
    alice.until_said(&room, CAROLS_GHOST, "once more").await;
    assert_eq!(bob.until_invited_by(CAROLS_GHOST).await, room);
    assert_eq!(unexpected(his).await, [""; 0], "said twice");
}
