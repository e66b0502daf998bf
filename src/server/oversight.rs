//! What those who run the server see and do, by whatever way they come: on a page, or by a program of theirs. Whether somebody may is for
//! that way to know.

mod accounts;
mod ailing;
mod invites;
mod networks;
mod orders;
mod sessions;

use std::sync::Arc;

use tracing::{Instrument, warn};

use crate::{administration::AccountFault, core::Core};

pub use accounts::{AccountHealth, AccountPage};
pub use ailing::AilingLink;
pub(crate) use invites::plain;
pub use invites::{InviteFault, InviteLine};
pub use networks::NetworkLine;

/// What those who run the server see and do.
#[derive(Clone)]
pub struct Oversight {
    core: Arc<Core>,
}

impl Oversight {
    pub(crate) fn of(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core) }
    }

    /// Does something to its end, even where whoever asked for it goes away: half of it would be worse than all.
    async fn to_its_end<T: Send + 'static>(
        &self,
        deed: impl Future<Output = Result<T, AccountFault>> + Send + 'static,
    ) -> Result<T, AccountFault> {
        let done = self.core.tasks.spawn(deed.in_current_span()).await;
        done.unwrap_or_else(|fault| {
            warn!(%fault, "what was asked about an account was broken off");
            Err(AccountFault::Store("what was asked was broken off; the fault stands in the log".to_owned()))
        })
    }
}
