//! Gatherings: a conversation of several has a room on each network whose people are in it, so that everybody reads everybody.
//!
//! What is said goes into the room once instead of to each person, and what is said in the room is shown to whoever sits here.
//! Somebody who sits here no longer has the room as a window of its own, which is the affair of another conversation.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Conversation, Effect, Gather, Inward, Member, MessageId, Party, PartyKind, RoomManner, Saying, SeatEvent, SeatId,
    Speaker, Waiting, Wish,
};
use crate::{Moment, Passport, RemoteRoom, RemoteUser, content::shortened};

/// What the ids of gatherings begin with.
const GATHERING: &str = "gathering/";

/// How many have to be here: two may as well speak to each other alone.
const FEWEST: usize = 3;

/// How many names a gathering is called by.
const MOST_NAMES: usize = 8;

/// Whether this is the room of a gathering: it has no other id than the one that was made here, and its bridge knows which room of
/// the network that is.
#[must_use]
pub fn is_gathering(room: &RemoteRoom) -> bool {
    room.as_str().starts_with(GATHERING)
}

/// A conversation's room on one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathering {
    /// The room as a contact, which stands on nobody's list.
    pub contact: Party,
    /// Who of the conversation is of that network.
    pub people: BTreeMap<Passport, RemoteUser>,
}

/// All rooms of a conversation.
#[derive(Debug, Default)]
pub(super) struct Gatherings {
    /// The id that the room has on every network.
    id: Option<RemoteRoom>,
    /// The members for whom rooms were asked for: the people of networks, and the accounts.
    people: BTreeSet<Passport>,
    accounts: BTreeSet<Passport>,
    rooms: Vec<Room>,
    /// What was said and waits for the answer.
    held: Vec<Held>,
}

/// Something that a client said.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) seat: SeatId,
    pub(super) tag: u32,
    pub(super) wish: Wish,
    pub(super) saying: Saying,
    pub(super) id: MessageId,
}

#[derive(Debug)]
struct Room {
    gathering: Gathering,
    /// Who has ordered the room as it is now, and to let in which accounts. Everybody does so before they first speak there: nobody's
    /// orders wait for somebody else's.
    ordered: BTreeMap<Passport, BTreeSet<Passport>>,
}

impl Gatherings {
    /// The contacts that the rooms are.
    pub(super) fn contacts(&self) -> impl Iterator<Item = &Passport> {
        self.rooms.iter().map(|room| &room.gathering.contact.passport)
    }

    pub(super) fn contains(&self, contact: &Passport) -> bool {
        self.contacts().any(|known| known == contact)
    }

    pub(super) fn contact(&self, passport: &Passport) -> Option<&Party> {
        self.rooms.iter().map(|room| &room.gathering.contact).find(|contact| contact.passport == *passport)
    }

    /// The room in which this person is.
    fn room_of(&self, person: &Passport) -> Option<&Room> {
        self.rooms.iter().find(|room| room.gathering.people.contains_key(person))
    }

    pub(super) fn hold(&mut self, held: Held) {
        self.held.push(held);
    }

    /// What was said could not be kept, and with it no order for a room.
    pub(super) fn forget_orders(&mut self) {
        self.rooms.iter_mut().for_each(|room| room.ordered.clear());
    }
}

impl Conversation {
    /// Whether what waits for `owner` from `contact` is shown here: `contact` is a room of this conversation, and `owner` sits here.
    #[must_use]
    pub fn shows(&self, owner: &Passport, contact: &Passport) -> bool {
        self.gatherings.contains(contact) && self.seat_of(owner).is_some()
    }

    /// Whether what is said has to wait for a room, which is asked for here: as late as that, so that all who were called together
    /// are in it, and the same people find the same room again.
    pub(super) fn asks_for_rooms(
        &mut self,
        moment: &Moment,
        seat: SeatId,
        saying: &Saying,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let is_for_networks = matches!(saying, Saying::Lasting { content: Some(_), .. });
        if !is_for_networks || self.pair.is_some() || self.here().count() < FEWEST {
            return false;
        }
        let Some(author) = self.seated_at(seat).map(|member| member.party.passport.clone()) else { return false };
        let of_kind = |kind| {
            let members = self.here().filter(move |party| party.kind == kind);
            members.map(|party| party.passport.clone()).collect::<BTreeSet<_>>()
        };
        let (people, accounts) = (of_kind(PartyKind::Person), of_kind(PartyKind::Account));
        let known = &self.gatherings;
        if people.is_empty() || (people.is_subset(&known.people) && accounts.is_subset(&known.accounts)) {
            return false;
        }
        // What was typed was typed to each of them.
        if let Some(stop) = self.members.get_mut(&author).and_then(|member| member.outward.stop()) {
            effects.extend(self.typing_effects(&author, stop));
        }
        let name = self.gathering_name();
        let known = &mut self.gatherings;
        known.people.extend(people);
        known.accounts.extend(accounts);
        let fresh = RemoteRoom(format!("{GATHERING}{:032x}", moment.chance));
        let (people, accounts) = (known.people.clone(), known.accounts.clone());
        effects.push(Effect::Gather { known: known.id.clone(), fresh, people, accounts, name });
        true
    }

