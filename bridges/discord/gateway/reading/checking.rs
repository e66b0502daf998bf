//! What holds for any event: used by the fuzz target.

use serde_json::{Value, json};

use super::{happening, is_wanted, user_of, wrapped};
use crate::{
    event::Happening,
    words::{check_message, check_presence},
};

/// A field that Discord does not have.
const NEWS: &str = "chrysalis_of_tomorrow";

/// Reads a text as an event: its name, a line break, and its data in JSON. Whether something has happened.
///
/// # Panics
/// Where an event of use says nothing or one of no use something, where a new field makes a difference, where a list is not in the order of its
/// ids, or where what was said or shown breaks a promise.
pub(crate) fn check(text: &str) -> bool {
    let Some((name, data)) = text.split_once('\n') else { return false };
    let Ok(data) = serde_json::from_str::<Value>(data) else { return false };
    let told = happening(name, data.clone());
    if !is_wanted(name) {
        assert!(matches!(told, Ok(None)), "{name} is of no use");
        return false;
    }
    let Ok(told) = told else { return false };
    assert!(told.is_some(), "{name} is of use");
    check_loosely(name, &data, told.as_ref());
    if let Some(told) = &told {
        check_told(told);
    }
    true
}

/// What Discord adds one day changes nothing, and what is wrapped already stays as it is.
fn check_loosely(name: &str, data: &Value, told: Option<&Happening>) {
    let again = |data: Value| happening(name, data).ok().flatten();
    assert_eq!(again(wrapped(data.clone())).as_ref(), told, "{name} is wrapped");
    let mut newer = data.clone();
    if let Some(fields) = newer.as_object_mut()
        && fields.insert(NEWS.to_owned(), json!({ "id": "1" })).is_none()
    {
        assert_eq!(again(newer).as_ref(), told, "{name} with a new field");
    }
}

fn check_told(told: &Happening) {
    match told {
        Happening::Guild(guild) => {
            assert!(guild.roles.is_sorted_by_key(|role| role.id), "roles");
            assert!(guild.emojis.is_sorted_by_key(|emoji| emoji.id), "emojis");
            assert!(guild.channels.is_sorted_by_key(|channel| channel.id), "channels");
            assert!(guild.threads.is_sorted_by_key(|thread| thread.id), "threads");
            assert!(guild.members.is_sorted_by_key(user_of), "members");
            guild.presences.iter().for_each(check_presence);
        }
        Happening::GuildChanged(guild) => {
            assert!(guild.roles.is_empty() && guild.emojis.is_empty(), "roles and emojis are told by themselves");
        }
        Happening::Emojis { emojis, .. } => assert!(emojis.is_sorted_by_key(|emoji| emoji.id), "emojis"),
        Happening::Members { members, presences, .. } => {
            assert!(members.is_sorted_by_key(user_of), "members");
            presences.iter().for_each(check_presence);
        }
        Happening::Presence { presence, .. } => check_presence(presence),
        Happening::Message(message) | Happening::MessageChanged(message) => check_message(message),
        Happening::Ready { .. }
        | Happening::Resumed
        | Happening::GuildGone { .. }
        | Happening::Channel(_)
        | Happening::ChannelGone { .. }
        | Happening::Threads { .. }
        | Happening::Role { .. }
        | Happening::RoleGone { .. }
        | Happening::Member { .. }
        | Happening::MemberGone { .. }
        | Happening::Me(_)
        | Happening::MessagesGone { .. }
        | Happening::Reaction { .. }
        | Happening::Typing { .. }
        | Happening::WebhooksChanged { .. } => {}
    }
}
