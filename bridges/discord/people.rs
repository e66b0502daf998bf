//! People and rooms on lists: who is there, what they are called, how they look, who types.
//!
//! Everything that is heard goes through [`People::hear`], which returns at once; what has to be kept is done by [`People::run`]
//! soon after, for many events together.

mod desk;
mod seeking;
mod settling;
mod spelling;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridge::{Host, HostFault, RemoteProfile, RoomProfile};
use domain::{Passport, RemoteRoom, RemoteUser, contact::RemoteTarget};
use tokio::{sync::Notify, time::Instant};

use crate::{
    configuration::{ContactsSettings, Members},
    contacts::{Ledger, Standing, Target, is_wanted},
    event::Happening,
    gateway::{Ask, Connection, Intent},
    model::{ChannelId, GuildId, Member, Message, User, UserId},
    pictures::{Gallery, Look, Pictures, Portrayed},
    presences::OUT_OF_REACH,
    roster::{Change, Roster},
    typing::Typist,
};
use desk::{Desk, Outage};

pub(crate) use spelling::{NamesHere, PeopleHere};

/// Asks Discord for members of a guild, through a bot; what it answers is heard like everything else.
pub(crate) type AskMembers = Box<dyn Fn(UserId, GuildId, Ask) + Send + Sync>;

/// What is known of people, and what the accounts were told of it.
pub(crate) struct People {
    host: Arc<dyn Host>,
    settings: ContactsSettings,
    roster: Arc<Roster>,
    pictures: Arc<Pictures>,
    ask: AskMembers,
    desk: Mutex<Desk>,
    /// Held while a list is changed: what its user decides and what is told by Discord must not undo each other.
    keeping: tokio::sync::Mutex<()>,
    bell: Notify,
}

impl People {
    /// Nobody is known yet; [`People::run`] has to run for lists and pictures to be kept.
    pub(crate) fn new(
        host: Arc<dyn Host>,
        settings: ContactsSettings,
        gallery: Arc<dyn Gallery>,
        ask: AskMembers,
    ) -> Arc<Self> {
        let pictures = Arc::new(Pictures::new(Arc::clone(&host), gallery));
        let (roster, desk, keeping) = (Arc::default(), Mutex::default(), tokio::sync::Mutex::default());
        Arc::new(Self { host, settings, roster, pictures, ask, desk, keeping, bell: Notify::new() })
    }

    /// What is known of guilds and people.
    pub(crate) fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// The names behind ids in what is said in a guild, or in a direct chat.
    pub(crate) fn names(&self, guild: Option<GuildId>) -> NamesHere {
        spelling::names(&self.roster, guild)
    }

    /// The people and emojis that can be named in what is said in a guild, or in a direct chat.
    pub(crate) fn people(&self, guild: Option<GuildId>) -> PeopleHere {
        spelling::people(&self.roster, guild)
    }

    /// Takes in what a bot has heard, for the accounts that speak through it: everything, and in order, messages included (who
    /// speaks is active, and has ended typing). What is said is not handed on from here.
    pub(crate) fn hear(&self, bot: UserId, owners: &[Passport], happening: &Happening) {
        let changes = self.roster.take(bot, happening, self.host.now());
        let mut desk = self.lock();
        if desk.serve(bot, owners) {
            desk.put_off(bot);
        }
        match happening {
            // Also where the old session goes on, what was asked when its connection broke may have been lost.
            Happening::Ready { .. } | Happening::Resumed => {
                desk.bot(bot).begin_session();
                desk.put_off(bot);
            }
            Happening::Message(message) => self.spoken(&mut desk, bot, message),
            Happening::Reaction { guild: Some(guild), user, added: true, .. } => {
                self.acted(&mut desk, bot, *guild, *user);
            }
            Happening::Typing { guild, channel, user, .. } => {
                self.typed(&mut desk, bot, *guild, *channel, *user);
            }
            Happening::Guild(_)
            | Happening::GuildChanged(_)
            | Happening::GuildGone { .. }
            | Happening::Channel(_)
            | Happening::ChannelGone { .. }
            | Happening::Threads { .. }
            | Happening::Role { .. }
            | Happening::RoleGone { .. }
            | Happening::Emojis { .. }
            | Happening::Member { .. }
            | Happening::MemberGone { .. }
            | Happening::Members { .. }
            | Happening::Presence { .. }
            | Happening::Me(_)
            | Happening::MessageChanged(_)
            | Happening::MessagesGone { .. }
            | Happening::Reaction { .. }
            | Happening::WebhooksChanged { .. } => {}
        }
        for change in changes {
            self.changed(&mut desk, bot, change);
        }
        drop(desk);
        self.bell.notify_one();
    }

