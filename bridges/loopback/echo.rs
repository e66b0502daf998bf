//! Echo, and how they answer.

use bridge::RemoteProfile;
use domain::{
    Content, PersonalMessage, RemoteUser, Timestamp,
    contact::RemoteTarget,
    presence::{Availability, OwnPresence, RemotePresence},
};

use crate::{
    deeds::Deed,
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

/// The signs that Echo puts on what they are told.
pub(crate) const SIGNS: [&str; 2] = ["\u{1F44D}", "\u{2764}\u{FE0F}"];

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
    RemoteProfile { user: user(), name: "Echo".to_owned(), login: ECHO.to_owned(), server: None, account: None }
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
    /// Whether what is heard answers something that Echo said.
    pub(crate) is_answer: bool,
    /// The first words of what the account has seen last of what Echo said.
    pub(crate) read: Option<&'a str>,
}

/// What Echo does, and whether they change their picture, which is the same for everybody.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) deeds: Vec<Deed>,
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
        let deeds = match word {
            Some(word) => self.obey(word, sight),
            // Whoever answers Echo is quoted: so it can be seen that the answer came as one.
            None if sight.is_answer => vec![Deed::Reply(Line::Repeated(told.clone()))],
            None => vec![Deed::Say(Line::Repeated(told.clone()))],
        };
        Answer { deeds, next_picture: word == Some(Word::Picture) }
    }

    fn obey(&mut self, word: Word<'_>, sight: Sight<'_>) -> Vec<Deed> {
        match word {
            Word::Away => self.become_so(Availability::Away, "I am away now."),
            Word::Busy => self.become_so(Availability::Busy, "I am busy now."),
            Word::Online => self.become_so(Availability::Online, "I am back."),
            Word::Status(line) => {
                line.clone_into(&mut self.line);
                vec![Deed::text(if line.is_empty() { "My status is empty now." } else { "Look at my status." })]
            }
            Word::Me => vec![Deed::text(recital::likeness(sight.account))],
            Word::Nudge => vec![Deed::Say(Line::Plain(Content::Nudge)), Deed::text("That was a nudge.")],
            Word::Picture => vec![Deed::text("Look at my picture.")],
            Word::File => vec![Deed::Say(Line::Own(Gift::File))],
            Word::Image => vec![Deed::Say(Line::Own(Gift::Image))],
            Word::Emoticon => vec![Deed::Say(Line::Own(Gift::Emoticons))],
            Word::Ink => vec![Deed::Say(Line::Own(Gift::Ink))],
            Word::Voice => vec![Deed::Say(Line::Own(Gift::Voice))],
            Word::Wink => vec![Deed::Say(Line::Own(Gift::Wink))],
            Word::Bold => {
                [recital::bold(), recital::motley()].map(|text| Deed::Say(Line::Plain(Content::Text(text)))).into()
            }
            Word::Long => vec![Deed::text(recital::long())],
            Word::Reply => vec![Deed::Reply(Line::text("This is my answer to you."))],
            Word::React => SIGNS.map(Deed::React).into(),
            Word::Unreact => vec![Deed::TakeBack],
            Word::Edit => {
                vec![Deed::text("This will change."), Deed::Edit(Line::text("This has changed."))]
            }
            Word::Delete => vec![Deed::text("This will be gone."), Deed::Delete],
            Word::Read => vec![Deed::text(match sight.read {
                Some(words) => format!("You have seen: \"{words}\""),
                None => "I do not know what you have seen.".to_owned(),
            })],
            Word::Invite => vec![Deed::Invite, Deed::text("Do you come into our room?")],
            Word::Bring => vec![Deed::Bring, Deed::text("You are in our room now.")],
            Word::ShowOut => vec![Deed::ShowOut, Deed::text("You are in our room no more.")],
            Word::Room => vec![Deed::text(match sight.room {
                Some(room) => format!("We meet in {room}: add it to your contacts, and say something there."),
                None => "This server's domain is too long: our room has no address.".to_owned(),
            })],
            Word::Help => vec![Deed::text(words::help())],
        }
    }

    fn become_so(&mut self, availability: Availability, answer: &str) -> Vec<Deed> {
        self.availability = availability;
        vec![Deed::text(answer)]
    }
}

#[cfg(test)]
mod tests {
    use domain::content::{Style, Text};

    use super::*;

    const SIGHT: Sight<'_> =
        Sight { account: None, room: Some("room@rooms.loopback.msn.example"), is_answer: false, read: None };

    fn answer(mood: &mut Mood, told: &str) -> Vec<Deed> {
        mood.answer(&Content::text(told), SIGHT).deeds
    }

    #[test]
    fn what_is_no_word_of_command_is_repeated_exactly() {
        for told in ["hello", "  two  blanks ", "go away", "away with it", "line\nline", "nudge me", ""] {
            let mut mood = Mood::default();
            assert_eq!(answer(&mut mood, told), [Deed::Say(Line::Repeated(Content::text(told)))]);
            assert_eq!(mood, Mood::default());
        }
        let emote = Content::Emote { text: "away".to_owned() };
        let bold = Content::Text(Text::plain("hello").styled(Style::Bold));
        for told in [emote, bold, Content::Nudge] {
            let deeds = vec![Deed::Say(Line::Repeated(told.clone()))];
            let expected = Answer { deeds, next_picture: false };
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
        assert_eq!(answer(&mut mood, "status  in the  garden "), [Deed::text("Look at my status.")]);
        assert_eq!(mood.line, "in the  garden");
        answer(&mut mood, "status");
        assert_eq!(mood.line, "");
        assert_eq!(answer(&mut mood, "nudge").first(), Some(&Deed::Say(Line::Plain(Content::Nudge))));
        assert_eq!(answer(&mut mood, "me"), [Deed::text("I do not see you.")]);
        let told = format!("{:?}", answer(&mut mood, "room"));
        assert!(told.contains("room@rooms.loopback.msn.example"), "{told}");
    }

    #[test]
    fn an_answer_to_echo_is_answered_with_a_quote() {
        let answered = Mood::default().answer(&Content::text("yes"), Sight { is_answer: true, ..SIGHT });
        assert_eq!(answered.deeds, [Deed::Reply(Line::Repeated(Content::text("yes")))]);
    }

    #[test]
    fn only_the_word_changes_the_picture() {
        let mut mood = Mood::default();
        assert!(mood.answer(&Content::text("Picture"), SIGHT).next_picture);
        assert!(!mood.answer(&Content::text("file"), SIGHT).next_picture);
        assert_eq!(mood, Mood::default());
    }
}
