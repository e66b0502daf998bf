//! Messages of bots: sent, listed, changed, taken away.

use std::ops::Bound;

use serde_json::{Value, json};

use crate::constants::{intents, permissions};
use crate::id::Id;
use crate::rest::Reply;
use crate::rest::asking::Asking;
use crate::rest::channels::open;
use crate::rest::content;
use crate::rest::refusal::Refusal;
use crate::shape;
use crate::world::dispatch::without_content;
use crate::world::message::{Author, HAS_SNAPSHOT, IS_VOICE_MESSAGE, Message, MessageKind, Reference};
use crate::world::posting::Change;
use crate::world::records::ChannelKind;
use crate::world::{Draft, World};

/// `POST /channels/*/messages`
pub(crate) fn create(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel) = (asking.bot()?, asking.id(0)?);
    open(world, bot, channel, permissions::SEND_MESSAGES)?;
    may_write(world, bot, channel)?;
    let mut draft = content::draft(world, asking, channel)?;
    if !draft.attachments.is_empty() {
        open(world, bot, channel, permissions::ATTACH_FILES)?;
    }
    refer(world, asking, bot, &mut draft)?;
    if content::is_empty(&draft) {
        return Err(Refusal::empty_message());
    }
    // The same nonce means the same message: it is given again, and not sent again.
    if asking.fields.flag("enforce_nonce")?
        && let Some(nonce) = &draft.nonce
        && let Some(first) = world.nonces.get(&(bot, channel, nonce.clone()))
        && let Some(first) = world.message(channel, *first)
    {
        return Ok(Reply::ok(shape::message(world, first)));
    }
    draft.flags &= IS_VOICE_MESSAGE | 1 << 2 | 1 << 12;
    let message = world.post(channel, Author::User(bot), draft);
    Ok(Reply::ok(shape::message(world, &message)))
}

/// Whether a bot may write where it can write: not to people who do not want it.
fn may_write(world: &World, bot: Id, channel: Id) -> Result<(), Refusal> {
    let Some(record) = world.channels.get(&channel) else { return Err(Refusal::unknown_channel()) };
    if !record.kind.holds_messages() {
        return Err(Refusal::new(400, 50008, "Cannot send messages in a non-text channel"));
    }
    if record.kind != ChannelKind::Direct {
        return Ok(());
    }
    let other = record.recipients.iter().copied().find(|user| *user != bot).ok_or_else(Refusal::unknown_user)?;
    let refuses = world.users.get(&other).is_none_or(|user| user.refuses_direct);
    if refuses || !world.share_a_guild(bot, other) { Err(Refusal::cannot_send_to_user()) } else { Ok(()) }
}

/// What a message answers or forwards.
fn refer(world: &World, asking: &Asking, bot: Id, draft: &mut Draft) -> Result<(), Refusal> {
    let Some(reference) = asking.fields.object("message_reference")? else { return Ok(()) };
    let id = reference.id("message_id")?.ok_or_else(|| Refusal::wrong_type("message_id", "snowflake"))?;
    let channel = match reference.id("channel_id")? {
        Some(channel) => channel,
        None => asking.id(0)?,
    };
    let forward = reference.number("type")?.unwrap_or(0) == 1;
    let guild = reference.id("guild_id")?.or_else(|| world.guild_of(channel));
    let Some(found) = world.message(channel, id).filter(|_| world.sees(channel, bot)) else {
        if !forward && reference.has("fail_if_not_exists") && !reference.flag("fail_if_not_exists")? {
            return Ok(());
        }
        return Err(Refusal::field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message"));
    };
    draft.reference = Some(Reference { forward, guild, channel, message: Some(id) });
    if forward {
        draft.snapshot = Some(snapshot(world, found));
    } else {
        draft.kind = MessageKind::Reply;
    }
    Ok(())
}

/// What of a message is forwarded.
pub(crate) fn snapshot(world: &World, message: &Message) -> Value {
    let whole = shape::message(world, message);
    let mut snapshot = json!({});
    for field in [
        "type",
        "content",
        "embeds",
        "attachments",
        "timestamp",
        "edited_timestamp",
        "flags",
        "mentions",
        "mention_roles",
        "sticker_items",
        "components",
    ] {
        if let Some(value) = whole.get(field) {
            snapshot[field] = value.clone();
        }
    }
    snapshot["flags"] = json!(message.flags & !HAS_SNAPSHOT);
    snapshot
}

/// `GET /channels/*/messages`: newest first.
pub(crate) fn list(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel) = (asking.bot()?, asking.id(0)?);
    let granted = open(world, bot, channel, 0)?;
    let limit = asking.limit(50, 100)?;
    let (before, after) = (asking.query_id("before")?, asking.query_id("after")?);
    let around = asking.query_id("around")?;
    let Some(messages) = world.messages.get(&channel).filter(|_| granted & permissions::READ_MESSAGE_HISTORY != 0)
    else {
        return Ok(Reply::ok(json!([])));
    };
    let chosen: Vec<&Message> = if let Some(around) = around {
        let older = messages.range(..around).rev().take(limit / 2);
        let newer = messages.range(around..).take(limit - limit / 2);
        let mut chosen: Vec<&Message> = older.chain(newer).map(|(_, message)| message).collect();
        chosen.sort_by_key(|message| std::cmp::Reverse(message.id));
        chosen
    } else if let Some(after) = after {
        let newer = messages.range((Bound::Excluded(after), Bound::Unbounded)).take(limit);
        let mut chosen: Vec<&Message> = newer.map(|(_, message)| message).collect();
        chosen.reverse();
        chosen
    } else {
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        messages.range((Bound::Unbounded, end)).rev().take(limit).map(|(_, message)| message).collect()
    };
    let seen: Vec<Value> = chosen.into_iter().map(|message| seen(world, bot, message)).collect();
    Ok(Reply::ok(json!(seen)))
}

