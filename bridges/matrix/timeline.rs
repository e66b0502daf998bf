//! How far an account has got in what happens in one room. Pure.
//!
//! Most of the time it is up to date: what the homeserver pushes is taken as it comes. It falls behind when something has to be
//! read or fetched first: after the ghost came, when a picture has to be fetched, or when the homeserver may have lost an
//! event. While it is behind, what is pushed is only noted; everything is then read in its order, and nothing overtakes.
//!
//! What is pushed does not prove that nothing was lost before it. So a timeline knows the last event up to which the room itself
//! was read, and what was taken after that: whatever else the room shows since then is lacking.

mod backward;

use std::{collections::VecDeque, sync::Arc};

use domain::Timestamp;
use ruma::{EventId, OwnedEventId};
use serde::{Deserialize, Serialize};

pub(crate) use backward::{Backward, Lacking, MOST_BYTES, has_gone};

/// How many events are noted by their ids. What is pushed beyond them is found by reading the room once more.
const MOST_MISSED: usize = 500;
/// After how many events that were taken as they came the room is compared.
const COMPARED_AFTER: usize = 64;
/// How many of them are known by their ids, if the room cannot be compared so soon. What was taken earlier would be handed in
/// once more, where its id is known.
const MOST_TAKEN: usize = 256;
/// How many of those that were read are known by their ids. A homeserver whose pushes lag behind what its rooms show pushes them
/// long after, and each would have the room read again.
const MOST_KNOWN: usize = 256;
/// How often the homeserver may be there and say that it cannot show a room, with nothing read in between, before what is said
/// there goes first: some minutes, and the order is lost for it.
const PATIENCE: u32 = 20;

/// How far an account has got in a room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Timeline {
    /// The last event up to which the room was read; `None`: nothing since the ghost was asked in.
    since: Option<OwnedEventId>,
    /// When that one was sent.
    at: Timestamp,
    /// What was taken as it came, after that.
    taken: Vec<OwnedEventId>,
    /// What has to be caught up with; `None`: nothing that is known of.
    behind: Option<Behind>,
    /// What a restart forgets.
    #[serde(skip)]
    passing: Passing,
}

/// What is known as long as the program runs, and makes no difference that is worth a write.
#[derive(Debug, Clone, Default)]
struct Passing {
    /// The number of outages of the homeserver that there were when the room was compared last, counted from 1; 0 is never.
    compared: u64,
    /// How often the homeserver has said since the last reading that it cannot show the room.
    unshown: u32,
    /// The last that were read. Shared, as every push copies the timelines of its room.
    read: Arc<VecDeque<OwnedEventId>>,
}

impl PartialEq for Passing {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Passing {}

/// What has to be caught up with: everything since the last event up to which the room was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Behind {
    /// What was pushed meanwhile; the room may show it elsewhere than at its end, as it is older than it came.
    missed: Vec<OwnedEventId>,
    /// More was pushed than is noted.
    more: bool,
    /// The homeserver can never show the room, as far as is known. What can be taken as it comes is taken, as it must not wait
    /// for that.
    overtaken: bool,
}

/// What becomes of something that is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is taken as it comes.
    Taken,
    /// It was taken before.
    Known,
    /// It is noted, and will be read.
    Noted,
}

impl Timeline {
    /// Of a room whose past has to be read first.
    pub(crate) fn unread() -> Self {
        Self { behind: Some(Behind::default()), ..Self::default() }
    }

    /// Whether something has to be read.
    pub(crate) const fn is_behind(&self) -> bool {
        self.behind.is_some()
    }

    /// Whether nothing was read yet since the ghost was asked in.
    pub(crate) const fn is_new(&self) -> bool {
        self.since.is_none()
    }

    /// Whether so much was taken as it came that the room is to be compared; now and then, as long as it is not.
    pub(crate) const fn is_long(&self) -> bool {
        self.taken.len() >= COMPARED_AFTER && self.taken.len().is_multiple_of(COMPARED_AFTER)
    }

    /// When the last event was sent up to which the room was read.
    pub(crate) const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether this was taken after the last reading.
    pub(crate) fn has_taken(&self, event: &EventId) -> bool {
        self.taken.iter().any(|taken| taken == event)
    }

