//! The contact list: what is kept, how it is told, what is refused.

use chrysalis_test_harness::{Messenger, Server};
use msnp::{code::ErrorCode, dialect::Dialect, list::List, notification::server::ServerCommand};

use crate::{ALICE, BOB, CAROL, program, server};

/// An entry of the list: name, the sum of its lists, its network, its groups.
struct Entry {
    name: String,
    guid: Option<String>,
    lists: u8,
    network: u32,
    groups: Vec<String>,
}

fn entry(list: &[ServerCommand], who: &str) -> Entry {
    let found = list.iter().find_map(|line| match line {
        ServerCommand::Lst { passport, name, guid, lists, network, groups } if passport == who => Some(Entry {
            name: name.clone().unwrap(),
            guid: guid.clone(),
            lists: *lists,
            network: *network,
            groups: groups.clone(),
        }),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{who} is not in {list:?}"))
}

/// When list and settings changed last.
fn times(list: &[ServerCommand]) -> (String, String) {
    match &list[0] {
        ServerCommand::Syn { list_timestamp, settings_timestamp, .. } => {
            (list_timestamp.clone(), settings_timestamp.clone())
        }
        other => panic!("{other:?}"),
    }
}

const fn refusal(transaction: u32, code: ErrorCode) -> ServerCommand {
    ServerCommand::Error { transaction, code }
}

#[tokio::test]
async fn a_new_account_has_a_list_with_everything_in_it_that_clients_wait_for() {
    let server = server(&[ALICE]);
    for dialect in Dialect::ALL {
        let mut alice = Messenger::sign_in(&server, ALICE, dialect).await;
        let list = alice.list().await;
        assert_eq!(list[1], ServerCommand::Gtc { transaction: None, ask: true });
        assert_eq!(list[2], ServerCommand::Blp { transaction: None, allow_unknown: true });
        let name = ServerCommand::Prp { transaction: None, key: "MFN".into(), value: Some("Alice".into()) };
        assert_eq!(list[3], name);
        let echo = entry(&list, "echo@loopback.msn.example");
        assert_eq!((echo.name.as_str(), echo.lists & List::Forward.bit()), ("Echo", 1));
    }
}

#[tokio::test]
async fn everything_that_was_answered_is_there_after_a_crash() {
    let mut server = server(&[ALICE, BOB, CAROL]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let ServerCommand::Adg { guid: friends, .. } = alice.ask("ADG", "Best%20friends 0").await else {
        panic!("no group")
    };
    let ServerCommand::Adg { guid: work, .. } = alice.ask("ADG", "Work 0").await else { panic!("no group") };
    let ServerCommand::Adg { guid: gone, .. } = alice.ask("ADG", "Gone 0").await else { panic!("no group") };
    let bob = alice.add(BOB).await;
    let carol = alice.add(CAROL).await;
    for group in [&friends, &gone] {
        let added = alice.ask("ADC", &format!("FL C={bob} {group}")).await;
        assert!(matches!(&added, ServerCommand::AdcGroup { group: known, .. } if known == group), "{added:?}");
    }
    let moved = alice.ask("ADC", &format!("FL C={carol} {work}")).await;
    assert!(matches!(moved, ServerCommand::AdcGroup { .. }));
    for (command, rest) in [
        ("REM", format!("FL {carol} {work}")),
        ("REG", format!("{work} Not%20work 0")),
        ("RMG", gone),
        ("SBP", format!("{bob} MFN Bobby%20%C3%A9")),
        ("PRP", "MFN Alice%20A".to_owned()),
        ("PRP", "PHH 1%20234".to_owned()),
        ("BLP", "BL".to_owned()),
        ("GTC", "N".to_owned()),
        ("REM", format!("AL {CAROL}")),
        ("ADC", format!("BL N={CAROL}")),
    ] {
        let reply = alice.ask(command, &rest).await;
        assert!(!matches!(reply, ServerCommand::Error { .. }), "{command} {rest}: {reply:?}");
    }
    server.crash();

    let mut alice = Messenger::sign_in(&server, ALICE, Dialect::Msnp12).await;
    let list = alice.list().await;
    assert_eq!(list[1], ServerCommand::Gtc { transaction: None, ask: false });
    assert_eq!(list[2], ServerCommand::Blp { transaction: None, allow_unknown: false });
    let property = |key: &str| {
        list.iter().find_map(|line| match line {
            ServerCommand::Prp { key: known, value, .. } if known == key => value.clone(),
            _ => None,
        })
    };
    assert_eq!((property("MFN").as_deref(), property("PHH").as_deref()), (Some("Alice A"), Some("1 234")));
    let groups: Vec<(&str, &str)> = list
        .iter()
        .filter_map(|line| match line {
            ServerCommand::Lsg { name, guid } => Some((name.as_str(), guid.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(groups, [("Best friends", friends.as_str()), ("Not work", work.as_str())]);
    let known = entry(&list, BOB);
    assert_eq!((known.name.as_str(), known.lists, known.guid), ("Bobby é", 3, Some(bob)));
    assert_eq!(known.groups, [friends]);
    let known = entry(&list, CAROL);
    assert_eq!((known.lists, known.groups), (List::Forward.bit() | List::Block.bit(), vec![]));

    // The others learn who added them, having been away.
    let mut bob = Messenger::sign_in(&server, BOB, Dialect::Msnp12).await;
    assert_eq!(entry(&bob.list().await, ALICE).lists, List::Pending.bit());
    let mut bob = Messenger::sign_in(&server, BOB, Dialect::Msnp10).await;
    assert_eq!(entry(&bob.list().await, ALICE).lists, List::Reverse.bit(), "before there was a pending list");
}

#[tokio::test]
async fn settings_that_are_so_already_are_answered_like_any_other() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    for _ in 0..2 {
        let transaction = alice.send("BLP", "AL").await;
        let blp = ServerCommand::Blp { transaction: Some(transaction), allow_unknown: true };
        assert_eq!(alice.reply("BLP", transaction).await, blp);
        let transaction = alice.send("GTC", "A").await;
        let gtc = ServerCommand::Gtc { transaction: Some(transaction), ask: true };
        assert_eq!(alice.reply("GTC", transaction).await, gtc);
    }
}

#[tokio::test]
async fn the_times_move_with_the_list_and_only_then() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let (list, settings) = times(&alice.list().await);
    alice.status("AWY").await;
    alice.personal_message("elsewhere").await;
    alice.settled().await;
    assert_eq!(times(&alice.list().await), (list.clone(), settings.clone()), "presence is no part of it");
    alice.ask("PRP", "MFN Other").await;
    let (same, later) = times(&alice.list().await);
    assert_eq!(same, list);
    assert!(later > settings, "{later} after {settings}");
    alice.add(BOB).await;
    let (moved, same) = times(&alice.list().await);
    assert_eq!(same, later);
    assert!(moved > list, "{moved} after {list}");
    let mut again = Messenger::sign_in(&server, ALICE, Dialect::Msnp12).await;
    assert_eq!(times(&again.list().await), (moved, same), "nor is signing in");
}

#[tokio::test]
async fn blocking_works_in_the_order_of_every_client() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(BOB).await;
    let (block, allow) = (List::Forward.bit() | List::Block.bit(), List::Forward.bit() | List::Allow.bit());
    // Messenger and aMSN leave one list first, msnp11-sdk joins the other first.
    for (orders, wanted) in [
        ([("REM", format!("AL {BOB}")), ("ADC", format!("BL N={BOB}"))], block),
        ([("REM", format!("BL {BOB}")), ("ADC", format!("AL N={BOB}"))], allow),
        ([("ADC", format!("BL N={BOB}")), ("REM", format!("AL {BOB}"))], block),
        ([("ADC", format!("AL N={BOB}")), ("REM", format!("BL {BOB}"))], allow),
    ] {
        for (command, rest) in orders {
            let reply = alice.ask(command, &rest).await;
            assert!(!matches!(reply, ServerCommand::Error { .. }), "{command} {rest}: {reply:?}");
        }
        assert_eq!(entry(&alice.list().await, BOB).lists, wanted);
    }
}

#[tokio::test]
async fn who_is_added_is_told_at_once_and_so_is_who_is_removed() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp11).await;
    let guid = alice.add(BOB).await;
    let added = bob.find("ADC RL", |told| matches!(told, ServerCommand::Adc { .. }).then(|| told.clone())).await;
    let (list, passport, name) = (List::Reverse, ALICE.to_owned(), Some("Alice".to_owned()));
    assert_eq!(added, ServerCommand::Adc { transaction: 0, list, passport, name, guid: None });
    // The answer of Messenger when its user agrees.
    for (command, rest) in [
        ("ADC", format!("AL N={ALICE}")),
        ("ADC", format!("RL N={ALICE}")),
        ("REM", format!("PL {ALICE}")),
        ("ADC", format!("FL N={ALICE} F=Alice")),
    ] {
        let reply = bob.ask(command, &rest).await;
        assert!(!matches!(reply, ServerCommand::Error { .. }), "{command} {rest}: {reply:?}");
    }
    assert_eq!(entry(&bob.list().await, ALICE).lists, 1 | 2 | 8);

    let removed = alice.ask("REM", &format!("FL {guid}")).await;
    assert!(matches!(&removed, ServerCommand::Rem { target, .. } if *target == guid), "{removed:?}");
    let told =
        bob.find("REM RL", |told| matches!(told, ServerCommand::Rem { transaction: 0, .. }).then(|| told.clone()));
    let (list, target) = (List::Reverse, ALICE.to_owned());
    assert_eq!(told.await, ServerCommand::Rem { transaction: 0, list, target, group: None });
    assert_eq!(entry(&bob.list().await, ALICE).lists, 1 | 2);
}

#[tokio::test]
async fn network_ids_have_the_form_that_is_set_and_only_in_msnp12() {
    for (form, echo, bob) in [("bits-and-msnp", 257, 1), ("bits", 256, 1), ("msnp-only", 1, 1)] {
        // A network with the usual bit of Matrix, which needs no homeserver.
        let extra = format!(
            "network_ids = \"{form}\"\n[networks.loopback]\nnetwork_bit = 256\n\
             [networks.second]\nkind = \"loopback\"\nnetwork_bit = 64"
        );
        let server = Server::start_with(program(), &[ALICE, BOB], &extra);
        let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
        alice.add(BOB).await;
        let list = alice.list().await;
        assert_eq!(entry(&list, "echo@loopback.msn.example").network, echo, "{form}");
        let second = if form == "bits" {
            64
        } else if form == "bits-and-msnp" {
            65
        } else {
            1
        };
        assert_eq!(entry(&list, "echo@second.msn.example").network, second, "{form}");
        assert_eq!(entry(&list, BOB).network, bob, "{form}");
        for dialect in [Dialect::Msnp11, Dialect::Msnp10] {
            // The strict client refuses a number more than the dialect has.
            let mut alice = Messenger::sign_in(&server, ALICE, dialect).await;
            entry(&alice.list().await, "echo@loopback.msn.example");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_number_and_nothing_else_happens() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let bob = alice.add(BOB).await;
    let ServerCommand::Adg { guid: group, .. } = alice.ask("ADG", "Friends 0").await else { panic!("no group") };
    let before = alice.list().await;
    let nothing = "00000000-0000-4000-8000-000000000001";
    for (command, rest, code) in [
        ("ADC", "FL N=nobody@example.com F=Nobody".to_owned(), ErrorCode::INVALID_USER_NAME),
        ("ADC", "FL N=nobody@loopback.msn.example F=Nobody".to_owned(), ErrorCode::INVALID_USER_NAME),
        ("ADC", "AL N=nobody@msn.example".to_owned(), ErrorCode::INVALID_USER_NAME),
        ("ADC", "FL N=no-address".to_owned(), ErrorCode::INVALID_PARAMETER),
        ("ADC", format!("FL N={ALICE} F=me"), ErrorCode::INVALID_PARAMETER),
        ("ADC", format!("FL N={} F=me", ALICE.to_uppercase()), ErrorCode::INVALID_PARAMETER),
        ("ADC", format!("FL C={nothing} {group}"), ErrorCode::INVALID_USER_NAME),
        ("ADC", format!("FL C={bob} {nothing}"), ErrorCode::INVALID_GROUP),
        ("REM", format!("FL {nothing}"), ErrorCode::NOT_ON_LIST),
        ("REM", "FL nothing".to_owned(), ErrorCode::ADDRESS_BOOK),
        ("REM", format!("FL {bob} {group}"), ErrorCode::NOT_IN_GROUP),
        ("ADG", "Friends 0".to_owned(), ErrorCode::GROUP_EXISTS),
        ("REG", format!("{nothing} Other 0"), ErrorCode::INVALID_GROUP),
        ("RMG", nothing.to_owned(), ErrorCode::INVALID_GROUP),
        ("SBP", format!("{nothing} MFN Bob"), ErrorCode::INVALID_USER_NAME),
        ("PRP", "XYZ 1".to_owned(), ErrorCode::NOT_EXPECTED),
    ] {
        let transaction = alice.send(command, &rest).await;
        assert_eq!(alice.reply(command, transaction).await, refusal(transaction, code), "{command} {rest}");
    }
    assert_eq!(strip(alice.list().await), strip(before));
    // The reverse list is the server's own; touching it ended the session of old.
    let transaction = alice.send("REM", &format!("RL {BOB}")).await;
    assert_eq!(alice.rest().await.pop(), Some(refusal(transaction, ErrorCode::INVALID_PARAMETER)));
}

/// The list without the number it was asked with.
fn strip(mut list: Vec<ServerCommand>) -> Vec<ServerCommand> {
    if let Some(ServerCommand::Syn { transaction, .. }) = list.first_mut() {
        *transaction = 0;
    }
    list
}

#[tokio::test]
async fn what_the_list_does_not_hold_is_answered_too() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let shields = alice.ask("GCF", "Shields.xml").await;
    assert!(matches!(&shields, ServerCommand::Gcf { document, .. } if document.starts_with(b"<?xml")), "{shields:?}");
    let pages = format!("http://{}/messenger", server.web());
    for (asked, page) in [
        ("INBOX", "inbox"),
        ("FOLDERS", "inbox"),
        ("COMPOSE bob@example.com", "compose?to=bob%40example.com"),
        ("PROFILE 0x0409", "profile"),
        ("PERSON 0x0409", "profile"),
        ("PASSWORD", "password"),
        ("CHGMOB", "profile"),
        ("MOBILE", "profile"),
        ("CHAT 0x0409", "today"),
        ("ADDRBOOK", "today"),
        ("N2PACCOUNT", "today"),
    ] {
        let transaction = alice.send("URL", asked).await;
        let (path, login) = (format!("{pages}/{page}"), format!("{pages}/login"));
        assert_eq!(alice.reply("URL", transaction).await, ServerCommand::Url { transaction, path, login, site: 1 });
    }
    for (command, rest, wanted) in [
        ("GSB", "", "SBS"),
        ("IMS", "ON", "IMS"),
        ("IMS", "OFF", "IMS"),
        ("SND", "bob@example.com", "SND"),
        ("CHL", "", "CHL"),
    ] {
        let reply = alice.ask(command, rest).await;
        let named = match &reply {
            ServerCommand::Sbs { .. } => "SBS",
            ServerCommand::Ims { enabled, .. } if (rest == "ON") == *enabled => "IMS",
            ServerCommand::SndOk { .. } => "SND",
            ServerCommand::Chl { .. } => "CHL",
            other => panic!("{other:?}"),
        };
        assert_eq!(named, wanted);
    }
    let transaction = alice.send_payload("SDC", "bob@example.com 0x0409 MSMSGS MSMSGS X X Alice", "Join me").await;
    assert_eq!(alice.reply("SDC", transaction).await, ServerCommand::SdcOk { transaction });
    let transaction = alice.send_payload("PGD", "bob@example.com 1", "<TEXT>hi</TEXT>").await;
    assert_eq!(alice.reply("PGD", transaction).await, refusal(transaction, ErrorCode::NOT_EXPECTED));
    let transaction = alice.send("XYZ", "1 2").await;
    assert_eq!(alice.reply("XYZ", transaction).await, refusal(transaction, ErrorCode::COMMAND_DISABLED));
    assert_eq!(alice.wire().ping().await, "50");
    alice.wire().send("MSG 9 N 2\r\nhi").await;
    alice.rest().await;
}

#[tokio::test]
async fn a_contact_removed_and_added_again_is_as_new_and_keeps_nothing() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    bob.add(ALICE).await;
    for round in 0..3 {
        let guid = alice.add(BOB).await;
        alice.sees(BOB, msnp::status::Status::Online).await;
        assert_eq!(bob.added_by(ALICE).await.as_deref(), Some("Alice"), "{round}");
        let ServerCommand::Adg { guid: group, .. } = alice.ask("ADG", &format!("Group{round} 0")).await else {
            panic!("no group")
        };
        alice.ask("ADC", &format!("FL C={guid} {group}")).await;
        alice.ask("REM", &format!("FL {guid}")).await;
        let told =
            bob.find("REM RL", |told| matches!(told, ServerCommand::Rem { transaction: 0, .. }).then(|| told.clone()));
        told.await;
        if round == 1 {
            // On no list at all: whoever comes back is a new entry.
            alice.ask("REM", &format!("AL {BOB}")).await;
        }
    }
    let guid = alice.add(BOB).await;
    let known = entry(&alice.list().await, BOB);
    assert_eq!((known.guid, known.lists, known.groups), (Some(guid), 1 | 2 | 8, vec![]));
}

#[tokio::test]
async fn two_accounts_that_change_at_once_agree_in_the_end() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    for _ in 0..10 {
        let commands = |other: &str| {
            [
                ("ADC", format!("FL N={other} F={other}")),
                ("ADC", format!("AL N={other}")),
                ("REM", format!("FL {other}")),
            ]
        };
        for ((command, rest), (other_command, other_rest)) in commands(BOB).into_iter().zip(commands(ALICE)) {
            let (one, other) = tokio::join!(alice.ask(command, &rest), bob.ask(other_command, &other_rest));
            for reply in [one, other] {
                assert!(!matches!(reply, ServerCommand::Error { .. }), "{command}: {reply:?}");
            }
        }
    }
    alice.add(BOB).await;
    bob.settled().await;
    assert_eq!(entry(&alice.list().await, BOB).lists, 1 | 2);
    assert_eq!(entry(&bob.list().await, ALICE).lists, 2 | 8);
}

#[tokio::test]
async fn one_person_here_and_on_a_network_is_two_contacts_that_do_not_meet() {
    let here = "echo@example.com";
    let there = "echo@loopback.msn.example";
    let server = server(&[ALICE, here]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = Messenger::online(&server, here, Dialect::Msnp12).await;
    let guid = alice.add(here).await;
    alice.sees(here, msnp::status::Status::Online).await;
    alice.sees(there, msnp::status::Status::Online).await;
    alice.ask("ADC", &format!("BL N={there}")).await;
    alice.ask("SBP", &format!("{guid} MFN Another")).await;
    let list = alice.list().await;
    assert_eq!((entry(&list, here).lists, entry(&list, here).name.as_str()), (1 | 2, "Another"));
    assert_eq!((entry(&list, there).lists & (2 | 4), entry(&list, there).name.as_str()), (4, "Echo"));
    echo.status("BSY").await;
    alice.sees(here, msnp::status::Status::Busy).await;
    alice.ask("REM", &format!("FL {guid}")).await;
    let list = alice.list().await;
    assert_eq!(entry(&list, here).lists, 2);
    assert_eq!(entry(&list, there).lists & (1 | 2 | 4), 1 | 4);

    // A name that the client repeats does not take a network's away.
    let bridged = entry(&list, there).guid.unwrap();
    let reply = alice.ask("SBP", &format!("{bridged} MFN Mine")).await;
    assert!(matches!(&reply, ServerCommand::Sbp { value, .. } if value == "Mine"), "{reply:?}");
    assert_eq!(entry(&alice.list().await, there).name, "Echo");
}
