//! One account's ghost, as the server's orders reach it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bridge::{Action, Failure, Farewell, Link, Order, Receipt, Write};
use domain::{Content, Passport, RemoteMessage, Timestamp, contact::RemoteTarget, presence::OwnPresence};
use ruma::{OwnedRoomId, OwnedUserId};
use sha2::{Digest, Sha256};

use crate::{
    appservice::{Appservice, host_failure},
    chat::{Chat, Membership, Pair},
    chores::{Chore, FAREWELL},
    message, presence,
};

/// The link of one account.
pub(crate) struct GhostLink {
    appservice: Arc<Appservice>,
    owner: Passport,
    ghost: OwnedUserId,
    typing: Arc<Mutex<Typing>>,
}

/// To whom it is to be shown that the user types; the latest value wins.
#[derive(Default)]
struct Typing {
    wanted: HashMap<OwnedUserId, bool>,
    /// To whom it was shown last that the user types.
    shown: Vec<OwnedUserId>,
    busy: bool,
}

impl GhostLink {
    /// The link of an account whose ghost this is.
    pub(crate) fn new(appservice: Arc<Appservice>, owner: Passport, ghost: OwnedUserId) -> Self {
        Self { appservice, owner, ghost, typing: Arc::default() }
    }

    fn pair(&self, target: &RemoteTarget) -> Result<Pair, Failure> {
        match target {
            RemoteTarget::Person(user) => match self.appservice.configuration.names.person(user) {
                Some(user) => Ok(Pair { owner: self.owner.clone(), user }),
                None => Err(Failure::refused(format!("{user} is nobody on Matrix who can be written to"))),
            },
            RemoteTarget::Room(_) => Err(Failure::Unsupported { reason: "Matrix rooms are not bridged yet".into() }),
        }
    }

    async fn say(&self, pair: &Pair, order: &Order, content: &Content, sent: Timestamp) -> Result<Receipt, Failure> {
        let receipt = self.say_once(pair, order, content, sent).await?;
        self.appservice.keeper.has_stirred(&self.owner);
        let typed = self.lock().shown.contains(&pair.user);
        if typed {
            self.set_typing(pair.user.clone(), false);
        }
        Ok(receipt)
    }

    async fn say_once(
        &self,
        pair: &Pair,
        order: &Order,
        content: &Content,
        sent: Timestamp,
    ) -> Result<Receipt, Failure> {
        let chat = self.appservice.chats.latest(pair).await;
        // An earlier attempt may have gone to another room than this one would, and the person may have left since.
        for shared in chat.rooms.iter().rev() {
            if let Some(receipt) = self.said_before(&shared.room, order).await? {
                return Ok(receipt);
            }
        }
        if chat.invited.is_empty() && chat.current().is_some_and(|shared| shared.person == Membership::Left) {
            let reason = format!("{} is not in the chat any more; add them again to ask them in", pair.user);
            return Err(Failure::refused(reason));
        }
        let again = order.attempt > 0;
        let room = self.appservice.room_of(pair, again).await?;
        match self.say_in(&chat, &room, order, content, sent).await {
            // The ghost may have been put out of the room without our hearing of it.
            Err(Failure::Refused { .. }) if !self.appservice.is_still_in(pair, &room).await? => {
                let room = self.appservice.room_of(pair, again).await?;
                self.say_in(&chat, &room, order, content, sent).await
            }
            outcome => outcome,
        }
    }

    /// Says something in a room; the rooms of `searched` were looked through for what an earlier attempt said.
    async fn say_in(
        &self,
        searched: &Chat,
        room: &OwnedRoomId,
        order: &Order,
        content: &Content,
        sent: Timestamp,
    ) -> Result<Receipt, Failure> {
        if searched.past(room).is_none()
            && let Some(receipt) = self.said_before(room, order).await?
        {
            return Ok(receipt);
        }
        let ghost = self.appservice.homeserver.acting_as(&self.ghost);
        let content = message::write_plain(content, &order.key);
        let id = ghost.send(room, &transaction(&order.key), &content, sent).await?;
        Ok(Receipt { messages: id.into_iter().map(|id| RemoteMessage(id.to_string())).collect() })
    }

