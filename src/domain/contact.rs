//! The contact list: entries, the lists they stand on, groups.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{NetworkBit, NetworkName, Passport, RemoteRoom, RemoteUser};

/// One of the five lists that Messenger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum List {
    /// People on my contact list.
    Forward,
    /// People who may see me.
    Allow,
    /// People who may not.
    Block,
    /// People who have me on their contact list.
    Reverse,
    /// Of those, the ones I have not answered yet.
    Pending,
}

/// The lists that one entry stands on, as Messenger's bits: forward 1, allow 2, block 4, reverse 8, pending 16. Pending is not
/// kept but follows from the others: see [`Lists::shown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lists(u8);

impl Lists {
    /// On no list.
    pub const NONE: Self = Self(0);

    /// The lists of these bits; unknown bits and the pending bit are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1111)
    }

    /// The bits to keep.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    const fn bit(list: List) -> u8 {
        match list {
            List::Forward => 1,
            List::Allow => 2,
            List::Block => 4,
            List::Reverse => 8,
            List::Pending => 16,
        }
    }

    /// Whether the entry stands on `list`.
    #[must_use]
    pub const fn contains(self, list: List) -> bool {
        self.shown() & Self::bit(list) != 0
    }

    /// The same with `list` added. Allow and block exclude each other, so adding one takes the other away.
    #[must_use]
    pub const fn with(self, list: List) -> Self {
        let opposite = match list {
            List::Allow => Self::bit(List::Block),
            List::Block => Self::bit(List::Allow),
            List::Forward | List::Reverse | List::Pending => 0,
        };
        Self::from_bits((self.0 & !opposite) | Self::bit(list))
    }

    /// The same without `list`.
    #[must_use]
    pub const fn without(self, list: List) -> Self {
        Self(self.0 & !Self::bit(list))
    }

    /// The bits as a client sees them: somebody who added the owner and has not been answered is pending instead of reverse.
    #[must_use]
    pub const fn shown(self) -> u8 {
        if self.is_pending() { (self.0 & !Self::bit(List::Reverse)) | Self::bit(List::Pending) } else { self.0 }
    }

    /// The same as another view of the entry has it. Where the owner has decided something, only who has the owner on their
    /// list is taken over.
    #[must_use]
    pub const fn merged(self, other: Self) -> Self {
        let own = self.0 & !Self::bit(List::Reverse);
        if own == 0 { other } else { Self(own | (other.0 & Self::bit(List::Reverse))) }
    }

    /// The owner's own lists of `other`, with who has the owner on theirs as here.
    #[must_use]
    pub const fn following(self, other: Self) -> Self {
        let reverse = Self::bit(List::Reverse);
        Self((other.0 & !reverse) | (self.0 & reverse))
    }

    /// Whether the owner has put the entry on no list.
    #[must_use]
    pub const fn is_unwanted(self) -> bool {
        self.0 & !Self::bit(List::Reverse) == 0
    }

    /// Whether this person has the owner on their contact list, answered or not.
    #[must_use]
    pub const fn watches(self) -> bool {
        self.0 & Self::bit(List::Reverse) != 0
    }

    /// Whether this person added the owner and waits for an answer.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        self.0 == Self::bit(List::Reverse)
    }

    /// Whether the entry stands on no list at all.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The id of a contact or a group: 36 characters, lower case, no braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Guid(u128);

/// A text is no GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no GUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")]
pub struct GuidFault;

impl Guid {
    /// A GUID (version 4) of random bits.
    #[must_use]
    pub const fn of_chance(chance: u128) -> Self {
        Self((chance & !(0xf << 76) & !(0b11 << 62)) | (4 << 76) | (0b10 << 62))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        write!(
            formatter,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            (bits >> 80) & 0xffff,
            (bits >> 64) & 0xffff,
            (bits >> 48) & 0xffff,
            bits & 0xffff_ffff_ffff
        )
    }
}

impl std::str::FromStr for Guid {
    type Err = GuidFault;

    fn from_str(text: &str) -> Result<Self, GuidFault> {
        let hyphens = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == matches!(at, 8 | 13 | 18 | 23));
        // A leading plus sign is a digit to the standard parser.
        if !hyphens || text.contains('+') {
            return Err(GuidFault);
        }
        u128::from_str_radix(&text.replace('-', ""), 16).map(Self).map_err(|_| GuidFault)
    }
}

impl TryFrom<String> for Guid {
    type Error = GuidFault;

