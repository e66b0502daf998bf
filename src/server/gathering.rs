//! Finds out which networks can have a room for a group conversation, and gives that room an address.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use domain::{NetworkName, Passport, RemoteRoom, RemoteUser, contact::RemoteTarget, conversation::Gathering};
use store::{Introduction, StoreFault};
use tracing::warn;

use crate::core::Core;

/// How many rooms are remembered by their members.
const MOST_REMEMBERED: usize = 10_000;

/// Which room has which members. Messenger drops a group conversation after some idle minutes, and its next line begins another one:
/// the same people go on in the same room. A restart forgets it; then they get a new one.
#[derive(Default)]
pub(crate) struct Rosters(Mutex<HashMap<BTreeSet<Passport>, RemoteRoom>>);

impl Rosters {
    /// The room for these members: this one, unless it is new and another one has just them. Nobody ever leaves a room, so one that
    /// had fewer members is no longer found by those.
    fn room(&self, members: BTreeSet<Passport>, room: RemoteRoom) -> RemoteRoom {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = rooms.len();
        rooms.retain(|_, known| *known != room);
        let is_new = rooms.len() == before;
        if let Some(known) = rooms.get(&members) {
            return if is_new { known.clone() } else { room };
        }
        if rooms.len() < MOST_REMEMBERED {
            rooms.insert(members, room.clone());
        }
        room
    }
}

/// The rooms that a conversation with these people and accounts has, and their id. Those of whom nothing can be found out now have
/// none: what is said goes to each of them.
pub(crate) async fn find(
    core: &Core,
    room: RemoteRoom,
    (people, accounts): (BTreeSet<Passport>, BTreeSet<Passport>),
    name: &str,
) -> (RemoteRoom, Vec<Gathering>) {
    let room = core.rosters.room(people.union(&accounts).cloned().collect(), room);
    let gatherings = match try_find(core, &room, &people, name).await {
        Ok(gatherings) => gatherings,
        Err(fault) => {
            warn!(%room, %fault, "a group conversation goes without rooms on networks");
            Vec::new()
        }
    };
    (room, gatherings)
}

async fn try_find(
    core: &Core,
    room: &RemoteRoom,
    people: &BTreeSet<Passport>,
    name: &str,
) -> Result<Vec<Gathering>, StoreFault> {
    let mut networks: BTreeMap<NetworkName, BTreeMap<Passport, RemoteUser>> = BTreeMap::new();
    for person in people {
        let Some(remote) = core.store.remote(person).await? else { continue };
        let gathers = core.links.network(&remote.network).is_some_and(|entry| entry.features.gathers);
        if let (RemoteTarget::Person(user), true) = (remote.target, gathers) {
            networks.entry(remote.network).or_default().insert(person.clone(), user);
        }
    }
    let mut gatherings = Vec::with_capacity(networks.len());
    for (network, people) in networks {
        let target = RemoteTarget::Room(room.clone());
        let name = session::text::name_outward(name);
        let login = login(people.keys());
        let introduction =
            Introduction { target: target.clone(), name: name.clone(), login, server: None, topic: String::new() };
        let passport = core.store.allot(&network, introduction).await?;
        // There may be more people in it than when it was given its address.
        core.store.rename_remote(&network, &target, &name).await?;
        if let Some(contact) = core.party(&passport).await? {
            gatherings.push(Gathering { contact, people });
        }
    }
    Ok(gatherings)
}

/// What the address of a room with these people is made of: their names, without their servers.
fn login<'a>(people: impl Iterator<Item = &'a Passport>) -> String {
    let names = people.map(|person| person.local().split(domain::address::SERVER_MARK).next().unwrap_or_default());
    names.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[&str]) -> BTreeSet<Passport> {
        names.iter().map(|name| format!("{name}@msn.example").parse().unwrap()).collect()
    }

    #[test]
    fn the_same_people_find_the_same_room_and_nobody_else_does() {
        let rosters = Rosters::default();
        let room = |id: &str| RemoteRoom(id.to_owned());
        let three = members(&["carol", "dave", "echo"]);
        let four = members(&["carol", "dave", "echo", "iris"]);
        assert_eq!(rosters.room(three.clone(), room("one")), room("one"));
        assert_eq!(rosters.room(three.clone(), room("two")), room("one"), "again");
        assert_eq!(rosters.room(four.clone(), room("one")), room("one"), "it grows");
        assert_eq!(rosters.room(three.clone(), room("three")), room("three"), "Iris would read it");
        assert_eq!(rosters.room(four.clone(), room("three")), room("three"), "one that is in use stays");
        assert_eq!(rosters.room(four, room("four")), room("one"));
    }
}
