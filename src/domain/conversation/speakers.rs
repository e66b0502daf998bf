//! Rooms whose speakers sit in. They are no members: nothing is said to them, nothing is fetched from them, and whoever comes
//! in later meets them when they speak next. A client is told that they come before it is given what they say.

use super::{Conversation, Effect, Member, Party, PartyKind, SeatEvent, SeatId, Speaker, Waiting};
use crate::Passport;

/// How those who speak in a room are shown (`rooms` in the configuration).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RoomManner {
    /// The room speaks for them: each line begins with the name of who said it.
    #[default]
    Prefixed,
    /// They sit in as participants beside the room once they speak.
    Members {
        /// How many sit in at once; for one more, the one heard longest ago leaves. With 0 nobody sits in.
        at_most: usize,
    },
}

impl RoomManner {
    /// How many speakers sit in at once unless something else is wanted.
    pub const SPEAKERS: usize = 10;

    const fn places(self) -> usize {
        match self {
            Self::Prefixed => 0,
            Self::Members { at_most } => at_most,
        }
    }
}

/// Who of a room has come in at one seat, the one heard longest ago first.
#[derive(Debug, Default)]
pub(super) struct Speakers(Vec<Passport>);

/// What has to be said before somebody speaks.
#[derive(Debug, PartialEq, Eq)]
enum Entrance {
    /// Nothing: they are here.
    Here,
    /// They come in, in place of this one if there were as many as there may be.
    New(Option<Passport>),
}

impl Speakers {
    pub(super) fn contains(&self, who: &Passport) -> bool {
        self.0.contains(who)
    }

    /// Says whether they were there.
    fn forget(&mut self, who: &Passport) -> bool {
        let before = self.0.len();
        self.0.retain(|other| other != who);
        self.0.len() < before
    }

    /// Somebody is heard, of at most `places`, which are not 0.
    fn hear(&mut self, who: &Passport, places: usize) -> Entrance {
        let known = self.0.iter().position(|other| other == who).map(|place| self.0.remove(place));
        let is_full = known.is_none() && !self.0.is_empty() && self.0.len() >= places;
        let leaver = is_full.then(|| self.0.remove(0));
        self.0.push(who.clone());
        if known.is_some() { Entrance::Here } else { Entrance::New(leaver) }
    }
}

impl Member {
    /// How whoever said this in `room` is shown to the client that sits there. `None` if nobody knows who said it.
    pub(super) fn speaker(
        &mut self,
        seat: SeatId,
        message: &Waiting,
        room: &Party,
        manner: RoomManner,
        effects: &mut Vec<Effect>,
    ) -> Option<Speaker> {
        let name = &message.author_name;
        let is_other = |who: &&Passport| **who != self.party.passport && **who != room.passport;
        let passport = message.speaker.as_ref().filter(is_other).filter(|_| manner.places() > 0);
        let Some(passport) = passport.filter(|_| self.sits_at(seat)) else {
            return (!name.is_empty()).then(|| Speaker::Named(name.clone()));
        };
        let name = if name.is_empty() { passport.to_string() } else { name.clone() };
        let (capabilities, kind) = (room.capabilities, PartyKind::Person);
        let party = Party { passport: passport.clone(), name: name.clone(), capabilities, kind };
        self.usher(seat, party, manner.places(), effects);
        Some(Speaker::Seated { passport: passport.clone(), name })
    }

    /// Somebody who is no member speaks to the client that sits there, which is told before that they come in. Of them at most
    /// `places` sit in at once.
    pub(super) fn usher(&mut self, seat: SeatId, party: Party, places: usize, effects: &mut Vec<Effect>) {
        let Some(place) = self.seats.iter_mut().find(|known| known.id == seat) else { return };
        if let Entrance::New(leaver) = place.speakers.hear(&party.passport, places) {
            effects.extend(leaver.map(|leaver| Effect::Tell(seat, SeatEvent::Left(leaver))));
            effects.push(Effect::Tell(seat, SeatEvent::Joined(party)));
        }
    }
}

impl Conversation {
    /// Somebody becomes a member: the clients at these seats know them already, for having spoken.
    pub(super) fn seat_speaker(&mut self, who: &Passport) -> Vec<SeatId> {
        let seats = self.members.values_mut().flat_map(|member| &mut member.seats);
        seats.filter_map(|seat| seat.speakers.forget(who).then_some(seat.id)).collect()
    }

    /// The room speaks in another conversation from now on, so nobody is heard here any more who sits in for having spoken.
    pub(super) fn dismiss_speakers(&mut self, effects: &mut Vec<Effect>) {
        for seat in self.members.values_mut().flat_map(|member| &mut member.seats) {
            let leavers = std::mem::take(&mut seat.speakers).0;
            effects.extend(leavers.into_iter().map(|leaver| Effect::Tell(seat.id, SeatEvent::Left(leaver))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_heard_longest_ago_makes_room() {
        let passport = |name: &str| -> Passport { format!("{name}@net.example").parse().unwrap() };
        let [ann, bob, cy] = ["ann", "bob", "cy"].map(passport);
        let mut speakers = Speakers::default();
        assert_eq!(speakers.hear(&ann, 2), Entrance::New(None));
        assert_eq!(speakers.hear(&bob, 2), Entrance::New(None));
        assert_eq!(speakers.hear(&ann, 2), Entrance::Here);
        assert_eq!(speakers.hear(&cy, 2), Entrance::New(Some(bob.clone())));
        assert!(speakers.contains(&ann) && speakers.contains(&cy) && !speakers.contains(&bob));
    }
}
