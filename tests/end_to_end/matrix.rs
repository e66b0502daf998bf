//! Messenger users and Matrix users, through a real homeserver.

mod bot;
mod commands;
mod crowd;
mod files;
mod gathering;
mod looks;
mod outward;
mod people;
pub(crate) mod picture;
mod presence;
mod relations;
mod reloading;
mod resuming;
mod rooms;
mod setting_up;
mod talk;
mod words;

use chrysalis_test_harness::{Homeserver, MatrixUser, Messenger, Room, Server, text};
use msnp::dialect::Dialect;
use serde_json::Value;

use crate::program;

pub(crate) const CAROL: &str = "carol@msn.example";
const DAVE: &str = "dave@msn.example";

/// Carol and Dave, as Matrix has them.
pub(crate) const CAROLS_GHOST: &str = "@msn_carol=40msn.example:example.org";
const DAVES_GHOST: &str = "@msn_dave=40msn.example:example.org";

/// Alice and Bob, as Messenger has them.
pub(crate) const ALICE: &str = "alice_at_example.org@matrix.msn.example";
const BOB: &str = "bob_at_example.org@matrix.msn.example";

/// The contact that is the server itself.
const SERVICE: &str = "chrysalis@msn.example";

/// A server and its homeserver, which end in this order.
struct Setup {
    server: Server,
    homeserver: Homeserver,
}

/// A homeserver, and beside it a server with these accounts and further keys of `[server]`.
async fn setup(accounts: &[&str], keys: &str) -> Setup {
    let homeserver = Homeserver::start(program()).await;
    let server = Server::start_with(program(), accounts, &format!("{keys}\n{}", homeserver.section()));
    Setup { server, homeserver }
}

/// Carol on Messenger and Alice on Matrix, who have added each other; and their room. Nobody else is there, and Alice has shown
/// no presence yet.
async fn friends(setup: &Setup) -> (Messenger, MatrixUser, String) {
    let mut alice = setup.homeserver.user("alice");
    alice.rename("Alice L.").await;
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    alice.until_named(CAROLS_GHOST, "Carol").await;
    let room = alice.invite(CAROLS_GHOST).await;
    assert_eq!(carol.added_by(ALICE).await.as_deref(), Some("Alice L."));
    carol.add(ALICE).await;
    alice.until_member(&room, CAROLS_GHOST, "join").await;
    (carol, alice, room)
}

/// A window with a contact, who has come in.
async fn window(messenger: &mut Messenger, contact: &str) -> Room {
    let mut room = messenger.call(contact).await;
    room.joined(contact).await;
    room
}

/// Tells the server's own contact something; gives its answer, with the lines of Matrix.
async fn asks(service: &mut Room, words: &str) -> String {
    service.tell(text(words)).await;
    service.hear_text(SERVICE).await.replace("\r\n", "\n")
}

/// Waits for what somebody says in a room; gives the whole event.
async fn message_of(observer: &mut MatrixUser, room: &str, who: &str, words: &str) -> Value {
    let is_wanted = |event: &Value| {
        event["type"] == "m.room.message" && event["sender"] == who && event["content"]["body"] == words
    };
    observer.until_event(room, &format!("{who} to say {words:?}"), is_wanted).await
}
