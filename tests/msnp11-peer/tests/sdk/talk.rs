//! Two people who talk: one with the SDK, one with our own client.

use std::sync::Arc;

use chrysalis_test_harness::{Messenger, Server, nudge, text, typing, within};
use msnp::{dialect::Dialect, notification::server::ServerCommand, status::Status};
use msnp11_sdk::{Client, Event, MsnpList, MsnpStatus, PersonalMessage, Switchboard};

use crate::{ALICE, BOB, Events, attend, connect, log_in, plain, server};

/// Alice with the SDK, and Bob; each on the other's list and online.
async fn friends(server: &Server) -> (Client, Events, Messenger) {
    let mut bob = Messenger::online(server, BOB, Dialect::Msnp12).await;
    bob.add(ALICE).await;
    bob.personal_message("Bob's l\u{ed}ne &amp; more").await;
    let (alice, mut events) = connect(server).await;
    assert!(matches!(log_in(server, &alice).await, Event::Authenticated));
    within("the SDK's status", alice.set_presence(MsnpStatus::Online)).await.unwrap();
    for list in [MsnpList::ForwardList, MsnpList::AllowList] {
        within("the SDK to add Bob", alice.add_contact(BOB, "Bob", list)).await.unwrap();
    }
    events
        .find("Bob's line", |event| match event {
            Event::PersonalMessageUpdate { email, personal_message } => {
                (email == BOB && personal_message.psm == "Bob's l\u{ed}ne & more").then_some(())
            }
            _ => None,
        })
        .await;
    (alice, events, bob)
}

#[tokio::test]
async fn they_see_each_other() {
    let server = server("");
    let (alice, mut events, mut bob) = friends(&server).await;

    within(
        "the SDK's line",
        alice.set_personal_message(&PersonalMessage {
            psm: "hello <b> & \u{e9}".to_owned(),
            current_media: String::new(),
        }),
    )
    .await
    .unwrap();
    bob.find("Alice's line", |told| match told {
        ServerCommand::Ubx { passport, document } => {
            let document = String::from_utf8_lossy(document);
            (passport == ALICE && document.contains("<PSM>hello &lt;b&gt; &amp; \u{e9}</PSM>")).then_some(())
        }
        _ => None,
    })
    .await;
    within("the SDK's status", alice.set_presence(MsnpStatus::Busy)).await.unwrap();
    bob.find("Alice to be busy", |told| match told {
        ServerCommand::Nln { presence } => {
            (presence.passport == ALICE && presence.status == Status::Busy).then_some(())
        }
        _ => None,
    })
    .await;
    within("the SDK's name", alice.set_display_name("Alice A \u{2713}")).await.unwrap();
    bob.find("Alice's name", |told| match told {
        ServerCommand::Nln { presence } => (presence.name == "Alice A \u{2713}").then_some(()),
        _ => None,
    })
    .await;

    bob.status("LUN").await;
    events
        .find("Bob to be out to lunch", |event| match event {
            Event::PresenceUpdate { email, presence, .. } => {
                (email == BOB && presence.status == MsnpStatus::OutToLunch).then_some(())
            }
            _ => None,
        })
        .await;
    within("the SDK to block", alice.block_contact(BOB)).await.unwrap();
    bob.find("FLN", |told| matches!(told, ServerCommand::Fln { passport } if passport == ALICE).then_some(())).await;
    within("the SDK to unblock", alice.unblock_contact(BOB)).await.unwrap();
    bob.find("NLN", |told| matches!(told, ServerCommand::Nln { presence } if presence.passport == ALICE).then_some(()))
        .await;
    bob.wire().send("OUT\r\n").await;
    events
        .find("Bob to go", |event| matches!(event, Event::ContactOffline { email } if email == BOB).then_some(()))
        .await;
    within("the SDK to leave", alice.disconnect()).await.unwrap();
}

