//! The keys of the configuration, as the files have them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::{Passport, network::NetworkIds, presence::OfflineContacts};
use serde::Deserialize;
use serde_json::{Map, Value};
use server::{PasswordCost, RegistrationPolicy, RoomStyle, SignUpPolicy};
use session::{emoji::Emoji, settings::Challenges};
use store::Bounds;

/// More people in one window than this, and clients get slow.
const MOST_SPEAKERS: usize = 25;

/// All of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whole {
    pub(crate) server: Server,
    pub(crate) accounts: Accounts,
    pub(crate) web: Web,
    pub(crate) log: Log,
    pub(crate) operations: Operations,
    pub(crate) management: Management,
    pub(crate) database: Database,
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) networks: Map<String, Value>,
}

#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own, as the files have them")]
/// `[server]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) domain: String,
    pub(crate) data_directory: PathBuf,
    pub(crate) secrets_key: String,
    pub(crate) listen: Value,
    pub(crate) public_address: String,
    pub(crate) dispatch: bool,
    pub(crate) network_ids: NetworkIds,
    pub(crate) offline_contacts: OfflineContacts,
    pub(crate) rooms: RoomsKey,
    pub(crate) receipts: bool,
    pub(crate) live_list: bool,
    pub(crate) emoji: EmojiKey,
    pub(crate) challenges: ChallengesKey,
    pub(crate) offline_messages: bool,
    pub(crate) bridged_font: String,
    pub(crate) mail: bool,
    pub(crate) shutdown_minutes: u32,
    pub(crate) drain_seconds: u64,
}

/// `[accounts]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accounts {
    pub(crate) registration: RegistrationKey,
    pub(crate) sign_up: SignUpKey,
    pub(crate) admins: Vec<Passport>,
    pub(crate) argon2_memory_kib: u32,
    pub(crate) argon2_passes: u32,
    pub(crate) argon2_lanes: u32,
}

/// Who may have accounts made.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RegistrationKey {
    Closed,
    Networks,
}

/// Who makes themselves an account on the pages.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SignUpKey {
    Closed,
    Invite,
    Open,
}

/// How rooms are shown.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RoomsKey {
    Prefixed,
    Members,
}

/// How emoji are shown.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EmojiKey {
    Codes,
    Unicode,
}

/// How the answer to a challenge is taken.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ChallengesKey {
    Off,
    Lenient,
    Strict,
}

/// `[web]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Web {
    pub(crate) listen: String,
    pub(crate) public_url: String,
    pub(crate) trusted_proxies: Vec<IpAddr>,
    pub(crate) session_idle_days: u64,
    pub(crate) session_days: u64,
}

/// `[log]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    Pretty,
    Json,
}

/// `[operations]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operations {
    pub(crate) listen: String,
    pub(crate) allow_remote: bool,
    pub(crate) required_networks: Vec<String>,
}

/// `[management]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Management {
    pub(crate) listen: String,
    pub(crate) allow_remote: bool,
    pub(crate) token_file: String,
    pub(crate) backup_directory: String,
}

/// `[database]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) url: String,
}

/// `[limits]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) web_connections_per_address: usize,
    pub(crate) gateway_sessions: usize,
    pub(crate) gateway_sessions_per_address: usize,
    pub(crate) gateway_idle_seconds: u64,
    pub(crate) unsent_kilobytes: usize,
    pub(crate) password_checks: usize,
    pub(crate) sign_in_attempts: u32,
    pub(crate) sign_in_attempts_per_address: u32,
    pub(crate) sign_in_attempts_per_account: u32,
    pub(crate) sign_in_attempts_seconds: u64,
    pub(crate) sign_ins_per_minute: u32,
    pub(crate) sign_ins_per_minute_per_address: u32,
    pub(crate) ticket_hours: u64,
    pub(crate) contacts: usize,
    pub(crate) allowed: usize,
    pub(crate) blocked: usize,
    pub(crate) admirers: usize,
    pub(crate) groups: usize,
    pub(crate) rooms: usize,
    pub(crate) additions_per_minute: u32,
    pub(crate) switchboards_per_minute: u32,
    pub(crate) renames_per_minute: u32,
    pub(crate) calls_per_minute: u32,
    pub(crate) messages_per_minute: u32,
    pub(crate) waiting_messages: u32,
    pub(crate) room_speakers: usize,
    pub(crate) room_prompts_per_hour: u32,
    pub(crate) registrations_per_hour: usize,
    pub(crate) file_megabytes: u64,
    pub(crate) daily_megabytes: u64,
    pub(crate) media_megabytes: u64,
    pub(crate) media_link_days: u64,
}

