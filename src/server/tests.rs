//! What takes a whole server, and no client.

mod draining;
mod hosting;
mod overview;
mod parting;
mod passwords;
mod portal;
mod room;
mod sharing;
mod turns;

use std::path::Path;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use bridge::{
    Failure, Farewell, Fault, Features, Host, Link, LinkOwner, Network, Order, Receipt, Registration, RemoteProfile,
    Standing,
};
use domain::{
    Passport, PersonalMessage, Realm, Status,
    contact::RemoteTarget,
    network::NetworkIds,
    presence::{OfflineContacts, OwnPresence},
};
use media::Blobs;
use session::{emoji::Emoji, settings::Challenges};
use store::Store;
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::{
    Limits, NetworkEntry, PortalSettings, RegistrationPolicy, RoomStyle, Settings,
    core::Core,
    links::{self, Links},
    registration::register,
};

fn passport(address: &str) -> Passport {
    address.parse().unwrap()
}

async fn core(registration: RegistrationPolicy, networks: Vec<NetworkEntry>) -> (Arc<Core>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let names = networks.iter().map(|entry| entry.name.clone()).collect();
    let bits = networks.iter().map(|entry| (entry.name.clone(), entry.bit)).collect();
    let realm = Realm::new("msn.example", names);
    let store = Store::open("sqlite::memory:", folder.path(), realm.clone(), bits).await.unwrap();
    let blobs = Blobs::open(folder.path().join("media")).await.unwrap();
    let mut settings = settings(realm, folder.path());
    settings.registration = registration;
    (Core::new(settings, store, blobs, Links::new(networks)), folder)
}

/// Settings of a server that nobody connects to.
pub(crate) fn settings(realm: Realm, data_directory: &Path) -> Settings {
    let session = session::Settings {
        network_ids: NetworkIds::default(),
        emoji: Emoji::Codes,
        bridged_font: Arc::from(""),
        challenges: Challenges::Off,
        calls_per_minute: 1,
        messages_per_minute: 1,
        mail: false,
        web: Arc::from("http://127.0.0.1"),
        public_address: Arc::from("127.0.0.1:1863"),
    };
    Settings {
        realm,
        session,
        rooms: RoomStyle::Prefixed,
        receipts: true,
        live_list: false,
        registration: RegistrationPolicy::Closed,
        portal: PortalSettings::default(),
        offline_contacts: OfflineContacts::default(),
        offline_messages: true,
        dispatch: false,
        data_directory: data_directory.to_owned(),
        limits: Limits { registrations_per_hour: 2, ..Limits::default() },
    }
}

/// Why no account was made.
async fn refusal(core: &Arc<Core>, address: &str, password: &str) -> String {
    match register(core, &passport(address), password).await.unwrap() {
        Registration::Made => panic!("{address} was made"),
        Registration::Refused(reason) => reason,
    }
}

#[tokio::test]
async fn nobody_registers_unless_the_configuration_says_so() {
    let (core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    assert!(refusal(&core, "dora@example.com", "secret word").await.contains("ask them"));
    assert_eq!(core.store.accounts().await.unwrap(), []);
}

#[tokio::test]
async fn people_of_networks_register_within_what_is_allowed() {
    let (core, _folder) = core(RegistrationPolicy::Networks, Vec::new()).await;
    for (address, password, reason) in [
        ("dora@example.com", "12345", "at least 6 characters"),
        ("chrysalis@msn.example", "secret word", "is reserved for this server"),
        ("dora@anything.msn.example", "secret word", "is reserved for this server"),
    ] {
        let told = refusal(&core, address, password).await;
        assert!(told.contains(reason), "{address}: {told}");
    }
    let dora = passport("dora@example.com");
    assert_eq!(register(&core, &dora, "secret word").await, Ok(Registration::Made));
    assert!(core.store.password_hash(&dora).await.unwrap().unwrap().starts_with("$argon2id$"));
    for _ in 0..3 {
        assert!(refusal(&core, "dora@example.com", "secret word").await.contains("already: choose another address"));
    }
    assert_eq!(register(&core, &passport("emil@example.com"), "secret word").await, Ok(Registration::Made));
    let told = refusal(&core, "frank@example.com", "secret word").await;
    assert!(told.contains("try again later"), "two were made within the hour: {told}");
}

/// A network whose links cannot be opened at first.
#[derive(Default)]
struct Reluctant {
    opened: AtomicUsize,
    shown: Arc<Notify>,
}

struct Shown(Arc<Notify>);

#[async_trait]
impl Network for Reluctant {
    fn features(&self) -> Features {
        Features::PLAIN
    }

    async fn start(&self, _host: Arc<dyn Host>) -> Result<(), Failure> {
        Ok(())
    }

    async fn open(&self, _owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        match self.opened.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err(Failure::retry("not yet")),
            _ => Ok(Arc::new(Shown(Arc::clone(&self.shown)))),
        }
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
impl Link for Shown {
    fn show(&self, presence: OwnPresence) {
        if presence.personal_message.text == "here" {
            self.0.notify_one();
        }
    }

    fn typing(&self, _to: &RemoteTarget, _typing: bool) {}

    async fn deliver(&self, _order: &Order) -> Result<Receipt, Failure> {
        Ok(Receipt::default())
    }

    async fn close(&self, _farewell: Farewell) {}
}

#[tokio::test]
async fn a_link_that_could_not_be_opened_is_opened_later_and_shows_what_was_shown() {
    let network = Arc::new(Reluctant::default());
    let shown = Arc::clone(&network.shown);
    let (name, bit) = ("reluctant".parse::<domain::NetworkName>().unwrap(), 64.try_into().unwrap());
    let entry = NetworkEntry { name: name.clone(), bit, network, features: Features::PLAIN };
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry]).await;
    let carol = passport("carol@example.com");
    core.store.add_account(&carol, "Carol", "hash").await.unwrap();
    core.links.load_sharing(&core.store, &carol).await.unwrap();
    core.links.open(&links::owner(carol.clone(), "Carol")).await;
    assert!(core.links.link(&carol, &name).is_none());
    let personal_message = PersonalMessage::of("here");
    core.links.show(
        &carol,
        OwnPresence { status: Status::Online, name: "Carol".to_owned(), personal_message, picture: None },
    );
    let reopening = tokio::spawn(links::reopen(Arc::clone(&core)));
    // Only what the server waits for itself takes time.
    tokio::time::pause();
    shown.notified().await;
    core.links.link(&carol, &name).expect("the link is used from now on");
    core.stop.cancel();
    reopening.await.unwrap();
}