    fn try_from(text: String) -> Result<Self, GuidFault> {
        text.parse()
    }
}

impl From<Guid> for String {
    fn from(guid: Guid) -> Self {
        guid.to_string()
    }
}

/// What a remote contact stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RemoteTarget {
    /// A person, spoken to one to one.
    Person(RemoteUser),
    /// A room.
    Room(RemoteRoom),
}

/// A contact's place on another network.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RemoteIdentity {
    /// Which network.
    pub network: NetworkName,
    /// The bit that marks it in MSNP12.
    pub bit: NetworkBit,
    /// Who or what there.
    pub target: RemoteTarget,
}

/// One entry of an account's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The entry's address.
    pub passport: Passport,
    /// The entry's id on this list; clients name contacts by it once they stand on the forward list.
    pub guid: Guid,
    /// The lists it stands on.
    pub lists: Lists,
    /// The name shown while the contact itself shows none.
    pub name: String,
    /// The groups it is in, in no order.
    pub groups: Vec<Guid>,
    /// Its place on another network; `None` for a Messenger user of this server.
    pub remote: Option<RemoteIdentity>,
    /// The same person on further networks: entries that were merged into this one, and are shown as it. Each is a person of a network
    /// that no other of them is of, stands on the lists of the owner's that this one stands on, and has nothing merged into it.
    pub merged: Vec<Self>,
    /// To which of those merged into it what the user says goes; `None` for the entry itself.
    pub spoken: Option<Passport>,
}

impl Contact {
    /// The entry, and those merged into it: the same person on each of their networks.
    pub fn identities(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.merged)
    }

    /// The one of those that is of this network.
    #[must_use]
    pub fn on(&self, network: &NetworkName) -> Option<&Self> {
        self.identities().find(|identity| identity.remote.as_ref().is_some_and(|remote| remote.network == *network))
    }

    /// The bits of the networks over which it can be reached, or-ed; 0 for a Messenger user.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.identities()
            .filter_map(|identity| identity.remote.as_ref())
            .fold(0, |bits, remote| bits | remote.bit.value())
    }

    /// Whether it is a person of another network.
    #[must_use]
    pub fn is_remote_person(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| matches!(remote.target, RemoteTarget::Person(_)))
    }

    /// Puts it on these lists, and those merged into it as well. What is not on the contact list is in no group.
    pub(crate) fn stand_on(&mut self, lists: Lists) {
        for merged in &mut self.merged {
            merged.stand_on(merged.lists.following(lists));
        }
        self.lists = lists;
        if !lists.contains(List::Forward) {
            self.groups.clear();
        }
    }

    /// Whether it may be an account of this server: neither somebody of another network, nor a telephone.
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.remote.is_none() && !self.passport.is_telephone()
    }
}

/// The longest name that is kept for a contact, in bytes. Messenger's own are shorter; those of networks may be long.
pub const LONGEST_CONTACT_NAME: usize = 1024;

/// A group of contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub guid: Guid,
    /// Its name, decoded.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn allow_and_block_exclude_each_other() {
        let lists = Lists::NONE.with(List::Forward).with(List::Allow).with(List::Block);
        assert!(lists.contains(List::Block) && !lists.contains(List::Allow) && lists.contains(List::Forward));
    }

    #[test]
    fn an_unanswered_admirer_is_pending_and_not_reverse() {
        let lists = Lists::NONE.with(List::Reverse);
        assert_eq!((lists.shown(), lists.bits()), (16, 8));
        assert!(lists.contains(List::Pending) && !lists.contains(List::Reverse));
        assert_eq!(lists.with(List::Allow).shown(), 10, "answered: reverse and allow");
        assert_eq!(lists.with(List::Block).shown(), 12);
    }

    #[test]
    fn guids_are_lower_case_with_hyphens() {
        let guid = Guid::of_chance(u128::MAX);
        assert_eq!(guid.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!("FFFFFFFF-ffff-4fff-bfff-ffffffffffff".parse(), Ok(guid));
        for text in ["", "0", "+fffffff-ffff-4fff-bfff-ffffffffffff", "ffffffffffff4fffbfffffffffffffffffff", "é"] {
            assert_eq!(text.parse::<Guid>(), Err(GuidFault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_guid_survives_its_text(chance: u128) {
            let guid = Guid::of_chance(chance);
            prop_assert_eq!(guid.to_string().parse(), Ok(guid));
        }
    }
}