    /// What an earlier attempt at an order said in a room.
    async fn said_before(&self, room: &OwnedRoomId, order: &Order) -> Result<Option<Receipt>, Failure> {
        if order.attempt == 0 {
            return Ok(None);
        }
        match self.appservice.homeserver.acting_as(&self.ghost).find(room, &order.key).await {
            Ok(found) => Ok(found.map(|id| {
                tracing::debug!(owner = %self.owner, order = order.key, %id, "was sent by an earlier attempt");
                Receipt { messages: vec![RemoteMessage(id.to_string())] }
            })),
            // A room that the ghost may not look into any more shows nothing.
            Err(trouble) if trouble.is_final() => Ok(None),
            Err(trouble) => Err(trouble.into()),
        }
    }

    fn set_typing(&self, user: OwnedUserId, typing: bool) {
        let mut state = self.lock();
        state.wanted.insert(user, typing);
        if !std::mem::replace(&mut state.busy, true) {
            let (appservice, owner, ghost) = (Arc::clone(&self.appservice), self.owner.clone(), self.ghost.clone());
            let state = Arc::clone(&self.typing);
            self.appservice.tasks.spawn(show_typing(appservice, owner, ghost, state));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Typing> {
        self.typing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows what is wanted, one after another, until nothing is.
async fn show_typing(appservice: Arc<Appservice>, owner: Passport, ghost: OwnedUserId, state: Arc<Mutex<Typing>>) {
    loop {
        let (user, typing) = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(user) = state.wanted.keys().next().cloned() else {
                state.busy = false;
                return;
            };
            let typing = state.wanted.remove(&user).unwrap_or_default();
            state.shown.retain(|shown| *shown != user);
            if typing {
                state.shown.push(user.clone());
            }
            (user, typing)
        };
        let chat = appservice.chats.get(&Pair { owner: owner.clone(), user });
        let Some(shared) = chat.current().filter(|shared| shared.person == Membership::Joined) else { continue };
        let intent = appservice.homeserver.acting_as(&ghost);
        match appservice.stopping.run_until_cancelled(intent.set_typing(&shared.room, typing)).await {
            Some(Ok(())) => appservice.keeper.has_stirred(&owner),
            Some(Err(trouble)) => tracing::debug!(%owner, room = %shared.room, %trouble, "typing is not shown"),
            None => {}
        }
    }
}

/// A homeserver takes the same transaction of the same sender once, as long as it remembers.
fn transaction(order: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(order.as_bytes()).iter().take(16).fold(String::from("chrysalis-"), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[async_trait]
impl Link for GhostLink {
    fn show(&self, presence: OwnPresence) {
        self.appservice.keeper.show(&self.owner, &presence.name, presence::show(&presence));
    }

    fn typing(&self, to: &RemoteTarget, typing: bool) {
        if let Ok(pair) = self.pair(to) {
            self.set_typing(pair.user, typing);
        }
    }

    async fn deliver(&self, order: &Order) -> Result<Receipt, Failure> {
        let pair = self.pair(&order.to)?;
        let appservice = &self.appservice;
        match &order.action {
            Action::Say { content, sent, .. } => return self.say(&pair, order, content, *sent).await,
            Action::Befriend => {
                appservice.room_of(&pair, order.attempt > 0).await?;
            }
            Action::Welcome => appservice.welcome(&pair).await?,
            Action::TurnAway => {
                appservice.change(&pair, Chat::turn_away).await?;
                appservice.answer(&pair).await?;
            }
            Action::Unfriend => appservice.change(&pair, |chat| chat.welcomed = false).await?,
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
                if let Err(fault) = appservice.host.write(vec![forgotten, kept]).await {
                    let failure = host_failure(&fault);
                    tracing::error!(owner = %self.owner, %failure, "a removed account may stay in its rooms after a restart");
                }
                appservice.chores.add(Chore::Farewell(self.owner.clone()));
            }
        }
    }
}
