//! Characters that would act as markdown, and get a backslash.

use super::Stretch;

/// What begins something between angle brackets.
const ANGLES: [&str; 11] =
    ["<@", "<#", "<:", "</", "<a:", "<t:", "<id:", "<sound:", "<mailto:", "<http://", "<https://"];
/// What the addresses of pages begin with, before `://`.
const SCHEMES: [&str; 2] = ["http", "https"];
/// What calls everybody, or everybody who is there.
const CALLS: [&str; 2] = ["@everyone", "@here"];

/// What has to be known of a text to say which of its characters would act.
pub(super) struct Escapes<'text> {
    text: &'text str,
    /// Where the last `](` is, by which alone a bracket can begin a link.
    last_target: Option<usize>,
    /// Where the last `>` is.
    last_angle: Option<usize>,
    /// Whether an underscore stands where it cannot be escaped: it may end what one within a word begins.
    has_underscore: bool,
}

impl<'text> Escapes<'text> {
    pub(super) fn of(text: &'text str, stretches: &[Stretch]) -> Self {
        // Behind every underscore but the last, what follows it is the beginning of the next part.
        let ends_word = |part: &str| !part.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        let has_underscore = stretches.iter().any(|stretch| stretch.verbatim(text).split('_').skip(1).any(ends_word));
        Self { text, last_target: text.rfind("]("), last_angle: text.rfind('>'), has_underscore }
    }

    /// Whether this character of the text would act; `is_border` where what stands before or behind it may be written otherwise than
    /// in the text. In doubt it would: a backslash too many is not seen.
    pub(super) fn acts(&self, at: usize, letter: char, is_border: bool) -> bool {
        let rest = self.text.get(at..).unwrap_or_default();
        let before = self.text.get(..at).and_then(|before| before.chars().next_back());
        let next = rest.chars().nth(1);
        let is_word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
        let is_blank = |letter: Option<char>| letter.is_some_and(char::is_whitespace);
        match letter {
            '\\' | '`' => true,
            '*' => is_border || self.is_first(at) || !(is_blank(before) && is_blank(next)),
            '_' => is_border || self.has_underscore || !(is_word(before) && is_word(next)),
            '~' | '|' => is_border || before == Some(letter) || next == Some(letter),
            '[' => self.last_target.is_some_and(|last| at < last),
            '<' => self.last_angle.is_some_and(|last| at < last) && ANGLES.iter().any(|angle| rest.starts_with(angle)),
            '@' => CALLS.iter().any(|call| rest.starts_with(call)),
            '>' | '-' => self.is_first(at),
            '#' => self.is_first(at) && rest.trim_start_matches('#').starts_with(' '),
            '.' => next == Some(' ') && self.is_numbering(at),
            // Where no address was found, Discord must find none: to it, an angle bracket may stand within one.
            ':' => rest.starts_with("://") && SCHEMES.iter().any(|scheme| self.ends_before(at, scheme)),
            _ => false,
        }
    }

    fn ends_before(&self, at: usize, word: &str) -> bool {
        self.text.get(..at).is_some_and(|before| before.ends_with(word))
    }

    fn is_first(&self, at: usize) -> bool {
        self.text
            .get(..at)
            .unwrap_or_default()
            .trim_end_matches(' ')
            .chars()
            .next_back()
            .is_none_or(|last| last == '\n')
    }

    /// Lists are numbered anew by Discord.
    fn is_numbering(&self, at: usize) -> bool {
        let digits = self.text.get(..at).unwrap_or_default().trim_end_matches(|last: char| last.is_ascii_digit());
        digits.len() < at && self.is_first(digits.len())
    }
}
