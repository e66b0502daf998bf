//! Accounts that were removed: networks are told so, and forget them.

use bridge::Farewell;
use domain::Passport;
use store::StoreFault;
use tracing::{info, warn};

use super::{NetworkEntry, owner};
use crate::core::Core;

/// An account was removed: the networks are told so, and forget it.
pub(crate) async fn part(core: &Core, owner: &Passport) {
    // Whoever has no link now, comes only now, or may have ended before it was told, is told later what the store remembers.
    for network in core.links.close(owner, Farewell::Removed).await {
        let is_told = core.links.running_as(&network).is_some_and(|running| !running.going.is_cancelled());
        if !is_told {
            continue;
        }
        if let Err(fault) = core.store.forgotten(&network, owner).await {
            warn!(%owner, %network, %fault, "that an account was removed is told its network once more");
        }
    }
}

/// Tells these networks of the accounts that were removed while they could not be told: they were off, or no server ran.
pub(crate) async fn part_late(core: &Core, networks: &[NetworkEntry]) -> Result<(), StoreFault> {
    for entry in networks {
        for removed in core.store.removed(&entry.name).await? {
            match entry.network.open(owner(removed.clone(), "")).await {
                Ok(link) => {
                    link.close(Farewell::Removed).await;
                    core.store.forgotten(&entry.name, &removed).await?;
                    info!(owner = %removed, network = %entry.name, "a network was told of a removed account");
                }
                Err(failure) => {
                    warn!(owner = %removed, network = %entry.name, %failure, "a network cannot be told of a removed account");
                }
            }
        }
    }
    Ok(())
}
