//! Connections, and HTTP in bytes: old clients compare the very letters of a header, so they must not be lost in a library.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use url::{Host, Url};

use crate::{Place, Resolver, resolver::those_for_messenger, secure};

/// How long a connection may take, the look for its address included.
const DIAL_TIME: Duration = Duration::from_secs(5);

/// How long an answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// How much of an answer is read, in bytes.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DialFault {
    /// The name has no address.
    Unresolved,
    /// It was refused, or there is no way there.
    Refused(String),
    /// Nothing came back.
    Silent,
}

impl DialFault {
    /// What was seen, of a connection to there.
    pub(crate) fn seen(&self, place: &Place) -> String {
        match self {
            Self::Unresolved => format!("{} has no address", place.host),
            Self::Refused(fault) => format!("{place}: {fault}"),
            Self::Silent => format!("{place}: no answer within {} seconds", DIAL_TIME.as_secs()),
        }
    }
}

/// Connects.
pub(crate) async fn dial(resolver: &dyn Resolver, place: &Place) -> Result<TcpStream, DialFault> {
    let dialling = async {
        let addresses = match place.ip() {
            Some(ip) => vec![ip],
            None => those_for_messenger(resolver.resolve(&place.host).await.unwrap_or_default()),
        };
        let mut fault = DialFault::Unresolved;
        // One that says nothing must not take the time of those after it.
        let share = DIAL_TIME / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        for ip in addresses {
            fault = match timeout(share, TcpStream::connect((ip, place.port))).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(refused)) => DialFault::Refused(refused.to_string()),
                Err(_) => DialFault::Silent,
            };
        }
        Err(fault)
    };
    timeout(DIAL_TIME, dialling).await.unwrap_or(Err(DialFault::Silent))
}

/// The place that a URL leads to.
pub(crate) fn place_of(url: &Url) -> Option<Place> {
    let host = match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    };
    Some(Place::new(host, url.port_or_known_default()?))
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// `GET` or `POST`.
    pub(crate) method: &'a str,
    /// What is appended to the URL.
    pub(crate) path: &'a str,
    /// Whole lines with their ends.
    pub(crate) headers: &'a str,
    /// The body.
    pub(crate) body: &'a str,
}

impl<'a> Request<'a> {
    /// What is asked without a body.
    pub(crate) const fn get(path: &'a str) -> Self {
        Self { method: "GET", path, headers: "", body: "" }
    }
}

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names as they are spelled, and values.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The certificate that was shown, if there is TLS.
    pub(crate) certificate: Option<Vec<u8>>,
}

impl Answer {
    /// The value of a header, however it is spelled.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value.as_str()))
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AskFault {
    /// There is no connection.
    Dial(DialFault),
    /// There is no TLS; what rustls says.
    Tls(String),
    /// Nothing came back.
    Silent,
    /// What came is no HTTP; the beginning of it.
    NotHttp(String),
}

impl AskFault {
    /// What was seen, at that URL.
    pub(crate) fn seen(&self, url: &Url) -> String {
        match self {
            Self::Dial(fault) => place_of(url).map_or_else(|| format!("{url} has no host"), |place| fault.seen(&place)),
            Self::Tls(fault) => format!("{url}: {fault}"),
            Self::Silent => format!("{url}: no answer within {} seconds", ANSWER_TIME.as_secs()),
            Self::NotHttp(beginning) => format!("{url} answers {beginning}"),
        }
    }
}

/// Asks, on a connection of its own.
pub(crate) async fn ask(resolver: &dyn Resolver, base: &Url, request: Request<'_>) -> Result<Answer, AskFault> {
    let place = place_of(base).ok_or(AskFault::Dial(DialFault::Unresolved))?;
    let stream = dial(resolver, &place).await.map_err(AskFault::Dial)?;
    let asking = async {
        if base.scheme() == "https" {
            let stream = secure::connect(stream, &place.host).await.map_err(AskFault::Tls)?;
            let certificate = secure::certificate(&stream);
            exchange(stream, base, request).await.map(|answer| Answer { certificate, ..answer })
        } else {
            exchange(stream, base, request).await
        }
    };
    timeout(ANSWER_TIME, asking).await.unwrap_or(Err(AskFault::Silent))
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    base: &Url,
    Request { method, path, headers, body }: Request<'_>,
) -> Result<Answer, AskFault> {
    let host = &base[url::Position::BeforeHost..url::Position::AfterPort];
    let prefix = base.path().trim_end_matches('/');
    let request = format!(
        "{method} {prefix}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: MSMSGS\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let ended = |fault: std::io::Error| AskFault::NotHttp(format!("nothing: {fault}"));
    stream.write_all(request.as_bytes()).await.map_err(ended)?;
    stream.flush().await.map_err(ended)?;
    let mut bytes = Vec::new();
    let mut stream = stream.take(LONGEST_ANSWER);
    loop {
        if let Some(answer) = read(&bytes, false) {
            return Ok(answer);
        }
        // A peer that does not take its leave as TLS has it, has still said what it had to say.
        if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
            return read(&bytes, true).ok_or_else(|| AskFault::NotHttp(excerpt(&String::from_utf8_lossy(&bytes))));
        }
    }
}

/// Reads an answer; `None` while it is not whole, or where it is none.
pub(crate) fn read(bytes: &[u8], is_all: bool) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let body = bytes.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let body = String::from_utf8_lossy(body).into_owned();
    let answer = Answer { status, headers, body, certificate: None };
    let length: Option<usize> = answer.header("content-length").and_then(|length| length.parse().ok());
    let is_whole = is_all || length.is_some_and(|length| bytes.len() >= length.saturating_add(end + 4));
    is_whole.then_some(answer)
}

/// The beginning of what somebody said, fit to be shown.
pub(crate) fn excerpt(said: &str) -> String {
    const LONGEST: usize = 80;
    if said.is_empty() {
        return "nothing".to_owned();
    }
    let shown: String = said.chars().take(LONGEST).collect();
    format!("{shown:?}{}", if shown.len() < said.len() { "..." } else { "" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_is_read_as_it_is_spelled() {
        let answer = read(b"HTTP/1.1 401 No\r\nwww-Authenticate: a: b\r\nContent-Length: 2\r\n\r\nok", false).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (401, "ok"));
        assert_eq!(answer.headers[0], ("www-Authenticate".to_owned(), "a: b".to_owned()));
        assert_eq!(answer.header("WWW-Authenticate"), Some("a: b"));
        assert_eq!(read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", false), None);
        assert_eq!(read(b"HTTP/1.1 200 OK\r\n\r\nall", false), None);
        assert_eq!(read(b"HTTP/1.1 200 OK\r\n\r\nall", true).unwrap().body, "all");
        for other in ["", "VER 1 0\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 x\r\n\r\n"] {
            assert_eq!(read(other.as_bytes(), true), None, "{other}");
        }
    }

    #[test]
    fn what_is_shown_is_short_and_of_one_line() {
        assert_eq!(excerpt("a\r\nb\u{7}"), "\"a\\r\\nb\\u{7}\"");
        assert!(excerpt(&"\u{e9}".repeat(1000)).chars().count() < 90);
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>, is_all: bool) {
            let _ = read(&bytes, is_all);
            let _ = read(&[b"HTTP/1.1 200 OK\r\n".as_slice(), &bytes].concat(), is_all);
        }
    }
}
