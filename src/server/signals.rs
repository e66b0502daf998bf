//! What networks say that may be lost: presence, typing, profiles. Each is a slot that holds the latest value, so that a storm on
//! a network costs nothing here but its last word.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge::{RemoteProfile, RoomProfile};
use domain::{
    NetworkName, Passport, PersonalMessage, Presence, RemoteRoom, RemoteUser, Status,
    contact::RemoteTarget,
    conversation::{Cause, is_gathering},
    media::{BlobId, ObjectHash},
    presence::{Availability, RemotePresence},
};
use msnp::object::{MsnObject, ObjectType};
use store::Portrait;
use tokio::sync::Notify;
use tracing::{debug, warn};

use crate::core::{Core, REMOTE_CAPABILITIES, wall};

/// What the files of pictures are called; clients show it nowhere.
const PICTURE_LOCATION: &str = "TFR1A.tmp";

/// How many pictures are remembered of people whom nobody has as a contact yet.
const MOST_EARLY: usize = 10_000;

/// How much of what a room is about is shown under its name, in characters.
const LONGEST_TOPIC: usize = 128;

/// How often "last seen" is brought up to date.
const REFRESH: Duration = Duration::from_mins(5);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sight {
    network: NetworkName,
    owner: Passport,
    user: RemoteUser,
}

#[derive(Default)]
struct Slots {
    presence: HashMap<Sight, RemotePresence>,
    typing: HashMap<(Sight, RemoteTarget), bool>,
    profiles: HashMap<(NetworkName, RemoteUser), RemoteProfile>,
    rooms: HashMap<(NetworkName, RemoteRoom), RoomProfile>,
    pictures: HashMap<(NetworkName, RemoteTarget), Option<BlobId>>,
}

/// The slots, and the last known presence of everybody.
#[derive(Default)]
pub(crate) struct Signals {
    slots: Mutex<Slots>,
    bell: Notify,
    known: Mutex<HashMap<Sight, RemotePresence>>,
    /// The pictures of those who have no address yet: nobody has them as a contact.
    portraits: Mutex<HashMap<(NetworkName, RemoteTarget), ObjectHash>>,
}

impl Signals {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Sight, RemotePresence>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn portraits(&self) -> MutexGuard<'_, HashMap<(NetworkName, RemoteTarget), ObjectHash>> {
        self.portraits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_where(&self, wanted: impl Fn(&Sight, &RemotePresence) -> bool) -> Vec<(Sight, RemotePresence)> {
        let known = self.known();
        let wanted = known.iter().filter(|(sight, presence)| wanted(sight, presence));
        wanted.map(|(sight, presence)| (sight.clone(), presence.clone())).collect()
    }

    pub(crate) fn presence(
        &self,
        network: &NetworkName,
        owner: &Passport,
        user: &RemoteUser,
        presence: RemotePresence,
    ) {
        let sight = Sight { network: network.clone(), owner: owner.clone(), user: user.clone() };
        self.slots().presence.insert(sight, presence);
        self.bell.notify_one();
    }

    pub(crate) fn typing(
        &self,
        network: &NetworkName,
        owner: &Passport,
        place: &RemoteTarget,
        user: &RemoteUser,
        typing: bool,
    ) {
        let sight = Sight { network: network.clone(), owner: owner.clone(), user: user.clone() };
        self.slots().typing.insert((sight, place.clone()), typing);
        self.bell.notify_one();
    }

    pub(crate) fn picture(&self, network: &NetworkName, whose: &RemoteTarget, picture: Option<BlobId>) {
        self.slots().pictures.insert((network.clone(), whose.clone()), picture);
        self.bell.notify_one();
    }

    pub(crate) fn profile(&self, network: &NetworkName, profile: RemoteProfile) {
        self.slots().profiles.insert((network.clone(), profile.user.clone()), profile);
        self.bell.notify_one();
    }

    pub(crate) fn room(&self, network: &NetworkName, room: RoomProfile) {
        self.slots().rooms.insert((network.clone(), room.room.clone()), room);
        self.bell.notify_one();
    }
}

impl Signals {
    /// The network has gone, and what it said of its people holds no more.
    pub(crate) fn forget(&self, network: &NetworkName) {
        let mut slots = self.slots();
        slots.presence.retain(|sight, _| sight.network != *network);
        slots.typing.retain(|(sight, _), _| sight.network != *network);
        slots.profiles.retain(|(of, _), _| of != network);
        slots.rooms.retain(|(of, _), _| of != network);
        slots.pictures.retain(|(of, _), _| of != network);
        drop(slots);
        self.known().retain(|sight, _| sight.network != *network);
        self.portraits().retain(|(of, _), _| of != network);
    }
}

/// Shows what the people of a network look like, as far as it has said that.
pub(crate) async fn show_again(core: &Arc<Core>, network: &NetworkName) {
    for (sight, presence) in core.signals.known_where(|sight, _| sight.network == *network) {
        show(core, &sight, &presence).await;
    }
}

