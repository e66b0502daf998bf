//! Making links, and taking them away.

mod signing_in;
mod ways;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bridge::{Arrival, Batch, Bound, Failure, HostFault, LinkAnswers, LinkState, LinkStatus, LinkWay};
use domain::{Passport, RemoteRoom, RemoteUser};
use futures_util::FutureExt as _;
use matrix_sdk::{authentication::matrix::MatrixSession, store::RoomLoadSettings};
use ruma::{OwnedRoomId, UserId};

use self::{signing_in::SignedIn, ways::Way};
use super::{
    OwnAccounts,
    discovery::Door,
    proof,
    rooms::{self, Heard, Kind, OwnRoom, OwnRooms, Stage},
    session::{OwnLink, unopened},
    stores::{self, Kept, Keys},
};
use crate::{
    appservice::{Appservice, host_failure},
    chat::Pair,
    configuration::Configuration,
    portal::Place,
};

/// How long a new link's first answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the first keys of a device may take to be uploaded before the link is made without having waited for them.
const KEYS: Duration = Duration::from_secs(3);

/// The ways in which accounts can link themselves.
pub(crate) fn ways(configuration: &Configuration) -> Vec<LinkWay> {
    let linked = &configuration.linked;
    if linked.enabled { ways::all(&configuration.names, linked.double_puppet.token.is_some()) } else { Vec::new() }
}

impl OwnAccounts {
    /// Begins the sessions of all links that were made before, and removes what earlier ones left.
    pub(crate) async fn begin(&self, appservice: &Arc<Appservice>) {
        // Set once: a network is started once.
        let _ = self.appservice.set(Arc::downgrade(appservice));
        let links = self.all();
        let stores = links.iter().map(|link| stores::directory(&*self.host, &link.owner, &link.kept().store));
        if let Err(fault) = stores::remove_others(&*self.host, &stores.collect::<BTreeSet<_>>()).await {
            tracing::warn!(%fault, "what earlier links left cannot be looked for");
        }
        if self.configuration.linked.enabled {
            for link in &links {
                link.begin(appservice, None);
            }
        }
    }

    /// Ends all sessions.
    pub(crate) async fn end(&self) {
        for link in self.all() {
            link.end().await;
        }
    }

    /// Links an account by its answers to all steps of a way.
    pub(crate) async fn link(&self, owner: &Passport, way: &str, answers: &LinkAnswers) -> Result<LinkStatus, Failure> {
        let way = self.way(way, answers)?;
        match way {
            Way::Password { user, password } => {
                self.may_link(owner, &user)?;
                let (door, homeserver) = self.door(user.server_name()).await?;
                let signed_in = signing_in::by_password(&door, &user, &password).await?;
                self.settle(owner, door, homeserver, signed_in, Some(&user)).await
            }
            Way::Token { user, token } => {
                self.may_link(owner, &user)?;
                let (door, homeserver) = self.door(user.server_name()).await?;
                let signed_in = signing_in::by_token(&door, &user, &token).await?;
                self.settle(owner, door, homeserver, signed_in, Some(&user)).await
            }
            Way::Browser { server, token } => {
                let token =
                    token.ok_or_else(|| Failure::refused("nothing came back from the homeserver; begin once more"))?;
                let (door, homeserver) = self.door(&server).await?;
                let signed_in = signing_in::by_browser(&door, &server, &token).await?;
                self.settle(owner, door, homeserver, signed_in, None).await
            }
            Way::Code { user } => {
                self.may_link(owner, &user)?;
                if user.server_name() != self.configuration.names.server() {
                    let server = self.configuration.names.server();
                    return Err(Failure::refused(format!("only accounts of {server} can be linked by a number")));
                }
                self.proofs.ask(owner, &user, proof::code(rand::random()), self.host.now());
                self.waiting(owner).ok_or_else(|| Failure::retry("the number does not hold any more; ask once more"))
            }
        }
    }

    /// Where a browser signs in.
    pub(crate) async fn address(&self, way: &str, answers: &LinkAnswers, back: &str) -> Result<String, Failure> {
        match self.way(way, answers)? {
            Way::Browser { server, .. } => {
                signing_in::browser_address(&self.door(&server).await?.0, &server, back).await
            }
            Way::Password { .. } | Way::Token { .. } | Way::Code { .. } => {
                Err(Failure::Unsupported { reason: "no browser is needed for this".into() })
            }
        }
    }

