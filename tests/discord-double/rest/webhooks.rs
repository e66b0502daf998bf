//! Webhooks: found, made, and spoken through.

use serde_json::{Value, json};

use crate::constants::permissions;
use crate::id::Id;
use crate::rest::asking::Asking;
use crate::rest::channels::open;
use crate::rest::refusal::Refusal;
use crate::rest::{Reply, content, messages, threads};
use crate::shape;
use crate::world::World;
use crate::world::message::Author;
use crate::world::records::{ChannelKind, WebhookRecord};

/// How many webhooks a channel has at most.
const MOST: usize = 15;

/// `GET /channels/*/webhooks`
pub(crate) fn of_channel(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel) = (asking.bot()?, asking.id(0)?);
    open(world, bot, channel, permissions::MANAGE_WEBHOOKS)?;
    let webhooks: Vec<Value> = world
        .webhooks
        .values()
        .filter(|webhook| webhook.channel == channel)
        .map(|webhook| shape::webhook(world, webhook, is_own(world, bot, webhook)))
        .collect();
    Ok(Reply::ok(json!(webhooks)))
}

/// Whether a bot sees a webhook's token: its own, and those that people made.
fn is_own(world: &World, bot: Id, webhook: &WebhookRecord) -> bool {
    let application = world.applications.get(&bot).map(|application| application.id);
    webhook.application.is_none() || webhook.application == application
}

/// `POST /channels/*/webhooks`
pub(crate) fn create(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel) = (asking.bot()?, asking.id(0)?);
    open(world, bot, channel, permissions::MANAGE_WEBHOOKS)?;
    let name = asking.fields.text("name")?.unwrap_or_default();
    check_name("name", &name)?;
    if world.webhooks.values().filter(|webhook| webhook.channel == channel).count() >= MOST {
        return Err(Refusal::new(400, 30007, "Maximum number of webhooks reached (15)"));
    }
    let is_thread = world.channels.get(&channel).is_some_and(|channel| channel.kind.is_thread());
    let made = if is_thread { None } else { world.make_webhook(channel, bot, &name) };
    let webhook = made.and_then(|id| world.webhooks.get(&id)).ok_or_else(Refusal::unknown_channel)?;
    Ok(Reply::ok(shape::webhook(world, webhook, true)))
}

/// A name that a webhook may speak under.
fn check_name(field: &str, name: &str) -> Result<(), Refusal> {
    if !(1..=80).contains(&name.chars().count()) {
        let refusal = Refusal::field(field, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.");
        return Err(refusal.violating(format!("a webhook's {field} of {} characters", name.chars().count())));
    }
    let small = name.to_lowercase();
    match ["discord", "clyde"].into_iter().find(|word| small.contains(word)) {
        Some(word) => {
            let say = format!("Username cannot contain \"{word}\"");
            Err(Refusal::field(field, "USERNAME_INVALID_CONTAINS", &say))
        }
        None if matches!(small.as_str(), "everyone" | "here") => {
            Err(Refusal::field(field, "USERNAME_INVALID_TAKEN", "Username cannot be this"))
        }
        None => Ok(()),
    }
}

/// `GET /webhooks/*`
pub(crate) fn one(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let bot = asking.bot()?;
    let webhook = world.webhooks.get(&asking.id(0)?).ok_or_else(Refusal::unknown_webhook)?;
    open(world, bot, webhook.channel, permissions::MANAGE_WEBHOOKS)?;
    Ok(Reply::ok(shape::webhook(world, webhook, is_own(world, bot, webhook))))
}

/// `GET /webhooks/*/*`
pub(crate) fn one_with_token(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let webhook = named(world, asking)?;
    Ok(Reply::ok(shape::webhook(world, webhook, true)))
}

/// `DELETE /webhooks/*`
pub(crate) fn delete(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let bot = asking.bot()?;
    let webhook = world.webhooks.get(&asking.id(0)?).ok_or_else(Refusal::unknown_webhook)?;
    open(world, bot, webhook.channel, permissions::MANAGE_WEBHOOKS)?;
    let id = webhook.id;
    world.delete_webhook(id);
    Ok(Reply::nothing())
}

/// The webhook of a path, by its id and its token.
fn named<'world>(world: &'world World, asking: &Asking) -> Result<&'world WebhookRecord, Refusal> {
    let webhook = world.webhooks.get(&asking.id(0)?).ok_or_else(Refusal::unknown_webhook)?;
    if webhook.token == asking.parameter(1) {
        Ok(webhook)
    } else {
        Err(Refusal::new(401, 50027, "Invalid Webhook Token"))
    }
}

