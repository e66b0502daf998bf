//! Saying something in a channel, as the bot or through a webhook.

use std::{fmt, io, sync::Arc};

use bridge::MediaStream;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::{
    BotRest, RestFailure,
    call::{Body, Call},
};
use crate::model::{ChannelId, Message, MessageId, UserId, Webhook};

/// Something to be said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Saying {
    /// In Discord's own form, at most 2,000 characters.
    pub(crate) content: String,
    /// The message that it answers; webhooks cannot.
    pub(crate) reply: Option<MessageId>,
    /// At most 25 characters. Within some minutes, Discord says something with the same nonce only once; webhooks have none.
    pub(crate) nonce: Option<String>,
    /// Who is called by a mention in it: nobody else, whatever it says.
    pub(crate) mentions: Vec<UserId>,
    /// At most ten.
    pub(crate) files: Vec<Upload>,
    /// Of a webhook: under which name, at most 80 characters.
    pub(crate) name: Option<String>,
    /// Of a webhook: the address of a picture that everybody can fetch.
    pub(crate) picture: Option<String>,
}

/// Opens the bytes of a file, anew at each attempt.
pub(crate) type Opener = Arc<dyn Fn() -> BoxFuture<'static, io::Result<MediaStream>> + Send + Sync>;

/// A file that is said.
#[derive(Clone)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) media_type: String,
    /// In bytes: exactly what comes.
    pub(crate) size: u64,
    pub(crate) open: Opener,
}

impl fmt::Debug for Upload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Upload").field("size", &self.size).finish_non_exhaustive()
    }
}

/// It was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// As this message.
    Message(Box<Message>),
    /// Discord said yes in words that could not be read: it is said, and found by reading back. It must not be said again.
    Unread,
}

impl BotRest {
    /// Says something as the bot.
    pub(crate) async fn say(&self, channel: ChannelId, saying: &Saying) -> Result<Said, RestFailure> {
        let mut fields = fields(saying);
        if let Some(message) = saying.reply {
            // A message that is gone in the meantime does not hold the answer back.
            fields.insert(
                "message_reference".into(),
                json!({ "type": 0, "message_id": message, "channel_id": channel, "fail_if_not_exists": false }),
            );
        }
        if let Some(nonce) = &saying.nonce {
            fields.insert("nonce".into(), nonce.as_str().into());
            fields.insert("enforce_nonce".into(), true.into());
        }
        let path = ["channels", &channel.to_string(), "messages"];
        self.said(Call::post("say", channel.0, &path, body(fields, saying))).await
    }

    /// Says something through a webhook, in a thread of its channel where one is given.
    pub(crate) async fn execute(
        &self,
        webhook: &Webhook,
        saying: &Saying,
        thread: Option<ChannelId>,
    ) -> Result<Said, RestFailure> {
        let Some(token) = &webhook.token else {
            let message = "the webhook belongs to another application".into();
            return Err(RestFailure::Refused { status: 403, code: super::code::NO_PERMISSION, message });
        };
        let mut fields = fields(saying);
        if let Some(name) = &saying.name {
            fields.insert("username".into(), name.as_str().into());
        }
        if let Some(picture) = &saying.picture {
            fields.insert("avatar_url".into(), picture.as_str().into());
        }
        let path = ["webhooks", &webhook.id.to_string(), token];
        let mut call = Call::post("execute", webhook.id.0, &path, body(fields, saying)).unsigned().with("wait", &true);
        if let Some(thread) = thread {
            call = call.with("thread_id", &thread);
        }
        self.said(call).await
    }

    async fn said(&self, call: Call) -> Result<Said, RestFailure> {
        let kind = call.route.kind;
        let answer = self.exchange(&call).await?;
        let message = answer.body.ok().and_then(|body| serde_json::from_slice(&body).ok());
        Ok(message.map_or_else(
            || {
                tracing::warn!(bot = %self.bot(), kind, "discord: a yes that cannot be read; it counts as said");
                Said::Unread
            },
            Said::Message,
        ))
    }
}

fn fields(saying: &Saying) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("content".into(), saying.content.as_str().into());
    // Without this, a text that happens to hold @everyone would call everyone.
    fields.insert(
        "allowed_mentions".into(),
        json!({ "parse": [], "users": saying.mentions, "replied_user": saying.reply.is_some() }),
    );
    if !saying.files.is_empty() {
        let files = saying.files.iter().enumerate();
        let files: Vec<Value> = files.map(|(index, file)| json!({ "id": index, "filename": file.name })).collect();
        fields.insert("attachments".into(), files.into());
    }
    fields
}

fn body(fields: Map<String, Value>, saying: &Saying) -> Body {
    let fields = Value::Object(fields);
    if saying.files.is_empty() { Body::Json(fields) } else { Body::Form(fields, saying.files.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_but_those_who_are_named() {
        let plain = Saying { content: "@everyone <@7>".into(), ..Saying::default() };
        assert_eq!(
            Value::Object(fields(&plain)),
            json!({
                "content": "@everyone <@7>",
                "allowed_mentions": { "parse": [], "users": [], "replied_user": false },
            })
        );
        let open: Opener = Arc::new(|| Box::pin(async { Ok(Box::pin(tokio::io::empty()) as MediaStream) }));
        let file = Upload { name: "a.txt".into(), media_type: "text/plain".into(), size: 0, open };
        let answer =
            Saying { reply: Some(MessageId(5)), mentions: vec![UserId(7)], files: vec![file], ..Saying::default() };
        assert_eq!(
            Value::Object(fields(&answer)),
            json!({
                "content": "",
                "allowed_mentions": { "parse": [], "users": ["7"], "replied_user": true },
                "attachments": [{ "id": 0, "filename": "a.txt" }],
            })
        );
    }
}
