//! The two forms of the test.

use std::time::Duration;

/// How much is said, and how much goes wrong meanwhile.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// How many Matrix users each Messenger user talks to.
    pub(super) people: usize,
    /// In how many rooms everybody is together.
    pub(super) rooms: usize,
    /// How many messages each says in each conversation under fire. One more each ends it.
    pub(super) each: u32,
    /// How often the server is killed, apart from the kills below.
    pub(super) kills: usize,
    /// How often the homeserver is killed; each time the server is, too, before the homeserver is back, or after.
    pub(super) homeserver_kills: usize,
    /// How often the database is locked.
    pub(super) locks: usize,
    /// How often the disk is full.
    pub(super) full_disks: usize,
    /// Of a thousand requests of the server to the homeserver, how many meet a fault.
    pub(super) struck_asking: u32,
    /// Of a thousand requests of the homeserver to the server, how many. Each makes it wait for two seconds at least.
    pub(super) struck_pushing: u32,
    /// After this nothing more is begun, once everything has gone wrong that can.
    pub(super) longest: Duration,
    /// How long what was said may take to arrive once nothing goes wrong any more: the longest wait between two tries, the
    /// server's or the homeserver's, is a minute.
    pub(super) arrival: Duration,
}

impl Form {
    /// The small one, unless `CHRYSALIS_LONG` is set to anything but `0`.
    pub(super) fn chosen() -> Self {
        match std::env::var("CHRYSALIS_LONG") {
            Ok(value) if value != "0" => Self::long(),
            Ok(_) | Err(_) => Self::small(),
        }
    }

    /// About a minute.
    fn small() -> Self {
        Self {
            people: 2,
            rooms: 1,
            each: 60,
            kills: 6,
            homeserver_kills: 1,
            locks: 1,
            full_disks: 2,
            struck_asking: 120,
            struck_pushing: 60,
            longest: Duration::from_secs(100),
            arrival: Duration::from_secs(130),
        }
    }

    /// At most 15 minutes.
    fn long() -> Self {
        Self {
            people: 3,
            rooms: 1,
            each: 400,
            kills: 40,
            homeserver_kills: 10,
            locks: 8,
            full_disks: 8,
            struck_asking: 60,
            struck_pushing: 30,
            longest: Duration::from_mins(12),
            arrival: Duration::from_mins(3),
        }
    }
}
