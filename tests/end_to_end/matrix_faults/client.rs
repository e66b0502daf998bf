//! A client that comes back as often as the server goes: unlike the strict one it takes every break as a thing that happens.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrysalis_test_harness::{PASSWORD, Server, text};
use msnp::frame::{Decoder, Direction, Frame, Limits, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::matrix::{ALICE, CAROL};

/// Where the server is at the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    messenger: SocketAddr,
    web: SocketAddr,
}

impl Place {
    pub(super) fn of(server: &Server) -> Self {
        Self { messenger: server.address(), web: server.web() }
    }
}

/// What the client has lived through.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// What the server has acknowledged.
    pub(super) taken: BTreeSet<u32>,
    pub(super) heard: Vec<Heard>,
    /// When each switchboard connection ended.
    pub(super) ended: BTreeMap<u32, Instant>,
    /// What was said that is no number.
    pub(super) reports: Vec<String>,
    connections: u32,
}

/// A message that came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) number: u32,
    /// The connection it came on.
    pub(super) connection: u32,
    pub(super) at: Instant,
}

/// The server is gone, or answers what nobody expects of one that is about to go.
struct Gone;

type Happened<T> = Result<T, Gone>;

/// Signs in, says what it is told to say and writes down what it hears, over and over, as long as the test lasts.
pub(super) async fn live(
    mut places: watch::Receiver<Option<Place>>,
    mut orders: mpsc::Receiver<u32>,
    journal: Arc<Mutex<Journal>>,
) {
    let mut unsaid = VecDeque::new();
    loop {
        let Ok(place) = places.wait_for(Option::is_some).await.map(|place| *place) else { return };
        if let Some(place) = place {
            let _ = session(place, &mut orders, &mut unsaid, &journal).await;
        }
        // Nobody comes back within no time at all.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn session(
    place: Place,
    orders: &mut mpsc::Receiver<u32>,
    unsaid: &mut VecDeque<u32>,
    journal: &Arc<Mutex<Journal>>,
) -> Happened<()> {
    let mut notification = sign_in(place).await?;
    // The one opened last is spoken on. The others stay open, as both may have called at once.
    let mut talks: Vec<Talk> = Vec::new();
    loop {
        tokio::select! {
            frame = notification.next() => {
                let frame = frame?;
                if frame.command.as_str() == "RNG" {
                    talks.push(Talk::answer(&frame, journal).await?);
                }
            }
            Some(order) = orders.recv() => unsaid.push_back(order),
        }
        while let Some(number) = unsaid.front().copied() {
            talks.retain(Talk::goes_on);
            if talks.is_empty() {
                talks.push(Talk::begin(&mut notification, journal).await?);
            }
            // Said once, whatever becomes of it: what was not acknowledged was not promised.
            unsaid.pop_front();
            talks.last_mut().expect("a talk").say(number).await?;
        }
    }
}

async fn sign_in(place: Place) -> Happened<Line> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("http://{}/NotRST.srf", place.web));
    let request = request.header("X-User", CAROL).header("X-Password", PASSWORD);
    let answer = request.send().await.map_err(|_| Gone)?;
    let ticket = answer.headers().get("X-Token").ok_or(Gone)?.to_str().unwrap().to_owned();
    let mut line = Line::connect(place.messenger, Side::Notification).await?;
    line.ask("VER", "MSNP12 CVR0").await?;
    line.ask("CVR", &format!("0x0409 winnt 5.1 i386 MSNMSGR 7.5.0324 msmsgs {CAROL}")).await?;
    line.ask("USR", &format!("TWN I {CAROL}")).await?;
    line.ask("USR", &format!("TWN S {ticket}")).await?;
    line.ask("SYN", "0 0").await?;
    line.ask("CHG", "NLN 1342177280").await?;
    Ok(line)
}

/// A conversation with Alice. What comes is written down until the server is gone, whatever becomes of this value.
struct Talk {
    mouth: Mouth,
    said: Said,
    hearing: JoinHandle<()>,
}

/// The numbers by the transactions that say them.
type Said = Arc<Mutex<BTreeMap<u32, u32>>>;

impl Talk {
    /// Answers when the server rings.
    async fn answer(ring: &Frame, journal: &Arc<Mutex<Journal>>) -> Happened<Self> {
        let [session, address, _, cookie, ..] = &ring.arguments[..] else { panic!("{ring:?}") };
        let mut line = Line::connect(address.parse().unwrap(), Side::Switchboard).await?;
        line.ask("ANS", &format!("{CAROL} {cookie} {session}")).await?;
        Ok(Self::on(line, journal))
    }

