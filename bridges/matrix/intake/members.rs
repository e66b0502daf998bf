//! Who is asked in, comes, goes and is put out.

use bridge::Arrival;
use domain::{Passport, contact::RemoteTarget, presence::RemotePresence};
use ruma::{OwnedMxcUri, RoomId, UserId};

use super::{Intake, Signal, remote};
use crate::{
    chat::{Membership, Pair, profile},
    chores::Chore,
    entering::room_lost,
    event::{Event, Invitation},
    portal::{Followed, Place, Portal, Stage},
    timeline::Timeline,
};

impl Intake<'_, '_> {
    pub(super) fn invited(&mut self, event: &Event, owner: &Passport, invitation: &Invitation) {
        let is_ours = self.known.rules.names.is_ours(&event.sender);
        let place = Place { owner: owner.clone(), room: event.room.clone() };
        let has_gathering = !self.draft.portals.portal(&place).is_listed();
        // Whoever has a gathering here is asked nothing: the ghost goes in by itself.
        if has_gathering && is_ours {
            return;
        }
        let declined = self.declines(event, owner);
        if let Some(reason) = declined {
            tracing::info!(%owner, sender = %event.sender, room = %event.room, reason, "an invitation is declined");
        }
        if invitation.encrypted && declined.is_none() {
            // Before the ghost goes in, and before its user has answered: what is said first is for those devices that are there.
            let ghost = self.known.rules.names.ghost(owner);
            self.signals.extend(ghost.map(|ghost| Signal::Chore(Chore::Prepare(ghost))));
        }
        if has_gathering {
            if declined.is_none() {
                self.draft.portals.portal(&place).stage = Stage::Entering;
                self.signals.push(Signal::Chore(Chore::Portal(place)));
            }
            return;
        }
        // Whoever is invited is not in the room, whatever was known before.
        for pair in self.draft.chats.in_room(&event.room).into_iter().filter(|pair| pair.owner == *owner) {
            self.draft.chats.chat(&pair).forget(&event.room);
        }
        if invitation.is_direct && !is_ours {
            let portal = self.draft.portals.portal(&place);
            if matches!(portal.stage, Stage::Invited { .. } | Stage::Entering | Stage::Joined) {
                self.arrivals.push(room_lost(&place));
            }
            *portal = Portal::default();
            let pair = Pair { owner: owner.clone(), user: event.sender.clone() };
            self.invited_by_person(&pair, &event.room, &invitation.by, declined.is_some());
        } else {
            self.invited_to_room(event, &place, invitation, declined.is_some());
        }
    }

