//! Where every account and conversation can be found.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{
    Passport, Presence,
    account::{Announcement, Cause, Refusal, Request, Ring},
    conversation::{self, Conversation, Pair, Party, PartyKind, RoomManner},
};
use store::StoreFault;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use crate::{
    account::{self, Present},
    conversation::{ConversationHandle, ToConversation},
    core::Core,
    mailbox::{Mailbox, ToAccount},
    peers::{Between, ToPeer},
};

/// Where every account and conversation can be found. The locks are held for a look only.
#[derive(Default)]
pub(crate) struct Directory {
    mailboxes: Mutex<HashMap<Passport, Arc<Mailbox>>>,
    conversations: Mutex<HashMap<Pair, ConversationHandle>>,
    /// The conversations of several that have rooms on networks, by the contacts that those are.
    gatherings: Mutex<HashMap<Passport, ConversationHandle>>,
}

impl Directory {
    /// The account's mailbox.
    pub(crate) fn mailbox(&self, passport: &Passport) -> Arc<Mailbox> {
        Arc::clone(lock(&self.mailboxes).entry(passport.clone()).or_default())
    }

    /// The account's task, brought to life if need be.
    pub(crate) fn account(&self, core: &Arc<Core>, passport: &Passport) -> mpsc::Sender<Box<ToAccount>> {
        let mailbox = self.mailbox(passport);
        mailbox.task(|queue| account::spawn(core, passport.clone(), Arc::clone(&mailbox), queue))
    }

    /// Shows `to` what `contact` looks like now.
    pub(crate) fn sight(&self, to: &Passport, contact: &Passport, presence: Option<Arc<Presence>>) {
        if presence.is_none() && !lock(&self.mailboxes).contains_key(to) {
            return;
        }
        self.mailbox(to).sight(contact, presence);
    }

    /// Tells an account something that is in the store already.
    pub(crate) fn post(&self, to: &Passport, cause: Cause) {
        let mailbox = lock(&self.mailboxes).get(to).cloned();
        if let Some(mailbox) = mailbox {
            mailbox.post(cause);
        }
    }

    /// Tells every account that is in memory something.
    pub(crate) fn announce(&self, announcement: &Announcement) {
        let mailboxes: Vec<_> = lock(&self.mailboxes).values().cloned().collect();
        for mailbox in mailboxes {
            mailbox.post(Cause::Announced(announcement.clone()));
        }
    }

    /// Networks have come or gone: every account that is in memory reads its list anew.
    pub(crate) fn reread(&self, come: bool) {
        let mailboxes: Vec<_> = lock(&self.mailboxes).values().cloned().collect();
        for mailbox in mailboxes {
            mailbox.reread(come);
        }
    }

    /// Nobody sees any of these any more.
    pub(crate) fn lose_sight(&self, of: impl Fn(&Passport) -> bool) {
        let mailboxes: Vec<_> = lock(&self.mailboxes).values().cloned().collect();
        for mailbox in mailboxes {
            mailbox.lose_sight(&of);
        }
    }

    /// Rings an account for a conversation; the conversation is answered.
    pub(crate) fn ring(&self, core: &Arc<Core>, to: &Passport, ring: Ring, conversation: ConversationHandle) {
        let mailbox = self.mailbox(to);
        mailbox.ring(ring, conversation);
        drop(mailbox.task(|queue| account::spawn(core, to.clone(), Arc::clone(&mailbox), queue)));
    }

    /// Has an account change its list as its user has told the server's own contact. Never called from a conversation's task or an
    /// account's.
    pub(crate) async fn wish(&self, core: &Arc<Core>, owner: &Passport, cause: Cause) -> Result<(), Refusal> {
        let (answer, answered) = oneshot::channel();
        self.send(core, owner, ToAccount::Wish(cause, answer), answered).await
    }

    /// Has an account do what its user wants on a page. Never called from a conversation's task or an account's.
    pub(crate) async fn on_page(&self, core: &Arc<Core>, owner: &Passport, request: Request) -> Result<(), Refusal> {
        let (answer, answered) = oneshot::channel();
        self.send(core, owner, ToAccount::Page(request, answer), answered).await
    }

    /// The client that is signed in to an account.
    pub(crate) async fn present(&self, owner: &Passport) -> Option<Present> {
        let task = lock(&self.mailboxes).get(owner)?.awake()?;
        let (answer, answered) = oneshot::channel();
        task.send(Box::new(ToAccount::Look(answer))).await.ok()?;
        answered.await.ok()?
    }

    /// How many accounts have a client that is signed in, or had one just now.
    pub(crate) fn awake(&self) -> usize {
        lock(&self.mailboxes).values().filter(|mailbox| mailbox.awake().is_some()).count()
    }

