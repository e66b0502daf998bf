//! Channels, typing in them, and fresh addresses of their files.

use serde_json::json;

use crate::constants::permissions;
use crate::id::Id;
use crate::rest::Reply;
use crate::rest::asking::Asking;
use crate::rest::refusal::Refusal;
use crate::shape;
use crate::world::World;

/// What somebody may do in a channel, when they see it and may do all of `needed` there.
pub(crate) fn open(world: &World, bot: Id, channel: Id, needed: u64) -> Result<u64, Refusal> {
    if !world.channels.contains_key(&channel) {
        return Err(Refusal::unknown_channel());
    }
    let granted = world.permissions(channel, bot);
    if granted & permissions::VIEW_CHANNEL == 0 {
        return Err(Refusal::missing_access());
    }
    if granted & needed == needed { Ok(granted) } else { Err(Refusal::missing_permissions()) }
}

/// `GET /channels/*`
pub(crate) fn channel(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let channel = asking.id(0)?;
    open(world, asking.bot()?, channel, 0)?;
    let record = world.channels.get(&channel).ok_or_else(Refusal::unknown_channel)?;
    Ok(Reply::ok(shape::channel(world, record)))
}

/// `POST /channels/*/typing`
pub(crate) fn typing(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, channel) = (asking.bot()?, asking.id(0)?);
    open(world, bot, channel, permissions::SEND_MESSAGES)?;
    world.types(channel, bot);
    Ok(Reply::nothing())
}

/// `POST /attachments/refresh-urls`
pub(crate) fn refresh_urls(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    asking.bot()?;
    let urls = asking.fields.list("attachment_urls")?.unwrap_or_default();
    if urls.is_empty() || urls.len() > 50 {
        return Err(Refusal::field("attachment_urls", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 50 in length."));
    }
    let mut refreshed = Vec::new();
    for url in &urls {
        let url = url.as_str().ok_or_else(|| Refusal::wrong_type("attachment_urls", "string"))?;
        let path = url.split('?').next().unwrap_or_default();
        let mut parts = path.rsplit('/');
        let (name, attachment, channel) = (parts.next(), parts.next(), parts.next());
        let fresh = channel.and_then(|id| id.parse().ok()).zip(attachment.and_then(|id| id.parse().ok())).zip(name);
        let Some(((channel, attachment), name)) = fresh else {
            return Err(Refusal::field("attachment_urls", "URL_TYPE_INVALID_URL", "Not a well formed URL."));
        };
        refreshed.push(json!({"original": url, "refreshed": world.attachment_url(channel, attachment, name)}));
    }
    Ok(Reply::ok(json!({"refreshed_urls": refreshed})))
}
