//! A change of chats and portals together: what one transaction or one reading of a room changes, committed whole.

use std::collections::{BTreeSet, HashMap};

use bridge::Write;
use domain::Passport;
use ruma::{OwnedRoomId, RoomId};

use crate::{
    arrival::{Seat, SeatKind},
    chats::{self, Chats},
    names::Names,
    portal::{Place, Portal},
    portals::{self, Portals},
    timeline::Timeline,
};

/// The accounts of this server, with what they are called.
pub(crate) type Called = HashMap<Passport, String>;

/// A change that is not committed yet.
pub(crate) struct Draft<'places> {
    /// Of chats.
    pub(crate) chats: chats::Draft<'places>,
    /// Of rooms of several people.
    pub(crate) portals: portals::Draft<'places>,
}

impl<'places> Draft<'places> {
    /// Begins a change. No other change begins before this one is committed or dropped.
    pub(crate) async fn begin(chats: &'places Chats, portals: &'places Portals) -> Self {
        // Always in this order: two that wait for each other would wait for ever.
        let chats = chats.begin().await;
        Self { chats, portals: portals.begin().await }
    }

    /// The accounts whose ghosts are in a room, as the draft has it.
    pub(crate) fn seats(&mut self, room: &RoomId, names: &Names, called: &Called) -> Vec<Seat> {
        let mut owners = BTreeSet::new();
        owners.extend(self.portals.in_room(room).into_iter().map(|place| place.owner));
        owners.extend(self.chats.in_room(room).into_iter().map(|pair| pair.owner));
        owners
            .into_iter()
            .filter_map(|owner| self.seat(&Place { owner, room: room.to_owned() }, names, called))
            .collect()
    }

    /// Where an account sits in a room; `None` when its ghost is not in it.
    pub(crate) fn seat(&mut self, place: &Place, names: &Names, called: &Called) -> Option<Seat> {
        let ghost = names.ghost(&place.owner)?;
        let owner = place.owner.clone();
        let portal = self.portals.portal(place);
        if portal.is_joined() {
            let called = called.get(&owner).cloned().unwrap_or_default();
            let kind = SeatKind::Portal { place: place.clone(), known_as: portal.outward(&place.room), called };
            return Some(Seat { owner, ghost, kind });
        }
        let pairs = self.chats.in_room(&place.room);
        pairs.into_iter().filter(|pair| pair.owner == owner).find_map(|pair| {
            let chat = self.chats.chat(&pair);
            chat.timeline(&place.room)?;
            let kind = SeatKind::Direct { user: pair.user.clone(), name: chat.name.clone(), welcomed: chat.welcomed };
            Some(Seat { owner: owner.clone(), ghost: ghost.clone(), kind })
        })
    }

    /// How far whoever sits there has got; `None` when there is no such seat any more.
    pub(crate) fn timeline(&mut self, seat: &Seat, room: &RoomId) -> Option<&mut Timeline> {
        match &seat.kind {
            SeatKind::Portal { place, .. } => {
                let portal = self.portals.portal(place);
                portal.is_joined().then_some(&mut portal.timeline)
            }
            SeatKind::Direct { .. } => self.chats.chat(&seat.pair()?).timeline_mut(room),
        }
    }

    /// What has to be committed for the draft to hold.
    pub(crate) fn writes(&self) -> Vec<Write> {
        let mut writes = self.chats.writes();
        writes.extend(self.portals.writes());
        writes
    }

    /// The writes are committed: from now on the change is what everybody sees.
    pub(crate) fn committed(self) {
        self.chats.committed();
        self.portals.committed();
    }
}

/// The places in which accounts sit, with what `pick` says of their timelines.
pub(crate) fn timelines<T>(chats: &Chats, portals: &Portals, pick: impl Fn(&Timeline) -> Option<T>) -> Vec<(Place, T)> {
    let joined = |portal: &Portal| if portal.is_joined() { pick(&portal.timeline) } else { None };
    let mut all = portals.pick(joined);
    all.extend(
        chats
            .timelines(&pick)
            .into_iter()
            .map(|(owner, room, picked): (Passport, OwnedRoomId, T)| (Place { owner, room }, picked)),
    );
    all
}
