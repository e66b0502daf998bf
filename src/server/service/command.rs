//! The words that the server's own contact obeys.

use std::fmt;

use domain::{NetworkName, presence::Sharing};
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
    ShowMerged,
    /// `None` to hear how it is.
    Receipts(Option<bool>),
    /// With the network, and how much of the account's presence it sees; `None` to hear how it is.
    Share(Option<(&'a str, Sharing)>),
    /// What a network or the account itself has to do.
    Errand(Errand),
}

/// What takes a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Errand {
    /// With an address, a number of the last list, or what means somebody or something to a network.
    Join(String),
    /// With the room.
    Leave(String),
    /// Whom, and into which room.
    Invite {
        whom: String,
        room: String,
    },
    /// With the room, and the topic after it.
    Topic(String),
    /// With the words.
    Search(String),
    /// With both people.
    Merge(String),
    /// With the person.
    Split(String),
    /// On which network, and with whom.
    Speak {
        network: String,
        whom: String,
    },
    /// With the network, and the answers to what it asks after it.
    Link(Private),
    Links,
    /// With the network.
    Unlink(String),
    /// The network whose link something is done with, and what, with the answers to what that asks.
    Task {
        network: NetworkName,
        words: Private,
    },
}

/// Words that hold a secret: no log is to have them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Private(pub(super) String);

impl fmt::Debug for Private {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Private")
    }
}

/// What can be said, and what comes of it.
const HELP: [(&str, &str); 20] = [
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
    ("merge PERSON PERSON", "makes one contact of the same person on two networks, that of the first"),
    ("speak NETWORK with PERSON", "what you say to somebody who was merged goes to that network"),
    ("split PERSON", "makes contacts again of those who were merged; show merged: who they are"),
    ("mute ROOM", "nothing of a room is shown any more"),
    ("mentions ROOM", "only what speaks to you is shown"),
    ("unmute ROOM", "all of a room is shown again"),
    ("show rooms prefixed", "names stand before the words; show rooms members: speakers sit in the window"),
    ("receipts on", "people see what you have read; receipts off: they do not"),
    (
        "share NETWORK nothing",
        "nobody there sees whether you are online; share NETWORK status: your line stays here; share NETWORK everything",
    ),
    ("waiting", "from whom messages wait"),
    ("retry", "what could not be delivered is sent again"),
    ("time zone NAME", "where you are, for the times of messages that waited; for example: time zone Europe/Berlin"),
    ("help", "this"),
];

/// What can be said of links, where a network has any that accounts make themselves.
const LINK_HELP: [(&str, &str); 4] = [
    ("link NETWORK", "links you to a network with what you have from there, which is asked then"),
    ("links", "as whom you are linked, and how that is"),
    (
        "NETWORK",
        "the name of a network alone: what can be done with your link there; with a word of that after it, does it",
    ),
    ("unlink NETWORK", "ends a link"),
];

/// What the server's own contact can be told; of links only where there are any to make.
pub(super) fn help(has_links: bool) -> String {
    let mut help = String::from("I am the server. You can tell me:");
    let links = if has_links { &LINK_HELP[..] } else { &[] };
    for (words, meaning) in links.iter().chain(&HELP) {
        help.push('\n');
        help.push_str(words);
        help.push_str(" - ");
        help.push_str(meaning);
    }
    help.push_str("\nROOM and PERSON are an address, a name or the beginning of one, or a number of the last list.");
    help
}

impl<'a> Command<'a> {
    /// What `said` tells the server to do, where accounts link themselves to these networks. `None` for what it does not understand.
    pub(super) fn of(said: &'a str, networks: &[NetworkName]) -> Option<Self> {
        let said = said.trim();
        let (word, rest) = split_word(said);
        let command = match word.to_lowercase().as_str() {
            "waiting" => Self::Waiting,
            "retry" => Self::Retry,
            "rooms" => Self::Rooms,
            "time" => Self::TimeZone(after(rest, "zone")?),
            "decline" => Self::Decline(rest),
            "mute" => Self::Attend(Attention::Nothing, rest),
            "unmute" => Self::Attend(Attention::All, rest),
            "mentions" => Self::Attend(Attention::Mentions, rest),
            "show" if rest.eq_ignore_ascii_case("merged") => Self::ShowMerged,
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
            "share" if rest.is_empty() => Self::Share(None),
            "share" => {
                let (network, sharing) = split_word(rest);
                Self::Share(Some((network, sharing.to_lowercase().parse().ok()?)))
            }
            "help" => Self::Help,
            _ => Self::Errand(Errand::of(word, rest, networks)?),
        };
        Some(command)
    }
}

impl Errand {
    fn of(word: &str, rest: &str, networks: &[NetworkName]) -> Option<Self> {
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
            "merge" => Self::Merge(owned),
            "split" => Self::Split(owned),
            "speak" => {
                let (network, whom) = split_word(after(rest, "on").unwrap_or(rest));
                let whom = after(whom, "with").or_else(|| after(whom, "to")).unwrap_or(whom);
                Self::Speak { network: network.to_owned(), whom: whom.to_owned() }
            }
            "link" => Self::Link(Private(owned)),
            "links" if rest.is_empty() => Self::Links,
            "unlink" => Self::Unlink(owned),
            word => {
                let network = networks.iter().find(|network| network.as_str().eq_ignore_ascii_case(word))?.clone();
                Self::Task { network, words: Private(owned) }
            }
        })
    }
}

