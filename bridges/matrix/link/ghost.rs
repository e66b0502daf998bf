//! What an account's ghost says.

use bridge::{Failure, Order, Receipt};
use ruma::{OwnedRoomId, OwnedUserId};

use crate::{
    appservice::Appservice,
    chat::{Chat, Membership, Pair},
    gathering,
    portal::Place,
    voice::Target,
};

/// The ghost of an account, to speak as.
pub(super) struct Ghost<'link> {
    pub(super) appservice: &'link Appservice,
    pub(super) ghost: &'link OwnedUserId,
}

impl Ghost<'_> {
    /// Says something to somebody, or where they are.
    pub(super) async fn say(&self, target: &Target, order: &Order) -> Result<Receipt, Failure> {
        match target {
            Target::Person(pair) => self.say_to(pair, order).await,
            Target::Room(place) => self.say_in_room(place, order).await,
        }
    }

    /// What an earlier attempt at an order said, if it said anything; the rest of it is said now.
    pub(super) async fn said_before(&self, target: &Target, order: &Order) -> Result<Option<Receipt>, Failure> {
        if order.attempt == 0 {
            return Ok(None);
        }
        match target {
            Target::Person(pair) => self.said_to(&self.appservice.chats.latest(pair).await, order).await,
            Target::Room(place) => self.appservice.said_before(self.ghost, &place.room, order).await,
        }
    }

    async fn say_in_room(&self, place: &Place, order: &Order) -> Result<Receipt, Failure> {
        let appservice = self.appservice;
        if let Some(receipt) = appservice.said_before(self.ghost, &place.room, order).await? {
            return Ok(receipt);
        }
        let portal = appservice.portals.latest(place).await;
        if portal.is_joined() {
            let said = appservice.say(self.ghost, &place.room, order).await;
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
        if let Some(receipt) = self.said_to(&chat, order).await? {
            return Ok(receipt);
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

    /// An earlier attempt may have gone to another room than this one would, and the person may have left since.
    async fn said_to(&self, chat: &Chat, order: &Order) -> Result<Option<Receipt>, Failure> {
        for shared in chat.rooms.iter().rev() {
            if let Some(receipt) = self.appservice.said_before(self.ghost, &shared.room, order).await? {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
    }

    /// Says something in a room; the rooms of `searched` were looked through for what an earlier attempt said.
    async fn say_in(&self, searched: &Chat, room: &OwnedRoomId, order: &Order) -> Result<Receipt, Failure> {
        if searched.timeline(room).is_none()
            && let Some(receipt) = self.appservice.said_before(self.ghost, room, order).await?
        {
            return Ok(receipt);
        }
        self.appservice.say(self.ghost, room, order).await
    }
}
