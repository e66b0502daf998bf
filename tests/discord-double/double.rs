//! The double as a test holds it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::constants::intents;
use crate::faults::{EventFault, Fault};
use crate::id::Id;
use crate::listener::listen;
use crate::rest::Route;
use crate::rules::Rules;
use crate::script::bot::Bot;
use crate::script::channel::Channel;
use crate::script::guild::Guild;
use crate::script::person::Person;
use crate::shared::Shared;
use crate::world::World;
use crate::world::message::Message;
use crate::world::presence::Presence;
use crate::world::records::{Application, UserRecord};

/// A Discord of one test. It ends with this value.
pub struct Double {
    shared: Arc<Shared>,
    address: SocketAddr,
    listening: JoinHandle<()>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Double {
    /// Starts one in which there is nobody.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::new(World::new(address)));
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self { shared, address, listening }
    }

    /// What stands for `https://discord.com`: `http://127.0.0.1:PORT`.
    pub fn api_base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What stands for `wss://gateway.discord.gg`: `ws://127.0.0.1:PORT/gateway`.
    pub fn gateway_url(&self) -> String {
        self.shared.look(|world| world.gateway.clone())
    }

    /// What stands for `https://cdn.discordapp.com`: `http://127.0.0.1:PORT/cdn`.
    pub fn cdn_base(&self) -> String {
        self.shared.look(|world| world.cdn.clone())
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new bot whose application is allowed all intents; it is in no guild.
    pub fn bot(&self, name: &str) -> Bot {
        let user = self.new_user(name, true);
        let token = self.shared.change(|world| {
            let application = world.id();
            // Its first part is the bot's id, as Discord writes it.
            let token = format!("{}.double.{name}-{application}", URL_SAFE_NO_PAD.encode(user.to_string()));
            let record = Application {
                id: application,
                name: name.into(),
                user,
                token: token.clone(),
                allowed_intents: intents::KNOWN,
                extra_flags: 0,
                shards: 1,
            };
            world.applications.insert(user, record);
            token
        });
        Bot::new(Arc::clone(&self.shared), user, token)
    }

    /// A new person of this user name, who is in no guild and offline.
    pub fn person(&self, username: &str) -> Person {
        Person::new(Arc::clone(&self.shared), self.new_user(username, false))
    }

    fn new_user(&self, username: &str, bot: bool) -> Id {
        self.shared.change(|world| {
            let id = world.id();
            let user = UserRecord {
                id,
                username: username.into(),
                global_name: None,
                avatar: None,
                bot,
                presence: Presence::default(),
                refuses_direct: false,
            };
            world.users.insert(id, user);
            id
        })
    }

    /// A new guild without channels, owned by somebody who says nothing.
    pub fn guild(&self, name: &str) -> Guild {
        let owner = self.new_user(&format!("owner.of.{}", name.to_lowercase().replace(' ', ".")), false);
        let id = self.shared.change(|world| world.make_guild(name, owner));
        Guild::new(Arc::clone(&self.shared), id)
    }

    /// A channel, thread or direct conversation that a client has opened.
    pub fn channel(&self, id: Id) -> Channel {
        assert!(self.shared.look(|world| world.channels.contains_key(&id)), "there is no channel {id}");
        Channel::new(Arc::clone(&self.shared), id)
    }

    /// The messages of a channel, oldest first.
    pub fn messages(&self, channel: &Channel) -> Vec<Message> {
        channel.messages()
    }

    /// Waits for a message of a channel, be it new or old; the oldest that fits.
    pub async fn wait_for_message(&self, channel: &Channel, fits: impl Fn(&Message) -> bool) -> Message {
        channel.wait_for_message(fits).await
    }

    /// Sets what is otherwise as Discord has it.
    pub fn set_rules(&self, change: impl FnOnce(&mut Rules)) {
        self.shared.change(|world| change(&mut world.rules));
    }

    /// Another rate limit for a route, for each bot and each channel, guild or webhook.
    pub fn limit(&self, route: Route, count: u32, window: Duration) {
        self.shared.change(|world| world.buckets.set(route, count, window));
    }

    /// Another rate limit over all routes of one bot.
    pub fn limit_globally(&self, count: u32, window: Duration) {
        self.shared.change(|world| world.buckets.set_global(count, window));
    }

    /// No rate limits at all.
    pub fn without_rate_limits(&self) {
        self.set_rules(|rules| rules.rate_limits = false);
    }

    /// The next so many requests of a route meet this fault.
    pub fn fault(&self, route: Route, times: u32, fault: Fault) {
        self.shared.change(|world| world.faults.plan(Some(route), times, fault));
    }

    /// The next so many requests of any route meet this fault.
    pub fn fault_anywhere(&self, times: u32, fault: Fault) {
        self.shared.change(|world| world.faults.plan(None, times, fault));
    }

    /// From now on so many of a thousand requests meet one of these faults, drawn from `seed`.
    pub fn strike(&self, seed: u64, per_mille: u32, faults: &[Fault]) {
        self.shared.change(|world| world.faults.strike(seed, per_mille, faults));
    }

    /// The next so many events of this name meet this fault, counted over all sessions.
    pub fn fault_event(&self, name: &str, times: u32, fault: EventFault) {
        self.shared.change(|world| world.faults.plan_event(name, times, fault));
    }

    /// From now on so many of a thousand events meet one of these faults, drawn from `seed`.
    pub fn strike_events(&self, seed: u64, per_mille: u32, faults: &[EventFault]) {
        self.shared.change(|world| world.faults.strike_events(seed, per_mille, faults));
    }

    /// From now on nothing goes wrong.
    pub fn rest(&self) {
        self.shared.change(|world| world.faults.rest());
    }

    /// How many requests, events and resumes have met a fault.
    pub fn faults_met(&self) -> u32 {
        self.shared.look(|world| world.faults.met())
    }

    /// All connections end, and new ones end as soon as they come.
    pub fn goes_away(&self) {
        self.set_rules(|rules| rules.gone = true);
    }

    /// Connections stand, and nothing is answered any more.
    pub fn hangs(&self) {
        self.set_rules(|rules| rules.hangs = true);
    }

    /// Connections are let in again, and all is answered that waits.
    pub fn comes_back(&self) {
        self.set_rules(|rules| {
            rules.gone = false;
            rules.hangs = false;
        });
    }

    /// An event of any name and content, to all sessions of a bot: one that nobody knows, say.
    pub fn emits(&self, bot: &Bot, name: &str, data: &Value) {
        self.shared.change(|world| {
            let sessions: Vec<String> =
                world.sessions.values().filter(|session| session.bot == bot.id()).map(|one| one.id.clone()).collect();
            for session in sessions {
                world.tell(&session, name, data);
            }
        });
    }

    /// How many requests of a route have come.
    pub fn requests(&self, route: Route) -> u32 {
        self.shared.look(|world| world.tally.requests(route))
    }

    /// How many requests have come, of all routes.
    pub fn all_requests(&self) -> u32 {
        self.shared.look(|world| world.tally.all_requests())
    }

    /// How many requests of each route have come.
    pub fn requests_by_route(&self) -> BTreeMap<Route, u32> {
        self.shared.look(|world| world.tally.by_route().clone())
    }

    /// How many requests were answered with 401, 403 or 429: those for which Discord shuts an address out after 10,000.
    pub fn invalid_requests(&self) -> u32 {
        self.shared.look(|world| world.tally.invalid())
    }

    /// How many connections to the gateway there have been.
    pub fn connections(&self) -> u32 {
        self.shared.look(|world| world.tally.connections())
    }

    /// How many events of this name were meant for sessions, those that a fault took away among them.
    pub fn events(&self, name: &str) -> u32 {
        self.shared.look(|world| world.tally.events(name))
    }

    /// How many files were fetched, and how many were asked for that are not there.
    pub fn files_fetched(&self) -> (u32, u32) {
        self.shared.look(|world| (world.tally.files(), world.tally.missing_files()))
    }

    /// Waits until so many requests of a route have come.
    pub async fn wait_for_requests(&self, route: Route, count: u32) {
        let what = format!("{count} requests of {route:?}");
        self.shared.wait(&what, |world| (world.tally.requests(route) >= count).then_some(())).await;
    }

    /// What was done that a client must not do.
    pub fn violations(&self) -> Vec<String> {
        self.shared.look(|world| world.tally.violations().to_vec())
    }

    /// What was done that a client must not do; it is forgotten then.
    pub fn take_violations(&self) -> Vec<String> {
        self.shared.change(|world| world.tally.take_violations())
    }

    /// Ends the double; the test fails if anything was done that a client must not do.
    pub fn finish(self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "Discord would not stand for this:\n{}", violations.join("\n"));
    }
}
