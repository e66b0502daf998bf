//! The contact that is the server itself: it answers a few words, and tells what else waits.
//!
//! Answers are shown and forgotten; only what nobody asked for (failures, invitations, what waits) is kept until it is read. Networks are
//! asked only where a user's word needs them.

mod choices;
mod command;
mod errands;
mod links;
mod listing;
mod merging;
mod naming;
mod outcome;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bridge::Action;
use domain::{Content, Passport};
use store::{ParkedFilter, ParkedOrder, StoreFault, WaitingPeer};
use tracing::warn;

use crate::{
    conversation::ConversationHandle,
    core::{Core, SERVICE_NAME},
    limit::Limit,
};
use command::Command;
pub(crate) use errands::{UnderWay, introduction, join_from_page, leave_from_page};
pub(crate) use links::is_private;
pub(crate) use listing::invitation;
pub(crate) use naming::label;
pub(crate) use outcome::Undone;

/// Of how many accounts it is remembered what was listed to them.
const MOST_LISTS: usize = 10_000;

/// At how many windows what waits for somebody who signs in opens by itself; the rest is summed up.
const MOST_WINDOWS: usize = 3;

/// How many lines of the server may wait unread before it adds no further summary.
const MOST_SUMMARIES: u64 = 5;

/// How many contacts a summary names.
const MOST_NAMES: usize = 20;

/// How much of what a user says is looked at, in bytes.
const LONGEST_WORD: usize = 2000;

/// How many errands of one account may be under way.
const MOST_ERRANDS: usize = 3;

const NO_DATABASE: &str = "The database does not answer now; try again later.";

/// What the server's own contact knows of accounts.
#[derive(Default)]
pub(crate) struct Service {
    zones: RwLock<HashMap<Passport, Arc<str>>>,
    /// What accounts were shown last with numbers before it.
    listed: Mutex<HashMap<Passport, Vec<Passport>>>,
    /// How many errands of each account are under way.
    errands: Mutex<HashMap<Passport, usize>>,
}

impl Service {
    /// The time zone that an account has set.
    pub(crate) fn time_zone(&self, owner: &Passport) -> Option<String> {
        let zones = self.zones.read().unwrap_or_else(PoisonError::into_inner);
        zones.get(owner).map(ToString::to_string)
    }

    pub(crate) fn note_time_zone(&self, owner: &Passport, zone: Option<&str>) {
        let mut zones = self.zones.write().unwrap_or_else(PoisonError::into_inner);
        match zone {
            Some(zone) => drop(zones.insert(owner.clone(), zone.into())),
            None => drop(zones.remove(owner)),
        }
    }

    /// What was listed to an account last, in the order of its numbers from 1 on.
    fn listed(&self, owner: &Passport) -> Vec<Passport> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).get(owner).cloned().unwrap_or_default()
    }

    fn note_listed(&self, owner: &Passport, listed: Vec<Passport>) {
        let mut lists = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= MOST_LISTS {
            // Whoever is left without names an address instead of a number.
            lists.clear();
        }
        lists.insert(owner.clone(), listed);
    }

    /// Begins an errand of an account, unless too many are under way.
    fn set_out(&self, owner: &Passport) -> bool {
        let mut errands = self.errands.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = errands.entry(owner.clone()).or_default();
        let is_free = *under_way < MOST_ERRANDS;
        *under_way += usize::from(is_free);
        if !is_free {
            Limit::Errands.reached(owner);
        }
        is_free
    }

    /// An errand has ended.
    fn come_back(&self, owner: &Passport) {
        let mut errands = self.errands.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = errands.get_mut(owner) {
            *under_way -= 1;
            if *under_way == 0 {
                errands.remove(owner);
            }
        }
    }

    /// Reads what an account has set.
    pub(crate) async fn load(&self, core: &Core, owner: &Passport) -> Result<(), StoreFault> {
        let zone = core.store.time_zone(owner).await?;
        self.note_time_zone(owner, zone.as_deref());
        Ok(())
    }

    /// An account's client can be rung: what waits is shown in a few windows, and the rest is summed up.
    pub(crate) async fn show_what_waits(&self, core: &Arc<Core>, owner: &Passport) -> Result<(), StoreFault> {
        let service = core.settings.realm.service();
        let mut waiting = core.store.waiting_peers(owner).await?;
        let own = waiting.iter().position(|waiting| waiting.peer == service).map(|place| waiting.remove(place));
        let rest = waiting.split_off(waiting.len().min(MOST_WINDOWS));
        for shown in waiting {
            core.directory.reachable(core, owner.clone(), shown.peer);
        }
        // Whoever signs in often and reads nothing need not find a summary of each time.
        let is_unread = own.as_ref().is_some_and(|own| own.count >= MOST_SUMMARIES);
        if !rest.is_empty() && !is_unread {
            let mut summary = String::from("More messages wait for you. Open a conversation to read them:");
            summary.push_str(&counted(core, &rest).await?);
            self.tell(core, owner, summary).await;
        } else if own.is_some() {
            core.directory.reachable(core, owner.clone(), service);
        }
        Ok(())
    }

    /// Tells an account something, in the server's own window.
    pub(crate) async fn tell(&self, core: &Arc<Core>, owner: &Passport, line: String) {
        let service = core.settings.realm.service();
        match core.store.notice(owner, &service, SERVICE_NAME, Content::text(line)).await {
            Ok(noticed) => {
                if noticed.dropped > 0 {
                    Limit::Notices.reached(owner);
                }
                core.directory.doorbell(core, owner.clone(), service);
            }
            Err(fault) => warn!(%owner, %fault, "an account cannot be told something"),
        }
    }

    /// An account has said something to the server, in this conversation: the answer, unless it comes there by itself a little later.
    pub(crate) async fn hear(
        &self,
        core: &Arc<Core>,
        owner: &Passport,
        conversation: &ConversationHandle,
        content: &Content,
    ) -> Option<String> {
        let said = match content {
            Content::Text(text) => text.text.as_str(),
            Content::Emote { .. }
            | Content::Nudge
            | Content::File(_)
            | Content::Image(_)
            | Content::Voice(_)
            | Content::Ink(_)
            | Content::Wink { .. } => "",
        };
        let networks = links::networks(core);
        let command = Some(said).filter(|said| said.len() <= LONGEST_WORD);
        let command = command.and_then(|said| Command::of(said, &networks));
        let help = || command::help(!networks.is_empty());
        let Some(command) = command else { return Some(help()) };
        let answered = match command {
            Command::Errand(errand) => return errands::begin(core, owner, conversation, errand),
            Command::Help => return Some(help()),
            Command::Waiting => waiting(core, owner).await,
            Command::Retry => retry(core, owner).await,
            Command::Rooms => listing::list(core, owner).await,
            Command::Decline(room) => listing::decline(core, owner, room).await,
            Command::Attend(attention, room) => listing::attend(core, owner, attention, room).await,
            Command::TimeZone(zone) => choices::time_zone(core, owner, zone).await,
            Command::ShowMerged => merging::list(core, owner).await,
            Command::ShowRooms(style) => choices::show_rooms(core, owner, style).await,
            Command::Share(choice) => choices::share(core, owner, choice).await,
            Command::Receipts(receipts) => choices::receipts(core, owner, receipts).await,
        };
        Some(answered.unwrap_or_else(|fault| {
            warn!(%owner, %fault, "a word to the server cannot be obeyed");
            NO_DATABASE.to_owned()
        }))
    }
}

