//! How an account shows itself: its name, the line under it, its picture.

use std::sync::Arc;

use bytes::Bytes;
use domain::{
    Passport, PersonalMessage,
    account::{Cause, Request},
};
use tracing::warn;

use super::{Portal, PortalFault};
use crate::{account::Present, administration::Administration};

/// The longest line under a name, in characters: what Messenger 7.5 has a place for.
const LONGEST_LINE: usize = 129;

/// How an account shows itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its friendly name.
    pub name: String,
    /// The client that is signed in; the line under the name is its own.
    pub present: Option<Present>,
    /// Whether it has a picture.
    pub has_picture: bool,
}

impl Portal {
    /// How an account shows itself.
    pub async fn profile(&self, owner: &Passport) -> Result<Profile, PortalFault> {
        let name = self.core.store.account_name(owner).await?.ok_or(PortalFault::Unavailable)?;
        let present = self.core.directory.present(owner).await;
        let has_picture = self.core.store.account_picture(owner).await?.is_some();
        Ok(Profile { name, present, has_picture })
    }

    /// Gives an account another friendly name; without one it goes by its address.
    pub async fn rename(&self, owner: &Passport, name: &str) -> Result<(), PortalFault> {
        let name = Administration::fit_name(owner, Some(name))
            .map_err(|fault| PortalFault::Unfit(format!("Nothing was changed: {fault}.")))?;
        self.change(owner, Request::ChangeProperty { key: "MFN".to_owned(), value: Some(name) }).await
    }

    /// Shows another line under the name of an account, until Messenger, which has to be signed in, says another one.
    pub async fn set_personal_message(&self, owner: &Passport, text: &str) -> Result<(), PortalFault> {
        let text = text.trim();
        if text.chars().count() > LONGEST_LINE || text.chars().any(char::is_control) {
            let problem = format!("That line is longer than {LONGEST_LINE} characters, or more than one line.");
            return Err(PortalFault::Unfit(problem));
        }
        let listening = self.core.directory.present(owner).await.map(|present| present.personal_message.current_media);
        let line = PersonalMessage { text: text.to_owned(), current_media: listening.unwrap_or_default() };
        self.change(owner, Request::ChangePersonalMessage(line)).await
    }

    /// The bytes of an account's picture, and their media type.
    pub async fn picture(&self, owner: &Passport) -> Result<Option<(Bytes, String)>, PortalFault> {
        let Some(hash) = self.core.store.account_picture(owner).await? else { return Ok(None) };
        let Some(picture) = self.core.media.own_picture(&hash).await else { return Ok(None) };
        let bytes = self.core.media.object_bytes(&hash).await;
        Ok(bytes.map(|bytes| (bytes, picture.media_type)))
    }

    /// Shows another picture, made of any that is one, on every network: until Messenger signs in with one of its own.
    pub async fn set_picture(&self, owner: &Passport, picture: Bytes) -> Result<(), PortalFault> {
        if picture.is_empty() {
            return Err(PortalFault::unfit("Choose a picture first."));
        }
        if !self.core.media.may_receive(owner, picture.len() as u64) {
            return Err(PortalFault::unfit("You have handed over as much as you may on one day. Try again tomorrow."));
        }
        let drawn = media::picture::normalise(picture).await;
        let drawn =
            drawn.map_err(|fault| PortalFault::Unfit(format!("That is no picture that can be shown: {fault}.")))?;
        let object = self.core.media.keep_object(&drawn.png).await.map_err(|fault| {
            warn!(%owner, %fault, "a picture cannot be kept");
            PortalFault::Unavailable
        })?;
        let (core, owner) = (Arc::clone(&self.core), owner.clone());
        self.to_its_end(async move {
            core.store.set_account_picture(&owner, Some(object.hash)).await?;
            // An account that is not in memory shows the picture that it has when it comes there.
            drop(core.directory.account(&core, &owner));
            if let Some(picture) = core.media.own_picture(&object.hash).await {
                core.directory.post(&owner, Cause::Pictured(Some(Arc::new(picture))));
            }
            Ok(())
        })
        .await
    }

    /// Shows no picture any more.
    pub async fn remove_picture(&self, owner: &Passport) -> Result<(), PortalFault> {
        let (core, owner) = (Arc::clone(&self.core), owner.clone());
        self.to_its_end(async move {
            drop(core.directory.account(&core, &owner));
            core.store.set_account_picture(&owner, None).await?;
            core.directory.post(&owner, Cause::Pictured(None));
            Ok(())
        })
        .await
    }
}
