//! The marks around words, and what they mean.

use domain::content::Style;

/// A mark that stands before and after words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Star,
    DoubleStar,
    Underscore,
    DoubleUnderscore,
    Strike,
    Spoiler,
}

/// What a mark turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Begin,
    End,
    /// Characters like any others.
    Plain,
}

/// What a mark makes of the words within.
pub(super) enum Meaning {
    Look(Style),
    /// Messenger hides nothing: it is said in front of them and behind them.
    Words(&'static str, &'static str),
}

impl Mark {
    /// What this letter means alone and doubled.
    pub(super) const fn emphasis(letter: char) -> (Self, Self) {
        if letter == '*' { (Self::Star, Self::DoubleStar) } else { (Self::Underscore, Self::DoubleUnderscore) }
    }

    pub(super) const fn written(self) -> &'static str {
        match self {
            Self::Star => "*",
            Self::DoubleStar => "**",
            Self::Underscore => "_",
            Self::DoubleUnderscore => "__",
            Self::Strike => "~~",
            Self::Spoiler => "||",
        }
    }

    pub(super) const fn meaning(self) -> Meaning {
        match self {
            Self::Star | Self::Underscore => Meaning::Look(Style::Italic),
            Self::DoubleStar => Meaning::Look(Style::Bold),
            Self::DoubleUnderscore => Meaning::Look(Style::Underline),
            Self::Strike => Meaning::Look(Style::Strike),
            Self::Spoiler => Meaning::Words("[spoiler: ", "]"),
        }
    }

    /// Whether an address that stands within these marks ends where `rest` begins. A single underscore is a part of too many
    /// addresses to end one, unless nothing of a word follows.
    pub(super) fn may_end_at(self, rest: &str) -> bool {
        let is_word = |rest: &str| rest.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
        rest.strip_prefix(self.written()).is_some_and(|behind| self != Self::Underscore || !is_word(behind))
    }
}
