//! Phone numbers: what an account shows of its own, and numbers as contacts.

use chrysalis_test_harness::{Messenger, Server};
use msnp::{code::ErrorCode, dialect::Dialect, list::List, notification::server::ServerCommand};

use crate::{ALICE, BOB, program, server};

const NUMBER: &str = "tel:+15555551212";

async fn refused(client: &mut Messenger, command: &str, rest: &str, code: ErrorCode) {
    let transaction = client.send(command, rest).await;
    let wanted = ServerCommand::Error { transaction, code };
    assert_eq!(client.reply(command, transaction).await, wanted, "{command} {rest}");
}

/// Waits to be told a property of a contact; gives its value.
async fn shown(client: &mut Messenger, contact: &str, property: &str) -> Option<String> {
    client
        .find(&format!("{property} of {contact}"), |told| match told {
            ServerCommand::Bpr { passport: Some(passport), key, value } if passport == contact && key == property => {
                Some(value.clone())
            }
            _ => None,
        })
        .await
}

/// The properties that the list shows of its contacts.
fn listed(list: &[ServerCommand]) -> Vec<(&str, Option<&str>)> {
    let each = list.iter().filter_map(|line| match line {
        ServerCommand::Bpr { passport: None, key, value } => Some((key.as_str(), value.as_deref())),
        _ => None,
    });
    each.collect()
}

#[tokio::test]
async fn numbers_are_shown_at_once_and_in_the_list_to_those_who_are_allowed() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    for (key, value) in [("PHM", "1%20(555)%20555-1212"), ("MOB", "Y"), ("MBE", "Y"), ("HSB", "1"), ("WWE", "0")] {
        let reply = alice.ask("PRP", &format!("{key} {value}")).await;
        assert!(matches!(&reply, ServerCommand::Prp { key: known, value: Some(_), .. } if known == key), "{reply:?}");
    }
    // Whoever puts Alice on the list learns what she shows, once she allows it.
    bob.ask("ADC", &format!("FL N={ALICE} F={ALICE}")).await;
    assert_eq!(listed(&bob.list().await), []);
    alice.ask("ADC", &format!("AL N={BOB}")).await;
    assert_eq!(shown(&mut bob, ALICE, "PHM").await.as_deref(), Some("1 (555) 555-1212"));
    for (key, value) in [("HSB", "1"), ("MOB", "Y"), ("WWE", "0")] {
        assert_eq!(shown(&mut bob, ALICE, key).await.as_deref(), Some(value));
    }
    alice.ask("PRP", "PHH 2").await;
    assert_eq!(shown(&mut bob, ALICE, "PHH").await.as_deref(), Some("2"));
    let all = [
        ("HSB", Some("1")),
        ("MOB", Some("Y")),
        ("PHH", Some("2")),
        ("PHM", Some("1 (555) 555-1212")),
        ("WWE", Some("0")),
    ];
    let mut bob = Messenger::sign_in(&server, BOB, Dialect::Msnp12).await;
    let mut list = listed(&bob.list().await)
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.map(str::to_owned)))
        .collect::<Vec<_>>();
    list.sort();
    assert_eq!(list, all.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))));
    alice.ask("PRP", "PHH").await;
    assert_eq!(shown(&mut bob, ALICE, "PHH").await, None);
    alice.ask("ADC", &format!("BL N={BOB}")).await;
    for key in ["HSB", "MOB", "PHM", "WWE"] {
        assert_eq!(shown(&mut bob, ALICE, key).await, None, "{key}");
    }
    assert_eq!(listed(&bob.list().await), []);

    // Taken off the list and put back while Alice is away.
    alice.ask("ADC", &format!("AL N={BOB}")).await;
    shown(&mut bob, ALICE, "PHM").await;
    drop(alice);
    bob.ask("REM", &format!("FL {ALICE}")).await;
    bob.settled().await;
    bob.ask("ADC", &format!("FL N={ALICE} F={ALICE}")).await;
    assert_eq!(shown(&mut bob, ALICE, "PHM").await.as_deref(), Some("1 (555) 555-1212"));
}

#[tokio::test]
async fn properties_are_judged() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    refused(&mut alice, "PRP", "XYZ 1", ErrorCode::NOT_EXPECTED).await;
    refused(&mut alice, "PRP", "MOB maybe", ErrorCode::INVALID_PARAMETER).await;
    refused(&mut alice, "PRP", "MFN %20", ErrorCode::INVALID_FRIENDLY_NAME).await;
    for (key, length) in [("PHW", 95), ("MFN", 387)] {
        let value = "x".repeat(length);
        let reply = alice.ask("PRP", &format!("{key} {value}")).await;
        assert!(matches!(&reply, ServerCommand::Prp { value: Some(known), .. } if *known == value), "{reply:?}");
    }
    for (rest, code) in [
        (format!("PHW {}", "x".repeat(96)), ErrorCode::INVALID_PARAMETER),
        (format!("MFN {}", "x".repeat(388)), ErrorCode::INVALID_PARAMETER),
        ("LONG 1".to_owned(), ErrorCode::NOT_EXPECTED),
    ] {
        let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
        let transaction = alice.send("PRP", &rest).await;
        assert_eq!(alice.rest().await.pop(), Some(ServerCommand::Error { transaction, code }), "{rest}");
    }
    let mut older = Messenger::online(&server, ALICE, Dialect::Msnp10).await;
    refused(&mut older, "PRP", "HSB 1", ErrorCode::NOT_EXPECTED).await;
}