    async fn send(
        &self,
        core: &Arc<Core>,
        owner: &Passport,
        message: ToAccount,
        answered: oneshot::Receiver<Result<(), Refusal>>,
    ) -> Result<(), Refusal> {
        let mut message = Box::new(message);
        loop {
            match self.account(core, owner).send(message).await {
                // An account that could not be read drops what it is asked.
                Ok(()) => return answered.await.unwrap_or(Err(Refusal::Unavailable)),
                // The account was just being put to rest.
                Err(unsent) => message = unsent.0,
            }
        }
    }

    /// Forgets a removed account.
    pub(crate) fn remove(&self, passport: &Passport) {
        if let Some(mailbox) = lock(&self.mailboxes).get(passport) {
            mailbox.post(Cause::Removed);
            mailbox.clear();
        }
    }

    /// The direct conversation of these two, brought to life if need be.
    pub(crate) fn conversation(
        &self,
        core: &Arc<Core>,
        one: Party,
        other: Party,
        rooms: RoomManner,
    ) -> ConversationHandle {
        let pair = Pair::of(one.passport.clone(), other.passport.clone());
        let mut conversations = lock(&self.conversations);
        if let Some(known) = conversations.get(&pair).filter(|known| !known.is_closed()) {
            return known.clone();
        }
        let handle = crate::conversation::spawn(
            core,
            Conversation::direct(one, other, core.settings.offline_messages).showing_rooms(rooms),
            pair.clone(),
        );
        conversations.insert(pair, handle.clone());
        handle
    }

    /// The pair's conversation is no longer a direct one.
    pub(crate) fn release(&self, pair: &Pair, handle: &ConversationHandle) {
        let mut conversations = lock(&self.conversations);
        if conversations.get(pair).is_some_and(|known| known.is_same(handle)) {
            conversations.remove(pair);
        }
    }

    /// This conversation of several has that contact for its room on a network.
    pub(crate) fn gathered(&self, contact: &Passport, handle: &ConversationHandle) {
        lock(&self.gatherings).insert(contact.clone(), handle.clone());
    }

    /// This conversation of several has no room on a network any more.
    pub(crate) fn dispersed(&self, handle: &ConversationHandle) {
        lock(&self.gatherings).retain(|_, known| !known.is_same(handle));
    }

    /// The conversation of several whose room on a network is this contact, if it is alive.
    fn gathering(&self, contact: &Passport) -> Option<ConversationHandle> {
        lock(&self.gatherings).get(contact).filter(|known| !known.is_closed()).cloned()
    }

    /// Tells the conversation of several whose room is this contact something that does not matter if there is none.
    pub(crate) fn whisper_to_gathering(&self, contact: &Passport, cause: conversation::Cause) {
        if let Some(known) = self.gathering(contact) {
            known.try_send(ToConversation::Cause(cause));
        }
    }

    /// Ends a conversation's task, unless something has come in. Whoever still has a way to it gets back what they send.
    pub(crate) fn retire(
        &self,
        pair: Option<&Pair>,
        handle: &ConversationHandle,
        queue: &mut mpsc::Receiver<Box<ToConversation>>,
    ) -> bool {
        // The lock is what makes it safe: nobody can get hold of the conversation while it is being ended. Those who have got hold of
        // it before wait for a place until it is closed: nothing comes in between.
        let mut conversations = lock(&self.conversations);
        let Some(places) = handle.all_places() else { return false };
        queue.close();
        drop(places);
        if let Some(pair) = pair
            && conversations.get(pair).is_some_and(|known| known.is_same(handle))
        {
            conversations.remove(pair);
        }
        lock(&self.gatherings).retain(|_, known| !known.is_same(handle));
        true
    }

    /// The direct conversation of these two, if it is alive.
    fn known(&self, one: &Passport, other: &Passport) -> Option<ConversationHandle> {
        lock(&self.conversations).get(&Pair::of(one.clone(), other.clone())).cloned()
    }

    /// Tells the conversation of these two something that does not matter if there is none.
    pub(crate) fn whisper(&self, owner: &Passport, peer: &Passport, cause: conversation::Cause) {
        if let Some(known) = self.known(owner, peer) {
            known.try_send(ToConversation::Cause(cause));
        }
    }

    /// The peer that plays a contact wants the owner's switchboard: their conversation rings for one if there is none.
    pub(crate) fn summon(&self, core: &Arc<Core>, between: &Between, peer: mpsc::WeakSender<ToPeer>) {
        let Between { owner, contact } = between.clone();
        let message = ToConversation::Summon { owner: owner.clone(), peer };
        let handle = self.known(&owner, &contact);
        deliver(core, handle, (owner, contact), message, |_| {});
    }

    /// Something waits in the store for `owner` from `peer`: their conversation sees to it, or the one of several whose room `peer` is.
    pub(crate) fn doorbell(&self, core: &Arc<Core>, owner: Passport, peer: Passport) {
        let handle = self.gathering(&peer).or_else(|| self.known(&owner, &peer));
        ring_doorbell(core, handle, owner, peer);
    }

