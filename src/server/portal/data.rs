//! Taking everything along, and leaving.

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{
    Contact, List, Lists, Passport,
    account::Record,
    contact::RemoteTarget,
    conversation::{Body, Waiting},
};
use serde_json::{Value, json};
use store::{Attention, RoomEntry, RoomStyle};
use tracing::{info, warn};

use super::{Portal, PortalFault, Visit};
use crate::{
    administration::{AccountFault, Administration},
    core::wall,
    linking::{LinkFault, LinkLine, Linking},
};

/// How many messages that wait are read at once.
const AT_ONCE: u32 = 200;

impl Portal {
    /// What is kept of the visitor's account and is theirs, as JSON: for whoever gives the account's password. Secrets, such as tokens of
    /// networks and the password itself, are not in it, nor are files. What could not be looked at is named in it as `missing`.
    pub async fn export(&self, visit: &Visit, password: &str, from: IpAddr) -> Result<Vec<u8>, PortalFault> {
        self.prove(visit, password, from).await?;
        let owner = &visit.owner;
        let record = self.core.store.load(owner).await?.ok_or(PortalFault::Unavailable)?;
        let rooms = self.core.store.rooms(owner).await?;
        let (links, missing) = described_links(Linking::of(&self.core).links(owner).await);
        let browsers = self.browsers(visit).await?;
        let given_up = self.core.store.parked(owner).await?;
        let whole = json!({
            "exported": wall().0,
            "missing": missing,
            "profile": self.described_profile(owner, &record).await?,
            "choices": self.described_choices(owner).await?,
            "groups": record.groups,
            "contacts": record.contacts.iter().filter(|contact| !is_room(contact)).map(described).collect::<Vec<_>>(),
            "rooms": rooms.iter().map(described_room).collect::<Vec<_>>(),
            "waiting": self.described_waiting(owner).await?,
            "given_up": given_up.iter().map(|order| json!({
                "with": order.contact.as_str(),
                "what": order.action,
                "why": order.reason,
            })).collect::<Vec<_>>(),
            "links": links,
            "browsers": browsers.iter().map(|browser| json!({
                "agent": browser.agent,
                "address": browser.address,
                "signed_in": browser.begun.0,
                "seen": browser.seen.0,
            })).collect::<Vec<_>>(),
        });
        info!(%owner, "an account was exported");
        serde_json::to_vec_pretty(&whole).map_err(|_| PortalFault::Unavailable)
    }

    async fn described_profile(&self, owner: &Passport, record: &Record) -> Result<Value, PortalFault> {
        let created = self.core.store.account_summary(owner).await?;
        let picture = self
            .picture(owner)
            .await?
            .map(|(bytes, media_type)| json!({ "media_type": media_type, "base64": BASE64_STANDARD.encode(&bytes) }));
        let present = self.core.directory.present(owner).await;
        Ok(json!({
            "address": owner.as_str(),
            "name": record.name,
            "created": created.map(|account| account.created.0),
            "properties": record.properties,
            "picture": picture,
            // Messenger keeps it, and tells it each time that it signs in.
            "personal_message": present.map(|present| present.personal_message.text.clone()),
        }))
    }

    async fn described_choices(&self, owner: &Passport) -> Result<Value, PortalFault> {
        let choices = self.choices(owner).await?;
        Ok(json!({
            "privacy": choices.privacy,
            "prompt": choices.prompt,
            "receipts": choices.receipts,
            "sharing": choices.sharing,
            "rooms": match choices.rooms { RoomStyle::Prefixed => "prefixed", RoomStyle::Members => "members" },
            "time_zone": choices.time_zone,
        }))
    }

    /// What waits for an account, message by message.
    async fn described_waiting(&self, owner: &Passport) -> Result<Vec<Value>, PortalFault> {
        let (mut described, mut after) = (Vec::new(), None);
        loop {
            let waiting = self.core.store.waiting(owner, after, AT_ONCE).await?;
            let Some(last) = waiting.last() else { return Ok(described) };
            after = Some(last.id);
            described.extend(waiting.iter().map(described_message));
        }
    }