    /// Why an invitation is declined without asking; `None` when it is not.
    fn declines(&mut self, event: &Event, owner: &Passport) -> Option<&'static str> {
        let pair = Pair { owner: owner.clone(), user: event.sender.clone() };
        let is_open = self.draft.chats.chat(&pair).is_open();
        let known = &mut self.known;
        let is_ours = known.rules.names.is_ours(&event.sender);
        if known.strangers.contains(owner) {
            Some("there is no such account")
        } else if !is_ours && !known.rules.permissions.admits(&event.sender, is_open) {
            Some("its sender has no permission")
        } else if !known.invitations.admits(&event.sender, &event.id, known.now) {
            self.signals.push(Signal::InvitesTooOften(event.sender.clone()));
            Some("too many invitations of this sender within an hour")
        } else {
            None
        }
    }

    fn invited_by_person(&mut self, pair: &Pair, room: &RoomId, name: &str, declined: bool) {
        let chat = self.draft.chats.chat(pair);
        if declined {
            chat.declining.push(room.to_owned());
            self.signals.push(Signal::Chore(Chore::Settle(pair.clone())));
            return;
        }
        let open = chat.is_open();
        chat.invite(room);
        name.clone_into(&mut chat.name);
        if open {
            self.signals.push(Signal::Chore(Chore::Settle(pair.clone())));
        } else {
            let from = profile(&pair.user, name);
            self.arrivals.push(Arrival::Invitation { owner: pair.owner.clone(), from });
        }
    }

    fn invited_to_room(&mut self, event: &Event, place: &Place, invitation: &Invitation, declined: bool) {
        let portal = self.draft.portals.portal(place);
        let is_wanted = portal.stage == Stage::Entering;
        portal.invite(event.sender.clone(), invitation.profile.clone());
        if declined || is_wanted {
            portal.stage = if declined { Stage::Leaving } else { Stage::Entering };
            self.signals.push(Signal::Chore(Chore::Portal(place.clone())));
            return;
        }
        self.arrivals.push(Arrival::RoomInvitation {
            owner: place.owner.clone(),
            room: invitation.profile.of_room(&place.room),
            from: self.known.rules.names.profile(&event.sender, &invitation.by),
        });
    }

    pub(super) fn removed(&mut self, event: &Event, owner: &Passport) {
        let room = &event.room;
        let place = Place { owner: owner.clone(), room: room.clone() };
        let portal = self.draft.portals.portal(&place);
        match portal.stage {
            Stage::Invited { .. } => {
                *portal = Portal::default();
                if !self.known.rules.is_heard_otherwise(owner, room) {
                    self.arrivals.push(room_lost(&place));
                }
            }
            // An older departure may be told after a newer arrival: whether the ghost is in is asked.
            Stage::Joined => self.signals.push(Signal::Chore(Chore::Portal(place.clone()))),
            Stage::Leaving => *portal = Portal::default(),
            Stage::Entering | Stage::Away => {}
        }
        // What a ghost does itself in a direct chat is known.
        if self.known.rules.names.is_ours(&event.sender) {
            return;
        }
        for pair in self.draft.chats.in_room(room).into_iter().filter(|pair| pair.owner == *owner) {
            let chat = self.draft.chats.chat(&pair);
            if chat.timeline(room).is_some() {
                // As above: an older departure must not end a newer stay.
                self.signals.push(Signal::Chore(Chore::Compare(place.clone())));
                continue;
            }
            chat.forget(room);
            if !chat.is_open() && chat.invited.is_empty() && !self.known.rules.is_met_otherwise(&pair) {
                self.arrivals.push(Arrival::Withdrawal { owner: pair.owner.clone(), from: remote(&pair.user) });
            }
        }
    }

    pub(super) fn made(&mut self, room: &RoomId, owner: &Passport, user: &UserId, asked: bool) {
        // The ghost of an account that was removed meanwhile is leaving its rooms.
        if self.known.strangers.contains(owner) {
            return;
        }
        let pair = Pair { owner: owner.clone(), user: user.to_owned() };
        let chat = self.draft.chats.chat(&pair);
        if asked {
            // Mostly the bot has asked the account already. Where it could not, nobody else would.
            if !chat.has(room) && !chat.declining.iter().any(|declined| declined == room) {
                let name = chat.name.clone();
                self.invited_by_person(&pair, room, &name, false);
            }
            return;
        }
        chat.welcomed = true;
        chat.enter(room, Membership::Invited, Timeline::default());
        self.signals.push(Signal::Entered(pair.owner));
    }

    pub(super) fn present(&mut self, room: &RoomId, user: &UserId, name: &str, avatar: Option<&OwnedMxcUri>) {
        self.known.speakers.is_called(room, user, name);
        self.crowd(room, user);
        for pair in self.pairs(room, user) {
            let chat = self.draft.chats.chat(&pair);
            let was_reachable = chat.is_reachable();
            chat.place(room, Membership::Joined);
            let is_reachable = chat.is_reachable();
            if chat.name != name {
                name.clone_into(&mut chat.name);
                self.signal_once(Signal::Profile(profile(user, name)));
            }
            self.signal_once(Signal::Picture(RemoteTarget::Person(remote(user)), avatar.cloned()));
            if is_reachable && !was_reachable {
                self.signals.push(Signal::Chore(Chore::Look(pair)));
            }
        }
    }

    /// Somebody is in a room: for whom it was a chat of two, it is none any more.
    fn crowd(&mut self, room: &RoomId, user: &UserId) {
        for pair in self.draft.chats.in_room(room) {
            if !self.known.rules.names.is_third(&pair, user) {
                continue;
            }
            let chat = self.draft.chats.chat(&pair);
            let was_reachable = chat.is_reachable();
            chat.crowd(room);
            if was_reachable && !chat.is_reachable() {
                self.signals.push(Signal::Presence(pair, RemotePresence::UNKNOWN));
            }
        }
    }

    pub(super) fn gone(&mut self, room: &RoomId, user: &UserId) {
        for pair in self.pairs(room, user) {
            let chat = self.draft.chats.chat(&pair);
            let was_reachable = chat.is_reachable();
            chat.place(room, Membership::Left);
            if was_reachable && !chat.is_reachable() {
                self.signals.push(Signal::Presence(pair, RemotePresence::UNKNOWN));
            }
        }
    }

    /// A room goes on elsewhere: who was in this one wants to be in that one.
    pub(super) fn moved(&mut self, event: &Event, to: &RoomId) {
        for place in self.draft.portals.in_room(&event.room) {
            let portal = self.draft.portals.portal(&place);
            // Nobody but a ghost may move a gathering, and none does.
            if !portal.is_joined() || !portal.is_listed() {
                continue;
            }
            let place = Place { owner: place.owner, room: to.to_owned() };
            let from = Followed { room: event.room.clone(), by: event.sender.clone() };
            self.draft.portals.portal(&place).follow(from);
            self.signals.push(Signal::Chore(Chore::Portal(place)));
        }
    }
}
