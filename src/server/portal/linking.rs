//! The links of whoever sits before a page.

use bridge::{LinkAnswers, LinkStatus, LinkTask, LinkWay, Through};
use domain::NetworkName;

use super::{Portal, Visit};
use crate::linking::{LinkFault, Linking, Onward};

/// What there is to see of one network to which accounts link themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPicture {
    /// The network.
    pub network: NetworkName,
    /// The link that the account has made, if it has made one.
    pub status: Option<LinkStatus>,
    /// The ways in which it can be linked.
    pub ways: Vec<LinkWay>,
    /// What can be done with the link.
    pub tasks: Vec<LinkTask>,
}

impl Portal {
    /// The links of the visitor's account, one for each network to which accounts link themselves.
    pub async fn links(&self, visit: &Visit) -> Result<Vec<(NetworkName, Option<LinkStatus>)>, LinkFault> {
        let linking = Linking::of(&self.core);
        let mut links = linking.links(&visit.owner).await?;
        let mut take = |network: &NetworkName| {
            let place = links.iter().position(|link| link.network == network.as_str())?;
            Some(links.swap_remove(place).status)
        };
        Ok(linking.networks().into_iter().map(|network| (network.clone(), take(&network))).collect())
    }

    /// What there is to see of one network.
    pub async fn link_picture(&self, visit: &Visit, network: &str) -> Result<LinkPicture, LinkFault> {
        let linking = Linking::of(&self.core);
        let ways = linking.ways(network)?;
        let status = self.links(visit).await?.into_iter().find(|(name, _)| name.as_str() == network);
        let Some((network, status)) = status else { return Err(LinkFault::NoNetwork(linking.networks())) };
        let tasks = linking.tasks(&visit.owner, network.as_str()).await?;
        Ok(LinkPicture { network, status, ways, tasks })
    }

    /// Links the visitor's account by its answers to a way, or says where its browser has to go for that.
    pub async fn link(
        &self,
        visit: &Visit,
        network: &str,
        way: &str,
        answers: LinkAnswers,
    ) -> Result<Onward, LinkFault> {
        let linking = Linking::of(&self.core);
        let through = linking.ways(network)?.iter().find(|known| known.key == way).map(|known| known.through);
        match through {
            Some(Through::Browser { .. }) => {
                linking.depart(&visit.owner, network, way, answers).await.map(Onward::GoTo)
            }
            Some(Through::Answers) | None => {
                linking.link(&visit.owner, network, Some(way), answers).await.map(|_| Onward::Linked)
            }
        }
    }

    /// The visitor's browser is back from where it had to go, with what stands in the address that it came by.
    pub async fn link_returned(&self, visit: &Visit, token: &str, brought: &LinkAnswers) -> Result<(), LinkFault> {
        Linking::of(&self.core).return_of(&visit.owner, token, brought).await
    }

    /// Does something with the visitor's link; says what came of it, in whole sentences.
    pub async fn perform(
        &self,
        visit: &Visit,
        network: &str,
        task: &str,
        answers: LinkAnswers,
    ) -> Result<String, LinkFault> {
        Linking::of(&self.core).perform(&visit.owner, network, task, answers).await
    }

    /// Ends the visitor's link.
    pub async fn unlink(&self, visit: &Visit, network: &str) -> Result<(), LinkFault> {
        Linking::of(&self.core).unlink(&visit.owner, network).await
    }
}