    /// These accounts speak through a bot that is connected, from now on: their lists follow.
    pub(crate) fn serve(&self, bot: UserId, owners: &[Passport]) {
        let mut desk = self.lock();
        if desk.serve(bot, owners) {
            desk.put_off(bot);
        }
        drop(desk);
        self.bell.notify_one();
    }

    /// Takes in how a bot's connection is. An outage of less than a minute shows nothing.
    pub(crate) fn connection(&self, bot: UserId, owners: &[Passport], connection: &Connection) {
        let mut desk = self.lock();
        let is_first = !desk.bots.contains_key(&bot);
        desk.serve(bot, owners);
        match connection {
            Connection::Connecting if !is_first => {}
            Connection::Connecting | Connection::Lost { .. } | Connection::Stopped { .. } => {
                let begun = || Outage { begun: Instant::now(), since: self.host.now() };
                desk.bot(bot).outage.get_or_insert_with(begun);
            }
            Connection::Lessened { missing } => {
                self.roster.blind(bot, missing.contains(&Intent::Presences));
                desk.put_off(bot);
            }
        }
        drop(desk);
        self.bell.notify_one();
    }

    /// Events of this bot were left out: how present its accounts' contacts are is asked anew.
    pub(crate) fn gap(&self, bot: UserId) {
        let mut desk = self.lock();
        desk.bot(bot).has_gap = true;
        desk.put_off(bot);
        drop(desk);
        self.bell.notify_one();
    }

    /// The bot is no longer ours.
    pub(crate) fn forget(&self, bot: UserId) {
        self.lock().bots.remove(&bot);
        self.roster.forget(bot);
    }

    /// Somebody has written to this account alone: they become its contact, in the group of a guild that they share with the bot.
    pub(crate) fn met(&self, bot: UserId, owner: &Passport, user: &User) {
        let mut desk = self.lock();
        if desk.meet(bot, owner, profile_of(user, None)) {
            desk.put_off(bot);
        }
        desk.typing_ends(&*self.host, Target::Person(user.id), user.id);
        drop(desk);
        self.bell.notify_one();
    }

    /// Somebody types to this account alone. Of a bot that only one account speaks through, [`People::hear`] sees to it.
    pub(crate) fn types(&self, owner: &Passport, user: UserId) {
        let typist = Typist { owner: owner.clone(), place: Target::Person(user), user };
        self.lock().typing_begins(&*self.host, typist);
        self.bell.notify_one();
    }

    /// An account's user types in a channel through this bot. Says whether Discord has to be told, which shows it for ten seconds.
    pub(crate) fn is_typing_due(&self, bot: UserId, channel: ChannelId) -> bool {
        self.lock().typed.is_due(bot, channel, Instant::now())
    }

    /// The bot has said something in a channel, which ends its typing there.
    pub(crate) fn has_said(&self, bot: UserId, channel: ChannelId) {
        self.lock().typed.end(bot, channel);
    }

    /// The account's user wants this person or room on the list.
    pub(crate) async fn choose(&self, owner: &Passport, bot: UserId, target: &RemoteTarget) -> Result<(), HostFault> {
        self.decide(owner, target, Standing::Chosen).await?;
        let mut desk = self.lock();
        desk.serve_also(bot, owner);
        self.show_list(&mut desk, bot, owner);
        Ok(())
    }

    /// The account's user has taken this person or room off the list: it is not put there again, and nothing more is told of it.
    pub(crate) async fn decline(&self, owner: &Passport, target: &RemoteTarget) -> Result<(), HostFault> {
        self.decide(owner, target, Standing::Declined).await
    }

