//! How many clients can sign in in a second.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::Instant,
};

use crate::{
    CHEAP_PASSWORD,
    client::{self, Client, Fault},
    method,
    processors::Shares,
    program::Home,
    row,
};

/// How many clients sign in at the same time, again and again; each has an account of its own.
pub(crate) const WORKERS: usize = 16;

/// What a sign-in says, and is answered, one after the other.
const ROUNDS: usize = 6;

/// How long passwords are checked before that is counted.
const WARMING: Duration = Duration::from_secs(2);

/// About what one command of a sign-in is.
const LINE: &[u8; 40] = b"CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 7.5\n";

/// Counts sign-ins by password, then by ticket, then connections to the echo that say as much, for `time` each.
pub(crate) async fn measure(home: &Home, server: u32, echo: SocketAddr, time: Duration) -> Result<(), Fault> {
    home.hash_at_full_cost(server)?;
    // A first round that is not counted, in which hashes are made anew.
    drop(count(home, server, WARMING, true).await?);
    row("sign-ins a second, password", &count(home, server, time, true).await?);
    row("sign-ins a second, cached ticket", &count(home, server, time, false).await?);
    row("· plain TCP echo: connect, six lines", &format!("{:.0}", echoed(echo, time).await?));
    method(&format!(
        "{WORKERS} clients at the same time, each with its own account, begin anew when CHG is answered. By password: an HTTP \
         connection for NotRST, where argon2id runs at full cost, then one for VER, CVR, USR, USR, SYN, CHG. By ticket: the \
         latter alone."
    ));
    Ok(())
}

async fn count(home: &Home, server: u32, time: Duration, by_password: bool) -> Result<String, Fault> {
    let addresses = home.addresses();
    let shares = Shares::begin(server)?;
    let mut workers = JoinSet::new();
    let began = Instant::now();
    for number in 0..WORKERS {
        workers.spawn(async move {
            let passport = Home::passport(if by_password { "prover" } else { "reuser" }, number);
            let prove = || client::ticket(addresses.web, &passport, CHEAP_PASSWORD);
            let mut ticket = prove().await?;
            let mut times = Vec::new();
            while began.elapsed() < time {
                let begun = Instant::now();
                if by_password {
                    ticket = prove().await?;
                }
                drop(Client::sign_in(addresses.messenger, &ticket).await?);
                times.push(begun.elapsed());
            }
            Ok::<_, Fault>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = workers.join_next().await {
        times.extend(done.map_err(|fault| fault.to_string())??);
    }
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok(format!("{rate:.0}; {median:.1?} each in the median; processors {}", shares.words()?))
}

async fn echoed(echo: SocketAddr, time: Duration) -> Result<f64, Fault> {
    let mut workers = JoinSet::new();
    let began = Instant::now();
    for _ in 0..WORKERS {
        workers.spawn(async move {
            let mut count = 0_u32;
            while began.elapsed() < time {
                let mut stream = client::connect(echo).await?;
                for _ in 0..ROUNDS {
                    stream.write_all(LINE).await?;
                    stream.read_exact(&mut [0; LINE.len()]).await?;
                }
                count += 1;
            }
            std::io::Result::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(done) = workers.join_next().await {
        count += done.map_err(|fault| fault.to_string())?.map_err(|fault| format!("the echo: {fault}"))?;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
