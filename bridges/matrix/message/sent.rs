//! Messages of ours, found again in a room by their marks.

use domain::Timestamp;
use ruma::{OwnedEventId, OwnedUserId};
use serde::Deserialize;
use serde_json::Value;

use super::{ORDER, PART};

/// How far apart the clocks of two attempts, or of this program and the homeserver, may be, in milliseconds.
const CLOCKS: i64 = 10 * 60 * 1000;

/// A message of ours, as its room shows it.
#[derive(Deserialize)]
pub(crate) struct Sent {
    pub(crate) event_id: OwnedEventId,
    pub(crate) sender: OwnedUserId,
    origin_server_ts: i64,
    content: Value,
}

impl Sent {
    /// Which part of an order it is, if it is one.
    pub(crate) fn part_of(&self, order: &str) -> Option<u64> {
        if self.content.get(ORDER).and_then(Value::as_str) != Some(order) {
            return None;
        }
        Some(self.content.get(PART).and_then(Value::as_u64).unwrap_or_default())
    }

    /// Whether it is certainly from before an order that was given then.
    pub(crate) fn is_before(&self, given: Timestamp) -> bool {
        self.origin_server_ts < given.0.saturating_sub(CLOCKS)
    }
}
