//! Who a bot is, what it may, whom it knows.

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::time::Instant;

use crate::rest::Reply;
use crate::rest::asking::Asking;
use crate::rest::refusal::Refusal;
use crate::shape;
use crate::world::World;

/// `GET /gateway/bot`
pub(crate) fn gateway_bot(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let bot = asking.bot()?;
    let total = world.rules.identifies_per_day;
    let since = world.identified.get(&bot).map_or(0, |last| Instant::now().duration_since(*last).as_millis() as u64);
    Ok(Reply::ok(json!({
        "url": world.gateway,
        "shards": world.applications.get(&bot).map_or(1, |application| application.shards),
        "session_start_limit": {
            "total": total,
            "remaining": total.saturating_sub(world.tally.identifies(bot)),
            "reset_after": 86_400_000_u64.saturating_sub(since),
            "max_concurrency": 1,
        },
    })))
}

/// `GET /users/@me`
pub(crate) fn me(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let user = world.users.get(&asking.bot()?).ok_or_else(Refusal::unknown_user)?;
    Ok(Reply::ok(shape::own_user(user)))
}

/// `PATCH /users/@me`
pub(crate) fn edit_me(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let bot = asking.bot()?;
    let username = asking.fields.text("username")?;
    let avatar = asking.fields.text("avatar")?.map(|avatar| picture(&avatar)).transpose()?;
    if username.as_ref().is_some_and(|name| !(2..=32).contains(&name.chars().count())) {
        return Err(Refusal::field("username", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 32 in length."));
    }
    let hash = avatar.map(|bytes| world.keep_picture(&format!("avatars/{bot}"), &bytes));
    let user = world.users.get_mut(&bot).ok_or_else(Refusal::unknown_user)?;
    if let Some(username) = username {
        user.username = username;
    }
    if asking.fields.has("avatar") {
        user.avatar = hash;
    }
    world.tell_user(bot);
    me(world, asking)
}

/// The bytes of a picture that came as `data:image/png;base64,...`.
fn picture(text: &str) -> Result<Bytes, Refusal> {
    let encoded = text.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,")).map(|parts| parts.1);
    encoded
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .map(Bytes::from)
        .ok_or_else(|| Refusal::wrong_type("avatar", "image"))
}

/// `GET /users/@me/guilds`
pub(crate) fn my_guilds(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let bot = asking.bot()?;
    let guilds: Vec<_> = world
        .guilds
        .values()
        .filter(|guild| guild.members.contains_key(&bot))
        .map(|guild| {
            json!({
                "id": guild.id.to_string(),
                "name": guild.name,
                "icon": guild.icon,
                "banner": null,
                "owner": guild.owner == bot,
                "permissions": world.guild_permissions(guild.id, bot).to_string(),
                "features": [],
            })
        })
        .collect();
    Ok(Reply::ok(json!(guilds)))
}

/// `DELETE /users/@me/guilds/*`
pub(crate) fn leave_guild(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let (bot, guild) = (asking.bot()?, asking.id(0)?);
    if world.guild_permissions(guild, bot) == 0 {
        return Err(Refusal::unknown_guild());
    }
    world.leave(guild, bot);
    Ok(Reply::nothing())
}

/// `POST /users/@me/channels`
pub(crate) fn open_direct(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let bot = asking.bot()?;
    let other = asking.fields.id("recipient_id")?.ok_or_else(|| Refusal::wrong_type("recipient_id", "snowflake"))?;
    if !world.users.contains_key(&other) || other == bot {
        return Err(Refusal::field("recipient_id", "INVALID_RECIPIENT", "Invalid Recipient(s)"));
    }
    let channel = world.direct(bot, other);
    let record = world.channels.get(&channel).ok_or_else(Refusal::unknown_channel)?;
    Ok(Reply::ok(shape::channel(world, record)))
}

/// `GET /users/*`
pub(crate) fn user(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let user = world.users.get(&asking.id(0)?).ok_or_else(Refusal::unknown_user)?;
    Ok(Reply::ok(shape::user(user)))
}

/// `GET /applications/@me` and `GET /oauth2/applications/@me`
pub(crate) fn application(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let application = world.applications.get(&asking.bot()?).ok_or_else(Refusal::unauthorized)?;
    Ok(Reply::ok(shape::application(world, application)))
}
