//! What becomes of conversations that a linked account has no more by itself: where its ghost is as well, the ghost goes on.

use domain::{Passport, RemoteUser, presence::RemotePresence};
use ruma::OwnedRoomId;

use super::rooms::{Kind, OwnRoom};
use crate::{appservice::Appservice, chat::Pair, chores::Chore, portal::Place};

impl Appservice {
    /// An account hears nothing by itself any more in these of its rooms. Where its ghost is, that goes on from where the account has got: what
    /// the ghost has passed over meanwhile, since it was for the account, the account may never have taken.
    pub(super) async fn hand_over(&self, owner: &Passport, rooms: Vec<(OwnedRoomId, OwnRoom)>) {
        for (room, kept) in rooms {
            if !kept.is_heard() {
                continue;
            }
            match kept.kind {
                Kind::Direct { user, .. } => self.see_by_ghost(Pair { owner: owner.clone(), user }),
                Kind::Room => {
                    let place = Place { owner: owner.clone(), room };
                    let handing = self.portals.change(&place, |portal| {
                        if portal.is_joined() && portal.is_listed() && !kept.timeline.is_new() {
                            portal.timeline = kept.timeline;
                            portal.timeline.falls_behind();
                        }
                    });
                    if let Err(fault) = handing.await {
                        tracing::warn!(%owner, room = %place.room, %fault, "what was said in a room lately may be left out");
                    }
                    if self.portals.get(&place).is_joined() {
                        self.chores.add(Chore::Read(place));
                    }
                }
            }
        }
    }

    /// Whom the account saw by itself, it sees by its ghost from now on, or not at all.
    fn see_by_ghost(&self, pair: Pair) {
        if self.own.meets(&pair) {
            return;
        }
        if self.chats.get(&pair).is_reachable() {
            self.chores.add(Chore::Look(pair));
        } else {
            self.host.presence(&pair.owner, &RemoteUser(pair.user.to_string()), RemotePresence::UNKNOWN);
        }
    }
}
