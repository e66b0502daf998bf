//! A bot: what it is allowed, and what it has shown of itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::constants::permissions;
use crate::id::Id;
use crate::script::gateway::Gateway;
use crate::script::guild::Guild;
use crate::shared::Shared;
use crate::world::World;
use crate::world::records::{Role, ShownPresence};

/// A bot, which a client is to be.
#[derive(Clone)]
pub struct Bot {
    shared: Arc<Shared>,
    id: Id,
    token: String,
}

impl Bot {
    pub(crate) const fn new(shared: Arc<Shared>, id: Id, token: String) -> Self {
        Self { shared, id, token }
    }

    /// Its user.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// The token it was made with, without `Bot ` before it.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Its application.
    pub fn application(&self) -> Id {
        self.shared.look(|world| world.applications.get(&self.id).expect("a bot has an application").id)
    }

    /// Its user name, which a client may have changed.
    pub fn username(&self) -> String {
        self.shared.look(|world| world.username(self.id).into())
    }

    /// Its application is not allowed these privileged intents.
    #[must_use]
    pub fn without_intents(self, intents: u64) -> Self {
        self.forbid_intents(intents);
        self
    }

    /// From now on its application is not allowed these intents.
    pub fn forbid_intents(&self, intents: u64) {
        self.change(|application| application.allowed_intents &= !intents);
    }

    /// From now on its application is allowed these intents too.
    pub fn allow_intents(&self, intents: u64) {
        self.change(|application| application.allowed_intents |= intents);
    }

    /// Its application has these flags beside those of its intents.
    pub fn set_flags(&self, flags: u64) {
        self.change(|application| application.extra_flags = flags);
    }

    /// It is in so many guilds that it has to have so many shards.
    pub fn set_shards(&self, shards: u64) {
        self.change(|application| application.shards = shards);
    }

    /// Its token is good no longer: requests get 401, and its connections are closed with 4004.
    pub fn loses_its_token(&self) {
        self.change(|application| application.token = String::from("nobody has this one"));
        self.gateway().closes(4004);
    }

    /// Its token, once lost, is good again.
    pub fn regains_its_token(&self) {
        let token = self.token.clone();
        self.change(|application| application.token = token);
    }

    fn change(&self, change: impl FnOnce(&mut crate::world::records::Application)) {
        self.shared.change(|world| change(world.applications.get_mut(&self.id).expect("a bot has an application")));
    }

    /// It has this picture.
    pub fn set_avatar(&self, picture: impl Into<Bytes>) -> String {
        let picture = picture.into();
        self.shared.change(|world| {
            let hash = world.keep_picture(&format!("avatars/{}", self.id), &picture);
            world.users.get_mut(&self.id).expect("a bot is a user").avatar = Some(hash.clone());
            world.tell_user(self.id);
            hash
        })
    }

    /// It joins a guild with what a bridge asks for: what everyone may, and webhooks.
    pub fn joins(&self, guild: &Guild) {
        self.joins_with(guild, permissions::BRIDGE);
    }

    /// It joins a guild with these permissions, in a role of its own. In the guild already, it has these from now on.
    pub fn joins_with(&self, guild: &Guild, permissions: u64) {
        self.shared.change(|world| {
            let name = world.username(self.id).to_owned();
            let id = world.id();
            let Some(record) = world.guilds.get_mut(&guild.id()) else { return };
            record.roles.retain(|_, role| role.name != name);
            let position = record.roles.len() as u32;
            record.roles.insert(id, Role { id, name, permissions, color: 0, position });
            world.join(guild.id(), self.id, BTreeSet::from([id]), None);
        });
    }

    /// It is taken out of a guild.
    pub fn leaves(&self, guild: &Guild) {
        self.shared.change(|world| world.leave(guild.id(), self.id));
    }

    /// Its connections to the gateway, and what happens to them.
    pub fn gateway(&self) -> Gateway {
        Gateway::new(Arc::clone(&self.shared), self.id)
    }

    /// What it shows of itself; nothing while it has no session.
    pub fn shown(&self) -> Option<ShownPresence> {
        self.shared.look(|world| shown(world, self.id))
    }

    /// Waits until it shows this.
    pub async fn wait_for_presence(&self, fits: impl Fn(&ShownPresence) -> bool) -> ShownPresence {
        self.shared.wait("a presence of the bot", |world| shown(world, self.id).filter(&fits)).await
    }

    /// How many presences it has sent, that of each IDENTIFY among them.
    pub fn presences_sent(&self) -> u32 {
        self.shared.look(|world| world.tally.presences(self.id))
    }

    /// How many times it has identified.
    pub fn identifies(&self) -> u32 {
        self.shared.look(|world| world.tally.identifies(self.id))
    }

    /// How many times it has tried to resume.
    pub fn resumes(&self) -> u32 {
        self.shared.look(|world| world.tally.resumes(self.id))
    }

    /// Waits until it has identified so often.
    pub async fn wait_for_identifies(&self, count: u32) {
        let what = format!("IDENTIFY {count} of the bot");
        self.shared.wait(&what, |world| (world.tally.identifies(self.id) >= count).then_some(())).await;
    }

    /// Waits until it has resumed so often.
    pub async fn wait_for_resumes(&self, count: u32) {
        let what = format!("RESUME {count} of the bot");
        self.shared.wait(&what, |world| (world.tally.resumes(self.id) >= count).then_some(())).await;
    }
}

/// What a bot shows in its newest session.
fn shown(world: &World, bot: Id) -> Option<ShownPresence> {
    world.sessions.values().rfind(|session| session.bot == bot)?.shown.clone()
}