    /// Somebody on Matrix says a number to the bot. Says what came of it.
    pub(crate) async fn prove(&self, by: &UserId, code: &str) -> Result<String, Failure> {
        let Some(owner) = self.proofs.prove(by, code, self.host.now()) else {
            return Ok("Nobody on Messenger waits for that number of yours. Begin to link there, and say the number you are given.".into());
        };
        let (appservice, by) = (self.appservice()?, by.to_owned());
        let tasks = appservice.tasks.clone();
        // It is done to its end, whoever waits for it: half a link would be worse than a late one.
        let linking = tasks.spawn(async move { appservice.own.link_proven(&owner, &by).await });
        linking.await.unwrap_or_else(|_| Err(Failure::retry("the link was broken off")))
    }

    async fn link_proven(&self, owner: &Passport, user: &UserId) -> Result<String, Failure> {
        let Some(registration) = self.configuration.linked.double_puppet.token.as_deref() else {
            return Err(Failure::refused("accounts are not linked by numbers any more"));
        };
        let door = self.doors.to(None)?;
        let signed_in = signing_in::by_registration(&door, registration, user).await?;
        self.settle(owner, door, None, signed_in, Some(user)).await?;
        self.host.notify(owner, format!("You are linked to {} as {user}.", self.host.network()));
        Ok(format!("You are `{owner}` on Messenger from now on."))
    }

    /// Ends the link of an account; says whether there was any.
    pub(crate) async fn unlink(&self, owner: &Passport) -> Result<bool, Failure> {
        let was_asked = self.proofs.forget(owner, self.host.now());
        let _turn = self.turn.lock().await;
        let Some(link) = self.entry(owner) else { return Ok(was_asked) };
        let keys = stores::keys(&*self.host, owner).await;
        let mut rooms = self.forget(owner).await.map_err(|fault| host_failure(&fault))?;
        self.remove(owner);
        link.end().await;
        // What its last sync committed while it ended.
        rooms.extend(self.forget(owner).await.map_err(|fault| host_failure(&fault))?);
        if let Ok(appservice) = self.appservice() {
            appservice.hand_over(owner, rooms.into_iter().collect()).await;
        }
        let session = keys.ok().flatten().map(|keys| keys.session);
        self.leave(&link, session).await;
        tracing::info!(%owner, me = %link.me(), "an account is no longer linked");
        Ok(true)
    }

    /// Forgets what is kept of a link, and takes what only it has put there off the list; gives the rooms that were known.
    async fn forget(&self, owner: &Passport) -> Result<BTreeMap<OwnedRoomId, OwnRoom>, HostFault> {
        let rooms = self.rooms_of(owner).await?;
        let writes = stores::forget(&*self.host, owner).await?;
        self.host.accept(Batch { arrivals: self.lost(owner, &rooms), writes }).await?;
        Ok(rooms)
    }

    /// The link of an account as it is now.
    pub(crate) fn status(&self, owner: &Passport) -> Option<LinkStatus> {
        if !self.configuration.linked.enabled {
            return None;
        }
        let waiting = self.waiting(owner);
        let Some(link) = self.entry(owner) else { return waiting };
        let mut status = status_of(&link);
        if let Some(LinkStatus { state: LinkState::Waiting { ask }, .. }) = waiting {
            status.notes.push(ask);
        }
        Some(status)
    }

    /// The number that is waited for.
    fn waiting(&self, owner: &Passport) -> Option<LinkStatus> {
        let asked = self.proofs.of(owner, self.host.now())?;
        let (bot, user) = (self.configuration.names.bot(), &asked.user);
        let ask = format!("Say `link {}` to {bot} as {user}, within 15 minutes.", asked.code);
        Some(LinkStatus { identity: user.to_string(), state: LinkState::Waiting { ask }, notes: Vec::new() })
    }

    fn way(&self, key: &str, answers: &LinkAnswers) -> Result<Way, Failure> {
        if !self.configuration.linked.enabled {
            return Err(Failure::Unsupported { reason: "accounts are not linked here".into() });
        }
        let way = ways::read(&self.configuration.names, key, answers)?;
        if matches!(way, Way::Code { .. }) && self.configuration.linked.double_puppet.token.is_none() {
            return Err(Failure::Unsupported { reason: "accounts are not linked by a number here".into() });
        }
        Ok(way)
    }

    /// The way to the homeserver of a server, and where that was found if it is not the configured one.
    async fn door(&self, server: &ruma::ServerName) -> Result<(Door, Option<String>), Failure> {
        let homeserver = self.doors.find(server).await?;
        Ok((self.doors.to(homeserver.as_deref())?, homeserver))
    }