    /// These rooms there are from now on, or more people are for them. Where the id is another than before, nothing more is said in the
    /// rooms that there were: whoever has come in since must not read what is said there. What others say there is shown as before.
    pub(super) fn gathered(
        &mut self,
        moment: &Moment,
        room: RemoteRoom,
        gatherings: Vec<Gathering>,
        effects: &mut Vec<Effect>,
    ) {
        let is_another = self.gatherings.id.as_ref().is_some_and(|known| *known != room);
        self.gatherings.id = Some(room);
        let rooms = &mut self.gatherings.rooms;
        for room in rooms.iter_mut().filter(|_| is_another) {
            room.gathering.people.clear();
        }
        for gathering in gatherings {
            match rooms.iter_mut().find(|room| room.gathering.contact.passport == gathering.contact.passport) {
                Some(room) => {
                    room.gathering.people.extend(gathering.people);
                    room.gathering.contact = gathering.contact;
                    room.ordered.clear();
                }
                None => rooms.push(Room { gathering, ordered: BTreeMap::new() }),
            }
        }
        for Held { seat, tag, wish, saying, id } in std::mem::take(&mut self.gatherings.held) {
            self.said(moment, seat, (tag, wish), (id, saying), effects);
        }
    }

    /// Nobody sits here any more: whoever comes in again begins anew, since its rooms may be another conversation's then.
    pub(super) fn disperse(&mut self, effects: &mut Vec<Effect>) {
        let is_left = self.members.values().all(|member| member.seats.is_empty());
        if is_left && self.pair.is_none() && self.gatherings.id.is_some() {
            self.gatherings = Gatherings::default();
            effects.push(Effect::Dispersed);
        }
    }

    /// Where it has to be said so that these hear it from `author`: once in the room of each network that has one, if there is
    /// anybody else.
    pub(super) fn places(&self, author: &Passport, remotes: Vec<Passport>) -> Vec<Passport> {
        if self.here().filter(|party| party.passport != *author).count() + 1 < FEWEST {
            return remotes;
        }
        let mut places = Vec::with_capacity(remotes.len());
        for remote in remotes {
            let room = self.gatherings.room_of(&remote).map(|room| room.gathering.contact.passport.clone());
            let place = room.unwrap_or(remote);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// What has to be done before `author` speaks in those of these places that are rooms.
    pub(super) fn gathers(&mut self, author: &Passport, places: &[Passport]) -> Vec<Gather> {
        if self.gatherings.rooms.is_empty() {
            return Vec::new();
        }
        let name = self.gathering_name();
        let accounts = self.here().filter(|party| party.kind == PartyKind::Account);
        let accounts: BTreeSet<Passport> =
            accounts.map(|party| party.passport.clone()).chain([author.clone()]).collect();
        let mut gathers = Vec::new();
        for room in self.gatherings.rooms.iter_mut().filter(|room| places.contains(&room.gathering.contact.passport)) {
            let ordered = room.ordered.get(author);
            if !ordered.is_some_and(|ordered| accounts.is_subset(ordered)) {
                room.ordered.insert(author.clone(), accounts.clone());
                let Gathering { contact, people } = &room.gathering;
                gathers.push(Gather {
                    contact: contact.passport.clone(),
                    people: people.values().cloned().collect(),
                    accounts: accounts.iter().cloned().collect(),
                    name: name.clone(),
                });
            }
        }
        gathers
    }

    /// Those whom `author` of a waiting message speaks as, where that is a member; what they typed has come.
    pub(super) fn speaking_member(&mut self, message: &Waiting) -> Option<Party> {
        let member = message.speaker.as_ref().and_then(|speaker| self.members.get_mut(speaker))?;
        member.inward = Inward::default();
        Some(member.party.clone())
    }

    fn here(&self) -> impl Iterator<Item = &Party> {
        self.members.values().filter(|member| member.here).map(|member| &member.party)
    }

    /// The names of those who are here, those of other networks first.
    fn gathering_name(&self) -> String {
        let (remote, local): (Vec<_>, Vec<_>) = self.here().partition(|party| party.is_remote());
        let names = remote.into_iter().chain(local).take(MOST_NAMES).map(|party| shortened(&party.name));
        names.collect::<Vec<_>>().join(", ")
    }
}

impl Member {
    /// Gives one message of the room `contact` to the client that sits there: as said by `member`, if it is one of the members.
    /// Somebody else comes in by speaking; where nobody knows who said it, the room itself does.
    pub(super) fn show_gathered(
        &mut self,
        seat: SeatId,
        message: Waiting,
        (contact, member): (&Party, Option<Party>),
        effects: &mut Vec<Effect>,
    ) {
        let Waiting { id, author_name, speaker, sent, body, .. } = message;
        let is_named = !author_name.is_empty();
        let (voice, speaker) = match (member, speaker) {
            (Some(Party { passport, name, .. }), _) => ((passport, if is_named { author_name } else { name }), None),
            (None, Some(passport)) => {
                let name = if is_named { author_name } else { passport.to_string() };
                let (capabilities, kind) = (contact.capabilities, PartyKind::Person);
                let party = Party { passport: passport.clone(), name: name.clone(), capabilities, kind };
                self.usher(seat, party, RoomManner::SPEAKERS, effects);
                ((passport, name), None)
            }
            (None, None) => {
                self.usher(seat, contact.clone(), RoomManner::SPEAKERS, effects);
                let voice = (contact.passport.clone(), contact.name.clone());
                (voice, is_named.then_some(Speaker::Named(author_name)))
            }
        };
        let (from, name) = voice;
        let event = SeatEvent::Message { from, name, speaker, sent, body, id: Some(id) };
        effects.push(Effect::Tell(seat, event));
    }
}
