//! Links that do not work now.

use std::collections::BTreeSet;

use bridge::{LinkState, LinkStatus};
use domain::{NetworkName, Passport};

use super::Oversight;

/// A link that does not work now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AilingLink {
    /// Whose it is.
    pub owner: Passport,
    /// To which network.
    pub network: NetworkName,
    /// What it is; `None` where it could not be opened, which is tried again every quarter of a minute.
    pub status: Option<LinkStatus>,
}

impl AilingLink {
    /// Where it stands among others: first what stays so until somebody does something.
    fn urgency(&self) -> u8 {
        match self.status.as_ref().map(|status| &status.state) {
            Some(LinkState::Failed { .. }) => 0,
            Some(LinkState::Waiting { .. }) => 1,
            None => 2,
            Some(LinkState::Connecting) => 3,
            Some(LinkState::Connected) => 4,
        }
    }
}

impl Oversight {
    /// How many links accounts have made themselves to each network, in the order in which they came; and all links that do not work
    /// now, those first for which somebody has to do something.
    pub async fn ailing(&self) -> (Vec<(NetworkName, usize)>, Vec<AilingLink>) {
        let mut own: Vec<(NetworkName, usize)> =
            self.core.links.networks().iter().map(|entry| (entry.name.clone(), 0)).collect();
        let closed: BTreeSet<(Passport, NetworkName)> = self.core.links.closed().into_iter().collect();
        let mut ailing = Vec::new();
        for (owner, link) in self.links(None).await {
            let Some((network, count)) = own.iter_mut().find(|(network, _)| network.as_str() == link.network) else {
                continue;
            };
            *count += 1;
            let whose = (owner, network.clone());
            if link.status.state != LinkState::Connected && !closed.contains(&whose) {
                ailing.push(AilingLink { owner: whose.0, network: whose.1, status: Some(link.status) });
            }
        }
        ailing.extend(closed.into_iter().map(|(owner, network)| AilingLink { owner, network, status: None }));
        ailing.sort_by(|one, other| {
            let place = |link: &AilingLink| (link.urgency(), link.owner.clone(), link.network.clone());
            place(one).cmp(&place(other))
        });
        (own, ailing)
    }
}
