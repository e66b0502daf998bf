//! Display pictures, in both directions.

use chrysalis_test_harness::{Messenger, Object, ObjectKind, pattern, text};
use msnp::{
    dialect::Dialect,
    notification::server::{PresenceLine, ServerCommand},
};

use super::{ECHO, PIXEL, WithEcho, check_png, still_talks, with_echo};
use crate::{ALICE, server};

/// Waits until Echo's presence has a picture other than `before`.
async fn picture(alice: &mut Messenger, before: Option<&Object>) -> Object {
    let before = before.map(|object| &object.data_hash);
    let object = alice
        .find("Echo to have another picture", |told| match told {
            ServerCommand::Nln { presence: PresenceLine { passport, object: Some(object), .. } }
            | ServerCommand::Iln { presence: PresenceLine { passport, object: Some(object), .. }, .. }
                if passport == ECHO =>
            {
                Some(Object::decode(object)).filter(|object| Some(&object.data_hash) != before)
            }
            _ => None,
        })
        .await;
    assert_eq!((object.creator.as_str(), object.kind), (ECHO, 3), "{}", object.xml);
    object
}

#[tokio::test]
async fn the_picture_of_a_contact_is_announced_and_given_over_a_switchboard_that_says_nothing() {
    for dialect in [Dialect::Msnp12, Dialect::Msnp11] {
        let server = server(&[ALICE]);
        let mut alice = Messenger::online(&server, ALICE, dialect).await;
        let announced = picture(&mut alice, None).await;
        let mut room = alice.call(ECHO).await;
        room.joined(ECHO).await;
        for _ in 0..2 {
            let data = room.fetch_object(ECHO, &announced).await;
            assert_eq!(check_png(&data), (96, 96));
        }
        room.prove().await;
        assert_eq!(room.leave().await, [], "no line, no typing: nobody talked");
    }
}

#[tokio::test]
async fn a_contact_changes_their_picture_and_the_old_one_is_still_given() {
    let WithEcho { server, mut alice, mut room } = with_echo().await;
    let first = picture(&mut alice, None).await;
    room.tell(text("picture")).await;
    let second = picture(&mut alice, Some(&first)).await;
    let old = room.fetch_object(ECHO, &first).await;
    let new = room.fetch_object(ECHO, &second).await;
    assert_eq!((check_png(&old), check_png(&new)), ((96, 96), (96, 96)));
    assert!(old != new);
    // Whoever signs in later sees the new one.
    room.leave().await;
    alice.wire().send("OUT\r\n").await;
    alice.rest().await;
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    assert_eq!(picture(&mut alice, Some(&first)).await.data_hash, second.data_hash);
}

#[tokio::test]
async fn what_a_contact_never_had_is_refused() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    let made_up = Object::describe(ECHO, ObjectKind::Picture, "", &pattern(77));
    assert_eq!(room.ask_for_object(ECHO, &made_up).await, Err(603));
    still_talks(&mut room).await;
}

#[tokio::test]
async fn the_users_own_picture_is_fetched_silently_once_it_is_announced() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let object = Object::describe(ALICE, ObjectKind::Picture, "", PIXEL);
    alice.picture("NLN", &object.encoded()).await;
    let mut room = alice.answer(ECHO).await;
    room.serve_object(ECHO, &object, PIXEL).await;
    room.prove().await;
    assert_eq!(room.leave().await, [], "no window opens: nothing is said");
    // Announced again, it is known.
    alice.picture("BSY", &object.encoded()).await;
    let told = alice.settled().await;
    assert!(!told.iter().any(|told| matches!(told, ServerCommand::Rng { .. })), "{told:?}");
}
