//! A channel, a thread or a direct conversation: what stands in it, and how it changes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::constants::permissions;
use crate::id::Id;
use crate::script::person::Person;
use crate::shared::Shared;
use crate::world::World;
use crate::world::message::Message;
use crate::world::posting::Change;
use crate::world::records::{ChannelRecord, Overwrite};

/// A channel, a thread or a direct conversation.
#[derive(Clone)]
pub struct Channel {
    shared: Arc<Shared>,
    id: Id,
}

impl Channel {
    pub(crate) const fn new(shared: Arc<Shared>, id: Id) -> Self {
        Self { shared, id }
    }

    /// Its id.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// What it is called.
    pub fn name(&self) -> String {
        self.shared.look(|world| world.channels.get(&self.id).map_or_else(String::new, |channel| channel.name.clone()))
    }

    /// Its messages, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.look(|world| listed(world, self.id).cloned().collect())
    }

    /// One of its messages as it is now; nothing when it is gone.
    pub fn message(&self, id: Id) -> Option<Message> {
        self.shared.look(|world| world.message(self.id, id).cloned())
    }

    /// Waits for a message, be it new or old; the oldest that fits.
    pub async fn wait_for_message(&self, fits: impl Fn(&Message) -> bool) -> Message {
        self.wait_for_message_called("a message", fits).await
    }

    /// Waits for a message of this text.
    pub async fn wait_for_text(&self, text: &str) -> Message {
        self.wait_for_message_called(&format!("the message {text:?}"), |message| message.content == text).await
    }

    async fn wait_for_message_called(&self, what: &str, fits: impl Fn(&Message) -> bool) -> Message {
        let what = format!("{what} in the channel {:?}", self.name());
        self.shared.wait(&what, |world| listed(world, self.id).find(|message| fits(message)).cloned()).await
    }

    /// Waits until a message is taken away.
    pub async fn wait_until_deleted(&self, message: Id) {
        let what = "a message to be taken away";
        self.shared.wait(what, |world| world.message(self.id, message).is_none().then_some(())).await;
    }

    /// Waits until somebody reacted with this emoji: a character, or `name:id`.
    pub async fn wait_for_reaction(&self, message: Id, user: Id, emoji: &str) {
        let what = format!("the reaction {emoji}");
        let reacted = |world: &World| {
            let people = world.message(self.id, message)?.reactions.get(emoji)?;
            people.contains(&user).then_some(())
        };
        self.shared.wait(&what, reacted).await;
    }

    /// How many times somebody typed in it.
    pub fn typed_by(&self, user: Id) -> usize {
        self.shared.look(|world| typed(world, self.id, user))
    }

    /// Waits until somebody typed in it so often.
    pub async fn wait_for_typing(&self, user: Id, times: usize) {
        let what = format!("typing in {:?}", self.name());
        self.shared.wait(&what, |world| (typed(world, self.id, user) >= times).then_some(())).await;
    }

    /// Makes sure that for so long no message comes that fits; the test fails when one does.
    pub async fn expect_no_message(&self, time: Duration, fits: impl Fn(&Message) -> bool) {
        let found = self.shared.wait("nothing", |world| listed(world, self.id).find(|message| fits(message)).cloned());
        if let Ok(message) = tokio::time::timeout(time, found).await {
            panic!("an unexpected message in {:?}: {:?}", self.name(), message.content);
        }
    }

    /// It is called like this from now on.
    pub fn renamed(&self, name: &str) {
        self.change(|channel| channel.name = name.into());
    }

    /// It is about this from now on.
    pub fn set_topic(&self, topic: &str) {
        self.change(|channel| channel.topic = Some(topic.into()));
    }

    /// It stands below this heading.
    pub fn moves_below(&self, category: &Self) {
        self.change(|channel| channel.parent = Some(category.id));
    }

    /// A thread is put away, or taken out again.
    pub fn set_archived(&self, archived: bool) {
        self.change(|channel| {
            if let Some(thread) = &mut channel.thread {
                thread.archived = archived;
            }
        });
    }

    /// It is taken away, with all that stands in it.
    pub fn is_deleted(&self) {
        self.shared.change(|world| world.delete_channel(self.id));
    }

    /// Somebody (a person, a bot or a role; the guild's id for everyone) may not do this here.
    pub fn denies(&self, whom: Id, permissions: u64) {
        self.overwrite(whom, Overwrite { allow: 0, deny: permissions });
    }

    /// Somebody (a person, a bot or a role; the guild's id for everyone) may do this here.
    pub fn allows(&self, whom: Id, permissions: u64) {
        self.overwrite(whom, Overwrite { allow: permissions, deny: 0 });
    }

    /// Somebody does not see it.
    pub fn hides_from(&self, whom: Id) {
        self.denies(whom, permissions::VIEW_CHANNEL);
    }

    fn overwrite(&self, whom: Id, overwrite: Overwrite) {
        let is_role = self.shared.look(|world| {
            let guild = world.guild_of(self.id).and_then(|guild| world.guilds.get(&guild));
            guild.is_some_and(|guild| guild.roles.contains_key(&whom))
        });
        self.change(|channel| {
            let overwrites = if is_role { &mut channel.role_overwrites } else { &mut channel.member_overwrites };
            overwrites.insert(whom, overwrite);
        });
    }

    fn change(&self, change: impl FnOnce(&mut ChannelRecord)) {
        self.shared.change(|world| {
            let channel = world.channels.get_mut(&self.id).expect("a channel that is changed is there");
            change(channel);
            let name = if channel.kind.is_thread() { "THREAD_UPDATE" } else { "CHANNEL_UPDATE" };
            world.tell_channel(name, self.id);
        });
    }

    /// Discord adds what is behind a link: an update that nobody edited.
    pub fn unfurls(&self, message: &Message, embed: Value) {
        self.shared.change(|world| {
            let change = Change { embeds: Some(vec![embed]), ..Change::default() };
            world.change_message(self.id, message.id, change).expect("a message that unfurls is there");
        });
    }

    /// Several messages are taken away at once.
    pub fn loses(&self, messages: &[Message]) {
        let ids: Vec<Id> = messages.iter().map(|message| message.id).collect();
        self.shared.change(|world| world.delete_messages(self.id, &ids));
    }

    /// A person makes a webhook; its id and its token.
    pub fn webhook_by(&self, person: &Person, name: &str) -> (Id, String) {
        self.shared.change(|world| {
            let id = world.make_webhook(self.id, person.id(), name).expect("webhooks are in guilds");
            (id, world.webhooks.get(&id).expect("it was just made").token.clone())
        })
    }

    /// The webhooks that there are: id, token and name.
    pub fn webhooks(&self) -> Vec<(Id, String, String)> {
        self.shared.look(|world| {
            let own = world.webhooks.values().filter(|webhook| webhook.channel == self.id);
            own.map(|webhook| (webhook.id, webhook.token.clone(), webhook.name.clone())).collect()
        })
    }

    /// Somebody takes a webhook away.
    pub fn loses_webhook(&self, webhook: Id) {
        self.shared.change(|world| world.delete_webhook(webhook));
    }
}

fn listed(world: &World, channel: Id) -> impl Iterator<Item = &Message> {
    world.messages.get(&channel).into_iter().flat_map(std::collections::BTreeMap::values)
}

fn typed(world: &World, channel: Id, user: Id) -> usize {
    world.typed.iter().filter(|typed| **typed == (channel, user)).count()
}
