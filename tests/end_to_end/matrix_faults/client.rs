//! A Messenger client that comes back as often as the server goes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrysalis_test_harness::text;
use msnp::frame::Frame;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::journal::{Heard, Journal};
use super::line::{Ears, Happened, Line, Mouth, Place};
use super::word::Word;

/// How soon a client comes back. Nobody does within no time at all.
const PAUSE: Duration = Duration::from_millis(50);

/// The server's own contact.
const SERVICE: &str = "chrysalis@msn.example";

/// One user of Messenger.
#[derive(Clone)]
pub(super) struct Client {
    /// The place among the accounts.
    pub(super) place: usize,
    pub(super) account: String,
    /// Whom each conversation is with, as Messenger has them.
    pub(super) contacts: Arc<BTreeMap<usize, String>>,
    pub(super) journal: Arc<Mutex<Journal>>,
}

impl Client {
    /// Signs in, says what it is told to say and writes down what it hears, over and over, as long as the test lasts.
    pub(super) async fn live(self, mut places: watch::Receiver<Option<Place>>, mut orders: mpsc::Receiver<Word>) {
        let mut unsaid = VecDeque::new();
        loop {
            let Ok(place) = places.wait_for(Option::is_some).await.map(|place| *place) else { return };
            if let Some(place) = place {
                let _ = self.session(place, &mut orders, &mut unsaid).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn session(
        &self,
        place: Place,
        orders: &mut mpsc::Receiver<Word>,
        unsaid: &mut VecDeque<Word>,
    ) -> Happened<()> {
        let mut notification = Line::sign_in(place, &self.account).await?;
        // In each conversation the one opened last is spoken on. The others stay open, as both may have called at once.
        let mut talks: BTreeMap<String, Vec<Talk>> = BTreeMap::new();
        loop {
            tokio::select! {
                frame = notification.ears.next() => {
                    let frame = frame?;
                    if frame.command.as_str() == "RNG" {
                        let caller = caller(&frame);
                        let talk = Talk::on(Line::answer(&frame, &self.account).await?, self);
                        talks.entry(caller).or_default().push(talk);
                    }
                }
                Some(order) = orders.recv() => unsaid.push_back(order),
            }
            while let Some(word) = unsaid.front().copied() {
                let contact = &self.contacts[&word.conversation];
                let open = talks.entry(contact.clone()).or_default();
                open.retain(Talk::goes_on);
                if open.is_empty() {
                    open.push(Talk::on(notification.call(&self.account, contact).await?, self));
                }
                // Said once, whatever becomes of it: what was not acknowledged was not promised.
                unsaid.pop_front();
                self.journal.lock().unwrap().said.insert(word);
                open.last_mut().expect("a talk").say(word).await?;
            }
        }
    }
}

fn caller(ring: &Frame) -> String {
    let [_, _, _, _, caller, ..] = &ring.arguments[..] else { panic!("{ring:?}") };
    caller.clone()
}

/// A conversation. What comes is written down until the server is gone, whatever becomes of this value.
struct Talk {
    mouth: Mouth,
    said: Said,
    hearing: JoinHandle<()>,
}

/// The words by the transactions that say them.
type Said = Arc<Mutex<BTreeMap<u32, Word>>>;

impl Talk {
    fn on(line: Line, client: &Client) -> Self {
        let said = Said::default();
        let hearing = tokio::spawn(hear(line.ears, Arc::clone(&said), client.clone()));
        Self { mouth: line.mouth, said, hearing }
    }

    fn goes_on(&self) -> bool {
        !self.hearing.is_finished()
    }

    async fn say(&mut self, word: Word) -> Happened<()> {
        // Before it is said: the answer may be quick.
        self.said.lock().unwrap().insert(self.mouth.transaction + 1, word);
        let payload = text(&word.to_string());
        self.mouth.send("MSG", &format!("A {}", payload.len()), &payload).await.map(drop)
    }
}

/// Writes down what comes, until nothing can come any more.
async fn hear(mut ears: Ears, said: Said, client: Client) {
    let connection = client.journal.lock().unwrap().connect();
    while let Ok(frame) = ears.next().await {
        let mut journal = client.journal.lock().unwrap();
        let said = |frame: &Frame| said.lock().unwrap()[&frame.transaction().unwrap()];
        match (frame.command.as_str(), &frame.payload) {
            ("ACK", None) => drop(journal.taken.insert(said(&frame))),
            ("NAK", None) => drop(journal.denied.insert(said(&frame))),
            ("MSG", Some(payload)) => {
                let payload = std::str::from_utf8(payload).unwrap();
                let (headers, body) = payload.split_once("\r\n\r\n").unwrap();
                if !headers.contains("text/plain") {
                    continue;
                }
                match Word::read(body) {
                    Some(word)
                        if client.contacts.get(&word.conversation).map(String::as_str)
                            == Some(&*frame.arguments[0]) =>
                    {
                        journal.heard.push(Heard { by: client.place, word, connection, at: Instant::now() });
                    }
                    // What the server's own contact still has to tell of how the rooms came about; and, on a slow machine, that
                    // more waits than opens by itself after a restart.
                    None if frame.arguments[0] == SERVICE
                        && (body.contains("asks you into the room")
                            || body.starts_with("More messages wait for you.")) => {}
                    Some(_) | None => journal.reports.push(format!("from {}: {body}", frame.arguments[0])),
                }
            }
            _ => {}
        }
    }
    client.journal.lock().unwrap().ended.insert(connection, Instant::now());
}
