//! What a server is told by its configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use domain::{Passport, Realm, conversation::RoomManner, presence::OfflineContacts};
pub use store::RoomStyle;

use crate::authentication::PasswordCost;

#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own; there is no state in them to name")]
/// What a server is told by its configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This server's domain and networks.
    pub realm: Realm,
    /// What all connections share.
    pub session: session::Settings,
    /// How rooms are shown to accounts that have not said otherwise.
    pub rooms: RoomStyle,
    /// Whether networks are told what has been read, of accounts that have not said otherwise.
    pub receipts: bool,
    /// Whether clients are told of contacts that come on the list, or leave it, without their doing. What a client makes of it is
    /// not known of all.
    pub live_list: bool,
    /// Who may have accounts made.
    pub registration: RegistrationPolicy,
    /// What can be done on the pages, and by whom.
    pub portal: PortalSettings,
    /// How remote people who are away from their network are shown.
    pub offline_contacts: OfflineContacts,
    /// Whether an account that is signed out can be written to: what is said to it waits. Otherwise a call to it fails, as it did on
    /// the old service.
    pub offline_messages: bool,
    /// Whether a client is first sent to `session.public_address`, as the old service's dispatch server did.
    pub dispatch: bool,
    /// Where bridges keep files of their own; a folder for each network is made in it.
    pub data_directory: PathBuf,
    /// How much of everything.
    pub limits: Limits,
}

/// Who may have accounts made, beside the people who run the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistrationPolicy {
    /// Nobody.
    #[default]
    Closed,
    /// Whoever a network's own permissions let ask for one there.
    Networks,
}

/// What can be done on the pages, and by whom; safe defaults.
#[derive(Debug, Clone)]
pub struct PortalSettings {
    /// Who makes themselves an account.
    pub sign_up: SignUpPolicy,
    /// The accounts of those who run this server.
    pub admins: Vec<Passport>,
    /// How long a browser stays signed in that is not used.
    pub session_idle: Duration,
    /// How long a browser stays signed in, however much it is used.
    pub session_lifetime: Duration,
}

impl Default for PortalSettings {
    fn default() -> Self {
        Self {
            sign_up: SignUpPolicy::default(),
            admins: Vec::new(),
            session_idle: Duration::from_hours(7 * 24),
            session_lifetime: Duration::from_hours(30 * 24),
        }
    }
}

/// Who makes themselves an account on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignUpPolicy {
    /// Nobody.
    #[default]
    Closed,
    /// Whoever has a code that one of those who run the server has made.
    Invite,
    /// Everybody.
    Open,
}

/// How much of everything; safe defaults.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_address: usize,
    /// Sessions of the HTTP gateway in all: each is a sign-in or a conversation of a client that cannot connect otherwise.
    pub gateway_sessions: usize,
    /// Sessions of the HTTP gateway from one address.
    pub gateway_sessions_per_address: usize,
    /// Bytes that may wait for a slow client before it is closed.
    pub unsent: usize,
    /// Tries to sign in from one address to one account within a minute, right or wrong.
    pub sign_ins: u32,
    /// Tries to sign in from one address within a minute, right or wrong.
    pub sign_ins_per_address: u32,
    /// Passwords checked at the same time; each takes what [`Limits::password_cost`] says.
    pub password_checks: usize,
    /// What checking a password costs.
    pub password_cost: PasswordCost,
    /// Failed sign-ins of one address to one account within [`Limits::attempts_within`].
    pub attempts: u32,
    /// Failed sign-ins of one address, to whatever accounts, within that time.
    pub attempts_per_address: u32,
    /// Failed sign-ins to one account, from wherever its owner has not signed in, within that time.
    pub attempts_per_account: u32,
    /// See [`Limits::attempts`].
    pub attempts_within: Duration,
    /// How long a ticket is good for.
    pub ticket_lifetime: Duration,
    /// The largest file that a client may send, in bytes.
    pub file: u64,
    /// What the clients of one account may hand over on one day, in bytes.
    pub received_daily: u64,
    /// What all pictures and files that are kept may have together, in bytes.
    pub media: u64,
    /// How long a link to a picture or file is good for.
    pub media_links_last: Duration,
    /// How many of those who speak in a room sit in its window at once, where they do.
    pub room_speakers: usize,
    /// How many accounts the people of all networks may have made in an hour.
    pub registrations_per_hour: usize,
    /// What one account may hold.
    pub account: domain::account::Limits,
    /// What the configuration says by each key of `[limits]`, as people write it: shown to those who run the server, and nothing else.
    pub written: BTreeMap<String, u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 50_000,
            connections_per_address: 256,
            gateway_sessions: 10_000,
            gateway_sessions_per_address: 200,
            unsent: 1 << 20,
            sign_ins: 60,
            sign_ins_per_address: 300,
            password_checks: 2,
            password_cost: PasswordCost::default(),
            attempts: 10,
            attempts_per_address: 30,
            attempts_per_account: 100,
            attempts_within: Duration::from_mins(5),
            ticket_lifetime: Duration::from_hours(24),
            file: 100 << 20,
            received_daily: 2_000_000_000,
            media: 10_000_000_000,
            media_links_last: Duration::from_hours(30 * 24),
            room_speakers: RoomManner::SPEAKERS,
            registrations_per_hour: 20,
            account: domain::account::Limits::default(),
            written: BTreeMap::new(),
        }
    }
}
