//! The listeners that Messenger connects to, and how many may be connected.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tracing::warn;

use crate::{connection, core::Core, transport::Transport};

/// A silent connection is asked for a sign of life after this.
const KEEPALIVE: Duration = Duration::from_mins(2);

/// A machine that acknowledges nothing for so long is gone: what its clients were given goes to the next ones.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// How many clients may wait to be accepted: after a restart all of them come back within a second, and whoever finds no
/// room tries again only a second later. The system may allow fewer.
const BACKLOG: i32 = 4096;

/// A listener that is bound already.
#[derive(Debug)]
pub struct Listener {
    /// Its socket.
    pub socket: TcpListener,
    /// Where clients that came to it are told to connect to for whatever comes next: `host:port`.
    pub public_address: Arc<str>,
}

/// Accepts clients until the server stops.
pub(crate) async fn listen(core: Arc<Core>, listener: Listener, crowd: Arc<Crowd>) {
    let Listener { socket, public_address } = listener;
    if let Err(fault) = SockRef::from(&socket).listen(BACKLOG) {
        warn!(%fault, "the queue of new connections stays short");
    }
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = core.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = canonical(peer);
                let limits = &core.settings.limits;
                let Some(place) = Crowd::enter(&crowd, peer.ip(), limits.connections, limits.connections_per_address)
                else {
                    warn!(%peer, "too many connections: one was turned away");
                    continue;
                };
                prepare(&stream, peer);
                connection::spawn(&core, Transport::Tcp { stream, peer }, Arc::clone(&public_address), place);
            }
            Err(fault) => {
                // Mostly too many open files: others have to close first.
                warn!(%fault, "cannot accept a connection; raise the limit of open files if this goes on");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// An IPv4 client's address, also where the listener is for IPv6 too: limits count by it, and clients are told it.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

fn prepare(stream: &TcpStream, peer: SocketAddr) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    let socket = SockRef::from(stream);
    let set = stream
        .set_nodelay(true)
        .and_then(|()| socket.set_tcp_keepalive(&keepalive))
        .and_then(|()| socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED)));
    if let Err(fault) = set {
        warn!(%peer, %fault, "a socket does not take its options");
    }
}

/// How many are connected, in all and from each address.
#[derive(Default)]
pub(crate) struct Crowd(Mutex<(usize, HashMap<IpAddr, usize>)>);

impl Crowd {
    /// Takes a place, if fewer than `most` are taken and fewer than `most_of_one` from this address.
    pub(crate) fn enter(crowd: &Arc<Self>, address: IpAddr, most: usize, most_of_one: usize) -> Option<Place> {
        let mut inside = crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = inside.1.get(&address).copied().unwrap_or(0);
        if inside.0 >= most || of_one >= most_of_one {
            return None;
        }
        inside.0 += 1;
        inside.1.insert(address, of_one + 1);
        Some(Place { crowd: Arc::clone(crowd), address })
    }
}

/// One connection's place; given back when it is dropped.
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.0 -= 1;
        if let Some(count) = inside.1.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                inside.1.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_client_is_the_same_on_every_listener() {
        for (peer, wanted) in [
            ("[::ffff:127.0.0.1]:1863", "127.0.0.1:1863"),
            ("127.0.0.1:1863", "127.0.0.1:1863"),
            ("[2001:db8::7]:1863", "[2001:db8::7]:1863"),
        ] {
            assert_eq!(canonical(peer.parse().unwrap()), wanted.parse().unwrap());
        }
    }

    #[test]
    fn places_are_limited_in_all_and_for_each_address_and_given_back() {
        let crowd = Arc::new(Crowd::default());
        let enter = |last: u8| Crowd::enter(&crowd, IpAddr::from([127, 0, 0, last]), 3, 2);
        let (first, second) = (enter(1).unwrap(), enter(1).unwrap());
        assert!(enter(1).is_none(), "two of one address");
        let _third = enter(2).unwrap();
        assert!(enter(3).is_none(), "three in all");
        drop(first);
        assert!(enter(3).is_some());
        drop(second);
        assert!(enter(1).is_some());
    }
}
