//! Messenger users and Matrix users, through a real homeserver.

mod commands;
mod people;
mod presence;
mod talk;

use chrysalis_test_harness::{Homeserver, MatrixUser, Messenger, Server};
use msnp::dialect::Dialect;

use crate::program;

pub(crate) const CAROL: &str = "carol@msn.example";
const DAVE: &str = "dave@msn.example";

/// Carol and Dave, as Matrix has them.
pub(crate) const CAROLS_GHOST: &str = "@msn_carol=40msn.example:example.org";
const DAVES_GHOST: &str = "@msn_dave=40msn.example:example.org";

/// Alice and Bob, as Messenger has them.
pub(crate) const ALICE: &str = "alice_at_example.org@matrix.msn.example";
const BOB: &str = "bob_at_example.org@matrix.msn.example";

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
