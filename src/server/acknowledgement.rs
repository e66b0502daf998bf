//! What the kernel knows of bytes that were sent: whether the client's machine has acknowledged them.
//!
//! Messenger says nothing when a message has reached it. A socket whose send queue is empty has at least had everything taken by
//! the other machine. The kernel tells that for all sockets at once, so one look serves every connection that asks.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tracing::debug;

/// How old a look may be to say that something has not arrived yet.
const FRESH: Duration = Duration::from_millis(200);

/// What the kernel knew at the last look.
#[derive(Default)]
pub(crate) struct Acknowledgements {
    last: Mutex<Option<(Instant, Queues)>>,
}

/// The bytes that each connection, by its two ends, has sent and not had acknowledged.
type Queues = HashMap<(SocketAddr, SocketAddr), u32>;

impl Acknowledgements {
    /// Whether everything sent until `sent` between these two ends has been acknowledged. A connection that no longer exists has
    /// not: it may have been broken off.
    pub(crate) async fn is_all_acknowledged(&self, local: SocketAddr, peer: SocketAddr, sent: Instant) -> bool {
        let ends = (plain(local), plain(peer));
        let mut last = self.last.lock().await;
        if let Some((taken, queues)) = last.as_ref().filter(|(taken, _)| *taken > sent) {
            let arrived = queues.get(&ends) == Some(&0);
            // What has arrived stays so, however old the look; else, where a look takes long, everybody would take one.
            if arrived || taken.elapsed() < FRESH {
                return arrived;
            }
        }
        // The look is as old as its beginning: what was sent while it was taken may not be in it.
        let taken = Instant::now();
        let queues = tokio::task::spawn_blocking(look).await.unwrap_or_default();
        let arrived = queues.get(&ends) == Some(&0);
        *last = Some((taken, queues));
        arrived
    }
}

fn look() -> Queues {
    let tables = [procfs::net::tcp(), procfs::net::tcp6()];
    let mut queues = Queues::new();
    for table in tables {
        match table {
            Ok(entries) => queues.extend(
                entries
                    .into_iter()
                    .map(|entry| ((plain(entry.local_address), plain(entry.remote_address)), entry.tx_queue)),
            ),
            // Without it a message counts as delivered when the client next speaks.
            Err(fault) => debug!(%fault, "the kernel does not tell what was acknowledged"),
        }
    }
    queues
}

/// The same end, whether it is written as IPv4 or as IPv4 within IPv6.
fn plain(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4),
        ip @ IpAddr::V4(_) => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[tokio::test]
    async fn the_kernel_knows_what_arrived() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, peer) = listener.accept().await.unwrap();
        server.write_all(b"hello").await.unwrap();
        let mut heard = [0; 5];
        client.read_exact(&mut heard).await.unwrap();
        let acknowledgements = Acknowledgements::default();
        let sent = Instant::now();
        assert!(acknowledgements.is_all_acknowledged(server.local_addr().unwrap(), peer, sent).await);
        let stranger = "127.0.0.1:1".parse().unwrap();
        assert!(!acknowledgements.is_all_acknowledged(stranger, peer, sent).await, "an unknown socket proves nothing");
    }

    #[tokio::test]
    async fn an_old_look_still_proves_what_it_saw() {
        let (local, peer) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let now = Instant::now();
        let (taken, sent) = (now.checked_sub(2 * FRESH).unwrap(), now.checked_sub(3 * FRESH).unwrap());
        let acknowledgements = Acknowledgements::default();
        // No such connection is there, so that a new look would find nothing.
        *acknowledgements.last.lock().await = Some((taken, Queues::from([((local, peer), 0)])));
        assert!(acknowledgements.is_all_acknowledged(local, peer, sent).await);
        assert!(!acknowledgements.is_all_acknowledged(local, peer, now).await, "sent after the look");
    }
}
