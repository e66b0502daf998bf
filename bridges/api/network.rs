//! The network itself.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{Passport, content::Features};

use crate::{
    Admission, Failure, Host, Link, LinkAnswers, LinkOwner, LinkStatus, LinkTask, LinkWay, RemoteProfile, RoomProfile,
    Section, SectionFault,
};

/// A chat network, as one section of the configuration sets it up.
///
/// Life: built from its section; [`Network::start`] once; [`Network::open`] for each account; [`Network::stop`] at the end, which comes when the
/// program ends or the network is turned off while it runs. After it, another value may be built of the same section and started, which
/// goes on where this one left off.
#[async_trait]
pub trait Network: Send + Sync + 'static {
    /// What the network can carry.
    fn features(&self) -> Features;

    /// Begins to listen. Returns when the bridge is ready to work, whether or not the network answers yet: a network that is
    /// away is tried again in the background. An error here is one that only a person can mend: at the start of the program it ends it, and
    /// later the network does not come; [`Network::stop`] is called after it then.
    async fn start(&self, host: Arc<dyn Host>) -> Result<(), Failure>;

    /// Opens an account's link. Cheap, and no network traffic before it returns: every account is opened at start.
    async fn open(&self, owner: LinkOwner) -> Result<Arc<dyn Link>, Failure>;

    /// The ways in which an account can link itself, the usual one first. None: every account is linked by itself.
    fn link_ways(&self) -> Vec<LinkWay> {
        Vec::new()
    }

    /// Links the account by its answers to all steps of one of [`Network::link_ways`], in place of an earlier link of its. They are checked
    /// with the network at once, and secrets among them are kept by [`crate::Write::Seal`] alone. The account's [`Link`] is open already,
    /// and speaks for what was linked from now on. Ends by itself within half a minute; where it fails, an earlier link is as it was.
    async fn link(&self, _owner: &Passport, _way: &str, _answers: &LinkAnswers) -> Result<LinkStatus, Failure> {
        Err(Failure::Unsupported { reason: "accounts are linked to this network by themselves".into() })
    }

    /// Where a browser has to go for a way through [`crate::linking::Through::Browser`]; `back` is where it is to be sent from there, with what
    /// is to be answered.
    async fn link_address(
        &self,
        _owner: &Passport,
        _way: &str,
        _answers: &LinkAnswers,
        _back: &str,
    ) -> Result<String, Failure> {
        Err(Failure::Unsupported { reason: "accounts are not linked to this network by a browser".into() })
    }

    /// What can be done with the link that the account has made: none where it has made none.
    async fn link_tasks(&self, _owner: &Passport) -> Vec<LinkTask> {
        Vec::new()
    }

    /// Does one of [`Network::link_tasks`], by the answers to all of its steps. Says what came of it, in whole sentences. Ends by itself
    /// within half a minute.
    async fn perform(&self, _owner: &Passport, _task: &str, _answers: &LinkAnswers) -> Result<String, Failure> {
        Err(Failure::Unsupported { reason: "nothing can be done with links to this network".into() })
    }

    /// Ends the link that the account has made, and forgets its secrets. `false` if it had made none.
    async fn unlink(&self, _owner: &Passport) -> Result<bool, Failure> {
        Err(Failure::Unsupported { reason: "accounts are linked to this network by themselves".into() })
    }

    /// The link that the account has made, as it is now; `None` if it has made none.
    async fn linked(&self, _owner: &Passport) -> Option<LinkStatus> {
        None
    }

    /// Finds the person that a typed address means: its name and, where the network has several, their server, unescaped.
    /// `Ok(None)` when there is no such person.
    async fn resolve(&self, name: &str, server: Option<&str>) -> Result<Option<RemoteProfile>, Failure>;

    /// Finds the room that a typed address means, as [`Network::resolve`] finds a person.
    async fn resolve_room(&self, _name: &str, _server: Option<&str>) -> Result<Option<RoomProfile>, Failure> {
        Ok(None)
    }

    /// Finds whom or what these words mean in the network's own spelling: an id, an alias, a web address of it. `Ok(None)` when
    /// they mean nobody, or are no such words.
    async fn find(&self, _words: &str) -> Result<Option<Found>, Failure> {
        Ok(None)
    }

    /// Looks for everything that is wrong with the set-up, for `chrysalis check`. Ends by itself within half a minute.
    async fn check(&self, standing: Standing) -> Vec<Fault>;

    /// Whether the network's own server can be reached, as far as the bridge knows without asking it. Returns at once; asked every few
    /// seconds, for those who run this server.
    fn reach(&self) -> Reach {
        Reach::Unknown
    }

    /// Takes over what its section says now, as far as that can be done while the network runs. Returns at once. The section was looked at
    /// before, and can be taken; nothing is made for it. Says which of the section's own keys hold as they stand there now, changed or
    /// not; a change of any other waits for the next start. Where it fails, everything is as it was.
    fn reload(&self, _section: &Section) -> Result<&'static [&'static str], SectionFault> {
        Ok(&[])
    }

    /// The document that the network's own server has to be given to let this program in, for `chrysalis registration`.
    fn registration(&self) -> Option<String> {
        None
    }

    /// The second document, by which the network's own server also lets this program sign in its users once they have proven who they are,
    /// for `chrysalis registration --double-puppet`. `None` where there is no such thing.
    fn double_puppet_registration(&self) -> Result<Option<String>, Failure> {
        Ok(None)
    }

    /// Whether the network's own server lets this program in. Asks it anew, and ends by itself within half a minute; nothing of the network
    /// need run.
    async fn admission(&self) -> Admission {
        Admission::Given
    }

    /// What only whoever runs the network's own server can do, after [`Network::registration`] was written to this file, in the order in
    /// which it is to be done: whole sentences, with what is to be written there in lines of their own.
    fn admission_steps(&self, _registration: &Path) -> Vec<String> {
        Vec::new()
    }

    /// Ends all tasks and listeners; when it returns, nothing of the bridge runs any more.
    async fn stop(&self);
}

/// Somebody or something of a network that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A person.
    Person(RemoteProfile),
    /// A room.
    Room(RoomProfile),
}

/// Whether a network's own server can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nobody has asked it, or the bridge does not tell.
    Unknown,
    /// It answered when it was asked last, or is connected.
    Answers,
    /// It did not answer when it was asked last, or the connection to it is lost: it is tried again.
    Away,
}

/// Whether a check is made beside a running server or instead of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// [`Network::start`] was called: listeners are up.
    Running,
    /// Nothing runs: a check may bind the network's listeners for a moment.
    Idle,
}

/// One thing that is wrong with a set-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key, file or address that it is about.
    pub subject: String,
    /// What is wrong, and with which value; never a secret.
    pub problem: String,
    /// What to do.
    pub mend: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}; {}", self.subject, self.problem, self.mend)
    }
}
