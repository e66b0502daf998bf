use serenity::model::event::Event;

use super::*;
use crate::model::{ChannelKind, MessageKind, PresenceStatus};

fn user(id: u64, name: &str) -> Value {
    json!({
        "id": id.to_string(), "username": name, "discriminator": "0", "global_name": name.to_uppercase(),
        "avatar": "a_1269e74af4df7417b13759eae50c83dc", "bot": false, "public_flags": 64, "flags": 64,
        "avatar_decoration_data": null, "banner": null, "accent_color": null, "primary_guild": null, "collectibles": null
    })
}

fn member(id: u64, name: &str) -> Value {
    json!({
        "user": user(id, name), "nick": format!("{name} of the guild"), "avatar": "1269e74af4df7417b13759eae50c83dc",
        "roles": ["901", "902"], "joined_at": "2025-04-25T06:00:00.000000+00:00", "premium_since": null,
        "deaf": false, "mute": false, "pending": false, "flags": 0, "communication_disabled_until": null,
        "banner": null, "unusual_dm_activity_until": null
    })
}

fn presence(id: u64) -> Value {
    json!({
        "user": { "id": id.to_string() }, "status": "dnd", "client_status": { "desktop": "dnd" },
        "activities": [
            { "type": 4, "id": "custom", "name": "Custom Status", "state": "in a meeting", "created_at": 1_700_000_000_000_u64,
              "emoji": { "name": "cat", "id": "77", "animated": true } },
            { "type": 2, "id": "spotify:1", "name": "Spotify", "details": "Twisterella", "state": "Ride; Others",
              "created_at": 1_700_000_000_000_u64, "sync_id": "s", "flags": 48, "session_id": "x",
              "timestamps": { "start": 1_700_000_000_000_u64, "end": 1_700_000_200_000_u64 }, "party": { "id": "spotify:1" },
              "assets": { "large_image": "spotify:ab67", "large_text": "Going Blank Again" } }
        ]
    })
}

fn channel(id: u64, kind: u64) -> Value {
    json!({
        "id": id.to_string(), "type": kind, "guild_id": "900", "name": "general", "topic": "All of it", "position": 0,
        "parent_id": "800", "nsfw": false, "rate_limit_per_user": 0, "last_message_id": "4000", "flags": 0,
        "permission_overwrites": [
            { "id": "901", "type": 0, "allow": "1024", "deny": "2048" },
            { "id": "1001", "type": 1, "allow": "0", "deny": "1024" }
        ],
        "last_pin_timestamp": null, "icon_emoji": null, "theme_color": null
    })
}

fn thread(id: u64) -> Value {
    json!({
        "id": id.to_string(), "type": 11, "guild_id": "900", "name": "a thread", "parent_id": "500", "owner_id": "1001",
        "last_message_id": null, "message_count": 1, "member_count": 1, "rate_limit_per_user": 0, "total_message_sent": 1,
        "flags": 0, "newly_created": true,
        "thread_metadata": { "archived": false, "auto_archive_duration": 1440, "archive_timestamp": "2025-04-25T06:00:00+00:00",
            "locked": false, "create_timestamp": "2025-04-25T06:00:00+00:00" }
    })
}

fn role(id: u64) -> Value {
    json!({
        "id": id.to_string(), "name": "mods", "color": 3_447_003, "colors": { "primary_color": 3_447_003, "secondary_color": null, "tertiary_color": null },
        "hoist": true, "icon": null, "unicode_emoji": null, "position": 1, "permissions": "66321471", "managed": false,
        "mentionable": false, "flags": 0
    })
}

fn emoji(id: u64) -> Value {
    json!({ "id": id.to_string(), "name": "cat", "roles": [], "require_colons": true, "managed": false, "animated": true, "available": true })
}

fn guild_fields() -> Value {
    json!({
        "id": "900", "name": "Knitting", "icon": "1269e74af4df7417b13759eae50c83dc", "description": null, "home_header": null,
        "splash": null, "discovery_splash": null, "features": ["NEWS"], "banner": null, "owner_id": "1001",
        "application_id": null, "region": "deprecated", "afk_channel_id": null, "afk_timeout": 300, "system_channel_id": "500",
        "system_channel_flags": 0, "widget_enabled": false, "widget_channel_id": null, "verification_level": 1,
        "roles": [role(900), role(901)], "emojis": [emoji(77)], "stickers": [], "default_message_notifications": 1,
        "mfa_level": 0, "explicit_content_filter": 2, "max_presences": null, "max_members": 500_000,
        "max_video_channel_users": 25, "vanity_url_code": null, "premium_tier": 2, "premium_subscription_count": 7,
        "preferred_locale": "en-US", "rules_channel_id": null, "safety_alerts_channel_id": null,
        "public_updates_channel_id": null, "premium_progress_bar_enabled": false, "nsfw": false, "nsfw_level": 0,
        "max_stage_video_channel_users": 50
    })
}

