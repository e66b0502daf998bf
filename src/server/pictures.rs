//! The display pictures of this server's own users, on their way to the networks: fetched from the client when it shows another one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{
    Passport,
    account::Cause,
    media::{Announcement, Attachment, ObjectHash},
};
use msnp::object::MsnObject;
use tracing::{debug, warn};

use crate::{
    core::Core,
    peers::{Between, ToPeer},
};

/// Which picture each account's client shows; what it is lies in [`crate::media`].
#[derive(Default)]
pub(crate) struct Pictures {
    shown: Mutex<HashMap<Passport, ObjectHash>>,
}

impl Pictures {
    fn shown(&self) -> MutexGuard<'_, HashMap<Passport, ObjectHash>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An account's client shows this picture from now on, as an `MSNObject` in the form of `CHG`. `through` is the contact in whose
    /// name it is fetched if it is not here; the account is told when it is.
    pub(crate) fn changed(
        &self,
        core: &Arc<Core>,
        owner: Passport,
        object: Option<Arc<str>>,
        through: Option<Passport>,
    ) {
        let announcement = object.and_then(|object| announcement(&owner, &object));
        match &announcement {
            Some(announcement) => self.shown().insert(owner.clone(), announcement.hash),
            None => self.shown().remove(&owner),
        };
        let core = Arc::clone(core);
        core.tasks.clone().spawn(async move {
            let Some(announcement) = announcement else {
                if let Err(fault) = core.store.set_account_picture(&owner, None).await {
                    warn!(%owner, %fault, "cannot note that a picture is gone");
                }
                core.directory.post(&owner, Cause::Pictured(None));
                return;
            };
            if core.media.has_object(&announcement.hash).await {
                core.pictures.obtained(&core, &announcement);
            } else if let Some(contact) = through {
                let between = Between { owner, contact };
                core.peers.send(&core, between, ToPeer::Fetch(announcement)).await;
            }
        });
    }

    /// An object is here: if it is the display picture that its owner shows, its networks are shown it.
    pub(crate) fn obtained(&self, core: &Arc<Core>, announcement: &Announcement) {
        let (owner, hash) = (announcement.owner.clone(), announcement.hash);
        // A client may have changed its picture again while this one was fetched.
        if self.shown().get(&owner) != Some(&hash) {
            return;
        }
        let core = Arc::clone(core);
        core.tasks.clone().spawn(async move {
            if let Err(fault) = core.store.set_account_picture(&owner, Some(hash)).await {
                warn!(%owner, %fault, "cannot note a picture");
            }
            let Some(picture) = core.media.own_picture(&hash).await else {
                debug!(%owner, "a display picture is no image");
                return;
            };
            core.directory.post(&owner, Cause::Pictured(Some(Arc::new(picture))));
        });
    }

    /// The picture that an account showed last.
    pub(crate) async fn last(&self, core: &Core, owner: &Passport) -> Option<Arc<Attachment>> {
        let hash = core.store.account_picture(owner).await.ok().flatten()?;
        core.media.own_picture(&hash).await.map(Arc::new)
    }
}

/// What a client announces by an object in the form of `CHG`; `None` when it is none of its own.
fn announcement(owner: &Passport, object: &str) -> Option<Announcement> {
    let description = msnp::percent::decode(object);
    let object = MsnObject::parse(&description)?;
    let hash = object.data_hash.parse().ok()?;
    object.creator.eq_ignore_ascii_case(owner.as_str()).then(|| Announcement {
        owner: owner.clone(),
        hash,
        size: object.size,
        description: description.into(),
    })
}
