//! Codes by which people make themselves accounts, for those who run the server and sit before a page.

use tracing::info;

use super::{Portal, PortalFault, Visit, admin::is_for};
use crate::oversight::{InviteFault, InviteLine, Oversight};

impl Portal {
    /// Makes a code by which so many accounts can be made within so many days; it is shown only now.
    pub async fn make_invite(&self, visit: &Visit, note: &str, uses: u32, days: u32) -> Result<String, PortalFault> {
        is_for(visit)?;
        let made = Oversight::of(&self.core).make_invite(Some(&visit.owner), note, uses, days).await;
        made.map(|(code, _)| code).map_err(|fault| match fault {
            InviteFault::Unfit | InviteFault::TooMany => PortalFault::unfit(fault.to_string()),
            InviteFault::Store(fault) => PortalFault::from(fault),
        })
    }

    /// The codes by which accounts can be made now, the newest first.
    pub async fn invites(&self, visit: &Visit) -> Result<Vec<InviteLine>, PortalFault> {
        is_for(visit)?;
        Ok(Oversight::of(&self.core).invites().await?)
    }

    /// Takes a code back.
    pub async fn revoke_invite(&self, visit: &Visit, id: &str) -> Result<(), PortalFault> {
        is_for(visit)?;
        if Oversight::of(&self.core).revoke_invite(id).await? {
            info!(by = %visit.owner, "an invite code was taken back");
        }
        Ok(())
    }
}
