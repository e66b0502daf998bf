//! Messenger users who have linked the account that they have on Matrix themselves.

mod both_ways;
mod coming_and_going;
mod encrypted;
mod existing;
mod linking;
mod restoring;
mod verifying;

use std::path::Path;

use chrysalis_test_harness::{Finished, Homeserver, MatrixUser, Messenger, Room, Server, text};
use msnp::dialect::Dialect;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{matrix::CAROL, program};

/// Carol, as Matrix has her: no ghost, but she herself.
const CAROLS_ID: &str = "@carol:example.org";

/// A room that she is in, as Messenger has it.
const TEA: &str = "tea@rooms.matrix.msn.example";

/// The contact that is the server itself.
const SERVICE: &str = "chrysalis@msn.example";

/// The group that chats and rooms of a linked account come into.
const GROUP: &str = "Matrix";

/// What stands in the line that says who speaks.
const VOICE: &str = "You speak here as ";

/// A server and its homeserver, which end in this order.
struct Setup {
    server: Server,
    homeserver: Homeserver,
}

impl Setup {
    async fn start(accounts: &[&str]) -> Self {
        Self::of(Homeserver::start(program()).await, accounts, "")
    }

    fn of(homeserver: Homeserver, accounts: &[&str], keys: &str) -> Self {
        let server = Server::start_with(program(), accounts, &format!("{}{keys}", homeserver.section()));
        Self { server, homeserver }
    }

    /// Links an account to one on Matrix by its password.
    fn try_link(&self, account: &str, user: &str, password: &str) -> Finished {
        let arguments = ["link", "add", account, "matrix", "--user", user, "--password-stdin"];
        self.server.command(&arguments, &format!("{password}\n"))
    }

    /// Links Carol to herself.
    fn link(&self) {
        let linked = self.try_link(CAROL, CAROLS_ID, Homeserver::PASSWORD);
        assert_eq!(linked.code, 0, "{linked:?}");
        assert!(linked.out.starts_with(&format!("{CAROL} is linked to matrix as {CAROLS_ID}")), "{linked:?}");
    }

    /// Does something with her link; gives what came of it.
    fn perform(&self, task: &str, answer: Option<(&str, &str)>) -> String {
        let stdin = answer.map(|(key, _)| format!("--{key}-stdin"));
        let mut arguments = vec!["link", "do", CAROL, "matrix", task];
        arguments.extend(stdin.as_deref());
        let done = self.server.command(&arguments, &answer.map_or(String::new(), |(_, answer)| format!("{answer}\n")));
        assert_eq!(done.code, 0, "{task}: {done:?}");
        done.out
    }

    /// Her links.
    fn links(&self) -> Value {
        let listed = self.server.command(&["link", "list", CAROL, "--json"], "");
        assert_eq!(listed.code, 0, "{listed:?}");
        serde_json::from_str(&listed.out).unwrap()
    }

    /// The devices that she has on Matrix beside those that were there `before`.
    async fn devices(&self, user: &MatrixUser, before: &[String]) -> Vec<String> {
        let answer = user.call(Method::GET, "devices", Value::Null).await;
        let devices = answer["devices"].as_array().unwrap().iter();
        let ids = devices.map(|device| device["device_id"].as_str().unwrap().to_owned());
        ids.filter(|id| !before.contains(id)).collect()
    }
}

/// Somebody on Matrix who shows this name.
async fn user(setup: &Setup, localpart: &str, name: &str) -> MatrixUser {
    let user = setup.homeserver.user(localpart);
    user.rename(name).await;
    user
}

/// Alice and Carol, as simple clients of theirs see it: they have a direct chat, and both say so.
async fn direct_chat(alice: &MatrixUser, carol: &MatrixUser) -> String {
    let room = alice.invite(carol.id()).await;
    carol.join(&room).await;
    is_direct(carol, alice.id(), &room).await;
    room
}

/// One's own client says that this is a direct chat with somebody.
async fn is_direct(user: &MatrixUser, with: &str, room: &str) {
    let path = format!("user/{}/account_data/m.direct", user.id());
    user.call(Method::PUT, &path, json!({ with: [room] })).await;
}

/// Waits until these stand on the list, in the group of the network.
async fn until_listed(messenger: &mut Messenger, contacts: &[&str]) {
    for contact in contacts {
        assert_eq!(messenger.until_listed(contact).await.groups, [GROUP], "{contact}");
    }
}

/// Carol's client, with these on its list from the beginning.
async fn online(setup: &Setup, contacts: &[&str]) -> Messenger {
    let mut early = Messenger::sign_in(&setup.server, CAROL, Dialect::Msnp12).await;
    until_listed(&mut early, contacts).await;
    early.wire().send("OUT\r\n").await;
    early.rest().await;
    Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await
}

/// Signs out, after all that was heard has counted as heard.
async fn signs_out(setup: &Setup, mut carol: Messenger, mut talk: Room) {
    talk.prove().await;
    setup.server.until_delivered().await;
    talk.leave().await;
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
}

/// A window with a contact, who has come in.
async fn window(messenger: &mut Messenger, contact: &str) -> Room {
    let mut room = messenger.call(contact).await;
    room.joined(contact).await;
    room
}

/// The next text of a contact that is not the line which says who speaks.
async fn hears(talk: &mut Room, contact: &str) -> String {
    loop {
        let heard = talk.hear_text(contact).await;
        if !heard.contains(VOICE) {
            return heard;
        }
    }
}

/// Tells the server's own contact something; gives its answer.
async fn asks(service: &mut Room, words: &str) -> String {
    service.tell(text(words)).await;
    service.hear_text(SERVICE).await.replace("\r\n", "\n")
}

/// No access token of Synapse's stands in anything that the server has written, which has to be much.
fn no_token_is_readable(server: &Server) {
    fn look(folder: &Path, looked_at: &mut usize) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, looked_at);
            } else if path.is_file() {
                // A file of a database in use may be gone by now.
                let bytes = std::fs::read(&path).unwrap_or_default();
                *looked_at += bytes.len();
                let is_there = bytes.windows(4).any(|four| four == b"syt_");
                assert!(!is_there, "an access token stands in {}", path.display());
            }
        }
    }
    let mut looked_at = 0;
    look(&server.data(), &mut looked_at);
    assert!(looked_at > 100_000, "the database was looked at");
    assert!(!server.log().contains("syt_"), "an access token stands in the log");
}
