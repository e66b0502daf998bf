//! The webhooks through which accounts speak in channels under their own names: one for each channel, found there or made once.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bridge::{Failure, Host, HostFault, Write};
use domain::Passport;
use tokio::sync::Mutex as Turn;

use crate::{
    bots::Voice,
    echoes::OwnWebhooks,
    model::{ChannelId, Webhook},
    rest::{RestFailure, code},
    running::host_failure,
};

/// The keys under which their tokens are sealed, and their ids kept beside them: `webhook/<channel>`.
const SEALED: &str = "webhook/";
const ID: &str = "webhook-id/";
/// What they are called in a channel's settings.
const NAME: &str = "Chrysalis";

/// The webhooks of all channels.
pub(crate) struct Webhooks {
    known: Mutex<HashMap<ChannelId, Webhook>>,
    /// Those that were ever ours.
    pub(crate) own: OwnWebhooks,
    /// One is looked for at a time, so that no channel gets two.
    turn: Turn<()>,
    /// Who was told that a channel has none, and why.
    told: Mutex<HashSet<(Passport, ChannelId)>>,
}

impl Webhooks {
    /// What earlier runs made.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let own = OwnWebhooks::default();
        for (_, ids) in host.list(ID).await? {
            for id in ids.split(' ').filter_map(|id| id.parse().ok()) {
                own.add(id);
            }
        }
        Ok(Self { known: Mutex::default(), own, turn: Turn::default(), told: Mutex::default() })
    }

    /// The webhook of a channel. `Ok(None)`: there can be none, and the reason may be told.
    pub(crate) async fn of(
        &self,
        host: &dyn Host,
        relay: &Voice,
        channel: ChannelId,
    ) -> Result<Result<Webhook, String>, Failure> {
        if let Some(known) = self.get(channel) {
            return Ok(Ok(known));
        }
        let _turn = self.turn.lock().await;
        if let Some(known) = self.get(channel) {
            return Ok(Ok(known));
        }
        if let Some(kept) = kept(host, channel).await.map_err(|fault| host_failure(&fault))? {
            self.own.add(kept.id);
            self.lock().insert(channel, kept.clone());
            return Ok(Ok(kept));
        }
        match found_or_made(relay, channel).await {
            Ok(webhook) => {
                self.keep(host, channel, &webhook).await.map_err(|fault| host_failure(&fault))?;
                Ok(Ok(webhook))
            }
            Err(RestFailure::Refused { code: code::NO_PERMISSION | code::NO_ACCESS, .. }) => {
                Ok(Err("its bot lacks the permission \"Manage Webhooks\" there".into()))
            }
            Err(failure @ RestFailure::Refused { .. }) => Ok(Err(failure.failure().to_string())),
            Err(failure) => Err(failure.failure()),
        }
    }

    /// A channel's webhook is gone.
    pub(crate) async fn is_gone(&self, host: &dyn Host, channel: ChannelId) -> Result<(), Failure> {
        self.lock().remove(&channel);
        let gone = Write::Delete(format!("{SEALED}{channel}"));
        host.write(vec![gone]).await.map_err(|fault| host_failure(&fault))
    }

    /// Whether the account is to be told now that a channel has none: once is enough.
    pub(crate) fn is_news(&self, owner: &Passport, channel: ChannelId) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert((owner.clone(), channel))
    }

    /// It is ours before anything is said through it.
    async fn keep(&self, host: &dyn Host, channel: ChannelId, webhook: &Webhook) -> Result<(), HostFault> {
        let token = webhook.token.as_deref().unwrap_or_default();
        let before = host.get(&format!("{ID}{channel}")).await?.unwrap_or_default();
        // What was said through one that is gone may still come back.
        let ids = before.split(' ').rev().take(3).filter(|id| !id.is_empty()).map(str::to_owned);
        let ids: Vec<String> = std::iter::once(webhook.id.to_string()).chain(ids).collect();
        let writes = vec![
            Write::Seal(format!("{SEALED}{channel}"), format!("{} {token}", webhook.id)),
            Write::Put(format!("{ID}{channel}"), ids.into_iter().rev().collect::<Vec<_>>().join(" ")),
        ];
        host.write(writes).await?;
        self.own.add(webhook.id);
        self.lock().insert(channel, webhook.clone());
        Ok(())
    }

    fn get(&self, channel: ChannelId) -> Option<Webhook> {
        self.lock().get(&channel).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ChannelId, Webhook>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn kept(host: &dyn Host, channel: ChannelId) -> Result<Option<Webhook>, HostFault> {
    let kept = host.secret(&format!("{SEALED}{channel}")).await?;
    Ok(kept.and_then(|kept| {
        let (id, token) = kept.split_once(' ')?;
        Some(Webhook { id: id.parse().ok()?, token: Some(token.to_owned()), ..Webhook::default() })
    }))
}

/// The application's own webhook of this name, which it alone is told the token of; else a new one.
async fn found_or_made(relay: &Voice, channel: ChannelId) -> Result<Webhook, RestFailure> {
    let found = relay.rest.webhooks(channel).await?.into_iter().find(|webhook| {
        let is_ours = webhook.application_id == Some(relay.application) && webhook.name.as_deref() == Some(NAME);
        is_ours && webhook.token.as_ref().is_some_and(|token| !token.is_empty())
    });
    match found {
        Some(webhook) => Ok(webhook),
        None => relay.rest.make_webhook(channel, NAME).await,
    }
}