#[tokio::test]
async fn a_number_is_found_when_somebody_here_has_it() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    bob.ask("PRP", "PHH 1%20(555)%20555-1212").await;
    refused(&mut alice, "LKP", NUMBER, ErrorCode::UNRESOLVED_NUMBER).await;
    bob.ask("PRP", "PHM 1%20(555)%20555-1212").await;
    let transaction = alice.send("LKP", NUMBER).await;
    let found = ServerCommand::Lkp { transaction, telephone: NUMBER.to_owned() };
    assert_eq!(alice.reply("LKP", transaction).await, found);
    for malformed in ["+15555551212", "tel:15555551212", "tel:%2B15555551212", "tel:+1555x", "tel:+1"] {
        refused(&mut alice, "LKP", malformed, ErrorCode::INVALID_PARAMETER).await;
    }
    bob.ask("PRP", "PHM").await;
    refused(&mut alice, "LKP", NUMBER, ErrorCode::UNRESOLVED_NUMBER).await;
    let mut older = Messenger::online(&server, ALICE, Dialect::Msnp10).await;
    refused(&mut older, "LKP", NUMBER, ErrorCode::COMMAND_DISABLED).await;
}

#[tokio::test]
async fn a_number_is_a_contact_that_survives_and_is_never_there() {
    for (form, network) in [("bits-and-msnp", 4), ("bits", 4), ("msnp-only", 1)] {
        let mut server = Server::start_with(program(), &[ALICE], &format!("network_ids = \"{form}\""));
        let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
        let added = |transaction, list, guid| {
            let passport = NUMBER.to_owned();
            let name = (list == List::Forward).then(|| "Mum".to_owned());
            ServerCommand::Adc { transaction, list, passport, name, guid }
        };
        let transaction = alice.send("ADC", &format!("AL N={NUMBER}")).await;
        assert_eq!(alice.reply("ADC", transaction).await, added(transaction, List::Allow, None));
        let transaction = alice.send("ADC", &format!("FL N={NUMBER} F=Mum")).await;
        let reply = alice.reply("ADC", transaction).await;
        let ServerCommand::Adc { guid: Some(guid), .. } = &reply else { panic!("{reply:?}") };
        assert_eq!(reply, added(transaction, List::Forward, Some(guid.clone())));
        refused(&mut alice, "ADC", "FL N=tel:555", ErrorCode::INVALID_PARAMETER).await;
        let (address, cookie) = alice.switchboard().await;
        assert!(!address.is_empty() && !cookie.is_empty());
        server.crash();

        for dialect in Dialect::ALL {
            let mut alice = Messenger::online(&server, ALICE, dialect).await;
            let list = alice.list().await;
            let found = list.iter().find_map(|line| match line {
                ServerCommand::Lst { passport, name, guid, lists, network, .. } if passport == NUMBER => {
                    Some((name.clone(), guid.clone(), *lists, *network))
                }
                _ => None,
            });
            let network = if dialect == Dialect::Msnp12 { network } else { 1 };
            let wanted = (dialect != Dialect::Msnp10).then(|| (Some("Mum".to_owned()), Some(guid.clone()), 3, network));
            assert_eq!(found, wanted, "{form} {dialect:?}");
            let told = alice.settled().await;
            let there = |told: &ServerCommand| matches!(told, ServerCommand::Iln { presence, .. } | ServerCommand::Nln { presence } if presence.passport == NUMBER);
            assert!(!told.iter().any(there), "{told:?}");
        }
        let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
        let removed = alice.ask("REM", &format!("FL {guid}")).await;
        assert!(matches!(removed, ServerCommand::Rem { list: List::Forward, .. }), "{removed:?}");
        let removed = alice.ask("REM", &format!("AL {NUMBER}")).await;
        assert!(matches!(&removed, ServerCommand::Rem { target, .. } if target == NUMBER), "{removed:?}");
        let list = alice.list().await;
        assert!(!list.iter().any(|line| matches!(line, ServerCommand::Lst { passport, .. } if passport == NUMBER)));
    }
}

#[tokio::test]
async fn a_number_cannot_be_called() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.ask("ADC", &format!("FL N={NUMBER} F=Mum")).await;
    let mut room = alice.open().await;
    room.wire().send(format!("CAL 7 {NUMBER}\r\n")).await;
    let answer = room.wire().next("an error").await.unwrap();
    assert_eq!((answer.command.as_str(), answer.arguments.as_slice()), ("208", &["7".to_owned()][..]));
}
