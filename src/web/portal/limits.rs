//! The limits in words.

use ::server::LimitLine;

/// What each limit is, by its key, in the order in which they are shown; the last ones are set by no key.
const NAMES: [(&str, &str); 54] = [
    ("connections", "Connections of Messenger, in all"),
    ("connections_per_address", "Connections of Messenger from one address"),
    ("web_connections_per_address", "Connections to the pages from one address"),
    ("gateway_sessions", "Gateway sessions, in all"),
    ("gateway_sessions_per_address", "Gateway sessions from one address"),
    ("gateway_idle_seconds", "Seconds until a gateway session ends that is not used"),
    ("unsent_kilobytes", "Kilobytes that wait for a slow client"),
    ("password_checks", "Passwords checked at once"),
    ("sign_in_attempts", "Wrong passwords of one address for one account"),
    ("sign_in_attempts_per_address", "Wrong passwords of one address"),
    ("sign_in_attempts_per_account", "Wrong passwords for one account"),
    ("sign_in_attempts_seconds", "Seconds within which wrong passwords count"),
    ("sign_ins_per_minute", "Sign-ins of one address to one account in a minute"),
    ("sign_ins_per_minute_per_address", "Sign-ins of one address in a minute"),
    ("ticket_hours", "Hours for which Messenger stays signed in by its ticket"),
    ("registrations_per_hour", "Accounts made in an hour"),
    ("contacts", "Contacts of one account"),
    ("allowed", "People whom one account lets in"),
    ("blocked", "People whom one account blocks"),
    ("admirers", "People who have one account on their list"),
    ("groups", "Groups of one account"),
    ("rooms", "Rooms of one account"),
    ("additions_per_minute", "People added by one account in a minute"),
    ("switchboards_per_minute", "Conversations begun by one account in a minute"),
    ("renames_per_minute", "Changes of name of one account in a minute"),
    ("calls_per_minute", "People called into one conversation in a minute"),
    ("messages_per_minute", "Messages of one connection in a minute"),
    ("waiting_messages", "Messages that wait for one account"),
    ("room_speakers", "People of a room in its window at once"),
    ("room_prompts_per_hour", "Invitations to rooms for one account in an hour"),
    ("file_megabytes", "Megabytes of one file"),
    ("daily_megabytes", "Megabytes of one account's files in a day"),
    ("media_megabytes", "Megabytes of all pictures and files"),
    ("media_link_days", "Days for which a link to a file is good"),
    ("web_connections", "Connections to the pages, in all"),
    ("management_connections", "Connections of programs that manage the server"),
    ("management_tokens", "Wrong tokens of such programs"),
    ("operations_connections", "Connections of those who watch the server"),
    ("request_size", "Bytes of one request, and of one command of Messenger"),
    ("uploads", "Pictures that browsers hand over at once"),
    ("browsers", "Browsers signed in to one account"),
    ("tickets", "Tickets of one account, and of all"),
    ("errands", "Errands of one account at once"),
    ("link_tries", "Tries of one account to link itself"),
    ("link_pages", "Pages to link by of one account, and of all"),
    ("participants", "People in one conversation"),
    ("room_invitations", "Invitations to rooms that wait for one account"),
    ("files", "Files of one client in a minute, and of all at once"),
    ("queue", "What waits inside the server"),
    ("notices", "Lines of networks for one account in a minute"),
    ("bridge_connections", "Connections to the port of a network"),
    ("bridge_invitations", "Invitations of one person of a network in an hour"),
    ("bridge_commands", "Commands of one person to a network's bot in a minute"),
    ("bridge_links", "Accounts linked to one network by something of their own"),
];

/// A limit as it is shown.
pub(super) struct ShownLimit {
    pub(super) name: String,
    /// How much of it there may be.
    pub(super) most: String,
    /// The key that sets it.
    pub(super) key: Option<String>,
    /// How often it was reached.
    pub(super) reached: Option<String>,
}

/// The limits as they are shown. What nobody has given a name stands last, under its key.
pub(super) fn shown(mut lines: Vec<LimitLine>) -> Vec<ShownLimit> {
    let place = |key: &str| NAMES.iter().position(|(known, _)| *known == key);
    lines.sort_by_key(|line| place(&line.key).unwrap_or(NAMES.len()));
    lines.into_iter().map(one).collect()
}

fn one(LimitLine { key, most, times, is_counted_with_others }: LimitLine) -> ShownLimit {
    let name = NAMES.iter().find(|(known, _)| *known == key).map_or(key.as_str(), |(_, name)| name).to_owned();
    let times = match (times, is_counted_with_others) {
        (0, _) => None,
        (1, false) => Some("reached once".to_owned()),
        (times, false) => Some(format!("reached {times} times")),
        (1, true) => Some("it or one like it: reached once".to_owned()),
        (times, true) => Some(format!("it or one like it: reached {times} times")),
    };
    ShownLimit {
        name,
        most: most.map_or_else(|| "fixed".to_owned(), |most| most.to_string()),
        key: most.is_some().then_some(key),
        reached: times,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ::server::Limit;

    use super::*;

    #[test]
    fn every_limit_has_a_name_of_its_own() {
        let defaults = include_str!("../../../config/defaults.toml");
        let section = defaults.split("\n[limits]\n").nth(1).unwrap().split("\n[").next().unwrap();
        let keys = section.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
        let fixed = Limit::ALL.into_iter().filter(|limit| limit.keys().is_empty()).map(Limit::key);
        let wanted: BTreeSet<&str> = keys.clone().chain(fixed).collect();
        assert_eq!(NAMES.iter().map(|(key, _)| *key).collect::<BTreeSet<_>>(), wanted);
        assert_eq!(NAMES.iter().map(|(_, name)| *name).collect::<BTreeSet<_>>().len(), NAMES.len());
        let known: BTreeSet<&str> = keys.collect();
        assert!(Limit::ALL.iter().flat_map(|limit| limit.keys()).all(|key| known.contains(key)));
    }

    #[test]
    fn limits_say_how_often_they_were_reached_and_what_no_key_sets_has_none() {
        let line = |key: &str, most, times, is_counted_with_others| LimitLine {
            key: key.to_owned(),
            most,
            times,
            is_counted_with_others,
        };
        let shown = shown(vec![
            line("new", Some(1), 0, false),
            line("tickets", None, 1, false),
            line("groups", Some(30), 2, false),
            line("contacts", Some(600), 1, true),
        ]);
        let told: Vec<_> = shown
            .iter()
            .map(|limit| (limit.name.as_str(), limit.most.as_str(), limit.key.as_deref(), limit.reached.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("Contacts of one account", "600", Some("contacts"), Some("it or one like it: reached once")),
                ("Groups of one account", "30", Some("groups"), Some("reached 2 times")),
                ("Tickets of one account, and of all", "fixed", None, Some("reached once")),
                ("new", "1", Some("new"), None),
            ]
        );
    }
}
