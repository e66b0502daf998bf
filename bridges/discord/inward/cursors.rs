//! How far each bot has heard in each channel.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bridge::{Host, HostFault, Write};

use crate::model::{ChannelId, MessageId, UserId};

/// The keys under which it is kept: `seen/<bot>/<channel>`.
const KEY: &str = "seen/";

/// A channel, as one bot hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) bot: UserId,
    pub(crate) channel: ChannelId,
}

/// The last message that was committed of each place, or found there at first.
pub(crate) struct Cursors {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    seen: HashMap<Place, MessageId>,
    /// The newest of each bot.
    newest: HashMap<UserId, MessageId>,
    /// The newest of each bot when its present session began.
    before: HashMap<UserId, MessageId>,
    /// The places of which nothing is missing before what the present session tells.
    current: HashSet<Place>,
}

impl Cursors {
    /// What earlier runs have committed.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let mut known = Known::default();
        for (key, message) in host.list(KEY).await? {
            if let (Some(place), Ok(message)) = (place(&key), message.parse()) {
                known.see(place, message);
            }
        }
        Ok(Self { known: Mutex::new(known) })
    }

    /// The last message that was taken there.
    pub(crate) fn seen(&self, place: Place) -> Option<MessageId> {
        self.lock().seen.get(&place).copied()
    }

    /// The last message that a bot had heard anywhere when its present session began: a place that is older than that, and not
    /// known, was never to be heard. `None` if it had heard nothing.
    pub(crate) fn heard_before(&self, bot: UserId) -> Option<MessageId> {
        self.lock().before.get(&bot).copied()
    }

    /// Where a bot has heard something.
    pub(crate) fn places(&self, bot: UserId) -> Vec<Place> {
        self.lock().seen.keys().filter(|place| place.bot == bot).copied().collect()
    }

    /// The write that commits a message as seen. [`Cursors::committed`] follows it.
    pub(crate) fn write(place: Place, message: MessageId) -> Write {
        Write::Put(key(place), message.to_string())
    }

    /// It was committed that this message was seen.
    pub(crate) fn committed(&self, place: Place, message: MessageId) {
        self.lock().see(place, message);
    }

    /// From now on everything may have been missed of what the bot hears.
    pub(crate) fn behind(&self, bot: UserId) {
        let mut known = self.lock();
        known.current.retain(|place| place.bot != bot);
        if let Some(newest) = known.newest.get(&bot).copied() {
            known.before.insert(bot, newest);
        }
    }

    /// Nothing is missing any more before what comes now, or it will be fetched first. Whether that is new.
    pub(crate) fn is_current(&self, place: Place) -> bool {
        self.lock().current.insert(place)
    }

    /// Forgets a place that is gone; the write that forgets it for good, if it was known.
    pub(crate) fn lose(&self, place: Place) -> Option<Write> {
        let mut known = self.lock();
        known.current.remove(&place);
        known.seen.remove(&place).map(|_| Write::Delete(key(place)))
    }

    /// Forgets all places of a bot; the writes that forget them for good.
    pub(crate) fn forget(&self, bot: UserId) -> Vec<Write> {
        let mut known = self.lock();
        known.newest.remove(&bot);
        known.before.remove(&bot);
        known.current.retain(|place| place.bot != bot);
        let gone: Vec<Place> = known.seen.keys().filter(|place| place.bot == bot).copied().collect();
        for place in &gone {
            known.seen.remove(place);
        }
        gone.iter().map(|place| Write::Delete(key(*place))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn see(&mut self, place: Place, message: MessageId) {
        let seen = self.seen.entry(place).or_default();
        *seen = (*seen).max(message);
        let newest = self.newest.entry(place.bot).or_default();
        *newest = (*newest).max(message);
    }
}

fn key(place: Place) -> String {
    format!("{KEY}{}/{}", place.bot, place.channel)
}

fn place(key: &str) -> Option<Place> {
    let (bot, channel) = key.strip_prefix(KEY)?.split_once('/')?;
    Some(Place { bot: bot.parse().ok()?, channel: channel.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use bridge::conformance::FakeHost;

    use super::*;

    #[tokio::test]
    async fn what_was_seen_is_known_after_a_restart_and_never_goes_back() {
        let host = FakeHost::new("discord".parse().unwrap(), Vec::new());
        let place = |channel| Place { bot: UserId(1), channel: ChannelId(channel) };
        let cursors = Cursors::load(&*host).await.unwrap();
        cursors.behind(UserId(1));
        assert_eq!((cursors.seen(place(5)), cursors.heard_before(UserId(1))), (None, None));
        host.write(vec![Cursors::write(place(5), MessageId(10)), Cursors::write(place(6), MessageId(20))])
            .await
            .unwrap();
        let cursors = Cursors::load(&*host).await.unwrap();
        cursors.committed(place(5), MessageId(7));
        assert_eq!((cursors.seen(place(5)), cursors.heard_before(UserId(1))), (Some(MessageId(10)), None));
        assert!(cursors.is_current(place(5)) && !cursors.is_current(place(5)));
        cursors.behind(UserId(1));
        assert!(cursors.is_current(place(5)), "a new session knows nothing");
        cursors.committed(place(6), MessageId(30));
        assert_eq!(cursors.heard_before(UserId(1)), Some(MessageId(20)), "when it began");
        host.write(cursors.forget(UserId(1))).await.unwrap();
        assert!(host.list(KEY).await.unwrap().is_empty() && cursors.seen(place(6)).is_none());
    }
}
