//! A client of MSNP12, as little of one as load needs.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};

/// How long the server may take to answer anything; under load a sign-in may wait for many others.
const PATIENCE: Duration = Duration::from_mins(1);

/// How many addresses of the loopback network connections come from.
const SOURCES: u32 = 200;

/// What went wrong, in one line.
pub(crate) type Fault = String;

/// Where the server is, as a client knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) messenger: SocketAddr,
    pub(crate) web: SocketAddr,
}

/// An account and what proves it.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) passport: String,
    pub(crate) value: String,
}

/// Connects from the next source address: ports of one address run short, since each rests for a minute after its use.
pub(crate) async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let source = 2 + NEXT.fetch_add(1, Ordering::Relaxed) % SOURCES;
    let source = IpAddr::V4(Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() - 1 + source));
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(source, 0))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Proves a password over HTTP, on a connection of its own as a client does, and is given a ticket.
pub(crate) async fn ticket(web: SocketAddr, passport: &str, password: &str) -> Result<Ticket, Fault> {
    let mut stream = connect(web).await.map_err(|fault| format!("cannot connect to {web}: {fault}"))?;
    let request = format!(
        "POST /NotRST.srf HTTP/1.1\r\nHost: {web}\r\nX-User: {passport}\r\nX-Password: {password}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let asking = async {
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        io::Result::Ok(answer)
    };
    let answer = timeout(PATIENCE, asking).await.map_err(|_| "no answer to a password".to_owned())?;
    let answer = answer.map_err(|fault| format!("no answer to a password: {fault}"))?;
    let value = answer.lines().filter_map(|line| line.split_once(": ")).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("x-token").then(|| Ticket { passport: passport.to_owned(), value: value.to_owned() })
    });
    value.ok_or_else(|| format!("{passport} was given no ticket"))
}

/// One connection that speaks MSNP.
pub(crate) struct Client {
    stream: TcpStream,
    heard: Heard,
}

impl Client {
    /// Connects to a notification server or a switchboard.
    pub(crate) async fn connect(to: SocketAddr) -> Result<Self, Fault> {
        let stream = connect(to).await.map_err(|fault| format!("cannot connect to {to}: {fault}"))?;
        Ok(Self { stream, heard: Heard::default() })
    }

    /// Signs in, up to the answer to the first status.
    pub(crate) async fn sign_in(to: SocketAddr, ticket: &Ticket) -> Result<Self, Fault> {
        let Ticket { passport, value } = ticket;
        let mut client = Self::connect(to).await?;
        client.ask("VER 1 MSNP12 CVR0", "VER 1 MSNP12").await?;
        client.ask(&format!("CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 7.5.0324 msmsgs {passport}"), "CVR 2 ").await?;
        client.ask(&format!("USR 3 TWN I {passport}"), "USR 3 TWN S ").await?;
        client.ask(&format!("USR 4 TWN S t={value}&p="), "USR 4 OK ").await?;
        client.ask("SYN 5 0 0", "SYN 5 ").await?;
        client.ask("CHG 6 NLN 0", "CHG 6 ").await?;
        Ok(client)
    }

    /// Answers the challenge that follows the first status, after which nothing more is due to happen.
    pub(crate) async fn settle(&mut self) -> Result<(), Fault> {
        self.hear("CHL ").await?;
        // The server's default is to take any well-formed answer.
        self.say(format!("QRY 7 PROD0090YUAUV{{2B 32\r\n{}", "0".repeat(32)).as_bytes()).await?;
        self.hear("QRY 7").await?;
        Ok(())
    }

    /// Proves a password, signs in, of which few do so at the same time, and settles.
    pub(crate) async fn arrive(addresses: Addresses, passport: &str, password: &str) -> Result<Self, Fault> {
        static PLACES: Semaphore = Semaphore::const_new(16);
        let place = PLACES.acquire().await.map_err(|fault| fault.to_string())?;
        let ticket = ticket(addresses.web, passport, password).await?;
        let mut client = Self::sign_in(addresses.messenger, &ticket).await?;
        drop(place);
        client.settle().await?;
        Ok(client)
    }

    /// Opens a switchboard and calls somebody; `self` is the notification connection of `passport`.
    pub(crate) async fn call(&mut self, to: SocketAddr, passport: &str, other: &str) -> Result<Self, Fault> {
        let referral = self.ask("XFR 8 SB", "XFR 8 SB ").await?;
        let mut caller = Self::connect(to).await?;
        caller.ask(&format!("USR 1 {passport} {}", word(&referral, 5)), "USR 1 OK ").await?;
        caller.ask(&format!("CAL 2 {other}"), "CAL 2 RINGING ").await?;
        Ok(caller)
    }

