//! People, members, presences and applications.

use serde_json::{Map, Value, json};

use crate::constants::intents;
use crate::id::written;
use crate::world::World;
use crate::world::presence::{Activity, Status, StatusEmoji};
use crate::world::records::{Application, Member, UserRecord};

/// A person, as others see them.
pub(crate) fn user(user: &UserRecord) -> Value {
    json!({
        "id": user.id.to_string(),
        "username": user.username,
        "discriminator": if user.bot { "0001" } else { "0" },
        "global_name": user.global_name,
        "avatar": user.avatar,
        "bot": user.bot,
        "system": false,
        "public_flags": 0,
        "banner": null,
        "accent_color": null,
        "avatar_decoration_data": null,
        "collectibles": null,
        "primary_guild": null,
    })
}

/// A person, as they see themselves.
pub(crate) fn own_user(record: &UserRecord) -> Value {
    let mut data = user(record);
    data["verified"] = json!(true);
    data["mfa_enabled"] = json!(true);
    data["email"] = Value::Null;
    data["flags"] = json!(0);
    data["bio"] = json!("");
    data["locale"] = json!("en-US");
    data
}

/// Somebody in a guild, without who it is.
pub(crate) fn partial_member(member: &Member) -> Value {
    json!({
        "nick": member.nick,
        "avatar": member.avatar,
        "banner": null,
        "roles": member.roles.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "joined_at": written(member.joined),
        "premium_since": null,
        "deaf": false,
        "mute": false,
        "flags": 0,
        "pending": false,
        "communication_disabled_until": null,
    })
}

/// Somebody in a guild.
pub(crate) fn member(world: &World, member: &Member) -> Value {
    let mut data = partial_member(member);
    data["user"] = world.users.get(&member.user).map(user).unwrap_or_default();
    data
}

/// Somebody's presence, without the guild.
pub(crate) fn presence(user: &UserRecord) -> Value {
    let presence = &user.presence;
    let mut devices = Map::new();
    if presence.status != Status::Offline {
        devices.insert(presence.device.word().into(), json!(presence.status.word()));
    }
    json!({
        "user": {"id": user.id.to_string()},
        "status": presence.status.word(),
        "activities": presence.activities.iter().map(activity).collect::<Vec<_>>(),
        "client_status": devices,
    })
}

fn activity(activity: &Activity) -> Value {
    let made = jiff::Timestamp::now().as_millisecond();
    let mut data = json!({
        "id": match activity.kind { 4 => "custom", 2 => "spotify:1", _ => "ec0b28a579ecb4bd" },
        "name": activity.name,
        "type": activity.kind,
        "created_at": made,
    });
    if let Some(state) = &activity.state {
        data["state"] = json!(state);
    }
    if let Some(details) = &activity.details {
        data["details"] = json!(details);
    }
    if let Some(url) = &activity.url {
        data["url"] = json!(url);
    }
    if let Some(emoji) = &activity.emoji {
        data["emoji"] = status_emoji(emoji);
    }
    if let Some((text, image)) = &activity.album {
        data["assets"] = json!({"large_text": text, "large_image": image});
        data["timestamps"] = json!({"start": made, "end": made + 200_000});
        data["party"] = json!({"id": "spotify:1"});
        data["session_id"] = json!("0b28a579ecb4bd");
        data["flags"] = json!(48);
    }
    if let Some(sync) = &activity.sync_id {
        data["sync_id"] = json!(sync);
    }
    data
}

fn status_emoji(emoji: &StatusEmoji) -> Value {
    match emoji.id {
        Some(id) => json!({"name": emoji.name, "id": id.to_string(), "animated": emoji.animated}),
        None => json!({"name": emoji.name}),
    }
}

/// What stands behind a bot, with the flags of what it is allowed to hear.
pub(crate) fn application(world: &World, application: &Application) -> Value {
    let bot = world.users.get(&application.user).map(user);
    json!({
        "id": application.id.to_string(),
        "name": application.name,
        "icon": null,
        "description": "",
        "summary": "",
        "type": null,
        "bot": bot,
        "bot_public": true,
        "bot_require_code_grant": false,
        "verify_key": "0000000000000000000000000000000000000000000000000000000000000000",
        "flags": flags(application),
        "team": null,
        "owner": {
            "id": application.id.to_string(), "username": "owner", "discriminator": "0", "global_name": null,
            "avatar": null, "public_flags": 0,
        },
        "hook": true,
        "rpc_origins": [],
        "redirect_uris": [],
        "tags": [],
        "interactions_endpoint_url": null,
        "role_connections_verification_url": null,
        "approximate_guild_count": world.guilds.values()
            .filter(|guild| guild.members.contains_key(&application.user)).count(),
        "approximate_user_install_count": 0,
    })
}

/// The flags of an application: what it is allowed, as one in fewer than a hundred guilds is.
pub(crate) fn flags(application: &Application) -> u64 {
    [(intents::GUILD_PRESENCES, 1 << 13), (intents::GUILD_MEMBERS, 1 << 15), (intents::MESSAGE_CONTENT, 1 << 19)]
        .into_iter()
        .filter(|(intent, _)| application.allowed_intents & intent != 0)
        .fold(application.extra_flags, |flags, (_, flag)| flags | flag)
}
