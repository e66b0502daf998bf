//! Finding people and rooms of Matrix, in its own spellings and by words.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use bridge::{Failure, Found, Host, HostFault, RemoteProfile, RoomProfile, Write};
use domain::{Passport, RemoteRoom, RemoteUser};
use ruma::{
    MatrixUri, OwnedRoomAliasId, OwnedRoomId, OwnedServerName, OwnedUserId, RoomAliasId, RoomId, UserId,
    matrix_uri::MatrixId,
};
use serde::{Deserialize, Serialize};

use crate::{
    appservice::{Appservice, host_failure},
    chat::profile,
    homeserver::{Homeserver, Trouble},
    matrix_to,
    names::Names,
    portal::login_of,
};

/// How many people, and how many rooms, a search finds at most.
pub(crate) const MOST: u32 = 10;
/// The ways to rooms elsewhere are kept under this.
const WAYS: &str = "ways";
/// How many of them; whoever goes into a room that was found does so soon.
const REMEMBERED: usize = 200;
/// How many servers are remembered for one room.
const SERVERS: usize = 5;

/// Something that is named in Matrix's own spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A person.
    Person(OwnedUserId),
    /// A room by its alias.
    Alias(OwnedRoomAliasId),
    /// A room by its id, and servers that are in it.
    Room(OwnedRoomId, Vec<OwnedServerName>),
}

impl Address {
    /// Reads an id, an alias, or a web address of either (`https://matrix.to/#/...`, `matrix:...`); `None` for other words.
    pub(crate) fn read(words: &str) -> Option<Self> {
        let words = words.trim();
        if let Some(uri) = matrix_to::read(words) {
            return Self::of(uri.id(), uri.via());
        }
        if let Ok(uri) = MatrixUri::parse(words) {
            return Self::of(uri.id(), uri.via());
        }
        match words.chars().next()? {
            '@' => UserId::parse(words).ok().map(Self::Person),
            '#' => RoomAliasId::parse(words).ok().map(Self::Alias),
            '!' => RoomId::parse(words).ok().map(|room| Self::Room(room, Vec::new())),
            _ => None,
        }
    }

    fn of(id: &MatrixId, via: &[OwnedServerName]) -> Option<Self> {
        match id {
            MatrixId::User(user) => Some(Self::Person(user.clone())),
            MatrixId::RoomAlias(alias) => Some(Self::Alias(alias.clone())),
            MatrixId::Room(room) => Some(Self::Room(room.clone(), via.to_vec())),
            // Of what was said in a room, the room is what can be gone into.
            MatrixId::Event(room, _) => {
                let room = RoomId::parse(room.as_str()).ok()?;
                Some(Self::Room(room, via.to_vec()))
            }
            // The ids are Matrix's, and may become more.
            _ => None,
        }
    }
}

/// Which servers lead to rooms that are not of the homeserver: since version 12 of rooms an id does not tell.
pub(crate) struct Ways {
    known: Mutex<VecDeque<Way>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Way {
    room: OwnedRoomId,
    servers: Vec<OwnedServerName>,
}

impl Ways {
    /// Those that an earlier run remembered.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let kept = host.get(WAYS).await?;
        let known = kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default();
        Ok(Self { known: Mutex::new(known) })
    }

    /// The servers through which a room can be gone into; none when the homeserver has to know them.
    pub(crate) fn to(&self, room: &RoomId) -> Vec<OwnedServerName> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|way| way.room == room).map(|way| way.servers.clone()).unwrap_or_default()
    }

    /// Remembers the way to a room; `None` when nothing changes.
    fn note(&self, room: &RoomId, servers: &[OwnedServerName]) -> Option<Write> {
        let servers: Vec<OwnedServerName> = servers.iter().take(SERVERS).cloned().collect();
        let way = Way { room: room.to_owned(), servers };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if way.servers.is_empty() || known.contains(&way) {
            return None;
        }
        known.retain(|other| other.room != way.room);
        known.push_back(way);
        while known.len() > REMEMBERED {
            known.pop_front();
        }
        serde_json::to_string(&*known).ok().map(|kept| Write::Put(WAYS.to_owned(), kept))
    }
}

/// Finds a person by their name and server; one of ours is nobody.
pub(crate) async fn person(
    homeserver: &Homeserver,
    names: &Names,
    user: &UserId,
) -> Result<Option<RemoteProfile>, Failure> {
    if names.is_ours(user) {
        return Ok(None);
    }
    let found = homeserver.acting_as(names.bot()).name_of(user).await?;
    Ok(found.map(|name| profile(user, &name)))
}

impl Appservice {
    /// Finds whom or what an address means.
    pub(crate) async fn find(&self, address: Address) -> Result<Option<Found>, Failure> {
        let names = &self.configuration.names;
        Ok(match address {
            Address::Person(user) => person(&self.homeserver, names, &user).await?.map(Found::Person),
            Address::Alias(alias) => self.room_behind(&alias).await?.map(Found::Room),
            Address::Room(room, servers) => self.room_shown(&room, servers, None).await?.map(Found::Room),
        })
    }

