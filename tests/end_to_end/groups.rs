//! Groups of contacts, in the bytes of each dialect.

use chrysalis_test_harness::{Messenger, Server};
use msnp::{code::ErrorCode, dialect::Dialect, notification::server::ServerCommand};

use crate::{ALICE, BOB, program, server};

const NOTHING: &str = "00000000-0000-4000-8000-000000000001";

async fn refused(client: &mut Messenger, command: &str, rest: &str, code: ErrorCode) {
    let transaction = client.send(command, rest).await;
    let wanted = ServerCommand::Error { transaction, code };
    assert_eq!(client.reply(command, transaction).await, wanted, "{command} {rest}");
}

async fn make(client: &mut Messenger, name: &str) -> String {
    match client.ask("ADG", name).await {
        ServerCommand::Adg { guid, .. } => guid,
        other => panic!("{name}: {other:?}"),
    }
}

/// The words after the next command of that name.
async fn frame(client: &mut Messenger, command: &str) -> Vec<String> {
    loop {
        let frame = client.wire().next(command).await.unwrap();
        if frame.command.as_str() == command {
            return frame.arguments;
        }
    }
}

/// The names and ids of the groups that the list has now.
async fn groups(client: &mut Messenger) -> Vec<(String, String)> {
    let list = client.list().await;
    let groups = list.into_iter().filter_map(|line| match line {
        ServerCommand::Lsg { name, guid } => Some((name, guid)),
        _ => None,
    });
    groups.collect()
}

/// The groups that a contact is in.
async fn groups_of(client: &mut Messenger, contact: &str) -> Option<Vec<String>> {
    let list = client.list().await;
    list.into_iter().find_map(|line| match line {
        ServerCommand::Lst { passport, groups, .. } if passport == contact => Some(groups),
        _ => None,
    })
}

#[tokio::test]
async fn a_group_lives_from_its_first_name_to_its_end_in_every_dialect() {
    let server = server(&[ALICE, BOB]);
    for dialect in Dialect::ALL {
        // The strict client compares every reply with the form of its dialect.
        let mut alice = Messenger::online(&server, ALICE, dialect).await;
        let bob = alice.add(BOB).await;
        let (friends, work) = (make(&mut alice, "Best%20friends 0").await, make(&mut alice, "W%C3%B6rk").await);
        for group in [&friends, &work, &friends] {
            let transaction = alice.send("ADC", &format!("FL C={bob} {group}")).await;
            let (contact, group) = (bob.clone(), group.clone());
            assert_eq!(alice.reply("ADC", transaction).await, ServerCommand::AdcGroup { transaction, contact, group });
        }
        let mut both = vec![friends.clone(), work.clone()];
        both.sort();
        let mut known = groups_of(&mut alice, BOB).await.unwrap();
        known.sort();
        assert_eq!(known, both);
        let transaction = alice.send("REG", &format!("{work} Not%20work 0")).await;
        let renamed = ServerCommand::Reg { transaction, guid: work.clone(), name: "Not work".into() };
        assert_eq!(alice.reply("REG", transaction).await, renamed);
        alice.ask("REM", &format!("FL {bob} {friends}")).await;
        assert_eq!(groups_of(&mut alice, BOB).await, Some(vec![work.clone()]));
        let transaction = alice.send("RMG", &work).await;
        assert_eq!(alice.reply("RMG", transaction).await, ServerCommand::Rmg { transaction, guid: work });
        assert_eq!(groups_of(&mut alice, BOB).await.unwrap(), Vec::<String>::new(), "the contact stays");
        assert_eq!(groups(&mut alice).await, [("Best friends".to_owned(), friends.clone())]);
        alice.ask("RMG", &friends).await;
    }
}

#[tokio::test]
async fn the_bytes_are_those_that_clients_of_each_dialect_read() {
    let server = server(&[ALICE]);
    for (dialect, versioned) in [(Dialect::Msnp12, false), (Dialect::Msnp11, true), (Dialect::Msnp10, false)] {
        let mut alice = Messenger::online(&server, ALICE, dialect).await;
        alice.settled().await;
        alice.wire().send("ADG 900 Name%20one\r\n").await;
        let added = frame(&mut alice, "ADG").await;
        let wanted: &[&str] = if versioned { &["900", "1", "Name%20one"] } else { &["900", "Name%20one"] };
        assert_eq!(added[..added.len() - 1], *wanted);
        let guid = added.last().unwrap();
        assert_eq!((guid.len(), guid.to_lowercase()), (36, guid.clone()));
        alice.wire().send(format!("REG 901 {guid} Other\r\nRMG 902 {guid}\r\n")).await;
        let (renamed, removed) = (frame(&mut alice, "REG").await, frame(&mut alice, "RMG").await);
        let (reg, rmg) = if versioned {
            (format!("901 1 Other {guid} 0"), format!("902 1 {guid}"))
        } else {
            (format!("901 {guid} Other"), format!("902 {guid}"))
        };
        assert_eq!((renamed.join(" "), removed.join(" ")), (reg, rmg));
    }
}

