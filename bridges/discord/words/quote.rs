//! How others speak of a message.

use domain::content::{Quote, bounded_name, shortened};

use super::{Names, Part, inward};
use crate::model::{EmojiSign, Message};

/// The first words of a message, and whose they are.
pub(crate) fn quote(message: &Message, names: &dyn Names) -> Quote {
    Quote { author: author(message, names), words: said(message, names) }
}

/// The name that the author of a message shows: that of a webhook where it was said through one. Empty where there is no author.
pub(crate) fn author(message: &Message, names: &dyn Names) -> String {
    let Some(author) = &message.author else { return String::new() };
    let nick = message.member.as_ref().and_then(|member| member.nick.clone()).filter(|nick| !nick.is_empty());
    let known = if message.webhook_id.is_some() { None } else { nick.or_else(|| names.user(author.id)) };
    bounded_name(known.as_deref().unwrap_or_else(|| author.shown_name()))
}

/// An emoji as people write it: itself, or `:name:` of a custom one.
pub(crate) fn sign(emoji: &EmojiSign) -> String {
    let name = bounded_name(emoji.name.as_deref().unwrap_or_default());
    match emoji.id {
        None => name,
        Some(_) if name.is_empty() => ":emoji:".to_owned(),
        Some(_) => format!(":{name}:"),
    }
}

/// The first words of a message, or a word for what it is.
pub(super) fn said(message: &Message, names: &dyn Names) -> String {
    match inward(message, names).parts.first() {
        None => String::new(),
        Some(Part::Text(wording)) => shortened(&wording.text.text),
        Some(Part::Emote(deed)) => shortened(deed),
        Some(Part::Picture(file) | Part::File(file)) => shortened(&file.filename),
        Some(Part::Voice(_)) => "a voice message".to_owned(),
        Some(Part::Sticker(sticker)) => format!("[sticker: {}]", bounded_name(&sticker.name)),
    }
}
