//! What the kernel knows of bytes that were sent: whether the client's machine has acknowledged them.
//!
//! Messenger says nothing when a message has reached it. A socket whose send queue is empty has at least had everything taken by
//! the other machine. Linux tells that for one socket by its two ends: `sock_diag(7)`, a question and an answer over netlink,
//! which the kernel gives within the call.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use socket2::{Domain, Protocol, Socket, Type};
use tracing::{debug, warn};

/// `AF_NETLINK`.
const NETLINK: i32 = 16;
/// `NETLINK_SOCK_DIAG`.
const SOCKET_DIAGNOSTICS: i32 = 4;
/// `SOCK_DIAG_BY_FAMILY`, the type of the question and of its answer.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// `AF_INET` and `AF_INET6`.
const FAMILIES: [u8; 2] = [2, 10];
/// `IPPROTO_TCP`.
const TCP: u8 = 6;

/// The length of a question: a netlink header and an `inet_diag_req_v2`.
const QUESTION: usize = 72;
/// Where the bytes that were sent and not acknowledged stand in the answer: `idiag_wqueue` of its `inet_diag_msg`.
const WAITING: std::ops::Range<usize> = 76..80;
/// The longest answer that is looked at.
const ANSWER: usize = 512;

/// The way to ask.
pub(crate) struct Acknowledgements(Option<Mutex<Line>>);

/// The socket to the kernel, and the number of the last question.
struct Line {
    socket: Socket,
    number: u32,
}

impl Default for Acknowledgements {
    fn default() -> Self {
        match Line::open() {
            Ok(line) => Self(Some(Mutex::new(line))),
            Err(fault) => {
                warn!(%fault, "the kernel does not tell what was acknowledged: a message counts as delivered when the client next \
                       speaks; let the program open netlink sockets to mend that");
                Self(None)
            }
        }
    }
}

impl Acknowledgements {
    /// Whether the kernel tells anything at all.
    pub(crate) const fn are_told(&self) -> bool {
        self.0.is_some()
    }

    /// Whether everything sent between these two ends has been acknowledged. A connection that no longer exists has not: it may
    /// have been broken off. Takes some microseconds and never waits.
    pub(crate) fn is_all_acknowledged(&self, local: SocketAddr, peer: SocketAddr) -> bool {
        let Some(line) = &self.0 else { return false };
        let waiting = line.lock().unwrap_or_else(PoisonError::into_inner).ask(local, peer);
        match waiting {
            Ok(waiting) => waiting == Some(0),
            Err(fault) => {
                debug!(%fault, "the kernel did not tell what was acknowledged");
                false
            }
        }
    }
}

impl Line {
    fn open() -> io::Result<Self> {
        let socket = Socket::new(Domain::from(NETLINK), Type::RAW, Some(Protocol::from(SOCKET_DIAGNOSTICS)))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, number: 0 })
    }

    /// How many bytes wait to be acknowledged; `None` if there is no such connection.
    fn ask(&mut self, local: SocketAddr, peer: SocketAddr) -> io::Result<Option<u32>> {
        self.number = self.number.wrapping_add(1);
        self.socket.send(&question(self.number, local, peer))?;
        let mut answer = [0; ANSWER];
        loop {
            let length = (&self.socket).read(&mut answer)?;
            let answer = answer.get(..length).unwrap_or_default();
            // What an earlier question left behind is passed over.
            if word(answer, 8..12) == Some(self.number) {
                let found = answer.get(4..6) == Some(&BY_FAMILY.to_ne_bytes());
                return Ok(found.then(|| word(answer, WAITING)).flatten());
            }
        }
    }
}

fn word(bytes: &[u8], place: std::ops::Range<usize>) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(place)?.try_into().ok()?))
}

fn question(number: u32, local: SocketAddr, peer: SocketAddr) -> Vec<u8> {
    let ends = [local, peer];
    let [inet, inet6] = FAMILIES;
    let mut bytes = Vec::with_capacity(QUESTION);
    bytes.extend((QUESTION as u32).to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST.to_ne_bytes());
    bytes.extend(number.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend([if local.is_ipv4() { inet } else { inet6 }, TCP, 0, 0]);
    // In whatever state it is.
    bytes.extend(u32::MAX.to_ne_bytes());
    for end in ends {
        bytes.extend(end.port().to_be_bytes());
    }
    for end in ends {
        match end.ip() {
            IpAddr::V4(ip) => {
                bytes.extend(ip.octets());
                bytes.extend([0; 12]);
            }
            IpAddr::V6(ip) => bytes.extend(ip.octets()),
        }
    }
    // Any interface, any cookie.
    bytes.extend([0; 4]);
    bytes.extend([0xff; 8]);
    bytes
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    async fn pair(listen: &str, connect: &str) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = SocketAddr::new(connect.parse().unwrap(), listener.local_addr().unwrap().port());
        let client = TcpStream::connect(address).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn the_kernel_knows_what_arrived() {
        let acknowledgements = Acknowledgements::default();
        // The last is an IPv4 client of a listener for both.
        for (listen, connect) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1"), ("[::]:0", "127.0.0.1")] {
            let (mut client, mut server) = pair(listen, connect).await;
            let (local, peer) = (server.local_addr().unwrap(), server.peer_addr().unwrap());
            server.write_all(b"hello").await.unwrap();
            let mut heard = [0; 5];
            client.read_exact(&mut heard).await.unwrap();
            assert!(acknowledgements.is_all_acknowledged(local, peer), "{local} {peer}");
            let stranger = SocketAddr::new(local.ip(), 1);
            assert!(!acknowledgements.is_all_acknowledged(stranger, peer), "an unknown socket proves nothing");
        }
    }

    #[tokio::test]
    async fn what_the_other_side_has_no_room_for_has_not_arrived() {
        let (client, server) = pair("127.0.0.1:0", "127.0.0.1").await;
        SockRef::from(&client).set_recv_buffer_size(4096).unwrap();
        let (local, peer) = (server.local_addr().unwrap(), server.peer_addr().unwrap());
        let much = vec![0; 65_536];
        while server.try_write(&much).is_ok() {}
        let acknowledgements = Acknowledgements::default();
        assert!(!acknowledgements.is_all_acknowledged(local, peer));
        drop(client);
    }
}
