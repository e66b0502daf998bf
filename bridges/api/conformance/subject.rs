//! What a bridge gives to the suite.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Content, RemoteMessage, content::Text, presence::RemotePresence};
use tokio::runtime::Handle;

use super::Enclosure;
use crate::{LinkAnswers, LinkOwner, Network, RemoteProfile, RoomProfile};

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
/// What waits here waits for the thing itself; the suite gives up after a while and says what it waited for. What a network
/// lacks is left as it stands here: the suite calls a method only where the network says that it can carry such a thing.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The network, built and not started; the same one each time.
    fn network(&self) -> Arc<dyn Network>;

    /// The person, as the network finds them.
    fn person(&self) -> RemoteProfile;

    /// One of [`Network::link_ways`] and right answers to it, where [`owner`] is to be linked by them; they are linked so for all of the
    /// suite. `None` where they are linked by themselves.
    fn link_answers(&self) -> Option<(&'static str, LinkAnswers)> {
        None
    }

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

    /// The person sends this to [`owner`], and goes on, as their network would, until the bridge has told it "received". Called
    /// where [`crate::Features::largest_file`] is not 0.
    async fn send(&self, enclosure: &Enclosure) {
        lacking("send", &enclosure.name)
    }

    /// Waits until the person has received `count` files, pictures, clips and drawings from [`owner`], and tells all that they
    /// ever received, oldest first. Called where [`crate::Features::largest_file`] is not 0.
    async fn received(&self, count: usize) -> Vec<Enclosure> {
        lacking("received", &count.to_string())
    }

    /// As [`Subject::say`], of a text that looks otherwise in parts. Called where [`crate::Features::formatting`] is set.
    async fn say_formatted(&self, text: &Text) {
        lacking("say_formatted", &text.text)
    }

    /// Whether people on this network have pictures.
    fn has_pictures(&self) -> bool {
        false
    }

    /// The person's own picture is this from now on; `None` is no picture. Called where [`Subject::has_pictures`] says so.
    async fn wear(&self, picture: Option<&[u8]>) {
        lacking("wear", &format!("{:?} bytes", picture.map(<[u8]>::len)))
    }

    /// Waits until the person sees this picture of [`owner`]; `None` is no picture. Called where [`Subject::has_pictures`] says
    /// so.
    async fn sees_picture(&self, picture: Option<&[u8]>) {
        lacking("sees_picture", &format!("{:?} bytes", picture.map(<[u8]>::len)))
    }

    /// Whether people on this network answer messages, put signs on them, change and delete them.
    fn has_relations(&self) -> bool {
        false
    }

    /// The person answers this message of [`owner`]. Called where [`Subject::has_relations`] says so, as the four below.
    async fn answer(&self, to: &RemoteMessage, text: &str) {
        lacking("answer", &format!("{text:?} to {}", to.as_str()))
    }

    /// The person puts a sign on this message.
    async fn react(&self, to: &RemoteMessage, sign: &str) {
        lacking("react", &format!("{sign} on {}", to.as_str()))
    }

    /// The person's message of this id says something else from now on.
    async fn change(&self, of: &RemoteMessage, text: &str) {
        lacking("change", &format!("{} to {text:?}", of.as_str()))
    }

    /// The person deletes what they said, or takes a sign back.
    async fn remove(&self, of: &RemoteMessage) {
        lacking("remove", of.as_str())
    }

    /// What the person heard last from [`owner`] answers, if it was an answer.
    async fn last_answered(&self) -> Option<RemoteMessage> {
        lacking("last_answered", "the last message")
    }

    /// A room of the network that [`owner`] is not in, and the person is.
    fn room(&self) -> Option<RoomProfile> {
        None
    }

    /// The person asks [`owner`] into [`Subject::room`]; `false` on a network where whoever wants to goes in.
    async fn ask_in(&self) -> bool {
        lacking("ask_in", "the room")
    }

    /// The person says this in [`Subject::room`], and goes on, as their network would, until the bridge has told it "received".
    async fn say_in(&self, text: &str) {
        lacking("say_in", text)
    }

    /// How the network itself spells [`Subject::room`], if it has such a spelling.
    fn spelling_of_the_room(&self) -> Option<String> {
        None
    }

    /// How many tasks the bridge may have: none more may be left after [`Network::stop`] than before [`Network::start`]. All of
    /// the current runtime, unless the far side has tasks there that come and go.
    fn tasks(&self) -> usize {
        Handle::current().metrics().num_alive_tasks()
    }
}

/// A network says that it carries something, and its test does not say how the far side has it.
fn lacking(method: &str, what: &str) -> ! {
    panic!("the network can carry this, so its Subject has to implement `{method}` (for {what})")
}
