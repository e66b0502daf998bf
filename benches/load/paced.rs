//! How long a line takes from one client to another, when each pair says one now and then.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    client::{self, Fault},
    method,
    pair::{PAYLOAD, Pair},
    processors::Shares,
    program::Home,
    row,
};

/// Between two lines of one pair.
const PAUSE: Duration = Duration::from_secs(1);

/// Between two lines where there is one pair only, of which there would be too few else.
const SHORT_PAUSE: Duration = Duration::from_millis(50);

/// How many times the disk alone is asked.
const DISK_LOOKS: usize = 200;

/// Measures lines between the first so many of the pairs, for each of the counts, and the same bytes over the echo.
pub(crate) async fn measure(
    server: u32,
    echo: SocketAddr,
    mut pairs: Vec<Pair>,
    counts: &[usize],
    time: Duration,
) -> Result<Vec<Pair>, Fault> {
    for &count in counts {
        let pace = Pace::of(count, time);
        let shares = Shares::begin(server)?;
        let mut talking = JoinSet::new();
        for (pair, begin) in pairs.drain(pairs.len() - count..).zip(pace.beginnings(count)) {
            talking.spawn(talk(pair, begin, pace));
        }
        let (mut heard, mut acknowledged) = (Vec::new(), Vec::new());
        while let Some(talked) = talking.join_next().await {
            let (pair, times) = talked.map_err(|fault| fault.to_string())??;
            pairs.push(pair);
            heard.extend(times.iter().map(|(heard, _)| *heard));
            acknowledged.extend(times.iter().map(|(_, acknowledged)| *acknowledged));
        }
        let shares = shares.words()?;

        let mut echoing = JoinSet::new();
        let mut streams = Vec::new();
        for _ in 0..count {
            streams.push(client::connect(echo).await.map_err(|fault| format!("the echo: {fault}"))?);
        }
        for (stream, begin) in streams.into_iter().zip(pace.beginnings(count)) {
            echoing.spawn(exchange(stream, begin, pace));
        }
        let mut echoed = Vec::new();
        while let Some(times) = echoing.join_next().await {
            let times = times.map_err(|fault| fault.to_string())?;
            echoed.extend(times.map_err(|fault| format!("the echo: {fault}"))?);
        }
        let each = pace.pause.as_millis();
        row(&format!("a line each {each} ms, {count} pairs: heard"), &percentiles(heard));
        row("· acknowledged, durable", &percentiles(acknowledged));
        row("· plain TCP echo", &percentiles(echoed));
        row("· processors, server + generator", &shares);
    }
    method(&format!(
        "each pair has a switchboard, and its caller says a line of {} bytes in class A, all evenly spread; from the write to \
         the line at the other client, and to the ACK. p50 / p99. Echo: as many connections, bytes and pauses, another process.",
        PAYLOAD.len()
    ));
    Ok(pairs)
}

/// Measures what a durable message cannot go below.
pub(crate) fn disk(home: &Home) -> Result<(), Fault> {
    let times = synchronise(home.path()).map_err(|fault| format!("the disk: {fault}"))?;
    row("the disk alone: 4 kB appended and synchronised", &percentiles(times));
    Ok(())
}

/// How often each pair says something, and how many times.
#[derive(Clone, Copy)]
struct Pace {
    pause: Duration,
    lines: u32,
}

impl Pace {
    fn of(count: usize, time: Duration) -> Self {
        let pause = if count == 1 { SHORT_PAUSE } else { PAUSE };
        Self { pause, lines: u32::try_from(time.as_millis() / pause.as_millis()).unwrap_or(u32::MAX) }
    }

    /// When each begins, so that all together are evenly spread over the pause.
    fn beginnings(self, count: usize) -> impl Iterator<Item = Instant> {
        let (first, count) = (Instant::now() + PAUSE / 2, u32::try_from(count).unwrap_or(u32::MAX));
        (0..count).map(move |number| first + self.pause * number / count)
    }
}

/// How long each line took to be heard, and to be acknowledged.
async fn talk(mut pair: Pair, begin: Instant, pace: Pace) -> Result<(Pair, Vec<(Duration, Duration)>), Fault> {
    let mut times = Vec::new();
    for turn in 0..pace.lines {
        sleep_until(begin + pace.pause * turn).await;
        let mut line = Vec::new();
        let answer = format!("ACK {}", pair.line('A', &mut line));
        let sent = Instant::now();
        pair.caller.say(&line).await?;
        let hearing = async { pair.callee.hear("MSG ").await.map(|_| sent.elapsed()) };
        let acknowledging = async { pair.caller.hear(&answer).await.map(|_| sent.elapsed()) };
        let (heard, acknowledged) = tokio::join!(hearing, acknowledging);
        times.push((heard?, acknowledged?));
    }
    Ok((pair, times))
}

async fn exchange(mut stream: TcpStream, begin: Instant, pace: Pace) -> std::io::Result<Vec<Duration>> {
    let mut heard = vec![0; PAYLOAD.len()];
    let mut times = Vec::new();
    for turn in 0..pace.lines {
        sleep_until(begin + pace.pause * turn).await;
        let sent = Instant::now();
        stream.write_all(PAYLOAD.as_bytes()).await?;
        stream.read_exact(&mut heard).await?;
        times.push(sent.elapsed());
    }
    Ok(times)
}

fn synchronise(folder: &Path) -> std::io::Result<Vec<Duration>> {
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

/// The median and the 99th percentile.
pub(crate) fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at =
        |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    format!("{:.2} / {:.2} ms, of {}", at(50), at(99), times.len())
}
