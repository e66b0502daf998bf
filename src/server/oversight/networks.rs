//! The server as a whole: its networks, the links of all accounts to them, and what went wrong.

use bridge::Reach;
use domain::{NetworkName, Passport, Timestamp};
use store::{Figures, OutboxFigures, StoreFault};

use super::Oversight;
use crate::{faults::FaultLine, linking::LinkLine};

/// One network, for those who run the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkLine {
    /// The network, as the configuration calls it.
    pub name: NetworkName,
    /// Whether it is on. One that is off is told of where something waits for it.
    pub is_on: bool,
    /// Whether its own server can be reached, as far as is known.
    pub reach: Reach,
    /// Whether accounts link themselves to it.
    pub is_linkable: bool,
    /// How many links to it are open: every account has one.
    pub links: usize,
    /// How many could not be opened, and are tried again.
    pub unopened: usize,
    /// How much waits for it, what is on its way included.
    pub waiting: u64,
    /// When the oldest message among that was said.
    pub oldest: Option<Timestamp>,
    /// How much was given up within 30 days.
    pub parked: u64,
}

impl Oversight {
    /// How much waits in all. Looks through the whole outbox: for once in some seconds.
    pub async fn figures(&self) -> Result<Figures, StoreFault> {
        self.core.store.figures().await
    }

    /// What went wrong since the start, the newest first.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultLine> {
        self.core.faults.get().map(|faults| faults.newest()).unwrap_or_default()
    }

    /// How many accounts have a client that is signed in, or had one just now.
    #[must_use]
    pub fn awake(&self) -> usize {
        self.core.directory.awake()
    }

    /// The networks that are on, in the order in which they came, and those that are off where something waits for them.
    pub async fn networks(&self) -> Result<Vec<NetworkLine>, StoreFault> {
        let mut outbox = self.core.store.figures().await?.outbox;
        let mut lines = Vec::new();
        for entry in self.core.links.networks() {
            let place = outbox.iter().position(|figures| figures.network == entry.name);
            let figures = place.map(|place| outbox.swap_remove(place));
            let (links, unopened) = self.core.links.count(&entry.name);
            lines.push(NetworkLine {
                is_on: true,
                reach: entry.network.reach(),
                is_linkable: !entry.network.link_ways().is_empty(),
                links,
                unopened,
                ..line(figures.unwrap_or_else(|| nothing_for(&entry.name)))
            });
        }
        lines.extend(outbox.into_iter().map(line));
        Ok(lines)
    }

    /// The links that accounts have made themselves, to that network or to all: account by account.
    pub async fn links(&self, network: Option<&NetworkName>) -> Vec<(Passport, LinkLine)> {
        let mut owners = self.core.links.owners();
        owners.sort();
        let mut links = Vec::new();
        for owner in owners {
            for entry in
                self.core.links.networks().iter().filter(|entry| network.is_none_or(|name| *name == entry.name))
            {
                let status = entry.network.linked(&owner).await;
                links
                    .extend(status.map(|status| (owner.clone(), LinkLine { network: entry.name.to_string(), status })));
            }
        }
        links
    }
}

fn nothing_for(network: &NetworkName) -> OutboxFigures {
    OutboxFigures { network: network.clone(), waiting: 0, oldest: None, parked: 0 }
}

/// One that is off.
fn line(OutboxFigures { network, waiting, oldest, parked }: OutboxFigures) -> NetworkLine {
    NetworkLine {
        name: network,
        is_on: false,
        reach: Reach::Unknown,
        is_linkable: false,
        links: 0,
        unopened: 0,
        waiting,
        oldest,
        parked,
    }
}
