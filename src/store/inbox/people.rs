//! People who become contacts, want to, or want no longer.

use bridge::{Action, RemoteProfile};
use domain::{
    Lists, Passport, RemoteUser,
    contact::{List, RemoteTarget},
};

use super::Reception;
use crate::{
    StoreFault, address, clock,
    entry::{self, Entry},
    merged, outbox,
};

impl Reception<'_> {
    pub(super) async fn invitation(&mut self, owner: Passport, from: RemoteProfile) -> Result<bool, StoreFault> {
        let (passport, entry) = self.entry(&owner, from.into()).await?;
        if entry.is_blocked() {
            self.answer(owner, passport, Action::TurnAway).await?;
            return Ok(false);
        }
        let fresh = (entry.guid, entry.name.as_str());
        let newly = entry::set_reverse(self.connection, &owner, &passport, true, fresh, self.now).await?;
        if entry.lists.contains(List::Forward) || entry.lists.contains(List::Allow) {
            self.answer(owner, passport, Action::Welcome).await?;
            return Ok(true);
        }
        if newly {
            let admirer = self.contact(&owner, &passport).await?;
            self.outcome.invited.extend(admirer.map(|admirer| (owner, admirer)));
        }
        Ok(newly)
    }

    /// Answers an invitation as the list says.
    pub(super) async fn answer(
        &mut self,
        owner: Passport,
        contact: Passport,
        action: Action,
    ) -> Result<(), StoreFault> {
        outbox::enqueue(self.connection, &owner, &contact, None, &action).await?;
        self.outcome.answered.push((owner, contact));
        Ok(())
    }

    pub(super) async fn friend(
        &mut self,
        owner: Passport,
        who: RemoteProfile,
        group: Option<&str>,
    ) -> Result<bool, StoreFault> {
        let (passport, entry) = self.entry(&owner, who.into()).await?;
        self.befriend(owner, passport, entry, group).await
    }

    /// Puts somebody on the owner's list, in that group if they are new there, unless the owner blocks them or took them off it.
    pub(super) async fn befriend(
        &mut self,
        owner: Passport,
        passport: Passport,
        entry: Entry,
        group: Option<&str>,
    ) -> Result<bool, StoreFault> {
        let lists = entry.lists.with(List::Forward).with(List::Allow);
        if entry.is_blocked() || lists == entry.lists || self.has_departed(&owner, &passport).await? {
            return Ok(false);
        }
        let is_new = !entry.lists.contains(List::Forward);
        entry::put(self.connection, &owner, &passport, &Entry { lists, ..entry }).await?;
        if let Some(group) = group.filter(|_| is_new) {
            self.enter_group(&owner, &passport, group).await?;
        }
        entry::touch(self.connection, &owner, self.now).await?;
        let friend = self.contact(&owner, &passport).await?;
        self.outcome.befriended.extend(friend.map(|friend| (owner, friend)));
        Ok(true)
    }

    pub(super) async fn withdrawal(&mut self, owner: Passport, from: RemoteUser) -> Result<bool, StoreFault> {
        let from = RemoteTarget::Person(from);
        let Some(passport) = address::find(self.connection, self.network, &from).await? else { return Ok(false) };
        if merged::split(self.connection, &owner, &passport).await? {
            return self.lose(owner, passport).await;
        }
        let unused = (clock::guid(), "");
        let changed = entry::set_reverse(self.connection, &owner, &passport, false, unused, self.now).await?;
        if changed {
            self.outcome.withdrawn.push((owner, passport));
        }
        Ok(changed)
    }

    /// Takes somebody who is shown as another entry, and has ended the chat, off the lists; what the owner blocks stays blocked. The
    /// owner has removed nothing, so their network may bring them back.
    async fn lose(&mut self, owner: Passport, passport: Passport) -> Result<bool, StoreFault> {
        let Some(entry) = entry::find(self.connection, &owner, &passport).await? else { return Ok(false) };
        let lists = if entry.is_blocked() { Lists::NONE.with(List::Block) } else { Lists::NONE };
        entry::put(self.connection, &owner, &passport, &Entry { lists, ..entry }).await?;
        entry::leave_groups(self.connection, &owner, &passport).await?;
        entry::touch(self.connection, &owner, self.now).await?;
        self.outcome.departed.push((owner, passport));
        Ok(true)
    }

    async fn has_departed(&mut self, owner: &Passport, contact: &Passport) -> Result<bool, StoreFault> {
        let found: Option<String> =
            sqlx::query_scalar("SELECT passport FROM departed WHERE owner = $1 AND passport = $2")
                .bind(owner.as_str())
                .bind(contact.as_str())
                .fetch_optional(&mut *self.connection)
                .await?;
        Ok(found.is_some())
    }
}