    /// Answers a call; `self` is the notification connection of `passport`.
    pub(crate) async fn answer(&mut self, to: SocketAddr, passport: &str) -> Result<Self, Fault> {
        let ring = self.hear("RNG ").await?;
        let mut callee = Self::connect(to).await?;
        callee.ask(&format!("ANS 1 {passport} {} {}", word(&ring, 4), word(&ring, 1)), "ANS 1 OK").await?;
        Ok(callee)
    }

    /// Sends a line, and gives the first line that begins with `answer`.
    pub(crate) async fn ask(&mut self, line: &str, answer: &str) -> Result<String, Fault> {
        self.say(format!("{line}\r\n").as_bytes()).await?;
        self.hear(answer).await
    }

    /// Sends bytes as they are.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.stream.write_all(bytes).await.map_err(|fault| format!("the server hung up: {fault}"))
    }

    /// Waits for a line that begins so, and passes over all others with their payloads.
    pub(crate) async fn hear(&mut self, beginning: &str) -> Result<String, Fault> {
        self.hear_payload(beginning).await.map(|(line, _)| line)
    }

    /// As [`Client::hear`], with the payload.
    pub(crate) async fn hear_payload(&mut self, beginning: &str) -> Result<(String, Vec<u8>), Fault> {
        let hearing = async {
            loop {
                while let Some((line, payload)) = self.heard.command()? {
                    if line.starts_with(beginning) {
                        return Ok((line.to_owned(), payload.to_vec()));
                    }
                    expected(line).map_err(|line| format!("`{line}` came instead of `{beginning}`"))?;
                }
                self.more().await?;
            }
        };
        timeout(PATIENCE, hearing).await.unwrap_or_else(|_| Err(format!("`{beginning}` never came")))
    }

    /// Waits until something has come, and counts the commands of this name that are whole.
    pub(crate) async fn count(&mut self, name: &str) -> Result<usize, Fault> {
        self.more().await?;
        let mut count = 0;
        while let Some((line, _)) = self.heard.command()? {
            if line.starts_with(name) {
                count += 1;
            } else {
                expected(line).map_err(|line| format!("`{line}` came instead of `{name}`"))?;
            }
        }
        Ok(count)
    }

    async fn more(&mut self) -> Result<(), Fault> {
        let count = self.stream.read_buf(self.heard.room()).await;
        let count = count.map_err(|fault| format!("the server broke off: {fault}"))?;
        if count == 0 { Err("the server hung up".to_owned()) } else { Ok(()) }
    }
}

/// Lets many do something at the same time, and waits for all. A challenge comes a second after a sign-in: one after the other
/// would take long.
pub(crate) async fn all<Done: Send + 'static>(
    doings: impl Iterator<Item = impl Future<Output = Result<Done, Fault>> + Send + 'static>,
) -> Result<Vec<Done>, Fault> {
    let doing: JoinSet<_> = doings.collect();
    doing.join_all().await.into_iter().collect()
}

/// The word at that place of a line.
fn word(line: &str, place: usize) -> &str {
    line.split(' ').nth(place).unwrap_or_default()
}

/// Nobody who carries load is to be refused anything, or sent away.
fn expected(line: &str) -> Result<(), &str> {
    let is_refusal = line.starts_with(|first: char| first.is_ascii_digit());
    if is_refusal || ["OUT", "NAK"].iter().any(|name| line.starts_with(name)) { Err(line) } else { Ok(()) }
}

/// What has come and was not looked at yet; holds no memory while a client idles.
#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    start: usize,
}

impl Heard {
    /// Where more goes.
    fn room(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..std::mem::take(&mut self.start));
        &mut self.bytes
    }

    /// The next command, a line and its payload, if it is whole.
    fn command(&mut self) -> Result<Option<(&str, &[u8])>, Fault> {
        if self.start == self.bytes.len() {
            *self = Self::default();
            return Ok(None);
        }
        let rest = &self.bytes[self.start..];
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let line =
            std::str::from_utf8(&rest[..end]).map_err(|_| "the server sent a line that is not UTF-8".to_owned())?;
        let line = line.trim_end();
        let has_payload = ["MSG ", "UBX ", "GCF ", "NOT "].iter().any(|name| line.starts_with(name));
        let length = if has_payload { line.rsplit(' ').next().and_then(|length| length.parse().ok()) } else { None };
        let whole = end + 1 + length.unwrap_or(0);
        let Some(payload) = rest.get(end + 1..whole) else { return Ok(None) };
        self.start += whole;
        Ok(Some((line, payload)))
    }
}
