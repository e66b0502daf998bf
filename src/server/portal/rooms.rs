//! The rooms of an account.

use std::sync::Arc;

use domain::{List, Passport, account::Cause};
use store::{Attention, RoomEntry};

use super::{Portal, PortalFault};
use crate::service::{self, label};

/// How much of what a room is about is shown, in characters.
const LONGEST_TOPIC: usize = 200;

/// A room that an account is in, or asked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomLine {
    /// Its address.
    pub passport: Passport,
    /// Its name, in one line.
    pub name: String,
    /// What it is about, in one line; empty if that is not known.
    pub topic: String,
    /// Whether the account is in it.
    pub is_entered: bool,
    /// By whose name the account is asked into it, where it has not answered.
    pub asker: Option<String>,
    /// How much of what is said there is shown.
    pub attention: Attention,
    /// How many messages wait from there.
    pub unread: u64,
}

impl Portal {
    /// The rooms that an account is in or asked into, in the order of their names.
    pub async fn rooms(&self, owner: &Passport) -> Result<Vec<RoomLine>, PortalFault> {
        let waiting = self.core.store.waiting_peers(owner).await?;
        let unread =
            |room: &Passport| waiting.iter().find(|waiting| waiting.peer == *room).map_or(0, |found| found.count);
        let is_shown = |room: &RoomEntry| room.lists.contains(List::Forward) || room.asker.is_some();
        let rooms = self.core.store.rooms(owner).await?.into_iter().filter(is_shown);
        let mut lines: Vec<RoomLine> = rooms
            .map(|room| RoomLine {
                name: label(&room.name, &room.passport),
                topic: topic(&room.topic, &room.passport),
                asker: room.asker.as_deref().map(|asker| label(asker, &room.passport)),
                is_entered: room.lists.contains(List::Forward),
                attention: room.attention,
                unread: unread(&room.passport),
                passport: room.passport,
            })
            .collect();
        lines.sort_by_cached_key(|room| (room.name.to_lowercase(), room.passport.clone()));
        Ok(lines)
    }

    /// Goes into a room; says what came of it.
    pub async fn enter_room(&self, owner: &Passport, room: &Passport) -> Result<String, PortalFault> {
        Ok(service::join_from_page(&self.core, owner, room.as_str()).await??)
    }

    /// Goes out of a room; says what came of it.
    pub async fn leave_room(&self, owner: &Passport, room: &Passport) -> Result<String, PortalFault> {
        Ok(service::leave_from_page(&self.core, owner, room).await??)
    }

    /// Stays away from a room into which the account is asked; `false` if it is not asked any more.
    pub async fn decline_room(&self, owner: &Passport, room: &Passport) -> Result<bool, PortalFault> {
        let (core, owner, room) = (Arc::clone(&self.core), owner.clone(), room.clone());
        self.to_its_end(async move {
            if !core.store.decline_room(&owner, &room).await? {
                return Ok(false);
            }
            core.directory.post(&owner, Cause::Listed { by: room.clone(), name: String::new(), listed: false });
            core.outbox.kick(&core, owner, room);
            Ok(true)
        })
        .await
    }

    /// Sets how much of what is said in a room is shown.
    pub async fn attend(&self, owner: &Passport, room: &Passport, attention: Attention) -> Result<(), PortalFault> {
        Ok(self.core.store.set_attention(owner, room, attention).await?)
    }
}

fn topic(topic: &str, room: &Passport) -> String {
    if topic.trim().is_empty() { String::new() } else { label(topic, room).chars().take(LONGEST_TOPIC).collect() }
}
