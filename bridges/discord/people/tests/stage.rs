//! A host, a guild, and what happens there.

use std::{
    collections::BTreeSet,
    io::Cursor,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bridge::{
    Failure, LinkOwner, MediaStream,
    conformance::{FakeHost, Seen},
};
use domain::{Passport, RemoteUser, presence::RemotePresence};
use serde_json::{Value, json};

use crate::{
    configuration::{ContactsSettings, Members},
    event::Happening,
    gateway::Ask,
    model::{GuildId, User, UserId},
    people::People,
    pictures::{Gallery, Portrayed},
    roster::Picture,
};

pub(super) const BOT: UserId = UserId(1);
pub(super) const ANN: UserId = UserId(1000);
pub(super) const BEN: UserId = UserId(1001);
pub(super) const GUILD: GuildId = GuildId(9);

/// Everything that [`People`] touches.
pub(super) struct Stage {
    pub(super) host: Arc<FakeHost>,
    pub(super) people: Arc<People>,
    pub(super) gallery: Arc<Wall>,
    pub(super) asked: Arc<Mutex<Vec<(GuildId, Ask)>>>,
    pub(super) owners: Vec<Passport>,
}

/// A gallery in memory.
#[derive(Default)]
pub(super) struct Wall {
    pub(super) opened: AtomicUsize,
    pub(super) closed: AtomicUsize,
}

#[async_trait]
impl Gallery for Wall {
    async fn open(&self, whose: Portrayed, name: &Picture, _: u64) -> Result<MediaStream, Failure> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        if self.closed.load(Ordering::Relaxed) > 0 {
            return Err(Failure::refused("it is closed"));
        }
        Ok(Box::pin(Cursor::new(format!("{whose:?} {name}").into_bytes())))
    }
}

pub(super) fn carol() -> Passport {
    "carol@msn.example".parse().unwrap()
}

pub(super) fn stage(members: Members) -> Stage {
    stage_for(members, &["carol"])
}

pub(super) fn stage_for(members: Members, owners: &[&str]) -> Stage {
    let owners: Vec<Passport> = owners.iter().map(|name| format!("{name}@msn.example").parse().unwrap()).collect();
    let known = owners.iter().map(|passport| LinkOwner { passport: passport.clone(), name: String::new() }).collect();
    on(FakeHost::new("discord".parse().unwrap(), known), members, owners)
}

/// The same once more with the same host, as after a new start.
pub(super) fn on(host: Arc<FakeHost>, members: Members, owners: Vec<Passport>) -> Stage {
    let settings = ContactsSettings { guilds: vec!["*".to_owned()], members, at_most: 200 };
    let (gallery, asked) = (Arc::new(Wall::default()), Arc::<Mutex<Vec<_>>>::default());
    let ask = {
        let asked = Arc::clone(&asked);
        Box::new(move |_, guild, ask| asked.lock().unwrap().push((guild, ask)))
    };
    let people = People::new(Arc::clone(&host) as Arc<_>, settings, Arc::clone(&gallery) as Arc<_>, ask);
    Stage { host, people, gallery, asked, owners }
}

impl Stage {
    pub(super) fn hear(&self, happening: &Happening) {
        self.people.hear(BOT, &self.owners, happening);
    }

    pub(super) fn hear_for(&self, owners: &[Passport], happening: &Happening) {
        self.people.hear(BOT, owners, happening);
    }

    /// A session begins, in this one guild, and it is quiet then.
    pub(super) async fn connect(&self, guild: Value) {
        self.hear(&ready(&[9]));
        self.hear(&told(guild));
        self.people.settle(BOT).await;
    }

    pub(super) fn seen(&self) -> Seen {
        self.host.seen()
    }

    pub(super) fn presence(&self, user: UserId) -> Option<RemotePresence> {
        self.seen().presences.get(&(carol(), RemoteUser(user.to_string()))).cloned()
    }

    /// What came onto Carol's list, in words, in its order.
    pub(super) fn list(&self) -> Vec<String> {
        self.seen().arrivals.iter().map(in_words).collect()
    }
}

fn in_words(arrival: &bridge::Arrival) -> String {
    use bridge::Arrival;
    match arrival {
        Arrival::Room { room, group, .. } => format!("{} in {}", room.login, group.as_deref().unwrap_or("no group")),
        Arrival::Friend { who, group, .. } => format!("{} in {}", who.name, group.as_deref().unwrap_or("no group")),
        Arrival::RoomLost { room, .. } => format!("without {room}"),
        Arrival::Withdrawal { from, .. } => format!("without {from}"),
        other => format!("{other:?}"),
    }
}

pub(super) fn guild() -> Value {
    json!({
        "id": "9", "name": "Rust", "member_count": 4, "icon": "1cf",
        "roles": [{ "id": "9", "name": "@everyone", "permissions": "3072" }],
        "channels": [{ "id": "50", "type": 0, "name": "general", "topic": "everything" }],
        "members": [
            { "user": { "id": "1", "username": "chrysalis", "bot": true } },
            { "user": { "id": "7", "username": "music", "bot": true } },
            { "user": { "id": "1000", "username": "ann", "global_name": "Ann", "avatar": "0a" } },
            { "user": { "id": "1001", "username": "ben" }, "nick": "Benny" }
        ],
        "presences": [
            { "user": { "id": "1000" }, "status": "idle", "activities": [
                { "name": "Custom Status", "type": 4, "state": "reading", "created_at": 1 }
            ] }
        ]
    })
}

pub(super) fn told(guild: Value) -> Happening {
    Happening::Guild(Box::new(serde_json::from_value(guild).unwrap()))
}

pub(super) fn ready(guilds: &[u64]) -> Happening {
    let guilds = guilds.iter().copied().map(GuildId).collect();
    Happening::Ready {
        me: User { id: BOT, ..User::default() },
        application: crate::model::Application::default(),
        guilds,
    }
}

pub(super) fn presence(user: UserId, status: &str) -> Happening {
    let told = json!({ "user": { "id": user.to_string() }, "status": status });
    Happening::Presence { guild: Some(GUILD), presence: Box::new(serde_json::from_value(told).unwrap()) }
}

pub(super) fn message(user: UserId, guild: Option<GuildId>) -> Happening {
    let mut told = json!({
        "id": "77", "channel_id": "50", "author": { "id": user.to_string(), "username": "somebody" }, "content": "hello"
    });
    if let Some(guild) = guild {
        told["guild_id"] = json!(guild.to_string());
    }
    Happening::Message(Box::new(serde_json::from_value(told).unwrap()))
}

/// The ids of everybody whom Discord was asked for.
pub(super) fn those(asked: &[(GuildId, Ask)]) -> BTreeSet<UserId> {
    let those = asked.iter().flat_map(|(_, ask)| match ask {
        Ask::Those(users) => users.clone(),
        Ask::All => Vec::new(),
    });
    those.collect()
}
