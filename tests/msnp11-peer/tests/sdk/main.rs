//! A client that other people wrote, `msnp11-sdk`: it talks with an MSNP12 session of our own strict client, and takes from and
//! gives to contacts of other networks, of which the server is the other side.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod discord;
mod media;
mod talk;

use std::path::PathBuf;

use chrysalis_test_harness::{Server, within};
use msnp11_sdk::{Client, Event, PlainText, Switchboard};
use tokio::sync::mpsc;

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

/// The SDK writes passwords as they are, where a comma would end them.
const PLAIN_PASSWORD: &str = "password1";

/// The server's program, which lies beside the tests of its workspace.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("chrysalis");
    assert!(program.exists(), "{} is missing: run `cargo build -p chrysalis` first", program.display());
    program
}

fn server(extra: &str) -> Server {
    let server = Server::start_with(&program(), &[BOB], extra);
    let added = server
        .command(&["account", "add", ALICE, "--name", "Alice", "--password-stdin"], &format!("{PLAIN_PASSWORD}\n"));
    assert_eq!(added.code, 0, "{added:?}");
    server
}

/// What happens to a client of the SDK, one after the other.
struct Events(mpsc::Receiver<Event>);

impl Events {
    async fn find<T>(&mut self, waiting_for: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        within(waiting_for, async {
            loop {
                let event = self.0.recv().await.unwrap_or_else(|| panic!("it ended instead of {waiting_for}"));
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        })
        .await
    }
}

fn listen() -> (mpsc::Sender<Event>, Events) {
    let (sender, receiver) = mpsc::channel(256);
    (sender, Events(receiver))
}

async fn connect(server: &Server) -> (Client, Events) {
    let (ip, port) = (server.address().ip().to_string(), server.address().port());
    let client = within("the SDK to connect", Client::new(&ip, port)).await.unwrap();
    let (sender, events) = listen();
    client.add_event_handler_closure(move |event| {
        let sender = sender.clone();
        async move {
            let _ = sender.send(event).await;
        }
    });
    (client, events)
}

async fn log_in(server: &Server, client: &Client) -> Event {
    let nexus = format!("http://{}/rdr/pprdr.asp", server.web());
    let login = client.login(ALICE.to_owned(), PLAIN_PASSWORD, &nexus, "msnp11-sdk", "0.13.0");
    within("the SDK to sign in", login).await.unwrap()
}

fn attend(switchboard: &Switchboard) -> Events {
    let (sender, events) = listen();
    switchboard.add_event_handler_closure(move |event| {
        let sender = sender.clone();
        async move {
            let _ = sender.send(event).await;
        }
    });
    events
}

fn plain(said: &str) -> PlainText {
    let (bold, italic, underline, strikethrough) = (true, false, false, false);
    PlainText { bold, italic, underline, strikethrough, color: "ff0000".to_owned(), text: said.to_owned() }
}