    /// Whether somebody on Matrix may become the account's own.
    fn may_link(&self, owner: &Passport, user: &UserId) -> Result<(), Failure> {
        self.doors.admits(user.server_name())?;
        if self.configuration.names.is_ours(user) {
            return Err(Failure::refused(format!("{user} belongs to this server; link an account of your own")));
        }
        if self.owner_of(user).is_some_and(|other| other != *owner) {
            return Err(Failure::refused(format!("{user} is linked to another account of this server")));
        }
        let most = self.configuration.linked.most_links;
        if self.entry(owner).is_none() && self.all().len() >= most {
            self.host.reached(Bound::Links, owner.as_str());
            return Err(Failure::refused(format!(
                "{most} accounts are linked here already, and no more may be; whoever runs this server can raise linked.most_links"
            )));
        }
        Ok(())
    }

    /// Makes a link of a device that has signed in; where that fails, the device is signed out again, and an earlier link is as it was.
    async fn settle(
        &self,
        owner: &Passport,
        door: Door,
        homeserver: Option<String>,
        signed_in: SignedIn,
        named: Option<&UserId>,
    ) -> Result<LinkStatus, Failure> {
        let (session, is_new) = (signed_in.session.clone(), signed_in.is_new);
        let named = named.map_or(Ok(()), |named| signing_in::is_named(named, &session.meta.user_id));
        let outcome = match named {
            Ok(()) => self.make(owner, &door, homeserver, signed_in).await,
            Err(failure) => Err(failure),
        };
        match outcome {
            Ok(link) => {
                // It goes on without being waited for.
                let _ = tokio::time::timeout(PATIENCE, link.settled()).await;
                Ok(status_of(&link))
            }
            Err(failure) => {
                if is_new && !signing_in::sign_out(&door, &session).await {
                    tracing::warn!(user = %session.meta.user_id, device = %session.meta.device_id, "a device is left over");
                }
                Err(failure)
            }
        }
    }

    async fn make(
        &self,
        owner: &Passport,
        door: &Door,
        homeserver: Option<String>,
        signed_in: SignedIn,
    ) -> Result<Arc<OwnLink>, Failure> {
        let SignedIn { session, auth, .. } = signed_in;
        let me = session.meta.user_id.clone();
        let appservice = self.appservice()?;
        let _turn = self.turn.lock().await;
        self.may_link(owner, &me)?;
        if !appservice.has_account(owner).await.map_err(|fault| host_failure(&fault))? {
            return Err(Failure::refused("this account is no longer here"));
        }
        let fresh = unopened(self, owner, door).await?;
        let opening = async {
            let signed_in = fresh.client.matrix_auth();
            let restored = signed_in.restore_session(session.clone(), RoomLoadSettings::default()).boxed().await;
            restored.map_err(|fault| Failure::retry(format!("its store cannot be made: {fault}")))?;
            let encryption = fresh.client.encryption();
            let first_keys = async {
                encryption.wait_for_e2ee_initialization_tasks().boxed().await;
                if auth.is_some()
                    && let Err(fault) = encryption.bootstrap_cross_signing_if_needed(auth).boxed().await
                {
                    tracing::info!(user = %me, %fault, "no signing keys were made for a linked account");
                }
            };
            // A homeserver that is slow now may take them later.
            let _ = tokio::time::timeout(KEYS, first_keys).await;
            let kept = Kept {
                user: me.clone(),
                device: session.meta.device_id.clone(),
                homeserver,
                store: fresh.store.clone(),
                generation: self.host.generation().await.map_err(|fault| host_failure(&fault))?,
                presence: false,
                signed_out: None,
            };
            let keys = Keys { session, store: fresh.key };
            self.replace(&appservice, owner, kept, &keys).await
        };
        match opening.await {
            Ok(link) => {
                link.begin(&appservice, Some(fresh.client));
                tracing::info!(%owner, %me, "an account is linked");
                Ok(link)
            }
            Err(failure) => {
                drop(fresh.client);
                stores::remove(&fresh.directory).await;
                Err(failure)
            }
        }
    }

