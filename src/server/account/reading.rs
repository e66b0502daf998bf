//! What is kept of the account, read anew while it is in memory.

use domain::{
    Contact, Passport,
    account::{Cause, Record},
    contact::RemoteTarget,
};
use tracing::warn;

use super::Task;
use crate::{core::Core, signals};

impl Task {
    /// Networks have come or gone.
    pub(super) async fn reread(&mut self, come: bool) {
        let passport = self.account.passport().clone();
        match Box::pin(self.core.store.load(&passport)).await {
            Ok(Some(record)) => {
                let record = shown(&self.core, record);
                let rooms = rooms(&record);
                self.handle(Cause::Reread { record: Box::new(record), come }, None).await;
                for room in rooms {
                    signals::show_room(&self.core, &passport, &room).await;
                }
            }
            Ok(None) => {}
            Err(fault) => {
                warn!(%fault, "cannot read the list as it is now; it is tried again");
                let mailbox = self.core.directory.mailbox(&passport);
                self.core.later(async move { mailbox.reread(come) });
            }
        }
    }

    pub(super) async fn reload(&mut self) {
        match self.core.store.load(self.account.passport()).await {
            Ok(Some(record)) => self.account.restore(shown(&self.core, record)),
            Ok(None) => {}
            Err(fault) => warn!(%fault, "cannot read the account anew"),
        }
    }
}

/// The rooms on the list.
pub(super) fn rooms(record: &Record) -> Vec<Passport> {
    let is_room = |contact: &&Contact| {
        contact.remote.as_ref().is_some_and(|remote| matches!(remote.target, RemoteTarget::Room(_)))
    };
    record.contacts.iter().filter(is_room).map(|contact| contact.passport.clone()).collect()
}

/// What is kept, as clients see it.
pub(super) fn shown(core: &Core, mut record: Record) -> Record {
    record.contacts = record.contacts.into_iter().map(|contact| core.shown_contact(contact)).collect();
    record
}