/// Where a webhook speaks: its channel, or a thread below that.
fn place(world: &World, asking: &Asking) -> Result<Id, Refusal> {
    let webhook = named(world, asking)?;
    let Some(thread) = asking.query_id("thread_id")? else { return Ok(webhook.channel) };
    let below = world.channels.get(&thread).is_some_and(|thread| thread.parent == Some(webhook.channel));
    if below { Ok(thread) } else { Err(Refusal::unknown_channel()) }
}

/// `POST /webhooks/*/*`
pub(crate) fn execute(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let webhook = named(world, asking)?.clone();
    let mut channel = place(world, asking)?;
    let name = match asking.fields.text("username")? {
        Some(name) => {
            check_name("username", &name)?;
            name
        }
        None => webhook.name.clone(),
    };
    let avatar_url = asking.fields.text("avatar_url")?.filter(|url| !url.is_empty());
    if avatar_url.as_ref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        return Err(Refusal::field(
            "avatar_url",
            "URL_TYPE_INVALID_SCHEME",
            "Scheme must be one of ('http', 'https').",
        ));
    }
    let draft = content::draft(world, asking, channel)?;
    if content::is_empty(&draft) {
        return Err(Refusal::empty_message());
    }
    let author = Author::Webhook { id: webhook.id, name, avatar_url };
    let forum = world.channels.get(&channel).is_some_and(|channel| channel.kind == ChannelKind::Forum);
    let message = if forum {
        let Some(title) = asking.fields.text("thread_name")? else {
            let say = "Webhooks posted to forum channels must have a thread_name or thread_id";
            return Err(Refusal::new(400, 220_001, say));
        };
        threads::check_name(&title)?;
        channel = world.make_thread(channel, None, &title, webhook.id, ChannelKind::PublicThread);
        world.post_numbered(channel, channel, author, draft)
    } else {
        world.post(channel, author, draft)
    };
    let waits = matches!(asking.query("wait"), Some("true" | "1"));
    Ok(if waits { Reply::ok(shape::message(world, &message)) } else { Reply::nothing() })
}

/// A message that a webhook sent.
fn own_message(world: &World, asking: &Asking) -> Result<(Id, Id), Refusal> {
    let webhook = named(world, asking)?.id;
    let (channel, id) = (place(world, asking)?, asking.id(2)?);
    let message = world.message(channel, id).ok_or_else(Refusal::unknown_message)?;
    if message.author.id() == webhook { Ok((channel, id)) } else { Err(Refusal::unknown_message()) }
}

/// `GET /webhooks/*/*/messages/*`
pub(crate) fn message(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (channel, id) = own_message(world, asking)?;
    let message = world.message(channel, id).ok_or_else(Refusal::unknown_message)?;
    Ok(Reply::ok(shape::message(world, message)))
}

/// `PATCH /webhooks/*/*/messages/*`
pub(crate) fn edit_message(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (channel, id) = own_message(world, asking)?;
    messages::change(world, asking, channel, id)
}

/// `DELETE /webhooks/*/*/messages/*`
pub(crate) fn delete_message(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (channel, id) = own_message(world, asking)?;
    world.delete_message(channel, id);
    Ok(Reply::nothing())
}
