//! What a client asks of the gateway, by op code, and what it is answered.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::constants::intents;
use crate::gateway::members;
use crate::id::Id;
use crate::shape;
use crate::world::World;
use crate::world::presence::{Presence, Status};
use crate::world::records::ShownPresence;
use crate::world::session::Session;

/// What follows from a frame of a client.
pub(crate) enum Answer {
    Nothing,
    Frame(Value),
    /// A session is on this connection, and the client has seen so much of it.
    Session(String, u64),
    Close(u16),
}

/// Answers a frame on a connection with or without a session.
pub(crate) fn answer(
    world: &mut World,
    connection: u64,
    session: Option<&str>,
    op: Option<u64>,
    data: &Value,
) -> Answer {
    match (op, session) {
        (Some(1), session) => heartbeat(world, session),
        (Some(2), None) => identify(world, connection, data),
        (Some(6), None) => resume(world, connection, data),
        // 4005: already authenticated; 4003: not yet.
        (Some(2 | 6), Some(_)) => wrong(world, 4005, "an IDENTIFY or RESUME on a connection that has a session"),
        (Some(3), Some(session)) => presence(world, session, data),
        (Some(8), Some(session)) => members::request(world, session, data),
        (Some(4 | 31), Some(_)) => Answer::Nothing,
        (Some(3 | 4 | 8 | 31), None) => wrong(world, 4003, "a frame before IDENTIFY"),
        (_, _) => wrong(world, 4001, "an unknown op code"),
    }
}

/// A client did what it must not do, and is sent away.
fn wrong(world: &mut World, code: u16, what: &str) -> Answer {
    world.tally.violation(what);
    Answer::Close(code)
}

fn heartbeat(world: &World, session: Option<&str>) -> Answer {
    let silent = session.and_then(|session| world.sessions.get(session)).is_some_and(|session| !session.acknowledges);
    if silent { Answer::Nothing } else { Answer::Frame(json!({"op": 11, "d": null, "s": null, "t": null})) }
}

fn identify(world: &mut World, connection: u64, data: &Value) -> Answer {
    let Some(bot) = data["token"].as_str().and_then(|token| world.bot_of(token)) else { return Answer::Close(4004) };
    let Some(asked) = data["intents"].as_u64() else { return wrong(world, 4013, "an IDENTIFY without intents") };
    if !data["properties"].is_object() {
        return wrong(world, 4002, "an IDENTIFY without properties");
    }
    count_identify(world, bot);
    let Some(application) = world.applications.get(&bot) else { return Answer::Close(4004) };
    if application.shards > 1 && data["shard"][1].as_u64().unwrap_or(1) == 1 {
        return Answer::Close(4011);
    }
    if asked & !intents::KNOWN != 0 {
        return wrong(world, 4013, "an IDENTIFY with intents that there are not");
    }
    if asked & intents::PRIVILEGED & !application.allowed_intents != 0 {
        return Answer::Close(4014);
    }
    let flags = shape::flags(application);
    let application = application.id;
    let large = data["large_threshold"].as_u64().unwrap_or(50).clamp(50, 250) as usize;
    let id = format!("session-{}", world.id());
    world.sessions.insert(id.clone(), Session::new(id.clone(), bot, asked, large, connection));
    let guilds: Vec<Id> =
        world.guilds.values().filter(|guild| guild.members.contains_key(&bot)).map(|guild| guild.id).collect();
    let ready = json!({
        "v": 10,
        "user": world.users.get(&bot).map(shape::own_user),
        "guilds": guilds.iter().map(|guild| shape::unavailable_guild(*guild)).collect::<Vec<_>>(),
        "session_id": id,
        "resume_gateway_url": world.gateway.replace("/gateway", "/resume"),
        "session_type": "normal",
        "shard": [0, 1],
        "application": {"id": application.to_string(), "flags": flags},
        "private_channels": [],
        "presences": [],
        "relationships": [],
        "user_settings": {},
        "_trace": [],
    });
    world.tell(&id, "READY", &ready);
    if asked & intents::GUILDS != 0 {
        for guild in guilds {
            if let Some(whole) = shape::whole_guild(world, guild, bot, asked, large) {
                world.tell(&id, "GUILD_CREATE", &whole);
            }
        }
    }
    show(world, &id, &data["presence"]);
    Answer::Session(id, 0)
}

fn count_identify(world: &mut World, bot: Id) {
    let now = Instant::now();
    let count = world.tally.count_identify(bot);
    let name = world.username(bot).to_owned();
    if count > world.rules.identifies_per_day {
        world.tally.violation(format!("{count} IDENTIFYs of {name} within a day"));
    }
    if let Some(last) = world.identified.insert(bot, now) {
        let since = now.duration_since(last);
        if since < world.rules.identify_interval {
            world.tally.violation(format!("{name} identifies again after {since:?}"));
        }
    }
}

fn resume(world: &mut World, connection: u64, data: &Value) -> Answer {
    let Some(bot) = data["token"].as_str().and_then(|token| world.bot_of(token)) else { return Answer::Close(4004) };
    world.tally.count_resume(bot);
    let invalid = Answer::Frame(json!({"op": 9, "d": false, "s": null, "t": null}));
    if world.faults.refuses_resume(bot) {
        return invalid;
    }
    let (Some(id), Some(seen)) = (data["session_id"].as_str(), data["seq"].as_u64()) else {
        return wrong(world, 4002, "a RESUME without session_id and seq");
    };
    let Some(session) = world.sessions.get_mut(id).filter(|session| session.bot == bot) else { return invalid };
    if !session.can_resume(seen) {
        return invalid;
    }
    session.connection = Some(connection);
    session.orders.clear();
    session.acknowledges = true;
    let id = id.to_owned();
    world.tell(&id, "RESUMED", &json!({"_trace": []}));
    Answer::Session(id, seen)
}

fn presence(world: &mut World, session: &str, data: &Value) -> Answer {
    let known = data["status"]
        .as_str()
        .is_some_and(|status| matches!(status, "online" | "idle" | "dnd" | "invisible" | "offline"));
    if !known || !data["activities"].is_array() || !data["afk"].is_boolean() {
        return wrong(world, 4002, "a presence with a field of a wrong type");
    }
    show(world, session, data);
    Answer::Nothing
}

/// A bot shows this of itself from now on; null shows it online.
fn show(world: &mut World, session: &str, data: &Value) {
    let Some(found) = world.sessions.get_mut(session) else { return };
    let bot = found.bot;
    let status = data["status"].as_str().unwrap_or("online").to_owned();
    let activities = data["activities"].as_array().cloned().unwrap_or_default();
    let long = activities.iter().filter_map(|one| one["state"].as_str()).any(|state| state.chars().count() > 128);
    let presence = Presence { status: Status::from_word(&status).unwrap_or(Status::Online), ..Presence::default() };
    found.shown = Some(ShownPresence { status, activities });
    if long {
        world.tally.violation("a state of more than 128 characters");
    }
    world.tally.count_presence(bot);
    world.set_presence(bot, presence);
}

/// A connection of a session has ended; an orderly end is the session's too, and its bot is offline then.
pub(crate) fn detach(world: &mut World, id: &str, connection: u64, orderly: bool) {
    let Some(session) = world.sessions.get_mut(id).filter(|session| session.connection == Some(connection)) else {
        return;
    };
    session.connection = None;
    session.orders.clear();
    let bot = session.bot;
    if orderly {
        world.sessions.remove(id);
        if !world.sessions.values().any(|session| session.bot == bot) {
            world.set_presence(bot, Presence::default());
        }
    }
}
