//! Pictures and files: with our own strict client, and with Echo, a contact of another network.
//!
//! Every test has threads of its own: the SDK, once it is confused, never lets go of the one it runs on.

use std::sync::Arc;

use chrysalis_test_harness::{Messenger, Object, ObjectKind, Server, pattern, within};
use msnp::dialect::Dialect;
use msnp11_sdk::{Client, Event, MsnpStatus, Switchboard, models::file_transfer_request::FileTransferRequest};

use crate::{ALICE, BOB, Events, attend, connect, log_in, plain, server};

const ECHO: &str = "echo@loopback.msn.example";

/// Alice with the SDK, online, with what she is told.
async fn online(server: &Server) -> (Client, Events) {
    let (alice, events) = connect(server).await;
    assert!(matches!(log_in(server, &alice).await, Event::Authenticated));
    within("the SDK's status", alice.set_presence(MsnpStatus::Online)).await.unwrap();
    (alice, events)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_fetches_the_picture_of_our_own_client() {
    let server = server("");
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (alice, _events) = online(&server).await;
    let drawing = pattern(5000);
    let object = Object::describe(BOB, ObjectKind::Picture, "", &drawing);
    let (switchboard, mut room) = tokio::join!(within("the SDK to call", alice.create_session(BOB)), bob.answer(ALICE));
    let switchboard = switchboard.unwrap();
    let mut talk = attend(&switchboard);
    let (fetched, ()) = tokio::join!(
        within("the SDK to fetch", switchboard.request_contact_display_picture(BOB, &object.xml)),
        room.serve_object(ALICE, &object, &drawing)
    );
    fetched.unwrap();
    let picture = talk
        .find("the picture", |event| match event {
            Event::DisplayPicture { email, data } if email == BOB => Some(data.clone()),
            _ => None,
        })
        .await;
    assert!(picture == drawing);
}

/// What the SDK needs in an answer to its offer of a direct connection, even in a no: without it, it offers again and for ever.
const NOWHERE: [(&str, &str); 2] = [("IPv4Internal-Addrs", "0.0.0.0"), ("IPv4Internal-Port", "0")];

/// What the SDK writes below the data of a file, where Messenger has 2.
const FOOTER: u32 = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_sends_a_file_to_our_own_client() {
    let server = server("");
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (alice, _events) = online(&server).await;
    let (switchboard, mut room) = tokio::join!(within("the SDK to call", alice.create_session(BOB)), bob.answer(ALICE));
    let switchboard = switchboard.unwrap();
    let file = pattern(30_000);
    let taking = async {
        let mut offer = room.file_offered(ALICE).await;
        offer.footer = FOOTER;
        room.accept(&offer.call).await;
        room.decline_direct(&offer.call, &NOWHERE).await;
        let file = room.take_file(&offer).await;
        (offer.name, file)
    };
    let (sent, (name, taken)) =
        tokio::join!(within("the SDK to send", switchboard.send_file(BOB, "sent.bin", &file)), taking);
    sent.unwrap();
    assert_eq!(name, "sent.bin");
    assert!(taken == file);
}

/// Calls Echo, and waits until they are there.
async fn with_echo(alice: &Client) -> (Arc<Switchboard>, Events) {
    let switchboard = within("the SDK to call", alice.create_session(ECHO)).await.unwrap();
    let switchboard = Arc::new(switchboard);
    let mut events = attend(&switchboard);
    events
        .find("Echo to join", |event| {
            matches!(event, Event::ParticipantInSwitchboard { email } if email == ECHO).then_some(())
        })
        .await;
    (switchboard, events)
}

async fn offered(events: &mut Events) -> (String, u64, FileTransferRequest) {
    events
        .find("a file to be offered", |event| match event {
            Event::FileTransferRequest { email, file_name, file_size, request } if email == ECHO => {
                Some((file_name.clone(), *file_size, request.clone()))
            }
            _ => None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_fetches_the_picture_of_a_bridged_contact() {
    let server = server("");
    let (alice, mut events) = online(&server).await;
    let (object, announced) = events
        .find("Echo's picture", |event| match event {
            Event::InitialPresenceUpdate { email, presence, .. } | Event::PresenceUpdate { email, presence, .. }
                if email == ECHO =>
            {
                presence.msn_object.clone().zip(presence.msn_object_string.clone())
            }
            _ => None,
        })
        .await;
    let (switchboard, mut talk) = with_echo(&alice).await;
    within("the SDK to fetch", switchboard.request_contact_display_picture(ECHO, &announced)).await.unwrap();
    let picture = talk
        .find("the picture", |event| match event {
            Event::DisplayPicture { email, data } if email == ECHO => Some(data.clone()),
            _ => None,
        })
        .await;
    assert!(picture.starts_with(b"\x89PNG") && picture.len() as u64 == object.size, "{} bytes", picture.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_sent_a_file_by_a_bridged_contact() {
    let server = server("");
    let (alice, _events) = online(&server).await;
    let (switchboard, mut talk) = with_echo(&alice).await;
    within("the SDK's text", switchboard.send_text_message(&plain("file"))).await.unwrap();
    let (name, size, request) = offered(&mut talk).await;
    assert!(!name.is_empty() && size > 0);
    let file = within("the SDK to take a file", switchboard.accept_file_request(request)).await.unwrap();
    assert_eq!(file.len() as u64, size);
    // Another may be declined.
    within("the SDK's text", switchboard.send_text_message(&plain("file"))).await.unwrap();
    let (_, _, request) = offered(&mut talk).await;
    within("the SDK to decline", switchboard.decline_file_request(request)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_sends_a_file_to_a_bridged_contact_and_gets_it_back() {
    let server = server("");
    let (alice, _events) = online(&server).await;
    let (switchboard, mut talk) = with_echo(&alice).await;
    // The SDK spins for ever when one of its reads ends within the line of a message, which much traffic makes likely: what it
    // sends, and so takes back, is small. Our own client is sent a large file.
    let file = pattern(1000);
    within("the SDK to send a file", switchboard.send_file(ECHO, "sent.bin", &file)).await.unwrap();
    let (name, size, request) = offered(&mut talk).await;
    assert_eq!((name.as_str(), size), ("sent.bin", 1000));
    let back = within("the SDK to take a file", switchboard.accept_file_request(request)).await.unwrap();
    assert!(back == file, "it came back changed");
}
