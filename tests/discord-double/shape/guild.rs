//! Guilds, roles, emojis, channels and webhooks.

use serde_json::{Value, json};

use crate::constants::intents;
use crate::id::{Id, written};
use crate::shape::person;
use crate::world::World;
use crate::world::presence::Status;
use crate::world::records::{ChannelKind, ChannelRecord, Emoji, GuildRecord, Role, WebhookRecord};

/// A guild, without who and what is in it.
pub(crate) fn guild(world: &World, guild: &GuildRecord) -> Value {
    json!({
        "id": guild.id.to_string(),
        "name": guild.name,
        "icon": guild.icon,
        "icon_hash": null,
        "splash": null,
        "discovery_splash": null,
        "owner_id": guild.owner.to_string(),
        "afk_channel_id": null,
        "afk_timeout": 300,
        "widget_enabled": false,
        "widget_channel_id": null,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "roles": guild.roles.values().map(role).collect::<Vec<_>>(),
        "emojis": guild.emojis.values().map(emoji).collect::<Vec<_>>(),
        "features": [],
        "mfa_level": 0,
        "application_id": null,
        "system_channel_id": guild.system_channel.map(|channel| channel.to_string()),
        "system_channel_flags": 0,
        "rules_channel_id": null,
        "max_presences": null,
        "max_members": 500_000,
        "vanity_url_code": null,
        "description": null,
        "banner": null,
        "premium_tier": guild.premium_tier,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "public_updates_channel_id": null,
        "safety_alerts_channel_id": null,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "nsfw_level": 0,
        "nsfw": false,
        "stickers": [],
        "premium_progress_bar_enabled": false,
        "approximate_member_count": guild.members.len(),
        "approximate_presence_count": guild.members.keys().filter(|user| online(world, **user)).count(),
    })
}

/// A guild of which nothing is told yet.
pub(crate) fn unavailable_guild(guild: Id) -> Value {
    json!({"id": guild.to_string(), "unavailable": true})
}

/// All of a guild, as `GUILD_CREATE` tells a session of `bot` with these intents: with more members than `large` only those
/// who are online; without the presences only the bot itself.
pub(crate) fn whole_guild(world: &World, id: Id, bot: Id, asked: u64, large: usize) -> Option<Value> {
    let record = world.guilds.get(&id)?;
    if record.unavailable {
        return Some(unavailable_guild(id));
    }
    let presences = asked & intents::GUILD_PRESENCES != 0;
    let is_large = record.members.len() > large;
    let shown = record
        .members
        .values()
        .filter(|member| member.user == bot || presences && (!is_large || online(world, member.user)));
    let members: Vec<Value> = shown.map(|member| person::member(world, member)).collect();
    let online: Vec<Value> = record
        .members
        .keys()
        .filter(|user| presences && online(world, **user))
        .filter_map(|user| world.users.get(user))
        .map(person::presence)
        .collect();
    let channels: Vec<Value> = world
        .channels
        .values()
        .filter(|channel| channel.guild == Some(id) && !channel.kind.is_thread())
        .map(|record| channel(world, record))
        .collect();
    let threads: Vec<Value> = world.active_threads(id, bot).into_iter().map(|record| channel(world, record)).collect();
    let mut data = guild(world, record);
    data["joined_at"] = json!(world.joined(id, bot));
    data["large"] = json!(is_large);
    data["unavailable"] = json!(false);
    data["member_count"] = json!(record.members.len());
    data["voice_states"] = json!([]);
    data["members"] = json!(members);
    data["channels"] = json!(channels);
    data["threads"] = json!(threads);
    data["presences"] = json!(online);
    data["stage_instances"] = json!([]);
    data["guild_scheduled_events"] = json!([]);
    data["soundboard_sounds"] = json!([]);
    Some(data)
}

fn online(world: &World, user: Id) -> bool {
    world.users.get(&user).is_some_and(|user| user.presence.status != Status::Offline)
}

