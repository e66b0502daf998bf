//! Taking everything along, and leaving.

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Contact, account::Record, contact::RemoteTarget};
use serde_json::{Value, json};
use store::{Attention, RoomStyle};
use tracing::info;

use super::{Portal, PortalFault, Visit};
use crate::{
    administration::{AccountFault, Administration},
    core::wall,
    linking::Linking,
};

impl Portal {
    /// Everything that is kept of the visitor's account and is theirs, as JSON: for whoever gives the account's password. Secrets, such as
    /// tokens of networks and the password itself, are not in it.
    pub async fn export(&self, visit: &Visit, password: &str, from: IpAddr) -> Result<Vec<u8>, PortalFault> {
        self.prove(visit, password, from).await?;
        let owner = &visit.owner;
        let record = self.core.store.load(owner).await?.ok_or(PortalFault::Unavailable)?;
        let choices = self.choices(owner).await?;
        let rooms = self.rooms(owner).await?;
        let links = Linking::of(&self.core).links(owner).await.unwrap_or_default();
        let browsers = self.browsers(visit).await?;
        let created = self.core.store.account_summary(owner).await?;
        let picture = self
            .picture(owner)
            .await?
            .map(|(bytes, media_type)| json!({ "media_type": media_type, "base64": BASE64_STANDARD.encode(&bytes) }));
        let Record { name, properties, contacts, groups, .. } = record;
        let attention = |attention| match attention {
            Attention::All => "all",
            Attention::Mentions => "mentions",
            Attention::Nothing => "nothing",
        };
        let whole = json!({
            "exported": wall().0,
            "profile": {
                "address": owner.as_str(),
                "name": name,
                "created": created.map(|account| account.created.0),
                "properties": properties,
                "picture": picture,
            },
            "choices": {
                "privacy": choices.privacy,
                "prompt": choices.prompt,
                "receipts": choices.receipts,
                "rooms": match choices.rooms { RoomStyle::Prefixed => "prefixed", RoomStyle::Members => "members" },
                "time_zone": choices.time_zone,
            },
            "groups": groups,
            "contacts": contacts.iter().filter(|contact| !is_room(contact)).map(described).collect::<Vec<_>>(),
            "rooms": rooms.iter().map(|room| json!({
                "address": room.passport.as_str(),
                "name": room.name,
                "topic": room.topic,
                "entered": room.is_entered,
                "asked_by": room.asker,
                "shown": attention(room.attention),
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

/// An entry of the list.
fn described(contact: &Contact) -> Value {
    let [forward, allow, block] =
        [domain::List::Forward, domain::List::Allow, domain::List::Block].map(|list| contact.lists.contains(list));
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
