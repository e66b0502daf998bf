//! How values of the domain are written in columns, and read back.

use bridge::Action;
use domain::{
    Content, Guid, Lists, NetworkName, Passport, RemoteRoom, RemoteUser, Telephone, account::Prompt,
    contact::RemoteTarget, content::Gist, policy::Privacy,
};

use crate::StoreFault;

fn damaged(table: &'static str, problem: impl std::fmt::Display) -> StoreFault {
    StoreFault::Damaged { table, problem: problem.to_string() }
}

pub(crate) fn passport(table: &'static str, text: &str) -> Result<Passport, StoreFault> {
    if let Ok(telephone) = text.parse::<Telephone>() {
        return Ok(telephone.into());
    }
    text.parse().map_err(|fault| damaged(table, format!("an address {fault}")))
}

pub(crate) fn network(table: &'static str, text: &str) -> Result<NetworkName, StoreFault> {
    text.parse().map_err(|fault| damaged(table, format!("a network {fault}")))
}

pub(crate) fn guid(table: &'static str, text: &str) -> Result<Guid, StoreFault> {
    text.parse().map_err(|fault| damaged(table, format!("an id {fault}")))
}

pub(crate) fn lists(bits: i64) -> Result<Lists, StoreFault> {
    u8::try_from(bits).map(Lists::from_bits).map_err(|_| damaged("contact", "list bits out of range"))
}

pub(crate) const fn privacy_word(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Everybody => "everybody",
        Privacy::OnlyAllowed => "only allowed",
    }
}

pub(crate) fn privacy(word: &str) -> Result<Privacy, StoreFault> {
    match word {
        "everybody" => Ok(Privacy::Everybody),
        "only allowed" => Ok(Privacy::OnlyAllowed),
        _ => Err(damaged("account", "an unknown privacy")),
    }
}

pub(crate) const fn prompt_word(prompt: Prompt) -> &'static str {
    match prompt {
        Prompt::Ask => "ask",
        Prompt::Never => "never",
    }
}

pub(crate) fn prompt(word: &str) -> Result<Prompt, StoreFault> {
    match word {
        "ask" => Ok(Prompt::Ask),
        "never" => Ok(Prompt::Never),
        _ => Err(damaged("account", "an unknown prompt")),
    }
}

/// A text from elsewhere, as a column can have it. A server keeps no NUL in a text, and refuses all that comes with it: one hostile name
/// would hold up everything behind it. What stands in its place is the same on both databases.
pub(crate) fn text(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

/// The kind and the id of a target.
pub(crate) fn target_words(target: &RemoteTarget) -> (&'static str, String) {
    match target {
        RemoteTarget::Person(user) => ("person", text(user.as_str())),
        RemoteTarget::Room(room) => ("room", text(room.as_str())),
    }
}

pub(crate) fn target(kind: &str, id: String) -> Result<RemoteTarget, StoreFault> {
    match kind {
        "person" => Ok(RemoteTarget::Person(RemoteUser(id))),
        "room" => Ok(RemoteTarget::Room(RemoteRoom(id))),
        _ => Err(damaged("address", "an unknown kind")),
    }
}

/// What is said, as JSON. The parser's own words are left out of the fault: they may quote the text.
pub(crate) fn content(json: &str) -> Result<Content, StoreFault> {
    serde_json::from_str(json).map_err(|_| damaged("message", "unknown content"))
}

pub(crate) fn content_json(content: &Content) -> Result<String, StoreFault> {
    serde_json::to_string(content).map_err(|_| StoreFault::Query("a content has no JSON form".to_owned()))
}

/// What is remembered of a message; `None` where that cannot be read, since a message must not be held up by what is only known of
/// another one.
pub(crate) fn gist(json: &str) -> Option<Gist> {
    serde_json::from_str(json).ok()
}

pub(crate) fn gist_json(gist: &Gist) -> Result<String, StoreFault> {
    serde_json::to_string(gist).map_err(|_| StoreFault::Query("a gist has no JSON form".to_owned()))
}

pub(crate) fn action(json: &str) -> Result<Action, StoreFault> {
    serde_json::from_str(json).map_err(|_| damaged("outbox", "an unknown action"))
}

pub(crate) fn action_json(action: &Action) -> Result<String, StoreFault> {
    serde_json::to_string(action).map_err(|_| StoreFault::Query("an action has no JSON form".to_owned()))
}
