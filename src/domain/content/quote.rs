//! What is remembered of a message that was said, and how others speak of it: answers, changes, signs, removals.

use serde::{Deserialize, Serialize};

use super::{Content, Text};
use crate::{
    RemoteUser,
    media::{Attachment, Source},
};

/// How many characters of a message are quoted.
const LONGEST_QUOTE: usize = 60;

/// The first words of a message, and whose they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The name of whoever said it, where there can be doubt; empty where not.
    pub author: String,
    /// The first words.
    pub words: String,
}

/// What is remembered of a message or a reaction, after the message itself was delivered and forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gist {
    /// Who of the network said it; `None` for what the account's own user said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<RemoteUser>,
    /// The name they had; empty where the author is none of the network.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The first words. Of a reaction: nothing, as the message that it is on has them; earlier versions wrote them here.
    pub words: String,
    /// A digest of all that it says, by which a change that changes nothing is known.
    #[serde(skip_serializing_if = "is_zero")]
    pub digest: u64,
    /// The sign, where it is a reaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Gist {
    /// What is remembered of `content`, as `author` said it.
    #[must_use]
    pub fn of(content: &Content, author: Option<RemoteUser>, name: &str) -> Self {
        Self { author, name: name.to_owned(), words: first_words(content), digest: digest(content), sign: None }
    }

    /// Whether `content` says the same.
    #[must_use]
    pub fn says(&self, content: &Content) -> bool {
        self.digest == digest(content)
    }
}

/// The first words of a message: its first line, cut where it is long. Of what is no text, a word for what it is.
#[must_use]
pub fn first_words(content: &Content) -> String {
    match content {
        Content::Text(Text { text, .. }) | Content::Emote { text } => shortened(text),
        Content::Nudge => "a nudge".to_owned(),
        Content::File(attachment)
        | Content::Image(attachment)
        | Content::Voice(attachment)
        | Content::Ink(attachment) => shortened(&attachment.name),
        Content::Wink { title, .. } => shortened(title),
    }
}

/// The first line that says something, cut at the end of a word where it is long.
#[must_use]
pub fn shortened(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let Some((end, _)) = line.char_indices().nth(LONGEST_QUOTE) else { return line.to_owned() };
    let cut = line.get(..end).unwrap_or(line);
    let cut = cut.rsplit_once(' ').map_or(cut, |(words, _)| words);
    format!("{}...", cut.trim_end())
}

/// What somebody does, as a line that begins with who it is: `* Ann waves`, `* Ann, Bo and Cy wave`.
#[must_use]
pub fn done_by(who: &str, deed: &str) -> String {
    let space = if deed.starts_with(',') { "" } else { " " };
    format!("* {who}{space}{deed}")
}

/// Of the characters, and of the bytes beside them: other looks are no change worth a line. FNV-1a, as it has to be the same in every
/// version of this program; it finds what was not changed, and protects nothing.
fn digest(content: &Content) -> u64 {
    let said = match content {
        Content::Text(Text { text, .. }) | Content::Emote { text } => text.as_str(),
        Content::Nudge => "",
        Content::File(attachment)
        | Content::Image(attachment)
        | Content::Voice(attachment)
        | Content::Ink(attachment) => attachment.name.as_str(),
        Content::Wink { title, .. } => title.as_str(),
    };
    let file = content.attachment().map(file_words).unwrap_or_default();
    let all = content.kind().bytes().chain(said.trim().bytes()).chain(file.bytes());
    all.fold(0xcbf2_9ce4_8422_2325, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Which bytes an attachment has: another picture may have the same name.
fn file_words(Attachment { size, source, .. }: &Attachment) -> String {
    match source {
        Source::Blob(blob) => format!("\n{size} {blob}"),
        Source::Object(object) => format!("\n{size} {object}"),
    }
}

impl Content {
    /// This as an answer: what it answers stands in front, in a line of its own. What is no text stays as it is.
    #[must_use]
    pub fn answering(self, quote: &Quote) -> Self {
        let Quote { author, words } = quote;
        if words.is_empty() {
            return self;
        }
        let line = if author.is_empty() { format!("> {words}\n") } else { format!("> {author}: {words}\n") };
        match self {
            Self::Text(text) => Self::Text(text.preceded_by(&line)),
            Self::Emote { .. }
            | Self::Nudge
            | Self::File(_)
            | Self::Image(_)
            | Self::Voice(_)
            | Self::Ink(_)
            | Self::Wink { .. } => self,
        }
    }

    /// This as a change of what was said before.
    #[must_use]
    pub fn changed(self) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.preceded_by("* ")),
            Self::Emote { text } => Self::Text(Text::plain(format!("* {text}"))),
            Self::Nudge | Self::File(_) | Self::Image(_) | Self::Voice(_) | Self::Ink(_) | Self::Wink { .. } => self,
        }
    }

    /// That these signs were put on the message of these first words, by the sender of this line and `others`.
    #[must_use]
    pub fn reacted(others: &[String], signs: &[String], words: &str) -> Self {
        let with = match others {
            [] => String::new(),
            [one] => format!("and {one} "),
            [one, another] => format!(", {one} and {another} "),
            [one, rest @ ..] => format!(", {one} and {} others ", rest.len()),
        };
        Self::Emote { text: format!("{with}reacted with {} to {}", signs.join(" "), named(words)) }
    }

    /// That a sign was taken back from the message of these first words.
    #[must_use]
    pub fn unreacted(sign: &str, words: &str) -> Self {
        Self::Emote { text: format!("took back {sign} from {}", named(words)) }
    }

    /// That the message of these first words was deleted.
    #[must_use]
    pub fn deleted(words: &str) -> Self {
        Self::Emote {
            text: if words.is_empty() { "deleted a message".into() } else { format!("deleted: \"{words}\"") },
        }
    }

    /// What stands in place of a message that was deleted before anybody read it.
    #[must_use]
    pub fn erased() -> Self {
        Self::text("(deleted before it was read)")
    }
}