    /// What was pushed while it was behind.
    pub(crate) fn missed(&self) -> &[OwnedEventId] {
        self.behind.as_ref().map_or(&[], |behind| &behind.missed)
    }

    /// Whether this was taken, as far as that is remembered.
    pub(crate) fn is_known(&self, event: &EventId) -> bool {
        self.has_taken(event) || self.passing.read.iter().any(|read| read == event)
    }

    /// Something that is for the account is pushed. `waits` when something has to be fetched for it; `outages` is how often the
    /// homeserver has been away: after every time it may have lost something, which then comes first.
    pub(crate) fn hears(&mut self, event: &EventId, waits: bool, outages: u64) -> Pushed {
        if self.is_known(event) {
            return Pushed::Known;
        }
        let is_in_doubt = self.passing.compared <= outages;
        if waits || is_in_doubt {
            self.falls_behind();
        }
        match &mut self.behind {
            Some(behind) if waits || !behind.overtaken => {
                if behind.missed.len() >= MOST_MISSED {
                    behind.more = true;
                } else if !behind.missed.iter().any(|missed| missed == event) {
                    behind.missed.push(event.to_owned());
                }
                Pushed::Noted
            }
            Some(_) | None => {
                self.taken.push(event.to_owned());
                if self.taken.len() > MOST_TAKEN {
                    self.taken.remove(0);
                }
                Pushed::Taken
            }
        }
    }

    /// The room was read up to the last of these; each of them was taken, or says nothing.
    pub(crate) fn has_read(&mut self, events: &[(OwnedEventId, Timestamp)]) {
        let is_read = |event: &OwnedEventId| events.iter().any(|(read, _)| read == event);
        self.taken.retain(|taken| !is_read(taken));
        if let Some(behind) = &mut self.behind {
            behind.missed.retain(|missed| !is_read(missed));
        }
        if let Some((last, sent)) = events.last() {
            self.since = Some(last.clone());
            self.at = *sent;
        }
        self.remember(events.iter().map(|(read, _)| read));
    }

    /// This event, which was pushed, stands before what was read, and was taken by itself.
    pub(crate) fn settles(&mut self, event: &OwnedEventId) {
        self.lets_go(event);
        self.remember([event]);
    }

    /// Nobody shows this event any more, which was pushed.
    pub(crate) fn lets_go(&mut self, event: &EventId) {
        if let Some(behind) = &mut self.behind {
            behind.missed.retain(|missed| missed != event);
        }
    }

    /// Everything was read that was there when the reading began, after so many outages: whether that is all. Where not, it has
    /// to be read again.
    pub(crate) fn is_caught_up(&mut self, outages: u64) -> bool {
        if let Some(behind) = &mut self.behind
            && (!behind.missed.is_empty() || std::mem::take(&mut behind.more))
        {
            return false;
        }
        self.behind = None;
        self.passing.compared = outages.saturating_add(1);
        self.passing.unshown = 0;
        true
    }

    /// It may lack something: everything since the last reading has to be read.
    pub(crate) fn falls_behind(&mut self) {
        self.behind.get_or_insert_default();
    }

    /// The homeserver is there, and says that it cannot show the room. What is said there waits until it can, so that nothing
    /// overtakes; but not for ever.
    pub(crate) fn is_not_shown(&mut self) {
        self.passing.unshown = self.passing.unshown.saturating_add(1);
        if let Some(behind) = &mut self.behind {
            behind.overtaken |= self.passing.unshown >= PATIENCE;
        }
    }

    /// These were read, or taken by themselves.
    fn remember<'read>(&mut self, events: impl IntoIterator<Item = &'read OwnedEventId>) {
        let mut events = events.into_iter().peekable();
        if events.peek().is_none() {
            return;
        }
        self.passing.unshown = 0;
        let read = Arc::make_mut(&mut self.passing.read);
        read.extend(events.cloned());
        read.drain(..read.len().saturating_sub(MOST_KNOWN));
    }
}

#[cfg(test)]
mod tests;
