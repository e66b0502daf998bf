//! Finds out which networks can have a room for a group conversation, and gives that room an address.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{NetworkName, Passport, RemoteRoom, RemoteUser, contact::RemoteTarget, conversation::Gathering};
use store::{Introduction, StoreFault};
use tracing::warn;

use crate::{conversation::ConversationHandle, core::Core};

/// How many rooms are remembered by their members.
const MOST_REMEMBERED: usize = 10_000;

/// Which room has which members, the oldest first. Messenger drops a group conversation after some idle minutes, and its next line
/// begins another one: the same people go on in the same room. A restart forgets it; then they get a new one.
///
/// No room is of two conversations at once: one of them would grow, and what is said in the other would be read by somebody whom its
/// author does not see.
#[derive(Default)]
pub(crate) struct Rosters(Mutex<VecDeque<Roster>>);

struct Roster {
    room: RemoteRoom,
    members: BTreeSet<Passport>,
    /// The conversation that has it.
    holder: Option<ConversationHandle>,
    /// Whether another one had it before. It does not grow any more: its members may have it as a window of their own.
    is_handed_on: bool,
}

impl Roster {
    fn is_free(&self) -> bool {
        self.holder.as_ref().is_none_or(ConversationHandle::is_closed)
    }
}

impl Rosters {
    /// The room for these members of `conversation`: the one it knows, if that may grow to them; else one that just they had before and
    /// that no conversation has now; else a fresh one. Nobody ever leaves a room, so one that had fewer members is no longer found by
    /// those.
    fn room(
        &self,
        conversation: &ConversationHandle,
        members: BTreeSet<Passport>,
        (known, fresh): (Option<RemoteRoom>, RemoteRoom),
    ) -> RemoteRoom {
        let mut rosters = self.lock();
        if let Some(own) = rosters.iter_mut().find(|roster| known.as_ref() == Some(&roster.room))
            && (own.members == members || !own.is_handed_on)
        {
            own.members = members;
            return own.room.clone();
        }
        if let Some(free) = rosters.iter_mut().find(|roster| roster.members == members && roster.is_free()) {
            free.holder = Some(conversation.clone());
            free.is_handed_on = true;
            return free.room.clone();
        }
        if rosters.len() >= MOST_REMEMBERED {
            rosters.pop_front();
        }
        let (room, holder) = (fresh.clone(), Some(conversation.clone()));
        rosters.push_back(Roster { room, members, holder, is_handed_on: false });
        fresh
    }

    /// Nobody sits in the conversation any more: another one of the same members may have its rooms.
    pub(crate) fn give_up(&self, conversation: &ConversationHandle) {
        for roster in self.lock().iter_mut() {
            roster.holder.take_if(|holder| holder.is_same(conversation));
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Roster>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rooms that a conversation with these people and accounts has, and their id: of `rooms` the one it knows, or the other, which no
/// conversation has, unless there is one already. Those of whom nothing can be found out now have
/// none: what is said goes to each of them.
pub(crate) async fn find(
    core: &Core,
    conversation: &ConversationHandle,
    rooms: (Option<RemoteRoom>, RemoteRoom),
    (people, accounts): (BTreeSet<Passport>, BTreeSet<Passport>),
    name: &str,
) -> (RemoteRoom, Vec<Gathering>) {
    let room = core.rosters.room(conversation, people.union(&accounts).cloned().collect(), rooms);
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

    fn room(id: &str) -> RemoteRoom {
        RemoteRoom(id.to_owned())
    }

    fn asked(rosters: &Rosters, by: &ConversationHandle, of: &[&str], known: Option<&str>, fresh: &str) -> RemoteRoom {
        rosters.room(by, members(of), (known.map(room), room(fresh)))
    }

    const THREE: [&str; 3] = ["carol", "dave", "echo"];
    const FOUR: [&str; 4] = ["carol", "dave", "echo", "iris"];

    #[test]
    fn the_same_people_find_the_same_room_and_nobody_else_does() {
        let rosters = Rosters::default();
        let ways: Vec<_> = (0..4).map(|_| ConversationHandle::open()).collect();
        let [one, two, three, four] = [0, 1, 2, 3].map(|place| &ways[place].0);
        assert_eq!(asked(&rosters, one, &THREE, None, "one"), room("one"));
        rosters.give_up(one);
        assert_eq!(asked(&rosters, two, &THREE, None, "two"), room("one"), "again");
        assert_eq!(asked(&rosters, three, &FOUR, None, "three"), room("three"));
        assert_eq!(asked(&rosters, three, &FOUR, Some("three"), "four"), room("three"), "it stays in it");
        rosters.give_up(three);
        assert_eq!(asked(&rosters, four, &THREE, None, "five"), room("five"));
        assert_eq!(asked(&rosters, four, &FOUR, Some("five"), "six"), room("five"), "it grows");
        rosters.give_up(four);
        assert_eq!(asked(&rosters, four, &THREE, None, "seven"), room("seven"), "Iris would read it");
    }

    #[test]
    fn no_room_is_of_two_conversations() {
        let rosters = Rosters::default();
        let (one, queue) = ConversationHandle::open();
        let (other, _other_queue) = ConversationHandle::open();
        assert_eq!(asked(&rosters, &one, &THREE, None, "one"), room("one"));
        assert_eq!(asked(&rosters, &other, &THREE, None, "two"), room("two"), "it would grow under the first one");
        rosters.give_up(&other);
        drop(queue);
        assert_eq!(asked(&rosters, &other, &THREE, None, "three"), room("one"), "whose conversation has ended");
    }

    #[test]
    fn a_room_that_another_conversation_had_before_does_not_grow() {
        let rosters = Rosters::default();
        let (one, _queue) = ConversationHandle::open();
        let (other, _other_queue) = ConversationHandle::open();
        asked(&rosters, &one, &THREE, None, "one");
        rosters.give_up(&one);
        assert_eq!(asked(&rosters, &other, &THREE, None, "two"), room("one"));
        assert_eq!(
            asked(&rosters, &other, &FOUR, Some("one"), "three"),
            room("three"),
            "Iris would read what was said"
        );
        let five = ["carol", "dave", "echo", "iris", "sten"];
        assert_eq!(asked(&rosters, &other, &five, Some("three"), "four"), room("three"), "which is its own");
        assert_eq!(
            asked(&rosters, &one, &THREE, None, "five"),
            room("five"),
            "what is said in the first is shown there"
        );
        rosters.give_up(&other);
        assert_eq!(asked(&rosters, &one, &THREE, None, "six"), room("one"));
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let rosters = Rosters::default();
        let (one, _queue) = ConversationHandle::open();
        for number in 0..=MOST_REMEMBERED {
            let person = format!("person{number}");
            asked(&rosters, &one, &[&person], None, &format!("room {number}"));
        }
        rosters.give_up(&one);
        assert_eq!(asked(&rosters, &one, &["person1"], None, "new"), room("room 1"));
        assert_eq!(asked(&rosters, &one, &["person0"], None, "new"), room("new"));
        let grown = asked(&rosters, &one, &["person0", "iris"], Some("room 0"), "newer");
        assert_eq!(grown, room("newer"), "nothing is known of it");
    }
}