/// A role.
pub(crate) fn role(role: &Role) -> Value {
    json!({
        "id": role.id.to_string(),
        "name": role.name,
        "description": null,
        "color": role.color,
        "colors": {"primary_color": role.color, "secondary_color": null, "tertiary_color": null},
        "hoist": false,
        "icon": null,
        "unicode_emoji": null,
        "position": role.position,
        "permissions": role.permissions.to_string(),
        "managed": false,
        "mentionable": true,
        "flags": 0,
    })
}

/// An emoji of a guild.
pub(crate) fn emoji(emoji: &Emoji) -> Value {
    json!({
        "id": emoji.id.to_string(),
        "name": emoji.name,
        "roles": [],
        "require_colons": true,
        "managed": false,
        "animated": emoji.animated,
        "available": true,
    })
}

/// A channel, a thread or a direct conversation.
pub(crate) fn channel(world: &World, channel: &ChannelRecord) -> Value {
    let id = |id: Option<Id>| id.map(|id| id.to_string());
    let mut data = json!({
        "id": channel.id.to_string(),
        "type": channel.kind.number(),
        "flags": 0,
        "last_message_id": id(channel.last_message),
    });
    if channel.kind == ChannelKind::Direct {
        // The other one; which of the two asks, only bots do.
        let others = channel.recipients.iter().filter(|user| !world.applications.contains_key(user));
        data["recipients"] = others.filter_map(|user| world.users.get(user)).map(person::user).collect();
        return data;
    }
    data["guild_id"] = json!(id(channel.guild));
    data["name"] = json!(channel.name);
    data["parent_id"] = json!(id(channel.parent));
    data["rate_limit_per_user"] = json!(0);
    if let Some(thread) = &channel.thread {
        data["owner_id"] = json!(thread.owner.to_string());
        data["message_count"] = json!(thread.messages);
        data["total_message_sent"] = json!(thread.messages);
        data["member_count"] = json!(thread.members.len());
        data["thread_metadata"] = json!({
            "archived": thread.archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": written(channel.id.made()),
            "create_timestamp": written(channel.id.made()),
            "locked": false,
        });
        data["applied_tags"] = json!([]);
        return data;
    }
    data["topic"] = json!(channel.topic);
    data["position"] = json!(channel.position);
    data["nsfw"] = json!(false);
    let roles = channel.role_overwrites.iter().map(|(id, overwrite)| (id, 0, overwrite));
    let members = channel.member_overwrites.iter().map(|(id, overwrite)| (id, 1, overwrite));
    data["permission_overwrites"] = roles
        .chain(members)
        .map(|(id, kind, overwrite)| {
            json!({
                "id": id.to_string(), "type": kind,
                "allow": overwrite.allow.to_string(), "deny": overwrite.deny.to_string(),
            })
        })
        .collect();
    match channel.kind {
        ChannelKind::Voice => {
            data["bitrate"] = json!(64_000);
            data["user_limit"] = json!(0);
            data["rtc_region"] = Value::Null;
        }
        ChannelKind::Forum => {
            data["available_tags"] = json!([]);
            data["default_reaction_emoji"] = Value::Null;
            data["default_sort_order"] = Value::Null;
            data["default_forum_layout"] = json!(0);
        }
        ChannelKind::Text
        | ChannelKind::Direct
        | ChannelKind::Category
        | ChannelKind::Announcement
        | ChannelKind::AnnouncementThread
        | ChannelKind::PublicThread
        | ChannelKind::PrivateThread => {}
    }
    data
}

/// A webhook; its token is shown to those who made it, and to those who have it.
pub(crate) fn webhook(world: &World, webhook: &WebhookRecord, with_token: bool) -> Value {
    let mut data = json!({
        "id": webhook.id.to_string(),
        "type": 1,
        "guild_id": webhook.guild.to_string(),
        "channel_id": webhook.channel.to_string(),
        "name": webhook.name,
        "avatar": null,
        "application_id": webhook.application.map(|application| application.to_string()),
        "user": world.users.get(&webhook.maker).map(person::user),
    });
    if with_token {
        data["token"] = json!(webhook.token);
        data["url"] = json!(format!("https://discord.com/api/webhooks/{}/{}", webhook.id, webhook.token));
    }
    data
}
