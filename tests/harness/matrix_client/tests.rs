//! Two clients of a homeserver that knows nobody else.

use crate::{Homeserver, Sealing};

#[tokio::test]
async fn two_clients_talk_encrypted() {
    let homeserver = Homeserver::start_alone().await;
    for name in ["alice", "bob"] {
        homeserver.user(name);
    }
    let (alice, bob) = (homeserver.client("alice").await, homeserver.client("bob").await);
    let room = alice.invite(bob.id()).await;
    assert_eq!(bob.until_invited_by(alice.id()).await, room);
    bob.join(&room).await;
    alice.until_member(&room, bob.id(), "join").await;
    assert!(bob.is_encrypted(&room).await);

    let asked = alice.say(&room, "how are you?").await;
    let heard = bob.until_said(&room, alice.id(), "how are you?").await;
    assert_eq!((heard.id(), heard.is_sealed()), (&*asked, true));
    bob.until_unflagged(&heard).await;
    bob.edit(&room, &bob.reply(&room, &asked, "fine").await, "very well").await;
    alice.until_said(&room, bob.id(), "* very well").await;
    let picture = b"\x89PNG\r\n\x1a\n".repeat(1_000);
    bob.send_file(&room, "m.image", ("cat.png", "image/png"), &picture).await;
    let cat = alice.until_said(&room, bob.id(), "cat.png").await;
    assert!(alice.fetch(cat.content()).await == picture && cat.content().get("url").is_none());

    // A second device of Bob's reads nothing of that, and what it says is flagged, until the first has verified it.
    let second = homeserver.client("bob").await;
    assert!(second.said_by(&room, alice.id()).iter().all(Option::is_none));
    second.say(&room, "it is me").await;
    let flagged = alice.until_said(&room, bob.id(), "it is me").await;
    assert!(matches!(&flagged.sealing, Sealing::Sealed(Some(shield)) if shield.starts_with("red")), "{flagged:?}");
    let (mine, theirs) = tokio::join!(second.ask_for_verification(), bob.accept_verification());
    assert_eq!((mine.names.len(), &mine.names), (7, &theirs.names));
    mine.confirm().await;
    theirs.confirm().await;
    tokio::join!(mine.until_done(), theirs.until_done());
    alice.until_unflagged(&flagged).await;

    // What is in clear is flagged; and who is signed out is gone.
    let mut with_a_simple_client = homeserver.user("alice");
    with_a_simple_client.say(&room, "oops").await;
    let oops = bob.until_said(&room, alice.id(), "oops").await;
    assert!(oops.is_flagged() && !oops.is_sealed(), "{oops:?}");
    assert!(bob.devices().await.contains_key(&second.device()));
    bob.sign_out(&second.device()).await;
    assert!(!bob.devices().await.contains_key(&second.device()));
}

#[tokio::test]
async fn a_recovery_key_opens_what_was_said_before() {
    let homeserver = Homeserver::start_alone().await;
    for name in ["alice", "bob"] {
        homeserver.user(name);
    }
    let (alice, bob) = (homeserver.client("alice").await, homeserver.client("bob").await);
    let room = alice.invite(bob.id()).await;
    bob.until_invited_by(alice.id()).await;
    bob.join(&room).await;
    alice.until_member(&room, bob.id(), "join").await;
    alice.say(&room, "before").await;
    bob.until_said(&room, alice.id(), "before").await;
    let key = bob.make_recovery_key().await;
    let second = homeserver.client("bob").await;
    assert!(!second.is_signed(&second.device()).await);
    second.recover(&key).await;
    second.until_said(&room, alice.id(), "before").await;
    bob.until_signed(&second.device()).await;
}
