//! What waits to be taken in, a lane for each place: in order within it, and no place waits for another.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::cursors::Place;
use crate::model::{EmojiSign, GuildId, Message, MessageId, UserId};

/// How much may wait in a lane. What comes beyond is fetched once there is room again.
const LONGEST: usize = 256;

/// Something to be done in a lane.
#[derive(Debug)]
pub(crate) enum Task {
    /// Take in what the gateway told.
    Take(Utterance),
    /// Fetch what was missed, if there is anything newer than was seen: up to `newest` where that is known.
    CatchUp { newest: Option<MessageId> },
}

/// Something that was said in a place, or concerns what was said there.
#[derive(Debug)]
pub(crate) enum Utterance {
    /// A message.
    Said(Box<Message>),
    /// A message changed: perhaps only its previews.
    Changed(Box<Message>),
    /// Messages are gone.
    Deleted { guild: Option<GuildId>, messages: Vec<MessageId> },
    /// A sign was put on a message, or taken back.
    Signed { guild: Option<GuildId>, message: MessageId, user: UserId, emoji: EmojiSign, added: bool },
}

/// All lanes in which something waits or is being done.
#[derive(Default)]
pub(crate) struct Lanes {
    lanes: Mutex<HashMap<Place, Lane>>,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Task>,
    /// Something did not fit.
    missed: bool,
}

impl Lanes {
    /// Lets something wait. `true`: nobody works in this lane yet.
    pub(crate) fn add(&self, place: Place, task: Task) -> bool {
        let mut lanes = self.lock();
        let is_new = !lanes.contains_key(&place);
        let lane = lanes.entry(place).or_default();
        if lane.missed || lane.waiting.len() >= LONGEST {
            if !lane.missed {
                tracing::warn!(bot = %place.bot, channel = %place.channel, "too much comes at once: it is fetched later");
            }
            lane.missed = true;
        } else {
            lane.waiting.push_back(task);
        }
        is_new
    }

    /// What is next. `None`: nothing waits, and whoever worked in this lane has left it.
    pub(crate) fn next(&self, place: Place) -> Option<Task> {
        let mut lanes = self.lock();
        let lane = lanes.get_mut(&place)?;
        let next = lane.waiting.pop_front();
        if next.is_some() {
            return next;
        }
        if std::mem::take(&mut lane.missed) {
            return Some(Task::CatchUp { newest: None });
        }
        lanes.remove(&place);
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ChannelId;

    #[test]
    fn a_lane_keeps_its_order_and_what_does_not_fit_is_fetched_behind_it() {
        let lanes = Lanes::default();
        let place = Place { bot: UserId(1), channel: ChannelId(5) };
        let other = Place { channel: ChannelId(6), ..place };
        let newest = |number| Task::CatchUp { newest: Some(MessageId(number)) };
        assert!(lanes.add(place, newest(0)) && lanes.add(other, newest(7)));
        for number in 1..1000 {
            assert!(!lanes.add(place, newest(number)), "somebody works there");
        }
        for number in 0..LONGEST as u64 {
            let next = lanes.next(place);
            assert!(matches!(next, Some(Task::CatchUp { newest: Some(MessageId(at)) }) if at == number), "{next:?}");
        }
        assert!(matches!(lanes.next(place), Some(Task::CatchUp { newest: None })), "the rest is fetched");
        assert!(!lanes.add(place, newest(1)));
        assert!(lanes.next(place).is_some() && lanes.next(place).is_none());
        assert!(lanes.add(place, newest(2)), "the lane was left");
    }
}
