//! Why nothing came of a link.

use bridge::{Failure, LinkStep, LinkWay};
use domain::{NetworkName, Passport};

use super::LONGEST_ANSWER;

/// Why an account was not linked or unlinked, or why nothing was done with its link: one line that says what to do, without a full
/// stop and without what was answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// There is no such account.
    #[error("there is no account {0}: `chrysalis account list` shows all")]
    NoAccount(Passport),
    /// There is no network of that name to which accounts link themselves.
    #[error("{}", no_network(.0))]
    NoNetwork(
        /// Those that there are.
        Vec<NetworkName>,
    ),
    /// There is no such way to link an account, or it is not clear which is meant.
    #[error("say in which way: {}", listed(.0))]
    WhichWay(
        /// Those that there are.
        Vec<LinkWay>,
    ),
    /// The way goes through a web page.
    #[error(
        "{0} is done in a browser alone: say \"link\" and the network to Chrysalis in Messenger, and open the page"
    )]
    Browser(&'static str),
    /// There is no such thing to do.
    #[error("{}", no_task(.0))]
    NoTask(
        /// The names of those that there are.
        Vec<&'static str>,
    ),
    /// A step is not answered.
    #[error("{of} wants {}: {}", .step.key, .step.ask)]
    Unanswered {
        /// The name of the way or the task.
        of: &'static str,
        /// What it asks.
        step: LinkStep,
    },
    /// Something is answered that was not asked.
    #[error("{key} is not asked: answer {}", .asked.join(", "))]
    NotAsked {
        /// What it was called.
        key: String,
        /// What is asked; by all ways together where none is chosen.
        asked: Vec<&'static str>,
    },
    /// An answer is too long.
    #[error("the answer to {0} is longer than {LONGEST_ANSWER} bytes: look whether it is the right one")]
    TooLong(&'static str),
    /// There is no link that could be ended.
    #[error("there is no link to {0}")]
    NotLinked(NetworkName),
    /// The page is not good any more, or never was.
    #[error(
        "this page is good no more: say \"link\" and the network to Chrysalis in Messenger again, and it gives you another"
    )]
    NoPage,
    /// The page has linked the account already, or was never to.
    #[error("this page makes no link any more: for another one, say \"link\" and the network to Chrysalis again")]
    PageUsed,
    /// The browser came back without what it was to bring.
    #[error("nothing was brought back from the network: begin anew on this page")]
    NothingBrought,
    /// The account is just being linked or unlinked there.
    #[error("it is just being linked or unlinked; wait for what comes of that")]
    UnderWay,
    /// The account has tried too often.
    #[error("too many links were tried; wait a minute")]
    TooOften,
    /// The network's answer did not come in time.
    #[error("the network did not answer in time; look a little later whether it is linked")]
    TooSlow,
    /// The store did not answer.
    #[error("the database did not answer: {0}")]
    Store(String),
    /// The network did not do it.
    #[error("{0}")]
    Failed(Failure),
}

fn no_network(linkable: &[NetworkName]) -> String {
    if linkable.is_empty() {
        return "accounts link themselves to no network of this server: switch one on in the configuration".to_owned();
    }
    let names: Vec<&str> = linkable.iter().map(NetworkName::as_str).collect();
    format!("accounts do not link themselves to a network of that name: name one of {}", names.join(", "))
}

fn no_task(tasks: &[&str]) -> String {
    if tasks.is_empty() {
        return "there is nothing to do with this link".to_owned();
    }
    format!("there is nothing of that name to do: name one of {}", tasks.join(", "))
}

/// Each way, and what it asks.
fn listed(ways: &[LinkWay]) -> String {
    let described = |way: &LinkWay| {
        let keys: Vec<&str> = way.steps.iter().map(|step| step.key).collect();
        format!("{} (which asks for {})", way.key, keys.join(" and "))
    };
    ways.iter().map(described).collect::<Vec<_>>().join(", or ")
}
