//! A client of bytes: it asks what a proper one would not.

use std::time::Duration;

use chrysalis_discord_double::{Bot, Double};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// Discord's code of an error.
    pub(crate) fn code(&self) -> u64 {
        self.json()["code"].as_u64().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|line| line.0 == name).map(|line| line.1)
    }
}

/// Asks as a bot; nothing comes back when the connection is cut.
pub(crate) async fn ask(double: &Double, bot: &Bot, method: &str, path: &str, body: &Value) -> Option<Answer> {
    let path = format!("/api/v10/{path}");
    ask_as(double, &format!("authorization: Bot {}\r\n", bot.token()), method, &path, body).await
}

/// Asks as a bot, and is answered.
pub(crate) async fn answered(double: &Double, bot: &Bot, method: &str, path: &str, body: Value) -> Answer {
    ask(double, bot, method, path, &body).await.unwrap()
}

/// Asks with these headers.
pub(crate) async fn ask_as(double: &Double, headers: &str, method: &str, path: &str, body: &Value) -> Option<Answer> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: double\r\nconnection: close\r\n{headers}{kind}");
    send(double, format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).await
}

/// Sends bytes, and reads until the end.
pub(crate) async fn send(double: &Double, bytes: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(double.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await.unwrap_or_default();
    let split = read.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(read[..split].to_vec()).unwrap();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head, bytes: read[split + 4..].to_vec() })
}

/// A file of the CDN, by its address.
pub(crate) async fn fetch(double: &Double, url: &str) -> Answer {
    let path = url.strip_prefix(&double.api_base()).unwrap();
    ask_as(double, "", "GET", path, &Value::Null).await.unwrap()
}

/// A connection to the gateway.
pub(crate) struct Line(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Line {
    /// Connects, and is told hello.
    pub(crate) async fn open(double: &Double) -> Self {
        let (socket, _) = connect_async(format!("{}?v=10", double.gateway_url())).await.unwrap();
        let mut line = Self(socket);
        assert_eq!(line.next().await.unwrap()["op"], 10);
        line
    }

    /// Connects and identifies with these intents.
    pub(crate) async fn identified(double: &Double, bot: &Bot, intents: u64) -> Self {
        let mut line = Self::open(double).await;
        line.identify(bot, intents).await;
        line
    }

    pub(crate) async fn identify(&mut self, bot: &Bot, intents: u64) {
        let properties = json!({"os": "linux", "browser": "raw", "device": "raw"});
        let data = json!({"token": bot.token(), "intents": intents, "properties": properties});
        self.say(&json!({"op": 2, "d": data})).await;
    }

    pub(crate) async fn say(&mut self, frame: &Value) {
        self.0.send(Message::Text(frame.to_string().into())).await.unwrap();
    }

    /// The next frame; the code, when it is a close; 0 when the connection just ends.
    pub(crate) async fn next(&mut self) -> Result<Value, u16> {
        match tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("a frame comes") {
            Some(Ok(Message::Text(text))) => Ok(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(frame))) => Err(frame.map_or(0, |frame| frame.code.into())),
            Some(Ok(other)) => panic!("an unexpected frame: {other:?}"),
            Some(Err(_)) | None => Err(0),
        }
    }

    /// The data of the next event of this name.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let frame = self.next().await.unwrap();
            if frame["t"] == name {
                return frame["d"].clone();
            }
        }
    }

    /// With which code it ends, whatever comes before.
    pub(crate) async fn end(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}
