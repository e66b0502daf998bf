//! Networks, links and orders as those who run the server see them.

use ::server::{AilingLink, GivenUpLine, LinkState, NetworkHealth, Reach};
use domain::Timestamp;

use super::clock;
use crate::linking::ShownLink;

/// A network as it is shown.
pub(super) struct ShownNetwork {
    pub(super) name: String,
    /// Whether it is reached, in a word, and how that looks.
    pub(super) word: &'static str,
    pub(super) tone: &'static str,
    pub(super) is_on: bool,
    pub(super) faults: Vec<String>,
    pub(super) links: usize,
    /// How many links accounts have made themselves; `None` where they make none.
    pub(super) own_links: Option<usize>,
    pub(super) ailing: usize,
    pub(super) waiting: u64,
    /// How old the oldest message is that waits.
    pub(super) oldest: Option<String>,
    pub(super) given_up: u64,
}

impl ShownNetwork {
    pub(super) fn of(health: NetworkHealth, at: Timestamp) -> Self {
        let NetworkHealth { line, faults, own_links, ailing } = health;
        let (word, tone) = match (line.is_on, line.reach) {
            (false, _) => ("off", "warn"),
            (true, Reach::Answers) => ("reached", "good"),
            (true, Reach::Away) => ("not reached", "bad"),
            (true, Reach::Unknown) => ("not known", ""),
        };
        Self {
            name: line.name.to_string(),
            word,
            tone,
            is_on: line.is_on,
            faults,
            links: line.links,
            own_links: line.is_linkable.then_some(own_links),
            ailing,
            waiting: line.waiting,
            oldest: line.oldest.map(|oldest| clock::lasted(oldest, at)),
            given_up: line.parked,
        }
    }
}

/// A link that does not work, as it is shown.
pub(super) struct ShownAiling {
    pub(super) owner: String,
    pub(super) network: String,
    pub(super) word: &'static str,
    pub(super) tone: &'static str,
    /// What is wrong, in whole sentences.
    pub(super) says: String,
}

impl From<AilingLink> for ShownAiling {
    fn from(AilingLink { owner, network, status }: AilingLink) -> Self {
        let says = match status.as_ref().map(|status| &status.state) {
            None => "It cannot be opened; that is tried again every 15 seconds, and the log says why.".to_owned(),
            Some(LinkState::Failed { reason }) => format!("It has stopped, because {reason}. It is to be linked anew."),
            Some(LinkState::Waiting { ask }) => ask.clone(),
            Some(LinkState::Connecting) => "It connects, or waits until it may try again.".to_owned(),
            Some(LinkState::Connected) => "It works.".to_owned(),
        };
        let shown = status.map(ShownLink::from);
        let (word, tone) = shown.as_ref().map_or(("not open", "bad"), |shown| (shown.word, shown.tone));
        let says = shown.map_or_else(|| says.clone(), |shown| format!("As {}. {says}", shown.identity));
        Self { owner: owner.to_string(), network: network.to_string(), word, tone, says }
    }
}

/// Something that was given up, as it is shown.
pub(super) struct ShownGivenUp {
    pub(super) id: i64,
    pub(super) owner: String,
    pub(super) network: String,
    pub(super) deed: String,
    pub(super) reason: String,
    pub(super) at: Option<String>,
}

impl From<GivenUpLine> for ShownGivenUp {
    fn from(GivenUpLine { id, owner, network, deed, reason, given_up }: GivenUpLine) -> Self {
        Self { id: id.0, owner: owner.to_string(), network, deed, reason, at: given_up.map(clock::written) }
    }
}