    /// Deletes the visitor's account with everything that is its own, for whoever gives its password.
    pub async fn delete(&self, visit: &Visit, password: &str, from: IpAddr) -> Result<(), PortalFault> {
        self.prove(visit, password, from).await?;
        let (administration, owner) = (Administration::running(&self.core), visit.owner.clone());
        self.to_its_end(async move {
            administration.remove(owner.as_str()).await.map_err(|fault| match fault {
                AccountFault::Missing(_) => PortalFault::unfit("That account is gone already."),
                AccountFault::Invalid(_) | AccountFault::Exists(_) | AccountFault::Store(_) => PortalFault::Unavailable,
            })
        })
        .await?;
        info!(owner = %visit.owner, "an account was deleted on a page");
        Ok(())
    }
}

fn is_room(contact: &Contact) -> bool {
    contact.remote.as_ref().is_some_and(|remote| matches!(remote.target, RemoteTarget::Room(_)))
}

/// The links, or that they are missing, and why.
fn described_links(links: Result<Vec<LinkLine>, LinkFault>) -> (Option<Vec<LinkLine>>, Vec<String>) {
    match links {
        Ok(links) => (Some(links), Vec::new()),
        Err(fault) => {
            warn!(%fault, "an account's links cannot be taken along");
            (None, vec![format!("links: {fault}")])
        }
    }
}

/// On which lists something stands.
fn lists(lists: Lists) -> [bool; 3] {
    [List::Forward, List::Allow, List::Block].map(|list| lists.contains(list))
}

/// An entry of the list.
fn described(contact: &Contact) -> Value {
    let [forward, allow, block] = lists(contact.lists);
    json!({
        "address": contact.passport.as_str(),
        "name": contact.name,
        "network": contact.remote.as_ref().map(|remote| remote.network.as_str()),
        "on_contact_list": forward,
        "allowed": allow,
        "blocked": block,
        "has_you_on_theirs": contact.lists.watches(),
        "groups": contact.groups,
        "same_person": contact.merged.iter().map(described).collect::<Vec<_>>(),
    })
}

/// A room that stands on a list, or into which the account is asked.
fn described_room(room: &RoomEntry) -> Value {
    let [forward, allow, block] = lists(room.lists);
    json!({
        "address": room.passport.as_str(),
        "name": room.name,
        "topic": room.topic,
        "entered": forward,
        "allowed": allow,
        "blocked": block,
        "asked_by": room.asker,
        "shown": match room.attention {
            Attention::All => "all",
            Attention::Mentions => "mentions",
            Attention::Nothing => "nothing",
        },
    })
}

/// A message that waits: what a Messenger user has said is as Messenger sent it.
fn described_message(waiting: &Waiting) -> Value {
    let (kind, body) = match &waiting.body {
        Body::Content(content) => ("content", json!(content)),
        Body::Payload(payload) => ("messenger", json!(String::from_utf8_lossy(payload))),
        Body::Ink(gif) => ("ink", json!({ "media_type": "image/gif", "base64": BASE64_STANDARD.encode(gif) })),
    };
    json!({
        "in": waiting.peer.as_str(),
        "author": waiting.author_name,
        "author_address": waiting.speaker.as_ref().map(Passport::as_str),
        "sent": waiting.sent.0,
        kind: body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_cannot_be_looked_at_are_missing_and_not_none() {
        assert_eq!(described_links(Ok(Vec::new())), (Some(Vec::new()), Vec::new()));
        let (links, missing) = described_links(Err(LinkFault::TooSlow));
        assert_eq!((links, missing.len()), (None, 1));
        assert!(missing[0].starts_with("links: "), "{missing:?}");
    }
}
