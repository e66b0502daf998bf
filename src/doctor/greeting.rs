//! MSNP as far as one comes without a password.

use std::time::Duration;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};

use crate::{
    Place, Resolver,
    request::{DialFault, dial, excerpt},
};

/// How long a server may take for all it says.
const TIME: Duration = Duration::from_secs(10);

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 8 * 1024;

/// What a server says to somebody who comes to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// The dialect that it has chosen.
    pub(crate) dialect: String,
    /// The address of its pages, which it tells to every client.
    pub(crate) pages: String,
    /// Where it sends clients on to, if it does.
    pub(crate) onward: Option<Place>,
}

/// Why there was no such thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GreetingFault {
    /// There is no connection.
    Dial(DialFault),
    /// Nothing is said.
    Silent,
    /// The connection ended within the greeting.
    Ended,
    /// Something else is spoken; the beginning of it.
    NotMsnp(String),
    /// No dialect of ours is known there.
    Dialect(String),
    /// An error of the protocol in place of the policy of sign-in.
    Refused(String),
}

/// Goes as far as the server's word on how to sign in, as an account that nobody has.
pub(crate) async fn greet(resolver: &dyn Resolver, place: &Place, passport: &str) -> Result<Greeting, GreetingFault> {
    let stream = dial(resolver, place).await.map_err(GreetingFault::Dial)?;
    let mut stream = BufReader::new(stream);
    timeout(TIME, talk(&mut stream, passport)).await.unwrap_or(Err(GreetingFault::Silent))
}

async fn talk(stream: &mut BufReader<tokio::net::TcpStream>, passport: &str) -> Result<Greeting, GreetingFault> {
    let dialects = say(stream, "VER 1 MSNP12 MSNP11 MSNP10 CVR0\r\n").await?;
    let dialect = match words(&dialects)[..] {
        ["VER", "1", dialect @ ("MSNP12" | "MSNP11" | "MSNP10")] => dialect.to_owned(),
        ["VER", "1", ..] => return Err(GreetingFault::Dialect(excerpt(&dialects))),
        _ => return Err(GreetingFault::NotMsnp(excerpt(&dialects))),
    };
    let version = say(stream, &format!("CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 7.5.0324 msmsgs {passport}\r\n")).await?;
    let pages = match words(&version)[..] {
        ["CVR", "2", .., _, pages] => pages.to_owned(),
        _ => return Err(GreetingFault::NotMsnp(excerpt(&version))),
    };
    let policy = say(stream, &format!("USR 3 TWN I {passport}\r\n")).await?;
    let onward = match words(&policy)[..] {
        ["USR", "3", "TWN", "S", _] => None,
        ["XFR", "3", "NS", place, ..] => Some(place.parse().map_err(|_| GreetingFault::Refused(excerpt(&policy)))?),
        [number, "3", ..] if number.parse::<u16>().is_ok() => return Err(GreetingFault::Refused(excerpt(&policy))),
        _ => return Err(GreetingFault::NotMsnp(excerpt(&policy))),
    };
    // Whoever has gone on already need not hear it.
    let _ = stream.write_all(b"OUT\r\n").await;
    Ok(Greeting { dialect, pages, onward })
}

async fn say(stream: &mut BufReader<tokio::net::TcpStream>, line: &str) -> Result<String, GreetingFault> {
    stream.write_all(line.as_bytes()).await.map_err(|_| GreetingFault::Ended)?;
    let mut answer = Vec::new();
    let read = stream.take(LONGEST_LINE).read_until(b'\n', &mut answer).await;
    match read {
        Ok(0) | Err(_) => Err(GreetingFault::Ended),
        Ok(_) => Ok(String::from_utf8_lossy(&answer).trim_end().to_owned()),
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}