    /// Finds the room that an alias leads to.
    pub(crate) async fn room_behind(&self, alias: &RoomAliasId) -> Result<Option<RoomProfile>, Failure> {
        let Some((room, servers)) = self.bot().room_of_alias(alias).await? else { return Ok(None) };
        let shown = self.room_shown(&room, servers, Some(alias)).await?;
        // Whoever may not look into it may still be asked in, and an alias is name enough.
        Ok(Some(shown.unwrap_or_else(|| room_profile(&room, Some(alias), "", ""))))
    }

    async fn room_shown(
        &self,
        room: &RoomId,
        servers: Vec<OwnedServerName>,
        alias: Option<&RoomAliasId>,
    ) -> Result<Option<RoomProfile>, Failure> {
        // A bare id may be of a room that was found with its servers before.
        let servers = if servers.is_empty() { self.ways.to(room) } else { servers };
        let home = self.configuration.names.server();
        let elsewhere: Vec<OwnedServerName> = servers.into_iter().filter(|server| server != home).collect();
        if let Some(write) = self.ways.note(room, &elsewhere) {
            self.host.write(vec![write]).await.map_err(|fault| host_failure(&fault))?;
        }
        let Some(shown) = self.bot().summary(room, &elsewhere).await? else { return Ok(None) };
        let (name, topic) = (shown.name.unwrap_or_default(), shown.topic.unwrap_or_default());
        Ok(Some(room_profile(room, alias.or(shown.canonical_alias.as_deref()), &name, &topic)))
    }

    /// People and rooms that words may mean, as far as an account's ghost may see them; the likeliest first.
    pub(crate) async fn search(&self, owner: &Passport, words: &str) -> Result<Vec<Found>, Failure> {
        let words = words.trim();
        if let Some(address) = Address::read(words) {
            return Ok(self.find(address).await?.into_iter().collect());
        }
        if words.is_empty() {
            return Err(Failure::refused("say a word to look for"));
        }
        let names = &self.configuration.names;
        let ghost_id = self.ghost(owner)?;
        let ghost = self.homeserver.acting_as(&ghost_id);
        let people = ghost.people(words, MOST).await?.into_iter();
        let people = people.filter(|(user, _)| !names.is_ours(user));
        let people = people.map(|(user, name)| Found::Person(profile(&user, &name)));
        let rooms = ghost.public_rooms(words, MOST).await?.into_iter().map(|room| {
            let (name, topic) = (room.name.unwrap_or_default(), room.topic.unwrap_or_default());
            Found::Room(room_profile(&room.room_id, room.canonical_alias.as_deref(), &name, &topic))
        });
        let mut found: Vec<Found> = people.chain(rooms).collect();
        found.sort_by_key(|found| likeness(found, words));
        Ok(found)
    }

    /// What a room is about, and what it is to be about from now on.
    pub(crate) async fn topic(
        &self,
        owner: &Passport,
        room: &RemoteRoom,
        topic: Option<&str>,
    ) -> Result<String, Failure> {
        let room = room_id(room)?;
        let ghost_id = self.ghost(owner)?;
        let ghost = self.homeserver.acting_as(&ghost_id);
        let refused = |trouble: Trouble, what: &str| match trouble {
            trouble if trouble.is("M_FORBIDDEN") => Failure::refused(what),
            trouble => trouble.into(),
        };
        if let Some(topic) = topic {
            let what = "you may not change what this room is about; ask one of its moderators";
            ghost.set_topic(&room, topic).await.map_err(|trouble| refused(trouble, what))?;
            return Ok(topic.to_owned());
        }
        ghost.topic(&room).await.map_err(|trouble| refused(trouble, "you are not in this room; join it first"))
    }

    /// Asks somebody into a room that the account is in.
    pub(crate) async fn ask_into(&self, owner: &Passport, room: &RemoteRoom, user: &RemoteUser) -> Result<(), Failure> {
        let room = room_id(room)?;
        let Some(user) = self.configuration.names.person(user) else {
            let reason = format!("{user} cannot be asked in; write the Matrix id of a person, e.g. @alice:example.org");
            return Err(Failure::refused(reason));
        };
        let ghost_id = self.ghost(owner)?;
        match self.homeserver.acting_as(&ghost_id).invite(&room, &user).await {
            Ok(()) => {
                self.encryption.membership_changed(&room);
                Ok(())
            }
            Err(Trouble::Refused { errcode, message, .. }) if errcode == "M_FORBIDDEN" => {
                Err(Failure::refused(if message.contains("already in the room") {
                    format!("{user} is in this room already")
                } else {
                    "you may not ask people into this room; ask one of its moderators".into()
                }))
            }
            Err(trouble) => Err(trouble.into()),
        }
    }
}

fn room_id(room: &RemoteRoom) -> Result<OwnedRoomId, Failure> {
    RoomId::parse(room.as_str()).map_err(|_| Failure::refused(format!("{room} is no room on Matrix")))
}

