//! Each network sees as much of an account's presence as its user lets it, whatever comes in between.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bridge::{
    Failure, Farewell, Fault, Features, Host, Link, LinkOwner, Network, Order, Receipt, RemoteProfile, Standing,
};
use domain::{
    Passport, PersonalMessage, Status,
    contact::RemoteTarget,
    presence::{OwnPresence, Sharing},
};

use super::{core, passport};
use crate::{NetworkEntry, RegistrationPolicy, links, portal::Portal};

/// A network that keeps what it is shown: the status, and the line.
#[derive(Default, Clone)]
struct Watching(Arc<Mutex<Vec<(Status, String)>>>);

impl Watching {
    fn take(&self) -> Vec<(Status, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[async_trait]
impl Network for Watching {
    fn features(&self) -> Features {
        Features { presence: true, ..Features::PLAIN }
    }

    async fn start(&self, _host: Arc<dyn Host>) -> Result<(), Failure> {
        Ok(())
    }

    async fn open(&self, _owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        Ok(Arc::new(self.clone()))
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
impl Link for Watching {
    fn show(&self, presence: OwnPresence) {
        assert_eq!(presence.name, "Carol", "a name is no presence");
        self.0.lock().unwrap().push((presence.status, presence.personal_message.text));
    }

    fn typing(&self, _to: &RemoteTarget, _typing: bool) {}

    async fn deliver(&self, _order: &Order) -> Result<Receipt, Failure> {
        Ok(Receipt::default())
    }

    async fn close(&self, _farewell: Farewell) {}
}

fn entry(name: &str, network: &Watching) -> NetworkEntry {
    let bit = if name == "net" { 64 } else { 128 };
    NetworkEntry {
        name: name.parse().unwrap(),
        bit: bit.try_into().unwrap(),
        features: network.features(),
        network: Arc::new(network.clone()),
    }
}

fn here(line: &str) -> OwnPresence {
    let personal_message = PersonalMessage::of(line);
    OwnPresence { status: Status::Busy, name: "Carol".to_owned(), personal_message, picture: None }
}

fn told(status: Status, line: &str) -> Vec<(Status, String)> {
    vec![(status, line.to_owned())]
}

#[tokio::test]
async fn each_network_sees_as_much_as_it_was_let_and_hears_of_it_at_once() {
    let (net, other) = (Watching::default(), Watching::default());
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry("net", &net), entry("other", &other)]).await;
    let (carol, name) = (passport("carol@example.com"), "net".parse().unwrap());
    core.store.add_account(&carol, "Carol", "hash").await.unwrap();
    let owner = || links::owner(carol.clone(), "Carol");
    core.links.open(&owner()).await;
    core.links.show(&carol, here("before it is known what Carol shares"));
    assert_eq!((net.take(), other.take()), (vec![], vec![]), "nothing is shown that may not be wanted");

    core.links.load_sharing(&core.store, &carol).await.unwrap();
    core.links.show(&carol, here("reading"));
    assert_eq!((net.take(), other.take()), (told(Status::Busy, "reading"), told(Status::Busy, "reading")));
    for (sharing, seen) in [
        (Sharing::Status, told(Status::Busy, "")),
        (Sharing::Nothing, told(Status::Hidden, "")),
        (Sharing::Everything, told(Status::Busy, "reading")),
        (Sharing::Nothing, told(Status::Hidden, "")),
    ] {
        core.links.share(&core.store, &carol, &name, sharing).await.unwrap();
        assert_eq!((net.take(), other.take()), (seen, vec![]), "{sharing:?}, and the other network hears nothing");
    }
    core.links.show(&carol, here("writing"));
    assert_eq!((net.take(), other.take()), (told(Status::Hidden, ""), told(Status::Busy, "writing")));

    // A server that starts again, and an account that begins anew, know it.
    core.links.close(&carol, Farewell::Stopping).await;
    core.links.load_sharing(&core.store, &carol).await.unwrap();
    core.links.show(&carol, here("back"));
    core.links.open(&owner()).await;
    assert_eq!((net.take(), other.take()), (told(Status::Hidden, ""), told(Status::Busy, "back")));
}

#[tokio::test]
async fn whoever_comes_after_a_removed_account_shows_nothing_of_it() {
    let net = Watching::default();
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry("net", &net)]).await;
    let carol = passport("carol@example.com");
    core.store.add_account(&carol, "Carol", "hash").await.unwrap();
    core.links.load_sharing(&core.store, &carol).await.unwrap();
    core.links.open(&links::owner(carol.clone(), "Carol")).await;
    core.links.show(&carol, here("the first Carol"));
    net.take();
    core.links.close(&carol, Farewell::Removed).await;
    core.links.show(&carol, here("said too late"));
    core.links.load_sharing(&core.store, &carol).await.unwrap();
    core.links.open(&links::owner(carol.clone(), "Carol")).await;
    assert_eq!(net.take(), []);
}

#[tokio::test]
async fn a_network_that_is_not_on_cannot_be_chosen_for() {
    let net = Watching::default();
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry("net", &net)]).await;
    let (carol, portal): (Passport, _) = (passport("carol@example.com"), Portal::of(&core));
    core.store.add_account(&carol, "Carol", "hash").await.unwrap();
    let shown = portal.choices(&carol).await.unwrap();
    assert_eq!(shown.sharing, [("net".parse().unwrap(), Sharing::Everything)].into());
    let mut wanted = shown.clone();
    wanted.sharing.insert("net".parse().unwrap(), Sharing::Status);
    portal.choose(&carol, shown.clone(), wanted.clone()).await.unwrap();
    assert_eq!(portal.choices(&carol).await.unwrap(), wanted);
    wanted.sharing.insert("gone".parse().unwrap(), Sharing::Nothing);
    portal.choose(&carol, shown, wanted.clone()).await.unwrap_err();
    assert_eq!(core.store.sharing(&carol).await.unwrap(), [("net".parse().unwrap(), Sharing::Status)].into());
}
