//! What an event of the gateway says, by its name and data (Discord's developer documentation: "Gateway Events").

mod checking;

use serde::{
    Deserialize,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Value, json};
use serde_with::{DefaultOnError, VecSkipError, serde_as};

use crate::{
    event::Happening,
    model::{
        Application, Channel, ChannelId, EmojiSign, Guild, GuildEmoji, GuildId, Member, MessageId, Presence, Role,
        RoleId, User, UserId,
    },
};

pub(crate) use checking::check;

#[serde_as]
#[derive(Deserialize)]
struct Ready {
    user: User,
    application: Application,
    #[serde(default)]
    #[serde_as(deserialize_as = "VecSkipError<_>")]
    guilds: Vec<GuildKey>,
}

#[serde_as]
#[derive(Deserialize)]
struct GuildKey {
    id: GuildId,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    unavailable: bool,
}

#[derive(Deserialize)]
struct ChannelKey {
    id: ChannelId,
    #[serde(default)]
    guild_id: Option<GuildId>,
}

#[serde_as]
#[derive(Deserialize)]
struct Threads {
    guild_id: GuildId,
    #[serde(default)]
    #[serde_as(deserialize_as = "VecSkipError<_>")]
    threads: Vec<Channel>,
}

/// Discord names the guild beside the role, serenity within it.
#[derive(Deserialize)]
struct RoleTold {
    #[serde(default)]
    guild_id: Option<GuildId>,
    role: RoleOfGuild,
}

#[derive(Deserialize)]
struct RoleOfGuild {
    #[serde(default)]
    guild_id: Option<GuildId>,
    #[serde(flatten)]
    role: Role,
}

#[derive(Deserialize)]
struct RoleKey {
    guild_id: GuildId,
    role_id: RoleId,
}

#[serde_as]
#[derive(Deserialize)]
struct Emojis {
    guild_id: GuildId,
    #[serde(default)]
    #[serde_as(deserialize_as = "VecSkipError<_>")]
    emojis: Vec<GuildEmoji>,
}

#[derive(Deserialize)]
struct InGuild<T> {
    guild_id: GuildId,
    #[serde(flatten)]
    what: T,
}

#[derive(Deserialize)]
struct MemberKey {
    guild_id: GuildId,
    user: User,
}

/// One piece of an answer.
#[serde_as]
#[derive(Deserialize)]
struct Piece {
    guild_id: GuildId,
    #[serde(default)]
    #[serde_as(deserialize_as = "VecSkipError<_>")]
    members: Vec<Member>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<Option<VecSkipError<_>>>")]
    presences: Option<Vec<Presence>>,
    #[serde(default)]
    chunk_index: u64,
    #[serde(default)]
    chunk_count: u64,
}

#[derive(Deserialize)]
struct MaybeInGuild {
    #[serde(default)]
    guild_id: Option<GuildId>,
}

#[derive(Deserialize)]
struct MessageKey {
    id: MessageId,
    channel_id: ChannelId,
    #[serde(default)]
    guild_id: Option<GuildId>,
}

#[derive(Deserialize)]
struct MessageKeys {
    ids: Vec<MessageId>,
    channel_id: ChannelId,
    #[serde(default)]
    guild_id: Option<GuildId>,
}

#[serde_as]
#[derive(Deserialize)]
struct Reaction {
    #[serde(default)]
    guild_id: Option<GuildId>,
    channel_id: ChannelId,
    message_id: MessageId,
    user_id: UserId,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    member: Option<Box<Member>>,
    emoji: EmojiSign,
}

#[serde_as]
#[derive(Deserialize)]
struct Typing {
    #[serde(default)]
    guild_id: Option<GuildId>,
    channel_id: ChannelId,
    user_id: UserId,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    member: Option<Box<Member>>,
}

#[derive(Deserialize)]
struct Webhooks {
    guild_id: GuildId,
    channel_id: ChannelId,
}

/// Whether events of this name are of use here.
pub(super) fn is_wanted(name: &str) -> bool {
    matches!(
        name,
        "READY"
            | "RESUMED"
            | "GUILD_CREATE"
            | "GUILD_UPDATE"
            | "GUILD_DELETE"
            | "CHANNEL_CREATE"
            | "CHANNEL_UPDATE"
            | "CHANNEL_DELETE"
            | "THREAD_CREATE"
            | "THREAD_UPDATE"
            | "THREAD_DELETE"
            | "THREAD_LIST_SYNC"
            | "GUILD_ROLE_CREATE"
            | "GUILD_ROLE_UPDATE"
            | "GUILD_ROLE_DELETE"
            | "GUILD_EMOJIS_UPDATE"
            | "GUILD_MEMBER_ADD"
            | "GUILD_MEMBER_UPDATE"
            | "GUILD_MEMBER_REMOVE"
            | "GUILD_MEMBERS_CHUNK"
            | "PRESENCE_UPDATE"
            | "USER_UPDATE"
            | "MESSAGE_CREATE"
            | "MESSAGE_UPDATE"
            | "MESSAGE_DELETE"
            | "MESSAGE_DELETE_BULK"
            | "MESSAGE_REACTION_ADD"
            | "MESSAGE_REACTION_REMOVE"
            | "TYPING_START"
            | "WEBHOOKS_UPDATE"
    )
}

