//! The rooms that accounts have left. A bot stays in its guild's channels: what is said there is only not handed in any more.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bridge::{Host, HostFault, Write};
use domain::Passport;

use crate::model::ChannelId;

/// The keys under which it is kept: `left/<account>/<channel>`.
const KEY: &str = "left/";

/// Which accounts have left which channels.
pub(crate) struct Departures {
    left: Mutex<HashSet<(Passport, ChannelId)>>,
}

impl Departures {
    /// What earlier runs remembered.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let kept = host.list(KEY).await?;
        let left = kept.iter().filter_map(|(key, _)| {
            let (owner, channel) = key.strip_prefix(KEY)?.split_once('/')?;
            Some((owner.parse().ok()?, channel.parse().ok()?))
        });
        Ok(Self { left: Mutex::new(left.collect()) })
    }

    /// Whether the account has left the channel.
    pub(crate) fn has_left(&self, owner: &Passport, channel: ChannelId) -> bool {
        let left = self.lock();
        !left.is_empty() && left.contains(&(owner.clone(), channel))
    }

    /// The account leaves. The write that keeps it so.
    pub(crate) fn leave(&self, owner: &Passport, channel: ChannelId) -> Write {
        self.lock().insert((owner.clone(), channel));
        Write::Put(format!("{KEY}{owner}/{channel}"), String::new())
    }

    /// The account comes back. The write that keeps it so.
    pub(crate) fn come_back(&self, owner: &Passport, channel: ChannelId) -> Write {
        self.lock().remove(&(owner.clone(), channel));
        Write::Delete(format!("{KEY}{owner}/{channel}"))
    }

    /// Forgets an account. The writes that forget it for good.
    pub(crate) fn forget(&self, owner: &Passport) -> Vec<Write> {
        let mut left = self.lock();
        let gone: Vec<ChannelId> = left.iter().filter(|(who, _)| who == owner).map(|(_, channel)| *channel).collect();
        left.retain(|(who, _)| who != owner);
        gone.iter().map(|channel| Write::Delete(format!("{KEY}{owner}/{channel}"))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<(Passport, ChannelId)>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
