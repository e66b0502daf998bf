//! Stands between two HTTP peers of this machine, and does to them what networks, proxies and tired servers do.

mod fault;
mod passing;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use fault::Fault;
use passing::Passage;

/// A proxy in front of one server. It ends with this value.
pub struct FaultProxy {
    address: SocketAddr,
    passage: Arc<Passage>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// In front of a server of this machine, which need not be there yet. Nothing goes wrong until [`FaultProxy::strike`]; what
    /// does then, is drawn from `seed`.
    pub async fn start(target: SocketAddr, seed: u64) -> Self {
        assert!(target.ip().is_loopback(), "tests stay on this machine: {target}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let passage = Arc::new(Passage::new(target, seed));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&passage)));
        Self { address, passage, accepting }
    }

    /// Where it is reached.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on so many of a thousand requests meet one of these faults.
    pub fn strike(&self, per_mille: u32, faults: &[Fault]) {
        self.passage.plan().strike(per_mille, faults);
    }

    /// From now on nothing goes wrong.
    pub fn rest(&self) {
        self.passage.plan().strike(0, &[]);
    }

    /// How many requests have met each fault: those for which the server behind was not there are not among them.
    pub fn met(&self) -> BTreeMap<Fault, u32> {
        self.passage.plan().met.clone()
    }

    /// How many requests have come.
    pub fn asked(&self) -> u32 {
        self.passage.plan().asked
    }

    /// How many messages were sent again before the time that [`Fault::Limited`] had named was over.
    pub fn impatient(&self) -> u32 {
        self.passage.plan().impatient
    }

    /// Whoever asks has died, and whoever comes after them cannot know what they were told or are still being told.
    pub fn forgive(&self) {
        self.passage.plan().forgive();
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, passage: Arc<Passage>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let passage = Arc::clone(&passage);
        let asker = passage.plan().asker;
        tokio::spawn(async move {
            let service = service_fn(|request| Arc::clone(&passage).pass(asker, request));
            // An error is how a fault of ours looks from here.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
