//! One account's ghost, as the server's orders reach it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bridge::{Action, Failure, Farewell, Found, Link, Order, Receipt, Write};
use domain::{
    Passport, RemoteMessage, RemoteRoom, RemoteUser, contact::RemoteTarget, conversation::is_gathering,
    presence::OwnPresence,
};
use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId};

use crate::{
    appservice::{Appservice, host_failure},
    chat::{Chat, Membership, Pair},
    chores::{Chore, FAREWELL},
    gathering,
    portal::Place,
};

/// The link of one account.
pub(crate) struct GhostLink {
    appservice: Arc<Appservice>,
    owner: Passport,
    ghost: OwnedUserId,
    signs: Arc<Mutex<Signs>>,
}

/// With whom, or where, the account has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Person(Pair),
    Room(Place),
}

/// What may be lost: typing, and how far the user has read. The latest value wins.
#[derive(Default)]
struct Signs {
    typing: HashMap<RemoteTarget, bool>,
    /// To whom it was shown last that the user types.
    shown: Vec<RemoteTarget>,
    read: BTreeMap<OwnedRoomId, OwnedEventId>,
    busy: bool,
}

/// One of them.
enum Sign {
    Typing(RemoteTarget, bool),
    Read(OwnedRoomId, OwnedEventId),
}

impl Signs {
    /// The next that is to be shown.
    fn next(&mut self) -> Option<Sign> {
        if let Some(target) = self.typing.keys().next().cloned() {
            let typing = self.typing.remove(&target).unwrap_or_default();
            self.shown.retain(|shown| *shown != target);
            if typing {
                self.shown.push(target.clone());
            }
            return Some(Sign::Typing(target, typing));
        }
        self.read.pop_first().map(|(room, event)| Sign::Read(room, event))
    }
}

impl GhostLink {
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

    /// A room as Matrix knows it.
    fn room_of(&self, room: &RemoteRoom) -> Result<RemoteRoom, Failure> {
        match self.target(&RemoteTarget::Room(room.clone()))? {
            Target::Room(place) => Ok(RemoteRoom(place.room.to_string())),
            Target::Person(_) => Err(Failure::refused(format!("{room} is no room on Matrix"))),
        }
    }

    /// The room in which somebody is spoken to now, if its people are there.
    fn room_now(appservice: &Appservice, target: Target) -> Option<OwnedRoomId> {
        match target {
            Target::Person(pair) => {
                let chat = appservice.chats.get(&pair);
                chat.current().filter(|shared| shared.person == Membership::Joined).map(|shared| shared.room.clone())
            }
            Target::Room(place) => appservice.portals.get(&place).is_joined().then_some(place.room),
        }
    }

    async fn say(&self, target: &Target, order: &Order) -> Result<Receipt, Failure> {
        let receipt = match target {
            Target::Person(pair) => self.say_to(pair, order).await?,
            Target::Room(place) => self.say_in_room(place, order).await?,
        };
        self.appservice.keeper.has_stirred(&self.owner);
        let typed = self.lock().shown.contains(&order.to);
        if typed {
            self.set_typing(order.to.clone(), false);
        }
        Ok(receipt)
    }

    async fn say_in_room(&self, place: &Place, order: &Order) -> Result<Receipt, Failure> {
        let appservice = &self.appservice;
        if let Some(receipt) = appservice.said_before(&self.ghost, &place.room, order).await? {
            return Ok(receipt);
        }
        let portal = appservice.portals.latest(place).await;
        if portal.is_joined() {
            let said = appservice.say(&self.ghost, &place.room, order).await;
            // The ghost may have been put out of the room without our hearing of it.
            if matches!(said, Err(Failure::Refused { .. })) {
                appservice.is_out(place).await?;
            }
            said
        } else if portal.is_listed() {
            Err(Failure::refused("you are not in this room; add it again to come in"))
        } else {
            Err(gathering::over())
        }
    }

    async fn say_to(&self, pair: &Pair, order: &Order) -> Result<Receipt, Failure> {
        let chat = self.appservice.chats.latest(pair).await;
        // An earlier attempt may have gone to another room than this one would, and the person may have left since.
        for shared in chat.rooms.iter().rev() {
            if let Some(receipt) = self.appservice.said_before(&self.ghost, &shared.room, order).await? {
                return Ok(receipt);
            }
        }
        if chat.invited.is_empty() && chat.current().is_some_and(|shared| shared.person == Membership::Left) {
            let reason = format!("{} is not in the chat any more; add them again to ask them in", pair.user);
            return Err(Failure::refused(reason));
        }
        let again = order.attempt > 0;
        let room = self.appservice.room_of(pair, again).await?;
        match self.say_in(&chat, &room, order).await {
            // The ghost may have been put out of the room without our hearing of it.
            Err(Failure::Refused { .. }) if !self.appservice.is_still_in(pair, &room).await? => {
                let room = self.appservice.room_of(pair, again).await?;
                self.say_in(&chat, &room, order).await
            }
            outcome => outcome,
        }
    }

