//! The state of everything of an account at a glance.

use std::sync::Arc;
use std::time::Duration;

use bridge::LinkState;
use domain::Passport;
use store::{ParkedFilter, WaitingPeer};
use tracing::warn;

use super::{Portal, PortalFault};
use crate::{
    account::Present,
    linking::{LinkFault, Linking},
    service::label,
};

/// How long networks may take to say how links are.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many of each kind are named.
const MOST_NAMED: usize = 10;

/// The state of everything of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// The client that is signed in.
    pub present: Option<Present>,
    /// How many messages wait for the account, in all.
    pub unread: u64,
    /// From whom, by name, and how many: those that wait longest first, and not all of them.
    pub unread_from: Vec<(String, u64)>,
    /// Into how many rooms it is asked.
    pub invitations: usize,
    /// Into which, by name, and not all of them.
    pub invited_to: Vec<String>,
    /// How many people have added it and wait for an answer.
    pub admirers: usize,
    /// Who they are, by name, and not all of them.
    pub admired_by: Vec<String>,
    /// How many stand on its contact list, rooms apart.
    pub contacts: usize,
    /// How many things its networks gave up doing.
    pub given_up: usize,
    /// Its links that do not work, and why: a line each.
    pub troubles: Vec<String>,
    /// How many links it has made that work.
    pub working: usize,
}

impl Portal {
    /// The state of everything of an account.
    pub async fn glance(&self, owner: &Passport) -> Result<Glance, PortalFault> {
        let book = self.book(owner).await?;
        let waiting = self.core.store.waiting_peers(owner).await?;
        let rooms = self.rooms(owner).await?;
        let asked = rooms.iter().filter(|room| !room.is_entered && room.asker.is_some());
        let (working, troubles) = self.troubles(owner).await;
        Ok(Glance {
            present: self.core.directory.present(owner).await,
            unread: waiting.iter().map(|waiting| waiting.count).sum(),
            unread_from: self.named(&waiting).await?,
            invitations: asked.clone().count(),
            invited_to: asked.take(MOST_NAMED).map(|room| room.name.clone()).collect(),
            admirers: book.pending.len(),
            admired_by: book.pending.iter().take(MOST_NAMED).map(|person| person.name.clone()).collect(),
            contacts: book.people.len(),
            given_up: self.core.store.parked(owner).await?.len(),
            troubles,
            working,
        })
    }

    /// Tries again what its networks gave up doing for an account.
    pub async fn retry(&self, owner: &Passport) -> Result<(), PortalFault> {
        let core = Arc::clone(&self.core);
        let filter = ParkedFilter { owner: Some(owner.clone()), ..ParkedFilter::default() };
        self.to_its_end(async move {
            core.outbox.retry(&core, &filter).await?;
            Ok(())
        })
        .await
    }

    async fn named(&self, waiting: &[WaitingPeer]) -> Result<Vec<(String, u64)>, PortalFault> {
        let mut named = Vec::new();
        for WaitingPeer { peer, count, .. } in waiting.iter().take(MOST_NAMED) {
            let name = self.core.party(peer).await?.map_or_else(|| peer.to_string(), |party| label(&party.name, peer));
            named.push((name, *count));
        }
        Ok(named)
    }

    /// How many links work, and what is wrong with the others.
    async fn troubles(&self, owner: &Passport) -> (usize, Vec<String>) {
        let linking = Linking::of(&self.core);
        let looked = tokio::time::timeout(PATIENCE, linking.links(owner)).await;
        let links = match looked.unwrap_or(Err(LinkFault::TooSlow)) {
            Ok(links) => links,
            Err(fault) => {
                warn!(%owner, %fault, "an account's links cannot be shown");
                return (0, vec!["Your links cannot be looked at now.".to_owned()]);
            }
        };
        let (mut working, mut troubles) = (0, Vec::new());
        for link in links {
            match link.status.state {
                LinkState::Connected => working += 1,
                LinkState::Connecting => troubles.push(format!("{} connects.", link.network)),
                LinkState::Waiting { ask } => troubles.push(format!("{} waits. {ask}", link.network)),
                LinkState::Failed { reason } => {
                    troubles.push(format!("{} has stopped, because {reason}.", link.network));
                }
            }
        }
        (working, troubles)
    }
}
