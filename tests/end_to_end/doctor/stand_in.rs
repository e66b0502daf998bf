//! What may listen in place of the conversation server.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does with each connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// Accepts, and says nothing.
    Silent,
    /// Hangs up.
    Ended,
    /// Says this to the first line.
    Says(&'static str),
    /// As MSNP, up to the sign-in, which it refuses.
    Refuses,
}

/// Somebody who listens until it is dropped.
pub(crate) struct StandIn {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl StandIn {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manner));
            }
        });
        Self { address, task }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, manner: Manner) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let answers: &[&str] = match manner {
        Manner::Ended => return,
        Manner::Silent => &[],
        Manner::Says(words) => &[words],
        Manner::Refuses => &["VER 1 MSNP12\r\n", "CVR 2 1 1 1 http://a.example http://a.example\r\n", "600 3\r\n"],
    };
    for answer in answers {
        let _ = stream.read_line(&mut line).await;
        let _ = stream.write_all(answer.as_bytes()).await;
    }
    // Until the other side has had enough.
    while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
        line.clear();
    }
}
