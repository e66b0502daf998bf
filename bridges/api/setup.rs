//! What a kind of network asks of whoever sets it up, and what has to happen on the network's own server before it works.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::Fault;

/// What whoever sets a network up has answered, by the keys of the steps.
pub type SetupAnswers = BTreeMap<&'static str, String>;

/// How one kind of network is set up. It is data: the command line asks by it, in a dialogue or by options.
#[async_trait]
pub trait Setup: Send + Sync {
    /// What one gets by it: a line for whoever chooses among networks.
    fn says(&self) -> &'static str;

    /// Everything that can be answered, in this order.
    fn steps(&self) -> &'static [SetupStep];

    /// How a step stands, after the answers to those before it. May ask the network's own server for what it can tell, and ends by itself
    /// within some seconds.
    async fn stands(&self, key: &str, answers: &SetupAnswers) -> Stands;
}

/// One key of the network's section that whoever sets it up can answer.
#[derive(Debug, Clone, Copy)]
pub struct SetupStep {
    /// The key within the section, dotted, such as `appservice.url`: a text. It is an option of the command line as well, with hyphens.
    pub key: &'static str,
    /// The question: a whole sentence that says where the answer is found.
    pub ask: &'static str,
    /// What the key is, as a comment in the file.
    pub says: &'static str,
    /// Whether the answer is a secret. It is not shown, and kept in a file of its own, which the section names as the key with `_file`
    /// behind it.
    pub secret: bool,
    /// Looks whether this can be an answer at all; else what is wrong with it and what to write. Never repeats a secret.
    pub examine: fn(&str) -> Result<(), String>,
}

/// How a [`SetupStep`] stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// It has to be answered; this may be the answer.
    Open(Option<String>),
    /// It can be answered, and left out.
    Optional,
    /// Nobody need be asked: this holds, unless somebody says something else.
    Settled(String),
}

/// Whether the network's own server lets this program in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It does, or nobody has to be let in.
    Given,
    /// It answers, and does not know this program: whoever runs it has something to do first.
    Awaited,
    /// It cannot be reached, which may pass.
    Unreachable(Fault),
    /// Something is wrong that does not pass by itself.
    Refused(Fault),
}
