//! A connection whose every byte is minded.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use msnp::frame::{Decoder, Direction, Frame, Limits, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{DEADLINE, no_longer_than, within};

/// The server has closed the connection, between two commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended;

/// A connection to the server, cut into frames.
pub struct Wire {
    stream: TcpStream,
    decoder: Decoder,
    /// What came and belongs to no frame yet.
    raw: Vec<u8>,
    frames: VecDeque<Frame>,
    patience: Duration,
}

impl Wire {
    /// Connects to an address of this machine.
    pub async fn connect(address: SocketAddr, side: Side) -> Self {
        assert!(address.ip().is_loopback(), "tests stay on this machine: {address}");
        let stream = within("a connection", TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let decoder = Decoder::with_direction(side, Direction::FromServer, Limits::default());
        Self { stream, decoder, raw: Vec::new(), frames: VecDeque::new(), patience: DEADLINE }
    }

    /// From now on it waits so long for whatever comes next, instead of [`DEADLINE`].
    pub const fn wait_for(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within("the server to take bytes", self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Sends bytes that the server may not want any more.
    pub async fn offer(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = within("the server to take bytes", self.stream.write_all(bytes.as_ref())).await;
    }

    /// The next frame. Its bytes have to be the exact ones of what it says: one space between words, CRLF, the true count.
    pub async fn next(&mut self, waiting_for: &str) -> Result<Frame, Ended> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Ok(frame);
            }
            let read = self.stream.read(&mut buffer);
            let count = no_longer_than(self.patience, waiting_for, read).await.unwrap_or(0);
            if count == 0 {
                assert!(self.raw.is_empty(), "the connection ended within a command: {}", self.rest());
                return Err(Ended);
            }
            self.raw.extend_from_slice(&buffer[..count]);
            self.decoder.push(&buffer[..count]);
            while let Some(frame) = self.decoder.next_frame().unwrap_or_else(|fault| panic!("{fault}: {}", self.rest()))
            {
                let mut exact = Vec::new();
                frame.write(&mut exact);
                assert!(self.raw.starts_with(&exact), "{frame:?} was not written so, but: {}", self.rest());
                self.raw.drain(..exact.len());
                self.frames.push_back(frame);
            }
        }
    }

    /// Asks for a sign of life: after how many seconds the next is due. Whatever else comes before is dropped.
    pub async fn ping(&mut self) -> String {
        self.send("PNG\r\n").await;
        loop {
            let frame = self.next("QNG").await.expect("a sign of life, not the end");
            if frame.command.as_str() == "QNG" {
                return frame.arguments.join(" ");
            }
        }
    }

    /// Waits until the server has closed; nothing may come before.
    pub async fn closed(&mut self) {
        match self.next("the server to close").await {
            Err(Ended) => {}
            Ok(frame) => panic!("instead of the end came {frame:?}"),
        }
    }

    fn rest(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}
