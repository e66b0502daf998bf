//! The addresses of people and rooms of other networks: allotted once for the whole server, never given back.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use bridge::{RemoteProfile, RoomProfile};
use domain::{NetworkBit, NetworkName, Passport, Realm, contact::RemoteTarget, content::bounded_name};
use sqlx::AnyConnection;

use crate::{Portrait, Store, StoreFault, merged, word};

/// Which networks there are, and how their people are addressed.
pub(crate) struct Networks {
    pub(crate) realm: Realm,
    pub(crate) bits: HashMap<NetworkName, NetworkBit>,
}

/// The networks that are on now, for all clones of a store. Whoever asks gets them as they were at that moment.
#[derive(Clone)]
pub(crate) struct CurrentNetworks(Arc<RwLock<Arc<Networks>>>);

impl CurrentNetworks {
    pub(crate) fn new(networks: Networks) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(networks))))
    }

    pub(crate) fn now(&self) -> Arc<Networks> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// These are on from now on; those that were come back.
    fn replace(&self, networks: Arc<Networks>) -> Arc<Networks> {
        std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), networks)
    }
}

/// Who or what a remote address stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteContact {
    /// On which network; it may be off.
    pub network: NetworkName,
    /// Who or what there.
    pub target: RemoteTarget,
    /// The name it shows; empty if none is known.
    pub name: String,
    /// What it is about, where it is a room; empty if that is not known.
    pub topic: String,
    /// The picture it shows; `None` as long as its bytes are not here.
    pub picture: Option<Portrait>,
}

/// What an address is made of. Made of a profile, its names are bounded as [`RemoteProfile::bounded`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// Who or what.
    pub target: RemoteTarget,
    /// The name it shows; empty if none.
    pub name: String,
    /// The readable name the address is made of.
    pub login: String,
    /// The server it is of, on networks that have several.
    pub server: Option<String>,
    /// What it is about, where it is a room; empty if that is not known.
    pub topic: String,
}

impl From<RemoteProfile> for Introduction {
    fn from(profile: RemoteProfile) -> Self {
        let RemoteProfile { user, name, login, server, account: _ } = profile.bounded();
        Self { target: RemoteTarget::Person(user), name, login, server, topic: String::new() }
    }
}

impl From<RoomProfile> for Introduction {
    fn from(profile: RoomProfile) -> Self {
        let RoomProfile { room, name, login, server, topic } = profile.bounded();
        Self { target: RemoteTarget::Room(room), name, login, server, topic }
    }
}

impl Introduction {
    /// One who is only known by id: the address is made of that.
    pub(crate) fn nameless(target: RemoteTarget) -> Self {
        let login = word::target_words(&target).1;
        Self { target, name: String::new(), login, server: None, topic: String::new() }
    }
}

impl Store {
    /// These networks are on from now on, for all clones: what [`Store::open`] was given holds no more. When this returns, everything that
    /// was written before is in the database, so that whoever reads anew misses nothing. Where it fails, everything is as it was.
    pub async fn have_networks(&self, realm: Realm, bits: HashMap<NetworkName, NetworkBit>) -> Result<(), StoreFault> {
        let networks = Arc::new(Networks { realm, bits });
        let before = self.networks.replace(Arc::clone(&networks));
        let left = self
            .writer
            .run(move |connection| {
                Box::pin(async move { merged::leave_networks_that_are_off(connection, &networks).await })
            })
            .await;
        if left.is_err() {
            self.networks.replace(before);
        }
        left
    }