fn guild() -> Value {
    let mut guild = guild_fields();
    let more = json!({
        "joined_at": "2025-04-25T06:00:00.000000+00:00", "large": false, "member_count": 2, "voice_states": [],
        "members": [member(1001, "ann"), member(1002, "bob")],
        "channels": [channel(500, 0), channel(501, 15)], "threads": [thread(600)],
        "presences": [presence(1001)], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        "unavailable": false
    });
    guild.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    guild
}

fn message() -> Value {
    json!({
        "id": "4001", "channel_id": "500", "guild_id": "900", "type": 19, "content": "so <@1002> <:cat:77>",
        "timestamp": "2025-04-25T06:00:00.000000+00:00", "edited_timestamp": "2025-04-25T06:01:00.000000+00:00",
        "tts": false, "mention_everyone": true, "pinned": false, "flags": 8192, "nonce": "n-1", "components": [],
        "author": user(1001, "ann"),
        "member": { "nick": "Ann of the guild", "avatar": null, "roles": ["901"], "joined_at": "2025-04-25T06:00:00.000000+00:00",
            "deaf": false, "mute": false, "flags": 0, "pending": false, "premium_since": null, "communication_disabled_until": null },
        "mentions": [user(1002, "bob")], "mention_roles": ["901"],
        "attachments": [{
            "id": "70", "filename": "a.png", "title": null, "description": "a cat", "content_type": "image/png", "size": 1234,
            "url": "https://cdn.discordapp.com/attachments/500/70/a.png?ex=1&is=2&hm=3&",
            "proxy_url": "https://media.discordapp.net/attachments/500/70/a.png?ex=1&is=2&hm=3&", "width": 10, "height": 10
        }],
        "embeds": [{
            "type": "rich", "title": "T", "description": "D", "url": "https://example.org/", "color": 1,
            "author": { "name": "A" }, "footer": { "text": "F" }, "image": { "url": "https://example.org/i.png" },
            "fields": [{ "name": "N", "value": "V", "inline": true }]
        }],
        "sticker_items": [{ "id": "88", "name": "wave", "format_type": 3 }],
        "message_reference": { "type": 0, "message_id": "4000", "channel_id": "500", "guild_id": "900" },
        "referenced_message": {
            "id": "4000", "channel_id": "500", "type": 0, "content": "first", "timestamp": "2025-04-25T05:00:00+00:00",
            "edited_timestamp": null, "tts": false, "mention_everyone": false, "pinned": false, "flags": 0, "components": [],
            "author": user(1002, "bob"), "mentions": [], "mention_roles": [], "attachments": [], "embeds": []
        },
        "poll": {
            "question": { "text": "Tea?" }, "expiry": "2025-04-26T06:00:00+00:00", "allow_multiselect": false, "layout_type": 1,
            "answers": [{ "answer_id": 1, "poll_media": { "text": "Yes", "emoji": { "name": "🍵" } } }]
        }
    })
}

fn forward() -> Value {
    json!({
        "id": "4002", "channel_id": "500", "guild_id": "900", "type": 0, "content": "",
        "timestamp": "2025-04-25T06:00:00.000000+00:00", "edited_timestamp": null, "tts": false, "mention_everyone": false,
        "pinned": false, "flags": 0, "components": [], "author": user(1001, "ann"), "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [],
        "message_reference": { "type": 1, "message_id": "3999", "channel_id": "501", "guild_id": "900" },
        "message_snapshots": [{ "message": {
            "type": 0, "content": "old news", "timestamp": "2025-04-20T06:00:00+00:00", "edited_timestamp": null, "flags": 0,
            "components": [], "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
            "sticker_items": [{ "id": "88", "name": "wave", "format_type": 1 }]
        } }]
    })
}

