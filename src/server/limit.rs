//! Limits that bite: each time is counted, and told in the log, where a flood of them is one line in a while.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::account::Refusal;
use tracing::warn;

/// How long after a line about a limit the next one about it may come.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// A limit that can bite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// `limits.connections`
    Connections,
    /// `limits.connections_per_address`
    ConnectionsPerAddress,
    /// How many connections to `[web]` there may be in all.
    WebConnections,
    /// `limits.web_connections_per_address`
    WebConnectionsPerAddress,
    /// How many connections to `[management]` there may be.
    ManagementConnections,
    /// How many wrong tokens one address may show to `[management]`.
    ManagementTokens,
    /// How many connections to `[operations]` there may be.
    OperationsConnections,
    /// How large a request to `[web]` or `[management]` may be, and a command of a client.
    RequestSize,
    /// How many pictures browsers may hand over at once.
    Uploads,
    /// How many browsers may be signed in to one account, and how many pages Messengers may have open.
    Browsers,
    /// `limits.gateway_sessions`
    GatewaySessions,
    /// `limits.gateway_sessions_per_address`
    GatewaySessionsPerAddress,
    /// `limits.sign_in_attempts`
    SignInAttempts,
    /// `limits.sign_ins_per_minute`
    SignIns,
    /// `limits.sign_ins_per_minute_per_address`
    SignInsPerAddress,
    /// How many tickets one account may have, and all accounts together.
    Tickets,
    /// `limits.password_checks`
    PasswordChecks,
    /// `limits.contacts`, `allowed`, `blocked` or `admirers`
    Lists,
    /// `limits.groups`
    Groups,
    /// `limits.rooms`
    Rooms,
    /// `limits.additions_per_minute`, `switchboards_per_minute` or `renames_per_minute`; on pages how many addresses may be tried in a
    /// minute, and of each account how many may be looked up at once.
    AccountPace,
    /// How many errands of one account may be under way.
    Errands,
    /// How often one account may try to link itself in a minute, and how often by one page.
    LinkTries,
    /// How many pages to link by one account may have, and all accounts together.
    LinkPages,
    /// `limits.calls_per_minute`
    Calls,
    /// `limits.messages_per_minute`
    Messages,
    /// How many may be in one conversation.
    Participants,
    /// `limits.waiting_messages`
    WaitingMessages,
    /// `limits.room_prompts_per_hour`
    RoomPrompts,
    /// How many invitations to rooms may wait for one account's answer.
    RoomInvitations,
    /// `limits.registrations_per_hour`
    Registrations,
    /// `limits.file_megabytes`
    FileSize,
    /// `limits.daily_megabytes`
    DailyMedia,
    /// `limits.media_megabytes`
    MediaBytes,
    /// How many files one client may hand over in a minute, and all clients at once; how many one client is offered, and asked for.
    Files,
    /// `limits.unsent_kilobytes`
    Unsent,
    /// How much may wait for the task of one connection or conversation, and for the database.
    Queue,
    /// How many lines networks, and files, may have one account told in a minute, and how many of the server's own may wait.
    Notices,
    /// How many connections there may be to the port of a network's bridge.
    BridgeConnections,
    /// How many invitations somebody of a network may make in an hour.
    BridgeInvitations,
    /// How much a network's bot may be told in a minute by one person, and at once by all.
    BridgeCommands,
    /// How many accounts may be linked to a network by something of their own.
    BridgeLinks,
}

impl Limit {
    /// The limit that was the reason of a refusal, if one was.
    pub(crate) const fn behind(refusal: Refusal) -> Option<Self> {
        match refusal {
            Refusal::ListFull => Some(Self::Lists),
            Refusal::TooManyGroups => Some(Self::Groups),
            Refusal::TooFast => Some(Self::AccountPace),
            Refusal::Oneself
            | Refusal::NoSuchPerson
            | Refusal::NotOnList
            | Refusal::OnList
            | Refusal::Blocked
            | Refusal::NoSuchGroup
            | Refusal::NotInGroup
            | Refusal::GroupExists
            | Refusal::Hidden
            | Refusal::NoSuchProperty
            | Refusal::UnfitName
            | Refusal::UnfitValue
            | Refusal::NoSuchNumber
            | Refusal::SameNetwork
            | Refusal::NotMerged
            | Refusal::NotYours
            | Refusal::Unavailable => None,
        }
    }

