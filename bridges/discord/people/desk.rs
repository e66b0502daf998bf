//! What was told to whom, and what is still to be done.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use bridge::{Host, RemoteProfile};
use domain::{
    Passport, Timestamp,
    presence::{Availability, RemotePresence},
};
use tokio::time::Instant;

use crate::{
    contacts::{Active, Ledger, Standing, Target},
    model::{GuildId, UserId},
    presences::{Presumed, Told, absent_since},
    roster::Roster,
    typing::{Inward, Outward, Typist},
};

/// How long it has to be quiet before lists are looked at: guilds come many at a time.
const QUIET: Duration = Duration::from_secs(1);
/// How long they wait at most.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// An outage that is shorter shows nothing.
const UNSEEN: Duration = Duration::from_mins(1);
/// How many people are asked for at once (Discord's documentation, "Request Guild Members").
pub(super) const ASKED_AT_ONCE: usize = 100;
/// How many people who wrote wait to be put on lists.
const MOST_MET: usize = 1_000;

/// The state of everything here.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) bots: HashMap<UserId, Bot>,
    ledgers: HashMap<Passport, Ledger>,
    pub(super) told: Told,
    pub(super) typing: Inward,
    pub(super) typed: Outward,
    /// Those who are on somebody's list, and of whom the host was told since the start.
    pub(super) introduced: HashSet<Target>,
}

/// One of our bots.
#[derive(Default)]
pub(super) struct Bot {
    /// The accounts that speak through it.
    pub(super) owners: Arc<[Passport]>,
    /// Whether it ever had a session: before that nobody knows which guilds it is in.
    has_session: bool,
    /// When its accounts' lists have to be looked at.
    due: Option<Due>,
    pub(super) outage: Option<Outage>,
    /// Since when it shows that it hears nothing.
    dark: Option<Timestamp>,
    /// Those who have left a guild since the lists were looked at.
    pub(super) gone: HashSet<UserId>,
    pub(super) active: Active,
    pub(super) presumed: Presumed,
    /// Those of whom only the id is known, and who were not asked for yet in this session.
    pub(super) strangers: BTreeMap<GuildId, BTreeSet<UserId>>,
    /// Those who were asked for in this session.
    asked: HashSet<(GuildId, Option<UserId>)>,
    /// Those who wrote to one account alone, and are not on its list yet.
    pub(super) met: VecDeque<(Passport, RemoteProfile)>,
    /// Whether events were left out, so that everybody on a list has to be asked for.
    pub(super) has_gap: bool,
}

/// When something has to be done.
#[derive(Debug, Clone, Copy)]
struct Due {
    wanted: Instant,
    at: Instant,
}

/// A bot that hears nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outage {
    pub(super) begun: Instant,
    pub(super) since: Timestamp,
}

impl Bot {
    /// It is connected: what could not be told before is told from now on.
    pub(super) fn begin_session(&mut self) {
        self.has_session = true;
        self.outage = None;
        self.ask_anew();
    }

    /// What was asked may be asked again.
    pub(super) fn ask_anew(&mut self) {
        self.asked.clear();
    }

    /// Whether somebody is to be asked for, who was not in this session.
    pub(super) fn is_asked_for(&mut self, guild: GuildId, user: UserId) -> bool {
        let is_new = self.asked.insert((guild, Some(user)));
        if is_new {
            self.strangers.entry(guild).or_default().insert(user);
        }
        is_new
    }

    /// Whether everybody in a guild is to be asked for, which was not done in this session.
    pub(super) fn are_all_asked_for(&mut self, guild: GuildId) -> bool {
        self.asked.insert((guild, None))
    }
}

impl Desk {
    pub(super) fn bot(&mut self, bot: UserId) -> &mut Bot {
        self.bots.entry(bot).or_default()
    }

    /// These accounts speak through the bot, and no longer through another. Says whether others did before.
    pub(super) fn serve(&mut self, bot: UserId, owners: &[Passport]) -> bool {
        if *self.bot(bot).owners == *owners {
            return false;
        }
        let moved: HashSet<_> = owners.iter().collect();
        for other in self.bots.values_mut().filter(|other| other.owners.iter().any(|owner| moved.contains(owner))) {
            other.owners = other.owners.iter().filter(|owner| !moved.contains(owner)).cloned().collect();
        }
        self.bot(bot).owners = owners.into();
        true
    }

