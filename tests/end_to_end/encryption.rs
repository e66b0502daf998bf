//! Messenger users in encrypted rooms of Matrix, with real clients of matrix-sdk on the other side.

mod bot;
mod direct;
mod outages;
mod rooms;

use chrysalis_test_harness::{Heard, Homeserver, MatrixClient, Messenger, Room, Server, text};
use msnp::dialect::Dialect;
use serde_json::Value;

use crate::{
    matrix::{ALICE, CAROL, CAROLS_GHOST},
    program,
};

const DAVE: &str = "dave@msn.example";
const DAVES_GHOST: &str = "@msn_dave=40msn.example:example.org";

/// The contact that is the server itself.
const SERVICE: &str = "chrysalis@msn.example";

/// A server and its homeserver, which end in this order.
struct Setup {
    server: Server,
    homeserver: Homeserver,
}

impl Setup {
    async fn start(accounts: &[&str]) -> Self {
        Self::of(Homeserver::start(program()).await, accounts)
    }

    /// With a proxy on each of the two ways between server and homeserver.
    async fn behind_proxies(accounts: &[&str]) -> Self {
        Self::of(Homeserver::start_behind_proxies(program(), 6).await, accounts)
    }

    fn of(homeserver: Homeserver, accounts: &[&str]) -> Self {
        let server = Server::start_with(program(), accounts, &homeserver.section());
        Self { server, homeserver }
    }
}

/// Carol on Messenger and Alice on Matrix, who have added each other; and the encrypted chat that Alice has made with the ghost.
async fn friends(setup: &Setup) -> (Messenger, MatrixClient, String) {
    let alice = client(setup, "alice", "Alice L.").await;
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    setup.homeserver.user("alice").until_named(CAROLS_GHOST, "Carol").await;
    let room = alice.invite(CAROLS_GHOST).await;
    assert_eq!(carol.added_by(ALICE).await.as_deref(), Some("Alice L."));
    carol.add(ALICE).await;
    alice.until_member(&room, CAROLS_GHOST, "join").await;
    (carol, alice, room)
}

/// Somebody on Matrix who shows this name.
async fn client(setup: &Setup, localpart: &str, name: &str) -> MatrixClient {
    setup.homeserver.user(localpart).rename(name).await;
    setup.homeserver.client(localpart).await
}

/// A window with a contact, who has come in.
async fn window(messenger: &mut Messenger, contact: &str) -> Room {
    let mut room = messenger.call(contact).await;
    room.joined(contact).await;
    room
}

/// Tells the server's own contact something; gives its answer.
async fn asks(service: &mut Room, words: &str) -> String {
    service.tell(text(words)).await;
    service.hear_text(SERVICE).await.replace("\r\n", "\n")
}

/// Waits for what one of our users says in an encrypted room: it has to be encrypted, and clients must show no shield beside it.
async fn unflagged(alice: &MatrixClient, room: &str, who: &str, words: &str) -> Heard {
    let heard = alice.until_said(room, who, words).await;
    assert!(heard.is_sealed(), "in clear: {heard:?}");
    alice.until_unflagged(&heard).await;
    heard
}

/// What the homeserver knows of a room must tell none of these words, of nobody.
async fn nothing_is_readable(setup: &Setup, user: &str, room: &str, secrets: &[&str]) {
    let history = setup.homeserver.user(user).history(room).await;
    let sealed = history.iter().filter(|event| event["type"] == "m.room.encrypted").count();
    assert!(sealed > 0, "{history:#?}");
    for event in &history {
        let is_message = ["m.room.message", "m.sticker"].map(Value::from).contains(&event["type"]);
        assert!(!is_message, "in clear: {event}");
        for secret in secrets {
            assert!(!event.to_string().contains(secret), "{secret} can be read in {event}");
        }
    }
}