/// Works the slots off until the server stops.
pub(crate) async fn run(core: Arc<Core>) {
    let mut refresh = tokio::time::interval(REFRESH);
    loop {
        tokio::select! {
            () = core.signals.bell.notified() => {}
            _ = refresh.tick() => refresh_all(&core).await,
            () = core.stop.cancelled() => return,
        }
        let slots = std::mem::take(&mut *core.signals.slots());
        for ((network, _), profile) in slots.profiles {
            rename(&core, &network, &profile).await;
        }
        for ((network, _), room) in slots.rooms {
            redescribe(&core, &network, &room).await;
        }
        for ((network, whose), picture) in slots.pictures {
            portray(&core, &network, &whose, picture).await;
        }
        for (sight, presence) in slots.presence {
            core.signals.known().insert(sight.clone(), presence.clone());
            show(&core, &sight, &presence).await;
        }
        for ((sight, place), typing) in slots.typing {
            show_typing(&core, &sight, &place, typing).await;
        }
    }
}

/// Somebody types to the owner, or has stopped: in a room as the room, in the room of a conversation of several as themselves.
async fn show_typing(core: &Core, sight: &Sight, place: &RemoteTarget, typing: bool) {
    let Some(peer) = address(core, &sight.network, place).await else { return };
    let peer = match core.store.window(&sight.owner, &peer).await {
        Ok(window) => window,
        Err(fault) => return warn!(contact = %peer, %fault, "cannot read as whom a contact is shown"),
    };
    core.directory.whisper(&sight.owner, &peer, Cause::PeerTyping { peer: peer.clone(), typing });
    let RemoteTarget::Room(room) = place else { return };
    let person = RemoteTarget::Person(sight.user.clone());
    if is_gathering(room)
        && let Some(person) = address(core, &sight.network, &person).await
    {
        core.directory.whisper_to_gathering(&peer, Cause::PeerTyping { peer: person, typing });
    }
}

/// Shows the owner what the person looks like now.
async fn show(core: &Arc<Core>, sight: &Sight, presence: &RemotePresence) {
    if core.links.network(&sight.network).is_none() {
        return;
    }
    let place = RemoteTarget::Person(sight.user.clone());
    let Some(contact) = address(core, &sight.network, &place).await else {
        debug!(network = %sight.network, "presence of somebody who has no address");
        return;
    };
    let early = core.signals.portraits().remove(&(sight.network.clone(), place.clone()));
    if let Some(portrait) = early
        && let Err(fault) = core.store.picture_remote(&sight.network, &place, Some(portrait)).await
    {
        warn!(%contact, %fault, "cannot keep a person's picture");
    }
    let (name, picture) = match core.store.remote(&contact).await {
        Ok(Some(remote)) => (core.shown_name(&remote.name, &contact), remote.picture),
        Ok(None) => (contact.to_string(), None),
        Err(fault) => {
            warn!(%contact, %fault, "cannot read a contact's name");
            (contact.to_string(), None)
        }
    };
    let object = picture.map(|picture| picture_object(&contact, picture));
    let emoji = core.settings.session.emoji;
    let shown = core.settings.offline_contacts.show(presence, wall()).map(move |(status, mut line)| {
        line.text = emoji.inward(&line.text).into_owned();
        Arc::new(Presence {
            status,
            name: name.into(),
            capabilities: REMOTE_CAPABILITIES,
            object,
            personal_message: line,
        })
    });
    core.directory.sight(&sight.owner, &contact, shown);
}

async fn address(core: &Core, network: &NetworkName, place: &RemoteTarget) -> Option<Passport> {
    match core.store.address(network, place).await {
        Ok(address) => address,
        Err(fault) => {
            warn!(%network, %fault, "cannot read an address");
            None
        }
    }
}

/// Somebody shows another name.
async fn rename(core: &Arc<Core>, network: &NetworkName, profile: &RemoteProfile) {
    let target = RemoteTarget::Person(profile.user.clone());
    match core.store.rename_remote(network, &target, &profile.name).await {
        Ok(true) => {
            // Lists first: a client that sees the new name finds it on the list as well.
            if let Some(contact) = address(core, network, &target).await {
                rename_on_lists(core, &contact, &profile.name).await;
            }
            let theirs = |sight: &Sight, _: &RemotePresence| sight.network == *network && sight.user == profile.user;
            for (sight, presence) in core.signals.known_where(theirs) {
                show(core, &sight, &presence).await;
            }
        }
        Ok(false) => {}
        Err(fault) => warn!(%network, %fault, "cannot keep a person's new name"),
    }
}