    /// Keeps a link in place of an earlier one, which ends. If it cannot be kept, the earlier one goes on.
    async fn replace(
        &self,
        appservice: &Arc<Appservice>,
        owner: &Passport,
        kept: Kept,
        keys: &Keys,
    ) -> Result<Arc<OwnLink>, Failure> {
        let before = self.entry(owner);
        let keys_before = match &before {
            Some(_) => stores::keys(&*self.host, owner).await.ok().flatten(),
            None => None,
        };
        if let Some(before) = &before {
            // Nothing that it hears may be committed after what is forgotten here.
            before.end().await;
        }
        let committing = async {
            let rooms = self.rooms_of(owner).await?;
            let is_another = before.as_ref().is_some_and(|before| before.me() != kept.user);
            let arrivals = if is_another { self.lost(owner, &rooms) } else { Vec::new() };
            let mut writes = stores::forget(&*self.host, owner).await?;
            if !is_another {
                // Where its ghost is as well, that has got further than this account, and is followed.
                let place = |room: &OwnedRoomId| Place { owner: owner.clone(), room: room.clone() };
                let alone = rooms.iter().filter(|(room, _)| !appservice.portals.get(&place(room)).is_joined());
                writes.extend(rooms::begun_anew(owner, alone));
            }
            writes.extend(stores::put(owner, &kept));
            writes.extend(stores::put_keys(owner, keys));
            self.host.accept(Batch { arrivals, writes }).await?;
            Ok::<_, HostFault>(rooms)
        };
        let rooms = match committing.await {
            Ok(rooms) => rooms,
            Err(fault) => {
                if let Some(before) = before {
                    let again = Arc::new(OwnLink::new(
                        owner.clone(),
                        before.kept(),
                        Heard::default(),
                        self.stopping.child_token(),
                    ));
                    self.put(Arc::clone(&again));
                    again.begin(appservice, None);
                }
                return Err(host_failure(&fault));
            }
        };
        let link = Arc::new(OwnLink::new(owner.clone(), kept, Heard::default(), self.stopping.child_token()));
        self.put(Arc::clone(&link));
        appservice.hand_over(owner, rooms.into_iter().collect()).await;
        if let Some(before) = before {
            self.leave(&before, keys_before.map(|keys| keys.session)).await;
        }
        Ok(link)
    }

    async fn rooms_of(&self, owner: &Passport) -> Result<BTreeMap<OwnedRoomId, OwnRoom>, HostFault> {
        Ok(OwnRooms::load(&*self.host, owner).await?.all().into_iter().collect())
    }

    /// That what only a link had put on the list, or asked about, is there no more. Its people stay: the ghost can talk to them.
    fn lost(&self, owner: &Passport, rooms: &BTreeMap<OwnedRoomId, OwnRoom>) -> Vec<Arrival> {
        let Ok(appservice) = self.appservice() else { return Vec::new() };
        let lost = rooms.iter().filter_map(|(id, kept)| {
            let place = Place { owner: owner.clone(), room: id.clone() };
            let (portal, owner) = (appservice.portals.get(&place), owner.clone());
            match &kept.kind {
                Kind::Room => {
                    let is_asked = kept.stage == Stage::Invited && portal.is_empty();
                    let is_lost = is_asked || (kept.is_heard() && !portal.is_joined());
                    is_lost.then(|| Arrival::RoomLost { owner, room: RemoteRoom(id.to_string()) })
                }
                Kind::Direct { user, .. } => {
                    let chat = appservice.chats.get(&Pair { owner: owner.clone(), user: user.clone() });
                    let is_lost = kept.stage == Stage::Invited && !chat.is_reachable() && chat.invited.is_empty();
                    is_lost.then(|| Arrival::Withdrawal { owner, from: RemoteUser(user.to_string()) })
                }
            }
        });
        lost.collect()
    }

    /// Signs out the device of a link that has ended, and removes its store.
    async fn leave(&self, link: &OwnLink, session: Option<MatrixSession>) {
        let kept = link.kept();
        stores::remove(&stores::directory(&*self.host, &link.owner, &kept.store)).await;
        let is_out = match (self.doors.to(kept.homeserver.as_deref()), session) {
            (Ok(door), Some(session)) => signing_in::sign_out(&door, &session).await,
            (Ok(_), None) | (Err(_), _) => false,
        };
        if !is_out && kept.signed_out.is_none() {
            let line = format!(
                "The homeserver could not be told that {} is not used here any more: end the session \"{}\" ({}) with another Matrix client.",
                kept.user,
                super::session::CLIENT_NAME,
                kept.device
            );
            self.host.notify(&link.owner, line);
        }
    }
}

fn status_of(link: &OwnLink) -> LinkStatus {
    let (state, note) = link.state();
    let mut notes: Vec<String> = note.into_iter().collect();
    if let Some(account) = link.account() {
        notes.extend(account.hints());
    }
    LinkStatus { identity: link.me().to_string(), state, notes }
}