    /// Who or what an address stands for; `None` if it was never allotted.
    pub async fn remote(&self, passport: &Passport) -> Result<Option<RemoteContact>, StoreFault> {
        type Row = (String, String, String, String, String, Option<String>, Option<i64>);
        let row: Option<Row> = sqlx::query_as(
            "SELECT address.network, address.kind, address.target, address.name, address.topic, address.picture,
                    object.size
             FROM address LEFT JOIN object ON object.hash = address.picture WHERE address.passport = $1",
        )
        .bind(passport.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.map(|(network, kind, target, name, topic, picture, size)| {
            Ok(RemoteContact {
                network: word::network("address", &network)?,
                target: word::target(&kind, target)?,
                name,
                topic,
                picture: Portrait::of(picture, size)?,
            })
        })
        .transpose()
    }

    /// The address of a person or room; `None` if none was allotted.
    pub async fn address(&self, network: &NetworkName, target: &RemoteTarget) -> Result<Option<Passport>, StoreFault> {
        self.readers.read(async |reader| find(reader, network, target).await).await
    }

    /// The address of a person or room, allotted now if it has none. The name and the topic are taken only then.
    pub async fn allot(&self, network: &NetworkName, introduction: Introduction) -> Result<Passport, StoreFault> {
        let (network, networks) = (network.clone(), self.networks.now());
        self.writer
            .run(move |connection| {
                Box::pin(async move { allot(connection, &networks.realm, &network, &introduction).await })
            })
            .await
    }

    /// Sets the name that a person or room shows; says whether it changed. Nothing happens to one without an address.
    pub async fn rename_remote(
        &self,
        network: &NetworkName,
        target: &RemoteTarget,
        name: &str,
    ) -> Result<bool, StoreFault> {
        let (network, target, name) = (network.clone(), target.clone(), word::text(&bounded_name(name)));
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let (kind, id) = word::target_words(&target);
                    let done = sqlx::query(
                        "UPDATE address SET name = $4
                         WHERE network = $1 AND kind = $2 AND target = $3 AND name <> $4",
                    )
                    .bind(network.as_str())
                    .bind(kind)
                    .bind(id)
                    .bind(&name)
                    .execute(connection)
                    .await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    /// The accounts that have `contact` on any of their lists.
    pub async fn watchers(&self, contact: &Passport) -> Result<Vec<Passport>, StoreFault> {
        let owners: Vec<String> = sqlx::query_scalar("SELECT owner FROM contact WHERE passport = $1 ORDER BY owner")
            .bind(contact.as_str())
            .fetch_all(&self.readers)
            .await?;
        owners.iter().map(|owner| word::passport("contact", owner)).collect()
    }
}

pub(crate) async fn find(
    connection: &mut AnyConnection,
    network: &NetworkName,
    target: &RemoteTarget,
) -> Result<Option<Passport>, StoreFault> {
    let (kind, id) = word::target_words(target);
    let found: Option<String> =
        sqlx::query_scalar("SELECT passport FROM address WHERE network = $1 AND kind = $2 AND target = $3")
            .bind(network.as_str())
            .bind(kind)
            .bind(id)
            .fetch_optional(connection)
            .await?;
    found.map(|passport| word::passport("address", &passport)).transpose()
}

pub(crate) async fn allot(
    connection: &mut AnyConnection,
    realm: &Realm,
    network: &NetworkName,
    introduction: &Introduction,
) -> Result<Passport, StoreFault> {
    if let Some(known) = find(connection, network, &introduction.target).await? {
        return Ok(known);
    }
    let passport = free_address(connection, realm, network, introduction).await?;
    let (kind, id) = word::target_words(&introduction.target);
    sqlx::query("INSERT INTO address (network, kind, target, passport, name, topic) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(network.as_str())
        .bind(kind)
        .bind(id)
        .bind(passport.as_str())
        .bind(word::text(&introduction.name))
        .bind(word::text(&introduction.topic))
        .execute(connection)
        .await?;
    Ok(passport)
}

/// An address that nobody has. The realm's rule is pure, so it is asked again with what turned out to be taken.
async fn free_address(
    connection: &mut AnyConnection,
    realm: &Realm,
    network: &NetworkName,
    introduction: &Introduction,
) -> Result<Passport, StoreFault> {
    let (_, id) = word::target_words(&introduction.target);
    let login = if introduction.login.is_empty() { &id } else { introduction.login.as_str() };
    let words = (login, introduction.server.as_deref());
    let mut taken: HashSet<Passport> = HashSet::new();
    // The plain form, then the form with a digest, then other digests should that be taken as well.
    for round in 0_u8..6 {
        let identity = if round < 2 { id.clone() } else { format!("{id} {round}") };
        let is_taken = |passport: &Passport| taken.contains(passport);
        let candidate = match &introduction.target {
            RemoteTarget::Person(_) => realm.allot_person(network, words, &identity, is_taken),
            RemoteTarget::Room(_) => realm.allot_room(network, words, &identity, is_taken),
        };
        let Some(candidate) = candidate else { break };
        if !is_address_taken(connection, &candidate).await? {
            return Ok(candidate);
        }
        taken.insert(candidate);
    }
    Err(StoreFault::NoAddress(network.clone()))
}

async fn is_address_taken(connection: &mut AnyConnection, passport: &Passport) -> Result<bool, StoreFault> {
    let found: Option<String> = sqlx::query_scalar(
        "SELECT passport FROM address WHERE passport = $1 UNION SELECT passport FROM account WHERE passport = $1",
    )
    .bind(passport.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}
