//! Networks forget the accounts that were removed.

use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use bridge::{
    Failure, Farewell, Fault, Features, Host, Link, LinkAnswers, LinkOwner, LinkState, LinkStatus, LinkStep, LinkWay,
    Network, Order, Receipt, RemoteProfile, Standing, Through, Write,
};
use domain::{Passport, Timestamp, contact::RemoteTarget, presence::OwnPresence};

use store::Store;

use super::{core, passport};
use crate::{AccountFault, Administration, LinkFault, Linking, NetworkEntry, PasswordCost, RegistrationPolicy, links};

/// Whom the network was told to have been removed.
type Parted = Arc<Mutex<Vec<Passport>>>;

#[derive(Default)]
struct Forgetful {
    parted: Parted,
    /// From which an account is removed while it links itself.
    store: OnceLock<Store>,
}

struct Linked(Passport, Parted);

#[async_trait]
impl Network for Forgetful {
    fn features(&self) -> Features {
        Features::PLAIN
    }

    async fn start(&self, _host: Arc<dyn Host>) -> Result<(), Failure> {
        Ok(())
    }

    async fn open(&self, owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        Ok(Arc::new(Linked(owner.passport, Arc::clone(&self.parted))))
    }

    fn link_ways(&self) -> Vec<LinkWay> {
        let steps = vec![LinkStep { key: "token", ask: "What is it?".to_owned(), secret: true }];
        vec![LinkWay { key: "token", says: "By a token.".to_owned(), steps, through: Through::Answers }]
    }

    async fn link(&self, owner: &Passport, _way: &str, _answers: &LinkAnswers) -> Result<LinkStatus, Failure> {
        assert!(self.store.get().unwrap().remove_account(owner, Timestamp(1)).await.unwrap());
        Ok(LinkStatus { identity: "carol".to_owned(), state: LinkState::Connected, notes: Vec::new() })
    }

    async fn unlink(&self, owner: &Passport) -> Result<bool, Failure> {
        self.parted.lock().unwrap().push(owner.clone());
        Ok(true)
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
impl Link for Linked {
    fn show(&self, _presence: OwnPresence) {}

    fn typing(&self, _to: &RemoteTarget, _typing: bool) {}

    async fn deliver(&self, _order: &Order) -> Result<Receipt, Failure> {
        Ok(Receipt::default())
    }

    async fn close(&self, farewell: Farewell) {
        assert_eq!(farewell, Farewell::Removed);
        self.1.lock().unwrap().push(self.0.clone());
    }
}

fn entry(network: Arc<Forgetful>) -> NetworkEntry {
    let (name, bit) = ("net".parse().unwrap(), 64.try_into().unwrap());
    NetworkEntry { name, bit, network, features: Features::PLAIN }
}

#[tokio::test]
async fn an_account_that_was_removed_is_forgotten_once_even_if_no_server_ran_then() {
    let network = Arc::new(Forgetful::default());
    let (parted, entry) = (Arc::clone(&network.parted), entry(network));
    let name = entry.name.clone();
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry]).await;
    let forgotten = async || {
        links::part_late(&core, &core.links.networks()).await.unwrap();
        std::mem::take(&mut *parted.lock().unwrap())
    };
    let carol = passport("carol@example.com");
    let made = async || {
        assert!(core.store.add_account(&carol, "Carol", "hash").await.unwrap());
        core.links.open(&links::owner(carol.clone(), "Carol")).await;
    };
    core.store.write(&name, vec![Write::Put("key".into(), "value".into())]).await.unwrap();

    made().await;
    assert_eq!(forgotten().await, [], "nobody was removed");
    let offline = Administration::offline(core.store.clone(), core.settings.realm.clone(), PasswordCost::default());
    offline.remove(carol.as_str()).await.unwrap();
    made().await;
    assert_eq!(forgotten().await, std::slice::from_ref(&carol), "though somebody has the address again");
    assert_eq!(forgotten().await, []);
    Administration::running(&core).remove(carol.as_str()).await.unwrap();
    assert_eq!(forgotten().await, [carol], "at once, and not once more");
}

#[tokio::test]
async fn a_link_of_an_account_that_was_removed_meanwhile_is_ended() {
    let network = Arc::new(Forgetful::default());
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry(Arc::clone(&network))]).await;
    network.store.set(core.store.clone()).unwrap_or_else(|_| panic!("it is set once"));
    let carol = passport("carol@example.com");
    assert!(core.store.add_account(&carol, "Carol", "hash").await.unwrap());
    let answers = LinkAnswers::from([("token".to_owned(), "s3cret".to_owned())]);
    let linked = Linking::of(&core).link(&carol, "net", None, answers).await;
    assert!(matches!(linked, Err(LinkFault::Failed(Failure::Refused { .. }))), "{linked:?}");
    assert_eq!(*network.parted.lock().unwrap(), [carol]);
}

#[tokio::test]
async fn nobody_gets_the_address_of_somebody_of_whom_a_network_keeps_something() {
    let entry = entry(Arc::default());
    let name = entry.name.clone();
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry]).await;
    let carol = passport("carol@example.com");
    assert!(core.store.add_account(&carol, "Carol", "hash").await.unwrap());
    core.store.write(&name, vec![Write::Put("key".into(), "value".into())]).await.unwrap();
    let offline = Administration::offline(core.store.clone(), core.settings.realm.clone(), PasswordCost::default());
    offline.remove(carol.as_str()).await.unwrap();
    let running = Administration::running(&core);
    for administration in [&offline, &running] {
        let refused = administration.add(carol.as_str(), None, "s3cret word").await;
        assert!(matches!(&refused, Err(AccountFault::Invalid(why)) if why.contains("still keeps")), "{refused:?}");
    }
    links::part_late(&core, &core.links.networks()).await.unwrap();
    running.add(carol.as_str(), None, "s3cret word").await.unwrap();
}
