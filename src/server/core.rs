//! What all tasks of one server share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{
    Contact, Moment, Passport, Timestamp,
    account::{Resolution, SessionId},
    address::{self, Residence},
    contact::{RemoteIdentity, RemoteTarget},
    conversation::{Party, PartyKind, RoomManner, SeatId},
};
use media::Blobs;
use msnp::status::Capabilities;
use store::{Introduction, RoomStyle, Store, StoreFault};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

use crate::{
    acknowledgement::Acknowledgements,
    allowances::Allowances,
    authentication::Authentication,
    conversation::Turns,
    cookies::Cookies,
    current::CurrentSettings,
    deliveries::Deliveries,
    directory::Directory,
    dispatch::Dispatch,
    duty::Duty,
    faults::Faults,
    gathering::Rosters,
    linking::{Attempts, Pages},
    links::{Links, NetworkEntry},
    media::Media,
    outbox::Outbox,
    peers::Peers,
    pictures::Pictures,
    publishing::Publications,
    reactions::Reactions,
    readiness::Probe,
    receipts::Receipts,
    registration::Registrations,
    service::Service,
    settings::Settings,
    signals::Signals,
};

/// What all tasks of one server share.
pub(crate) struct Core {
    pub(crate) settings: CurrentSettings,
    pub(crate) store: Store,
    pub(crate) directory: Directory,
    pub(crate) rosters: Rosters,
    pub(crate) turns: Turns,
    pub(crate) authentication: Authentication,
    pub(crate) cookies: Cookies,
    pub(crate) dispatch: Dispatch,
    pub(crate) links: Links,
    pub(crate) outbox: Outbox,
    pub(crate) signals: Signals,
    pub(crate) media: Media,
    pub(crate) peers: Peers,
    pub(crate) pictures: Pictures,
    pub(crate) service: Service,
    pub(crate) receipts: Receipts,
    pub(crate) deliveries: Deliveries,
    pub(crate) reactions: Reactions,
    pub(crate) registrations: Registrations,
    pub(crate) attempts: Attempts,
    /// What the log has warned of, where that is kept.
    pub(crate) faults: OnceLock<Arc<Faults>>,
    pub(crate) pages: Pages,
    pub(crate) publications: Publications,
    /// What networks tell accounts.
    pub(crate) notices: Allowances,
    /// Whom people look for on pages by their addresses.
    pub(crate) guesses: Allowances,
    pub(crate) acknowledgements: Acknowledgements,
    pub(crate) duty: Arc<Duty>,
    pub(crate) probe: Probe,
    /// Held by whoever changes which networks are on, or says it to the store.
    pub(crate) changing_networks: tokio::sync::Mutex<()>,
    /// Cancelled when nobody is let in any more: the server will stop, and finishes what it has begun.
    pub(crate) closing: CancellationToken,
    /// Cancelled when the server stops: clients are told, then every task ends.
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    numbers: AtomicU64,
}

/// How long to wait after the store did not answer.
const A_LITTLE: Duration = Duration::from_secs(5);

/// How many lines the networks may have an account told in a minute.
const NOTICES: u32 = 5;

/// How many addresses one account may try on pages in a minute.
const GUESSES: u32 = 30;

/// What the contacts of other networks can do, as clients see it: a client of the 7.5 generation that takes handwriting as a GIF,
/// messages in parts, winks and voice clips. A webcam, direct connections and what came with later clients it cannot.
pub(crate) const REMOTE_CAPABILITIES: u32 = Capabilities::MESSENGER_7_5.0
    | Capabilities::INK_GIF.0
    | Capabilities::CHUNKS.0
    | Capabilities::WINKS.0
    | Capabilities::VOICE_CLIPS.0;

/// What the server itself is called where it speaks.
pub(crate) const SERVICE_NAME: &str = "Chrysalis";

impl Core {
    pub(crate) fn new(settings: Settings, store: Store, blobs: Blobs, links: Links) -> Arc<Self> {
        Arc::new(Self {
            media: Media::new(blobs, store.clone(), &settings.limits),
            peers: Peers::default(),
            pictures: Pictures::default(),
            service: Service::default(),
            receipts: Receipts::default(),
            deliveries: Deliveries::default(),
            reactions: Reactions::default(),
            registrations: Registrations::default(),
            attempts: Attempts::default(),
            faults: OnceLock::new(),
            pages: Pages::default(),
            publications: Publications::default(),
            notices: Allowances::new(NOTICES),
            guesses: Allowances::new(GUESSES),
            authentication: Authentication::new(&settings.limits),
            settings: CurrentSettings::new(settings),
            store,
            directory: Directory::default(),
            rosters: Rosters::default(),
            turns: Turns::default(),
            cookies: Cookies::default(),
            dispatch: Dispatch::default(),
            links,
            outbox: Outbox::default(),
            signals: Signals::default(),
            acknowledgements: Acknowledgements::default(),
            duty: Arc::default(),
            probe: Probe::default(),
            changing_networks: tokio::sync::Mutex::default(),
            closing: CancellationToken::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            numbers: AtomicU64::new(1),
        })
    }

