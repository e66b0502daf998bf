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
    let waited = Duration::from_millis(wall().since(first));
    if let Some(left) = TOGETHER.checked_sub(waited).filter(|left| !left.is_zero()) {
        // A clock that was put back must not make it wait for ever.
        return Ok(Some(left.min(TOGETHER)));
    }
    let together = i64::try_from(TOGETHER.as_millis()).unwrap_or_default();
    for (owner, peer) in core.store.flush_reactions(Timestamp(wall().0.saturating_sub(together))).await? {
        core.directory.doorbell(core, owner, peer);
    }
    Ok(Some(Duration::ZERO))
}
