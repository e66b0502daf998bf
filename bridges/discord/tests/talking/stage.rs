//! A server with the accounts Carol and Dave, and a guild with Ann in it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bridge::{
    Action, Arrival, Failure, Host, Link, LinkOwner, LinkStatus, Network, Order, Receipt, Section,
    conformance::{FakeHost, Seen},
};
use chrysalis_discord_double::{Bot, Channel, Double, Guild, Person};
use domain::{Content, Passport, RemoteMessage, RemoteRoom, RemoteUser, contact::RemoteTarget, content::Text};
use serde_json::json;

pub(crate) const CAROL: &str = "carol@msn.example";
pub(crate) const DAVE: &str = "dave@msn.example";

pub(crate) struct Stage {
    pub(crate) double: Double,
    pub(crate) guild: Guild,
    pub(crate) general: Channel,
    pub(crate) ann: Person,
    pub(crate) host: Arc<FakeHost>,
    pub(crate) network: Arc<dyn Network>,
    relay: Option<String>,
    links: Mutex<HashMap<String, Arc<dyn Link>>>,
    orders: AtomicU64,
}

pub(crate) fn passport(address: &str) -> Passport {
    address.parse().unwrap()
}

impl Stage {
    /// Nothing is connected yet: `relay` is the bot that all share, if there is one.
    pub(crate) async fn set(prepare: impl FnOnce(&Double, &Guild) -> Option<Bot>) -> Self {
        let double = Double::start().await;
        // A bridge that stops and starts again is no storm.
        double.set_rules(|rules| rules.identify_interval = Duration::ZERO);
        let guild = double.guild("Tea");
        let relay = prepare(&double, &guild).map(|bot| bot.token().to_owned());
        let general = guild.channel("general");
        let ann = double.person("ann");
        ann.joins(&guild);
        let owners = [(CAROL, "Carol"), (DAVE, "Dave")]
            .map(|(address, name)| LinkOwner { passport: passport(address), name: name.to_owned() });
        let host = FakeHost::new("discord".parse().unwrap(), owners.to_vec());
        let network = network(&double, relay.as_deref());
        Self { double, guild, general, ann, host, network, relay, links: Mutex::default(), orders: AtomicU64::new(0) }
    }

    /// The same with a relay of all the permissions that it wants, connected.
    pub(crate) async fn with_relay() -> (Self, Bot) {
        let mut relay = None;
        let stage = Self::set(|double, guild| {
            let bot = double.bot("relay");
            bot.joins(guild);
            relay = Some(bot.clone());
            Some(bot)
        })
        .await;
        stage.begin().await;
        (stage, relay.unwrap())
    }

    /// The same without a relay, with a bot of Carol's own.
    pub(crate) async fn with_own_bot() -> (Self, Bot) {
        let mut carols = None;
        let stage = Self::set(|double, guild| {
            let bot = double.bot("carols");
            bot.joins(guild);
            carols = Some(bot);
            None
        })
        .await;
        let carols = carols.unwrap();
        stage.begin().await;
        stage.link(CAROL, &carols).await.unwrap();
        stage.knows_the_guild(CAROL).await;
        (stage, carols)
    }

    /// Starts the network, and waits until it knows the guild.
    pub(crate) async fn begin(&self) {
        self.network.start(Arc::clone(&self.host) as Arc<dyn Host>).await.unwrap();
        if self.relay.is_some() {
            self.knows_the_guild(CAROL).await;
            self.knows_the_guild(DAVE).await;
        }
    }

    pub(crate) async fn knows_the_guild(&self, owner: &str) {
        let (owner, room) = (passport(owner), RemoteRoom(self.general.id().to_string()));
        let is_it = |arrival: &&Arrival| matches!(arrival, Arrival::Room { owner: its, room: listed, .. } if *its == owner && listed.room == room);
        self.host.wait_for("the channel on the list", |seen| seen.arrivals.iter().find(is_it).map(drop)).await;
    }

    /// Stops the network, and makes it anew over the same host.
    pub(crate) async fn stop(&mut self) {
        self.network.stop().await;
        self.links.lock().unwrap().clear();
        self.network = network(&self.double, self.relay.as_deref());
    }