impl From<RoomsKey> for RoomStyle {
    fn from(key: RoomsKey) -> Self {
        match key {
            RoomsKey::Prefixed => Self::Prefixed,
            RoomsKey::Members => Self::Members,
        }
    }
}

impl From<RegistrationKey> for RegistrationPolicy {
    fn from(key: RegistrationKey) -> Self {
        match key {
            RegistrationKey::Closed => Self::Closed,
            RegistrationKey::Networks => Self::Networks,
        }
    }
}

impl From<SignUpKey> for SignUpPolicy {
    fn from(key: SignUpKey) -> Self {
        match key {
            SignUpKey::Closed => Self::Closed,
            SignUpKey::Invite => Self::Invite,
            SignUpKey::Open => Self::Open,
        }
    }
}

impl From<EmojiKey> for Emoji {
    fn from(key: EmojiKey) -> Self {
        match key {
            EmojiKey::Codes => Self::Codes,
            EmojiKey::Unicode => Self::Unicode,
        }
    }
}

impl From<ChallengesKey> for Challenges {
    fn from(key: ChallengesKey) -> Self {
        match key {
            ChallengesKey::Off => Self::Off,
            ChallengesKey::Lenient => Self::Lenient,
            ChallengesKey::Strict => Self::Strict,
        }
    }
}

/// How much of everything, as the server is told; `written` is the same as people write it.
pub(crate) fn limits(limits: &Limits, written: BTreeMap<String, u64>, password_cost: PasswordCost) -> server::Limits {
    server::Limits {
        connections: limits.connections,
        connections_per_address: limits.connections_per_address,
        gateway_sessions: limits.gateway_sessions,
        gateway_sessions_per_address: limits.gateway_sessions_per_address,
        unsent: limits.unsent_kilobytes.saturating_mul(1024),
        sign_ins: limits.sign_ins_per_minute,
        sign_ins_per_address: limits.sign_ins_per_minute_per_address,
        password_checks: limits.password_checks,
        password_cost,
        attempts: limits.sign_in_attempts,
        attempts_per_address: limits.sign_in_attempts_per_address,
        attempts_per_account: limits.sign_in_attempts_per_account,
        attempts_within: Duration::from_secs(limits.sign_in_attempts_seconds),
        ticket_lifetime: Duration::from_hours(limits.ticket_hours),
        file: limits.file_megabytes.saturating_mul(1_000_000),
        received_daily: limits.daily_megabytes.saturating_mul(1_000_000),
        media: limits.media_megabytes.saturating_mul(1_000_000),
        media_links_last: Duration::from_hours(limits.media_link_days.saturating_mul(24)),
        room_speakers: limits.room_speakers.min(MOST_SPEAKERS),
        registrations_per_hour: limits.registrations_per_hour,
        account: domain::account::Limits {
            contacts: limits.contacts,
            allowed: limits.allowed,
            blocked: limits.blocked,
            admirers: limits.admirers,
            groups: limits.groups,
            additions: limits.additions_per_minute,
            switchboards: limits.switchboards_per_minute,
            renames: limits.renames_per_minute,
        },
        written,
    }
}

/// How much is taken in of what others decide about, as the store is told.
pub(crate) const fn bounds(limits: &Limits) -> Bounds {
    Bounds {
        waiting_messages: limits.waiting_messages,
        room_prompts_per_hour: limits.room_prompts_per_hour,
        groups: limits.groups,
        rooms: limits.rooms,
    }
}
