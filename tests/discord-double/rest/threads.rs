//! Threads and posts of forums that bots open.

use crate::constants::permissions;
use crate::id::Id;
use crate::rest::Reply;
use crate::rest::asking::{Asking, Fields};
use crate::rest::channels::open;
use crate::rest::content;
use crate::rest::refusal::Refusal;
use crate::shape;
use crate::world::message::Author;
use crate::world::records::ChannelKind;
use crate::world::{Draft, World};

/// `POST /channels/*/messages/*/threads`
pub(crate) fn from_message(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel, message) = (asking.bot()?, asking.id(0)?, asking.id(1)?);
    open(world, bot, channel, permissions::CREATE_PUBLIC_THREADS)?;
    world.message(channel, message).ok_or_else(Refusal::unknown_message)?;
    if world.channels.contains_key(&message) {
        return Err(Refusal::new(400, 160_004, "A thread has already been created for this message"));
    }
    let below_news = world.channels.get(&channel).is_some_and(|channel| channel.kind == ChannelKind::Announcement);
    let kind = if below_news { ChannelKind::AnnouncementThread } else { ChannelKind::PublicThread };
    let thread = world.make_thread(channel, Some(message), &name(&asking.fields)?, bot, kind);
    shown(world, thread)
}

/// `POST /channels/*/threads`: a thread without a message before it; in a forum with its first one.
pub(crate) fn create(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel) = (asking.bot()?, asking.id(0)?);
    open(world, bot, channel, permissions::CREATE_PUBLIC_THREADS)?;
    let name = name(&asking.fields)?;
    let forum = world.channels.get(&channel).is_some_and(|channel| channel.kind == ChannelKind::Forum);
    if !forum {
        let kind = match asking.fields.number("type")? {
            Some(11) => ChannelKind::PublicThread,
            Some(10) => ChannelKind::AnnouncementThread,
            _ => ChannelKind::PrivateThread,
        };
        let thread = world.make_thread(channel, None, &name, bot, kind);
        return shown(world, thread);
    }
    let first = asking.fields.object("message")?.ok_or_else(Refusal::empty_message)?;
    let draft = Draft {
        content: content::content(&first)?.unwrap_or_default(),
        embeds: content::embeds(&first)?.unwrap_or_default(),
        attachments: content::uploads(world, asking, channel)?,
        allowed_mentions: content::allowed_mentions(&first)?,
        ..Draft::default()
    };
    if content::is_empty(&draft) {
        return Err(Refusal::empty_message());
    }
    let thread = world.make_thread(channel, None, &name, bot, ChannelKind::PublicThread);
    // The first message of a post has the post's own id.
    world.post_numbered(thread, thread, Author::User(bot), draft);
    shown(world, thread)
}

/// `PUT /channels/*/thread-members/@me`
pub(crate) fn join(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, thread) = (asking.bot()?, asking.id(0)?);
    open(world, bot, thread, 0)?;
    if let Some(thread) = world.channels.get_mut(&thread).and_then(|channel| channel.thread.as_mut()) {
        thread.members.insert(bot);
    }
    Ok(Reply::nothing())
}

fn name(fields: &Fields) -> Result<String, Refusal> {
    let name = fields.text("name")?.unwrap_or_default();
    check_name(&name)?;
    Ok(name)
}

/// The name of a thread has 1 to 100 characters.
pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    if (1..=100).contains(&name.chars().count()) {
        Ok(())
    } else {
        Err(Refusal::field("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."))
    }
}

fn shown(world: &World, thread: Id) -> Result<Reply, Refusal> {
    let record = world.channels.get(&thread).ok_or_else(Refusal::unknown_channel)?;
    Ok(Reply::created(shape::channel(world, record)))
}
