//! Display pictures of Messenger users: announced in presence as they are, and fetched by one client from the other.

use chrysalis_test_harness::{Messenger, Object, ObjectKind, Server, pattern, text};
use msnp::{
    dialect::Dialect,
    notification::server::{PresenceLine, ServerCommand},
};
use tokio::join;

use crate::{ALICE, BOB, server};

/// Waits until a contact's presence has a picture, or has none; gives its presence form as it came.
async fn picture_of(viewer: &mut Messenger, contact: &str, wanted: Option<&Object>) -> Option<String> {
    let wanted = wanted.map(Object::encoded);
    viewer
        .find(&format!("{contact} to have the picture {wanted:?}"), |told| match told {
            ServerCommand::Nln { presence: PresenceLine { passport, object, .. } }
            | ServerCommand::Iln { presence: PresenceLine { passport, object, .. }, .. }
                if passport == contact && *object == wanted =>
            {
                Some(object.clone())
            }
            _ => None,
        })
        .await
}

async fn friends(server: &Server, of_bob: Dialect) -> (Messenger, Messenger) {
    let mut alice = Messenger::online(server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(server, BOB, of_bob).await;
    alice.add(BOB).await;
    bob.add(ALICE).await;
    (alice, bob)
}

#[tokio::test]
async fn a_picture_is_announced_changed_and_taken_away() {
    let server = server(&[ALICE, BOB]);
    for dialect in [Dialect::Msnp12, Dialect::Msnp11] {
        let (mut alice, mut bob) = friends(&server, dialect).await;
        let first = Object::describe(ALICE, ObjectKind::Picture, "", &pattern(5000));
        let second = Object::describe(ALICE, ObjectKind::Picture, "me + you = \u{2665}", &pattern(600));
        for object in [&first, &second] {
            alice.picture("NLN", &object.encoded()).await;
            picture_of(&mut bob, ALICE, Some(object)).await;
        }
        // Whoever comes later sees it at once.
        drop(bob);
        let mut bob = Messenger::online(&server, BOB, dialect).await;
        picture_of(&mut bob, ALICE, Some(&second)).await;
        alice.picture("NLN", "").await;
        picture_of(&mut bob, ALICE, None).await;
    }
}

#[tokio::test]
async fn each_fetches_the_others_over_a_switchboard_that_shows_nothing() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, mut bob) = friends(&server, Dialect::Msnp11).await;
    let (her_picture, his_picture) = (pattern(24_539), pattern(1202));
    let hers_announced = Object::describe(ALICE, ObjectKind::Picture, "", &her_picture);
    let his_announced = Object::describe(BOB, ObjectKind::Picture, "", &his_picture);
    alice.picture("NLN", &hers_announced.encoded()).await;
    bob.picture("BSY", &his_announced.encoded()).await;
    let seen = Object::decode(&picture_of(&mut bob, ALICE, Some(&hers_announced)).await.unwrap());

    let (mut his, mut hers) = bob.meet(&mut alice).await;
    let (fetched, ()) = join!(his.fetch_object(ALICE, &seen), hers.serve_object(BOB, &hers_announced, &her_picture));
    assert!(fetched == her_picture);
    // She uses the same for his.
    let (fetched, ()) =
        join!(hers.fetch_object(BOB, &his_announced), his.serve_object(ALICE, &his_announced, &his_picture));
    assert!(fetched == his_picture);
    his.leave().await;
    hers.left(BOB).await;
    assert_eq!(hers.leave().await, [], "nothing else was said");
}

#[tokio::test]
async fn a_picture_that_is_gone_is_refused_and_does_not_stop_the_talk() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, mut bob) = friends(&server, Dialect::Msnp12).await;
    let object = Object::describe(ALICE, ObjectKind::Picture, "", &pattern(50));
    let (mut his, mut hers) = bob.meet(&mut alice).await;
    let refuse = async {
        let call = hers.asked_for_object(BOB, &object).await;
        hers.decline(&call).await;
    };
    let (answer, ()) = join!(his.ask_for_object(ALICE, &object), refuse);
    assert_eq!(answer, Err(603));
    his.tell(text("no picture?")).await;
    assert_eq!(hers.hear_text(BOB).await, "no picture?");
}
