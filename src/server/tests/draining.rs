//! What was begun is finished before the server stops, as far as networks take it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bridge::{
    Action, Failure, Farewell, Fault, Features, Host, Link, LinkOwner, Network, Order, Receipt, RemoteProfile, Standing,
};
use domain::{RemoteUser, contact::RemoteTarget, presence::OwnPresence};
use tokio::sync::{Notify, Semaphore};

use super::{core, passport};
use crate::{Handle, NetworkEntry, RegistrationPolicy, core::Core, links};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(1);

/// A network that takes an order only when it is let.
struct Slow {
    /// What may be taken.
    let_through: Semaphore,
    /// Rung when an order is tried.
    tried: Notify,
    is_away: bool,
}

struct SlowLink(Arc<Slow>);

struct SlowNetwork(Arc<Slow>);

#[async_trait]
impl Network for SlowNetwork {
    fn features(&self) -> Features {
        Features::PLAIN
    }

    async fn start(&self, _host: Arc<dyn Host>) -> Result<(), Failure> {
        Ok(())
    }

    async fn open(&self, _owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        Ok(Arc::new(SlowLink(Arc::clone(&self.0))))
    }

    async fn resolve(&self, _name: &str, _server: Option<&str>) -> Result<Option<RemoteProfile>, Failure> {
        Ok(None)
    }

    async fn check(&self, _standing: Standing) -> Vec<Fault> {
        Vec::new()
    }

    async fn stop(&self) {}
}

#[async_trait]
impl Link for SlowLink {
    fn show(&self, _presence: OwnPresence) {}

    fn typing(&self, _to: &RemoteTarget, _typing: bool) {}

    async fn deliver(&self, _order: &Order) -> Result<Receipt, Failure> {
        self.0.tried.notify_one();
        if self.0.is_away {
            return Err(Failure::retry("it is away"));
        }
        self.0.let_through.acquire().await.unwrap().forget();
        Ok(Receipt::default())
    }

    async fn close(&self, _farewell: Farewell) {}
}

/// A server with so many orders to one contact, which are being carried out.
async fn with_orders(count: usize, is_away: bool) -> (Arc<Core>, Handle, Arc<Slow>, tempfile::TempDir) {
    let slow = Arc::new(Slow { let_through: Semaphore::new(0), tried: Notify::new(), is_away });
    let (name, bit) = ("slow".parse::<domain::NetworkName>().unwrap(), 64.try_into().unwrap());
    let network = Arc::new(SlowNetwork(Arc::clone(&slow)));
    let entry = NetworkEntry { name: name.clone(), bit, network, features: Features::PLAIN };
    let (core, folder) = core(RegistrationPolicy::Closed, vec![entry]).await;
    let carol = passport("carol@example.com");
    core.store.add_account(&carol, "Carol", "hash").await.unwrap();
    core.links.open(&links::owner(carol.clone(), "Carol")).await;
    let profile = RemoteProfile {
        user: RemoteUser("ann".to_owned()),
        name: "Ann".to_owned(),
        login: "ann".to_owned(),
        server: None,
        account: None,
    };
    let ann = core.store.allot(&name, profile.into()).await.unwrap();
    for _ in 0..count {
        core.store.order(&carol, &ann, Action::Befriend).await.unwrap();
    }
    core.outbox.kick(&core, carol, ann);
    slow.tried.notified().await;
    let handle = Handle::of(&core);
    (core, handle, slow, folder)
}

#[tokio::test]
async fn what_is_on_its_way_goes_out_first() {
    let (core, handle, slow, _folder) = with_orders(3, false).await;
    let draining = tokio::spawn(async move { handle.drain(LONG).await });
    core.closing.cancelled().await;
    assert_eq!(core.outbox.under_way(), 1);
    assert!(!draining.is_finished());
    slow.let_through.add_permits(3);
    draining.await.unwrap();
    assert_eq!(core.store.lanes().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_is_waited_for_longer_than_allowed() {
    let (core, handle, _slow, _folder) = with_orders(1, false).await;
    let began = Instant::now();
    handle.drain(Duration::from_millis(50)).await;
    assert!(began.elapsed() < LONG);
    assert_eq!(core.store.lanes().await.unwrap().len(), 1, "it goes out after the next start");
}

#[tokio::test]
async fn a_network_that_is_away_is_not_waited_for() {
    let (core, handle, _slow, _folder) = with_orders(1, true).await;
    tokio::time::timeout(LONG / 2, handle.drain(LONG)).await.expect("its order waits, and is not under way");
    assert_eq!(core.store.lanes().await.unwrap().len(), 1);
}
