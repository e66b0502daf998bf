//! What happened in a channel, as Discord writes it there.

use domain::content::bounded_name;

use super::{Names, Part, Wording, poll, said};
use crate::model::{Message, MessageKind};

/// What a message tells that nobody said.
pub(super) enum Notice {
    Told(Part),
    /// Nobody needs to know.
    Nothing,
    /// Its words and blocks have to speak for themselves.
    Words,
}

/// What a message tells that nobody said. (Kinds: "Message Types" of Discord's developer documentation.)
pub(super) fn of(message: &Message, names: &dyn Names) -> Notice {
    let name = bounded_name(&message.content);
    let named = || if name.is_empty() { String::new() } else { format!(" \"{name}\"") };
    let deed = match message.kind {
        MessageKind::Joined => return Notice::Nothing,
        MessageKind::PollResult => return Notice::Told(Part::Text(Wording::plain(poll::ended(&message.embeds)))),
        MessageKind::Call => "started a call".to_owned(),
        MessageKind::ChannelRenamed => format!("renamed this channel to{}", named()),
        MessageKind::Pinned => {
            let pinned = message.referenced_message.as_deref().map(|pinned| said(pinned, names));
            let words = pinned.filter(|words| !words.is_empty());
            words.map_or_else(|| "pinned a message".to_owned(), |words| format!("pinned a message: \"{words}\""))
        }
        MessageKind::Boosted(tier) => boosted(&message.content, tier),
        MessageKind::Followed => {
            format!("follows{} from here: its announcements will appear in this channel", named())
        }
        MessageKind::ThreadBegun => format!("began the thread{}", named()),
        MessageKind::Other(number) => match other(number, message, names) {
            Some(deed) => deed,
            None => return Notice::Words,
        },
        MessageKind::Said | MessageKind::Reply | MessageKind::Command | MessageKind::ThreadStarter => {
            return Notice::Words;
        }
    };
    Notice::Told(Part::Emote(deed))
}

fn boosted(times: &str, tier: u8) -> String {
    let times = times.trim().parse::<u32>().ok().filter(|times| *times > 1);
    let times = times.map_or_else(String::new, |times| format!(" {times} times"));
    let level = if tier > 0 { format!(", which has reached level {tier}") } else { String::new() };
    format!("boosted the server{times}{level}")
}

/// Kinds that are rare; `None` for those that nothing is known of.
fn other(number: u64, message: &Message, names: &dyn Names) -> Option<String> {
    let name = bounded_name(&message.content);
    let person = message.mentions.first();
    let person = person.map(|user| names.user(user.id).unwrap_or_else(|| user.shown_name().to_owned()));
    let person = person.map_or_else(|| "somebody".to_owned(), |person| bounded_name(&person));
    Some(match number {
        1 => format!("added {person}"),
        2 => format!("removed {person}"),
        5 => "changed the picture of this channel".to_owned(),
        25 => "became a subscriber of this server".to_owned(),
        27 => format!("opened the stage \"{name}\""),
        28 => format!("closed the stage \"{name}\""),
        29 => "is a speaker on the stage now".to_owned(),
        31 => format!("changed the topic of the stage to \"{name}\""),
        32 => "subscribed this server to an app".to_owned(),
        36 => "has switched on the security measures of this server".to_owned(),
        37 => "has switched off the security measures of this server".to_owned(),
        38 => "has reported a raid on this server".to_owned(),
        39 => "has reported that there was no raid on this server".to_owned(),
        44 => "has bought something in the shop of this server".to_owned(),
        _ => return None,
    })
}
