//! Which rooms of a linked account stand on its list. Direct chats always do, as their people.

use std::cmp::Reverse;

use bridge::{Arrival, Batch, Failure};
use domain::Timestamp;
use ruma::{OwnedRoomId, RoomId};

use super::{
    OwnAccount,
    rooms::{Facts, Kind, OwnRoom},
};
use crate::{appservice::host_failure, configuration::ListedRooms, portal::Place, timeline::Timeline};

/// The group of the list that people and rooms of linked accounts come into.
pub(super) const GROUP: &str = "Matrix";

/// A room that may come onto the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Which.
    pub(super) room: OwnedRoomId,
    /// Whether it is marked as a favourite.
    pub(super) favourite: bool,
    /// When something happened there last.
    pub(super) at: Timestamp,
}

/// Whether a room belongs on the list, if there is space.
pub(super) fn belongs(policy: ListedRooms, room: &OwnRoom, facts: &Facts) -> bool {
    match (room.chosen, policy) {
        (Some(chosen), _) => chosen,
        (None, _) if facts.muted => false,
        (None, ListedRooms::All) => true,
        (None, ListedRooms::Favourites) => facts.favourite,
        (None, ListedRooms::None) => false,
    }
}

/// Of these, those that come onto a list which has space for so many more: favourites first, then where something happened last.
pub(super) fn select(mut candidates: Vec<Candidate>, space: usize) -> Vec<OwnedRoomId> {
    candidates.sort_by_key(|candidate| (Reverse(candidate.favourite), Reverse(candidate.at)));
    candidates.truncate(space);
    candidates.into_iter().map(|candidate| candidate.room).collect()
}

/// A room of a linked account, as its user may choose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Which.
    pub(crate) room: OwnedRoomId,
    /// The name it shows; its id if it shows none.
    pub(crate) name: String,
    /// Its main address; empty if it has none.
    pub(crate) alias: String,
    /// Whether it stands on the list.
    pub(crate) is_listed: bool,
}

impl OwnAccount {
    /// The rooms of several people that the account is in, by their names: always in the same order, so that they can be called by
    /// their numbers.
    pub(crate) fn choices(&self) -> Vec<Choice> {
        let rooms = self.rooms.all().into_iter().filter(|(_, room)| room.is_joined() && room.kind == Kind::Room);
        let mut choices: Vec<Choice> = rooms
            .map(|(id, room)| {
                let profile = self.client.get_room(&id).map(|known| super::rooms::profile(&known, &self.me));
                let shown = profile.map(|profile| profile.of_room(&id)).map(|shown| shown.name).unwrap_or_default();
                let alias = self.client.get_room(&id).and_then(|known| known.canonical_alias());
                Choice {
                    name: if shown.is_empty() { id.to_string() } else { shown },
                    alias: alias.map(|alias| alias.to_string()).unwrap_or_default(),
                    is_listed: room.listed,
                    room: id,
                }
            })
            .collect();
        choices.sort_by_key(|choice| (choice.name.to_lowercase(), choice.room.clone()));
        choices
    }

    /// Puts a room on the list, or takes it off: the account stays in it.
    pub(crate) async fn choose(&self, room: &RoomId, wanted: bool) -> Result<(), Failure> {
        if !wanted {
            self.have_ghost_leave(room).await?;
        }
        let most = self.configuration.linked.most_rooms;
        let mut draft = self.rooms.begin().await;
        let listed = draft.listed();
        let known = draft.known(room).filter(|known| known.is_joined() && known.kind == Kind::Room);
        let Some(known) = known else {
            return Err(Failure::refused("your Matrix account is in no such room"));
        };
        if known.listed == wanted && known.chosen == Some(wanted) {
            return Ok(());
        }
        if wanted && !known.listed && listed >= most {
            return Err(Failure::refused(format!(
                "{most} rooms are on your list already, which is the most; take another one off first"
            )));
        }
        known.chosen = Some(wanted);
        let mut arrivals = Vec::new();
        if known.listed != wanted {
            known.listed = wanted;
            if wanted {
                known.timeline = Timeline::unread();
                known.unread = Some(0);
                let profile = self.client.get_room(room).map(|known| super::rooms::profile(&known, &self.me));
                arrivals.push(Arrival::Room {
                    owner: self.owner.clone(),
                    room: profile.unwrap_or_default().of_room(room),
                    group: Some(GROUP.to_owned()),
                });
            } else {
                known.timeline = Timeline::default();
                arrivals
                    .push(Arrival::RoomLost { owner: self.owner.clone(), room: domain::RemoteRoom(room.to_string()) });
            }
        }
        let writes = draft.writes();
        self.host.accept(Batch { arrivals, writes }).await.map_err(|fault| host_failure(&fault))?;
        draft.committed();
        self.rooms.bell.notify_one();
        Ok(())
    }
}