fn named(words: &str) -> String {
    if words.is_empty() { "a message".to_owned() } else { format!("\"{words}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::BlobId;

    #[test]
    fn a_quote_is_one_line_and_ends_with_a_word() {
        assert_eq!(shortened("\n  hello there \nmore"), "hello there");
        let long = "one two three four five six seven eight nine ten eleven twelve thirteen";
        assert_eq!(shortened(long), "one two three four five six seven eight nine ten eleven...");
        assert_eq!(shortened(&"é".repeat(80)), format!("{}...", "é".repeat(60)));
        assert_eq!(first_words(&Content::Nudge), "a nudge");
    }

    #[test]
    fn a_change_that_changes_nothing_is_known() {
        let gist = Gist::of(&Content::text("hello"), None, "");
        assert!(gist.says(&Content::text("hello")) && !gist.says(&Content::text("hello!")));
        let json = serde_json::to_string(&gist).unwrap();
        assert_eq!(serde_json::from_str::<Gist>(&json).unwrap(), gist);
    }

    #[test]
    fn another_picture_of_the_same_name_is_a_change() {
        let picture = |size, byte| {
            Content::Image(Attachment {
                name: "image.png".into(),
                media_type: "image/png".into(),
                size,
                source: Source::Blob(BlobId([byte; 32])),
                link: None,
            })
        };
        let gist = Gist::of(&picture(9, 1), None, "");
        assert!(gist.says(&picture(9, 1)) && !gist.says(&picture(9, 2)) && !gist.says(&picture(8, 1)));
        let wink = |thumbnail| Content::Wink { title: "Dance".into(), thumbnail };
        assert!(!Gist::of(&wink(None), None, "").says(&wink(picture(9, 1).attachment().cloned())));
    }

    #[test]
    fn what_is_said_of_a_message_names_its_first_words() {
        let quote = Quote { author: "Bob".into(), words: "lunch?".into() };
        assert_eq!(Content::text("yes").answering(&quote), Content::text("> Bob: lunch?\nyes"));
        assert_eq!(Content::Nudge.answering(&quote), Content::Nudge);
        assert_eq!(Content::text("noon").changed(), Content::text("* noon"));
        let reacted = |others: &[&str], signs: &[&str]| {
            let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
            let Content::Emote { text } = Content::reacted(&owned(others), &owned(signs), "lunch?") else { panic!() };
            text
        };
        assert_eq!(reacted(&[], &["(Y)"]), "reacted with (Y) to \"lunch?\"");
        assert_eq!(reacted(&["Ann"], &["(Y)", ":D"]), "and Ann reacted with (Y) :D to \"lunch?\"");
        assert_eq!(reacted(&["Ann", "Bo", "Cy"], &["(Y)"]), ", Ann and 2 others reacted with (Y) to \"lunch?\"");
        let line = |others: &[&str]| done_by("Zoe", &reacted(others, &["(Y)"]));
        assert_eq!(line(&[]), "* Zoe reacted with (Y) to \"lunch?\"");
        assert_eq!(line(&["Ann"]), "* Zoe and Ann reacted with (Y) to \"lunch?\"");
        assert_eq!(line(&["Ann", "Bo"]), "* Zoe, Ann and Bo reacted with (Y) to \"lunch?\"");
        assert_eq!(Content::deleted(""), Content::Emote { text: "deleted a message".into() });
        assert_eq!(Content::unreacted("(Y)", "a"), Content::Emote { text: "took back (Y) from \"a\"".into() });
    }
}
