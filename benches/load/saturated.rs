//! How many lines a second go through switchboards, when everybody says as much as the answers allow.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

use crate::{
    client::{self, Fault},
    method,
    pair::{PAYLOAD, Pair},
    processors::Shares,
    row,
};

/// How many lines of each pair are under way.
const WINDOWS: [usize; 2] = [1, 16];

/// Measures lines between so many pairs, for each of the counts, and the same bytes over the echo.
pub(crate) async fn measure(
    server: u32,
    echo: SocketAddr,
    mut pairs: Vec<Pair>,
    counts: &[usize],
    time: Duration,
) -> Result<Vec<Pair>, Fault> {
    for &count in counts {
        for (class, window) in [('A', WINDOWS[0]), ('A', WINDOWS[1]), ('N', WINDOWS[1])] {
            let shares = Shares::begin(server)?;
            let began = Instant::now();
            let mut talking = JoinSet::new();
            for pair in pairs.drain(pairs.len() - count..) {
                talking.spawn(talk(pair, class, window, began + time));
            }
            let mut lines = 0;
            while let Some(talked) = talking.join_next().await {
                let (pair, said) = talked.map_err(|fault| fault.to_string())??;
                pairs.push(pair);
                lines += said;
            }
            let (rate, busy) = (lines as f64 / began.elapsed().as_secs_f64(), shares.of_server()?.as_secs_f64());
            row(
                &format!("lines a second, {count} pairs, class {class}, {window} under way each"),
                &format!(
                    "{rate:.0}; {:.0} per core of the server; processors {}",
                    lines as f64 / busy,
                    shares.words()?
                ),
            );
        }
        for window in WINDOWS {
            let lines = echoed(echo, count, window, time).await.map_err(|fault| format!("the echo: {fault}"))?;
            row(&format!("· plain TCP echo, {window} under way each"), &format!("{lines:.0}"));
        }
    }
    method(
        "class A: a further line for each ACK, which comes once the line is durable, and when it was heard as well; class N: for \
         each line that was heard. The time ends when all are durable. Per core: lines by the server's own processor time. Processors: server + generator.",
    );
    Ok(pairs)
}

/// Says lines until then; gives how many were heard.
async fn talk(mut pair: Pair, class: char, window: usize, until: Instant) -> Result<(Pair, usize), Fault> {
    let (mut said, mut heard, mut acknowledged) = (0, 0, 0);
    let mut lines = Vec::new();
    loop {
        let done = if class == 'A' { heard.min(acknowledged) } else { heard };
        if Instant::now() < until {
            lines.clear();
            while said < done + window {
                pair.line(class, &mut lines);
                said += 1;
            }
            if !lines.is_empty() {
                pair.caller.say(&lines).await?;
            }
        } else if done == said {
            return settle(pair).await.map(|pair| (pair, heard));
        }
        tokio::select! {
            count = pair.callee.count("MSG "), if heard < said => heard += count?,
            count = pair.caller.count("ACK "), if class == 'A' && acknowledged < said => acknowledged += count?,
        }
    }
}

/// Says one line more and waits until it is durable: then all before it are, and what is measured next does not wait for them.
async fn settle(mut pair: Pair) -> Result<Pair, Fault> {
    let mut line = Vec::new();
    let answer = format!("ACK {}", pair.line('A', &mut line));
    pair.caller.say(&line).await?;
    pair.caller.hear(&answer).await?;
    pair.callee.hear("MSG ").await?;
    Ok(pair)
}

async fn echoed(echo: SocketAddr, count: usize, window: usize, time: Duration) -> std::io::Result<f64> {
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(client::connect(echo).await?);
    }
    let began = Instant::now();
    let mut talking = JoinSet::new();
    for stream in streams {
        talking.spawn(exchange(stream, window, began + time));
    }
    let mut lines = 0;
    while let Some(said) = talking.join_next().await {
        lines += said??;
    }
    Ok(lines as f64 / began.elapsed().as_secs_f64())
}

async fn exchange(mut stream: TcpStream, window: usize, until: Instant) -> std::io::Result<usize> {
    let lines = PAYLOAD.repeat(window);
    let mut heard = vec![0; 8192];
    stream.write_all(lines.as_bytes()).await?;
    let (mut said, mut came) = (window, 0);
    while came < said * PAYLOAD.len() {
        came += stream.read(&mut heard).await?;
        let more = (came / PAYLOAD.len() + window).saturating_sub(said);
        if Instant::now() < until && more > 0 {
            stream.write_all(&lines.as_bytes()[..more * PAYLOAD.len()]).await?;
            said += more;
        }
    }
    Ok(said)
}
