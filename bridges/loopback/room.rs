//! The room of five: the account, and four people who answer what is said there. Each account has such a room to itself.

use bridge::{Host, RemoteProfile, RoomProfile};
use domain::{Content, Realm, RemoteRoom, RemoteUser, contact::RemoteTarget};

use crate::{deeds::Deed, drawings::Drawing, lines::Line};

/// The room's id, and the name that finds it.
pub(crate) const ROOM: &str = "room";

/// The room's picture.
pub(crate) const PICTURE: Drawing = Drawing::diamond([60, 60, 60], [220, 220, 220]);

/// The room's id.
pub(crate) fn id() -> RemoteRoom {
    RemoteRoom(ROOM.to_owned())
}

/// The room, as somewhere to speak.
pub(crate) fn place() -> RemoteTarget {
    RemoteTarget::Room(id())
}

/// What the room is about until somebody says otherwise.
pub(crate) const TOPIC: &str = "Ask, and Daphne answers";

/// The room, as others see it.
pub(crate) fn profile(topic: &str) -> RoomProfile {
    let (name, topic) = ("The room of five".to_owned(), topic.to_owned());
    RoomProfile { room: id(), name, login: ROOM.to_owned(), server: None, topic }
}

/// The address under which a contact list has the room; a domain may be too long for one.
pub(crate) fn address(host: &dyn Host) -> Option<String> {
    let realm = Realm::new(host.domain(), Vec::new());
    let address = realm.allot_room(host.network(), (ROOM, None), ROOM, |_| false)?;
    Some(address.as_str().to_owned())
}

/// One of the four who are in the room beside the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    Iris,
    Pan,
    Daphne,
    Hermes,
}

impl Person {
    pub(crate) const ALL: [Self; 4] = [Self::Iris, Self::Pan, Self::Daphne, Self::Hermes];

    const fn login(self) -> &'static str {
        match self {
            Self::Iris => "iris",
            Self::Pan => "pan",
            Self::Daphne => "daphne",
            Self::Hermes => "hermes",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Iris => "Iris",
            Self::Pan => "Pan",
            Self::Daphne => "Daphne",
            Self::Hermes => "Hermes",
        }
    }

    pub(crate) const fn picture(self) -> Drawing {
        match self {
            Self::Iris => Drawing::rings([150, 60, 170], [250, 240, 255]),
            Self::Pan => Drawing::diamond([90, 70, 30], [235, 245, 220]),
            Self::Daphne => Drawing::rings([30, 110, 60], [240, 255, 240]),
            Self::Hermes => Drawing::diamond([190, 150, 20], [255, 250, 225]),
        }
    }

    pub(crate) fn user(self) -> RemoteUser {
        RemoteUser(self.login().to_owned())
    }

    /// The person of this id.
    pub(crate) fn of(user: &RemoteUser) -> Option<Self> {
        Self::ALL.into_iter().find(|person| person.login() == user.as_str())
    }

    /// The person, as others see them.
    pub(crate) fn profile(self) -> RemoteProfile {
        RemoteProfile {
            user: self.user(),
            name: self.name().to_owned(),
            login: self.login().to_owned(),
            server: None,
            account: None,
        }
    }
}

/// Who is seen typing before `told` is answered.
pub(crate) fn typist(told: &Content) -> Person {
    replies(told).first().map_or(Person::Iris, |(person, _)| *person)
}

/// Whether an answer to `told` is for the one who said it, rather than for everybody.
pub(crate) fn is_for_one(told: &Content) -> bool {
    match told {
        Content::Text(text) => text.text.trim_end().ends_with('?'),
        Content::Nudge => true,
        Content::Emote { .. }
        | Content::File(_)
        | Content::Image(_)
        | Content::Voice(_)
        | Content::Ink(_)
        | Content::Wink { .. } => false,
    }
}

/// What is answered to `told`, by whom; the first is seen typing before.
pub(crate) fn replies(told: &Content) -> Vec<(Person, Deed)> {
    match told {
        Content::Nudge => nudge(),
        Content::Text(text) => match word(&text.text) {
            Some(word) => obey(word),
            None if is_for_one(told) => {
                vec![(Person::Daphne, Deed::text("A good question.")), (Person::Hermes, Deed::text("Echo will know."))]
            }
            None => {
                let quoted = Content::Text(text.clone().preceded_by("I heard: "));
                vec![(Person::Iris, Deed::Say(Line::Repeated(quoted))), (Person::Pan, Deed::text("So did I."))]
            }
        },
        Content::File(_) | Content::Image(_) | Content::Voice(_) | Content::Ink(_) => vec![
            (Person::Daphne, Deed::Say(Line::Repeated(told.clone()))),
            (Person::Hermes, Deed::text("We have it now.")),
        ],
        Content::Emote { .. } | Content::Wink { .. } => {
            vec![(Person::Hermes, Deed::Say(Line::Repeated(told.clone())))]
        }
    }
}

/// A word that the people of the room obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Nudge,
    Reply,
    React,
    Edit,
    Delete,
}

fn word(text: &str) -> Option<Word> {
    const WORDS: [(&str, Word); 5] = [
        ("nudge", Word::Nudge),
        ("reply", Word::Reply),
        ("react", Word::React),
        ("edit", Word::Edit),
        ("delete", Word::Delete),
    ];
    WORDS.iter().find(|(name, _)| text.trim().eq_ignore_ascii_case(name)).map(|(_, word)| *word)
}

fn obey(word: Word) -> Vec<(Person, Deed)> {
    match word {
        Word::Nudge => nudge(),
        Word::Reply => vec![(Person::Iris, Deed::Reply(Line::text("This is my answer to you.")))],
        Word::React => [Person::Iris, Person::Pan].map(|person| (person, Deed::React("\u{1F44D}"))).into(),
        Word::Edit => vec![
            (Person::Pan, Deed::text("This will change.")),
            (Person::Pan, Deed::Edit(Line::text("This has changed."))),
        ],
        Word::Delete => vec![(Person::Pan, Deed::text("This will be gone.")), (Person::Pan, Deed::Delete)],
    }
}

fn nudge() -> Vec<(Person, Deed)> {
    vec![(Person::Pan, Deed::Say(Line::Plain(Content::Nudge))), (Person::Iris, Deed::text("Pan, we heard you."))]
}

#[cfg(test)]
mod tests {
    use domain::content::{Style, Text};

    use super::*;

    #[test]
    fn two_different_people_answer() {
        for told in [Content::text("hello"), Content::text("why?"), Content::text(" NUDGE "), Content::Nudge] {
            let replies = replies(&told);
            assert_ne!(replies[0].0, replies[1].0, "{told:?}");
        }
    }

    #[test]
    fn a_nudge_is_given_back_and_a_text_is_quoted_with_its_looks() {
        assert_eq!(replies(&Content::text("nudge"))[0], (Person::Pan, Deed::Say(Line::Plain(Content::Nudge))));
        let told = Text::plain("hello").styled(Style::Bold);
        let (Person::Iris, Deed::Say(Line::Repeated(Content::Text(quoted)))) = &replies(&Content::Text(told))[0] else {
            panic!("Iris quotes")
        };
        assert_eq!(quoted.text, "I heard: hello");
        assert_eq!(quoted.text.get(quoted.spans[0].range.clone()), Some("hello"));
    }

    #[test]
    fn people_are_found_by_their_ids() {
        for person in Person::ALL {
            assert_eq!(Person::of(&person.profile().user), Some(person));
        }
        assert_eq!(Person::of(&RemoteUser("echo".to_owned())), None);
    }
}