/// From whom messages wait.
async fn waiting(core: &Core, owner: &Passport) -> Result<String, StoreFault> {
    let service = core.settings.realm.service();
    let mut waiting = core.store.waiting_peers(owner).await?;
    waiting.retain(|waiting| waiting.peer != service);
    if waiting.is_empty() {
        return Ok("Nothing waits for you.".to_owned());
    }
    Ok(format!("Waiting for you:{}", counted(core, &waiting).await?))
}

/// What was given up is tried again.
async fn retry(core: &Arc<Core>, owner: &Passport) -> Result<String, StoreFault> {
    let parked = core.store.parked(owner).await?;
    let filter = ParkedFilter { owner: Some(owner.clone()), ..ParkedFilter::default() };
    core.outbox.retry(core, &filter).await?;
    Ok(retried(&parked))
}

/// What is tried again, in words. What is no message is not counted: it is done for messages or contacts that are.
fn retried(orders: &[ParkedOrder]) -> String {
    let messages = orders.iter().filter(|order| matches!(order.action, Action::Say { .. })).count();
    match (messages, orders.len()) {
        (0, 0) => "Everything was delivered, or is on its way.".to_owned(),
        (0, _) => "No message was left; what could not be done with contacts is tried again.".to_owned(),
        (1, _) => "One message is sent again.".to_owned(),
        (count, _) => format!("{count} messages are sent again."),
    }
}

/// From whom how much waits, a line each.
async fn counted(core: &Core, waiting: &[WaitingPeer]) -> Result<String, StoreFault> {
    let mut lines = String::new();
    for waiting in waiting.iter().take(MOST_NAMES) {
        let name = core.party(&waiting.peer).await?.map_or_else(|| waiting.peer.to_string(), |party| party.name);
        let _ = write!(lines, "\n{name}: {}", waiting.count);
    }
    if waiting.len() > MOST_NAMES {
        let _ = write!(lines, "\nand {} more", waiting.len() - MOST_NAMES);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use store::OrderId;

    use super::*;

    #[test]
    fn only_messages_are_counted_when_they_are_sent_again() {
        let of = |actions: &[Action]| {
            let order = |action: &Action| ParkedOrder {
                id: OrderId(1),
                owner: "ann@msn.example".parse().unwrap(),
                contact: "room@rooms.net.msn.example".parse().unwrap(),
                network: "net".parse().unwrap(),
                action: action.clone(),
                reason: "no".to_owned(),
                given_up: None,
            };
            retried(&actions.iter().map(order).collect::<Vec<_>>())
        };
        let gather = Action::Gather { people: Vec::new(), accounts: Vec::new(), name: String::new() };
        let say = Action::Say { content: Content::text("hi"), sent: Timestamp(1), reply: None, heard: Vec::new() };
        assert!(of(&[]).starts_with("Everything"));
        assert!(of(&[gather.clone(), Action::Befriend]).starts_with("No message"));
        assert_eq!(of(&[gather.clone(), say.clone()]), "One message is sent again.");
        assert_eq!(of(&[say.clone(), gather, say]), "2 messages are sent again.");
    }
}
