//! Channels, threads, what was said there, and their webhooks.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;

use super::{
    BotRest, RestFailure,
    call::{Body, Call},
};
use crate::model::{Channel, ChannelId, Message, MessageId, UserId, Webhook};

/// How many messages Discord gives at once.
const MOST_MESSAGES: u8 = 100;
/// How many addresses Discord makes anew at once.
const MOST_ADDRESSES: usize = 50;

/// Which messages of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    /// Those just before this one.
    Before(MessageId),
    /// The last ones.
    Latest,
}

#[derive(Deserialize)]
struct Refreshed {
    refreshed_urls: Vec<RefreshedAddress>,
}

#[derive(Deserialize)]
struct RefreshedAddress {
    original: String,
    #[serde(default)]
    refreshed: Option<String>,
}

impl BotRest {
    /// The direct chat with somebody, which is begun where there was none. To be called when something is to be said, no sooner:
    /// Discord takes bots that open many for spammers.
    pub(crate) async fn open_direct(&self, user: UserId) -> Result<Channel, RestFailure> {
        let body = Body::Json(json!({ "recipient_id": user }));
        self.ask(Call::post("open direct", 0, &["users", "@me", "channels"], body).repeatable()).await
    }

    /// A channel, a thread or a direct chat.
    pub(crate) async fn channel(&self, channel: ChannelId) -> Result<Channel, RestFailure> {
        self.ask(Call::get("channel", channel.0, &["channels", &channel.to_string()])).await
    }

    /// Some of what was said, at most 100 messages, the oldest first.
    pub(crate) async fn history(
        &self,
        channel: ChannelId,
        around: Around,
        limit: u8,
    ) -> Result<Vec<Message>, RestFailure> {
        let call = Call::get("history", channel.0, &["channels", &channel.to_string(), "messages"])
            .with("limit", &limit.clamp(1, MOST_MESSAGES));
        let call = match around {
            Around::Before(message) => call.with("before", &message),
            Around::Latest => call,
        };
        let mut messages: Vec<Message> = self.list(call).await?;
        messages.sort_unstable_by_key(|message| message.id);
        Ok(messages)
    }

    /// One message.
    pub(crate) async fn message(&self, channel: ChannelId, message: MessageId) -> Result<Message, RestFailure> {
        let path = ["channels", &channel.to_string(), "messages", &message.to_string()];
        self.ask(Call::get("message", channel.0, &path)).await
    }

    /// Shows that the bot types, for about ten seconds.
    pub(crate) async fn typing(&self, channel: ChannelId) -> Result<(), RestFailure> {
        let path = ["channels", &channel.to_string(), "typing"];
        // Asked at the wrong time it does no harm, but nobody is helped by a late one.
        self.exchange(&Call::post("typing", channel.0, &path, Body::Empty)).await.map(|_| ())
    }

    /// The webhooks of a channel; those that other applications made come without their tokens.
    pub(crate) async fn webhooks(&self, channel: ChannelId) -> Result<Vec<Webhook>, RestFailure> {
        self.list(Call::get("webhooks", channel.0, &["channels", &channel.to_string(), "webhooks"])).await
    }

    /// Makes a webhook; its name may be seen in the channel's settings.
    pub(crate) async fn make_webhook(&self, channel: ChannelId, name: &str) -> Result<Webhook, RestFailure> {
        let path = ["channels", &channel.to_string(), "webhooks"];
        self.ask(Call::post("make webhook", channel.0, &path, Body::Json(json!({ "name": name })))).await
    }

    /// Addresses of files that are valid again for a day, in the same order; one that is not Discord's stays as it was.
    pub(crate) async fn refresh_attachments(&self, addresses: Vec<String>) -> Result<Vec<String>, RestFailure> {
        let mut fresh = HashMap::new();
        let old: Vec<&str> = addresses.iter().map(String::as_str).filter(|address| self.cdn().keeps(address)).collect();
        for some in old.chunks(MOST_ADDRESSES) {
            let body = Body::Json(json!({ "attachment_urls": some }));
            let call = Call::post("refresh attachments", 0, &["attachments", "refresh-urls"], body).repeatable();
            let Refreshed { refreshed_urls } = self.ask(call).await?;
            fresh.extend(refreshed_urls.into_iter().filter_map(|address| Some((address.original, address.refreshed?))));
        }
        Ok(addresses.into_iter().map(|address| fresh.remove(&address).unwrap_or(address)).collect())
    }
}
