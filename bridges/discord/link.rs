//! One account's link, as the server's orders reach it.

use std::sync::Arc;

use async_trait::async_trait;
use bridge::{Action, Arrival, Batch, Failure, Farewell, Found, Link, Order, Receipt, Write};
use domain::{Passport, RemoteRoom, contact::RemoteTarget, presence::OwnPresence};

use crate::{
    bots::Whose,
    gateway::{Shown, ShownStatus},
    model::{ChannelId, Permissions},
    remote_ids,
    running::{Running, host_failure},
    words,
};

/// The link of one account, through its own bot or the relay.
pub(crate) struct BotLink {
    running: Arc<Running>,
    owner: Passport,
}

impl BotLink {
    /// The link of an account.
    pub(crate) const fn new(running: Arc<Running>, owner: Passport) -> Self {
        Self { running, owner }
    }

    /// The account wants this person or room.
    async fn want(&self, to: &RemoteTarget) -> Result<(), Failure> {
        let (running, owner) = (&self.running, &self.owner);
        let voice = running.voice(owner)?;
        if let RemoteTarget::Room(room) = to {
            let channel = channel(room)?;
            if running.roster.channel(channel).is_some()
                && !running.roster.may(voice.bot, channel, Permissions::VIEW_CHANNEL)
            {
                return Err(Failure::refused("its bot may not see this channel on Discord"));
            }
            let back = running.departures.come_back(owner, channel);
            let room = Arrival::Room { owner: owner.clone(), room: running.people.room(channel), group: None };
            let entered = Batch { arrivals: vec![room], writes: vec![back] };
            running.host.accept(entered).await.map_err(|fault| host_failure(&fault))?;
        }
        running.people.choose(owner, voice.bot, to).await.map_err(|fault| host_failure(&fault))
    }

    /// The account does not want this person or room any more. A bot stays where it is: nothing is done on Discord.
    async fn leave(&self, to: &RemoteTarget) -> Result<(), Failure> {
        let (running, owner) = (&self.running, &self.owner);
        if let RemoteTarget::Room(room) = to {
            let left: Write = running.departures.leave(owner, channel(room)?);
            running.host.write(vec![left]).await.map_err(|fault| host_failure(&fault))?;
        }
        running.people.decline(owner, to).await.map_err(|fault| host_failure(&fault))
    }
}

fn channel(room: &RemoteRoom) -> Result<ChannelId, Failure> {
    remote_ids::read_room(room).ok_or_else(|| Failure::refused(format!("{room} is no channel on Discord")))
}

#[async_trait]
impl Link for BotLink {
    fn show(&self, presence: OwnPresence) {
        let (running, owner) = (&self.running, &self.owner);
        running.bots.account(owner, &presence.name);
        running.showing.show(owner, presence.picture.as_ref());
        let shown = words::shown(&presence);
        // First: a bot that is being linked just now begins with it.
        running.bots.shows(owner, presence);
        if let Some(bot) = running.bots.own(owner) {
            running.gateway.show(bot, shown);
        }
    }

    fn typing(&self, to: &RemoteTarget, typing: bool) {
        // Discord has no word for having stopped: it shows for ten seconds, or until something is said.
        let (true, Ok(voice)) = (typing, self.running.voice(&self.owner)) else { return };
        let channel = match to {
            RemoteTarget::Person(user) => {
                remote_ids::read_user(user).and_then(|user| self.running.directs.channel(voice.bot, user))
            }
            RemoteTarget::Room(room) => remote_ids::read_room(room),
        };
        let Some(channel) = channel.filter(|channel| self.running.people.is_typing_due(voice.bot, *channel)) else {
            return;
        };
        let running = Arc::clone(&self.running);
        self.running.tasks.spawn(async move {
            let shown = running.stopping.run_until_cancelled(voice.rest.typing(channel)).await;
            if let Some(Err(failure)) = shown {
                running.failure(&voice, &failure);
                tracing::debug!(bot = %voice.bot, %failure, "it is not shown that somebody types");
            }
        });
    }

    async fn search(&self, words: &str) -> Result<Vec<Found>, Failure> {
        let voice = self.running.voice(&self.owner)?;
        Ok(self.running.people.search_with(voice.bot, &voice.rest, words).await)
    }

    async fn topic(&self, room: &RemoteRoom, topic: Option<&str>) -> Result<String, Failure> {
        if topic.is_some() {
            return Err(Failure::Unsupported { reason: "topics of channels are changed on Discord alone".into() });
        }
        let (channel, bot) = (channel(room)?, self.running.voice(&self.owner)?.bot);
        let roster = &self.running.roster;
        let facts = roster.channel(channel).filter(|_| roster.may(bot, channel, Permissions::VIEW_CHANNEL));
        facts.map(|facts| facts.topic).ok_or_else(|| Failure::refused("this channel is not known"))
    }

    async fn deliver(&self, order: &Order) -> Result<Receipt, Failure> {
        match &order.action {
            Action::Say { .. } => return self.running.say(&self.owner, order).await,
            Action::Gather { .. } => {
                return Err(Failure::Unsupported { reason: "bots cannot begin group chats on Discord".into() });
            }
            // A direct chat begins with the first message: Discord takes bots that open many for spammers.
            Action::Befriend | Action::Welcome => self.want(&order.to).await?,
            Action::TurnAway | Action::Unfriend => self.leave(&order.to).await?,
        }
        Ok(Receipt::default())
    }

    async fn close(&self, farewell: Farewell) {
        match farewell {
            // All bots go offline together, when the network stops.
            Farewell::Stopping => {}
            Farewell::Removed => {
                if let Err(failure) = self.running.account_removed(&self.owner).await {
                    tracing::error!(owner = %self.owner, %failure, "something of a removed account is left on Discord");
                }
            }
        }
    }
}

impl Running {
    /// What a bot of this account shows: what the account shows, if that is known already.
    pub(crate) fn shown_by(&self, whose: &Whose) -> Shown {
        match whose {
            Whose::Account(owner) => {
                let invisible = || Shown { status: ShownStatus::Invisible, ..Shown::default() };
                self.bots.shown(owner).map_or_else(invisible, |presence| words::shown(&presence))
            }
            Whose::Relay => Shown::default(),
        }
    }
}
