//! Guilds as bots ask for them.

use serde_json::{Value, json};

use crate::constants::{intents, permissions};
use crate::id::Id;
use crate::rest::Reply;
use crate::rest::asking::Asking;
use crate::rest::refusal::Refusal;
use crate::shape;
use crate::world::World;
use crate::world::records::{GuildRecord, Member};

/// A guild that a bot is in.
fn own<'world>(world: &'world World, asking: &Asking) -> Result<&'world GuildRecord, Refusal> {
    let (bot, guild) = (asking.bot()?, asking.id(0)?);
    let guild = world.guilds.get(&guild).ok_or_else(Refusal::unknown_guild)?;
    if guild.members.contains_key(&bot) { Ok(guild) } else { Err(Refusal::missing_access()) }
}

/// `GET /guilds/*`
pub(crate) fn guild(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let guild = own(world, asking)?;
    Ok(Reply::ok(shape::guild(world, guild)))
}

/// `GET /guilds/*/channels`: all but threads.
pub(crate) fn channels(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let guild = own(world, asking)?.id;
    let channels = world.channels.values().filter(|channel| channel.guild == Some(guild) && !channel.kind.is_thread());
    let channels: Vec<Value> = channels.map(|channel| shape::channel(world, channel)).collect();
    Ok(Reply::ok(json!(channels)))
}

/// `GET /guilds/*/members`, which only those applications may ask that hear of members.
pub(crate) fn members(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let bot = asking.bot()?;
    let guild = own(world, asking)?;
    let application = world.applications.get(&bot);
    if application.is_none_or(|application| application.allowed_intents & intents::GUILD_MEMBERS == 0) {
        return Err(Refusal::missing_access());
    }
    let limit = asking.limit(1, 1000)?;
    let after = asking.query_id("after")?.unwrap_or(Id::new(0));
    let members: Vec<Value> = guild
        .members
        .values()
        .filter(|member| member.user > after)
        .take(limit)
        .map(|member| shape::member(world, member))
        .collect();
    Ok(Reply::ok(json!(members)))
}

/// `GET /guilds/*/members/search`
pub(crate) fn search_members(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let guild = own(world, asking)?;
    let query = asking.query("query").unwrap_or_default();
    if query.is_empty() {
        return Err(Refusal::field("query", "BASE_TYPE_REQUIRED", "This field is required"));
    }
    let limit = asking.limit(1, 1000)?;
    let members: Vec<Value> = guild
        .members
        .values()
        .filter(|member| is_named(world, member, query))
        .take(limit)
        .map(|member| shape::member(world, member))
        .collect();
    Ok(Reply::ok(json!(members)))
}

/// Whether somebody's name or nick begins like this.
pub(crate) fn is_named(world: &World, member: &Member, query: &str) -> bool {
    let query = query.to_lowercase();
    let user = world.users.get(&member.user);
    let global = user.and_then(|user| user.global_name.as_deref());
    let names = [Some(world.username(member.user)), global, member.nick.as_deref()];
    names.into_iter().flatten().any(|name| name.to_lowercase().starts_with(&query))
}

/// `GET /guilds/*/members/*`
pub(crate) fn member(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let guild = own(world, asking)?;
    let user = if asking.parameter(1) == "@me" { asking.bot()? } else { asking.id(1)? };
    let member = guild.members.get(&user).ok_or_else(Refusal::unknown_member)?;
    Ok(Reply::ok(shape::member(world, member)))
}

/// `PATCH /guilds/*/members/@me`
pub(crate) fn edit_my_member(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let bot = asking.bot()?;
    let guild = own(world, asking)?.id;
    let nick = asking.fields.text("nick")?;
    if nick.as_ref().is_some_and(|nick| nick.chars().count() > 32) {
        return Err(Refusal::field("nick", "BASE_TYPE_MAX_LENGTH", "Must be 32 or fewer in length."));
    }
    if world.guild_permissions(guild, bot) & permissions::CHANGE_NICKNAME == 0 {
        return Err(Refusal::missing_permissions());
    }
    world.change_member(guild, bot, |member| member.nick = nick.filter(|nick| !nick.is_empty()));
    let member = world.guilds.get(&guild).and_then(|guild| guild.members.get(&bot));
    Ok(Reply::ok(member.map(|member| shape::member(world, member)).unwrap_or_default()))
}

/// `GET /guilds/*/emojis`
pub(crate) fn emojis(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let emojis: Vec<Value> = own(world, asking)?.emojis.values().map(shape::emoji).collect();
    Ok(Reply::ok(json!(emojis)))
}

/// `GET /guilds/*/roles`
pub(crate) fn roles(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let roles: Vec<Value> = own(world, asking)?.roles.values().map(shape::role).collect();
    Ok(Reply::ok(json!(roles)))
}

/// `GET /guilds/*/threads/active`
pub(crate) fn active_threads(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    let bot = asking.bot()?;
    let guild = own(world, asking)?.id;
    let threads: Vec<Value> =
        world.active_threads(guild, bot).into_iter().map(|thread| shape::channel(world, thread)).collect();
    Ok(Reply::ok(json!({"threads": threads, "members": []})))
}
