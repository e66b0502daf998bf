//! The room of five: the account, and four people who answer what is said there. Each account has such a room to itself.

use bridge::{Host, RemoteProfile, RoomProfile};
use domain::{Content, Realm, RemoteRoom, RemoteUser, contact::RemoteTarget};

use crate::{drawings::Drawing, lines::Line};

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

/// The room, as others see it.
pub(crate) fn profile() -> RoomProfile {
    let (name, topic) = ("The room of five".to_owned(), "Ask, and Daphne answers".to_owned());
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
        RemoteProfile { user: self.user(), name: self.name().to_owned(), login: self.login().to_owned(), server: None }
    }
}

/// What is answered in the room: one line, or two by different people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replies {
    /// Who says this is seen typing before.
    pub(crate) first: (Person, Line),
    pub(crate) second: Option<(Person, Line)>,
}

/// What is answered to `told`.
pub(crate) fn replies(told: &Content) -> Replies {
    let (first, second) = match told {
        Content::Nudge => nudge(),
        Content::Text(text) if text.text.trim().eq_ignore_ascii_case("nudge") => nudge(),
        Content::Text(text) if text.text.trim_end().ends_with('?') => {
            ((Person::Daphne, Line::text("A good question.")), Some((Person::Hermes, Line::text("Echo will know."))))
        }
        Content::Text(text) => {
            let quoted = Content::Text(text.clone().preceded_by("I heard: "));
            ((Person::Iris, Line::Repeated(quoted)), Some((Person::Pan, Line::text("So did I."))))
        }
        Content::File(_) | Content::Image(_) | Content::Voice(_) | Content::Ink(_) => {
            ((Person::Daphne, Line::Repeated(told.clone())), Some((Person::Hermes, Line::text("We have it now."))))
        }
        Content::Emote { .. } | Content::Wink { .. } => ((Person::Hermes, Line::Repeated(told.clone())), None),
    };
    Replies { first, second }
}

fn nudge() -> ((Person, Line), Option<(Person, Line)>) {
    ((Person::Pan, Line::Plain(Content::Nudge)), Some((Person::Iris, Line::text("Pan, we heard you."))))
}

#[cfg(test)]
mod tests {
    use domain::content::{Style, Text};

    use super::*;

    #[test]
    fn two_different_people_answer() {
        for told in [Content::text("hello"), Content::text("why?"), Content::text(" NUDGE "), Content::Nudge] {
            let replies = replies(&told);
            let second = replies.second.map(|(person, _)| person).unwrap();
            assert_ne!(replies.first.0, second, "{told:?}");
        }
    }

    #[test]
    fn a_nudge_is_given_back_and_a_text_is_quoted_with_its_looks() {
        assert_eq!(replies(&Content::text("nudge")).first, (Person::Pan, Line::Plain(Content::Nudge)));
        let told = Text::plain("hello").styled(Style::Bold);
        let (Person::Iris, Line::Repeated(Content::Text(quoted))) = replies(&Content::Text(told)).first else {
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
