//! Links that an account makes by itself: what is asked for, what came of it, and what can be done with it afterwards.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What whoever links an account has answered, by the keys of the steps.
pub type LinkAnswers = BTreeMap<String, String>;

/// One way in which an account can be linked: by a password, say, or by a token. The ways are data: the command line, the server's
/// own contact and the web page drive them alike. No two ways of a network ask for the same keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkWay {
    /// The name of the way, such as `password`: lower-case letters, digits and hyphens.
    pub key: &'static str,
    /// What it is, as a whole sentence for whoever has to choose.
    pub says: String,
    /// What is asked, in this order: at least one thing.
    pub steps: Vec<LinkStep>,
    /// How the answers come about.
    pub through: Through,
}

/// How the answers to a [`LinkWay`] come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// Whoever links answers all of them.
    Answers,
    /// Whoever links answers the steps, is sent to the address that [`crate::Network::link_address`] gives, and comes back with one answer
    /// more, which stands in the address they come back to. Only a web page can do this.
    Browser {
        /// The key of that answer, as the network writes it in the address's query.
        returned: &'static str,
    },
}

/// One thing to ask of whoever links an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStep {
    /// The name of the answer, such as `token`: lower-case letters, digits and hyphens. It is an option of the command line.
    pub key: &'static str,
    /// The question: a whole sentence that says where the answer is found.
    pub ask: String,
    /// Whether the answer is a secret, which is not to be echoed, logged or kept in a chat. At most one step of a way is.
    pub secret: bool,
}

/// Something that can be done with a link that is there: a choice to make, or something that the network waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTask {
    /// The name of the task, such as `verify`: lower-case letters, digits and hyphens.
    pub key: &'static str,
    /// What stands on a button that does it: two or three words, such as `They match`.
    pub button: &'static str,
    /// What it does, or what is waited for, as whole sentences.
    pub says: String,
    /// What is asked; none, where it is enough to say that it is to be done. At most one step is secret.
    pub steps: Vec<LinkStep>,
    /// How far it has come.
    pub stage: TaskStage,
}

/// How far a [`LinkTask`] has come. While one is under way, a page shows nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStage {
    /// It was not begun.
    Idle,
    /// It goes on when somebody elsewhere has done something: there is nothing to do but wait, and look again.
    WaitsElsewhere,
    /// It goes on when its user has decided.
    WaitsHere,
}

impl TaskStage {
    /// Whether it was begun.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        match self {
            Self::Idle => false,
            Self::WaitsElsewhere | Self::WaitsHere => true,
        }
    }
}

impl LinkTask {
    /// A task that asks nothing and was not begun.
    #[must_use]
    pub fn plain(key: &'static str, button: &'static str, says: impl Into<String>) -> Self {
        Self { key, button, says: says.into(), steps: Vec::new(), stage: TaskStage::Idle }
    }

    /// The task, which asks this.
    #[must_use]
    pub fn asking(self, steps: Vec<LinkStep>) -> Self {
        Self { steps, ..self }
    }

    /// The task, which has come so far.
    #[must_use]
    pub fn at(self, stage: TaskStage) -> Self {
        Self { stage, ..self }
    }
}

/// What a link is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// As whom the account is there, as its network writes it: `chrysalis-bot#1234`. Never a secret.
    pub identity: String,
    /// Whether it works.
    #[serde(flatten)]
    pub state: LinkState,
    /// What works less well than it could, why, and what to do: whole sentences.
    pub notes: Vec<String>,
}

/// Whether a link works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// It connects, or waits until it may try again.
    Connecting,
    /// It works.
    Connected,
    /// It is not made yet: somebody has to do something on the network first.
    Waiting {
        /// What, as a whole sentence.
        ask: String,
    },
    /// It has stopped, until it is linked anew.
    Failed {
        /// Why: a phrase without a full stop, never a secret.
        reason: String,
    },
}
