//! Signs that were put on messages wait for a moment, so that those which come together are one line.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use store::StoreFault;
use tokio::sync::Notify;
use tracing::warn;

use crate::core::{Core, wall};

/// How long a sign waits for others.
const TOGETHER: Duration = Duration::from_secs(2);

/// How long to wait after the store did not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Rung when signs come.
#[derive(Default)]
pub(crate) struct Reactions(Notify);

impl Reactions {
    /// Signs are in the store, and wait.
    pub(crate) fn came(&self) {
        self.0.notify_one();
    }
}

/// Shows what waits when it is time, until the server stops. What an earlier run has left is shown as well.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        let pause = async {
            match show_due(&core).await {
                Ok(Some(pause)) => tokio::time::sleep(pause).await,
                Ok(None) => core.reactions.0.notified().await,
                Err(fault) => {
                    warn!(%fault, "cannot read which signs were put on messages; it is tried again");
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        };
        tokio::select! {
            () = pause => {}
            () = core.stop.cancelled() => return,
        }
    }
}

/// Shows what has waited long enough; says when the next is due, if any waits.
async fn show_due(core: &Arc<Core>) -> Result<Option<Duration>, StoreFault> {
    let Some(first) = core.store.next_reaction().await? else { return Ok(None) };
    let before = match due(first, wall()) {
        Due::In(pause) => return Ok(Some(pause)),
        Due::Before(before) => before,
    };
    for (owner, peer) in core.store.flush_reactions(before).await? {
        core.directory.doorbell(core, owner, peer);
    }
    Ok(Some(Duration::ZERO))
}

/// When signs are shown.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    /// When this time has passed.
    In(Duration),
    /// Now: those that came then or earlier.
    Before(Timestamp),
}

/// When signs of which the first has come at `first` are shown. A clock that was put back since then lets nobody wait for it to come
/// there again.
fn due(first: Timestamp, now: Timestamp) -> Due {
    if first > now {
        return Due::Before(first);
    }
    let waited = Duration::from_millis(now.since(first));
    match TOGETHER.checked_sub(waited) {
        Some(left) if !left.is_zero() => Due::In(left),
        Some(_) | None => {
            let together = i64::try_from(TOGETHER.as_millis()).unwrap_or_default();
            Due::Before(Timestamp(now.0.saturating_sub(together)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_wait_for_others_and_for_no_clock_that_was_put_back() {
        let due = |first, now| due(Timestamp(first), Timestamp(now));
        assert_eq!(due(10_000, 10_000), Due::In(TOGETHER));
        assert_eq!(due(10_000, 11_999), Due::In(Duration::from_millis(1)));
        assert_eq!(due(10_000, 12_000), Due::Before(Timestamp(10_000)));
        assert_eq!(due(10_000, 15_000), Due::Before(Timestamp(13_000)));
        assert_eq!(due(10_000, 9_999), Due::Before(Timestamp(10_000)), "it was put back");
    }
}
