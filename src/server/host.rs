//! What a bridge is given: the server's side of the contract, for one network.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Instant;

use async_trait::async_trait;
use bridge::{
    Accepted, Arrival, Batch, Bound, Host, HostFault, Inbox, LinkOwner, MediaStream, Registration, RemoteProfile,
    RoomProfile, Write,
};
use domain::{
    Contact, NetworkName, Passport, RemoteUser, Timestamp,
    account::Cause,
    contact::RemoteTarget,
    media::{Attachment, BlobId, Source},
    presence::RemotePresence,
};
use media::BlobFault;
use metrics::counter;
use store::{KeptOut, RoomAsked, StoreFault};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::{
    core::{Core, wall},
    limit::Limit,
    links,
    media::MediaFault,
    publishing, registration, service, signals,
};

/// What an account is told that was asked into more rooms than it is told of one by one.
const MORE_ROOMS: &str = "More rooms ask for you. Say \"rooms\" to see them.";

/// One network's host. It holds the server weakly: a bridge that outlives it is told that it is stopping.
pub(crate) struct NetworkHost {
    core: Weak<Core>,
    network: NetworkName,
    domain: String,
    data_directory: PathBuf,
    /// Cancelled when the network has gone, whatever of it still runs.
    gone: CancellationToken,
}

impl NetworkHost {
    pub(crate) fn new(
        core: &Arc<Core>,
        network: NetworkName,
        data_directory: PathBuf,
        gone: CancellationToken,
    ) -> Self {
        let domain = core.settings.realm.domain().to_owned();
        Self { core: Arc::downgrade(core), network, domain, data_directory, gone }
    }

    fn core(&self) -> Result<Arc<Core>, HostFault> {
        let core = self.core.upgrade().filter(|core| !core.stop.is_cancelled() && !self.gone.is_cancelled());
        core.ok_or(HostFault::Stopping)
    }
}

impl NetworkHost {
    /// Somebody or a room stands on a list of the account's now.
    async fn enter(&self, core: &Arc<Core>, owner: &Passport, contact: Contact) {
        // Nobody of a network that is off stands on a list.
        if core.links.network(&self.network).is_none() {
            return;
        }
        let room = contact.remote.as_ref().is_some_and(|remote| matches!(remote.target, RemoteTarget::Room(_)));
        let room = room.then(|| contact.passport.clone());
        core.directory.post(owner, Cause::Entered(core.shown_contact(contact)));
        if let Some(room) = room {
            signals::show_room(core, owner, &room).await;
        }
    }

    /// Measures a batch: its messages, those that were known already included, and what was kept out of it.
    fn measure(&self, kinds: &[&'static str], kept_out: KeptOut) {
        for kind in kinds {
            let network = self.network.to_string();
            counter!("chrysalis_messages_total", "direction" => "from network", "network" => network, "kind" => *kind)
                .increment(1);
        }
        let KeptOut { messages, groups, rooms, prompts, invitations } = kept_out;
        for (count, limit) in [
            (messages, Limit::WaitingMessages),
            (groups, Limit::Groups),
            (rooms, Limit::Rooms),
            (prompts, Limit::RoomPrompts),
            (invitations, Limit::RoomInvitations),
        ] {
            (0..count).for_each(|_| limit.reached(&self.network));
        }
    }

    /// The account is asked into a room: the server's own contact says so, and how it is answered.
    async fn ask(&self, core: &Arc<Core>, asked: RoomAsked) {
        let RoomAsked { owner, room, name, topic, asker, prompt } = asked;
        if let Some(prompt) = prompt {
            core.directory.post(&owner, Cause::Entered(core.shown_contact(prompt)));
        }
        let line = service::invitation((&room, &name, &topic), &asker);
        core.service.tell(core, &owner, line).await;
    }
}

/// What kind of message arrives; `None` for what is none.
fn message_kind(arrival: &Arrival) -> Option<&'static str> {
    match arrival {
        Arrival::Message { content, .. } => Some(content.kind()),
        Arrival::Edit { .. } => Some("edit"),
        Arrival::Reaction { .. } => Some("reaction"),
        Arrival::Removal { .. } => Some("removal"),
        Arrival::Room { .. }
        | Arrival::RoomInvitation { .. }
        | Arrival::RoomLost { .. }
        | Arrival::Invitation { .. }
        | Arrival::Friend { .. }
        | Arrival::Withdrawal { .. } => None,
    }
}

// The signature that `map_err` wants.
#[allow(clippy::needless_pass_by_value)]
fn store_fault(fault: StoreFault) -> HostFault {
    match fault {
        StoreFault::Secret { .. } => HostFault::Secrets(fault.to_string()),
        StoreFault::Open { .. }
        | StoreFault::Away { .. }
        | StoreFault::Busy
        | StoreFault::Unreachable(_)
        | StoreFault::Uncertain
        | StoreFault::Closed
        | StoreFault::Query(_)
        | StoreFault::Damaged { .. }
        | StoreFault::UnknownContact(_)
        | StoreFault::UnknownAccount(_)
        | StoreFault::Full(_)
        | StoreFault::NoAddress(_) => HostFault::Store(fault.to_string()),
    }
}

fn media_fault(fault: MediaFault) -> HostFault {
    match fault {
        MediaFault::Blob(BlobFault::TooLarge { limit }) => HostFault::TooLarge { limit },
        MediaFault::Blob(BlobFault::Full { .. }) => HostFault::Full,
        MediaFault::Store(fault) => store_fault(fault),
        fault @ (MediaFault::Blob(BlobFault::Io(_)) | MediaFault::Io(_)) => HostFault::Media(fault.to_string()),
    }
}

