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
    /// `limits.additions_per_minute`, `switchboards_per_minute` or `renames_per_minute`
    AccountPace,
    /// `limits.calls_per_minute`
    Calls,
    /// `limits.messages_per_minute`
    Messages,
    /// `limits.waiting_messages`
    WaitingMessages,
    /// `limits.room_prompts_per_hour`
    RoomPrompts,
    /// `limits.registrations_per_hour`
    Registrations,
    /// `limits.file_megabytes`
    FileSize,
    /// `limits.daily_megabytes`
    DailyMedia,
    /// `limits.media_megabytes`
    MediaBytes,
    /// How many files one client may hand over in a minute, and all clients at once.
    Files,
    /// `limits.unsent_kilobytes`
    Unsent,
    /// How much may wait for the task of one connection.
    Queue,
    /// How many lines networks may have one account told in a minute.
    Notices,
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
    pub const ALL: [Self; 29] = [
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::WebConnections,
        Self::WebConnectionsPerAddress,
        Self::ManagementConnections,
        Self::ManagementTokens,
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
        Self::Calls,
        Self::Messages,
        Self::WaitingMessages,
        Self::RoomPrompts,
        Self::Registrations,
        Self::FileSize,
        Self::DailyMedia,
        Self::MediaBytes,
        Self::Files,
        Self::Unsent,
        Self::Queue,
        Self::Notices,
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
            Self::Calls => "calls_per_minute",
            Self::Messages => "messages_per_minute",
            Self::WaitingMessages => "waiting_messages",
            Self::RoomPrompts => "room_prompts_per_hour",
            Self::Registrations => "registrations_per_hour",
            Self::FileSize => "file_megabytes",
            Self::DailyMedia => "daily_megabytes",
            Self::MediaBytes => "media_megabytes",
            Self::Files => "files",
            Self::Unsent => "unsent_kilobytes",
            Self::Queue => "queue",
            Self::Notices => "notices",
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
            | Self::Tickets
            | Self::Files
            | Self::Queue
            | Self::Notices => &[],
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
