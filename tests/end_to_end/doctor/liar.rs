//! A proxy before the web listener that does one thing wrong. It speaks TLS of today, and of old TLS as much as an old client needs to see.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Nothing.
    None,
    /// Writes all header names in lower case.
    LowerCase,
    /// Writes them as programs in Go do.
    TitleCase,
    /// Takes a header away.
    Without(&'static str),
    /// Answers that path itself, with this status.
    Answers(&'static str, u16),
    /// Writes something else into a header, in the answer of that path.
    Rewrites(&'static str, &'static str, &'static str),
    /// Dates every answer so many hours away.
    Hours(i64),
    /// Says for whom it asks.
    Forwarded,
}

/// What it does with a client of Windows XP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldClients {
    /// It goes on with it, as far as it has to.
    Served,
    /// It says that there is nothing in common.
    Refused,
    /// It hangs up.
    Ignored,
}

/// A certificate, and what it says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paper {
    pub(crate) name: &'static str,
    pub(crate) years: (i32, i32),
}

/// What the certificates of tests are for, and how long they are good.
pub(crate) const GOOD: Paper = Paper { name: "loginnet.passport.com", years: (2020, 2090) };

/// A proxy, until it is dropped.
pub(crate) struct Liar {
    address: SocketAddr,
    is_secure: bool,
    task: JoinHandle<()>,
}

struct Tls {
    acceptor: TlsAcceptor,
    certificate: Vec<u8>,
    old: OldClients,
}

impl Liar {
    pub(crate) async fn start(server: SocketAddr, lie: Lie, old: Option<OldClients>) -> Self {
        Self::start_with(server, lie, old.map(|old| (old, GOOD))).await
    }

    /// With TLS, if there is a paper for it.
    pub(crate) async fn start_with(server: SocketAddr, lie: Lie, tls: Option<(OldClients, Paper)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_secure = tls.is_some();
        let tls = tls.map(|(old, paper)| Arc::new(Tls::new(old, paper)));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move { attend(stream, tls, server, lie).await });
            }
        });
        Self { address, is_secure, task }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) const fn is_secure(&self) -> bool {
        self.is_secure
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tls {
    fn new(old: OldClients, Paper { name, years }: Paper) -> Self {
        let mut asked = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (asked.not_before, asked.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        let key = KeyPair::generate().unwrap();
        let certificate = asked.self_signed(&key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self { acceptor, certificate: certificate.der().to_vec(), old }
    }
}

async fn attend(mut stream: TcpStream, tls: Option<Arc<Tls>>, server: SocketAddr, lie: Lie) {
    let Some(tls) = tls else { return pass(stream, server, lie).await };
    // The first bytes of a ClientHello: its record, its own length, and the version that the client would have.
    let mut first = [0; 11];
    while stream.peek(&mut first).await.is_ok_and(|count| (1..first.len()).contains(&count)) {
        tokio::task::yield_now().await;
    }
    if first[9..11] != [3, 1] {
        if let Ok(stream) = tls.acceptor.accept(stream).await {
            pass(stream, server, lie).await;
        }
        return;
    }
    let answer = match tls.old {
        OldClients::Served => old_hello(&tls.certificate),
        OldClients::Refused => vec![21, 3, 1, 0, 2, 2, 70],
        OldClients::Ignored => Vec::new(),
    };
    let mut hello = vec![0; 512];
    let _ = stream.read(&mut hello).await;
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

/// The first word of a server of the time: TLS 1.0 with 3DES, and a certificate.
fn old_hello(certificate: &[u8]) -> Vec<u8> {
    let three = |count: usize| (count as u32).to_be_bytes()[1..].to_vec();
    let hello = [&[3, 1][..], &[1; 32], &[0, 0, 10, 0]].concat();
    let list = [three(certificate.len()), certificate.to_vec()].concat();
    let list = [three(list.len()), list].concat();
    let talk = [vec![2], three(hello.len()), hello, vec![11], three(list.len()), list, vec![14, 0, 0, 0]].concat();
    [vec![22, 3, 1], (talk.len() as u16).to_be_bytes().to_vec(), talk].concat()
}

/// Passes one request on, and its answer back.
async fn pass(mut client: impl AsyncRead + AsyncWrite + Unpin, server: SocketAddr, lie: Lie) {
    let Some(request) = request(&mut client).await else { return };
    let path = request.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
    let answer = match lie {
        Lie::Answers(lied, status) if lied == path || lied.is_empty() => {
            format!("HTTP/1.1 {status} So\r\nContent-Length: 4\r\n\r\nSo.\n")
        }
        Lie::Forwarded => fetch(server, &request.replacen("\r\n", "\r\nX-Forwarded-For: 203.0.113.9\r\n", 1)).await,
        Lie::None
        | Lie::LowerCase
        | Lie::TitleCase
        | Lie::Without(_)
        | Lie::Answers(..)
        | Lie::Rewrites(..)
        | Lie::Hours(_) => fetch(server, &request).await,
    };
    let _ = client.write_all(told(&answer, &path, lie).as_bytes()).await;
    let _ = client.shutdown().await;
}

async fn request(client: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

async fn fetch(server: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// The answer, as it is told on.
fn told(answer: &str, path: &str, lie: Lie) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").enumerate().filter_map(|(index, line)| {
        let Some((name, value)) = line.split_once(": ").filter(|_| index > 0) else { return Some(line.to_owned()) };
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        Some(match lie {
            Lie::LowerCase => format!("{}: {value}", name.to_lowercase()),
            Lie::TitleCase => format!("{}: {value}", titled(name)),
            Lie::Without(gone) if is(gone) => return None,
            Lie::Rewrites(lied, header, other) if lied == path && is(header) => format!("{name}: {other}"),
            Lie::Hours(hours) if is("date") => format!("{name}: {}", date(hours)),
            Lie::None | Lie::Without(_) | Lie::Answers(..) | Lie::Rewrites(..) | Lie::Hours(_) | Lie::Forwarded => {
                line.to_owned()
            }
        })
    });
    format!("{}\r\n\r\n{body}", lines.collect::<Vec<_>>().join("\r\n"))
}

fn titled(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let (first, rest) = part.split_at(1);
        format!("{}{}", first.to_uppercase(), rest.to_lowercase())
    });
    parts.collect::<Vec<_>>().join("-")
}

fn date(hours: i64) -> String {
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
