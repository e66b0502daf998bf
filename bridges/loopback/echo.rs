//! Echo, and how they answer.

use bridge::RemoteProfile;
use domain::{
    Content, PersonalMessage, RemoteUser, Timestamp,
    contact::RemoteTarget,
    presence::{Availability, OwnPresence, RemotePresence},
};

use crate::{
    drawings::Drawing,
    lines::{Gift, Line},
    recital,
    words::{self, Word},
};

/// Echo's id, and the name that finds them.
pub(crate) const ECHO: &str = "echo";

/// Echo's pictures, in the order in which they are worn; after the last comes the first.
pub(crate) const PICTURES: [Drawing; 4] = [
    Drawing::rings([30, 90, 200], [225, 236, 255]),
    Drawing::diamond([200, 60, 30], [255, 240, 225]),
    Drawing::rings([20, 120, 60], [230, 250, 230]),
    Drawing::diamond([110, 40, 140], [245, 232, 250]),
];

/// Echo's id.
pub(crate) fn user() -> RemoteUser {
    RemoteUser(ECHO.to_owned())
}

/// Where one speaks with Echo alone.
pub(crate) fn place() -> RemoteTarget {
    RemoteTarget::Person(user())
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

/// What Echo can see while they answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    /// What the account shows, once it has shown something.
    pub(crate) account: Option<&'a OwnPresence>,
    /// The address of the room of five, if it has one.
    pub(crate) room: Option<&'a str>,
}

/// What Echo says, and whether they change their picture, which is the same for everybody.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) lines: Vec<Line>,
    pub(crate) next_picture: bool,
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

    /// What Echo answers to `told`; a word that they obey may change the mood.
    pub(crate) fn answer(&mut self, told: &Content, sight: Sight<'_>) -> Answer {
        let word = match told {
            Content::Text(text) => Word::of(&text.text),
            Content::Emote { .. }
            | Content::Nudge
            | Content::File(_)
            | Content::Image(_)
            | Content::Voice(_)
            | Content::Ink(_)
            | Content::Wink { .. } => None,
        };
        let lines = match word {
            Some(word) => self.obey(word, sight),
            None => vec![Line::Repeated(told.clone())],
        };
        Answer { lines, next_picture: word == Some(Word::Picture) }
    }

    fn obey(&mut self, word: Word<'_>, sight: Sight<'_>) -> Vec<Line> {
        match word {
            Word::Away => self.become_so(Availability::Away, "I am away now."),
            Word::Busy => self.become_so(Availability::Busy, "I am busy now."),
            Word::Online => self.become_so(Availability::Online, "I am back."),
            Word::Status(line) => {
                line.clone_into(&mut self.line);
                vec![Line::text(if line.is_empty() { "My status is empty now." } else { "Look at my status." })]
            }
            Word::Me => vec![Line::text(recital::likeness(sight.account))],
            Word::Nudge => vec![Line::Plain(Content::Nudge), Line::text("That was a nudge.")],
            Word::Picture => vec![Line::text("Look at my picture.")],
            Word::File => vec![Line::Own(Gift::File)],
            Word::Image => vec![Line::Own(Gift::Image)],
            Word::Emoticon => vec![Line::Own(Gift::Emoticons)],
            Word::Ink => vec![Line::Own(Gift::Ink)],
            Word::Voice => vec![Line::Own(Gift::Voice)],
            Word::Wink => vec![Line::Own(Gift::Wink)],
            Word::Bold => [recital::bold(), recital::motley()].map(|text| Line::Plain(Content::Text(text))).into(),
            Word::Long => vec![Line::text(recital::long())],
            Word::Room => vec![Line::text(match sight.room {
                Some(room) => format!("We meet in {room}: add it to your contacts, and say something there."),
                None => "This server's domain is too long: our room has no address.".to_owned(),
            })],
            Word::Help => vec![Line::text(words::help())],
        }
    }

    fn become_so(&mut self, availability: Availability, answer: &str) -> Vec<Line> {
        self.availability = availability;
        vec![Line::text(answer)]
    }
}

#[cfg(test)]
mod tests {
    use domain::content::{Style, Text};

    use super::*;

    const SIGHT: Sight<'_> = Sight { account: None, room: Some("room@rooms.loopback.msn.example") };

    fn answer(mood: &mut Mood, told: &str) -> Vec<Line> {
        mood.answer(&Content::text(told), SIGHT).lines
    }

    #[test]
    fn what_is_no_word_of_command_is_repeated_exactly() {
        for told in ["hello", "  two  blanks ", "go away", "away with it", "line\nline", "nudge me", ""] {
            let mut mood = Mood::default();
            assert_eq!(answer(&mut mood, told), [Line::Repeated(Content::text(told))]);
            assert_eq!(mood, Mood::default());
        }
        let emote = Content::Emote { text: "away".to_owned() };
        let bold = Content::Text(Text::plain("hello").styled(Style::Bold));
        for told in [emote, bold, Content::Nudge] {
            let expected = Answer { lines: vec![Line::Repeated(told.clone())], next_picture: false };
            assert_eq!(Mood::default().answer(&told, SIGHT), expected);
        }
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
        assert_eq!(answer(&mut mood, "status  in the  garden "), [Line::text("Look at my status.")]);
        assert_eq!(mood.line, "in the  garden");
        answer(&mut mood, "status");
        assert_eq!(mood.line, "");
        assert_eq!(answer(&mut mood, "nudge").first(), Some(&Line::Plain(Content::Nudge)));
        assert_eq!(answer(&mut mood, "me"), [Line::text("I do not see you.")]);
        let told = format!("{:?}", answer(&mut mood, "room"));
        assert!(told.contains("room@rooms.loopback.msn.example"), "{told}");
    }

    #[test]
    fn only_the_word_changes_the_picture() {
        let mut mood = Mood::default();
        assert!(mood.answer(&Content::text("Picture"), SIGHT).next_picture);
        assert!(!mood.answer(&Content::text("file"), SIGHT).next_picture);
        assert_eq!(mood, Mood::default());
    }
}
