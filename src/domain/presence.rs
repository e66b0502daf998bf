//! Who is there, and what they say of themselves.

use std::{str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Passport, Timestamp, media::Attachment};

/// A Messenger user's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Status {
    /// At the keyboard.
    Online,
    /// Does not want to be disturbed.
    Busy,
    /// The client has seen no input for a while.
    Idle,
    /// Will be right back.
    BeRightBack,
    /// Away from the keyboard.
    Away,
    /// On the phone.
    OnThePhone,
    /// Out to lunch.
    OutToLunch,
    /// Signed in, shown to nobody.
    Hidden,
    /// Not signed in.
    Offline,
}

impl Status {
    /// Whether others may see a user of this status.
    #[must_use]
    pub const fn is_visible(self) -> bool {
        !matches!(self, Self::Hidden | Self::Offline)
    }
}

/// The line under a name: a personal message, and what is being listened to, in Messenger's own form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct PersonalMessage {
    /// What the person wrote of themselves; empty for nothing.
    pub text: String,
    /// Messenger's `CurrentMedia` field, its parts separated by `\0` written as two characters; empty for nothing.
    pub current_media: String,
}

impl PersonalMessage {
    /// A personal message of this text alone.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), current_media: String::new() }
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.current_media.is_empty()
    }
}

/// What a watcher sees of a contact. Shared between all watchers who see the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Never [`Status::Hidden`].
    pub status: Status,
    /// The display name.
    pub name: Arc<str>,
    /// What the contact's client can do: MSN's capability bits, opaque here.
    pub capabilities: u32,
    /// The display picture's `MSNObject` as the client wrote it, still percent-encoded.
    pub object: Option<Arc<str>>,
    /// The line under the name.
    pub personal_message: PersonalMessage,
}

/// One contact's presence on its way to one watcher; `None` is offline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Who is seen.
    pub contact: Passport,
    /// What is seen.
    pub presence: Option<Arc<Presence>>,
}

/// How reachable a person of another network is there, in words common to all networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Availability {
    /// Active now.
    Online,
    /// Connected, but not active.
    Away,
    /// Asked not to be disturbed.
    Busy,
    /// Not connected, but what is written reaches them later.
    Offline,
    /// Nothing can be written to them (not joined, gone, blocked).
    Unreachable,
}

/// A remote person's presence as their network tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemotePresence {
    /// How reachable they are.
    pub availability: Availability,
    /// When they were last active, if the network says so.
    pub last_active: Option<Timestamp>,
    /// Their status line, and what they listen to.
    pub personal_message: PersonalMessage,
}

impl RemotePresence {
    /// The state before a network has said anything.
    pub const UNKNOWN: Self = Self {
        availability: Availability::Unreachable,
        last_active: None,
        personal_message: PersonalMessage { text: String::new(), current_media: String::new() },
    };
}

/// How remote people who are away from their network are shown (`offline_contacts` in the configuration).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfflineContacts {
    /// As away, with "offline" in the line under the name: Messenger does not write to somebody who is offline.
    #[default]
    Away,
    /// As offline.
    Offline,
}

impl OfflineContacts {
    /// The status and the line under the name that Messenger shows for a remote person; `None` is offline.
    #[must_use]
    pub fn show(self, presence: &RemotePresence, now: Timestamp) -> Option<(Status, PersonalMessage)> {
        /// Inactive for this long, an away person is shown idle rather than away, in milliseconds.
        const IDLE: u64 = 5 * 60 * 1000;
        let line = presence.personal_message.clone();
        match presence.availability {
            Availability::Online => Some((Status::Online, line)),
            Availability::Busy => Some((Status::Busy, line)),
            Availability::Away => {
                let inactive = presence.last_active.map_or(0, |last| now.since(last));
                Some((if inactive >= IDLE { Status::Away } else { Status::Idle }, line))
            }
            Availability::Offline => match self {
                Self::Offline => None,
                Self::Away => Some((Status::Away, last_seen(presence, now))),
            },
            Availability::Unreachable => None,
        }
    }
}

/// "offline, last seen ..." in front of the person's own line; coarse, so that it changes rarely.
fn last_seen(presence: &RemotePresence, now: Timestamp) -> PersonalMessage {
    const MINUTE: u64 = 60 * 1000;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let plural = |count: u64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let seen = presence.last_active.map(|last| match now.since(last) {
        ago if ago < 5 * MINUTE => "just now".to_owned(),
        ago if ago < HOUR => format!("{} ago", plural(ago / MINUTE / 5 * 5, "minute")),
        ago if ago < DAY => format!("{} ago", plural(ago / HOUR, "hour")),
        ago => format!("{} ago", plural(ago / DAY, "day")),
    });
    let mut text = seen.map_or_else(|| "offline".to_owned(), |seen| format!("offline, last seen {seen}"));
    if !presence.personal_message.text.is_empty() {
        text.push_str(" - ");
        text.push_str(&presence.personal_message.text);
    }
    PersonalMessage::of(text)
}

