//! The routes of the API that there are.

use std::time::Duration;

use hyper::Method;

use crate::limits::Limit;

/// A route of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is named as Discord's developer documentation names it")]
pub enum Route {
    Gateway,
    GatewayBot,
    Me,
    EditMe,
    MyGuilds,
    LeaveGuild,
    OpenDirect,
    User,
    MyApplication,
    OauthApplication,
    Guild,
    GuildChannels,
    GuildMembers,
    SearchMembers,
    GuildMember,
    EditMyMember,
    GuildEmojis,
    GuildRoles,
    ActiveThreads,
    Channel,
    Messages,
    CreateMessage,
    Message,
    EditMessage,
    DeleteMessage,
    BulkDelete,
    React,
    Unreact,
    Typing,
    ChannelWebhooks,
    CreateWebhook,
    ThreadFromMessage,
    CreateThread,
    JoinThread,
    RefreshUrls,
    Webhook,
    WebhookWithToken,
    DeleteWebhook,
    ExecuteWebhook,
    WebhookMessage,
    EditWebhookMessage,
    DeleteWebhookMessage,
}

/// Which method and path lead to which route; `*` is a parameter.
const TABLE: [(Method, &str, Route); 42] = [
    (Method::GET, "gateway", Route::Gateway),
    (Method::GET, "gateway/bot", Route::GatewayBot),
    (Method::GET, "users/@me", Route::Me),
    (Method::PATCH, "users/@me", Route::EditMe),
    (Method::GET, "users/@me/guilds", Route::MyGuilds),
    (Method::DELETE, "users/@me/guilds/*", Route::LeaveGuild),
    (Method::POST, "users/@me/channels", Route::OpenDirect),
    (Method::GET, "users/*", Route::User),
    (Method::GET, "applications/@me", Route::MyApplication),
    (Method::GET, "oauth2/applications/@me", Route::OauthApplication),
    (Method::GET, "guilds/*", Route::Guild),
    (Method::GET, "guilds/*/channels", Route::GuildChannels),
    (Method::GET, "guilds/*/members", Route::GuildMembers),
    (Method::GET, "guilds/*/members/search", Route::SearchMembers),
    (Method::PATCH, "guilds/*/members/@me", Route::EditMyMember),
    (Method::GET, "guilds/*/members/*", Route::GuildMember),
    (Method::GET, "guilds/*/emojis", Route::GuildEmojis),
    (Method::GET, "guilds/*/roles", Route::GuildRoles),
    (Method::GET, "guilds/*/threads/active", Route::ActiveThreads),
    (Method::GET, "channels/*", Route::Channel),
    (Method::GET, "channels/*/messages", Route::Messages),
    (Method::POST, "channels/*/messages", Route::CreateMessage),
    (Method::POST, "channels/*/messages/bulk-delete", Route::BulkDelete),
    (Method::GET, "channels/*/messages/*", Route::Message),
    (Method::PATCH, "channels/*/messages/*", Route::EditMessage),
    (Method::DELETE, "channels/*/messages/*", Route::DeleteMessage),
    (Method::PUT, "channels/*/messages/*/reactions/*/@me", Route::React),
    (Method::DELETE, "channels/*/messages/*/reactions/*/@me", Route::Unreact),
    (Method::POST, "channels/*/typing", Route::Typing),
    (Method::GET, "channels/*/webhooks", Route::ChannelWebhooks),
    (Method::POST, "channels/*/webhooks", Route::CreateWebhook),
    (Method::POST, "channels/*/messages/*/threads", Route::ThreadFromMessage),
    (Method::POST, "channels/*/threads", Route::CreateThread),
    (Method::PUT, "channels/*/thread-members/@me", Route::JoinThread),
    (Method::POST, "attachments/refresh-urls", Route::RefreshUrls),
    (Method::GET, "webhooks/*", Route::Webhook),
    (Method::GET, "webhooks/*/*", Route::WebhookWithToken),
    (Method::DELETE, "webhooks/*", Route::DeleteWebhook),
    (Method::POST, "webhooks/*/*", Route::ExecuteWebhook),
    (Method::GET, "webhooks/*/*/messages/*", Route::WebhookMessage),
    (Method::PATCH, "webhooks/*/*/messages/*", Route::EditWebhookMessage),
    (Method::DELETE, "webhooks/*/*/messages/*", Route::DeleteWebhookMessage),
];