    /// Does something a little later, unless the server stops first.
    pub(crate) fn later(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(A_LITTLE) => task.await,
                () = stop.cancelled() => {}
            }
        });
    }

    /// A number that was not given before.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn session_id(&self) -> SessionId {
        SessionId(self.number())
    }

    pub(crate) fn seat_id(&self) -> SeatId {
        SeatId(self.number())
    }

    /// Somebody as a conversation knows them; `None` if there is nobody of that address.
    pub(crate) async fn party(&self, passport: &Passport) -> Result<Option<Party>, StoreFault> {
        let party = |name, kind| {
            let capabilities =
                if kind == PartyKind::Account { Capabilities::MESSENGER_7_5.0 } else { REMOTE_CAPABILITIES };
            Party { passport: passport.clone(), name, capabilities, kind }
        };
        match self.settings.realm.residence(passport) {
            Residence::Local => {
                Ok(self.store.account_name(passport).await?.map(|name| party(name, PartyKind::Account)))
            }
            // What is said to somebody whose network is switched off would never go.
            Residence::Person(network) | Residence::Room(network) if self.links.network(&network).is_none() => Ok(None),
            Residence::Person(_) | Residence::Room(_) => {
                let remote = self.store.remote(passport).await?;
                Ok(remote.map(|remote| {
                    let kind = match remote.target {
                        RemoteTarget::Person(_) => PartyKind::Person,
                        RemoteTarget::Room(_) => PartyKind::Room,
                    };
                    party(self.shown_name(&remote.name, passport), kind)
                }))
            }
            Residence::Service => Ok(Some(party(SERVICE_NAME.to_owned(), PartyKind::Service))),
            Residence::Reserved => Ok(None),
        }
    }

    /// An entry as clients see it: the names of other networks are put into what Messenger shows.
    pub(crate) fn shown_contact(&self, mut contact: Contact) -> Contact {
        if contact.remote.is_some() {
            contact.name = self.shown_name(&contact.name, &contact.passport);
        }
        contact.merged = contact.merged.into_iter().map(|merged| self.shown_contact(merged)).collect();
        contact
    }

    /// The name of somebody of another network, as clients see it.
    pub(crate) fn shown_name(&self, name: &str, passport: &Passport) -> String {
        if name.trim().is_empty() {
            return passport.to_string();
        }
        self.settings.session.emoji.inward(name).into_owned()
    }

    /// How the speakers of rooms are shown to an account, in windows that open from now on.
    pub(crate) async fn room_manner(&self, owner: &Passport) -> RoomManner {
        let style = match self.store.room_style(owner).await {
            Ok(style) => style.unwrap_or(self.settings.rooms),
            Err(fault) => {
                warn!(%owner, %fault, "cannot read how an account wants rooms to be shown");
                self.settings.rooms
            }
        };
        match style {
            RoomStyle::Prefixed => RoomManner::Prefixed,
            RoomStyle::Members => RoomManner::Members { at_most: self.settings.limits.room_speakers },
        }
    }

    /// Shows a contact of another network, there where the user speaks to them, that the user types, or has stopped.
    pub(crate) async fn show_typing(&self, owner: &Passport, contact: &Passport, typing: bool) {
        if let Ok(contact) = self.store.spoken(owner, contact).await
            && let Ok(Some(remote)) = self.store.remote(&contact).await
            && let Some(link) = self.links.link(owner, &remote.network)
        {
            link.typing(&remote.target, typing);
        }
    }

    /// Finds out who an address is, asking its network if need be.
    pub(crate) async fn resolve(&self, passport: &Passport) -> Resolution {
        match self.try_resolve(passport).await {
            Ok(resolution) => resolution,
            Err(fault) => {
                warn!(%passport, %fault, "cannot find out who an address is");
                Resolution::Unknown
            }
        }
    }

    async fn try_resolve(&self, passport: &Passport) -> Result<Resolution, StoreFault> {
        let name = match self.settings.realm.residence(passport) {
            Residence::Local => {
                let name = self.store.account_name(passport).await?;
                return Ok(name.map_or(Resolution::Nobody, |name| Resolution::Account { name }));
            }
            Residence::Service | Residence::Reserved => return Ok(Resolution::Nobody),
            Residence::Person(network) | Residence::Room(network) => network,
        };
        let Some(entry) = self.links.network(&name) else { return Ok(Resolution::Nobody) };
        if let Some(known) = self.store.remote(passport).await? {
            let identity = RemoteIdentity { network: known.network, bit: entry.bit, target: known.target };
            let name = self.shown_name(&known.name, passport);
            return Ok(Resolution::Remote { passport: passport.clone(), name, identity });
        }
        let Some((login, server)) = address::read_person(passport.local()) else { return Ok(Resolution::Nobody) };
        let is_room = matches!(self.settings.realm.residence(passport), Residence::Room(_));
        let found = if is_room {
            entry.network.resolve_room(&login, server.as_deref()).await.map(|room| room.map(Introduction::from))
        } else {
            entry.network.resolve(&login, server.as_deref()).await.map(|person| person.map(Introduction::from))
        };
        let introduction = match found {
            Ok(Some(introduction)) => introduction,
            Ok(None) => return Ok(Resolution::Nobody),
            Err(failure) => {
                warn!(%passport, network = %name, %failure, "the network cannot say who an address is");
                return Ok(Resolution::Unknown);
            }
        };
        self.introduce(&entry, introduction).await
    }

    /// Who somebody is that a network has found, under the address that they have or are allotted now.
    pub(crate) async fn introduce(
        &self,
        entry: &NetworkEntry,
        introduction: Introduction,
    ) -> Result<Resolution, StoreFault> {
        let (target, shown) = (introduction.target.clone(), introduction.name.clone());
        let passport = self.store.allot(&entry.name, introduction).await?;
        let identity = RemoteIdentity { network: entry.name.clone(), bit: entry.bit, target };
        Ok(Resolution::Remote { name: self.shown_name(&shown, &passport), passport, identity })
    }
}

/// The clocks, and fresh chance.
pub(crate) fn moment() -> Moment {
    Moment { instant: Instant::now(), wall: wall(), chance: rand::random() }
}

/// The wall clock.
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Waits until the deadline; for ever if there is none.
pub(crate) async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
