//! What the gateway tells, on its way in: who and what is there goes to `people`; what is said goes into the lane of its place, is
//! worded, and is committed for every account that its bot hears for, together with how far the bot has heard there.

mod arrivals;
mod authors;
mod cursors;
mod hearing;
mod lanes;
mod media;
mod relayed;
mod taking;

use std::sync::Arc;

use tokio::sync::mpsc;

pub(crate) use authors::Authors;
pub(crate) use cursors::{Cursors, Place};
pub(crate) use hearing::jump;
pub(crate) use lanes::{Lanes, Task, Utterance};
pub(crate) use media::Media;

use crate::{
    bots::{Whose, lack},
    event::Happening,
    gateway::{Connection, Heard, Told},
    model::{ChannelId, UserId},
    running::{Running, Stopping},
};

impl Running {
    /// Takes in whatever the gateway tells, in its order, until the end.
    pub(crate) async fn listen(self: Arc<Self>, mut heard: mpsc::Receiver<Heard>) {
        while let Some(Some(Heard { bot, what })) = self.stopping.run_until_cancelled(heard.recv()).await {
            // A bot that was unlinked may still have something on its way.
            if self.bots.whose(bot).is_none() {
                continue;
            }
            match what {
                Told::Happened(happening) => self.happens(bot, happening).await,
                Told::Connection(connection) => self.connection(bot, &connection),
                Told::Gap => {
                    self.people.gap(bot);
                    self.catch_up_everywhere(bot);
                }
            }
        }
    }

    async fn happens(self: &Arc<Self>, bot: UserId, happening: Happening) {
        self.people.hear(bot, &self.bots.owners(bot), &happening);
        match happening {
            Happening::Ready { me, application, .. } => {
                self.bots.is_ready(&me, &application);
                self.cursors.behind(bot);
                self.catch_up_direct_chats(bot);
            }
            Happening::Resumed => self.bots.is_back(bot),
            Happening::Guild(guild) => self.look_at(bot, guild.channels.iter().chain(&guild.threads)).await,
            Happening::Channel(channel) => self.look_at(bot, [&*channel]).await,
            Happening::Threads { threads, .. } => self.look_at(bot, &threads).await,
            Happening::Message(message) => self.says(bot, message.channel_id, Utterance::Said(message)),
            Happening::MessageChanged(message) => self.says(bot, message.channel_id, Utterance::Changed(message)),
            Happening::MessagesGone { guild, channel, messages } => {
                self.says(bot, channel, Utterance::Deleted { guild, messages });
            }
            Happening::Reaction { guild, channel, message, user, emoji, added, .. } => {
                self.says(bot, channel, Utterance::Signed { guild, message, user, emoji, added });
            }
            Happening::GuildChanged(_)
            | Happening::GuildGone { .. }
            | Happening::Role { .. }
            | Happening::RoleGone { .. }
            | Happening::Emojis { .. }
            | Happening::Member { .. }
            | Happening::MemberGone { .. }
            | Happening::Members { .. }
            | Happening::Presence { .. }
            | Happening::Me(_)
            | Happening::WebhooksChanged { .. } => {}
            Happening::ChannelGone { channel, .. } => self.lose(Place { bot, channel }).await,
            Happening::Typing { guild, user, .. } => {
                if guild.is_none() && self.bots.whose(bot) == Some(Whose::Relay) {
                    self.types_to_relay(user);
                }
            }
        }
    }

    /// A channel or a thread is gone: how far it was heard is not kept for ever.
    async fn lose(&self, place: Place) {
        if let Some(gone) = self.cursors.lose(place)
            && let Err(fault) = self.host.write(vec![gone]).await
        {
            tracing::warn!(bot = %place.bot, channel = %place.channel, %fault, "a channel that is gone is not forgotten");
        }
    }

    /// Somebody types in their chat with the relay: to the account that they are talking with.
    fn types_to_relay(self: &Arc<Self>, user: UserId) {
        let running = Arc::clone(self);
        self.tasks.spawn(async move {
            if let Ok(Some(owner)) = running.latest_talker(user).await {
                running.people.types(&owner, user);
            }
        });
    }

    /// Something was said, or concerns what was said.
    fn says(self: &Arc<Self>, bot: UserId, channel: ChannelId, utterance: Utterance) {
        let place = Place { bot, channel };
        // What was missed in this place comes first, should its guild not have been told of yet.
        if self.cursors.is_current(place) && self.cursors.seen(place).is_some() {
            self.wait_in_lane(place, Task::CatchUp { newest: None });
        }
        self.wait_in_lane(place, Task::Take(utterance));
    }

    /// Lets something be done in a lane, behind all that waits there.
    pub(crate) fn wait_in_lane(self: &Arc<Self>, place: Place, task: Task) {
        if self.lanes.add(place, task) {
            let running = Arc::clone(self);
            self.tasks.spawn(async move { running.work(place).await });
        }
    }

    /// Does everything that waits in a lane. When the program stops, what is left is fetched at the next start.
    async fn work(self: Arc<Self>, place: Place) {
        while let Some(task) = self.lanes.next(place) {
            let done = match task {
                Task::Take(utterance) => self.take(place, utterance).await,
                Task::CatchUp { newest } => self.catch_up(place, newest).await,
            };
            if done == Err(Stopping) {
                return;
            }
        }
    }

    fn connection(&self, bot: UserId, connection: &Connection) {
        let had_failed = self.bots.failed(bot).is_some();
        self.bots.connection(bot, connection);
        self.people.connection(bot, &self.bots.owners(bot), connection);
        let Some(whose) = self.bots.whose(bot) else { return };
        match connection {
            Connection::Connecting | Connection::Lost { .. } => {}
            // Its owner was told by whoever found it out first.
            Connection::Stopped { .. } if had_failed => {}
            Connection::Stopped { reason, mend } => {
                tracing::error!(%bot, reason, mend, "a bot was stopped");
                self.tell_owner(&whose, &format!("Your Discord bot was stopped: {reason}; {mend}."));
            }
            Connection::Lessened { missing } => {
                for intent in missing {
                    self.tell_owner(&whose, &format!("Of your Discord bot: {}", lack(*intent)));
                }
            }
        }
    }
}
