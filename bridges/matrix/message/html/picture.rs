//! Pictures within HTML.

use html5ever::tokenizer::Tag;
use ruma::OwnedMxcUri;

use super::element::attribute;
use crate::message::RemoteEmoticon;

/// The longest word that an emoticon stands for, in characters.
const LONGEST_SHORTCUT: usize = 64;
/// The longest description of a picture that is shown, in characters.
const LONGEST_DESCRIPTION: usize = 200;

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Picture {
    /// An emoticon of the sender's own (MSC2545).
    Emoticon(RemoteEmoticon),
    /// Another, in words.
    Described(String),
}

impl Picture {
    /// Reads an `img`.
    pub(super) fn of(tag: &Tag) -> Self {
        let words = |name: &str| attribute(tag, name).map(str::trim).filter(|words| !words.is_empty());
        let uri = words("src").map(OwnedMxcUri::from).filter(|uri| uri.is_valid());
        let is_emoticon = attribute(tag, "data-mx-emoticon").is_some();
        match (uri, words("alt").into_iter().chain(words("title")).find_map(shortcut)) {
            (Some(uri), Some(shortcut)) if is_emoticon => Self::Emoticon(RemoteEmoticon { shortcut, uri }),
            (Some(_) | None, Some(shortcut)) if is_emoticon => Self::Described(shortcut),
            _ => {
                let described = words("alt").or_else(|| words("title"));
                let described: Option<String> =
                    described.map(|words| words.chars().take(LONGEST_DESCRIPTION).collect());
                Self::Described(described.map_or_else(|| "[image]".to_owned(), |words| format!("[image: {words}]")))
            }
        }
    }
}

/// The word that a picture with this description stands for. A bare name is put between colons: every such word of the text
/// would turn into a picture else.
fn shortcut(described: &str) -> Option<String> {
    if described.chars().count() > LONGEST_SHORTCUT || described.contains(|letter: char| letter.is_control()) {
        return None;
    }
    let word: String = described.split_whitespace().collect::<Vec<_>>().join("_");
    let is_bare = word.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '+'));
    Some(if is_bare { format!(":{word}:") } else { word })
}
