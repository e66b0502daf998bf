//! What was begun is finished before the server stops, as far as networks take it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bridge::{
    Action, Failure, Farewell, Fault, Features, Host, Link, LinkOwner, Network, Order, Receipt, RemoteProfile, Standing,
};
use domain::{NetworkName, RemoteUser, contact::RemoteTarget, presence::OwnPresence};
use tokio::sync::{Notify, Semaphore};

use super::{core, passport};
use crate::{Handle, NetworkEntry, RegistrationPolicy, core::Core, links};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(1);

/// None as long as nobody gives any.
struct Permits(Semaphore);

impl Default for Permits {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

/// A network that takes an order only when it is let.
#[derive(Default)]
struct Slow {
    /// What may be taken.
    let_through: Permits,
    /// Rung when an order is tried.
    tried: Notify,
    is_away: bool,
    /// Whether it can be started.
    is_broken: bool,
    /// Whether it never answers who is to be linked.
    opens_nothing: bool,
    /// Rung when somebody is to be linked.
    opening: Notify,
    /// How often it was stopped.
    stopped: AtomicUsize,
}

struct SlowLink(Arc<Slow>);

struct SlowNetwork(Arc<Slow>);

#[async_trait]
impl Network for SlowNetwork {
    fn features(&self) -> Features {
        Features::PLAIN
    }

    async fn start(&self, _host: Arc<dyn Host>) -> Result<(), Failure> {
        if self.0.is_broken { Err(Failure::refused("it is broken")) } else { Ok(()) }
    }

    async fn open(&self, _owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        self.0.opening.notify_one();
        if self.0.opens_nothing {
            std::future::pending::<()>().await;
        }
        Ok(Arc::new(SlowLink(Arc::clone(&self.0))))
    }

    async fn resolve(&self, _name: &str, _server: Option<&str>) -> Result<Option<RemoteProfile>, Failure> {
        Ok(None)
    }

    async fn check(&self, _standing: Standing) -> Vec<Fault> {
        Vec::new()
    }

    async fn stop(&self) {
        self.0.stopped.fetch_add(1, Ordering::Relaxed);
    }
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
        self.0.let_through.0.acquire().await.unwrap().forget();
        Ok(Receipt::default())
    }

    async fn close(&self, _farewell: Farewell) {}
}

fn entry(name: &str, slow: &Arc<Slow>) -> NetworkEntry {
    let (name, bit) = (name.parse().unwrap(), 64.try_into().unwrap());
    NetworkEntry { name, bit, network: Arc::new(SlowNetwork(Arc::clone(slow))), features: Features::PLAIN }
}

/// A server with so many orders to one contact, which are being carried out.
async fn with_orders(count: usize, is_away: bool) -> (Arc<Core>, Handle, Arc<Slow>, tempfile::TempDir) {
    let slow = Arc::new(Slow { is_away, ..Slow::default() });
    let entry = entry("slow", &slow);
    let name = entry.name.clone();
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
    slow.let_through.0.add_permits(3);
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

#[tokio::test]
async fn a_network_that_goes_breaks_off_what_it_does_not_finish_and_does_it_when_it_comes_again() {
    let (core, handle, slow, _folder) = with_orders(2, false).await;
    let name = "slow".parse().unwrap();
    let began = Instant::now();
    handle.turn_off(std::slice::from_ref(&name), Duration::from_millis(50)).await;
    assert!(began.elapsed() < LONG);
    let (carol, ann) = (passport("carol@example.com"), passport("ann@slow.msn.example"));
    assert_eq!((core.outbox.under_way(), slow.stopped.load(Ordering::Relaxed)), (0, 1));
    assert!(core.links.link(&carol, &name).is_none() && core.party(&ann).await.unwrap().is_none());
    assert_eq!(core.store.lanes().await.unwrap(), [], "what waits, waits for it");

    slow.let_through.0.add_permits(2);
    handle.turn_on(vec![entry("slow", &slow)]).await.unwrap();
    tokio::time::timeout(LONG, core.outbox.quiet()).await.unwrap();
    assert_eq!(core.store.lanes().await.unwrap(), [], "it went out");
    assert!(core.links.link(&carol, &name).is_some() && core.party(&ann).await.unwrap().is_some());
}

#[tokio::test]
async fn an_order_that_rests_does_not_outlive_its_network() {
    let (core, handle, slow, _folder) = with_orders(1, true).await;
    let name = "slow".parse().unwrap();
    handle.turn_off(std::slice::from_ref(&name), LONG).await;
    handle.turn_on(vec![entry("slow", &slow)]).await.unwrap();
    tokio::time::timeout(LONG / 2, slow.tried.notified()).await.expect("it is tried again");
    assert_eq!(core.store.lanes().await.unwrap().len(), 1);
}

#[tokio::test]
async fn networks_come_all_or_none() {
    let (core, handle, slow, _folder) = with_orders(1, true).await;
    let broken = Arc::new(Slow { is_broken: true, ..Slow::default() });
    let well = Arc::new(Slow::default());
    let coming = vec![entry("well", &well), entry("broken", &broken)];
    let fault = handle.turn_on(coming).await.unwrap_err();
    assert!(fault.to_string().contains("networks.broken") && fault.to_string().contains("it is broken"), "{fault}");
    assert_eq!(well.stopped.load(Ordering::Relaxed), 1);
    let names: Vec<String> = handle.networks().iter().map(|entry| entry.name.to_string()).collect();
    assert_eq!((names, slow.stopped.load(Ordering::Relaxed)), (vec!["slow".to_owned()], 0));
    assert!(core.links.apart().is_empty());
}

#[tokio::test]
async fn a_network_that_links_nobody_holds_up_no_other_and_no_change() {
    let (core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    let (carol, handle) = (passport("carol@example.com"), Handle::of(&core));
    core.store.add_account(&carol, "Carol", "hash").await.unwrap();
    let hanging = Arc::new(Slow { opens_nothing: true, ..Slow::default() });
    let well = Arc::new(Slow::default());
    let coming = vec![entry("hanging", &hanging), entry("well", &well)];
    let asked = async {
        hanging.opening.notified().await;
        well.opening.notified().await;
        // Nothing but the patience with the one that does not answer takes time from here on.
        tokio::time::pause();
    };
    let (came, ()) = tokio::join!(handle.turn_on(coming), asked);
    tokio::time::resume();
    came.unwrap();
    let names: [NetworkName; 2] = ["hanging", "well"].map(|name| name.parse().unwrap());
    let linked = || names.each_ref().map(|name| core.links.link(&carol, name).is_some());
    assert_eq!(linked(), [false, true]);
    tokio::time::timeout(LONG, handle.turn_off(&names, Duration::ZERO)).await.expect("it goes");
    assert_eq!(linked(), [false, false]);
    core.stop.cancel();
    core.tasks.close();
    tokio::time::timeout(LONG, core.tasks.wait()).await.expect("nobody waits for it any more");
}