    /// As [`Directory::doorbell`], where the two have to see to it alone.
    pub(crate) fn doorbell_alone(&self, core: &Arc<Core>, owner: Passport, peer: Passport) {
        ring_doorbell(core, self.known(&owner, &peer), owner, peer);
    }

    /// As [`Directory::doorbell`], and the owner's client can be rung from now on.
    pub(crate) fn reachable(&self, core: &Arc<Core>, owner: Passport, peer: Passport) {
        let handle = self.gathering(&peer).or_else(|| self.known(&owner, &peer));
        tell_reachable(core, handle, owner, peer);
    }

    /// As [`Directory::reachable`], where the two have to see to it alone.
    pub(crate) fn reachable_alone(&self, core: &Arc<Core>, owner: Passport, peer: Passport) {
        tell_reachable(core, self.known(&owner, &peer), owner, peer);
    }
}

fn ring_doorbell(core: &Arc<Core>, handle: Option<ConversationHandle>, owner: Passport, peer: Passport) {
    let message = ToConversation::Doorbell { owner: owner.clone(), peer: peer.clone() };
    let (again_owner, again_peer) = (owner.clone(), peer.clone());
    deliver(core, handle, (owner, peer), message, move |core| {
        let again = Arc::clone(core);
        core.later(async move { again.directory.doorbell(&again, again_owner, again_peer) });
    });
}

fn tell_reachable(core: &Arc<Core>, handle: Option<ConversationHandle>, owner: Passport, peer: Passport) {
    let message = ToConversation::Reachable { owner: owner.clone(), peer: peer.clone() };
    let (again_owner, again_peer) = (owner.clone(), peer.clone());
    deliver(core, handle, (owner, peer), message, move |core| {
        let again = Arc::clone(core);
        core.later(async move { again.directory.reachable(&again, again_owner, again_peer) });
    });
}

/// Brings a message to a conversation, or where there is none to the one of these two, which is brought to life; `failed` is
/// called when the store did not say who they are.
fn deliver(
    core: &Arc<Core>,
    mut handle: Option<ConversationHandle>,
    (owner, peer): (Passport, Passport),
    message: ToConversation,
    failed: impl FnOnce(&Arc<Core>) + Send + 'static,
) {
    let core = Arc::clone(core);
    core.tasks.clone().spawn(async move {
        let mut message = Box::new(message);
        loop {
            let conversation = match handle.take() {
                Some(conversation) => conversation,
                None => match both(&core, &owner, &peer).await {
                    Ok(Some((one, other))) => {
                        let rooms = manner(&core, &one, &other).await;
                        core.directory.conversation(&core, one, other, rooms)
                    }
                    // One of them was removed, or a network was switched off.
                    Ok(None) => return,
                    Err(fault) => {
                        warn!(%owner, %peer, %fault, "cannot read who takes part in a conversation");
                        failed(&core);
                        return;
                    }
                },
            };
            match conversation.send(message).await {
                Ok(()) => return,
                // It ended in between; a new one is made.
                Err(unsent) => message = unsent,
            }
        }
    });
}

async fn both(core: &Core, owner: &Passport, peer: &Passport) -> Result<Option<(Party, Party)>, StoreFault> {
    Ok(core.party(owner).await?.zip(core.party(peer).await?))
}

/// How the speakers of a room are shown to the other one of these two.
pub(crate) async fn manner(core: &Core, one: &Party, other: &Party) -> RoomManner {
    match (one.kind, other.kind) {
        (PartyKind::Account, PartyKind::Room) => core.room_manner(&one.passport).await,
        (PartyKind::Room, PartyKind::Account) => core.room_manner(&other.passport).await,
        (PartyKind::Account | PartyKind::Person | PartyKind::Room | PartyKind::Service, _) => RoomManner::Prefixed,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doorbell() -> Box<ToConversation> {
        let [owner, peer] = ["carol@msn.example", "dave@msn.example"].map(|address| address.parse().unwrap());
        Box::new(ToConversation::Doorbell { owner, peer })
    }

    /// What is sent to a conversation that ends is either seen by it or given back.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_is_lost_in_a_conversation_that_ends() {
        let directory = Directory::default();
        let mut ended = 0;
        for _ in 0..2_000 {
            let (handle, mut queue) = ConversationHandle::open();
            let sender = handle.clone();
            let sending = tokio::spawn(async move { sender.send(doorbell()).await });
            tokio::task::yield_now().await;
            let is_ended = directory.retire(None, &handle, &mut queue);
            ended += u32::from(is_ended);
            let was_taken = sending.await.unwrap().is_ok();
            assert_eq!(was_taken, !is_ended, "it was taken by a conversation that has ended");
        }
        assert!(ended > 0, "what came was always there before");
    }
}