#[async_trait]
impl Inbox for NetworkHost {
    async fn accept(&self, mut batch: Batch) -> Result<Accepted, HostFault> {
        let core = self.core()?;
        for arrival in &mut batch.arrivals {
            if let Arrival::Message { content, .. } | Arrival::Edit { content, .. } = arrival {
                core.media.prepare(content).await;
            }
        }
        let kinds: Vec<_> = batch.arrivals.iter().filter_map(message_kind).collect();
        if core.store.is_crowded() {
            Limit::Queue.reached(&self.network);
        }
        let outcome = core.store.accept(&self.network, batch).await.map_err(store_fault)?;
        self.measure(&kinds, outcome.kept_out);
        for (owner, group) in outcome.grouped {
            core.directory.post(&owner, Cause::Grouped(group));
        }
        for (owner, contact) in outcome.invited.into_iter().chain(outcome.befriended) {
            self.enter(&core, &owner, contact).await;
        }
        for asked in outcome.asked {
            self.ask(&core, asked).await;
        }
        for owner in outcome.crowded {
            Limit::RoomPrompts.reached(&owner);
            core.service.tell(&core, &owner, MORE_ROOMS.to_owned()).await;
        }
        for (owner, room) in outcome.departed {
            core.directory.post(&owner, Cause::Departed(room));
        }
        for (owner, by) in outcome.withdrawn {
            core.directory.post(&owner, Cause::Listed { name: by.to_string(), by, listed: false });
        }
        for (owner, contact) in outcome.answered {
            core.outbox.kick(&core, owner, contact);
        }
        for (owner, peer) in outcome.rung {
            core.directory.doorbell(&core, owner, peer);
        }
        if outcome.reactions_wait {
            core.reactions.came();
        }
        debug!(network = %self.network, fresh = outcome.accepted.fresh, left_out = outcome.accepted.left_out, "accepted");
        Ok(outcome.accepted)
    }
}

#[async_trait]
impl Host for NetworkHost {
    fn network(&self) -> &NetworkName {
        &self.network
    }

    fn domain(&self) -> &str {
        &self.domain
    }

    fn data_directory(&self) -> &Path {
        &self.data_directory
    }

    fn now(&self) -> Timestamp {
        wall()
    }

    async fn generation(&self) -> Result<String, HostFault> {
        self.core()?.store.generation().await.map_err(store_fault)
    }

    async fn owners(&self) -> Result<Vec<LinkOwner>, HostFault> {
        let accounts = self.core()?.store.accounts().await.map_err(store_fault)?;
        Ok(accounts.into_iter().map(|account| links::owner(account.passport, &account.name)).collect())
    }

    async fn register(&self, passport: &Passport, password: &str) -> Result<Registration, HostFault> {
        registration::register(&self.core()?, passport, password).await
    }

    async fn get(&self, key: &str) -> Result<Option<String>, HostFault> {
        self.core()?.store.get(&self.network, key).await.map_err(store_fault)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, String)>, HostFault> {
        self.core()?.store.list(&self.network, prefix).await.map_err(store_fault)
    }

    async fn secret(&self, key: &str) -> Result<Option<String>, HostFault> {
        self.core()?.store.secret(&self.network, key).await.map_err(store_fault)
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), HostFault> {
        self.core()?.store.write(&self.network, writes).await.map_err(store_fault)
    }

    fn presence(&self, owner: &Passport, user: &RemoteUser, presence: RemotePresence) {
        if let Ok(core) = self.core() {
            core.signals.presence(&self.network, owner, user, presence);
        }
    }

    fn typing(&self, owner: &Passport, place: &RemoteTarget, user: &RemoteUser, typing: bool) {
        if let Ok(core) = self.core() {
            core.signals.typing(&self.network, owner, place, user, typing);
        }
    }

    fn profile(&self, profile: RemoteProfile) {
        if let Ok(core) = self.core() {
            core.signals.profile(&self.network, profile.bounded());
        }
    }

    fn room(&self, room: RoomProfile) {
        if let Ok(core) = self.core() {
            core.signals.room(&self.network, room.bounded());
        }
    }

    fn picture(&self, whose: &RemoteTarget, picture: Option<BlobId>) {
        if let Ok(core) = self.core() {
            core.signals.picture(&self.network, whose, picture);
        }
    }

    async fn keep_media(&self, name: &str, stream: MediaStream, limit: u64) -> Result<Attachment, HostFault> {
        self.core()?.media.keep(name, stream, limit).await.map_err(media_fault)
    }

    async fn open_media(&self, source: Source) -> Result<Option<MediaStream>, HostFault> {
        let opened = self.core()?.media.open_file(&source).await.map_err(media_fault)?;
        Ok(opened.map(|(file, _)| Box::pin(file) as MediaStream))
    }

    async fn publish(&self, attachment: &Attachment) -> Result<Option<String>, HostFault> {
        publishing::publish(&*self.core()?, attachment).await.map_err(media_fault)
    }

    fn notify(&self, owner: &Passport, line: String) {
        let Ok(core) = self.core() else { return };
        if !core.notices.take(owner, Instant::now()) {
            return Limit::Notices.reached(owner);
        }
        let (owner, tasks) = (owner.clone(), core.tasks.clone());
        tasks.spawn(async move { core.service.tell(&core, &owner, line).await });
    }

    fn reached(&self, bound: Bound, by: &str) {
        let limit = match bound {
            Bound::Connections => Limit::BridgeConnections,
            Bound::Invitations => Limit::BridgeInvitations,
            Bound::Commands => Limit::BridgeCommands,
            Bound::Links => Limit::BridgeLinks,
        };
        limit.reached(format_args!("{by}, {}", self.network));
    }
}
