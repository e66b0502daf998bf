//! Reactions of bots.

use crate::constants::permissions;
use crate::rest::Reply;
use crate::rest::asking::Asking;
use crate::rest::channels::open;
use crate::rest::refusal::Refusal;
use crate::world::World;

/// `PUT` and `DELETE /channels/*/messages/*/reactions/*/@me`
pub(crate) fn set(world: &mut World, asking: &Asking, set: bool) -> Result<Reply, Refusal> {
    let (bot, channel, id) = (asking.bot()?, asking.id(0)?, asking.id(1)?);
    let granted = open(world, bot, channel, permissions::READ_MESSAGE_HISTORY)?;
    let message = world.message(channel, id).ok_or_else(Refusal::unknown_message)?;
    let emoji = asking.parameter(2);
    if !is_emoji(emoji) {
        return Err(Refusal::unknown_emoji());
    }
    if set && !message.reactions.contains_key(emoji) && granted & permissions::ADD_REACTIONS == 0 {
        return Err(Refusal::missing_permissions());
    }
    world.react(channel, id, bot, emoji, set);
    Ok(Reply::nothing())
}

/// Whether it is a character beyond letters, or `name:id`.
fn is_emoji(text: &str) -> bool {
    match text.rsplit_once(':') {
        Some((name, id)) => !name.is_empty() && id.parse::<u64>().is_ok(),
        None => !text.is_ascii(),
    }
}