/// What stands after a word that has to stand first.
fn after<'a>(said: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = split_word(said);
    first.eq_ignore_ascii_case(word).then_some(rest)
}

/// The first word, and what stands after it.
pub(super) fn split_word(said: &str) -> (&str, &str) {
    let (first, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    (first, rest.trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            ("Show Merged", Command::ShowMerged),
            ("merge a@b.example Ann B", Command::Errand(Errand::Merge("a@b.example Ann B".into()))),
            ("receipts OFF", Command::Receipts(Some(false))),
            ("Share", Command::Share(None)),
            ("share Net  Nothing", Command::Share(Some(("Net", Sharing::Nothing)))),
            ("join #a:b.example", Command::Errand(Errand::Join("#a:b.example".into()))),
            ("topic room what it is", Command::Errand(Errand::Topic("room what it is".into()))),
        ] {
            assert_eq!(Command::of(said, &[]), Some(wanted), "{said:?}");
        }
        for said in [
            "",
            "hello",
            "time flies",
            "show me",
            "show rooms nicely",
            "receipts maybe",
            "share net",
            "share net all",
            "helpful",
        ] {
            assert_eq!(Command::of(said, &[]), None, "{said:?}");
        }
    }

    #[test]
    fn who_is_asked_and_where_to_are_parted_at_the_last_to() {
        let invited = |said| match Command::of(said, &[]) {
            Some(Command::Errand(Errand::Invite { whom, room })) => (whom, room),
            other => panic!("{other:?}"),
        };
        assert_eq!(invited("invite Ann to tea to Garden"), ("Ann to tea".to_owned(), "Garden".to_owned()));
        assert_eq!(invited("invite Ann"), ("Ann".to_owned(), String::new()));
    }

    #[test]
    fn a_network_to_speak_on_is_named_in_more_ways_than_one() {
        for said in ["speak net with Ann B", "speak on net to  Ann B", "SPEAK net Ann B"] {
            let wanted = Errand::Speak { network: "net".to_owned(), whom: "Ann B".to_owned() };
            assert_eq!(Command::of(said, &[]), Some(Command::Errand(wanted)), "{said}");
        }
        let nothing = Errand::Speak { network: String::new(), whom: String::new() };
        assert_eq!(Command::of("speak", &[]), Some(Command::Errand(nothing)));
    }

    #[test]
    fn what_is_secret_is_not_written_out() {
        let said = Command::of("LINK net  s3cret", &[]).unwrap();
        assert_eq!(said, Command::Errand(Errand::Link(Private("net  s3cret".into()))));
        assert!(!format!("{said:?}").contains("s3cret"));
    }

    #[test]
    fn the_name_of_a_network_begins_what_is_done_with_a_link_there() {
        let networks: [NetworkName; 2] = ["net", "waiting"].map(|name| name.parse().unwrap());
        let said = Command::of(" NET  recovery s3cret", &networks).unwrap();
        let words = Private("recovery s3cret".to_owned());
        assert_eq!(said, Command::Errand(Errand::Task { network: networks[0].clone(), words }));
        assert!(!format!("{said:?}").contains("s3cret"));
        assert_eq!(Command::of("waiting", &networks), Some(Command::Waiting), "a word of the server's own comes first");
        assert_eq!(Command::of("net recovery", &networks[1..]), None);
    }

    #[test]
    fn help_names_what_is_understood() {
        for (words, _) in HELP.iter().chain(&LINK_HELP) {
            let said = words.replace(" to ROOM", " to room");
            assert!(Command::of(&said, &["network".parse().unwrap()]).is_some(), "{words}");
        }
        assert!(help(false).contains("search WORDS") && !help(false).contains("link"));
        assert!(help(true).contains("unlink NETWORK"));
    }

    proptest! {
        #[test]
        fn blanks_around_words_say_nothing(
            said in "(link|LINK|links|Net|time|zone|show|rooms|merged|invite|to|speak|on|with|receipts|off|[ \t\n]|\\PC){0,9}",
        ) {
            let networks: [NetworkName; 1] = ["net".parse().unwrap()];
            let spaced = format!(" \n{said}\t ");
            let understood = Command::of(&said, &networks);
            prop_assert_eq!(Command::of(&spaced, &networks), understood.clone());
            prop_assert!(understood.is_none() || !said.trim().is_empty());
        }

        #[test]
        fn whatever_is_said_to_a_link_is_not_written_out(
            word in prop::sample::select(vec!["link", "Link", "net", "NET"]),
            before in "[ \ta-z0-9é]{0,12}",
            after in "\\PC{0,12}",
        ) {
            let said = format!("{word} {before}s3cret-s3cret{after}");
            let understood = Command::of(&said, &["net".parse().unwrap()]).map(|command| format!("{command:?}"));
            prop_assert!(understood.is_some_and(|shown| !shown.contains("s3cret")), "{said:?}");
        }
    }
}