/// A room has another name, or is about something else.
async fn redescribe(core: &Arc<Core>, network: &NetworkName, room: &RoomProfile) {
    match core.store.profile_room(network, room).await {
        Ok(true) => {
            let target = RemoteTarget::Room(room.room.clone());
            if let Some(contact) = address(core, network, &target).await {
                rename_on_lists(core, &contact, &room.name).await;
            }
            show_room_to_all(core, network, &target).await;
        }
        Ok(false) => {}
        Err(fault) => warn!(%network, %fault, "cannot keep a room's new name or topic"),
    }
}

/// The lists that are in memory have the new name as well.
async fn rename_on_lists(core: &Core, contact: &Passport, name: &str) {
    let watchers = match core.store.watchers(contact).await {
        Ok(watchers) => watchers,
        Err(fault) => {
            warn!(%contact, %fault, "cannot read who has a contact on the list; they see its new name at their next sign-in");
            return;
        }
    };
    for watcher in watchers {
        let (contact, name) = (contact.clone(), core.shown_name(name, contact));
        core.directory.post(&watcher, domain::account::Cause::Renamed { contact, name });
    }
}

/// Somebody shows another picture.
async fn portray(core: &Arc<Core>, network: &NetworkName, whose: &RemoteTarget, picture: Option<BlobId>) {
    let portrait = match picture {
        Some(blob) => match core.media.portrait(blob).await {
            Some(portrait) => Some(portrait.hash),
            None => return,
        },
        None => None,
    };
    if address(core, network, whose).await.is_none() {
        let mut portraits = core.signals.portraits();
        let place = (network.clone(), whose.clone());
        match portrait {
            Some(portrait) if portraits.len() < MOST_EARLY => {
                portraits.insert(place, portrait);
            }
            Some(_) => debug!(%network, "too many pictures of people whom nobody has as a contact"),
            None => {
                portraits.remove(&place);
            }
        }
        return;
    }
    match core.store.picture_remote(network, whose, portrait).await {
        Ok(true) => {
            let RemoteTarget::Person(user) = whose else {
                show_room_to_all(core, network, whose).await;
                return;
            };
            let theirs = |sight: &Sight, _: &RemotePresence| sight.network == *network && sight.user == *user;
            for (sight, presence) in core.signals.known_where(theirs) {
                show(core, &sight, &presence).await;
            }
        }
        Ok(false) => {}
        Err(fault) => warn!(%network, %fault, "cannot keep a person's new picture"),
    }
}

/// Shows a room to everybody who has it on a list.
async fn show_room_to_all(core: &Arc<Core>, network: &NetworkName, room: &RemoteTarget) {
    let Some(room) = address(core, network, room).await else { return };
    match core.store.watchers(&room).await {
        Ok(owners) => {
            for owner in owners {
                show_room(core, &owner, &room).await;
            }
        }
        Err(fault) => warn!(%room, %fault, "cannot read who has a room on a list"),
    }
}

/// Shows the owner a room, which is always there.
pub(crate) async fn show_room(core: &Arc<Core>, owner: &Passport, room: &Passport) {
    let remote = match core.store.remote(room).await {
        Ok(Some(remote)) => remote,
        Ok(None) => return,
        Err(fault) => {
            warn!(%room, %fault, "cannot read a room's name");
            return;
        }
    };
    let place = (remote.network.clone(), remote.target.clone());
    let early = core.signals.portraits().remove(&place);
    let mut picture = remote.picture;
    if let Some(portrait) = early {
        if let Err(fault) = core.store.picture_remote(&place.0, &place.1, Some(portrait)).await {
            warn!(%room, %fault, "cannot keep a room's picture");
        }
        picture = core.store.remote(room).await.ok().flatten().and_then(|remote| remote.picture);
    }
    let presence = Presence {
        status: Status::Online,
        name: core.shown_name(&remote.name, room).into(),
        capabilities: REMOTE_CAPABILITIES,
        object: picture.map(|picture| picture_object(room, picture)),
        personal_message: PersonalMessage::of(topic_line(core, &remote.topic)),
    };
    core.directory.sight(owner, room, Some(Arc::new(presence)));
}

/// What a room is about, as the line under its name.
fn topic_line(core: &Core, topic: &str) -> String {
    let line = core.settings.session.emoji.inward(topic).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_TOPIC) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// The `MSNObject` of a contact's picture, in the form of `NLN`. Clients ask whoever made it, so that is the contact.
fn picture_object(contact: &Passport, picture: Portrait) -> Arc<str> {
    let (kind, hash) = (ObjectType::DISPLAY_PICTURE, picture.hash.to_string());
    MsnObject::of_hash(contact.as_str(), kind, PICTURE_LOCATION, picture.size, &hash).to_encoded().into()
}

/// "Last seen an hour ago" grows old by itself.
async fn refresh_all(core: &Arc<Core>) {
    let ageing = |_: &Sight, presence: &RemotePresence| {
        matches!(presence.availability, Availability::Offline | Availability::Away) && presence.last_active.is_some()
    };
    for (sight, presence) in core.signals.known_where(ageing) {
        show(core, &sight, &presence).await;
    }
}
