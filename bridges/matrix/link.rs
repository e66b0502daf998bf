//! One account, as the server's orders reach it: each is carried out by its own account of Matrix, where it has linked one, or by its
//! ghost. `voice` decides by which.

mod ghost;
mod signs;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bridge::{Action, Failure, Farewell, Found, Link, Order, Receipt, Write};
use domain::{
    Passport, RemoteMessage, RemoteRoom, RemoteUser, Status, contact::RemoteTarget, conversation::is_gathering,
    presence::OwnPresence,
};
use ruma::{OwnedUserId, RoomId};

use self::{ghost::Ghost, signs::Signs};
use crate::{
    appservice::{Appservice, host_failure},
    chat::{Chat, Pair},
    chores::{Chore, FAREWELL},
    gathering,
    portal::Place,
    voice::{Speaker, Target},
};

/// The link of one account.
#[derive(Clone)]
pub(crate) struct AccountLink {
    appservice: Arc<Appservice>,
    owner: Passport,
    ghost: OwnedUserId,
    signs: Arc<Mutex<Signs>>,
}

impl AccountLink {
    /// The link of an account whose ghost this is.
    pub(crate) fn new(appservice: Arc<Appservice>, owner: Passport, ghost: OwnedUserId) -> Self {
        Self { appservice, owner, ghost, signs: Arc::default() }
    }

    fn target(&self, target: &RemoteTarget) -> Result<Target, Failure> {
        let owner = self.owner.clone();
        match target {
            RemoteTarget::Person(user) => match self.appservice.configuration.names.person(user) {
                Some(user) => Ok(Target::Person(Pair { owner, user })),
                None => Err(Failure::refused(format!("{user} is nobody on Matrix who can be written to"))),
            },
            RemoteTarget::Room(room) if is_gathering(room) => {
                let place = self.appservice.portals.gathering_of(&owner, room);
                place.map(Target::Room).ok_or_else(gathering::over)
            }
            RemoteTarget::Room(room) => match RoomId::parse(room.as_str()) {
                Ok(room) => Ok(Target::Room(Place { owner, room })),
                Err(_) => Err(Failure::refused(format!("{room} is no room on Matrix"))),
            },
        }
    }

    /// A room as Matrix knows it, and who speaks there.
    fn room(&self, room: &RemoteRoom) -> Result<(Place, Speaker), Failure> {
        let target = self.target(&RemoteTarget::Room(room.clone()))?;
        let speaker = self.appservice.speaker(&target)?;
        match target {
            Target::Room(place) => Ok((place, speaker)),
            Target::Person(_) => Err(Failure::refused(format!("{room} is no room on Matrix"))),
        }
    }

    fn ghost(&self) -> Ghost<'_> {
        Ghost { appservice: &self.appservice, ghost: &self.ghost }
    }

    async fn say(&self, target: &Target, order: &Order) -> Result<Receipt, Failure> {
        let (speaker, receipt) = self.say_once(target, order).await?;
        if matches!(speaker, Speaker::Ghost) {
            self.appservice.keeper.has_stirred(&self.owner);
        }
        self.has_said(&order.to);
        self.appservice.show_voice(&self.owner, &order.to, &speaker).await;
        Ok(receipt)
    }

    /// Says it by whoever speaks there, unless an earlier attempt has said it already, by whomever: whose turn it is may have changed
    /// since, and what was begun by one is never said again by the other.
    async fn say_once(&self, target: &Target, order: &Order) -> Result<(Speaker, Receipt), Failure> {
        let speaker = self.appservice.speaker(target)?;
        // Where the ghost speaks while the account is not ready, the account has not spoken.
        match (speaker, self.appservice.own.of(&self.owner)) {
            (Speaker::Own(account), _) => {
                if let Some(receipt) = self.ghost().said_before(target, order).await? {
                    return Ok((Speaker::Ghost, receipt));
                }
                let receipt = account.say(target, order).await?;
                Ok((Speaker::Own(account), receipt))
            }
            (Speaker::Ghost, Some(account)) => {
                if let Some(receipt) = account.said_before(target, order).await? {
                    return Ok((Speaker::Own(account), receipt));
                }
                Ok((Speaker::Ghost, self.ghost().say(target, order).await?))
            }
            (Speaker::Ghost, None) => Ok((Speaker::Ghost, self.ghost().say(target, order).await?)),
        }
    }

    /// Everything that is not said, to a person.
    async fn deal_with(&self, pair: &Pair, order: &Order) -> Result<(), Failure> {
        let appservice = &self.appservice;
        let again = order.attempt > 0;
        match order.action {
            Action::Befriend => match appservice.speaker(&Target::Person(pair.clone()))? {
                Speaker::Own(account) => {
                    account.befriend(&pair.user, again).await?;
                    // Whoever is wanted is let in wherever they come; that may wait.
                    if let Err(failure) = appservice.welcome(pair).await {
                        tracing::debug!(owner = %self.owner, %failure, "an invitation of the ghost is answered later");
                    }
                    Ok(())
                }
                Speaker::Ghost => appservice.room_of(pair, again).await.map(drop),
            },
            // They may have asked for both, and are answered in both.
            Action::Welcome => {
                let own = match appservice.own_account(&self.owner)? {
                    Some(account) => account.welcome(&pair.user).await,
                    None => Ok(()),
                };
                appservice.welcome(pair).await.and(own)
            }
            Action::TurnAway => {
                let own = match appservice.own_account(&self.owner)? {
                    Some(account) => account.turn_away(&pair.user).await,
                    None => Ok(()),
                };
                appservice.change(pair, Chat::turn_away).await?;
                appservice.answer(pair).await.and(own)
            }
            Action::Unfriend => appservice.change(pair, |chat| chat.welcomed = false).await,
            Action::Say { .. } | Action::Gather { .. } => Err(gathering_only()),
        }
    }

    /// Everything that is not said, in a room.
    async fn move_in(&self, place: &Place, order: &Order) -> Result<(), Failure> {
        let appservice = &self.appservice;
        let account = appservice.own_account(&self.owner)?;
        let has_ghost = !appservice.portals.latest(place).await.is_empty();
        match order.action {
            Action::Befriend | Action::Welcome => match account {
                // Where only the ghost was asked in, only it can come.
                Some(account) if account.has_to_do_with(&place.room) || !has_ghost => {
                    account.enter(&place.room, &appservice.ways.to(&place.room)).await
                }
                Some(_) | None => appservice.join_room(&self.owner, &place.room).await,
            },
            Action::TurnAway | Action::Unfriend => {
                let own = match account {
                    Some(account) if account.has_to_do_with(&place.room) => account.leave(&place.room).await,
                    Some(_) | None => Ok(()),
                };
                if has_ghost { appservice.leave_room(&self.owner, &place.room).await.and(own) } else { own }
            }
            Action::Say { .. } | Action::Gather { .. } => Err(gathering_only()),
        }
    }
}