/// What one account shows to a network: Messenger's own words, which each bridge puts into its network's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPresence {
    /// Hidden and offline look the same from outside; whoever is hidden is here, and has no picture if none is given.
    pub status: Status,
    /// The friendly name.
    pub name: String,
    /// The line under the name.
    pub personal_message: PersonalMessage,
    /// The display picture, 96 by 96 at most; `None` if there is none, or if it is not here yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Arc<Attachment>>,
}

/// How much of an account's presence a network sees: its user chooses that for each network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// The status, and the line under the name.
    #[default]
    Everything,
    /// The status alone.
    Status,
    /// Neither: as if the user were never there.
    Nothing,
}

impl Sharing {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Everything, Self::Status, Self::Nothing];

    /// What the network is shown of this. Name and picture are known there whether somebody is there or not, and stay. Who is there and
    /// shows nothing is hidden: a network's bridge may have to know that they are there, and must not tell it.
    #[must_use]
    pub fn limit(self, own: OwnPresence) -> OwnPresence {
        let status = if self == Self::Nothing && own.status.is_visible() { Status::Hidden } else { own.status };
        let personal_message = if self == Self::Everything { own.personal_message } else { PersonalMessage::default() };
        OwnPresence { status, personal_message, ..own }
    }

    /// The word that is read back by [`FromStr`].
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Status => "status",
            Self::Nothing => "nothing",
        }
    }
}

/// It is none of the words of [`Sharing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is none of everything, status and nothing")]
pub struct SharingFault;

impl FromStr for Sharing {
    type Err = SharingFault;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|sharing| sharing.word() == word).ok_or(SharingFault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(availability: Availability, ago: Option<i64>) -> RemotePresence {
        RemotePresence {
            availability,
            last_active: ago.map(|ago| Timestamp(10_000_000_000 - ago)),
            personal_message: PersonalMessage::of("reading"),
        }
    }

    #[test]
    fn what_is_kept_from_a_network_is_not_shown_there() {
        let own = OwnPresence {
            status: Status::Busy,
            name: "Carol".to_owned(),
            personal_message: PersonalMessage { text: "writing".to_owned(), current_media: "song".to_owned() },
            picture: None,
        };
        let shown = |sharing: Sharing| sharing.limit(own.clone());
        assert_eq!(shown(Sharing::Everything), own);
        let silent = OwnPresence { personal_message: PersonalMessage::default(), ..own.clone() };
        assert_eq!(shown(Sharing::Status), silent);
        assert_eq!(shown(Sharing::Nothing), OwnPresence { status: Status::Hidden, ..silent });
        let gone = OwnPresence { status: Status::Offline, personal_message: PersonalMessage::default(), ..own.clone() };
        assert_eq!(Sharing::Nothing.limit(gone.clone()), gone);
        for sharing in Sharing::ALL {
            assert_eq!(sharing.word().parse(), Ok(sharing));
        }
        assert_eq!("Everything".parse::<Sharing>(), Err(SharingFault));
    }

    #[test]
    fn remote_presence_becomes_a_status() {
        let now = Timestamp(10_000_000_000);
        let away = OfflineContacts::Away;
        let show = |presence: &RemotePresence| away.show(presence, now).map(|(status, line)| (status, line.text));
        let line = || "reading".to_owned();
        assert_eq!(show(&remote(Availability::Online, None)), Some((Status::Online, line())));
        assert_eq!(show(&remote(Availability::Busy, None)), Some((Status::Busy, line())));
        assert_eq!(show(&remote(Availability::Away, Some(1000))), Some((Status::Idle, line())));
        assert_eq!(show(&remote(Availability::Away, Some(600_000))), Some((Status::Away, line())));
        assert_eq!(show(&remote(Availability::Unreachable, None)), None);
    }

    #[test]
    fn where_a_network_has_no_presence_activity_stands_in_for_it() {
        const MINUTE: i64 = 60_000;
        let now = Timestamp(10_000_000_000);
        let shown = |availability, minutes: i64| {
            let shown = OfflineContacts::Away.show(&remote(availability, Some(minutes * MINUTE)), now);
            shown.map(|(status, line)| (status, line.text)).unwrap()
        };
        let line = |text: &str| text.to_owned();
        for minutes in [0, 4] {
            assert_eq!(shown(Availability::Online, minutes), (Status::Online, line("reading")));
        }
        assert_eq!(shown(Availability::Away, 5), (Status::Away, line("reading")));
        let ages = [(30, "30 minutes"), (60, "1 hour"), (3 * 24 * 60, "3 days")];
        for (minutes, age) in ages {
            let wanted = (Status::Away, format!("offline, last seen {age} ago - reading"));
            assert_eq!(shown(Availability::Offline, minutes), wanted);
        }
    }

    #[test]
    fn an_offline_person_can_be_written_to_unless_configured_otherwise() {
        let now = Timestamp(10_000_000_000);
        let offline = remote(Availability::Offline, Some(2 * 3_600_000));
        let (status, line) = OfflineContacts::Away.show(&offline, now).unwrap();
        assert_eq!((status, line.text.as_str()), (Status::Away, "offline, last seen 2 hours ago - reading"));
        assert_eq!(OfflineContacts::Offline.show(&offline, now), None);
    }
}