    /// Every limit.
    pub const ALL: [Self; 42] = [
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::WebConnections,
        Self::WebConnectionsPerAddress,
        Self::ManagementConnections,
        Self::ManagementTokens,
        Self::OperationsConnections,
        Self::RequestSize,
        Self::Uploads,
        Self::Browsers,
        Self::GatewaySessions,
        Self::GatewaySessionsPerAddress,
        Self::SignInAttempts,
        Self::SignIns,
        Self::SignInsPerAddress,
        Self::Tickets,
        Self::PasswordChecks,
        Self::Lists,
        Self::Groups,
        Self::Rooms,
        Self::AccountPace,
        Self::Errands,
        Self::LinkTries,
        Self::LinkPages,
        Self::Calls,
        Self::Messages,
        Self::Participants,
        Self::WaitingMessages,
        Self::RoomPrompts,
        Self::RoomInvitations,
        Self::Registrations,
        Self::FileSize,
        Self::DailyMedia,
        Self::MediaBytes,
        Self::Files,
        Self::Unsent,
        Self::Queue,
        Self::Notices,
        Self::BridgeConnections,
        Self::BridgeInvitations,
        Self::BridgeCommands,
        Self::BridgeLinks,
    ];

    /// What it is called in measures and in the log: the key of the configuration, where it has one alone.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::WebConnections => "web_connections",
            Self::WebConnectionsPerAddress => "web_connections_per_address",
            Self::ManagementConnections => "management_connections",
            Self::ManagementTokens => "management_tokens",
            Self::OperationsConnections => "operations_connections",
            Self::RequestSize => "request_size",
            Self::Uploads => "uploads",
            Self::Browsers => "browsers",
            Self::GatewaySessions => "gateway_sessions",
            Self::GatewaySessionsPerAddress => "gateway_sessions_per_address",
            Self::SignInAttempts => "sign_in_attempts",
            Self::SignIns => "sign_ins_per_minute",
            Self::SignInsPerAddress => "sign_ins_per_minute_per_address",
            Self::Tickets => "tickets",
            Self::PasswordChecks => "password_checks",
            Self::Lists => "lists",
            Self::Groups => "groups",
            Self::Rooms => "rooms",
            Self::AccountPace => "account_pace",
            Self::Errands => "errands",
            Self::LinkTries => "link_tries",
            Self::LinkPages => "link_pages",
            Self::Calls => "calls_per_minute",
            Self::Messages => "messages_per_minute",
            Self::Participants => "participants",
            Self::WaitingMessages => "waiting_messages",
            Self::RoomPrompts => "room_prompts_per_hour",
            Self::RoomInvitations => "room_invitations",
            Self::Registrations => "registrations_per_hour",
            Self::FileSize => "file_megabytes",
            Self::DailyMedia => "daily_megabytes",
            Self::MediaBytes => "media_megabytes",
            Self::Files => "files",
            Self::Unsent => "unsent_kilobytes",
            Self::Queue => "queue",
            Self::Notices => "notices",
            Self::BridgeConnections => "bridge_connections",
            Self::BridgeInvitations => "bridge_invitations",
            Self::BridgeCommands => "bridge_commands",
            Self::BridgeLinks => "bridge_links",
        }
    }

    /// The keys of `[limits]` that set it; none where it is the same everywhere. Each key sets one limit.
    #[must_use]
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Connections => &["connections"],
            Self::ConnectionsPerAddress => &["connections_per_address"],
            Self::WebConnectionsPerAddress => &["web_connections_per_address"],
            Self::GatewaySessions => &["gateway_sessions"],
            Self::GatewaySessionsPerAddress => &["gateway_sessions_per_address"],
            Self::SignInAttempts => {
                &["sign_in_attempts", "sign_in_attempts_per_address", "sign_in_attempts_per_account"]
            }
            Self::SignIns => &["sign_ins_per_minute"],
            Self::SignInsPerAddress => &["sign_ins_per_minute_per_address"],
            Self::PasswordChecks => &["password_checks"],
            Self::Lists => &["contacts", "allowed", "blocked", "admirers"],
            Self::Groups => &["groups"],
            Self::Rooms => &["rooms"],
            Self::AccountPace => &["additions_per_minute", "switchboards_per_minute", "renames_per_minute"],
            Self::Calls => &["calls_per_minute"],
            Self::Messages => &["messages_per_minute"],
            Self::WaitingMessages => &["waiting_messages"],
            Self::RoomPrompts => &["room_prompts_per_hour"],
            Self::Registrations => &["registrations_per_hour"],
            Self::FileSize => &["file_megabytes"],
            Self::DailyMedia => &["daily_megabytes"],
            Self::MediaBytes => &["media_megabytes"],
            Self::Unsent => &["unsent_kilobytes"],
            Self::WebConnections
            | Self::ManagementConnections
            | Self::ManagementTokens
            | Self::OperationsConnections
            | Self::RequestSize
            | Self::Uploads
            | Self::Browsers
            | Self::Tickets
            | Self::Errands
            | Self::LinkTries
            | Self::LinkPages
            | Self::Participants
            | Self::RoomInvitations
            | Self::Files
            | Self::Queue
            | Self::Notices
            | Self::BridgeConnections
            | Self::BridgeInvitations
            | Self::BridgeCommands
            | Self::BridgeLinks => &[],
        }
    }

    /// How often it bit since this process began.
    #[must_use]
    pub fn times(self) -> u64 {
        LINES.get(self as usize).map_or(0, |line| line.times.load(Ordering::Relaxed))
    }

    /// It bit, on account of this address or account: told in the log, unless that was done a moment ago.
    pub fn reached(self, by: impl Display) {
        metrics::counter!("chrysalis_limits_reached_total", "limit" => self.key()).increment(1);
        let Some(line) = LINES.get(self as usize) else { return };
        line.times.fetch_add(1, Ordering::Relaxed);
        if let Some(left_out) = line.take(Instant::now()) {
            warn!(limit = self.key(), %by, left_out, "a limit was reached; docs/operations.md says what happens then");
        }
    }
}