    async fn decide(&self, owner: &Passport, target: &RemoteTarget, standing: Standing) -> Result<(), HostFault> {
        let Some(target) = Target::of(target) else { return Ok(()) };
        let _turn = self.keeping.lock().await;
        self.load(owner).await?;
        if standing == Standing::Chosen && self.lock().ledger(owner).is_some_and(|ledger| ledger.holds(target)) {
            return Ok(());
        }
        self.host.write(vec![Ledger::write(owner, target, Some(standing))]).await?;
        let mut desk = self.lock();
        desk.put(owner, target, standing);
        if let (Target::Person(user), Standing::Declined) = (target, standing) {
            desk.told.forget(owner, user);
        }
        Ok(())
    }

    /// A person, called as in this guild or as everywhere.
    pub(crate) fn profile(&self, user: UserId, guild: Option<GuildId>) -> RemoteProfile {
        let person = self.roster.person(user);
        let login = person.map(|person| person.username).filter(|login| !login.is_empty());
        RemoteProfile {
            user: RemoteUser(user.to_string()),
            name: self.roster.name(user, guild).unwrap_or_default(),
            login: login.unwrap_or_else(|| user.to_string()),
            server: None,
            account: None,
        }
    }

    /// A person, called as on everybody's list.
    fn listed_profile(&self, user: UserId) -> RemoteProfile {
        let profile = self.profile(user, None);
        RemoteProfile { name: self.roster.list_name(user).unwrap_or_default(), ..profile }
    }

    /// A channel or a thread, with its guild in its name: windows show no group.
    pub(crate) fn room(&self, channel: ChannelId) -> RoomProfile {
        let room = RemoteRoom(channel.to_string());
        let Some(facts) = self.roster.channel(channel) else {
            let (name, topic) = (String::new(), String::new());
            return RoomProfile { room, name, login: channel.to_string(), server: None, topic };
        };
        let guild = self.roster.guild_name(facts.guild).unwrap_or_default();
        let name = spelling::room_name(&facts, &guild);
        let login = spelling::room_login(&facts.name, &guild).unwrap_or_else(|| channel.to_string());
        RoomProfile { room, name, login, server: None, topic: facts.topic }.bounded()
    }

    /// Somebody has said something where a bot heard it.
    fn spoken(&self, desk: &mut Desk, bot: UserId, message: &Message) {
        let (Some(author), None) = (&message.author, message.webhook_id) else { return };
        let place =
            if message.guild_id.is_some() { Target::Room(message.channel_id) } else { Target::Person(author.id) };
        desk.typing_ends(&*self.host, place, author.id);
        if let Some(guild) = message.guild_id {
            self.acted(desk, bot, guild, author.id);
        }
    }

    /// Somebody has given a sign of themselves in a guild.
    fn acted(&self, desk: &mut Desk, bot: UserId, guild: GuildId, user: UserId) {
        if self.roster.is_ours(user) {
            return;
        }
        let name = || self.roster.guild_name(guild).unwrap_or_default();
        if self.settings.members == Members::Active
            && is_wanted(&self.settings, guild, &name())
            && desk.bot(bot).active.note(user, guild, self.settings.at_most)
        {
            desk.put_off(bot);
        }
        if self.roster.is_blind(bot) {
            desk.bot(bot).presumed.hear(user, self.host.now());
            desk.tell_presence(&self.roster, &*self.host, user);
        }
    }

    fn typed(&self, desk: &mut Desk, bot: UserId, guild: Option<GuildId>, channel: ChannelId, user: UserId) {
        if self.roster.is_ours(user) {
            return;
        }
        let place = if guild.is_some() { Target::Room(channel) } else { Target::Person(user) };
        if let Some(guild) = guild {
            self.acted(desk, bot, guild, user);
        }
        for owner in desk.those_to_whom_it_is(bot, place) {
            desk.typing_begins(&*self.host, Typist { owner, place, user });
        }
    }

