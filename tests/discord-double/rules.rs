//! What a test may set otherwise than Discord has it.

use std::time::Duration;

/// How long an address of a file stays good.
const ATTACHMENTS_LIVE: Duration = Duration::from_hours(24);

/// How strict and how patient the double is.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How often a client has to send a heartbeat.
    pub heartbeat: Duration,
    /// How often one token may identify; sooner is a violation.
    pub identify_interval: Duration,
    /// How many times one token may identify in a day; more is a violation.
    pub identifies_per_day: u32,
    /// How long an address of an attachment is good.
    pub attachments_live: Duration,
    /// How many bytes a file may have in a guild without boosts; the second tier has five times, the third ten times as many.
    pub file_limit: usize,
    /// How long a guild waits until it tells all its members again.
    pub members_interval: Duration,
    /// Whether requests meet rate limits at all.
    pub rate_limits: bool,
    /// Whether nobody is let in: connections end as soon as they come.
    pub gone: bool,
    /// Whether nothing is answered, though connections stand: what a network does that swallows everything.
    pub hangs: bool,
    /// How long events wait until they are written to a connection.
    pub gateway_latency: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(41_250),
            identify_interval: Duration::from_secs(5),
            identifies_per_day: 1000,
            attachments_live: ATTACHMENTS_LIVE,
            file_limit: 10 << 20,
            members_interval: Duration::from_secs(30),
            rate_limits: true,
            gone: false,
            hangs: false,
            gateway_latency: Duration::ZERO,
        }
    }
}

impl Rules {
    /// How many bytes a file may have in a guild of this tier.
    pub(crate) const fn file_limit(&self, tier: u8) -> usize {
        match tier {
            0 | 1 => self.file_limit,
            2 => self.file_limit * 5,
            _ => self.file_limit * 10,
        }
    }
}
