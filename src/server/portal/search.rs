//! People and rooms of the networks, as their own searches find them.

use bridge::Failure;
use domain::{NetworkName, Passport, account::Resolution};

use super::{Portal, PortalFault};
use crate::service::{UnderWay, introduction, label};

/// How long is waited for the networks.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// How many are shown of one network.
const MOST_FOUND: usize = 25;

/// The longest words that are looked for, in bytes.
const LONGEST_WORDS: usize = 200;

/// What a search has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// People and rooms, network by network.
    pub found: Vec<Found>,
    /// Which networks could not be searched, and why: whole sentences.
    pub troubles: Vec<String>,
}

/// Somebody or something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The address at which it can be added.
    pub passport: Passport,
    /// Its name, in one line.
    pub name: String,
    /// The network it is of.
    pub network: NetworkName,
    /// Whether it is a room.
    pub is_room: bool,
}

impl Portal {
    /// The people and rooms of all networks that the account's links find by these words.
    pub async fn search(&self, owner: &Passport, words: &str) -> Result<Search, PortalFault> {
        let words = words.trim();
        if words.is_empty() || words.len() > LONGEST_WORDS {
            return Err(PortalFault::unfit("Write a part of a name."));
        }
        let Some(_under_way) = UnderWay::begin(&self.core, owner) else {
            return Err(PortalFault::unfit("What you looked for before is still under way. Wait for it."));
        };
        let networks = self.core.links.networks().into_iter();
        let asked = networks.filter_map(|entry| Some((self.core.links.link(owner, &entry.name)?, entry)));
        let answers = asked.map(async |(link, entry)| {
            let answer = tokio::time::timeout(PATIENCE, link.search(words)).await;
            (entry, answer.unwrap_or_else(|_| Err(Failure::retry("it did not answer in time"))))
        });
        let mut search = Search::default();
        for (entry, answer) in futures_util::future::join_all(answers).await {
            let found = match answer {
                Ok(found) => found,
                Err(Failure::Unsupported { .. }) => continue,
                Err(failure) => {
                    search.troubles.push(format!("{} could not be searched: {failure}.", entry.name));
                    continue;
                }
            };
            for found in found.into_iter().take(MOST_FOUND) {
                let is_room = matches!(found, bridge::Found::Room(_));
                // One whose id makes no address cannot be added.
                let introduced = self.core.introduce(&entry, introduction(found)).await;
                let Ok(Resolution::Remote { passport, name, .. }) = introduced else { continue };
                let name = label(&name, &passport);
                search.found.push(Found { passport, name, network: entry.name.clone(), is_room });
            }
        }
        Ok(search)
    }
}
