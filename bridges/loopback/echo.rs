//! Echo, and how they answer.

use bridge::RemoteProfile;
use domain::{
    Content, PersonalMessage, RemoteUser, Timestamp,
    presence::{Availability, RemotePresence},
};

/// Echo's id, and the name that finds them.
pub(crate) const ECHO: &str = "echo";

/// Echo's id.
pub(crate) fn user() -> RemoteUser {
    RemoteUser(ECHO.to_owned())
}

/// Echo, as others see them.
pub(crate) fn profile() -> RemoteProfile {
    RemoteProfile { user: user(), name: "Echo".to_owned(), login: ECHO.to_owned(), server: None }
}

/// How Echo shows themselves to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mood {
    pub(crate) availability: Availability,
    pub(crate) line: String,
}

impl Default for Mood {
    fn default() -> Self {
        Self { availability: Availability::Online, line: "say something".to_owned() }
    }
}

impl Mood {
    pub(crate) fn presence(&self, now: Timestamp) -> RemotePresence {
        RemotePresence {
            availability: self.availability,
            last_active: Some(now),
            personal_message: PersonalMessage::of(self.line.clone()),
        }
    }

    /// What Echo answers to `told`; a word that they obey changes the mood.
    pub(crate) fn answer(&mut self, told: &Content) -> Vec<Content> {
        let Content::Text { text } = told else {
            return vec![told.clone()];
        };
        let (word, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        match (word.to_lowercase().as_str(), rest.trim_start()) {
            ("away", "") => self.become_so(Availability::Away, "I am away now."),
            ("busy", "") => self.become_so(Availability::Busy, "I am busy now."),
            ("online", "") => self.become_so(Availability::Online, "I am back."),
            ("status", line) => {
                line.clone_into(&mut self.line);
                let answer = if line.is_empty() { "My status is empty now." } else { "Look at my status." };
                vec![Content::text(answer)]
            }
            ("nudge", "") => vec![Content::Nudge, Content::text("That was a nudge.")],
            _ => vec![told.clone()],
        }
    }

    fn become_so(&mut self, availability: Availability, answer: &str) -> Vec<Content> {
        self.availability = availability;
        vec![Content::text(answer)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(mood: &mut Mood, told: &str) -> Vec<Content> {
        mood.answer(&Content::text(told))
    }

    #[test]
    fn what_is_no_word_of_command_is_repeated_exactly() {
        for told in ["hello", "  two  blanks ", "go away", "away with it", "line\nline", "nudge me", ""] {
            let mut mood = Mood::default();
            assert_eq!(answer(&mut mood, told), [Content::text(told)]);
            assert_eq!(mood, Mood::default());
        }
        let emote = Content::Emote { text: "away".to_owned() };
        assert_eq!(Mood::default().answer(&emote), [emote]);
        assert_eq!(Mood::default().answer(&Content::Nudge), [Content::Nudge]);
    }

    #[test]
    fn words_of_command_are_obeyed_and_answered() {
        let mut mood = Mood::default();
        for (word, availability) in
            [("away", Availability::Away), (" Busy\n", Availability::Busy), ("ONLINE", Availability::Online)]
        {
            assert_eq!(answer(&mut mood, word).len(), 1);
            assert_eq!(mood.availability, availability, "{word}");
        }
        assert_ne!(answer(&mut mood, "status  in the  garden "), [Content::text("status  in the  garden ")]);
        assert_eq!(mood.line, "in the  garden");
        answer(&mut mood, "status");
        assert_eq!(mood.line, "");
        assert_eq!(answer(&mut mood, "nudge").first(), Some(&Content::Nudge));
    }
}
