//! A client of the HTTP gateway that minds every letter, and a way for any client to be carried by it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::within;

/// The longest that a response may be.
const LONGEST: usize = 64 * 1024;

/// How long a carried client is silent before its session is polled.
const INTERVAL: Duration = Duration::from_millis(20);

/// What the gateway answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relayed {
    /// What the next request has to name.
    pub id: String,
    /// The server's bytes.
    pub bytes: Vec<u8>,
    /// Whether nothing will follow.
    pub closed: bool,
}

impl Relayed {
    /// The server's bytes, which are text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }
}

/// Opens a session to a server of that kind: `NS` or `SB`; its first answer, or the status of a refusal.
pub async fn open_gateway(web: SocketAddr, kind: &str, bytes: &[u8]) -> Result<Relayed, u16> {
    request(web, &format!("Action=open&Server={kind}&IP=messenger.hotmail.com"), bytes).await
}

/// Hands in commands.
pub async fn commands(web: SocketAddr, id: &str, bytes: &[u8]) -> Result<Relayed, u16> {
    request(web, &format!("SessionID={id}"), bytes).await
}

/// Polls; the server waits so many seconds for something.
pub async fn poll(web: SocketAddr, id: &str, lifespan: u32) -> Result<Relayed, u16> {
    request(web, &format!("Action=poll&Lifespan={lifespan}&SessionID={id}"), b"").await
}

/// An address of this machine. Whoever connects there, as often as they like, is carried by the gateway to a server of that kind.
pub async fn carry(web: SocketAddr, kind: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(carry_one(web, kind, stream));
        }
    });
    address
}

/// One client: what it sends goes in one request, and while it is silent the session is polled.
async fn carry_one(web: SocketAddr, kind: &str, mut stream: TcpStream) {
    let mut relayed = open_gateway(web, kind, b"").await.unwrap();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        stream.write_all(&relayed.bytes).await.unwrap();
        if relayed.closed {
            return;
        }
        let answered = match tokio::time::timeout(INTERVAL, stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(length)) => commands(web, &relayed.id, &buffer[..length]).await,
            Err(_) => poll(web, &relayed.id, 0).await,
        };
        // A client that has gone does not mind what becomes of its session.
        let Ok(next) = answered else { return };
        relayed = next;
    }
}

async fn request(web: SocketAddr, query: &str, bytes: &[u8]) -> Result<Relayed, u16> {
    assert!(web.ip().is_loopback(), "tests stay on this machine: {web}");
    let mut stream = within("a web connection", TcpStream::connect(web)).await.unwrap();
    let head = format!(
        "POST http://{web}/gateway/gateway.dll?{query} HTTP/1.1\r\nAccept: */*\r\nUser-Agent: MSMSGS\r\nHost: {web}\r\n\
         Proxy-Connection: Keep-Alive\r\nConnection: Keep-Alive\r\nPragma: no-cache\r\n\
         Content-Type: application/x-msn-messenger\r\nContent-Length: {}\r\n\r\n",
        bytes.len()
    );
    stream.write_all(&[head.as_bytes(), bytes].concat()).await.unwrap();
    let mut came = Vec::new();
    let mut buffer = vec![0; 8192];
    let (head, body) = loop {
        if let Some(whole) = whole(&came) {
            break whole;
        }
        let count = within("the gateway's answer", stream.read(&mut buffer)).await.unwrap();
        assert!(count > 0, "the gateway hung up within its answer: {}", String::from_utf8_lossy(&came));
        came.extend_from_slice(&buffer[..count]);
    };
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    if status != 200 {
        return Err(status);
    }
    assert!(body.len() <= LONGEST, "{} bytes at once", body.len());
    assert!(head.contains("\r\nContent-Type: application/x-msn-messenger\r\n"), "{head}");
    let session = head.split("\r\n").find_map(|line| line.strip_prefix("X-MSN-Messenger: SessionID="));
    let session = session.unwrap_or_else(|| panic!("no session in {head}"));
    let (id, rest) = session.split_once("; ").unwrap();
    let closed = rest == format!("GW-IP={web}; Session=close");
    assert!(closed || rest == format!("GW-IP={web}"), "{session}");
    assert!(!query.contains(id), "the session is called as before: {id}");
    Ok(Relayed { id: id.to_owned(), bytes: body, closed })
}

fn whole(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let (head, body) = bytes.split_at(end);
    let head = String::from_utf8(head.to_vec()).unwrap();
    let length = head.split("\r\n").find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0");
    (body.len() >= length.parse().unwrap()).then(|| (head, body.to_vec()))
}
