//! Keeping lists as they should be, once it is quiet.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bridge::{Arrival, Batch, HostFault, RemoteProfile, Write};
use domain::{Passport, RemoteRoom, RemoteUser};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    People,
    desk::{ASKED_AT_ONCE, Desk},
};
use crate::{
    configuration::Members,
    contacts::{Candidates, Ledger, Standing, Step, Target, candidates, is_wanted, steps},
    gateway::Ask,
    model::{ChannelId, GuildId, UserId},
    pictures::at,
};

/// How many changes of a list are kept together.
const TOGETHER: usize = 100;
/// When lists that could not be kept are looked at again.
const AGAIN: Duration = Duration::from_secs(5);
/// How often those who are presumed to be there are looked at.
const GLANCE: Duration = Duration::from_mins(1);
/// A guild of more people is never asked for all of them.
const MOST_ASKED: u64 = 20_000;

impl People {
    /// Keeps lists, presences and pictures until everything ends.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        let pictures = Arc::clone(&self.pictures).run(stopping.clone());
        tokio::join!(pictures, self.keep(stopping));
    }

    async fn keep(&self, stopping: CancellationToken) {
        let mut glance = tokio::time::interval(GLANCE);
        while !stopping.is_cancelled() {
            let due = self.advance(Instant::now());
            for bot in due {
                if stopping.run_until_cancelled(self.settle(bot)).await.is_none() {
                    return;
                }
            }
            let next = self.lock().next();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = self.bell.notified() => {}
                () = at(next) => {}
                _ = glance.tick() => self.glance(),
            }
        }
    }

    /// Does what time alone brings, and says whose lists are due.
    pub(super) fn advance(&self, now: Instant) -> Vec<UserId> {
        let mut desk = self.lock();
        desk.typing_fades(&*self.host, now);
        for bot in desk.darkened(now) {
            tracing::info!(%bot, "a bot has heard nothing for a minute: its accounts' contacts are shown as offline");
            self.show_lists(&mut desk, bot);
        }
        desk.due(now)
    }

    /// Those who have been silent for long fade away, where nobody tells who is there.
    fn glance(&self) {
        let mut desk = self.lock();
        let blind = desk.bots.values().filter(|bot| !bot.presumed.is_empty());
        let people: Vec<_> = blind.flat_map(|bot| bot.presumed.people()).collect();
        for user in people {
            desk.tell_presence(&self.roster, &*self.host, user);
        }
    }

    fn show_lists(&self, desk: &mut Desk, bot: UserId) {
        let owners = Arc::clone(&desk.bot(bot).owners);
        for owner in &*owners {
            self.show_list(desk, bot, owner);
        }
    }

    /// Brings the lists of all accounts that speak through a bot up to date, and tells what is new of those on them.
    pub(super) async fn settle(&self, bot: UserId) {
        let (owners, found, met) = {
            let mut desk = self.lock();
            let Some(facts) = desk.seeing(bot) else { return };
            let gone = std::mem::take(&mut facts.gone);
            let mut found = candidates(&self.roster, &self.settings, &facts.active, bot);
            found.gone = gone;
            (Arc::clone(&facts.owners), found, std::mem::take(&mut facts.met))
        };
        let mut failed = None;
        for owner in &*owners {
            let met = met.iter().filter(|(to, _)| to == owner).map(|(_, who)| who);
            if let Err(fault) = self.settle_one(bot, owner, &found, met).await {
                failed = Some(fault);
                break;
            }
            let mut desk = self.lock();
            if desk.is_served(bot, owner) {
                self.show_list(&mut desk, bot, owner);
            }
        }
        if let Some(fault) = failed {
            tracing::warn!(%bot, %fault, "contact lists cannot be kept; tried again");
            let mut desk = self.lock();
            let Some(facts) = desk.seeing(bot) else { return };
            facts.gone.extend(found.gone);
            facts.met.extend(met);
            desk.put_off_for(bot, AGAIN);
            return;
        }
        self.ask_for_more(bot, &owners);
    }

    /// Brings one account's list up to date.
    async fn settle_one(
        &self,
        bot: UserId,
        owner: &Passport,
        found: &Candidates,
        met: impl Iterator<Item = &RemoteProfile>,
    ) -> Result<(), HostFault> {
        let _turn = self.keeping.lock().await;
        self.load(owner).await?;
        let mut changes: Vec<Change> = {
            let desk = self.lock();
            // Meanwhile it may have been given up, or speak through another.
            if !desk.is_served(bot, owner) {
                return Ok(());
            }
            let Some(ledger) = desk.ledger(owner) else { return Ok(()) };
            let steps = steps(&self.roster, &self.settings, bot, found, ledger).into_iter().map(Change::of);
            let met = met.filter_map(|who| Some((Target::Person(who.user.as_str().parse().ok()?), who)));
            let strangers = met.filter(|(target, _)| ledger.standing(*target).is_none());
            steps.chain(strangers.map(|(target, who)| Change::Meet(target, who.clone()))).collect()
        };
        while !changes.is_empty() {
            let now: Vec<_> = changes.drain(..changes.len().min(TOGETHER)).collect();
            let (arrivals, writes) = now.iter().map(|change| self.in_words(bot, owner, change)).unzip();
            self.host.accept(Batch { arrivals, writes }).await?;
            let mut desk = self.lock();
            for change in now {
                match change {
                    Change::List(target, guild) => desk.put(owner, target, Standing::Listed(guild)),
                    Change::Meet(target, _) => desk.put(owner, target, Standing::Chosen),
                    Change::Lose(target) => {
                        desk.remove(owner, target);
                        if let Target::Person(user) = target {
                            self.out_of_reach(&mut desk, owner, user);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts a room on an account's list at once, if it belongs there and does not stand there yet: something was said in it.
    pub(crate) async fn list_room(&self, bot: UserId, owner: &Passport, channel: ChannelId) -> Result<(), HostFault> {
        let target = Target::Room(channel);
        if self.lock().ledger(owner).is_some_and(|ledger| ledger.standing(target).is_some()) {
            return Ok(());
        }
        let _turn = self.keeping.lock().await;
        self.load(owner).await?;
        let has_room =
            |ledger: &Ledger| ledger.standing(target).is_none() && ledger.rooms().count() < self.settings.at_most;
        let is_new = {
            let desk = self.lock();
            desk.is_served(bot, owner) && desk.ledger(owner).is_some_and(has_room)
        };
        let (true, Some(facts)) = (is_new, self.roster.channel(channel)) else { return Ok(()) };
        let (arrival, write) = self.in_words(bot, owner, &Change::List(target, facts.guild));
        self.host.accept(Batch { arrivals: vec![arrival], writes: vec![write] }).await?;
        self.lock().put(owner, target, Standing::Listed(facts.guild));
        Ok(())
    }

    /// A change of a list as it is handed in, and as it is kept.
    fn in_words(&self, bot: UserId, owner: &Passport, change: &Change) -> (Arrival, Write) {
        let written = |target, standing| Ledger::write(owner, target, standing);
        let named = |guild: GuildId| self.roster.guild_name(guild).filter(|name| !name.is_empty());
        let to = owner.clone();
        let (arrival, write) = match change {
            Change::List(target, guild) => {
                let (owner, group) = (to, named(*guild));
                let arrival = match target {
                    Target::Room(channel) => Arrival::Room { owner, room: self.room(*channel), group },
                    Target::Person(user) => Arrival::Friend { owner, who: self.listed_profile(*user), group },
                };
                (arrival, written(*target, Some(Standing::Listed(*guild))))
            }
            Change::Meet(target, who) => {
                let group = self.common_guild(bot, *target).and_then(named);
                (Arrival::Friend { owner: to, who: who.clone(), group }, written(*target, Some(Standing::Chosen)))
            }
            Change::Lose(target) => (loss(to, *target), written(*target, None)),
        };
        (arrival.bounded(), write)
    }

    fn common_guild(&self, bot: UserId, target: Target) -> Option<GuildId> {
        match target {
            Target::Person(user) => self.roster.shared_guild(bot, user),
            Target::Room(_) => None,
        }
    }

    /// Reads an account's list, if that was not done yet.
    pub(super) async fn load(&self, owner: &Passport) -> Result<(), HostFault> {
        if self.lock().ledger(owner).is_some() {
            return Ok(());
        }
        let kept = self.host.list(&Ledger::prefix(owner)).await?;
        self.lock().loaded(owner, Ledger::read(owner, &kept));
        Ok(())
    }

    /// The account is no longer linked, or gone: everything that stands on its list by our doing is taken back, and forgotten.
    pub(crate) async fn release(&self, owner: &Passport) -> Result<(), HostFault> {
        let _turn = self.keeping.lock().await;
        self.load(owner).await?;
        let all: Vec<_> = self.lock().ledger(owner).map(|ledger| ledger.all().collect()).unwrap_or_default();
        for some in all.chunks(TOGETHER) {
            let mut batch = Batch::default();
            for (target, standing) in some {
                batch.writes.push(Ledger::write(owner, *target, None));
                if *standing != Standing::Declined {
                    batch.arrivals.push(loss(owner.clone(), *target));
                }
            }
            self.host.accept(batch).await?;
        }
        let mut desk = self.lock();
        for (target, _) in all {
            if let Target::Person(user) = target {
                self.out_of_reach(&mut desk, owner, user);
            }
        }
        desk.release(owner);
        Ok(())
    }

    /// Asks for those of whom Discord did not tell by itself, as it does of big guilds.
    fn ask_for_more(&self, bot: UserId, owners: &[Passport]) {
        let mut asks: Vec<(GuildId, Ask)> = Vec::new();
        let mut desk = self.lock();
        if desk.seeing(bot).is_none() {
            return;
        }
        for guild in self.roster.guilds_of(bot) {
            let Some(name) = self.roster.guild_name(guild) else { continue };
            let (known, count) = self.roster.members_known(guild);
            let is_small = known as u64 >= count || count > MOST_ASKED;
            let wants_all = self.settings.members == Members::All && known < self.settings.at_most && !is_small;
            if wants_all && is_wanted(&self.settings, guild, &name) && desk.bot(bot).are_all_asked_for(guild) {
                asks.push((guild, Ask::All));
            }
        }
        let has_gap = std::mem::take(&mut desk.bot(bot).has_gap);
        if has_gap {
            desk.bot(bot).ask_anew();
        }
        for owner in owners {
            let Some(ledger) = desk.ledger(owner) else { continue };
            let listed: Vec<_> = ledger.people().map(|user| (user, ledger.standing(Target::Person(user)))).collect();
            for (user, standing) in listed {
                let shared = self.roster.shared_guild(bot, user);
                let guild = match (shared, standing) {
                    (Some(shared), _) if has_gap => shared,
                    (None, Some(Standing::Listed(guild))) if self.roster.guild_name(guild).is_some() => guild,
                    (_, _) => continue,
                };
                desk.bot(bot).is_asked_for(guild, user);
            }
        }
        let strangers: BTreeMap<_, _> = std::mem::take(&mut desk.bot(bot).strangers);
        drop(desk);
        for (guild, people) in strangers {
            let people: Vec<_> = people.into_iter().collect();
            asks.extend(people.chunks(ASKED_AT_ONCE).map(|some| (guild, Ask::Those(some.to_vec()))));
        }
        for (guild, ask) in asks {
            (self.ask)(bot, guild, ask);
        }
    }
}

/// What happens to a list.
#[derive(Debug, Clone)]
enum Change {
    List(Target, GuildId),
    Lose(Target),
    /// Somebody wrote to the account.
    Meet(Target, RemoteProfile),
}

impl Change {
    const fn of(step: Step) -> Self {
        match step {
            Step::List(target, guild) => Self::List(target, guild),
            Step::Lose(target) => Self::Lose(target),
        }
    }
}

fn loss(owner: Passport, target: Target) -> Arrival {
    match target {
        Target::Room(channel) => Arrival::RoomLost { owner, room: RemoteRoom(channel.to_string()) },
        Target::Person(user) => Arrival::Withdrawal { owner, from: RemoteUser(user.to_string()) },
    }
}
