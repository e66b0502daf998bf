//! What people and rooms elsewhere are called, and what rooms are about: whatever a network tells, it becomes one line of bounded
//! length before anything keeps or shows it.

/// The longest name of a person or a room elsewhere, in characters.
pub const LONGEST_NAME: usize = 128;

/// The longest topic of a room elsewhere, in characters.
pub const LONGEST_TOPIC: usize = 500;

/// A name as one line of at most [`LONGEST_NAME`] characters; empty if it shows nothing.
#[must_use]
pub fn bounded_name(name: &str) -> String {
    line(name, LONGEST_NAME)
}

/// A topic as one line of at most [`LONGEST_TOPIC`] characters; empty if it shows nothing.
#[must_use]
pub fn bounded_topic(topic: &str) -> String {
    line(topic, LONGEST_TOPIC)
}

/// Control characters, and what parts lines, become spaces.
fn line(text: &str, longest: usize) -> String {
    let is_apart = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let is_empty = |letter: char| letter.is_whitespace() || is_apart(letter);
    let cut: String = text.trim_matches(is_empty).chars().take(longest).collect();
    cut.trim_end_matches(is_empty).replace(is_apart, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(bounded_name("Ann of Example"), "Ann of Example");
        assert_eq!(bounded_name("\n Ann\r\nLee\u{2028}\u{7} "), "Ann  Lee");
        assert_eq!(bounded_name(" \t\0"), "");
        assert_eq!(bounded_name(&"é".repeat(60_000)), "é".repeat(128));
        assert_eq!(bounded_name(&format!("{} more", "a".repeat(127))), "a".repeat(127));
        assert_eq!(bounded_topic(&"x\n".repeat(60_000)).chars().count(), 499);
    }
}
