//! A store in a directory of its own, or on a server that was chosen for the run, and people to put into it.

use std::{collections::HashMap, path::Path, sync::Arc};

use bridge::RemoteProfile;
use chrysalis_test_postgres::Database;
use domain::{
    Contact, Guid, Lists, NetworkBit, NetworkName, Passport, Realm, RemoteUser, Timestamp, account::Change,
    contact::RemoteTarget,
};
use sqlx::{AnyConnection, Connection};
use store::Store;
use tempfile::TempDir;

pub(crate) const CAROL: &str = "carol@msn.example";
pub(crate) const DAVE: &str = "dave@msn.example";
pub(crate) const BLOCK: u8 = 4;

/// Where a store is at home: a directory, which holds its database unless that is on a server.
pub(crate) struct Home {
    directory: TempDir,
    database: Option<Arc<Database>>,
}

impl Home {
    pub(crate) async fn new() -> Self {
        let database = if chrysalis_test_postgres::is_chosen() { Some(Arc::new(Database::new().await)) } else { None };
        Self { directory: TempDir::new().unwrap(), database }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// As the configuration has it.
    pub(crate) fn url(&self) -> String {
        self.database.as_ref().map_or_else(|| "sqlite://data/chrysalis.db".to_owned(), |database| database.url())
    }

    /// A connection beside the store's.
    pub(crate) async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let file = || format!("sqlite://{}", self.path().join("data/chrysalis.db").display());
        let url = self.database.as_ref().map_or_else(file, |database| database.url());
        AnyConnection::connect(&url).await.unwrap()
    }
}

pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) directory: Home,
}

impl Bench {
    /// A new store with the accounts Carol and Dave.
    pub(crate) async fn new() -> Self {
        let directory = Home::new().await;
        let store = open(&directory, &["loopback"]).await;
        assert!(store.add_account(&passport(CAROL), "Carol", "hash").await.unwrap());
        assert!(store.add_account(&passport(DAVE), "Dave", "hash").await.unwrap());
        Self { store, directory }
    }

    /// What a machine finds that lost its power now: the file and its log as they are on the disk. On a server: what it has when we
    /// are suddenly gone.
    pub(crate) async fn after_a_crash(&self) -> Self {
        let database = self.directory.database.clone();
        let directory = Home { directory: TempDir::new().unwrap(), database };
        if let Some(database) = &directory.database {
            database.hang_up().await;
        } else {
            std::fs::create_dir(directory.path().join("data")).unwrap();
            for file in ["data/chrysalis.db", "data/chrysalis.db-wal"] {
                std::fs::copy(self.directory.path().join(file), directory.path().join(file)).unwrap();
            }
        }
        let store = open(&directory, &["loopback"]).await;
        Self { store, directory }
    }

    /// Makes every statement of this kind fail, as a full disk would.
    pub(crate) async fn refuse(&self, statement: &str) {
        self.meddle(if self.directory.database.is_some() {
            format!(
                "CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused''; END';
                 CREATE TRIGGER refusal BEFORE {statement} FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        } else {
            format!("CREATE TRIGGER refusal BEFORE {statement} BEGIN SELECT RAISE(ABORT, 'refused'); END")
        })
        .await;
    }

    /// Changes the database behind the store's back.
    pub(crate) async fn meddle(&self, statement: String) {
        let mut connection = self.directory.connect().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }

    pub(crate) async fn lists(&self, owner: &str, contact: &Passport) -> Option<u8> {
        let record = self.store.load(&passport(owner)).await.unwrap().unwrap();
        record.contacts.iter().find(|entry| entry.passport == *contact).map(|entry| entry.lists.bits())
    }

    pub(crate) async fn list_changed(&self, owner: &str) -> Timestamp {
        self.store.load(&passport(owner)).await.unwrap().unwrap().list_changed
    }

    /// Puts a contact on `owner`'s own lists.
    pub(crate) async fn enlist(&self, owner: &str, contact: &Passport, lists: u8) {
        let change = Change::Contact(entry(contact, lists, 1));
        self.store.change(&passport(owner), vec![change]).await.unwrap();
    }
}

pub(crate) async fn open(directory: &Home, networks: &[&str]) -> Store {
    let bits = networks.iter().map(|name| (network(name), NetworkBit::try_from(256).unwrap())).collect();
    Store::open(&directory.url(), directory.path(), realm(), bits).await.unwrap()
}

pub(crate) async fn open_memory() -> Store {
    Store::open("sqlite::memory:", Path::new("/"), realm(), HashMap::new()).await.unwrap()
}

pub(crate) fn realm() -> Realm {
    Realm::new("msn.example", vec![network("loopback")])
}

pub(crate) fn passport(text: &str) -> Passport {
    text.parse().unwrap()
}

pub(crate) fn network(name: &str) -> NetworkName {
    name.parse().unwrap()
}

pub(crate) fn loopback() -> NetworkName {
    network("loopback")
}

pub(crate) fn person(id: &str) -> RemoteTarget {
    RemoteTarget::Person(RemoteUser(id.to_owned()))
}

pub(crate) fn profile(id: &str) -> RemoteProfile {
    RemoteProfile {
        user: RemoteUser(id.to_owned()),
        name: format!("{id}'s name"),
        login: id.to_owned(),
        server: None,
        account: None,
    }
}

pub(crate) fn guid(number: u128) -> Guid {
    Guid::of_chance(number)
}

pub(crate) fn entry(contact: &Passport, lists: u8, number: u128) -> Contact {
    Contact {
        passport: contact.clone(),
        guid: guid(number),
        lists: Lists::from_bits(lists),
        name: contact.to_string(),
        groups: Vec::new(),
        remote: None,
        merged: Vec::new(),
        spoken: None,
    }
}
