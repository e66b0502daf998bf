//! Much at once: no transfer waits for another, and a client that goes away costs nothing.

use chrysalis_test_harness::{Answer, Messenger, Object, pattern, text};
use msnp::{dialect::Dialect, notification::server::ServerCommand};

use super::{ECHO, WithEcho, line, with_echo};
use crate::ALICE;

async fn announced(alice: &mut Messenger) -> Object {
    alice
        .find("Echo's picture", |told| match told {
            ServerCommand::Nln { presence } | ServerCommand::Iln { presence, .. } if presence.passport == ECHO => {
                presence.object.as_deref().map(Object::decode)
            }
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_picture_does_not_wait_for_a_file() {
    let WithEcho { server: _server, mut alice, mut room } = with_echo().await;
    let picture = announced(&mut alice).await;
    let file = pattern(2_000_000);
    assert_eq!(room.send_file(ECHO, "big", &file).await, Answer::Accepted);
    let offer = room.file_offered(ECHO).await;
    room.accept(&offer.call).await;
    room.take_some(&offer, 1202).await;
    room.fetch_object(ECHO, &picture).await;
    let come = room.take_some(&offer, 0).await;
    assert!(come < file.len(), "the picture had to wait for the file");
    assert!(room.take_file(&offer).await == file);
}

#[tokio::test]
async fn a_client_that_leaves_amid_a_transfer_may_begin_anew() {
    let WithEcho { server, alice, mut room } = with_echo().await;
    let file = pattern(200_000);
    let call = room.offer_file(ECHO, "cut off", file.len(), &[]).await;
    assert_eq!(room.answered(&call).await, Answer::Accepted);
    let mut sending = room.begin_file(&call, &file);
    room.send_until(&mut sending, 60_100).await;
    drop((room, alice));
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let picture = announced(&mut alice).await;
    let mut room = alice.call(ECHO).await;
    room.joined(ECHO).await;
    room.fetch_object(ECHO, &picture).await;
    room.tell(text("here again")).await;
    line(&mut room, |said| (said == "here again").then_some(())).await;
    assert_eq!(room.send_file(ECHO, "once more", &file).await, Answer::Accepted);
    let (_, back) = room.receive_file(ECHO).await;
    assert!(back == file);
}