/// Each side says a line, types and nudges, and the other gets it.
async fn talk(mut room: chrysalis_test_harness::Room, switchboard: &Switchboard) {
    let mut events = attend(switchboard);
    room.tell(text("h\u{e9}llo\r\nAlice")).await;
    let heard = events
        .find("Bob's text", |event| match event {
            Event::TextMessage { email, message } if email == BOB => Some(message.text.clone()),
            _ => None,
        })
        .await;
    assert_eq!(heard, "h\u{e9}llo\nAlice");
    room.say("U", typing(BOB)).await;
    events
        .find("Bob's typing", |event| {
            matches!(event, Event::TypingNotification { email } if email == BOB).then_some(())
        })
        .await;
    room.tell(nudge()).await;
    events.find("Bob's nudge", |event| matches!(event, Event::Nudge { email } if email == BOB).then_some(())).await;

    within("the SDK's typing", switchboard.send_typing_user(ALICE)).await.unwrap();
    assert_eq!(room.hear(ALICE).await, typing(ALICE));
    within("the SDK's text", switchboard.send_text_message(&plain("hi\nBob \u{1f98b}"))).await.unwrap();
    assert_eq!(room.hear_text(ALICE).await, "hi\r\nBob \u{1f98b}");
    within("the SDK's nudge", switchboard.send_nudge()).await.unwrap();
    let shaken = String::from_utf8(room.hear(ALICE).await.to_vec()).unwrap();
    assert!(shaken.contains("Content-Type: text/x-msnmsgr-datacast") && shaken.contains("\r\n\r\nID: 1"), "{shaken}");
    room.leave().await;
    events
        .find("Bob to leave", |event| {
            matches!(event, Event::ParticipantLeftSwitchboard { email } if email == BOB).then_some(())
        })
        .await;
}

#[tokio::test]
async fn they_talk_when_the_sdk_is_called() {
    let server = server("");
    let (_alice, mut events, mut bob) = friends(&server).await;
    let mut room = bob.call(ALICE).await;
    let switchboard: Arc<Switchboard> = events
        .find("the SDK to answer", |event| match event {
            Event::SessionAnswered(switchboard) => Some(Arc::clone(switchboard)),
            _ => None,
        })
        .await;
    room.joined(ALICE).await;
    talk(room, &switchboard).await;
}

#[tokio::test]
async fn they_talk_when_the_sdk_calls() {
    let server = server("");
    let (alice, _events, mut bob) = friends(&server).await;
    let (switchboard, room) = tokio::join!(within("the SDK to call", alice.create_session(BOB)), bob.answer(ALICE));
    talk(room, &switchboard.unwrap()).await;
}

#[tokio::test]
async fn the_sdk_keeps_its_groups() {
    let server = server("");
    let (alice, _events, _bob) = friends(&server).await;
    within("a group", alice.create_group("Best friends")).await.unwrap();
    let mut second = connect(&server).await;
    log_in(&server, &second.0).await;
    let group = second
        .1
        .find("the group", |event| match event {
            Event::Group { name, guid } => (name == "Best friends").then(|| guid.clone()),
            _ => None,
        })
        .await;
    let bob = second
        .1
        .find("Bob in the list", |event| match event {
            Event::ContactInForwardList { email, guid, .. } => (email == BOB).then(|| guid.clone()),
            _ => None,
        })
        .await;
    let alice = second.0;
    within("Bob in the group", alice.add_contact_to_group(&bob, &group)).await.unwrap();
    within("Bob's name", alice.set_contact_display_name(&bob, "Bobby B")).await.unwrap();
    within("the group's name", alice.rename_group(&group, "Friends")).await.unwrap();
    within("Bob out of the group", alice.remove_contact_from_group(&bob, &group)).await.unwrap();
    within("no group", alice.delete_group(&group)).await.unwrap();
    within("BLP", alice.set_blp("BL")).await.unwrap();
    within("GTC", alice.set_gtc("N")).await.unwrap();
    within("Bob off the list", alice.remove_contact_from_forward_list(&bob)).await.unwrap();
}

#[tokio::test]
async fn the_sdk_follows_a_dispatch() {
    let server = server("dispatch = true");
    let (alice, _events) = connect(&server).await;
    let Event::RedirectedTo { server: ip, port } = log_in(&server, &alice).await else {
        panic!("it was not sent away")
    };
    assert_eq!(format!("{ip}:{port}"), server.address().to_string());
    let (alice, _events) = connect(&server).await;
    assert!(matches!(log_in(&server, &alice).await, Event::Authenticated));
}