#[tokio::test]
async fn names_are_judged_and_what_is_impossible_ends_the_connection() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    // Seven letters of nine encoded bytes each are two too many.
    let (fits, long) = ("%E3%81%82".repeat(6) + "1234567", "%E3%81%82".repeat(7));
    let group = make(&mut alice, &fits).await;
    refused(&mut alice, "ADG", &long, ErrorCode::GROUP_NAME_TOO_LONG).await;
    refused(&mut alice, "ADG", &fits, ErrorCode::GROUP_EXISTS).await;
    refused(&mut alice, "ADG", "%20", ErrorCode::INVALID_PARAMETER).await;
    refused(&mut alice, "REG", &format!("{group} %20%20"), ErrorCode::INVALID_PARAMETER).await;
    refused(&mut alice, "REG", &format!("{NOTHING} Name"), ErrorCode::INVALID_GROUP).await;
    let other = make(&mut alice, "Other").await;
    refused(&mut alice, "REG", &format!("{other} {fits}"), ErrorCode::GROUP_EXISTS).await;
    refused(&mut alice, "RMG", NOTHING, ErrorCode::INVALID_GROUP).await;
    let longer = "x".repeat(127);
    let renamed = alice.ask("REG", &format!("{other} {longer}")).await;
    assert!(matches!(&renamed, ServerCommand::Reg { name, .. } if *name == longer), "{renamed:?}");
    assert_eq!(groups(&mut alice).await.len(), 2);
    let code = ErrorCode::GROUP_NAME_TOO_LONG;
    let transaction = alice.send("REG", &format!("{other} {}", "x".repeat(128))).await;
    assert_eq!(alice.rest().await.pop(), Some(ServerCommand::Error { transaction, code }));
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let transaction = alice.send("ADG", &"x".repeat(1025)).await;
    assert_eq!(alice.rest().await.pop(), Some(ServerCommand::Error { transaction, code }));
}

#[tokio::test]
async fn thirty_groups_are_enough() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    for number in 0..30 {
        make(&mut alice, &format!("Group{number}")).await;
    }
    refused(&mut alice, "ADG", "More", ErrorCode::TOO_MANY_GROUPS).await;
    let first = groups(&mut alice).await.remove(0);
    alice.ask("RMG", &first.1).await;
    make(&mut alice, "More").await;
    assert_eq!(groups(&mut alice).await.len(), 30);
    let server = Server::start_with(program(), &[ALICE], "[limits]\ngroups = 1");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    make(&mut alice, "One").await;
    refused(&mut alice, "ADG", "Two", ErrorCode::TOO_MANY_GROUPS).await;
}

#[tokio::test]
async fn messenger_7_0_names_a_group_by_its_name() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp11).await;
    for named in ["New%20Group", "New%2520Group"] {
        let guid = make(&mut alice, "New%20Group").await;
        let transaction = alice.send("RMG", named).await;
        assert_eq!(alice.reply("RMG", transaction).await, ServerCommand::Rmg { transaction, guid });
        assert_eq!(groups(&mut alice).await, []);
    }
    refused(&mut alice, "RMG", "New%20Group", ErrorCode::INVALID_GROUP).await;
}

#[tokio::test]
async fn who_is_in_which_group_is_judged() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let bob = alice.add(BOB).await;
    let group = make(&mut alice, "Friends").await;
    refused(&mut alice, "ADC", &format!("FL C={bob} {NOTHING}"), ErrorCode::INVALID_GROUP).await;
    refused(&mut alice, "ADC", &format!("FL C={NOTHING} {group}"), ErrorCode::INVALID_USER_NAME).await;
    refused(&mut alice, "REM", &format!("FL {bob} {group}"), ErrorCode::NOT_IN_GROUP).await;
    refused(&mut alice, "REM", &format!("FL {bob} {NOTHING}"), ErrorCode::INVALID_GROUP).await;
    alice.ask("REM", &format!("FL {bob}")).await;
    // Bob is still allowed, but nobody who is not on the contact list is in a group.
    refused(&mut alice, "ADC", &format!("FL C={bob} {group}"), ErrorCode::INVALID_USER_NAME).await;
}
