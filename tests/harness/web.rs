//! HTTP in bytes: old clients compare the very letters of a header.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::within;

/// An answer as it came.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The head, with its line ends.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answered {
    /// The value of a header that is spelled just so.
    pub fn header(&self, spelling: &str) -> Option<&str> {
        self.head.split("\r\n").find_map(|line| line.strip_prefix(spelling)?.strip_prefix(": "))
    }
}

/// Gets a path; `headers` are whole lines with their ends.
pub async fn get(web: SocketAddr, path: &str, headers: &str) -> Answered {
    exchange(web, &format!("GET {path} HTTP/1.1\r\nHost: {web}\r\n{headers}\r\n")).await
}

/// Posts a body to a path; `headers` are whole lines with their ends.
pub async fn post(web: SocketAddr, path: &str, headers: &str, body: &str) -> Answered {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: {web}\r\nContent-Length: {length}\r\n{headers}\r\n");
    exchange(web, &(head + body)).await
}

/// Asks with any method, with a body of JSON unless there is none; `headers` are whole lines with their ends.
pub async fn ask(web: SocketAddr, (method, path): (&str, &str), headers: &str, json: Option<&str>) -> Answered {
    let body = json.unwrap_or_default();
    let kind = if json.is_some() { "Content-Type: application/json\r\n" } else { "" };
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {web}\r\n{kind}Content-Length: {length}\r\n{headers}\r\n");
    exchange(web, &(head + body)).await
}

async fn exchange(web: SocketAddr, request: &str) -> Answered {
    assert!(web.ip().is_loopback(), "tests stay on this machine: {web}");
    let mut stream = within("a web connection", TcpStream::connect(web)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(answered) = whole(&bytes) {
            return answered;
        }
        let count = within("an HTTP answer", stream.read(&mut buffer)).await.unwrap();
        assert!(count > 0, "the web server hung up within its answer: {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&buffer[..count]);
    }
}

fn whole(bytes: &[u8]) -> Option<Answered> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let (head, body) = bytes.split_at(end);
    let head = String::from_utf8(head.to_vec()).unwrap();
    let length = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
    });
    if body.len() < length.unwrap_or(0) {
        return None;
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Answered { status, head, body: String::from_utf8(body.to_vec()).unwrap() })
}