impl OwnAccount {
    /// By its ghost the account would hear on what is said in a room that its user wants to hear no more of.
    async fn have_ghost_leave(&self, room: &RoomId) -> Result<(), Failure> {
        let appservice = self.appservice()?;
        let portal = appservice.portals.get(&Place { owner: self.owner.clone(), room: room.to_owned() });
        if !portal.is_joined() || !portal.is_listed() {
            return Ok(());
        }
        match appservice.leave_room(&self.owner, room).await {
            // It is noted that it has to leave.
            Err(failure) if failure.is_passing() => Ok(()),
            left => left,
        }
    }
}

/// The room that words mean: a number of the list from 1 on, an id, an address, or a name as far as it is only one room's.
pub(crate) fn find<'choices>(choices: &'choices [Choice], words: &str) -> Result<&'choices Choice, Failure> {
    let words = words.trim();
    if let Some(numbered) = words.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?)) {
        return Ok(numbered);
    }
    let lower = words.to_lowercase();
    let exact = |choice: &&Choice| {
        choice.room == words || choice.alias.to_lowercase() == lower || choice.name.to_lowercase() == lower
    };
    let begins = |choice: &&Choice| !lower.is_empty() && choice.name.to_lowercase().starts_with(&lower);
    let found: Vec<&Choice> = choices.iter().filter(exact).collect();
    let found = if found.is_empty() { choices.iter().filter(begins).collect() } else { found };
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(Failure::refused(format!("your Matrix account is in no room called {words}"))),
        _ => Err(Failure::refused(format!("several rooms are called {words}; say the number of the one you mean"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str, favourite: bool, at: i64) -> Candidate {
        Candidate { room: RoomId::parse(name).unwrap(), favourite, at: Timestamp(at) }
    }

    #[test]
    fn favourites_come_first_and_then_where_something_happened_last() {
        let all = vec![candidate("!old", false, 1), candidate("!new", false, 9), candidate("!dear", true, 0)];
        assert_eq!(select(all.clone(), 2), ["!dear", "!new"]);
        assert_eq!(select(all, 0), Vec::<OwnedRoomId>::new());
    }

    #[test]
    fn what_the_account_says_counts_more_than_the_configuration() {
        let room = |chosen| OwnRoom { chosen, ..OwnRoom::joined(Kind::Room) };
        let facts = |favourite, muted| Facts { favourite, muted, ..Facts::default() };
        assert!(belongs(ListedRooms::All, &room(None), &facts(false, false)));
        assert!(!belongs(ListedRooms::All, &room(None), &facts(true, true)), "whoever mutes a room wants it quiet");
        assert!(belongs(ListedRooms::None, &room(Some(true)), &facts(false, true)));
        assert!(!belongs(ListedRooms::All, &room(Some(false)), &facts(true, false)));
        assert!(belongs(ListedRooms::Favourites, &room(None), &facts(true, false)));
        assert!(!belongs(ListedRooms::Favourites, &room(None), &facts(false, false)));
        assert!(!belongs(ListedRooms::None, &room(None), &facts(true, false)));
    }

    #[test]
    fn a_room_is_found_by_number_address_and_name() {
        let choice = |room: &str, name: &str, alias: &str| Choice {
            room: RoomId::parse(room).unwrap(),
            name: name.into(),
            alias: alias.into(),
            is_listed: false,
        };
        let choices = [choice("!a", "Garden", ""), choice("!b", "Tea", "#tea:x.org"), choice("!c", "tea", "")];
        let found = |words: &str| find(&choices, words).map(|choice| choice.room.to_string()).ok();
        assert_eq!(found("1").as_deref(), Some("!a"));
        assert_eq!(found("#TEA:x.org").as_deref(), Some("!b"));
        assert_eq!(found(" garden ").as_deref(), Some("!a"));
        assert_eq!(found("gar").as_deref(), Some("!a"));
        assert_eq!(found("!c").as_deref(), Some("!c"));
        assert_eq!(
            (found("Tea"), found("4"), found("0"), found("")),
            (None, None, None, None),
            "none, or not only one"
        );
    }
}