/// What happened; `None` where it is of no use here.
pub(super) fn happening(name: &str, data: Value) -> serde_json::Result<Option<Happening>> {
    Ok(Some(match name {
        "READY" => {
            let Ready { user, application, guilds } = read(data)?;
            Happening::Ready { me: user, application, guilds: guilds.into_iter().map(|guild| guild.id).collect() }
        }
        "RESUMED" => Happening::Resumed,
        "GUILD_CREATE" => {
            let GuildKey { id, unavailable } = GuildKey::deserialize(&data)?;
            if unavailable {
                // Discord has trouble with it and tells nothing more: it must not be taken for an empty one.
                Happening::GuildGone { guild: id, unavailable }
            } else {
                Happening::Guild(Box::new(in_order(read(data)?)))
            }
        }
        "GUILD_UPDATE" => {
            // Roles and emojis are told by events of their own; here they are to be passed over like the lists that are missing.
            let guild: Guild = read(data)?;
            Happening::GuildChanged(Box::new(Guild { roles: Vec::new(), emojis: Vec::new(), ..guild }))
        }
        "GUILD_DELETE" => {
            let GuildKey { id, unavailable } = read(data)?;
            Happening::GuildGone { guild: id, unavailable }
        }
        "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => Happening::Channel(read(data)?),
        "CHANNEL_DELETE" | "THREAD_DELETE" => {
            let ChannelKey { id, guild_id } = read(data)?;
            Happening::ChannelGone { guild: guild_id, channel: id }
        }
        "THREAD_LIST_SYNC" => {
            let Threads { guild_id, threads } = read(data)?;
            Happening::Threads { guild: guild_id, threads }
        }
        "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => {
            let RoleTold { guild_id, role } = read(data)?;
            let guild = guild_id.or(role.guild_id).ok_or_else(|| serde_json::Error::missing_field("guild_id"))?;
            Happening::Role { guild, role: role.role }
        }
        "GUILD_ROLE_DELETE" => {
            let RoleKey { guild_id, role_id } = read(data)?;
            Happening::RoleGone { guild: guild_id, role: role_id }
        }
        "GUILD_EMOJIS_UPDATE" => {
            let Emojis { guild_id, mut emojis } = read(data)?;
            emojis.sort_unstable_by_key(|emoji| emoji.id);
            Happening::Emojis { guild: guild_id, emojis }
        }
        "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" => {
            let InGuild { guild_id, what } = read(data)?;
            Happening::Member { guild: guild_id, member: what }
        }
        "GUILD_MEMBER_REMOVE" => {
            let MemberKey { guild_id, user } = read(data)?;
            Happening::MemberGone { guild: guild_id, user: user.id }
        }
        "GUILD_MEMBERS_CHUNK" => {
            let Piece { guild_id, mut members, presences, chunk_index, chunk_count } = read(data)?;
            members.sort_unstable_by_key(user_of);
            let (presences, last) = (presences.unwrap_or_default(), chunk_index >= chunk_count.saturating_sub(1));
            Happening::Members { guild: guild_id, members, presences, last }
        }
        "PRESENCE_UPDATE" => {
            let MaybeInGuild { guild_id } = MaybeInGuild::deserialize(&data)?;
            Happening::Presence { guild: guild_id, presence: read(data)? }
        }
        "USER_UPDATE" => Happening::Me(read(data)?),
        "MESSAGE_CREATE" => Happening::Message(read(wrapped(data))?),
        "MESSAGE_UPDATE" => Happening::MessageChanged(read(wrapped(data))?),
        "MESSAGE_DELETE" => {
            let MessageKey { id, channel_id, guild_id } = read(data)?;
            Happening::MessagesGone { guild: guild_id, channel: channel_id, messages: vec![id] }
        }
        "MESSAGE_DELETE_BULK" => {
            let MessageKeys { ids, channel_id, guild_id } = read(data)?;
            Happening::MessagesGone { guild: guild_id, channel: channel_id, messages: ids }
        }
        "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE" => {
            let Reaction { guild_id, channel_id, message_id, user_id, member, emoji } = read(data)?;
            Happening::Reaction {
                guild: guild_id,
                channel: channel_id,
                message: message_id,
                user: user_id,
                member,
                emoji,
                added: name == "MESSAGE_REACTION_ADD",
            }
        }
        "TYPING_START" => {
            let Typing { guild_id, channel_id, user_id, member } = read(data)?;
            Happening::Typing { guild: guild_id, channel: channel_id, user: user_id, member }
        }
        "WEBHOOKS_UPDATE" => {
            let Webhooks { guild_id, channel_id } = read(data)?;
            Happening::WebhooksChanged { guild: guild_id, channel: channel_id }
        }
        _ => return Ok(None),
    }))
}

/// The same guild with its lists in the order of their ids: serenity keeps some of them in none.
fn in_order(mut guild: Guild) -> Guild {
    guild.roles.sort_unstable_by_key(|role| role.id);
    guild.emojis.sort_unstable_by_key(|emoji| emoji.id);
    guild.channels.sort_unstable_by_key(|channel| channel.id);
    guild.threads.sort_unstable_by_key(|thread| thread.id);
    guild.members.sort_unstable_by_key(user_of);
    guild.presences.sort_unstable_by_key(|presence| presence.user.id);
    guild
}

/// The same message with what it forwards as Discord has it, each within a `message`: serenity takes that away, for the message that
/// this one answers as well.
fn wrapped(mut message: Value) -> Value {
    if let Some(answered) = message.get_mut("referenced_message") {
        *answered = wrapped(answered.take());
    }
    let snapshots = message.get_mut("message_snapshots").and_then(Value::as_array_mut);
    for snapshot in snapshots.into_iter().flatten().filter(|snapshot| snapshot.get("message").is_none()) {
        *snapshot = json!({ "message": snapshot.take() });
    }
    message
}

fn user_of(member: &Member) -> Option<UserId> {
    member.user.as_ref().map(|user| user.id)
}

fn read<T: DeserializeOwned>(data: Value) -> serde_json::Result<T> {
    serde_json::from_value(data)
}

#[cfg(test)]
mod tests;
