//! Messages come, change and go, and everybody who sees their channel hears of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::constants::{intents, permissions};
use crate::id::Id;
use crate::shape;
use crate::world::message::{Attachment, Author, Message, MessageKind, Reference, Sticker};
use crate::world::{Audience, Event, World};

/// A message that is not sent yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) kind: MessageKind,
    pub(crate) content: String,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) stickers: Vec<Sticker>,
    pub(crate) embeds: Vec<Value>,
    pub(crate) reference: Option<Reference>,
    pub(crate) snapshot: Option<Value>,
    pub(crate) poll: Option<Value>,
    pub(crate) nonce: Option<String>,
    pub(crate) flags: u64,
    pub(crate) allowed_mentions: Option<Value>,
}

/// What changes in a message: what is absent stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) content: Option<String>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) attachments: Option<Vec<Attachment>>,
    pub(crate) allowed_mentions: Option<Value>,
    /// Whether its author did it: then it says when. What Discord adds by itself does not.
    pub(crate) edited: bool,
}

impl Draft {
    /// A text.
    pub(crate) fn text(content: &str) -> Self {
        Self { content: content.into(), ..Self::default() }
    }
}

impl World {
    /// Sends a message, and gives it as it stands then.
    pub(crate) fn post(&mut self, channel: Id, author: Author, draft: Draft) -> Message {
        let id = self.id();
        self.post_numbered(id, channel, author, draft)
    }

    /// The same with an id that is known already.
    pub(crate) fn post_numbered(&mut self, id: Id, channel: Id, author: Author, draft: Draft) -> Message {
        let message = self.written(id, channel, author, draft);
        for attachment in &message.attachments {
            self.keep_attachment(channel, attachment);
        }
        // What is written in a thread that was put away takes it out again.
        let put_away = self.channels.get(&channel).and_then(|channel| channel.thread.as_ref());
        let returns = put_away.is_some_and(|thread| thread.archived);
        if let Some(record) = self.channels.get_mut(&channel) {
            record.last_message = Some(id);
            if let Some(thread) = &mut record.thread {
                thread.messages += 1;
                thread.archived = false;
                if let Author::User(user) = message.author {
                    thread.members.insert(user);
                }
            }
        }
        if returns {
            self.tell_channel("THREAD_UPDATE", channel);
        }
        if let (Some(nonce), Author::User(user)) = (&message.nonce, &message.author) {
            self.nonces.insert((*user, channel, nonce.clone()), id);
        }
        self.messages.entry(channel).or_default().insert(id, message.clone());
        self.announce("MESSAGE_CREATE", &message);
        message
    }

    fn written(&self, id: Id, channel: Id, author: Author, draft: Draft) -> Message {
        let may_reach_all = match &author {
            Author::User(user) => self.permissions(channel, *user) & permissions::MENTION_EVERYONE != 0,
            Author::Webhook { .. } => true,
        };
        let reached = Reached::of(&draft.content, draft.allowed_mentions.as_ref());
        let mut mentions: Vec<Id> = reached.users.into_iter().filter(|user| self.users.contains_key(user)).collect();
        let replied = draft.reference.filter(|_| draft.kind == MessageKind::Reply);
        let answered = replied.and_then(|reference| self.message(reference.channel, reference.message?));
        if let Some(Author::User(user)) = answered.map(|message| &message.author)
            && reached.replied
            && !mentions.contains(user)
        {
            mentions.push(*user);
        }
        Message {
            id,
            channel,
            kind: draft.kind,
            author,
            mention_everyone: reached.everyone && may_reach_all,
            mentions,
            mention_roles: reached.roles,
            content: draft.content,
            edited: None,
            attachments: draft.attachments,
            stickers: draft.stickers,
            embeds: draft.embeds,
            reactions: std::collections::BTreeMap::new(),
            reference: draft.reference,
            snapshot: draft.snapshot,
            poll: draft.poll,
            nonce: draft.nonce,
            flags: draft.flags,
            pinned: false,
            allowed_mentions: draft.allowed_mentions,
        }
    }

    /// Changes a message, and gives it as it is then.
    pub(crate) fn change_message(&mut self, channel: Id, id: Id, change: Change) -> Option<Message> {
        let reached = change.content.as_ref().map(|content| Reached::of(content, change.allowed_mentions.as_ref()));
        let message = self.messages.get_mut(&channel)?.get_mut(&id)?;
        if let Some(content) = change.content {
            message.content = content;
        }
        if let Some(reached) = reached {
            message.mentions = reached.users;
            message.mention_roles = reached.roles;
        }
        if let Some(embeds) = change.embeds {
            message.embeds = embeds;
        }
        if let Some(attachments) = change.attachments {
            message.attachments = attachments;
        }
        if change.edited {
            message.edited = Some(Timestamp::now());
        }
        let message = message.clone();
        for attachment in &message.attachments {
            self.keep_attachment(channel, attachment);
        }
        self.announce("MESSAGE_UPDATE", &message);
        Some(message)
    }

