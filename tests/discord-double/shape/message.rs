//! Messages, with all that hangs on them.

use serde_json::{Value, json};

use crate::id::{Id, written};
use crate::shape::{guild, person};
use crate::world::World;
use crate::world::message::{Attachment, Author, HAS_SNAPSHOT, Message, MessageKind, Reference};

/// A message as it stands, without the guild.
pub(crate) fn message(world: &World, message: &Message) -> Value {
    let mut data = bare(world, message);
    let answered = message.reference.filter(|reference| !reference.forward);
    if let Some(reference) = message.reference {
        data["message_reference"] = reference_json(&reference);
    }
    if message.kind == MessageKind::Reply {
        let found = answered.and_then(|reference| world.message(reference.channel, reference.message?));
        // What was answered is shown, but not what that answered in its turn; null says that it is gone.
        data["referenced_message"] = found.map(|found| bare(world, found)).unwrap_or_default();
    }
    if let Some(snapshot) = &message.snapshot {
        data["message_snapshots"] = json!([{"message": snapshot}]);
    }
    if let Some(thread) = world.channels.get(&message.id).filter(|thread| thread.parent == Some(message.channel)) {
        data["thread"] = guild::channel(world, thread);
    }
    data
}

/// A message without what it points at.
fn bare(world: &World, message: &Message) -> Value {
    let mentions: Vec<Value> =
        message.mentions.iter().filter_map(|user| world.users.get(user)).map(person::user).collect();
    let mut data = json!({
        "id": message.id.to_string(),
        "channel_id": message.channel.to_string(),
        "type": message.kind.number(),
        "author": author(world, &message.author),
        "content": message.content,
        "timestamp": written(message.id.made()),
        "edited_timestamp": message.edited.map(written),
        "tts": false,
        "mention_everyone": message.mention_everyone,
        "mentions": mentions,
        "mention_roles": message.mention_roles.iter().map(Id::to_string).collect::<Vec<_>>(),
        "attachments": attachments(world, message),
        "embeds": message.embeds,
        "pinned": message.pinned,
        "flags": message.flags | if message.snapshot.is_some() { HAS_SNAPSHOT } else { 0 },
        "components": [],
    });
    if !message.stickers.is_empty() {
        data["sticker_items"] = message
            .stickers
            .iter()
            .map(|sticker| json!({"id": sticker.id.to_string(), "name": sticker.name, "format_type": sticker.format}))
            .collect();
    }
    if !message.reactions.is_empty() {
        data["reactions"] = message
            .reactions
            .iter()
            .map(|(emoji, people)| {
                json!({
                    "emoji": reaction_emoji(world, emoji),
                    "count": people.len(),
                    "count_details": {"burst": 0, "normal": people.len()},
                    "me": false,
                    "me_burst": false,
                    "burst_colors": [],
                })
            })
            .collect();
    }
    if let Some(poll) = &message.poll {
        data["poll"] = poll.clone();
    }
    if let Some(nonce) = &message.nonce {
        data["nonce"] = json!(nonce);
    }
    if let Author::Webhook { id, .. } = &message.author {
        data["webhook_id"] = json!(id.to_string());
        let webhook = world.webhooks.get(id);
        if let Some(application) = webhook.and_then(|webhook| webhook.application) {
            data["application_id"] = json!(application.to_string());
        }
    }
    data
}

fn author(world: &World, author: &Author) -> Value {
    match author {
        Author::User(user) => world.users.get(user).map(person::user).unwrap_or_default(),
        Author::Webhook { id, name, avatar_url } => json!({
            "id": id.to_string(),
            "username": name,
            // Discord keeps the picture that it fetches, and names it by its hash.
            "avatar": avatar_url.as_ref().map(|url| {
                use sha2::Digest as _;
                crate::world::keeping::hexadecimal(&sha2::Sha256::digest(url.as_bytes())).split_at(32).0.to_owned()
            }),
            "discriminator": "0000",
            "global_name": null,
            "bot": true,
            "public_flags": 0,
            "flags": 0,
        }),
    }
}

fn attachments(world: &World, message: &Message) -> Vec<Value> {
    message.attachments.iter().map(|attachment| attachment_json(world, message.channel, attachment)).collect()
}

fn attachment_json(world: &World, channel: Id, attachment: &Attachment) -> Value {
    let url = world.attachment_url(channel, attachment.id, &attachment.name);
    let mut data = json!({
        "id": attachment.id.to_string(),
        "filename": attachment.name,
        "size": attachment.bytes.len(),
        "url": url,
        "proxy_url": url,
    });
    if let Some(kind) = &attachment.content_type {
        data["content_type"] = json!(kind);
    }
    if let Some(description) = &attachment.description {
        data["description"] = json!(description);
    }
    if let Some((width, height)) = attachment.size {
        data["width"] = json!(width);
        data["height"] = json!(height);
    }
    if let Some((seconds, waveform)) = &attachment.voice {
        data["duration_secs"] = json!(seconds);
        data["waveform"] = json!(waveform);
    }
    data
}

fn reference_json(reference: &Reference) -> Value {
    let mut data = json!({"type": u8::from(reference.forward), "channel_id": reference.channel.to_string()});
    if let Some(message) = reference.message {
        data["message_id"] = json!(message.to_string());
    }
    if let Some(guild) = reference.guild {
        data["guild_id"] = json!(guild.to_string());
    }
    data
}

/// The emoji of a reaction: a character, or one of a guild, written `name:id`.
pub(crate) fn reaction_emoji(world: &World, emoji: &str) -> Value {
    let custom = emoji.rsplit_once(':').and_then(|(name, id)| Some((name, id.parse::<Id>().ok()?)));
    match custom {
        Some((name, id)) => {
            let animated = world.guilds.values().filter_map(|guild| guild.emojis.get(&id)).any(|emoji| emoji.animated);
            json!({"id": id.to_string(), "name": name, "animated": animated})
        }
        None => json!({"id": null, "name": emoji}),
    }
}
