//! Which bots there are, and whom each speaks and hears for.
//!
//! An account with a bot of its own speaks through that alone; all others share the relay, where there is one. What a bot hears is
//! for the accounts that it speaks for, so nobody sees what their bot may not see, and nobody is told anything twice.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bridge::{LinkState, LinkStatus, Reach};
use domain::{Passport, presence::OwnPresence};
use tokio::sync::watch;

use crate::{
    gateway::{Connection, Intent},
    model::{Application, ApplicationId, Message, User, UserId},
    rest::BotRest,
};

/// Whose a bot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    /// One account's own.
    Account(Passport),
    /// Of all accounts that have none.
    Relay,
}

/// A bot, as something is said or asked through it.
#[derive(Clone)]
pub(crate) struct Voice {
    /// The bot.
    pub(crate) bot: UserId,
    /// Whose it is.
    pub(crate) whose: Whose,
    /// What asks and says.
    pub(crate) rest: BotRest,
    /// The application that it belongs to: the same id as the bot's, but for the oldest bots.
    pub(crate) application: ApplicationId,
}

/// All of them.
pub(crate) struct Bots {
    known: Mutex<Known>,
    /// Tells that the state of some bot changed.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Known {
    bots: HashMap<UserId, Bot>,
    own: HashMap<Passport, UserId>,
    relay: Option<UserId>,
    /// Every account of this server, and what it calls itself.
    accounts: BTreeMap<Passport, String>,
    /// What each account shows, as far as it was told since the start.
    shown: HashMap<Passport, OwnPresence>,
    /// The accounts of the relay, as they are handed out.
    relayed: Arc<[Passport]>,
}

struct Bot {
    voice: Voice,
    /// As Discord writes it; the id as long as it has not been told.
    identity: String,
    state: LinkState,
    /// What the connection works without, of the present session.
    lacks: Vec<String>,
    /// What works less well for another reason.
    notes: Vec<String>,
}

impl Bots {
    pub(crate) fn new() -> Self {
        Self { known: Mutex::default(), changed: watch::Sender::new(()) }
    }

    /// An account is here, and called so. Whether it was not known.
    pub(crate) fn account(&self, owner: &Passport, name: &str) -> bool {
        let mut known = self.lock();
        let is_new = !known.accounts.contains_key(owner);
        if is_new || !name.is_empty() {
            known.accounts.insert(owner.clone(), name.to_owned());
        }
        if is_new {
            known.share();
        }
        is_new
    }

    /// An account shows this from now on.
    pub(crate) fn shows(&self, owner: &Passport, presence: OwnPresence) {
        self.lock().shown.insert(owner.clone(), presence);
    }

    /// What an account shows, if it was told.
    pub(crate) fn shown(&self, owner: &Passport) -> Option<OwnPresence> {
        self.lock().shown.get(owner).cloned()
    }

    /// Whether an account is here.
    pub(crate) fn has_account(&self, owner: &Passport) -> bool {
        self.lock().accounts.contains_key(owner)
    }

    /// An account is no longer here.
    pub(crate) fn account_gone(&self, owner: &Passport) {
        let mut known = self.lock();
        known.accounts.remove(owner);
        known.shown.remove(owner);
        known.share();
    }

    /// What an account calls itself; what stands before the `@` of its address where it has no name.
    pub(crate) fn called(&self, owner: &Passport) -> String {
        let known = self.lock();
        let name = known.accounts.get(owner).filter(|name| !name.is_empty());
        name.map_or_else(|| owner.local().to_owned(), Clone::clone)
    }

    /// A bot, in place of one that its account had; that one is returned.
    pub(crate) fn add(&self, voice: Voice, identity: &str, notes: Vec<String>) -> Option<UserId> {
        let mut known = self.lock();
        let bot = voice.bot;
        let before = match &voice.whose {
            Whose::Account(owner) => known.own.insert(owner.clone(), bot),
            Whose::Relay => known.relay.replace(bot),
        };
        let before = before.filter(|before| *before != bot);
        if let Some(before) = before {
            known.bots.remove(&before);
        }
        let state = LinkState::Connecting;
        known.bots.insert(bot, Bot { voice, identity: identity.to_owned(), state, lacks: Vec::new(), notes });
        known.share();
        drop(known);
        self.changed.send_replace(());
        before
    }

    /// The account has no bot of its own any more. The bot, if it had one.
    pub(crate) fn remove_own(&self, owner: &Passport) -> Option<UserId> {
        let mut known = self.lock();
        let bot = known.own.remove(owner)?;
        known.bots.remove(&bot);
        known.share();
        Some(bot)
    }

    /// Through which bot an account speaks.
    pub(crate) fn voice(&self, owner: &Passport) -> Option<Voice> {
        let known = self.lock();
        let bot = known.own.get(owner).or(known.relay.as_ref())?;
        known.bots.get(bot).map(|bot| bot.voice.clone())
    }

    /// The account's own bot.
    pub(crate) fn own(&self, owner: &Passport) -> Option<UserId> {
        self.lock().own.get(owner).copied()
    }

    /// A bot of ours, as something is asked through it.
    pub(crate) fn get(&self, bot: UserId) -> Option<Voice> {
        self.lock().bots.get(&bot).map(|bot| bot.voice.clone())
    }

    /// Every bot.
    pub(crate) fn all(&self) -> Vec<Voice> {
        self.lock().bots.values().map(|bot| bot.voice.clone()).collect()
    }

    /// Whose this bot is; `None` if it is none of ours.
    pub(crate) fn whose(&self, bot: UserId) -> Option<Whose> {
        self.lock().bots.get(&bot).map(|bot| bot.voice.whose.clone())
    }