/// `GET /channels/*/messages/*`
pub(crate) fn one(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel) = (asking.bot()?, asking.id(0)?);
    open(world, bot, channel, permissions::READ_MESSAGE_HISTORY)?;
    let message = world.message(channel, asking.id(1)?).ok_or_else(Refusal::unknown_message)?;
    Ok(Reply::ok(seen(world, bot, message)))
}

/// A message as a bot reads it: without what it says, where its application may not read that.
fn seen(world: &World, bot: Id, message: &Message) -> Value {
    let whole = shape::message(world, message);
    let application = world.applications.get(&bot);
    let allowed = application.is_some_and(|one| one.allowed_intents & intents::MESSAGE_CONTENT != 0);
    let own = message.author.id() == bot || message.mentions.contains(&bot);
    let direct = world.guild_of(message.channel).is_none();
    if allowed || own || direct { whole } else { without_content(&whole) }
}

/// `PATCH /channels/*/messages/*`
pub(crate) fn edit(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel, id) = (asking.bot()?, asking.id(0)?, asking.id(1)?);
    open(world, bot, channel, 0)?;
    let message = world.message(channel, id).ok_or_else(Refusal::unknown_message)?;
    if message.author != Author::User(bot) {
        return Err(Refusal::new(403, 50005, "Cannot edit a message authored by another user"));
    }
    change(world, asking, channel, id)
}

/// Changes a message as a request says.
pub(crate) fn change(world: &mut World, asking: &Asking, channel: Id, id: Id) -> Result<Reply, Refusal> {
    let message = world.message(channel, id).ok_or_else(Refusal::unknown_message)?;
    let mut attachments = content::kept(&asking.fields, &message.attachments)?;
    attachments.extend(content::uploads(world, asking, channel)?);
    let change = Change {
        content: if asking.fields.has("content") {
            Some(content::content(&asking.fields)?.unwrap_or_default())
        } else {
            None
        },
        embeds: content::embeds(&asking.fields)?,
        attachments: Some(attachments),
        allowed_mentions: content::allowed_mentions(&asking.fields)?,
        edited: true,
    };
    let emptied = Draft {
        content: change
            .content
            .clone()
            .or_else(|| world.message(channel, id).map(|message| message.content.clone()))
            .unwrap_or_default(),
        embeds: change
            .embeds
            .clone()
            .or_else(|| world.message(channel, id).map(|message| message.embeds.clone()))
            .unwrap_or_default(),
        attachments: change.attachments.clone().unwrap_or_default(),
        ..Draft::default()
    };
    if content::is_empty(&emptied) {
        return Err(Refusal::empty_message());
    }
    let changed = world.change_message(channel, id, change).ok_or_else(Refusal::unknown_message)?;
    Ok(Reply::ok(shape::message(world, &changed)))
}

/// `DELETE /channels/*/messages/*`
pub(crate) fn delete(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel, id) = (asking.bot()?, asking.id(0)?, asking.id(1)?);
    let granted = open(world, bot, channel, 0)?;
    let message = world.message(channel, id).ok_or_else(Refusal::unknown_message)?;
    if message.author != Author::User(bot) && granted & permissions::MANAGE_MESSAGES == 0 {
        return Err(Refusal::missing_permissions());
    }
    world.delete_message(channel, id);
    Ok(Reply::nothing())
}

/// `POST /channels/*/messages/bulk-delete`
pub(crate) fn delete_many(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel) = (asking.bot()?, asking.id(0)?);
    open(world, bot, channel, permissions::MANAGE_MESSAGES)?;
    let ids: Vec<Id> =
        asking.fields.list("messages")?.unwrap_or_default().iter().filter_map(|id| id.as_str()?.parse().ok()).collect();
    world.delete_messages(channel, &ids);
    Ok(Reply::nothing())
}