    fn changed(&self, desk: &mut Desk, bot: UserId, change: Change) {
        match change {
            Change::Guild(guild) => {
                for bot in self.roster.bots_in(guild) {
                    desk.put_off(bot);
                }
            }
            Change::Renamed(guild) => {
                let rooms = desk.introduced.iter().filter_map(|target| match target {
                    Target::Room(channel) => Some(*channel),
                    Target::Person(_) => None,
                });
                let is_there =
                    |channel: &ChannelId| self.roster.channel(*channel).is_some_and(|facts| facts.guild == guild);
                rooms.filter(is_there).for_each(|channel| self.introduce_room(channel));
            }
            Change::GuildGone(_) => desk.put_off(bot),
            Change::MemberGone(guild, user) => {
                if desk.introduced.contains(&Target::Person(user)) {
                    for bot in self.roster.bots_in(guild) {
                        desk.bot(bot).gone.insert(user);
                        desk.put_off(bot);
                    }
                }
            }
            Change::Person(user) => {
                if desk.introduced.contains(&Target::Person(user)) {
                    self.introduce_person(user);
                }
            }
            Change::Status(user) => {
                if desk.introduced.contains(&Target::Person(user)) {
                    desk.tell_presence(&self.roster, &*self.host, user);
                } else if self.settings.members == Members::Online {
                    desk.put_off(bot);
                }
            }
            Change::Channel(channel) => {
                if desk.introduced.contains(&Target::Room(channel)) {
                    self.host.room(self.room(channel));
                }
            }
            Change::Stranger(guild, user) => {
                let is_of_use =
                    self.settings.members == Members::Online || desk.introduced.contains(&Target::Person(user));
                if is_of_use && desk.bot(bot).is_asked_for(guild, user) {
                    desk.put_off(bot);
                }
            }
        }
    }

    /// Tells the host what somebody is called and looks like.
    fn introduce_person(&self, user: UserId) {
        let Some(person) = self.roster.person(user).filter(|person| !person.username.is_empty()) else { return };
        self.host.profile(self.listed_profile(user).bounded());
        let look = Look { name: person.picture, shown_by: [Target::Person(user)].into() };
        self.pictures.look_at(Portrayed::Person(user), look);
    }

    /// Tells the host what a room is called and about, and looks like: as its guild.
    fn introduce_room(&self, channel: ChannelId) {
        let Some(facts) = self.roster.channel(channel) else { return };
        self.host.room(self.room(channel));
        let look = Look { name: self.roster.icon(facts.guild), shown_by: [Target::Room(channel)].into() };
        self.pictures.look_at(Portrayed::Guild(facts.guild), look);
    }

    /// Tells of everybody and everything on an account's list what was not told before.
    fn show_list(&self, desk: &mut Desk, bot: UserId, owner: &Passport) {
        let Some(ledger) = desk.ledger(owner) else { return };
        let (people, rooms): (Vec<_>, Vec<_>) = (ledger.people().collect(), ledger.rooms().collect());
        let now = self.host.now();
        for user in people {
            if desk.introduced.insert(Target::Person(user)) {
                self.introduce_person(user);
            }
            let presence = desk.presence(&self.roster, bot, user, now);
            desk.tell(&*self.host, owner, user, presence);
        }
        for channel in rooms {
            if desk.introduced.insert(Target::Room(channel)) {
                self.introduce_room(channel);
            }
        }
    }

    /// Nothing can be written to them any more.
    fn out_of_reach(&self, desk: &mut Desk, owner: &Passport, user: UserId) {
        desk.tell(&*self.host, owner, user, OUT_OF_REACH);
        desk.told.forget(owner, user);
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A person as an event tells of them, who may be in no guild that is known.
pub(crate) fn profile_of(user: &User, member: Option<&Member>) -> RemoteProfile {
    let nick = member.and_then(|member| member.nick.as_deref()).filter(|nick| !nick.is_empty());
    let login = if user.username.is_empty() { user.id.to_string() } else { user.username.clone() };
    let profile = RemoteProfile {
        user: RemoteUser(user.id.to_string()),
        name: nick.unwrap_or_else(|| user.shown_name()).to_owned(),
        login,
        server: None,
        account: None,
    };
    profile.bounded()
}
