//! How long it takes until everybody who watches somebody has seen a change.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    CHEAP_PASSWORD,
    client::{self, Addresses, Client, Fault},
    method,
    paced::percentiles,
    program::Home,
    row,
};

/// How many times the status changes.
const CHANGES: usize = 20;

/// Between two changes.
const REST: Duration = Duration::from_millis(100);

/// What one says to the others over the plain TCP.
const WORD: &[u8] = b"NLN BSY star0@load.example star0@load.example 0\r\n";

/// Measures changes of one account's status in the eyes of `watchers` contacts.
pub(crate) async fn measure(home: &Home, fan: SocketAddr, watchers: usize) -> Result<(), Fault> {
    let star_name = Home::passport("star", 0);
    let mut star = Client::arrive(home.addresses(), &star_name, CHEAP_PASSWORD).await?;
    let mut watching =
        client::all((0..watchers).map(|number| watch(home.addresses(), number, star_name.clone()))).await?;
    let mut times = Vec::new();
    for status in ["BSY", "NLN"].into_iter().cycle().take(CHANGES) {
        sleep(REST).await;
        let seen = format!("NLN {status} {star_name}");
        let mut seeing = JoinSet::new();
        for mut watcher in watching.drain(..) {
            let seen = seen.clone();
            seeing.spawn(async move { watcher.hear(&seen).await.map(|_| (watcher, Instant::now())) });
        }
        let began = Instant::now();
        star.ask(&format!("CHG 9 {status} 0"), "CHG 9 ").await?;
        let mut last = began;
        while let Some(seen) = seeing.join_next().await {
            let (watcher, at) = seen.map_err(|fault| fault.to_string())??;
            watching.push(watcher);
            last = last.max(at);
        }
        times.push(last - began);
    }
    row(&format!("a status, until the last of {watchers} contacts has it"), &percentiles(times));
    let times = spread(fan, watchers).await.map_err(|fault| format!("the echo: {fault}"))?;
    row("· plain TCP, one to all others", &percentiles(times));
    method(&format!("{CHANGES} changes between BSY and NLN, from CHG to the NLN at the last; p50 / the longest."));
    Ok(())
}

/// A client that has the star as a contact, and sees it.
async fn watch(addresses: Addresses, number: usize, star: String) -> Result<Client, Fault> {
    let mut watcher = Client::arrive(addresses, &Home::passport("watcher", number), CHEAP_PASSWORD).await?;
    watcher.ask(&format!("ADC 8 FL N={star} F={star}"), "ADC 8 ").await?;
    watcher.hear(&format!("NLN NLN {star}")).await?;
    Ok(watcher)
}

async fn spread(fan: SocketAddr, count: usize) -> std::io::Result<Vec<Duration>> {
    let mut speaker = client::connect(fan).await?;
    let mut hearing = Vec::new();
    for _ in 0..count {
        let mut stream = client::connect(fan).await?;
        stream.read_u8().await?;
        hearing.push(stream);
    }
    let mut times = Vec::new();
    for _ in 0..CHANGES {
        sleep(REST).await;
        let mut hearers = JoinSet::new();
        for mut stream in hearing.drain(..) {
            hearers.spawn(async move { said(&mut stream).await.map(|()| (stream, Instant::now())) });
        }
        let began = Instant::now();
        speaker.write_all(WORD).await?;
        let mut last = began;
        while let Some(heard) = hearers.join_next().await {
            let (stream, at) = heard??;
            hearing.push(stream);
            last = last.max(at);
        }
        times.push(last - began);
    }
    Ok(times)
}

async fn said(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.read_exact(&mut [0; WORD.len()]).await.map(drop)
}
