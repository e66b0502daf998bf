//! Sessions of the gateway: what they asked for, what was told to them, and what is to happen to their connection.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::id::Id;
use crate::world::records::ShownPresence;

/// How many events a session keeps for a resume.
const KEPT: usize = 20_000;

/// One session of a bot.
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) bot: Id,
    pub(crate) intents: u64,
    /// Guilds with more members than this tell only who is online.
    pub(crate) large_threshold: usize,
    pub(crate) shown: Option<ShownPresence>,
    /// Which connection it is on; none while it waits to be resumed.
    pub(crate) connection: Option<u64>,
    /// What its connection has to do next.
    pub(crate) orders: VecDeque<Order>,
    /// Whether heartbeats are answered.
    pub(crate) acknowledges: bool,
    /// When all members of a guild were told last.
    pub(crate) told_members: BTreeMap<Id, Instant>,
    sequence: u64,
    told: VecDeque<(u64, String)>,
}

/// What a connection is told to do by the script or by a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Op 7.
    Reconnect,
    /// Op 9; whether a resume is possible.
    Invalidate(bool),
    /// Close with this code.
    Close(u16),
    /// End the connection without a word.
    Cut,
}

impl Session {
    /// A new one on a connection.
    pub(crate) fn new(id: String, bot: Id, intents: u64, large_threshold: usize, connection: u64) -> Self {
        Self {
            id,
            bot,
            intents,
            large_threshold,
            shown: None,
            connection: Some(connection),
            orders: VecDeque::new(),
            acknowledges: true,
            told_members: BTreeMap::new(),
            sequence: 0,
            told: VecDeque::new(),
        }
    }

    /// Puts an event behind the others.
    pub(crate) fn push(&mut self, name: &str, data: &Value) {
        self.sequence += 1;
        let frame = json!({"op": 0, "s": self.sequence, "t": name, "d": data}).to_string();
        if self.told.len() == KEPT {
            self.told.pop_front();
        }
        self.told.push_back((self.sequence, frame));
    }

    /// Whether all after `seen` is still there to be replayed.
    pub(crate) fn can_resume(&self, seen: u64) -> bool {
        let oldest = self.told.front().map_or(self.sequence + 1, |(sequence, _)| *sequence);
        seen <= self.sequence && seen + 1 >= oldest
    }

    /// The frames after `seen`, at most `most` of them.
    pub(crate) fn after(&self, seen: u64, most: usize) -> Vec<(u64, String)> {
        let start = self.told.partition_point(|(sequence, _)| *sequence <= seen);
        self.told.iter().skip(start).take(most).cloned().collect()
    }
}
