//! What a bridge gives to the suite.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Content, presence::RemotePresence};
use tokio::runtime::Handle;

use crate::{LinkOwner, Network, RemoteProfile};

/// The account that the suite plays: `carol@msn.example`, called Carol.
///
/// # Panics
/// Never: the address is one.
#[must_use]
pub fn owner() -> LinkOwner {
    match "carol@msn.example".parse() {
        Ok(passport) => LinkOwner { passport, name: "Carol".to_owned() },
        Err(fault) => panic!("the suite's own address: {fault}"),
    }
}

/// A network under test, and one person on the far side of it, who is not the bridge's but the test's.
///
/// What waits here waits for the thing itself; the suite gives up after a while and says what it waited for.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The network, built and not started; the same one each time.
    fn network(&self) -> Arc<dyn Network>;

    /// The person, as the network finds them.
    fn person(&self) -> RemoteProfile;

    /// The person says `text` to [`owner`], and goes on, as their network would, until the bridge has told it "received".
    async fn say(&self, text: &str);

    /// Waits until the person has heard `count` things from [`owner`], and tells all that they ever heard, oldest first.
    async fn heard(&self, count: usize) -> Vec<Content>;

    /// The person's own presence is this from now on; the suite uses online and away. Called where
    /// [`crate::Features::presence`] is set.
    async fn appear(&self, presence: RemotePresence);

    /// Waits until the person sees [`owner`] there with this line under the name; `None` is not there. Called where
    /// [`crate::Features::presence`] is set.
    async fn sees(&self, line: Option<&str>);

    /// The person begins to type to [`owner`], or stops. Called where [`crate::Features::typing`] is set.
    async fn types(&self, typing: bool);

    /// Waits until the person sees [`owner`] type, or no longer. Called where [`crate::Features::typing`] is set.
    async fn sees_typing(&self, typing: bool);

    /// The person asks to be a contact of [`owner`], whose contact they were not before. Called first of all. `false` on a
    /// network where nobody asks: there the person is a contact from the start.
    async fn invite(&self) -> bool;

    /// How many tasks the bridge may have: none more may be left after [`Network::stop`] than before [`Network::start`]. All of
    /// the current runtime, unless the far side has tasks there that come and go.
    fn tasks(&self) -> usize {
        Handle::current().metrics().num_alive_tasks()
    }
}
