//! The contact that is the server itself: it answers a few words, and tells what else waits.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{Content, Passport};
use jiff::tz::TimeZone;
use store::{StoreFault, WaitingPeer};
use tracing::warn;

use crate::core::{Core, SERVICE_NAME};

/// At how many windows what waits for somebody who signs in opens by itself; the rest is summed up.
const MOST_WINDOWS: usize = 3;

/// How many lines of the server may wait unread before it adds no further summary.
const MOST_SUMMARIES: u64 = 5;

/// How many contacts a summary names.
const MOST_NAMES: usize = 20;

const HELP: &str = "I am the server. You can tell me:\n\
    waiting - from whom messages wait\n\
    retry - what could not be delivered is sent again\n\
    time zone NAME - where you are, for the times of messages that waited; for example: time zone Europe/Berlin\n\
    help - this";

/// What the server's own contact knows of accounts.
#[derive(Default)]
pub(crate) struct Service {
    zones: RwLock<HashMap<Passport, Arc<str>>>,
}

impl Service {
    /// The time zone that an account has set.
    pub(crate) fn time_zone(&self, owner: &Passport) -> Option<String> {
        let zones = self.zones.read().unwrap_or_else(PoisonError::into_inner);
        zones.get(owner).map(ToString::to_string)
    }

    fn note_time_zone(&self, owner: &Passport, zone: Option<&str>) {
        let mut zones = self.zones.write().unwrap_or_else(PoisonError::into_inner);
        match zone {
            Some(zone) => drop(zones.insert(owner.clone(), zone.into())),
            None => drop(zones.remove(owner)),
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
            Ok(_) => core.directory.doorbell(core, owner.clone(), service),
            Err(fault) => warn!(%owner, %fault, "an account cannot be told something"),
        }
    }

    /// An account has said something to the server.
    pub(crate) async fn hear(&self, core: &Arc<Core>, owner: &Passport, content: &Content) {
        let answer = match content {
            Content::Text(text) => self.obey(core, owner, text.text.trim()).await,
            Content::Emote { .. }
            | Content::Nudge
            | Content::File(_)
            | Content::Image(_)
            | Content::Voice(_)
            | Content::Ink(_)
            | Content::Wink { .. } => Ok(HELP.to_owned()),
        };
        let answer = answer.unwrap_or_else(|fault| {
            warn!(%owner, %fault, "a word to the server cannot be obeyed");
            "The database does not answer now; try again later.".to_owned()
        });
        self.tell(core, owner, answer).await;
    }

    async fn obey(&self, core: &Arc<Core>, owner: &Passport, said: &str) -> Result<String, StoreFault> {
        let lower = said.to_lowercase();
        if lower == "waiting" {
            let service = core.settings.realm.service();
            let mut waiting = core.store.waiting_peers(owner).await?;
            waiting.retain(|waiting| waiting.peer != service);
            if waiting.is_empty() {
                return Ok("Nothing waits for you.".to_owned());
            }
            return Ok(format!("Waiting for you:{}", counted(core, &waiting).await?));
        }
        if lower == "retry" {
            let parked = core.store.parked(owner).await?;
            let count = core.store.retry_parked(owner).await?;
            for order in parked {
                core.outbox.kick(core, owner.clone(), order.contact);
            }
            return Ok(match count {
                0 => "Everything was delivered, or is on its way.".to_owned(),
                1 => "One message is sent again.".to_owned(),
                count => format!("{count} messages are sent again."),
            });
        }
        let Some(zone) = lower.strip_prefix("time zone").map(str::trim) else { return Ok(HELP.to_owned()) };
        match TimeZone::get(zone) {
            Ok(found) => {
                let name = found.iana_name().unwrap_or("UTC");
                core.store.set_time_zone(owner, Some(name)).await?;
                self.note_time_zone(owner, Some(name));
                Ok(format!("Your time zone is {name} now. New windows show it."))
            }
            Err(_) if zone.is_empty() => {
                Ok(format!("Your time zone is {}.", self.time_zone(owner).unwrap_or_else(|| "UTC".to_owned())))
            }
            Err(_) => {
                Ok(format!("There is no time zone \"{zone}\". Names look like Europe/Berlin or America/New_York."))
            }
        }
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