fn gathering_only() -> Failure {
    Failure::refused("a group conversation is made in a room of its own")
}

#[async_trait]
impl Link for AccountLink {
    fn show(&self, presence: OwnPresence) {
        self.appservice.account_is_called(&self.owner, &presence.name);
        if presence.status != Status::Offline {
            self.appservice.encryption.expect(&self.ghost);
        }
        self.appservice.own.show(&self.owner, &presence);
        self.appservice.keeper.show(&self.owner, presence);
    }

    fn typing(&self, to: &RemoteTarget, typing: bool) {
        self.set_typing(to.clone(), typing);
    }

    fn read(&self, place: &RemoteTarget, message: &RemoteMessage) {
        self.has_read(place, message);
    }

    async fn search(&self, words: &str) -> Result<Vec<Found>, Failure> {
        match self.appservice.own_account(&self.owner)? {
            Some(account) => account.search(words).await,
            None => self.appservice.search(&self.owner, words).await,
        }
    }

    async fn invite(&self, room: &RemoteRoom, user: &RemoteUser) -> Result<(), Failure> {
        match self.room(room)? {
            (place, Speaker::Own(account)) => account.ask_into(&place.room, user).await,
            (place, Speaker::Ghost) => {
                let room = RemoteRoom(place.room.to_string());
                self.appservice.ask_into(&self.owner, &room, user).await
            }
        }
    }

    async fn topic(&self, room: &RemoteRoom, topic: Option<&str>) -> Result<String, Failure> {
        match self.room(room)? {
            (place, Speaker::Own(account)) => account.topic(&place.room, topic).await,
            (place, Speaker::Ghost) => {
                let room = RemoteRoom(place.room.to_string());
                self.appservice.topic(&self.owner, &room, topic).await
            }
        }
    }

    async fn deliver(&self, order: &Order) -> Result<Receipt, Failure> {
        let appservice = &self.appservice;
        if let RemoteTarget::Room(room) = &order.to
            && is_gathering(room)
            && !matches!(order.action, Action::Say { .. })
        {
            appservice.attend(&self.owner, room, order).await?;
            return Ok(Receipt::default());
        }
        let target = self.target(&order.to)?;
        if let Some(account) = appservice.own.of(&self.owner) {
            // The host may answer what it has heard before that is known here.
            account.rooms.committed().await;
        }
        match (&order.action, &target) {
            (Action::Say { .. }, _) => return self.say(&target, order).await,
            (_, Target::Person(pair)) => self.deal_with(pair, order).await?,
            (_, Target::Room(place)) => self.move_in(place, order).await?,
        }
        Ok(Receipt::default())
    }

    async fn close(&self, farewell: Farewell) {
        match farewell {
            // All ghosts say good-bye together, when the network stops.
            Farewell::Stopping => {}
            Farewell::Removed => {
                let appservice = &self.appservice;
                appservice.account_removed(&self.owner);
                appservice.own.show_nothing(&self.owner);
                if let Err(failure) = appservice.own.unlink(&self.owner).await {
                    tracing::error!(owner = %self.owner, %failure, "a removed account may stay linked until its address is used again");
                }
                let forgotten =
                    appservice.keeper.remove(&self.owner).into_iter().chain(appservice.voices.remove(&self.owner));
                let kept = Write::Put(format!("{FAREWELL}{}", self.owner), String::new());
                if let Err(fault) = appservice.host.write(forgotten.chain([kept]).collect()).await {
                    let failure = host_failure(&fault);
                    tracing::error!(owner = %self.owner, %failure, "a removed account may stay in its rooms after a restart");
                }
                appservice.chores.add(Chore::Farewell(self.owner.clone()));
            }
        }
    }
}
