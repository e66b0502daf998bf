//! How long a line takes from one client to another.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    CHEAP_PASSWORD,
    client::{self, Client, Fault},
    echo::Echo,
    method,
    program::Home,
    row,
};

/// Between two lines of one pair.
const PAUSE: Duration = Duration::from_secs(1);

/// What each pair says: a line of chat as Messenger sends it.
const PAYLOAD: &str = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
                       X-MMS-IM-Format: FN=MS%20Shell%20Dlg; EF=; CO=0; CS=0; PF=0\r\n\r\n\
                       See you at eight then, in front of the cinema.";

/// How many times the disk alone is asked.
const DISK_LOOKS: usize = 200;

/// Measures lines between `pairs` pairs, each saying `lines`, and the same bytes over the echo.
pub(crate) async fn measure(home: &Home, pairs: usize, lines: u32) -> Result<(), Fault> {
    let mut open = Vec::new();
    for number in 0..pairs {
        let (one, other) = (Home::passport("talker", 2 * number), Home::passport("talker", 2 * number + 1));
        open.push(Pair::open(home, one, other).await?);
    }
    let mut talking = JoinSet::new();
    for (pair, begin) in open.into_iter().zip(beginnings(pairs)) {
        talking.spawn(pair.talk(begin, lines));
    }
    let (mut heard, mut acknowledged) = (Vec::new(), Vec::new());
    while let Some(talked) = talking.join_next().await {
        let talked = talked.map_err(|fault| fault.to_string())??;
        heard.extend(talked.iter().map(|(heard, _)| *heard));
        acknowledged.extend(talked.iter().map(|(_, acknowledged)| *acknowledged));
    }
    row(&format!("message, {pairs} pairs"), &percentiles(heard));
    row("  acknowledged (durable)", &percentiles(acknowledged));

    let (_echo, address) = Echo::start()?;
    let mut open = Vec::new();
    for _ in 0..pairs {
        open.push(client::connect(address).await.map_err(|fault| format!("the echo: {fault}"))?);
    }
    let mut echoing = JoinSet::new();
    for (stream, begin) in open.into_iter().zip(beginnings(pairs)) {
        echoing.spawn(exchange(stream, begin, lines));
    }
    let mut times = Vec::new();
    while let Some(echoed) = echoing.join_next().await {
        times.extend(echoed.map_err(|fault| fault.to_string())?.map_err(|fault| format!("the echo: {fault}"))?);
    }
    row(&format!("plain TCP echo, {pairs} connections"), &percentiles(times));
    row("  the disk alone", &percentiles(disk(home.path()).map_err(|fault| format!("the disk: {fault}"))?));
    method(&format!(
        "each pair has a switchboard and says a line of {} bytes a second, {lines} times, class A, evenly spread; from the \
         write to the line at the other client, and to the ACK. Echo: as many connections, bytes and pauses, another process. \
         Disk: 4 kB appended to a file in the same folder and synchronised, which a durable message cannot go below.",
        PAYLOAD.len()
    ));
    Ok(())
}

/// When each begins, so that all together are evenly spread over the pause.
fn beginnings(count: usize) -> impl Iterator<Item = Instant> {
    let (first, count) = (Instant::now() + PAUSE, u32::try_from(count).unwrap_or(u32::MAX));
    (0..count).map(move |number| first + PAUSE * number / count)
}

/// Two clients in one switchboard.
struct Pair {
    caller: Client,
    callee: Client,
    /// Their notification connections, without which nobody may talk.
    _sessions: [Client; 2],
}

impl Pair {
    async fn open(home: &Home, one: String, other: String) -> Result<Self, Fault> {
        let addresses = home.addresses();
        let mut sessions = Vec::new();
        for passport in [&one, &other] {
            let ticket = client::ticket(addresses.web, passport, CHEAP_PASSWORD).await?;
            let mut session = Client::sign_in(addresses.messenger, &ticket).await?;
            session.settle().await?;
            sessions.push(session);
        }
        let mut sessions: [Client; 2] = sessions.try_into().map_err(|_| "a pair is two".to_owned())?;
        let [calling, called] = &mut sessions;

        let word = |line: &str, place: usize| line.split(' ').nth(place).map(str::to_owned).unwrap_or_default();
        let referral = calling.ask("XFR 8 SB", "XFR 8 SB ").await?;
        let mut caller = Client::connect(addresses.messenger).await?;
        caller.ask(&format!("USR 1 {one} {}", word(&referral, 5)), "USR 1 OK ").await?;
        caller.ask(&format!("CAL 2 {other}"), "CAL 2 RINGING ").await?;
        let ring = called.hear("RNG ").await?;
        let mut callee = Client::connect(addresses.messenger).await?;
        callee.ask(&format!("ANS 1 {other} {} {}", word(&ring, 4), word(&ring, 1)), "ANS 1 OK").await?;
        caller.hear("JOI ").await?;
        Ok(Self { caller, callee, _sessions: sessions })
    }

    /// How long each line took to be heard, and to be acknowledged.
    async fn talk(mut self, begin: Instant, lines: u32) -> Result<Vec<(Duration, Duration)>, Fault> {
        let mut times = Vec::new();
        for turn in 0..lines {
            sleep_until(begin + PAUSE * turn).await;
            let tag = turn + 3;
            let line = format!("MSG {tag} A {}\r\n{PAYLOAD}", PAYLOAD.len());
            let answer = format!("ACK {tag}");
            let sent = Instant::now();
            self.caller.say(line.as_bytes()).await?;
            let hearing = async { self.callee.hear("MSG ").await.map(|_| sent.elapsed()) };
            let acknowledging = async { self.caller.hear(&answer).await.map(|_| sent.elapsed()) };
            let (heard, acknowledged) = tokio::join!(hearing, acknowledging);
            times.push((heard?, acknowledged?));
        }
        Ok(times)
    }
}

async fn exchange(mut stream: TcpStream, begin: Instant, lines: u32) -> std::io::Result<Vec<Duration>> {
    let mut heard = vec![0; PAYLOAD.len()];
    let mut times = Vec::new();
    for turn in 0..lines {
        sleep_until(begin + PAUSE * turn).await;
        let sent = Instant::now();
        stream.write_all(PAYLOAD.as_bytes()).await?;
        stream.read_exact(&mut heard).await?;
        times.push(sent.elapsed());
    }
    Ok(times)
}

/// How long the disk takes to have a page.
fn disk(folder: &Path) -> std::io::Result<Vec<Duration>> {
    let mut file = File::create(folder.join("disk"))?;
    let mut times = Vec::new();
    for _ in 0..DISK_LOOKS {
        let began = Instant::now();
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    Ok(times)
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    format!("p50 {:.2?}, p99 {:.2?}, of {}", at(50), at(99), times.len())
}