impl Route {
    /// The route of a path below `/api/v10`, and its parameters as they stand in it.
    pub(crate) fn of<'path>(method: &Method, path: &'path str) -> Option<(Self, Vec<&'path str>)> {
        TABLE.iter().find_map(|(its_method, pattern, route)| {
            let parameters = (its_method == method).then(|| fitted(pattern, path)).flatten()?;
            Some((*route, parameters))
        })
    }

    /// Whether the token in the path stands in for the caller's.
    pub(crate) const fn by_webhook_token(self) -> bool {
        matches!(
            self,
            Self::WebhookWithToken
                | Self::ExecuteWebhook
                | Self::WebhookMessage
                | Self::EditWebhookMessage
                | Self::DeleteWebhookMessage
        )
    }

    /// Whether anybody may ask it.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Gateway)
    }

    /// How many requests go through by default: what clients of Discord have seen, since it publishes no numbers.
    pub(crate) const fn limit(self) -> Limit {
        let (count, milliseconds) = match self {
            Self::CreateMessage | Self::EditMessage | Self::DeleteMessage | Self::Messages | Self::Typing => (5, 5000),
            Self::ExecuteWebhook | Self::WebhookMessage | Self::EditWebhookMessage | Self::DeleteWebhookMessage => {
                (5, 2000)
            }
            Self::React | Self::Unreact => (1, 250),
            Self::EditMe => (2, 3_600_000),
            Self::Gateway
            | Self::GatewayBot
            | Self::Me
            | Self::MyGuilds
            | Self::LeaveGuild
            | Self::OpenDirect
            | Self::User
            | Self::MyApplication
            | Self::OauthApplication
            | Self::Guild
            | Self::GuildChannels
            | Self::GuildMembers
            | Self::SearchMembers
            | Self::GuildMember
            | Self::EditMyMember
            | Self::GuildEmojis
            | Self::GuildRoles
            | Self::ActiveThreads
            | Self::Channel
            | Self::Message
            | Self::BulkDelete
            | Self::ChannelWebhooks
            | Self::CreateWebhook
            | Self::ThreadFromMessage
            | Self::CreateThread
            | Self::JoinThread
            | Self::RefreshUrls
            | Self::Webhook
            | Self::WebhookWithToken
            | Self::DeleteWebhook => (10, 1000),
        };
        Limit { count, window: Duration::from_millis(milliseconds) }
    }

    /// The name of its limit, which says nothing, as Discord's do.
    pub(crate) fn bucket(self) -> String {
        format!("b{:02x}{:02x}", self as u8, 255 - self as u8)
    }
}

fn fitted<'path>(pattern: &str, path: &'path str) -> Option<Vec<&'path str>> {
    let mut parameters = Vec::new();
    let mut parts = path.split('/');
    for expected in pattern.split('/') {
        let part = parts.next()?;
        if expected == "*" {
            parameters.push(part);
        } else if expected != part {
            return None;
        }
    }
    parts.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_routes() {
        let found = Route::of(&Method::PUT, "channels/5/messages/6/reactions/%F0%9F%91%8D/@me");
        assert_eq!(found, Some((Route::React, vec!["5", "6", "%F0%9F%91%8D"])));
        assert_eq!(Route::of(&Method::GET, "users/@me").map(|found| found.0), Some(Route::Me));
        assert_eq!(Route::of(&Method::GET, "users/7").map(|found| found.0), Some(Route::User));
        assert_eq!(Route::of(&Method::GET, "guilds/1/members/search").map(|found| found.0), Some(Route::SearchMembers));
        assert_eq!(Route::of(&Method::POST, "users/7"), None);
        assert_eq!(Route::of(&Method::GET, "channels/5/messages/6/7"), None);
    }
}