/// A room as the domain has it. Its address is made of its alias; where it has none, of its name.
pub(crate) fn room_profile(room: &RoomId, alias: Option<&RoomAliasId>, name: &str, topic: &str) -> RoomProfile {
    let (login, server) = match alias {
        Some(alias) => (alias.alias().to_owned(), Some(alias.server_name().to_string())),
        None => (login_of(name), None),
    };
    let name = if name.is_empty() { alias.map(ToString::to_string).unwrap_or_default() } else { name.to_owned() };
    // It is shown in a line.
    let topic = topic.split_whitespace().collect::<Vec<_>>().join(" ");
    RoomProfile { room: RemoteRoom(room.to_string()), name, login, server, topic }
}

/// How little something that was found is like the words: what is called just so comes first.
pub(crate) fn likeness(found: &Found, words: &str) -> u8 {
    let words = words.to_lowercase();
    let (name, login) = match found {
        Found::Person(person) => (&person.name, &person.login),
        Found::Room(room) => (&room.name, &room.login),
    };
    let (name, login) = (name.to_lowercase(), login.to_lowercase());
    if name == words || login == words {
        0
    } else if name.starts_with(&words) || login.starts_with(&words) {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use ruma::{owned_room_alias_id, owned_room_id, owned_server_name, owned_user_id, room_alias_id, room_id};

    use super::*;

    #[test]
    fn every_spelling_is_read() {
        let alice = Address::Person(owned_user_id!("@alice:example.org"));
        let lounge = Address::Alias(owned_room_alias_id!("#lounge:example.org"));
        let room = |servers: &[OwnedServerName]| Address::Room(owned_room_id!("!abc:example.org"), servers.to_vec());
        let via = owned_server_name!("elsewhere.org");
        for (words, expected) in [
            (" @alice:example.org ", alice.clone()),
            ("https://matrix.to/#/@alice:example.org", alice.clone()),
            ("https://matrix.to/#/%40alice%3Aexample.org", alice.clone()),
            ("matrix:u/alice:example.org?action=chat", alice),
            ("#lounge:example.org", lounge.clone()),
            ("https://matrix.to/#/%23lounge%3Aexample.org", lounge.clone()),
            ("matrix:r/lounge:example.org", lounge),
            ("!abc:example.org", room(&[])),
            ("!V9tW3Qp-x_", Address::Room(owned_room_id!("!V9tW3Qp-x_"), Vec::new())),
            ("https://matrix.to/#/!abc:example.org?via=elsewhere.org", room(std::slice::from_ref(&via))),
            ("https://matrix.to/#/!abc:example.org/$event?via=elsewhere.org", room(std::slice::from_ref(&via))),
            ("matrix:roomid/abc:example.org?via=elsewhere.org", room(std::slice::from_ref(&via))),
        ] {
            assert_eq!(Address::read(words), Some(expected), "{words}");
        }
        for words in ["", "alice", "@alice", "#lounge", "https://example.org/#/@a:b", "matrix:", "$event"] {
            assert_eq!(Address::read(words), None, "{words}");
        }
    }

    #[test]
    fn a_room_is_called_by_what_it_has() {
        let room = room_id!("!a");
        let named = room_profile(room, Some(room_alias_id!("#lounge:example.org")), "The Lounge", "tea\nand  cake");
        assert_eq!((named.login.as_str(), named.server.as_deref()), ("lounge", Some("example.org")));
        assert_eq!((named.name.as_str(), named.topic.as_str()), ("The Lounge", "tea and cake"));
        assert_eq!(room_profile(room, Some(room_alias_id!("#lounge:example.org")), "", "").name, "#lounge:example.org");
        assert_eq!(room_profile(room, None, "The  Lounge", "").login, "the-lounge");
    }

    #[test]
    fn what_is_called_just_so_comes_first() {
        let person =
            |login: &str, name: &str| Found::Person(profile(&UserId::parse(format!("@{login}:a.org")).unwrap(), name));
        let mut found = vec![person("x", "Old Alice"), person("alicette", ""), person("y", "ALICE")];
        found.sort_by_key(|found| likeness(found, "alice"));
        assert_eq!(found, [person("y", "ALICE"), person("alicette", ""), person("x", "Old Alice")]);
    }

    #[test]
    fn the_ways_to_rooms_are_remembered_within_bounds() {
        let ways = Ways { known: Mutex::default() };
        let servers = [owned_server_name!("elsewhere.org")];
        assert_eq!(ways.note(room_id!("!a"), &[]), None);
        assert!(ways.note(room_id!("!a"), &servers).is_some());
        assert_eq!(ways.note(room_id!("!a"), &servers), None, "nothing new");
        assert_eq!(ways.to(room_id!("!a")), servers);
        for number in 0..REMEMBERED {
            let room = RoomId::parse(format!("!r{number}")).unwrap();
            ways.note(&room, &servers);
        }
        assert_eq!(ways.to(room_id!("!a")), [] as [OwnedServerName; 0], "the oldest goes");
    }
}
