//! Text, and how parts of it look.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::media::Attachment;

/// A text: characters, how parts of them look, and pictures that stand for words in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Text {
    /// The characters, lines parted by `\n`.
    pub text: String,
    /// How parts of it look; they may overlap, and none reaches beyond the text or begins within a character.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// The pictures that stand for words in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emoticons: Vec<Emoticon>,
    /// Whether it is written from right to left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub right_to_left: bool,
}

/// A part of a text that looks otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Which part, in bytes of the text.
    pub range: Range<usize>,
    /// How it looks.
    pub style: Style,
}

/// How a part of a text looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Fat.
    Bold,
    /// Slanted.
    Italic,
    /// With a line below.
    Underline,
    /// Crossed out.
    Strike,
    /// In this colour: red, green, blue.
    Colour([u8; 3]),
    /// In this font.
    Font(String),
    /// As the source of a program.
    Code,
    /// A link to this address.
    Link(String),
}

/// A picture that stands for a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emoticon {
    /// The word.
    pub shortcut: String,
    /// The picture.
    pub picture: Attachment,
    /// Whether it moves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub animated: bool,
}

impl Text {
    /// These characters, without any looks.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The whole text in this style.
    #[must_use]
    pub fn styled(mut self, style: Style) -> Self {
        self.spans.push(Span { range: 0..self.text.len(), style });
        self
    }

    /// Whether there is nothing to it but its characters.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.spans.is_empty() && self.emoticons.is_empty() && !self.right_to_left
    }

    /// The text with `words` in front, which look like nothing in particular.
    #[must_use]
    pub fn preceded_by(mut self, words: &str) -> Self {
        self.text.insert_str(0, words);
        for span in &mut self.spans {
            span.range = span.range.start + words.len()..span.range.end + words.len();
        }
        self
    }

    /// What stands after the first `at` bytes, with its looks, and with the pictures that still stand for something. Nothing if that is within
    /// a character or behind the end.
    #[must_use]
    pub fn after(&self, at: usize) -> Self {
        let text = self.text.get(at..).unwrap_or_default();
        let spans = self.spans.iter().filter(|span| span.range.end > at && !text.is_empty()).map(|span| Span {
            range: span.range.start.saturating_sub(at)..span.range.end - at,
            style: span.style.clone(),
        });
        let emoticons = self.emoticons.iter().filter(|emoticon| text.contains(&emoticon.shortcut)).cloned();
        Self {
            text: text.to_owned(),
            spans: spans.collect(),
            emoticons: emoticons.collect(),
            right_to_left: self.right_to_left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_front_leave_the_looks_where_they_are() {
        let text = Text::plain("hello").styled(Style::Bold).preceded_by("Ann: ");
        assert_eq!(text.text, "Ann: hello");
        assert_eq!(text.text.get(text.spans[0].range.clone()), Some("hello"));
    }
}