    /// Whether an account speaks through this bot.
    pub(super) fn is_served(&self, bot: UserId, owner: &Passport) -> bool {
        self.bots.get(&bot).is_some_and(|bot| bot.owners.contains(owner))
    }

    /// This account speaks through the bot, among others.
    pub(super) fn serve_also(&mut self, bot: UserId, owner: &Passport) {
        let bot = self.bot(bot);
        if !bot.owners.contains(owner) {
            bot.owners = bot.owners.iter().chain([owner]).cloned().collect();
        }
    }

    /// The lists of a bot's accounts have to be looked at, once it is quiet.
    pub(super) fn put_off(&mut self, bot: UserId) {
        let now = Instant::now();
        // One that nobody speaks through is looked at when somebody does.
        if let Some(bot) = self.bots.get_mut(&bot) {
            let wanted = bot.due.map_or(now, |due| due.wanted);
            bot.due = Some(Due { wanted, at: (now + QUIET).min(wanted + LONGEST_WAIT) });
        }
    }

    /// The lists of a bot's accounts could not be kept, and are looked at again later.
    pub(super) fn put_off_for(&mut self, bot: UserId, wait: Duration) {
        if let Some(bot) = self.bots.get_mut(&bot) {
            let now = Instant::now();
            bot.due = Some(Due { wanted: now, at: now + wait });
        }
    }

