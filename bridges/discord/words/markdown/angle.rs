//! What stands between angle brackets: mentions, custom emojis, moments, commands, addresses. (Forms: "Message formatting" of
//! Discord's developer documentation.)

use super::address::is_address;
use crate::model::{ChannelId, EmojiId, RoleId, UserId};

/// The longest of them, in bytes: an address.
const LONGEST: usize = 2000;
/// The longest name of a custom emoji, in bytes.
const LONGEST_NAME: usize = 64;

/// Something between angle brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Angle<'source> {
    User(UserId),
    Role(RoleId),
    Channel(ChannelId),
    Emoji {
        id: EmojiId,
        name: &'source str,
        animated: bool,
    },
    Moment {
        seconds: i64,
        style: Option<char>,
    },
    /// A command of an application, with its subcommands.
    Command(&'source str),
    Place(Place),
    /// An address whose page is not shown.
    Address(&'source str),
}

/// A page of a guild that is no channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Customize,
    Browse,
    Guide,
    Home,
    LinkedRoles,
}

/// Reads what `source` begins with, and how many bytes it has; `None` if that is nothing of the kind.
pub(super) fn read(source: &str) -> Option<(Angle<'_>, usize)> {
    let inner = source.strip_prefix('<')?;
    let inner = inner.get(..inner.floor_char_boundary(LONGEST)).unwrap_or_default();
    // Stopping at the next bracket keeps a row of open ones from being read again and again.
    let end = inner.find(['>', '<', '\n']).filter(|end| inner.as_bytes().get(*end) == Some(&b'>'))?;
    let inner = inner.get(..end)?;
    Some((of(inner)?, inner.len() + 2))
}

fn of(inner: &str) -> Option<Angle<'_>> {
    if let Some(id) = inner.strip_prefix("@&") {
        return digits(id).map(|id| Angle::Role(RoleId(id)));
    }
    if let Some(id) = inner.strip_prefix('@') {
        return digits(id.strip_prefix('!').unwrap_or(id)).map(|id| Angle::User(UserId(id)));
    }
    if let Some(id) = inner.strip_prefix('#') {
        return digits(id).map(|id| Angle::Channel(ChannelId(id)));
    }
    if let Some(emoji) = inner.strip_prefix(':') {
        return emoji_of(emoji, false);
    }
    if let Some(emoji) = inner.strip_prefix("a:") {
        return emoji_of(emoji, true);
    }
    if let Some(moment) = inner.strip_prefix("t:") {
        return moment_of(moment);
    }
    if let Some(command) = inner.strip_prefix('/') {
        let (name, id) = command.rsplit_once(':')?;
        return digits(id).filter(|_| !name.trim().is_empty()).map(|_| Angle::Command(name));
    }
    if let Some(place) = inner.strip_prefix("id:") {
        return place_of(place).map(Angle::Place);
    }
    let address = inner.strip_prefix("mailto:").filter(|letter_box| letter_box.contains('@')).unwrap_or(inner);
    let is_whole = !inner.contains(char::is_whitespace) && (address != inner || is_address(inner));
    is_whole.then_some(Angle::Address(address))
}

fn emoji_of(text: &str, animated: bool) -> Option<Angle<'_>> {
    let (name, id) = text.split_once(':')?;
    let is_name = (1..=LONGEST_NAME).contains(&name.len())
        && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '~' | '-'));
    digits(id).filter(|_| is_name).map(|id| Angle::Emoji { id: EmojiId(id), name, animated })
}

fn moment_of(text: &str) -> Option<Angle<'static>> {
    let (seconds, style) = text.split_once(':').map_or((text, None), |(seconds, style)| (seconds, Some(style)));
    let style = match style {
        None => None,
        Some(style) => {
            let is_style = matches!(style, "t" | "T" | "d" | "D" | "f" | "F" | "s" | "S" | "R");
            Some(style.chars().next().filter(|_| is_style)?)
        }
    };
    seconds.parse().ok().map(|seconds| Angle::Moment { seconds, style })
}

fn place_of(text: &str) -> Option<Place> {
    match text.split(':').next()? {
        "customize" => Some(Place::Customize),
        "browse" => Some(Place::Browse),
        "guide" => Some(Place::Guide),
        "home" => Some(Place::Home),
        "linked-roles" => Some(Place::LinkedRoles),
        _ => None,
    }
}

/// An id: digits and nothing else, which parsing a number alone would not make sure of.
fn digits(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}
