//! A connection to the server that may end at any time: unlike the strict one it takes every break as a thing that happens.

use std::collections::VecDeque;
use std::net::SocketAddr;

use chrysalis_test_harness::{PASSWORD, Server};
use msnp::frame::{Decoder, Direction, Frame, Limits, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

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

/// The server is gone, or answers what nobody expects of one that is about to go.
pub(super) struct Gone;

pub(super) type Happened<T> = Result<T, Gone>;

/// A connection.
pub(super) struct Line {
    pub(super) ears: Ears,
    pub(super) mouth: Mouth,
}

/// What comes.
pub(super) struct Ears {
    stream: OwnedReadHalf,
    decoder: Decoder,
    /// What came while an answer was waited for.
    passed: VecDeque<Frame>,
}

/// What goes.
pub(super) struct Mouth {
    stream: OwnedWriteHalf,
    /// The number of the last command.
    pub(super) transaction: u32,
}

impl Line {
    /// Signs in, as far as being online.
    pub(super) async fn sign_in(place: Place, account: &str) -> Happened<Self> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("http://{}/NotRST.srf", place.web));
        let request = request.header("X-User", account).header("X-Password", PASSWORD);
        let answer = request.send().await.map_err(|_| Gone)?;
        let ticket = answer.headers().get("X-Token").ok_or(Gone)?.to_str().unwrap().to_owned();
        let mut line = Self::connect(place.messenger, Side::Notification).await?;
        line.ask("VER", "MSNP12 CVR0").await?;
        line.ask("CVR", &format!("0x0409 winnt 5.1 i386 MSNMSGR 7.5.0324 msmsgs {account}")).await?;
        line.ask("USR", &format!("TWN I {account}")).await?;
        line.ask("USR", &format!("TWN S {ticket}")).await?;
        line.ask("SYN", "0 0").await?;
        line.ask("CHG", "NLN 1342177280").await?;
        Ok(line)
    }

    /// Answers a ring: the switchboard that it names.
    pub(super) async fn answer(ring: &Frame, account: &str) -> Happened<Self> {
        let [session, address, _, cookie, ..] = &ring.arguments[..] else { panic!("{ring:?}") };
        let mut line = Self::connect(address.parse().unwrap(), Side::Switchboard).await?;
        line.ask("ANS", &format!("{account} {cookie} {session}")).await?;
        Ok(line)
    }

    /// Asks this connection for a switchboard, and calls somebody there.
    pub(super) async fn call(&mut self, account: &str, callee: &str) -> Happened<Self> {
        let named = self.ask("XFR", "SB").await?;
        let [_, _, address, _, cookie, ..] = &named.arguments[..] else { panic!("{named:?}") };
        let mut line = Self::connect(address.parse().unwrap(), Side::Switchboard).await?;
        line.ask("USR", &format!("{account} {cookie}")).await?;
        line.ask("CAL", callee).await?;
        Ok(line)
    }

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
}

impl Mouth {
    /// Sends a command; gives its number.
    pub(super) async fn send(&mut self, command: &str, rest: &str, payload: &str) -> Happened<u32> {
        self.transaction += 1;
        let bytes = format!("{command} {} {rest}\r\n{payload}", self.transaction);
        self.stream.write_all(bytes.as_bytes()).await.map_err(|_| Gone)?;
        Ok(self.transaction)
    }
}

impl Ears {
    /// What comes next.
    pub(super) async fn next(&mut self) -> Happened<Frame> {
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
