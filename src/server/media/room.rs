//! Room for what is kept: what nothing speaks of goes after a while, and earlier where there is no room for more.

use domain::Timestamp;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::{BlobFault, Media, MediaFault};
use crate::{core::wall, limit::Limit};

/// How long media stay of which nothing speaks, in milliseconds: a message about them may be on its way.
const UNUSED_LAST: i64 = 7 * 24 * 60 * 60 * 1000;

/// The same, where there is no room for more.
const UNUSED_LAST_IN_NEED: i64 = 60 * 60 * 1000;

/// In how many steps links are ended before their time, the oldest first.
const STEPS: i64 = 8;

/// How much room there is to be, as a part of all: below it some is made.
const SPARE: u64 = 20;

/// How long after room was made none is made again.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(30);

/// What grows while it comes may find no room, though there was some when it began.
pub(super) fn note_full(fault: &BlobFault) {
    if matches!(fault, BlobFault::Full { .. }) {
        Limit::MediaBytes.reached("everybody together");
    }
}

impl Media {
    /// Forgets what nothing speaks of any more.
    pub(crate) async fn sweep(&self) -> Result<(), MediaFault> {
        let now = wall();
        self.sweep_until(now, UNUSED_LAST, now).await
    }

    async fn sweep_until(&self, now: Timestamp, unused_last: i64, links_until: Timestamp) -> Result<(), MediaFault> {
        let before = Timestamp(now.0.saturating_sub(unused_last));
        let in_use = self.store.sweep_media_early(now, before, links_until).await?;
        let removed = self.blobs.sweep(before, in_use).await?;
        debug!(removed, "forgot media of which nothing speaks");
        Ok(())
    }

    /// How many bytes everything that is kept has.
    pub(crate) fn taken(&self) -> u64 {
        self.blobs.taken()
    }

    /// Whether so many bytes more can be kept. Where there is little room, what can be had again goes first: what nothing speaks of, then
    /// what only links lead to, the oldest first. What a message speaks of that still waits, and pictures, are never among it.
    pub(crate) async fn has_room(&self, bytes: u64) -> bool {
        let most = self.bounds().most;
        let wanted = bytes.max(most / SPARE);
        if self.blobs.free() < wanted {
            self.make_room(wanted).await;
        }
        let has_room = self.blobs.free() >= bytes;
        if !has_room {
            Limit::MediaBytes.reached("everybody together");
        }
        has_room
    }

    async fn make_room(&self, wanted: u64) {
        let mut last = self.room_made.lock().await;
        // It looks through all that waits: whoever fills the disk must not make that happen all the time.
        if self.blobs.free() >= wanted || last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        let (now, before) = (wall(), self.blobs.taken());
        let lasts = i64::try_from(self.bounds().links_last.as_millis()).unwrap_or(i64::MAX);
        for step in 0..=STEPS {
            let early = Timestamp(now.0.saturating_add(lasts / STEPS * step));
            if let Err(fault) = self.sweep_until(now, UNUSED_LAST_IN_NEED, early).await {
                warn!(%fault, "no room can be made for pictures and files");
                break;
            }
            if self.blobs.free() >= wanted {
                break;
            }
        }
        let (freed, left) = (before.saturating_sub(self.blobs.taken()), self.blobs.free());
        info!(freed, left, "made room for pictures and files: limits.media_megabytes was nearly reached");
        *last = Some(Instant::now());
    }
}
