//! What stands on an account's list by our doing, as it is kept.

use std::collections::{BTreeMap, HashMap};

use bridge::Write;
use domain::{Passport, RemoteRoom, RemoteUser, contact::RemoteTarget};

use crate::model::{ChannelId, GuildId, UserId};

/// The keys under which it is kept, and between them whose it is.
const KEY: &str = "listed/";

/// Somebody or something that may stand on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Target {
    /// A channel or a thread.
    Room(ChannelId),
    Person(UserId),
}

/// Why somebody or something stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// They are of this guild.
    Listed(GuildId),
    /// The account's user wanted them, or they wrote to the account.
    Chosen,
    /// The account's user does not want them there: they are not put there again.
    Declined,
}

/// One account's list, as far as it is of Discord.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    rooms: BTreeMap<ChannelId, Standing>,
    people: HashMap<UserId, Standing>,
}

impl Target {
    /// What the contract calls it, if it is something of ours.
    pub(crate) fn of(target: &RemoteTarget) -> Option<Self> {
        match target {
            RemoteTarget::Room(room) => room.as_str().parse().ok().map(Self::Room),
            RemoteTarget::Person(user) => user.as_str().parse().ok().map(Self::Person),
        }
    }

    /// The same in the words of the contract.
    pub(crate) fn remote(self) -> RemoteTarget {
        match self {
            Self::Room(channel) => RemoteTarget::Room(RemoteRoom(channel.to_string())),
            Self::Person(user) => RemoteTarget::Person(RemoteUser(user.to_string())),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once('/')?;
        match kind {
            "room" => id.parse().ok().map(Self::Room),
            "person" => id.parse().ok().map(Self::Person),
            _ => None,
        }
    }

    fn key(self, owner: &Passport) -> String {
        match self {
            Self::Room(channel) => format!("{}room/{channel}", Ledger::prefix(owner)),
            Self::Person(user) => format!("{}person/{user}", Ledger::prefix(owner)),
        }
    }
}

impl Standing {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "chosen" => Some(Self::Chosen),
            "declined" => Some(Self::Declined),
            guild => guild.parse().ok().map(Self::Listed),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Listed(guild) => guild.to_string(),
            Self::Chosen => "chosen".to_owned(),
            Self::Declined => "declined".to_owned(),
        }
    }
}

impl Ledger {
    /// What all keys of an account's ledger begin with.
    pub(crate) fn prefix(owner: &Passport) -> String {
        format!("{KEY}{owner}/")
    }

    /// The ledger that was kept; what cannot be read is left out.
    pub(crate) fn read(owner: &Passport, kept: &[(String, String)]) -> Self {
        let prefix = Self::prefix(owner);
        let mut ledger = Self::default();
        for (key, value) in kept {
            let target = key.strip_prefix(&prefix).and_then(Target::parse);
            if let (Some(target), Some(standing)) = (target, Standing::parse(value)) {
                ledger.put(target, standing);
            }
        }
        ledger
    }

    /// What has to be written for this standing.
    pub(crate) fn write(owner: &Passport, target: Target, standing: Option<Standing>) -> Write {
        match standing {
            Some(standing) => Write::Put(target.key(owner), standing.text()),
            None => Write::Delete(target.key(owner)),
        }
    }

    pub(crate) fn put(&mut self, target: Target, standing: Standing) {
        match target {
            Target::Room(channel) => drop(self.rooms.insert(channel, standing)),
            Target::Person(user) => drop(self.people.insert(user, standing)),
        }
    }

    pub(crate) fn remove(&mut self, target: Target) {
        match target {
            Target::Room(channel) => drop(self.rooms.remove(&channel)),
            Target::Person(user) => drop(self.people.remove(&user)),
        }
    }

    pub(crate) fn standing(&self, target: Target) -> Option<Standing> {
        match target {
            Target::Room(channel) => self.rooms.get(&channel).copied(),
            Target::Person(user) => self.people.get(&user).copied(),
        }
    }

    /// Whether it stands on the list.
    pub(crate) fn holds(&self, target: Target) -> bool {
        matches!(self.standing(target), Some(Standing::Listed(_) | Standing::Chosen))
    }

    /// The people on the list.
    pub(crate) fn people(&self) -> impl Iterator<Item = UserId> {
        self.people.iter().filter(|(_, standing)| **standing != Standing::Declined).map(|(user, _)| *user)
    }

    /// The rooms on the list.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = ChannelId> {
        self.rooms.iter().filter(|(_, standing)| **standing != Standing::Declined).map(|(channel, _)| *channel)
    }

    /// Everything of which anything is known.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Target, Standing)> {
        let rooms = self.rooms.iter().map(|(channel, standing)| (Target::Room(*channel), *standing));
        rooms.chain(self.people.iter().map(|(user, standing)| (Target::Person(*user), *standing)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let owner: Passport = "carol@msn.example".parse().unwrap();
        let standings = [
            (Target::Room(ChannelId(5)), Standing::Listed(GuildId(9))),
            (Target::Person(UserId(1000)), Standing::Chosen),
            (Target::Person(UserId(1001)), Standing::Declined),
        ];
        let mut kept: Vec<_> = standings
            .map(|(target, standing)| match Ledger::write(&owner, target, Some(standing)) {
                Write::Put(key, value) => (key, value),
                other => panic!("{other:?}"),
            })
            .into();
        kept.push((format!("{}person/x", Ledger::prefix(&owner)), "chosen".to_owned()));
        let ledger = Ledger::read(&owner, &kept);
        assert_eq!(ledger.all().collect::<Vec<_>>().len(), 3);
        for (target, standing) in standings {
            assert_eq!(ledger.standing(target), Some(standing));
            assert_eq!(Target::of(&target.remote()), Some(target));
        }
        assert_eq!(ledger.people().collect::<Vec<_>>(), [UserId(1000)], "who was declined is no contact");
    }
}