/// One event of each kind that is of use here, as Discord's documentation has them.
fn events() -> Vec<(&'static str, Value)> {
    let mut of_webhook = message();
    of_webhook["webhook_id"] = "9000".into();
    of_webhook["application_id"] = "1000".into();
    // serenity passes over the nonce and the poll of a message that changed; neither of them can change.
    let mut changed = of_webhook.clone();
    changed.as_object_mut().unwrap().retain(|field, _| field != "nonce" && field != "poll");
    let mut in_guild = member(1003, "cy");
    in_guild["guild_id"] = "900".into();
    let mut presence_told = presence(1001);
    presence_told["guild_id"] = "900".into();
    let reaction = json!({
        "user_id": "1001", "channel_id": "500", "message_id": "4001", "guild_id": "900", "member": member(1001, "ann"),
        "emoji": { "id": "77", "name": "cat", "animated": true }, "message_author_id": "1002", "burst": false, "type": 0
    });
    let mut took_back = reaction.clone();
    took_back.as_object_mut().unwrap().remove("member");
    took_back["emoji"] = json!({ "id": null, "name": "👍" });
    vec![
        (
            "READY",
            json!({
                "v": 10, "user": user(1000, "bot"), "guilds": [{ "id": "900", "unavailable": true }], "session_id": "s",
                "resume_gateway_url": "wss://gateway-us-east1-b.discord.gg", "session_type": "normal", "shard": [0, 1],
                "application": { "id": "1000", "flags": 565_248 }, "private_channels": [], "relationships": [],
                "presences": [], "guild_join_requests": [], "auth": {}, "_trace": []
            }),
        ),
        ("RESUMED", json!({ "_trace": [] })),
        ("GUILD_CREATE", guild()),
        ("GUILD_UPDATE", guild_fields()),
        ("GUILD_DELETE", json!({ "id": "900", "unavailable": true })),
        ("GUILD_DELETE", json!({ "id": "900" })),
        ("CHANNEL_CREATE", channel(500, 0)),
        ("CHANNEL_CREATE", channel(800, 4)),
        ("CHANNEL_UPDATE", channel(502, 2)),
        ("CHANNEL_UPDATE", channel(503, 15)),
        ("CHANNEL_DELETE", channel(500, 0)),
        ("CHANNEL_DELETE", channel(800, 4)),
        ("THREAD_CREATE", thread(600)),
        ("THREAD_UPDATE", thread(600)),
        ("THREAD_DELETE", json!({ "id": "600", "guild_id": "900", "parent_id": "500", "type": 11 })),
        ("THREAD_LIST_SYNC", json!({ "guild_id": "900", "threads": [thread(600)], "members": [] })),
        ("GUILD_ROLE_CREATE", json!({ "guild_id": "900", "role": role(901) })),
        ("GUILD_ROLE_UPDATE", json!({ "guild_id": "900", "role": role(902) })),
        ("GUILD_ROLE_DELETE", json!({ "guild_id": "900", "role_id": "902" })),
        ("GUILD_EMOJIS_UPDATE", json!({ "guild_id": "900", "emojis": [emoji(77), emoji(78)] })),
        ("GUILD_MEMBER_ADD", in_guild.clone()),
        ("GUILD_MEMBER_UPDATE", in_guild),
        ("GUILD_MEMBER_REMOVE", json!({ "guild_id": "900", "user": user(1003, "cy") })),
        (
            "GUILD_MEMBERS_CHUNK",
            json!({
                "guild_id": "900", "members": [member(1001, "ann"), member(1002, "bob")], "chunk_index": 0, "chunk_count": 2,
                "presences": [presence(1001)], "nonce": "1", "not_found": []
            }),
        ),
        (
            "GUILD_MEMBERS_CHUNK",
            json!({ "guild_id": "900", "members": [], "chunk_index": 1, "chunk_count": 2, "nonce": "1" }),
        ),
        ("PRESENCE_UPDATE", presence_told),
        ("USER_UPDATE", user(1000, "bot")),
        ("MESSAGE_CREATE", message()),
        ("MESSAGE_CREATE", of_webhook),
        ("MESSAGE_CREATE", forward()),
        ("MESSAGE_UPDATE", changed),
        ("MESSAGE_DELETE", json!({ "id": "4001", "channel_id": "500", "guild_id": "900" })),
        ("MESSAGE_DELETE_BULK", json!({ "ids": ["4001", "4002"], "channel_id": "500", "guild_id": "900" })),
        ("MESSAGE_REACTION_ADD", reaction),
        ("MESSAGE_REACTION_REMOVE", took_back),
        (
            "TYPING_START",
            json!({ "channel_id": "500", "guild_id": "900", "user_id": "1001", "timestamp": 1_745_560_800, "member": member(1001, "ann") }),
        ),
        ("WEBHOOKS_UPDATE", json!({ "guild_id": "900", "channel_id": "500" })),
    ]
}