    pub(crate) async fn link(&self, owner: &str, bot: &Bot) -> Result<LinkStatus, Failure> {
        let answers = BTreeMap::from([("token".to_owned(), bot.token().to_owned())]);
        self.network.link(&passport(owner), "token", &answers).await
    }

    /// The account's link, opened once.
    pub(crate) async fn opened(&self, owner: &str) -> Arc<dyn Link> {
        if let Some(link) = self.links.lock().unwrap().get(owner) {
            return Arc::clone(link);
        }
        let name = if owner == CAROL { "Carol" } else { "Dave" };
        let link = self.network.open(LinkOwner { passport: passport(owner), name: name.to_owned() }).await.unwrap();
        self.links.lock().unwrap().insert(owner.to_owned(), Arc::clone(&link));
        link
    }

    /// Waits until what was said last in a channel has been taken in by this bot.
    pub(crate) async fn has_taken(&self, bot: &Bot, channel: &Channel) {
        let (key, last) = (format!("seen/{}/{}", bot.id(), channel.id()), channel.messages().pop().unwrap().id);
        let is_taken = |_: &Seen| {
            let seen = futures_util::FutureExt::now_or_never(self.host.get(&key))?.unwrap()?;
            (seen == last.to_string()).then_some(())
        };
        self.host.wait_for("the last message to be taken in", is_taken).await;
    }

    /// From the next start on, the relay is this bot.
    pub(crate) fn relays_through(&mut self, bot: &Bot) {
        self.relay = Some(bot.token().to_owned());
    }

    /// An order of its own to say something.
    pub(crate) fn order(&self, to: RemoteTarget, content: Content, reply: Option<RemoteMessage>) -> Order {
        let key = format!("order {}", self.orders.fetch_add(1, Ordering::Relaxed));
        Order { key, attempt: 0, to, action: Action::Say { content, sent: self.host.now(), reply, heard: Vec::new() } }
    }

    pub(crate) async fn says(&self, owner: &str, to: RemoteTarget, text: &str) -> Receipt {
        let order = self.order(to, Content::text(text), None);
        self.opened(owner).await.deliver(&order).await.unwrap()
    }

    pub(crate) fn room(&self) -> RemoteTarget {
        room(&self.general)
    }

    pub(crate) fn to_ann(&self) -> RemoteTarget {
        RemoteTarget::Person(RemoteUser(self.ann.id().to_string()))
    }

    /// Waits until this was said to the account, and tells by whom.
    pub(crate) async fn hears(&self, owner: &str, text: &str) -> (RemoteTarget, bridge::RemoteProfile) {
        let said = |seen: &Seen| {
            told(seen, owner).into_iter().find(|(words, ..)| words == text).map(|(_, place, author)| (place, author))
        };
        self.host.wait_for(&format!("{text:?} for {owner}"), said).await
    }

    /// All texts that were said to the account, in their order.
    pub(crate) fn heard(&self, owner: &str) -> Vec<String> {
        told(&self.host.seen(), owner).into_iter().map(|(words, ..)| words).collect()
    }

    /// Ends everything, and fails the test with what Discord would not like.
    pub(crate) async fn end(self) {
        self.network.stop().await;
        self.double.finish();
    }
}

pub(crate) fn room(channel: &Channel) -> RemoteTarget {
    RemoteTarget::Room(RemoteRoom(channel.id().to_string()))
}

fn told(seen: &Seen, to: &str) -> Vec<(String, RemoteTarget, bridge::RemoteProfile)> {
    let told = seen.arrivals.iter().filter_map(|arrival| match arrival {
        Arrival::Message { owner, place, author, content: Content::Text(Text { text, .. }), .. }
            if owner.as_str() == to =>
        {
            Some((text.clone(), place.clone(), author.clone()))
        }
        _ => None,
    });
    told.collect()
}

fn network(double: &Double, relay: Option<&str>) -> Arc<dyn Network> {
    let mut values = json!({
        "api_base": double.api_base(),
        "gateway_url": double.gateway_url(),
        "cdn_base": double.cdn_base(),
    });
    if let Some(token) = relay {
        values["token"] = token.into();
    }
    let section = Section {
        name: "discord".parse().unwrap(),
        bit: 128.try_into().unwrap(),
        values: values.as_object().unwrap().clone(),
        base: "/nowhere".into(),
        data_directory: "/nowhere".into(),
    };
    chrysalis_discord::network(&section).unwrap()
}
