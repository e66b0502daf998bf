//! Direct chats: bots cannot list theirs, so they are remembered; and through the relay several accounts share one.

mod talk;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bridge::{Host, HostFault, Write};
use domain::Passport;
use tokio::sync::Mutex as Turn;

pub(crate) use talk::Talk;

use crate::{
    inward::Place,
    model::{ChannelId, UserId},
};

/// The keys under which channels are kept: `direct/<bot>/<user>`.
const CHANNEL: &str = "direct/";
/// The keys under which the relay's conversations are kept: `talk/<user>`.
const TALK: &str = "talk/";

/// All direct chats of all bots.
pub(crate) struct Directs {
    channels: Mutex<Channels>,
    /// The relay's conversations that were looked at since the start. Held while one is changed, until that is committed.
    pub(crate) talks: Turn<Talks>,
}

#[derive(Default)]
struct Channels {
    of: HashMap<(UserId, UserId), ChannelId>,
    with: HashMap<Place, UserId>,
}

/// The relay's conversations, by the person.
#[derive(Default)]
pub(crate) struct Talks(HashMap<UserId, Talk>);

impl Directs {
    /// What earlier runs remembered.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let mut channels = Channels::default();
        for (key, channel) in host.list(CHANNEL).await? {
            let ids = key.strip_prefix(CHANNEL).and_then(|ids| ids.split_once('/'));
            let ids = ids.and_then(|(bot, user)| Some((bot.parse().ok()?, user.parse().ok()?)));
            if let (Some((bot, user)), Ok(channel)) = (ids, channel.parse()) {
                channels.add(Place { bot, channel }, user);
            }
        }
        Ok(Self { channels: Mutex::new(channels), talks: Turn::default() })
    }

    /// The channel of a bot's chat with somebody.
    pub(crate) fn channel(&self, bot: UserId, user: UserId) -> Option<ChannelId> {
        self.lock().of.get(&(bot, user)).copied()
    }

    /// With whom a bot's chat is.
    pub(crate) fn with(&self, place: Place) -> Option<UserId> {
        self.lock().with.get(&place).copied()
    }

    /// Where a bot has direct chats.
    pub(crate) fn places(&self, bot: UserId) -> Vec<Place> {
        self.lock().with.keys().filter(|place| place.bot == bot).copied().collect()
    }

    /// A direct chat is there; the write that remembers it, if it is new.
    pub(crate) fn add(&self, place: Place, user: UserId) -> Option<Write> {
        let is_new = self.lock().add(place, user);
        is_new.then(|| Write::Put(format!("{CHANNEL}{}/{user}", place.bot), place.channel.to_string()))
    }

    /// A bot's chats are no longer ours; the writes that forget them.
    pub(crate) fn forget(&self, bot: UserId) -> Vec<Write> {
        let mut channels = self.lock();
        channels.with.retain(|place, _| place.bot != bot);
        let gone: Vec<UserId> = channels.of.keys().filter(|(its, _)| *its == bot).map(|(_, user)| *user).collect();
        channels.of.retain(|(its, _), _| *its != bot);
        gone.iter().map(|user| Write::Delete(format!("{CHANNEL}{bot}/{user}"))).collect()
    }

    /// An account says something to a person through the relay: what the person answers from now on is for that account. Durable
    /// when it returns.
    pub(crate) async fn speaks(&self, host: &dyn Host, owner: &Passport, to: UserId) -> Result<(), HostFault> {
        let mut talks = self.talks.lock().await;
        let talk = talks.of(host, to).await?;
        if talk.latest() == Some(owner) {
            return Ok(());
        }
        talk.says(owner, None);
        let kept = talks.write(to);
        host.write(kept.into_iter().collect()).await
    }

    fn lock(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channels {
    fn add(&mut self, place: Place, user: UserId) -> bool {
        self.with.insert(place, user);
        self.of.insert((place.bot, user), place.channel) != Some(place.channel)
    }
}

impl Talks {
    /// The conversation with somebody, to be changed.
    pub(crate) async fn of(&mut self, host: &dyn Host, user: UserId) -> Result<&mut Talk, HostFault> {
        match self.0.entry(user) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let kept = host.get(&format!("{TALK}{user}")).await?;
                let talk = kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default();
                Ok(unknown.insert(talk))
            }
        }
    }

    /// The write that keeps the conversation as it is.
    pub(crate) fn write(&self, user: UserId) -> Option<Write> {
        let kept = serde_json::to_string(self.0.get(&user)?).ok()?;
        Some(Write::Put(format!("{TALK}{user}"), kept))
    }
}

#[cfg(test)]
mod tests {
    use bridge::conformance::FakeHost;

    use super::*;

    #[tokio::test]
    async fn chats_are_found_again_after_a_restart() {
        let host = FakeHost::new("discord".parse().unwrap(), Vec::new());
        let directs = Directs::load(&*host).await.unwrap();
        let (place, ann) = (Place { bot: UserId(1), channel: ChannelId(5) }, UserId(7));
        let write = directs.add(place, ann).unwrap();
        assert_eq!(directs.add(place, ann), None, "nothing new");
        host.write(vec![write]).await.unwrap();
        let directs = Directs::load(&*host).await.unwrap();
        assert_eq!((directs.channel(UserId(1), ann), directs.with(place)), (Some(ChannelId(5)), Some(ann)));
        host.write(directs.forget(UserId(1))).await.unwrap();
        assert!(directs.places(UserId(1)).is_empty() && host.list(CHANNEL).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn whom_an_answer_is_for_survives_a_restart() {
        let host = FakeHost::new("discord".parse().unwrap(), Vec::new());
        let (carol, ann): (Passport, _) = ("carol@msn.example".parse().unwrap(), UserId(7));
        Directs::load(&*host).await.unwrap().speaks(&*host, &carol, ann).await.unwrap();
        let directs = Directs::load(&*host).await.unwrap();
        let mut talks = directs.talks.lock().await;
        assert_eq!(talks.of(&*host, ann).await.unwrap().latest(), Some(&carol));
    }
}
