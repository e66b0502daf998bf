//! The way to a connection's task: what it is sent, and how much may be under way.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::account::SessionId;
use msnp::dialect::Dialect;
use session::{notification, switchboard};
use tokio::sync::{mpsc, oneshot};

/// How much may wait for a connection's task. Whoever lets more pile up is too slow to be kept.
const QUEUE: usize = 4096;

/// What a connection's task is sent.
pub(crate) enum ToConnection {
    /// For a notification connection.
    Notification(Vec<notification::Input>),
    /// For a switchboard connection.
    Switchboard(switchboard::Input),
    /// For a switchboard connection, by a peer that sends no more than it has credit for.
    Paced(switchboard::Input, Credit),
}

/// Leave to have one packet under way; it goes back once the packet is out on the socket, and is lost with the connection.
pub(crate) enum Credit {
    /// Of a peer of this server.
    Peer(mpsc::Sender<()>),
    /// Of another client, which hears then that its packet was taken.
    Client(oneshot::Sender<()>),
}

impl Credit {
    /// The packet is out.
    pub(crate) fn give_back(self) {
        // There is room for as many as were ever given; and whoever does not listen any more does not care.
        match self {
            Self::Peer(returns) => drop(returns.try_send(())),
            Self::Client(taken) => drop(taken.send(())),
        }
    }
}

/// The way to a connection's task.
#[derive(Clone)]
pub(crate) struct ConnectionHandle {
    lane: Arc<Lane>,
    session: SessionId,
    dialect: Dialect,
    address: Arc<str>,
    peer: IpAddr,
}

/// The queue towards a connection's task.
struct Lane {
    queue: mpsc::Sender<Box<ToConnection>>,
    /// Set when something did not fit: the client has missed it, so its connection must end.
    overflown: AtomicBool,
}

impl ConnectionHandle {
    /// Tells the client. A full queue belongs to a client too slow to be kept: its connection ends.
    pub(crate) fn tell(&self, message: ToConnection) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.lane.queue.try_send(Box::new(message)) {
            self.lane.overflown.store(true, Ordering::Relaxed);
        }
    }

    /// Sends a peer's packet, which waits behind no more than what its peer has credit for.
    pub(crate) fn tell_paced(&self, input: switchboard::Input, credit: Credit) {
        self.tell(ToConnection::Paced(input, credit));
    }

    /// Whether the connection has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.lane.queue.is_closed()
    }

    /// Waits for the connection's end.
    pub(crate) async fn gone(&self) {
        self.lane.queue.closed().await;
    }

    pub(crate) const fn session(&self) -> SessionId {
        self.session
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// From where it is connected.
    pub(crate) const fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Where this client is told to connect to: what its own listener is called outside.
    pub(crate) fn address(&self) -> Arc<str> {
        Arc::clone(&self.address)
    }
}

/// The connection's own end of the way to it.
pub(crate) struct LaneEnd {
    lane: Arc<Lane>,
}

impl LaneEnd {
    /// A way to a connection, and what comes by it.
    pub(crate) fn open() -> (Self, mpsc::Receiver<Box<ToConnection>>) {
        let (sender, queue) = mpsc::channel(QUEUE);
        (Self { lane: Arc::new(Lane { queue: sender, overflown: AtomicBool::new(false) }) }, queue)
    }

    /// Whether something did not fit.
    pub(crate) fn has_overflown(&self) -> bool {
        self.lane.overflown.load(Ordering::Relaxed)
    }

    /// The way for others.
    pub(crate) fn handle(
        &self,
        session: SessionId,
        dialect: Dialect,
        (address, peer): (Arc<str>, IpAddr),
    ) -> ConnectionHandle {
        ConnectionHandle { lane: Arc::clone(&self.lane), session, dialect, address, peer }
    }
}