    /// Takes a message away; whether it was there.
    pub(crate) fn delete_message(&mut self, channel: Id, id: Id) -> bool {
        let gone = self.messages.get_mut(&channel).and_then(|messages| messages.remove(&id)).is_some();
        if gone {
            let mut data = json!({"id": id.to_string(), "channel_id": channel.to_string()});
            self.name_guild(channel, &mut data);
            self.emit(&Event {
                name: "MESSAGE_DELETE",
                intents: self.intent(channel, intents::GUILD_MESSAGES, intents::DIRECT_MESSAGES),
                audience: Audience::Channel(channel),
                data,
            });
        }
        gone
    }

    /// Takes several messages of a channel of a guild away at once.
    pub(crate) fn delete_messages(&mut self, channel: Id, ids: &[Id]) {
        if let Some(messages) = self.messages.get_mut(&channel) {
            messages.retain(|id, _| !ids.contains(id));
        }
        let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
        let mut data = json!({"ids": ids, "channel_id": channel.to_string()});
        self.name_guild(channel, &mut data);
        self.emit(&Event {
            name: "MESSAGE_DELETE_BULK",
            intents: intents::GUILD_MESSAGES,
            audience: Audience::Channel(channel),
            data,
        });
    }

    fn announce(&mut self, name: &'static str, message: &Message) {
        let mut data = shape::message(self, message);
        self.name_guild(message.channel, &mut data);
        if let (Author::User(user), Some(guild)) = (&message.author, self.guild_of(message.channel))
            && let Some(member) = self.guilds.get(&guild).and_then(|guild| guild.members.get(user))
        {
            data["member"] = shape::partial_member(member);
        }
        // Only the message's coming carries what its sender gave to find it again.
        if name != "MESSAGE_CREATE"
            && let Some(fields) = data.as_object_mut()
        {
            fields.remove("nonce");
        }
        let event = Event {
            name,
            intents: self.intent(message.channel, intents::GUILD_MESSAGES, intents::DIRECT_MESSAGES),
            audience: Audience::Channel(message.channel),
            data,
        };
        self.emit_message(&event, message.author.id(), &message.mentions);
    }

    /// The guild of a channel.
    pub(crate) fn guild_of(&self, channel: Id) -> Option<Id> {
        self.channels.get(&channel)?.guild
    }

    /// Which intent opens something of a channel: in a guild, or between two people.
    pub(crate) fn intent(&self, channel: Id, in_guild: u64, direct: u64) -> u64 {
        if self.guild_of(channel).is_some() { in_guild } else { direct }
    }

    /// Writes which guild a channel is of, where it is of one.
    pub(crate) fn name_guild(&self, channel: Id, data: &mut Value) {
        if let Some(guild) = self.guild_of(channel) {
            data["guild_id"] = json!(guild.to_string());
        }
    }
}

/// Whom a text reaches, after what its sender allowed (Discord's developer documentation, "Allowed Mentions Object").
#[derive(Default)]
struct Reached {
    users: Vec<Id>,
    roles: Vec<Id>,
    everyone: bool,
    replied: bool,
}

impl Reached {
    fn of(content: &str, allowed: Option<&Value>) -> Self {
        let may = |kind: &str| {
            allowed.is_none_or(|allowed| {
                allowed["parse"].as_array().is_some_and(|parse| parse.iter().any(|word| word.as_str() == Some(kind)))
            })
        };
        let named = |kind: &str, id: Id| {
            let listed = allowed.and_then(|allowed| allowed[kind].as_array());
            listed.is_some_and(|ids| ids.iter().any(|listed| listed.as_str() == Some(id.to_string().as_str())))
        };
        let mut reached = Self {
            everyone: may("everyone") && (content.contains("@everyone") || content.contains("@here")),
            // Without any word about it an answer reaches whom it answers.
            replied: allowed.is_none_or(|allowed| allowed["replied_user"].as_bool().unwrap_or(false)),
            ..Self::default()
        };
        for part in content.split('<').skip(1) {
            let Some((inside, _)) = part.split_once('>') else { continue };
            if let Some(id) = inside.strip_prefix("@&").and_then(|id| id.parse().ok()) {
                if (may("roles") || named("roles", id)) && !reached.roles.contains(&id) {
                    reached.roles.push(id);
                }
            } else if let Some(id) = inside.strip_prefix('@')
                && let Ok(id) = id.strip_prefix('!').unwrap_or(id).parse()
                && (may("users") || named("users", id))
                && !reached.users.contains(&id)
            {
                reached.users.push(id);
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reaches_whom_its_sender_allows() {
        let text = "<@1> <@!2> <@&3> @everyone <#4> <@x>";
        let all = Reached::of(text, None);
        assert_eq!((all.users.len(), all.roles.len(), all.everyone, all.replied), (2, 1, true, true));
        let none = Reached::of(text, Some(&json!({"parse": []})));
        assert_eq!((none.users.len(), none.roles.len(), none.everyone, none.replied), (0, 0, false, false));
        let one = Reached::of(text, Some(&json!({"parse": [], "users": ["2"], "replied_user": true})));
        assert_eq!((one.users, one.replied), (vec![Id::new(2)], true));
    }
}
