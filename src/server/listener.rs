//! The listeners that Messenger connects to, and how many may be connected.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::{Gauge, gauge};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tracing::warn;

use crate::{connection, core::Core, duty::Duty, limit::Limit, subscriber::subscriber, transport::Transport};

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
    let name = socket.local_addr().map_or_else(|_| public_address.to_string(), |address| address.to_string());
    let _on_duty = Duty::begin(&core.duty, format!("Messenger {name}"));
    if let Err(fault) = SockRef::from(&socket).listen(BACKLOG) {
        warn!(%fault, "the queue of new connections stays short");
    }
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = core.closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = canonical(peer);
                let limits = &core.settings.limits;
                let most = (limits.connections, Limit::Connections);
                let most_of_one = (limits.connections_per_address, Limit::ConnectionsPerAddress);
                let place = match Crowd::enter(&crowd, peer.ip(), most, most_of_one) {
                    Ok(place) => place,
                    Err(limit) => {
                        limit.reached(peer.ip());
                        continue;
                    }
                };
                prepare(&stream, peer);
                let counted =
                    Counted::of(gauge!("chrysalis_connections", "listener" => name.clone(), "transport" => "tcp"));
                let transport = Transport::Tcp { stream, peer };
                connection::spawn(&core, transport, Arc::clone(&public_address), (place, counted));
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

/// How many are connected, in all and from each address, which is one by [`subscriber`].
#[derive(Default)]
pub(crate) struct Crowd(Mutex<(usize, HashMap<IpAddr, usize>)>);

impl Crowd {
    /// Takes a place, if fewer than `most` are taken and fewer than `most_of_one` from this address; else says which limit that is.
    pub(crate) fn enter(
        crowd: &Arc<Self>,
        address: IpAddr,
        (most, of_all): (usize, Limit),
        (most_of_one, of_address): (usize, Limit),
    ) -> Result<Place, Limit> {
        let address = subscriber(address);
        let mut inside = crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = inside.1.get(&address).copied().unwrap_or(0);
        if inside.0 >= most {
            return Err(of_all);
        }
        if of_one >= most_of_one {
            return Err(of_address);
        }
        inside.0 += 1;
        inside.1.insert(address, of_one + 1);
        Ok(Place { crowd: Arc::clone(crowd), address })
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

/// One more of something that is measured, until it is dropped.
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn of(gauge: Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
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
        let limits = ((3, Limit::Connections), (2, Limit::ConnectionsPerAddress));
        let enter = |last: u8| Crowd::enter(&crowd, IpAddr::from([127, 0, 0, last]), limits.0, limits.1);
        let (first, second) = (enter(1).unwrap(), enter(1).unwrap());
        assert_eq!(enter(1).err(), Some(Limit::ConnectionsPerAddress));
        let _third = enter(2).unwrap();
        assert_eq!(enter(3).err(), Some(Limit::Connections));
        drop(first);
        assert!(enter(3).is_ok());
        drop(second);
        assert!(enter(1).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_has_the_places_of_one_address() {
        let crowd = Arc::new(Crowd::default());
        let limits = ((9, Limit::Connections), (2, Limit::ConnectionsPerAddress));
        let enter = |address: &str| Crowd::enter(&crowd, address.parse().unwrap(), limits.0, limits.1);
        let (first, _second) = (enter("2001:db8::1").unwrap(), enter("2001:db8::2").unwrap());
        assert_eq!(enter("2001:db8::3").err(), Some(Limit::ConnectionsPerAddress));
        let _neighbour = enter("2001:db8:0:1::3").unwrap();
        drop(first);
        assert!(enter("2001:db8::4").is_ok());
    }
}