    /// The bots whose accounts' lists have to be looked at now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<UserId> {
        let due = self.bots.iter_mut().filter(|(_, bot)| bot.due.is_some_and(|due| due.at <= now));
        due.map(|(id, bot)| {
            bot.due = None;
            *id
        })
        .collect()
    }

    /// The bots whose outage begins to show.
    pub(super) fn darkened(&mut self, now: Instant) -> Vec<UserId> {
        let mut dark = Vec::new();
        for (id, bot) in &mut self.bots {
            if let Some(outage) = bot.outage.filter(|outage| bot.dark.is_none() && outage.begun + UNSEEN <= now) {
                bot.dark = Some(outage.since);
                dark.push(*id);
            }
        }
        dark
    }

    /// A bot of which it is known what it sees. If it hears again, what it hears shows from now on.
    pub(super) fn seeing(&mut self, bot: UserId) -> Option<&mut Bot> {
        let bot = self.bots.get_mut(&bot).filter(|bot| bot.has_session)?;
        if bot.outage.is_none() {
            bot.dark = None;
        }
        Some(bot)
    }

    /// When something has to be done next.
    pub(super) fn next(&self) -> Option<Instant> {
        let due = self.bots.values().filter_map(|bot| bot.due.map(|due| due.at));
        let dark = self.bots.values().filter(|bot| bot.dark.is_none());
        let dark = dark.filter_map(|bot| bot.outage.map(|outage| outage.begun + UNSEEN));
        due.chain(dark).chain(self.typing.next()).min()
    }

    /// An account's list, if it was read.
    pub(super) fn ledger(&self, owner: &Passport) -> Option<&Ledger> {
        self.ledgers.get(owner)
    }

    /// An account's list was read. One that was read before stays, for it may have changed.
    pub(super) fn loaded(&mut self, owner: &Passport, ledger: Ledger) {
        self.ledgers.entry(owner.clone()).or_insert(ledger);
    }

    pub(super) fn put(&mut self, owner: &Passport, target: Target, standing: Standing) {
        if let Some(ledger) = self.ledgers.get_mut(owner) {
            ledger.put(target, standing);
        }
    }

    pub(super) fn remove(&mut self, owner: &Passport, target: Target) {
        if let Some(ledger) = self.ledgers.get_mut(owner) {
            ledger.remove(target);
        }
    }

    /// The account has nothing to do with Discord any more.
    pub(super) fn release(&mut self, owner: &Passport) {
        self.ledgers.remove(owner);
        self.told.release(owner);
        for bot in self.bots.values_mut().filter(|bot| bot.owners.contains(owner)) {
            bot.owners = bot.owners.iter().filter(|kept| *kept != owner).cloned().collect();
        }
    }

    /// Somebody has written to an account alone. Says whether that is new.
    pub(super) fn meet(&mut self, bot: UserId, owner: &Passport, who: RemoteProfile) -> bool {
        let is_known = Target::of(&domain::contact::RemoteTarget::Person(who.user.clone()))
            .is_none_or(|target| self.ledger(owner).is_some_and(|ledger| ledger.standing(target).is_some()));
        let met = &mut self.bot(bot).met;
        let is_waiting = met.iter().any(|(to, waiting)| to == owner && waiting.user == who.user);
        if is_known || is_waiting || met.len() >= MOST_MET {
            return false;
        }
        met.push_back((owner.clone(), who));
        true
    }

    /// How present somebody is to those who speak through this bot.
    pub(super) fn presence(&self, roster: &Roster, bot: UserId, user: UserId, now: Timestamp) -> RemotePresence {
        let Some(facts) = self.bots.get(&bot) else { return absent_since(None) };
        let presence = if roster.is_blind(bot) {
            facts.presumed.presence(user, now)
        } else {
            roster.seen(bot, user).into_presence()
        };
        match facts.dark {
            // Those who were away before have been so for longer.
            Some(since) if presence.availability != Availability::Offline => absent_since(Some(since)),
            Some(_) | None => presence,
        }
    }

    /// Tells everybody who has this person as a contact how present they are now.
    pub(super) fn tell_presence(&mut self, roster: &Roster, host: &dyn Host, user: UserId) {
        let now = host.now();
        let bots: Vec<_> = self.bots.iter().map(|(id, bot)| (*id, Arc::clone(&bot.owners))).collect();
        for (bot, owners) in bots {
            let target = Target::Person(user);
            let mut watchers = owners
                .iter()
                .filter(|owner| self.ledgers.get(*owner).is_some_and(|ledger| ledger.holds(target)))
                .peekable();
            if watchers.peek().is_none() {
                continue;
            }
            let watchers: Vec<_> = watchers.cloned().collect();
            let presence = self.presence(roster, bot, user, now);
            for owner in watchers {
                self.tell(host, &owner, user, presence.clone());
            }
        }
    }

    /// Tells one account, if it is news to it.
    pub(super) fn tell(&mut self, host: &dyn Host, owner: &Passport, user: UserId, presence: RemotePresence) {
        if self.told.is_news(owner, user, &presence) {
            host.presence(owner, &domain::RemoteUser(user.to_string()), presence);
        }
    }

    /// The accounts that what happens in this place concerns, as a bot heard it. In direct chats with a bot of many accounts,
    /// which one it is for only whoever reads them knows.
    pub(super) fn those_to_whom_it_is(&self, bot: UserId, place: Target) -> Vec<Passport> {
        let Some(bot) = self.bots.get(&bot) else { return Vec::new() };
        match place {
            Target::Room(_) => {
                let holds = |owner: &&Passport| self.ledgers.get(*owner).is_some_and(|ledger| ledger.holds(place));
                bot.owners.iter().filter(holds).cloned().collect()
            }
            Target::Person(_) => match &*bot.owners {
                [owner] => vec![owner.clone()],
                _ => Vec::new(),
            },
        }
    }

    pub(super) fn typing_begins(&mut self, host: &dyn Host, typist: Typist) {
        let (owner, place, user) = (typist.owner.clone(), typist.place, typist.user);
        if self.typing.begin(typist, Instant::now()) {
            host.typing(&owner, &place.remote(), &domain::RemoteUser(user.to_string()), true);
        }
    }

    pub(super) fn typing_ends(&mut self, host: &dyn Host, place: Target, user: UserId) {
        for typist in self.typing.end(place, user) {
            tell_silence(host, &typist);
        }
    }

    /// Those who have fallen silent type no longer.
    pub(super) fn typing_fades(&mut self, host: &dyn Host, now: Instant) {
        for typist in self.typing.fade(now) {
            tell_silence(host, &typist);
        }
    }
}

fn tell_silence(host: &dyn Host, typist: &Typist) {
    host.typing(&typist.owner, &typist.place.remote(), &domain::RemoteUser(typist.user.to_string()), false);
}
