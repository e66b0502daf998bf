//! Messenger users and Discord, as a double of it in process plays it.

mod direct;
mod enclosures;
mod linking;
mod loopback_only;
mod memory;
mod merging;
mod people;
mod relay;
mod reloading;
mod rooms;
mod storms;
mod talk;

use std::time::Duration;

use chrysalis_discord_double::{Bot, Double, Guild, Person};
use chrysalis_test_harness::{Finished, Messenger, Room, Server, text};
use msnp::dialect::Dialect;

use crate::program;

const CAROL: &str = "carol@msn.example";
const DAVE: &str = "dave@msn.example";

/// The server's own contact.
const SERVICE: &str = "chrysalis@msn.example";

/// Ann, and the first channel of her guild, as Messenger has them.
const ANN: &str = "ann@discord.msn.example";
const GENERAL: &str = "general.tea@rooms.discord.msn.example";

/// A server and a Discord, which end in this order.
struct Setup {
    server: Server,
    double: Double,
}

impl Setup {
    /// A Discord, and beside it a server with these accounts and further keys of `[networks.discord]`.
    async fn start(accounts: &[&str], keys: &str) -> Self {
        Self::beside(Double::start().await, accounts, keys)
    }

    /// The same beside a Discord in which something has happened already.
    fn beside(double: Double, accounts: &[&str], keys: &str) -> Self {
        let server = Server::start_with(program(), accounts, &section(&double, keys));
        Self { server, double }
    }

    /// Links Carol to a bot, as an administrator does.
    fn link(&self, bot: &Bot) -> Finished {
        let linked = self.add_link(CAROL, bot.token());
        assert_eq!((linked.code, linked.complaint.as_str()), (0, ""), "{linked:?}");
        linked
    }

    fn add_link(&self, account: &str, token: &str) -> Finished {
        self.server.command(&["link", "add", account, "discord", "--token-stdin"], &format!("{token}\n"))
    }

    /// Carol's client, once these have come onto her list.
    async fn carol(&self, contacts: &[&str]) -> Messenger {
        self.online(CAROL, contacts).await
    }

    /// An account's client, which sees these on its list from the beginning.
    async fn online(&self, account: &str, contacts: &[&str]) -> Messenger {
        let mut early = Messenger::online(&self.server, account, Dialect::Msnp12).await;
        for contact in contacts {
            early.until_listed(contact).await;
        }
        early.wire().send("OUT\r\n").await;
        early.rest().await;
        Messenger::online(&self.server, account, Dialect::Msnp12).await
    }

    /// From now on bots may begin sessions as often as they like: a server that starts again does not know when it last did.
    fn allow_restarts(&self) {
        self.double.set_rules(|rules| rules.identify_interval = Duration::ZERO);
    }

    /// Ends both; it fails if anything was done that Discord would not stand for.
    fn finish(self) {
        drop(self.server);
        self.double.finish();
    }
}

/// The section of the configuration that leads to the double and nowhere else.
pub(crate) fn section(double: &Double, keys: &str) -> String {
    format!(
        "[networks.discord]\napi_base = \"{}\"\ngateway_url = \"{}\"\ncdn_base = \"{}\"\n{keys}\n\
         [networks.discord.contacts]\nmembers = \"all\"\n",
        double.api_base(),
        double.gateway_url(),
        double.cdn_base()
    )
}

/// Carol's bot and Ann, in the guild Tea with the channel general.
pub(crate) fn tea(double: &Double) -> (Bot, Guild, Person) {
    let (bot, guild) = (double.bot("carols-bot"), double.guild("Tea"));
    bot.joins(&guild);
    let ann = double.person("ann");
    ann.set_global_name("Ann");
    ann.joins(&guild);
    (bot, guild, ann)
}

/// A window with a contact, who has come in.
async fn window(messenger: &mut Messenger, contact: &str) -> Room {
    let mut room = messenger.call(contact).await;
    room.joined(contact).await;
    room
}

/// Tells the server's own contact something; gives its answer.
async fn asks(service: &mut Room, words: &str) -> String {
    service.tell(text(words)).await;
    service.hear_text(SERVICE).await.replace("\r\n", "\n")
}
