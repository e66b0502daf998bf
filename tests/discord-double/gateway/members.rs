//! Op 8: who is in a guild, a thousand people at a time.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::constants::intents;
use crate::gateway::asked::Answer;
use crate::id::Id;
use crate::rest::is_named;
use crate::shape;
use crate::world::World;
use crate::world::presence::Status;

/// How many people are in one chunk.
const CHUNK: usize = 1000;

/// Answers a request for members, as events behind all others.
pub(crate) fn request(world: &mut World, session: &str, data: &Value) -> Answer {
    let Some((bot, asked)) = world.sessions.get(session).map(|session| (session.bot, session.intents)) else {
        return Answer::Nothing;
    };
    let guild = data["guild_id"].as_str().and_then(|id| id.parse::<Id>().ok());
    let Some(guild) = guild.filter(|guild| world.guild_permissions(*guild, bot) != 0) else {
        world.tally.violation("members were asked of a guild that the bot is not in");
        return Answer::Nothing;
    };
    let users = wanted(&data["user_ids"]);
    let query = data["query"].as_str();
    let limit = data["limit"].as_u64().unwrap_or(0) as usize;
    let whole = users.is_none() && query == Some("") && limit == 0;
    if users.is_none() && query.is_none() {
        world.tally.violation("members were asked without query and user_ids");
        return Answer::Nothing;
    }
    if users.is_none() && !whole && !(1..=100).contains(&limit) || users.as_ref().is_some_and(|users| users.len() > 100)
    {
        world.tally.violation("more than 100 members were asked by name");
    }
    let presences = data["presences"].as_bool().unwrap_or(false);
    if whole && asked & intents::GUILD_MEMBERS == 0 || presences && asked & intents::GUILD_PRESENCES == 0 {
        world.tally.violation("members or their presences were asked without the intent for them");
        return Answer::Nothing;
    }
    if whole && let Some(wait) = too_soon(world, session, guild) {
        let mut limited = json!({"opcode": 8, "retry_after": wait, "meta": {"guild_id": guild.to_string()}});
        if !data["nonce"].is_null() {
            limited["meta"]["nonce"] = data["nonce"].clone();
        }
        world.tell(session, "RATE_LIMITED", &limited);
        return Answer::Nothing;
    }
    let most = if users.is_some() {
        100
    } else if whole {
        usize::MAX
    } else {
        limit
    };
    let found: Vec<Id> = world.guilds.get(&guild).map_or_else(Vec::new, |record| {
        let fits = |user: &Id| users.as_ref().is_none_or(|users| users.contains(user));
        let named = record.members.values().filter(|member| {
            fits(&member.user) && query.is_none_or(|query| query.is_empty() || is_named(world, member, query))
        });
        named.take(most).map(|member| member.user).collect()
    });
    let missing: Vec<String> = users.iter().flatten().filter(|user| !found.contains(user)).map(Id::to_string).collect();
    tell_chunks(world, session, guild, &found, &missing, presences, &data["nonce"]);
    Answer::Nothing
}

/// One id or a list of them.
fn wanted(value: &Value) -> Option<BTreeSet<Id>> {
    let one = |value: &Value| value.as_str().and_then(|id| id.parse().ok()).or_else(|| value.as_u64().map(Id::new));
    match value {
        Value::Null => None,
        Value::Array(ids) if ids.is_empty() => None,
        Value::Array(ids) => Some(ids.iter().filter_map(one).collect()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Some(one(value).into_iter().collect())
        }
    }
}

/// The seconds to wait, when all members of the guild were told a short while ago.
fn too_soon(world: &mut World, session: &str, guild: Id) -> Option<f64> {
    let (now, interval) = (Instant::now(), world.rules.members_interval);
    let told = &mut world.sessions.get_mut(session)?.told_members;
    let since = told.get(&guild).map(|last| now.duration_since(*last));
    if let Some(since) = since.filter(|since| *since < interval) {
        return Some(interval.saturating_sub(since).as_secs_f64());
    }
    told.insert(guild, now);
    None
}

fn tell_chunks(
    world: &mut World,
    session: &str,
    guild: Id,
    found: &[Id],
    missing: &[String],
    presences: bool,
    nonce: &Value,
) {
    let count = found.len().div_ceil(CHUNK).max(1);
    for index in 0..count {
        let users = found.iter().skip(index * CHUNK).take(CHUNK);
        let Some(record) = world.guilds.get(&guild) else { return };
        let members: Vec<Value> = users
            .clone()
            .filter_map(|user| record.members.get(user))
            .map(|member| shape::member(world, member))
            .collect();
        let mut chunk = json!({
            "guild_id": guild.to_string(),
            "members": members,
            "chunk_index": index,
            "chunk_count": count,
            "not_found": if index == 0 { missing } else { &[] },
        });
        if presences {
            let shown = users.filter_map(|user| world.users.get(user));
            chunk["presences"] =
                shown.filter(|user| user.presence.status != Status::Offline).map(shape::presence).collect();
        }
        if !nonce.is_null() {
            chunk["nonce"] = nonce.clone();
        }
        world.tell(session, "GUILD_MEMBERS_CHUNK", &chunk);
    }
}