/// What we have of an event after serenity has read it.
fn through_serenity(name: &str, data: &Value) -> Option<Happening> {
    let event: Event = serde_json::from_value(json!({ "t": name, "d": data })).unwrap();
    if let Event::Unknown(unknown) = &event {
        let direct = serde_json::from_str::<Event>(&json!({ "t": unknown.kind, "d": data }).to_string());
        panic!("serenity does not know {name}: {direct:?}");
    }
    assert_eq!(event.name().as_deref(), Some(name));
    let written = serde_json::to_value(&event).unwrap();
    happening(name, written["d"].clone()).unwrap_or_else(|fault| panic!("{name}: {fault}"))
}

/// The two things that serenity writes in other words: where Discord has `0` for people, who have no discriminator, it has nothing,
/// and it writes the same moment with a `Z`.
fn as_serenity_writes(data: Value) -> Value {
    match data {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, value)| name != "discriminator" || value != "0")
            .map(|(name, value)| (name, as_serenity_writes(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(as_serenity_writes).collect(),
        Value::String(text) => text.replace(".000000+00:00", "Z").into(),
        other => other,
    }
}

#[test]
fn every_kind_of_event_says_the_same_through_serenity_and_without_it() {
    for (name, data) in events() {
        assert!(is_wanted(name), "{name}");
        let direct = happening(name, as_serenity_writes(data.clone())).unwrap().expect(name);
        assert_eq!(through_serenity(name, &data).as_ref(), Some(&direct), "{name}");
    }
}

#[test]
fn a_guild_is_told_whole() {
    let Some(Happening::Guild(guild)) = happening("GUILD_CREATE", guild()).unwrap() else { panic!("a guild") };
    assert_eq!((guild.name.as_str(), guild.premium_tier, guild.member_count), ("Knitting", 2, 2));
    assert_eq!((guild.roles.len(), guild.emojis.len(), guild.members.len(), guild.threads.len()), (2, 1, 2, 1));
    assert_eq!(
        guild.channels.iter().map(|channel| channel.kind).collect::<Vec<_>>(),
        [ChannelKind::Text, ChannelKind::Forum]
    );
    assert_eq!(guild.presences.first().unwrap().status, PresenceStatus::DoNotDisturb);
    let Some(Happening::GuildChanged(changed)) = happening("GUILD_UPDATE", guild_fields()).unwrap() else {
        panic!("a changed guild")
    };
    assert!(changed.roles.is_empty() && changed.emojis.is_empty() && changed.name == "Knitting");
}

#[test]
fn a_guild_that_discord_has_trouble_with_is_not_an_empty_one() {
    let told = happening("GUILD_CREATE", json!({ "id": "900", "unavailable": true })).unwrap();
    assert_eq!(told, Some(Happening::GuildGone { guild: GuildId(900), unavailable: true }));
}

#[test]
fn a_message_is_told_whole() {
    let Some(Happening::Message(told)) = happening("MESSAGE_CREATE", message()).unwrap() else { panic!("a message") };
    assert_eq!((told.kind, told.content.as_str()), (MessageKind::Reply, "so <@1002> <:cat:77>"));
    assert!(told.is_voice() && told.mention_everyone && told.edited_timestamp.is_some());
    assert_eq!((told.attachments.len(), told.embeds.len(), told.sticker_items.len()), (1, 1, 1));
    assert_eq!(told.referenced_message.unwrap().content, "first");
    assert_eq!(told.poll.unwrap().answers.len(), 1);
}

#[test]
fn what_is_forwarded_is_told_and_so_is_what_an_answered_message_forwards() {
    let mut answer = message();
    answer["referenced_message"] = forward();
    let Some(Happening::Message(told)) = through_serenity("MESSAGE_CREATE", &answer) else { panic!("a message") };
    let forwarded = told.referenced_message.unwrap().message_snapshots;
    assert_eq!(forwarded.first().unwrap().message.content, "old news");
}

#[test]
fn the_last_piece_of_an_answer_is_marked() {
    let piece = |index: u64| {
        let data =
            json!({ "guild_id": "900", "members": [], "chunk_index": index, "chunk_count": 3, "presences": null });
        match happening("GUILD_MEMBERS_CHUNK", data).unwrap() {
            Some(Happening::Members { last, .. }) => last,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([piece(0), piece(1), piece(2), piece(u64::MAX)], [false, false, true, true]);
}

#[test]
fn what_is_of_no_use_is_passed_over_and_what_has_no_id_is_a_fault() {
    assert_eq!(happening("VOICE_STATE_UPDATE", json!({})).unwrap(), None);
    assert!(!is_wanted("VOICE_STATE_UPDATE"));
    assert!(happening("MESSAGE_CREATE", json!({ "content": "x" })).is_err());
    assert!(happening("GUILD_CREATE", json!([])).is_err());
}
