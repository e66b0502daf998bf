//! The words that the server's own contact obeys.

use store::{Attention, RoomStyle};

/// What a user has told the server's own contact to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Help,
    Waiting,
    Retry,
    /// With the name of one, or nothing to hear which it is.
    TimeZone(&'a str),
    Rooms,
    /// With the room.
    Decline(&'a str),
    /// How much of a room is shown, and the room.
    Attend(Attention, &'a str),
    /// `None` to hear how it is.
    ShowRooms(Option<RoomStyle>),
    /// `None` to hear how it is.
    Receipts(Option<bool>),
    /// What a network or the account itself has to do.
    Errand(Errand),
}

/// What takes a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Errand {
    /// With an address, a number of the last list, or what means somebody or something to a network.
    Join(String),
    /// With the room.
    Leave(String),
    /// Whom, and into which room.
    Invite { whom: String, room: String },
    /// With the room, and the topic after it.
    Topic(String),
    /// With the words.
    Search(String),
}

/// What can be said, and what comes of it.
const HELP: [(&str, &str); 16] = [
    ("rooms", "your rooms, and into which you are asked"),
    (
        "join ADDRESS",
        "goes into a room or adds a person; a number of the last list, or a network's own spelling, works as well",
    ),
    ("leave ROOM", "goes out of a room"),
    ("decline ROOM", "stays away from a room into which you are asked"),
    ("invite PERSON to ROOM", "asks somebody into a room"),
    ("topic ROOM", "what a room is about; with words after it, it is about that"),
    ("search WORDS", "people and rooms of the networks"),
    ("mute ROOM", "nothing of a room is shown any more"),
    ("mentions ROOM", "only what speaks to you is shown"),
    ("unmute ROOM", "all of a room is shown again"),
    ("show rooms prefixed", "names stand before the words; show rooms members: speakers sit in the window"),
    ("receipts on", "people see what you have read; receipts off: they do not"),
    ("waiting", "from whom messages wait"),
    ("retry", "what could not be delivered is sent again"),
    ("time zone NAME", "where you are, for the times of messages that waited; for example: time zone Europe/Berlin"),
    ("help", "this"),
];

/// What the server's own contact can be told.
pub(super) fn help() -> String {
    let mut help = String::from("I am the server. You can tell me:");
    for (words, meaning) in HELP {
        help.push('\n');
        help.push_str(words);
        help.push_str(" - ");
        help.push_str(meaning);
    }
    help.push_str("\nROOM is an address, a name or the beginning of one, or a number of the last list.");
    help
}

impl<'a> Command<'a> {
    /// What `said` tells the server to do. `None` for what it does not understand.
    pub(super) fn of(said: &'a str) -> Option<Self> {
        let said = said.trim();
        let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        let rest = rest.trim();
        let command = match word.to_lowercase().as_str() {
            "waiting" => Self::Waiting,
            "retry" => Self::Retry,
            "rooms" => Self::Rooms,
            "time" => Self::TimeZone(after(rest, "zone")?),
            "decline" => Self::Decline(rest),
            "mute" => Self::Attend(Attention::Nothing, rest),
            "unmute" => Self::Attend(Attention::All, rest),
            "mentions" => Self::Attend(Attention::Mentions, rest),
            "show" => Self::ShowRooms(match after(rest, "rooms")?.to_lowercase().as_str() {
                "prefixed" => Some(RoomStyle::Prefixed),
                "members" => Some(RoomStyle::Members),
                "" => None,
                _ => return None,
            }),
            "receipts" => Self::Receipts(match rest.to_lowercase().as_str() {
                "on" => Some(true),
                "off" => Some(false),
                "" => None,
                _ => return None,
            }),
            "help" => Self::Help,
            _ => Self::Errand(Errand::of(word, rest)?),
        };
        Some(command)
    }
}

impl Errand {
    fn of(word: &str, rest: &str) -> Option<Self> {
        let owned = rest.to_owned();
        Some(match word.to_lowercase().as_str() {
            "join" => Self::Join(owned),
            "leave" => Self::Leave(owned),
            "invite" => {
                // A name may hold the word as well; an address, which comes last as a rule, does not.
                let (whom, room) = rest.rsplit_once(" to ").unwrap_or((rest, ""));
                Self::Invite { whom: whom.trim().to_owned(), room: room.trim().to_owned() }
            }
            "topic" => Self::Topic(owned),
            "search" => Self::Search(owned),
            _ => return None,
        })
    }
}

/// What stands after a word that has to stand first.
fn after<'a>(said: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    first.eq_ignore_ascii_case(word).then_some(rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_in_any_case_and_spacing() {
        for (said, wanted) in [
            (" HELP ", Command::Help),
            ("time  Zone  europe/berlin", Command::TimeZone("europe/berlin")),
            ("time zone", Command::TimeZone("")),
            ("Mute The Room", Command::Attend(Attention::Nothing, "The Room")),
            ("unmute 2", Command::Attend(Attention::All, "2")),
            ("mentions", Command::Attend(Attention::Mentions, "")),
            ("show rooms Members", Command::ShowRooms(Some(RoomStyle::Members))),
            ("show rooms", Command::ShowRooms(None)),
            ("receipts OFF", Command::Receipts(Some(false))),
            ("join #a:b.example", Command::Errand(Errand::Join("#a:b.example".into()))),
            ("topic room what it is", Command::Errand(Errand::Topic("room what it is".into()))),
        ] {
            assert_eq!(Command::of(said), Some(wanted), "{said:?}");
        }
        for said in ["", "hello", "time flies", "show me", "show rooms nicely", "receipts maybe", "helpful"] {
            assert_eq!(Command::of(said), None, "{said:?}");
        }
    }

    #[test]
    fn who_is_asked_and_where_to_are_parted_at_the_last_to() {
        let invited = |said| match Command::of(said) {
            Some(Command::Errand(Errand::Invite { whom, room })) => (whom, room),
            other => panic!("{other:?}"),
        };
        assert_eq!(invited("invite Ann to tea to Garden"), ("Ann to tea".to_owned(), "Garden".to_owned()));
        assert_eq!(invited("invite Ann"), ("Ann".to_owned(), String::new()));
    }

    #[test]
    fn help_names_what_is_understood() {
        for (words, _) in HELP {
            let said = words.replace(" to ROOM", " to room");
            assert!(Command::of(&said).is_some(), "{words}");
        }
        assert!(help().contains("search WORDS"));
    }
}