static LINES: [Line; Limit::ALL.len()] = [const { Line::new() }; Limit::ALL.len()];

/// The lines about one limit.
struct Line {
    /// How often it bit.
    times: AtomicU64,
    last: Mutex<Option<Instant>>,
    left_out: AtomicU64,
}

impl Line {
    const fn new() -> Self {
        Self { times: AtomicU64::new(0), last: Mutex::new(None), left_out: AtomicU64::new(0) }
    }

    /// Whether a line may be written now, and how many were left out since the last one.
    fn take(&self, now: Instant) -> Option<u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| now.saturating_duration_since(last) < BETWEEN_LINES) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *last = Some(now);
        Some(self.left_out.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_flood_is_one_line_in_a_while_that_says_how_many_were_left_out() {
        let (line, now) = (Line::new(), Instant::now());
        assert_eq!(line.take(now), Some(0));
        assert_eq!((line.take(now), line.take(now + BETWEEN_LINES / 2)), (None, None));
        assert_eq!(line.take(now + BETWEEN_LINES), Some(2));
        assert_eq!(line.take(now + BETWEEN_LINES * 2), Some(0));
    }

    #[test]
    fn every_limit_has_a_name_and_a_line_of_its_own() {
        let keys: BTreeSet<&str> = Limit::ALL.iter().map(|limit| limit.key()).collect();
        assert_eq!(keys.len(), Limit::ALL.len());
        for (place, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, place, "{limit:?}");
        }
        let set: Vec<&str> = Limit::ALL.iter().flat_map(|limit| limit.keys()).copied().collect();
        assert_eq!(set.iter().collect::<BTreeSet<_>>().len(), set.len(), "each key sets one: {set:?}");
    }

    #[test]
    fn how_often_a_limit_bit_is_counted_whatever_the_log_leaves_out() {
        let before = Limit::Tickets.times();
        (0..3).for_each(|_| Limit::Tickets.reached("everybody together"));
        assert_eq!(Limit::Tickets.times() - before, 3);
    }
}
