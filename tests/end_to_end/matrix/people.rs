//! Who adds whom, and what comes of it.

use chrysalis_test_harness::{DEADLINE, Messenger, text};
use msnp::{code::ErrorCode, dialect::Dialect, list::List, notification::server::ServerCommand, status::Status};

use super::{ALICE, BOB, CAROL, CAROLS_GHOST, DAVE, DAVES_GHOST, friends, setup};

/// The line of one contact in a list: lists, network and name.
fn line<'list>(list: &'list [ServerCommand], contact: &str) -> Option<(u8, u32, &'list str)> {
    list.iter().find_map(|line| match line {
        ServerCommand::Lst { passport, lists, network, name, .. } if passport == contact => {
            Some((*lists, *network, name.as_deref().unwrap_or_default()))
        }
        _ => None,
    })
}

fn sum(lists: &[List]) -> u8 {
    lists.iter().map(|list| list.bit()).sum()
}

#[tokio::test]
async fn matrix_whoever_invites_a_ghost_has_added_its_user() {
    let setup = setup(&[CAROL, DAVE], "").await;
    let mut alice = setup.homeserver.user("alice");
    alice.rename("Alice L.").await;

    // Nobody has signed in yet.
    alice.until_named(CAROLS_GHOST, "Carol").await;
    alice.until_named(DAVES_GHOST, "Dave").await;

    // Live, for a user who is there.
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let room = alice.invite(CAROLS_GHOST).await;
    assert_eq!(carol.added_by(ALICE).await.as_deref(), Some("Alice L."));
    let allowed = carol.ask("ADC", &format!("AL N={ALICE}")).await;
    assert!(
        matches!(&allowed, ServerCommand::Adc { list: List::Allow, passport, .. } if passport == ALICE),
        "{allowed:?}"
    );
    alice.until_member(&room, CAROLS_GHOST, "join").await;
    carol.ask("ADC", &format!("FL N={ALICE} F={ALICE}")).await;
    // The old service moved whoever was answered from pending to reverse at the client's word.
    carol.ask("REM", &format!("PL {ALICE}")).await;
    carol.ask("ADC", &format!("RL N={ALICE}")).await;
    let list = carol.list().await;
    let of_all = sum(&[List::Forward, List::Allow, List::Reverse]);
    assert_eq!(line(&list, ALICE), Some((of_all, 65, "Alice L.")));

    // At the next sign-in, for one who is not.
    let second = alice.invite(DAVES_GHOST).await;
    let bob = {
        let mut bob = setup.homeserver.user("bob");
        let room = bob.invite(DAVES_GHOST).await;
        bob.until_member(&room, DAVES_GHOST, "invite").await;
        (bob, room)
    };
    let began = std::time::Instant::now();
    let mut dave = loop {
        assert!(began.elapsed() < DEADLINE, "the two are not on the list");
        let mut dave = Messenger::sign_in(&setup.server, DAVE, Dialect::Msnp12).await;
        let list = dave.list().await;
        // The homeserver tells of an invitation in its own time.
        if line(&list, ALICE).is_some() && line(&list, BOB).is_some() {
            let pending = sum(&[List::Pending]);
            assert_eq!(line(&list, ALICE), Some((pending, 65, "Alice L.")));
            assert_eq!(line(&list, BOB), Some((pending, 65, "bob")));
            break dave;
        }
        dave.wire().send("OUT\r\n").await;
        dave.rest().await;
    };
    dave.status("NLN").await;

    // Blocked is declined, allowed is not.
    let (mut bob, declined) = bob;
    dave.ask("ADC", &format!("BL N={BOB}")).await;
    bob.until_member(&declined, DAVES_GHOST, "leave").await;
    dave.add(ALICE).await;
    alice.until_member(&second, DAVES_GHOST, "join").await;
    let list = dave.list().await;
    let (lists, ..) = line(&list, BOB).expect("Bob stays on the list, blocked");
    assert_eq!(lists & sum(&[List::Block, List::Allow, List::Forward, List::Pending]), sum(&[List::Block]));
}

#[tokio::test]
async fn matrix_a_user_adds_a_person_who_may_come_later() {
    let setup = setup(&[CAROL], "").await;
    let mut bob = setup.homeserver.user("bob");
    bob.rename("Bob").await;
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;

    // Nobody of that name.
    let nobody = "nobody_at_example.org@matrix.msn.example";
    for rest in [format!("AL N={nobody}"), format!("FL N={nobody} F={nobody}")] {
        let refused = carol.ask("ADC", &rest).await;
        assert!(
            matches!(refused, ServerCommand::Error { code, .. } if code == ErrorCode::INVALID_USER_NAME),
            "{refused:?}"
        );
    }

    carol.add(BOB).await;
    let room = bob.until_invited_by(CAROLS_GHOST).await;
    for command in carol.settled().await {
        let is_shown = matches!(&command, ServerCommand::Nln { presence } | ServerCommand::Iln { presence, .. } if presence.passport == BOB);
        assert!(!is_shown, "Bob has not come yet: {command:?}");
    }
    let mut talk = carol.call(BOB).await;
    talk.tell(text("are you coming?")).await;
    talk.tell(text("take your time")).await;
    bob.join(&room).await;
    carol.sees(BOB, Status::Away).await;
    bob.until_said(&room, CAROLS_GHOST, "are you coming?").await;
    bob.until_said(&room, CAROLS_GHOST, "take your time").await;
    bob.say(&room, "I am here").await;
    assert_eq!(talk.hear_text(BOB).await, "I am here");
    assert_eq!(bob.said_by(&room, CAROLS_GHOST).await, ["are you coming?", "take your time"]);
}

#[tokio::test]
async fn matrix_a_removed_account_leaves_its_rooms() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let removed = setup.server.command(&["account", "remove", CAROL], "");
    assert_eq!(removed.code, 0, "{removed:?}");
    carol.rest().await;
    alice.until_member(&room, CAROLS_GHOST, "leave").await;
    // The ghost itself stays: Matrix gives a name that was deactivated to nobody again.
    assert!(alice.name_of(CAROLS_GHOST).await.is_some());
    assert_eq!(setup.server.command(&["account", "list"], "").out, "");
}