    /// Says something in a room; the rooms of `searched` were looked through for what an earlier attempt said.
    async fn say_in(&self, searched: &Chat, room: &OwnedRoomId, order: &Order) -> Result<Receipt, Failure> {
        if searched.timeline(room).is_none()
            && let Some(receipt) = self.appservice.said_before(&self.ghost, room, order).await?
        {
            return Ok(receipt);
        }
        self.appservice.say(&self.ghost, room, order).await
    }

    fn set_typing(&self, target: RemoteTarget, typing: bool) {
        self.lock().typing.insert(target, typing);
        self.show_signs();
    }

    fn show_signs(&self) {
        if !std::mem::replace(&mut self.lock().busy, true) {
            let (appservice, owner, ghost) = (Arc::clone(&self.appservice), self.owner.clone(), self.ghost.clone());
            let link = Self { appservice, owner, ghost, signs: Arc::clone(&self.signs) };
            self.appservice.tasks.spawn(async move { link.show_all_signs().await });
        }
    }

    /// Shows what is wanted, one after another, until nothing is.
    async fn show_all_signs(&self) {
        let intent = self.appservice.homeserver.acting_as(&self.ghost);
        loop {
            let next = {
                let mut signs = self.lock();
                let next = signs.next();
                signs.busy = next.is_some();
                next
            };
            let shown = match next {
                None => return,
                Some(Sign::Typing(target, typing)) => {
                    let target = self.target(&target).ok();
                    let Some(room) = target.and_then(|target| Self::room_now(&self.appservice, target)) else {
                        continue;
                    };
                    let shown = self.appservice.stopping.run_until_cancelled(intent.set_typing(&room, typing)).await;
                    if matches!(shown, Some(Ok(()))) {
                        self.appservice.keeper.has_stirred(&self.owner);
                    }
                    shown
                }
                Some(Sign::Read(room, event)) => {
                    self.appservice.stopping.run_until_cancelled(intent.has_read(&room, event)).await
                }
            };
            if let Some(Err(trouble)) = shown {
                tracing::debug!(owner = %self.owner, %trouble, "a sign is not shown");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Signs> {
        self.signs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Link for GhostLink {
    fn show(&self, presence: OwnPresence) {
        self.appservice.account_is_called(&self.owner, &presence.name);
        self.appservice.keeper.show(&self.owner, presence);
    }

    fn typing(&self, to: &RemoteTarget, typing: bool) {
        self.set_typing(to.clone(), typing);
    }

    fn read(&self, place: &RemoteTarget, message: &RemoteMessage) {
        let Ok(event) = EventId::parse(message.as_str()) else { return };
        let target = self.target(place).ok();
        if let Some(room) = target.and_then(|target| Self::room_now(&self.appservice, target)) {
            self.lock().read.insert(room, event);
            self.show_signs();
        }
    }

    async fn search(&self, words: &str) -> Result<Vec<Found>, Failure> {
        self.appservice.search(&self.owner, words).await
    }

    async fn invite(&self, room: &RemoteRoom, user: &RemoteUser) -> Result<(), Failure> {
        self.appservice.ask_into(&self.owner, &self.room_of(room)?, user).await
    }

    async fn topic(&self, room: &RemoteRoom, topic: Option<&str>) -> Result<String, Failure> {
        self.appservice.topic(&self.owner, &self.room_of(room)?, topic).await
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
        match (&order.action, &target) {
            (Action::Say { .. }, _) => return self.say(&target, order).await,
            (Action::Gather { .. }, _) => {
                return Err(Failure::refused("a group conversation is made in a room of its own"));
            }
            (Action::Befriend, Target::Person(pair)) => {
                appservice.room_of(pair, order.attempt > 0).await?;
            }
            (Action::Befriend | Action::Welcome, Target::Room(place)) => {
                appservice.join_room(&self.owner, &place.room).await?;
            }
            (Action::Welcome, Target::Person(pair)) => appservice.welcome(pair).await?,
            (Action::TurnAway, Target::Person(pair)) => {
                appservice.change(pair, Chat::turn_away).await?;
                appservice.answer(pair).await?;
            }
            (Action::TurnAway, Target::Room(place)) => appservice.decline_room(&self.owner, &place.room).await?,
            (Action::Unfriend, Target::Person(pair)) => appservice.change(pair, |chat| chat.welcomed = false).await?,
            (Action::Unfriend, Target::Room(place)) => appservice.leave_room(&self.owner, &place.room).await?,
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
                let forgotten = appservice.keeper.remove(&self.owner);
                let kept = Write::Put(format!("{FAREWELL}{}", self.owner), String::new());
                if let Err(fault) = appservice.host.write(forgotten.into_iter().chain([kept]).collect()).await {
                    let failure = host_failure(&fault);
                    tracing::error!(owner = %self.owner, %failure, "a removed account may stay in its rooms after a restart");
                }
                appservice.chores.add(Chore::Farewell(self.owner.clone()));
            }
        }
    }
}