    /// Calls Alice.
    async fn begin(notification: &mut Line, journal: &Arc<Mutex<Journal>>) -> Happened<Self> {
        let named = notification.ask("XFR", "SB").await?;
        let [_, _, address, _, cookie, ..] = &named.arguments[..] else { panic!("{named:?}") };
        let mut line = Line::connect(address.parse().unwrap(), Side::Switchboard).await?;
        line.ask("USR", &format!("{CAROL} {cookie}")).await?;
        line.ask("CAL", ALICE).await?;
        Ok(Self::on(line, journal))
    }

    fn on(line: Line, journal: &Arc<Mutex<Journal>>) -> Self {
        let said = Said::default();
        let hearing = tokio::spawn(hear(line.ears, Arc::clone(&said), Arc::clone(journal)));
        Self { mouth: line.mouth, said, hearing }
    }

    fn goes_on(&self) -> bool {
        !self.hearing.is_finished()
    }

    async fn say(&mut self, number: u32) -> Happened<()> {
        // Before it is said: the answer may be quick.
        self.said.lock().unwrap().insert(self.mouth.transaction + 1, number);
        let payload = text(&number.to_string());
        self.mouth.send("MSG", &format!("A {}", payload.len()), &payload).await.map(drop)
    }
}

/// Writes down what comes, until nothing can come any more.
async fn hear(mut ears: Ears, said: Said, journal: Arc<Mutex<Journal>>) {
    let connection = {
        let mut journal = journal.lock().unwrap();
        journal.connections += 1;
        journal.connections
    };
    while let Ok(frame) = ears.next().await {
        let mut journal = journal.lock().unwrap();
        match (frame.command.as_str(), &frame.payload) {
            ("ACK", None) => {
                let number = said.lock().unwrap()[&frame.transaction().unwrap()];
                journal.taken.insert(number);
            }
            ("MSG", Some(payload)) => {
                let payload = std::str::from_utf8(payload).unwrap();
                let (headers, body) = payload.split_once("\r\n\r\n").unwrap();
                match body.parse() {
                    Ok(number) => journal.heard.push(Heard { number, connection, at: Instant::now() }),
                    Err(_) if headers.contains("text/plain") => journal.reports.push(body.to_owned()),
                    Err(_) => {}
                }
            }
            _ => {}
        }
    }
    journal.lock().unwrap().ended.insert(connection, Instant::now());
}

/// A connection that may end at any time.
struct Line {
    ears: Ears,
    mouth: Mouth,
}

struct Ears {
    stream: OwnedReadHalf,
    decoder: Decoder,
    /// What came while an answer was waited for.
    passed: VecDeque<Frame>,
}

struct Mouth {
    stream: OwnedWriteHalf,
    transaction: u32,
}

impl Line {
    async fn connect(address: SocketAddr, side: Side) -> Happened<Self> {
        assert!(address.ip().is_loopback(), "tests stay on this machine: {address}");
        let stream = TcpStream::connect(address).await.map_err(|_| Gone)?;
        stream.set_nodelay(true).map_err(|_| Gone)?;
        let (read, write) = stream.into_split();
        let decoder = Decoder::with_direction(side, Direction::FromServer, Limits::default());
        let ears = Ears { stream: read, decoder, passed: VecDeque::new() };
        Ok(Self { ears, mouth: Mouth { stream: write, transaction: 0 } })
    }

    /// Sends a command, and waits for the command that answers it.
    async fn ask(&mut self, command: &str, rest: &str) -> Happened<Frame> {
        self.mouth.send(command, rest, "").await?;
        loop {
            let frame = self.ears.read().await?;
            if frame.command.as_str() == command {
                return Ok(frame);
            }
            // A refusal here is the fault of the break before: one starts anew.
            if frame.command.error_number().is_some() {
                return Err(Gone);
            }
            self.ears.passed.push_back(frame);
        }
    }

    async fn next(&mut self) -> Happened<Frame> {
        self.ears.next().await
    }
}

impl Mouth {
    async fn send(&mut self, command: &str, rest: &str, payload: &str) -> Happened<u32> {
        self.transaction += 1;
        let bytes = format!("{command} {} {rest}\r\n{payload}", self.transaction);
        self.stream.write_all(bytes.as_bytes()).await.map_err(|_| Gone)?;
        Ok(self.transaction)
    }
}

impl Ears {
    async fn next(&mut self) -> Happened<Frame> {
        match self.passed.pop_front() {
            Some(frame) => Ok(frame),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Happened<Frame> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.decoder.next_frame().expect("frames") {
                return Ok(frame);
            }
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return Err(Gone),
                Ok(count) => self.decoder.push(&buffer[..count]),
            }
        }
    }
}