    /// For whom a bot hears.
    pub(crate) fn owners(&self, bot: UserId) -> Arc<[Passport]> {
        let known = self.lock();
        match known.bots.get(&bot).map(|bot| &bot.voice.whose) {
            Some(Whose::Account(owner)) => Arc::from([owner.clone()]),
            Some(Whose::Relay) => Arc::clone(&known.relayed),
            None => Arc::from([]),
        }
    }

    /// A bot is connected, under this name.
    pub(crate) fn is_ready(&self, me: &User, application: &Application) {
        self.change(me.id, |bot| {
            bot.identity = identity(me);
            bot.voice.application = application.id;
            bot.state = LinkState::Connected;
        });
    }

    /// Its session goes on.
    pub(crate) fn is_back(&self, bot: UserId) {
        self.change(bot, |bot| bot.state = LinkState::Connected);
    }

    /// What became of a bot's connection.
    pub(crate) fn connection(&self, bot: UserId, connection: &Connection) {
        self.change(bot, |bot| match connection {
            Connection::Connecting | Connection::Lost { .. } => {
                if !matches!(bot.state, LinkState::Failed { .. }) {
                    bot.state = LinkState::Connecting;
                }
            }
            Connection::Stopped { reason, mend } => {
                bot.state = LinkState::Failed { reason: format!("{reason}; {mend}") };
            }
            Connection::Lessened { missing } => {
                bot.lacks = missing.iter().map(|intent| lack(*intent)).collect();
            }
        });
    }

    /// A bot is refused; whether that is news.
    pub(crate) fn refused(&self, bot: UserId, reason: &str) -> bool {
        let mut is_news = false;
        self.change(bot, |bot| {
            is_news = !matches!(bot.state, LinkState::Failed { .. });
            bot.state = LinkState::Failed { reason: reason.to_owned() };
        });
        is_news
    }

    /// Why a bot cannot be spoken through until it is linked anew; `None` if it can.
    pub(crate) fn failed(&self, bot: UserId) -> Option<String> {
        match &self.lock().bots.get(&bot)?.state {
            LinkState::Failed { reason } => Some(reason.clone()),
            LinkState::Connecting | LinkState::Connected | LinkState::Waiting { .. } => None,
        }
    }

    /// What the account's own bot is now; `None` if it has none.
    pub(crate) fn status(&self, owner: &Passport) -> Option<LinkStatus> {
        let known = self.lock();
        let bot = known.bots.get(known.own.get(owner)?)?;
        let notes: BTreeSet<&String> = bot.lacks.iter().chain(&bot.notes).collect();
        let notes = notes.into_iter().cloned().collect();
        Some(LinkStatus { identity: bot.identity.clone(), state: bot.state.clone(), notes })
    }

    /// Whether Discord is there, as far as the bots know: where it refuses all of them, nobody can be reached either.
    pub(crate) fn reach(&self) -> Reach {
        let known = self.lock();
        let any = |wanted: &LinkState| known.bots.values().any(|bot| bot.state == *wanted);
        if any(&LinkState::Connected) {
            Reach::Answers
        } else if any(&LinkState::Connecting)
            || known.bots.values().any(|bot| matches!(bot.state, LinkState::Failed { .. }))
        {
            Reach::Away
        } else {
            Reach::Unknown
        }
    }

    /// Whether a bot is connected.
    pub(crate) fn is_connected(&self, bot: UserId) -> bool {
        self.lock().bots.get(&bot).is_some_and(|bot| bot.state == LinkState::Connected)
    }

    /// Waits until the account's own bot is connected or has failed.
    pub(crate) async fn settled(&self, owner: &Passport) {
        let mut changed = self.changed.subscribe();
        let is_settling = || matches!(self.status(owner), Some(LinkStatus { state: LinkState::Connecting, .. }));
        while is_settling() && changed.changed().await.is_ok() {}
    }

    /// Whether a message speaks to the account that this bot is of in particular.
    pub(crate) fn is_addressed(&self, bot: UserId, owner: &Passport, message: &Message) -> bool {
        let is_own = self.own(owner) == Some(bot);
        let is_mentioned = is_own && message.mentions.iter().any(|user| user.id == bot);
        let is_named = !is_own && calls(&message.content, &self.called(owner));
        is_mentioned || is_named || message.mention_everyone
    }

    fn change(&self, bot: UserId, change: impl FnOnce(&mut Bot)) {
        if let Some(bot) = self.lock().bots.get_mut(&bot) {
            change(bot);
        }
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn share(&mut self) {
        self.relayed = self.accounts.keys().filter(|owner| !self.own.contains_key(*owner)).cloned().collect();
    }
}

/// What a bot lacks without an intent, and what to do.
pub(crate) fn lack(intent: Intent) -> String {
    let (cost, name) = (intent.cost(), intent.name());
    format!("Without the \"{name}\" {cost}; switch it on at https://discord.com/developers, on the page \"Bot\".")
}

/// A bot as Discord writes it: with the four digits behind its name, where it has them still.
pub(crate) fn identity(user: &User) -> String {
    match user.discriminator.as_deref() {
        None | Some("" | "0" | "0000") => user.username.clone(),
        Some(digits) => format!("{}#{digits}", user.username),
    }
}

/// Whether somebody is called by this name in a text, and not by a longer one.
fn calls(text: &str, name: &str) -> bool {
    let (text, call) = (text.to_lowercase(), format!("@{}", name.to_lowercase()));
    text.split(&call).skip(1).any(|behind| !behind.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_called_by_a_longer_name_is_somebody_else() {
        for (text, is_called) in
            [("@al, tea?", true), ("tea, @AL", true), ("@albert and @al", true), ("@albert", false), ("al", false)]
        {
            assert_eq!(calls(text, "Al"), is_called, "{text}");
        }
    }
}
