//! Who is asked in, comes, goes and is put out.

use bridge::Arrival;
use domain::{Passport, RemoteRoom, contact::RemoteTarget, presence::RemotePresence};
use ruma::{OwnedMxcUri, RoomId, UserId};

use super::{Intake, Signal, remote};
use crate::{
    chat::{Membership, Pair, profile},
    chores::Chore,
    event::{Event, Invitation},
    portal::{Place, Portal, Stage},
    timeline::Timeline,
};

impl Intake<'_, '_> {
    pub(super) fn invited(&mut self, event: &Event, owner: &Passport, invitation: &Invitation) {
        let is_ours = self.known.rules.names.is_ours(&event.sender);
        let declined = self.declines(event, owner);
        if let Some(reason) = declined {
            tracing::info!(%owner, sender = %event.sender, room = %event.room, reason, "an invitation is declined");
        }
        let place = Place { owner: owner.clone(), room: event.room.clone() };
        // Whoever is invited is not in the room, whatever was known before.
        for pair in self.draft.chats.in_room(&event.room).into_iter().filter(|pair| pair.owner == *owner) {
            self.draft.chats.chat(&pair).forget(&event.room);
        }
        if invitation.is_direct && !is_ours {
            *self.draft.portals.portal(&place) = Portal::default();
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
            from: profile(&event.sender, &invitation.by),
        });
    }

    pub(super) fn removed(&mut self, event: &Event, owner: &Passport) {
        let room = &event.room;
        let place = Place { owner: owner.clone(), room: room.clone() };
        let portal = self.draft.portals.portal(&place);
        match portal.stage {
            Stage::Invited { .. } => {
                *portal = Portal::default();
                let room = RemoteRoom(room.to_string());
                self.arrivals.push(Arrival::RoomLost { owner: owner.clone(), room });
            }
            // An older departure may be told after a newer arrival: whether the ghost is in is asked.
            Stage::Joined => self.signals.push(Signal::Chore(Chore::Portal(place))),
            Stage::Leaving => *portal = Portal::default(),
            Stage::Entering | Stage::Away => {}
        }
        // What a ghost does itself in a direct chat is known.
        if self.known.rules.names.is_ours(&event.sender) {
            return;
        }
        for pair in self.draft.chats.in_room(room).into_iter().filter(|pair| pair.owner == *owner) {
            let chat = self.draft.chats.chat(&pair);
            let was_asked = chat.invited.iter().any(|invited| invited == room);
            let was_reachable = chat.is_reachable();
            chat.forget(room);
            let is_reachable = chat.is_reachable();
            if was_asked && !chat.is_open() && chat.invited.is_empty() {
                self.arrivals.push(Arrival::Withdrawal { owner: pair.owner.clone(), from: remote(&pair.user) });
            }
            if was_reachable && !is_reachable {
                self.signals.push(Signal::Presence(pair, RemotePresence::UNKNOWN));
            }
        }
    }

    pub(super) fn made(&mut self, room: &RoomId, owner: &Passport, user: &UserId) {
        // The ghost of an account that was removed meanwhile is leaving its rooms.
        if !self.known.strangers.contains(owner) {
            let pair = Pair { owner: owner.clone(), user: user.to_owned() };
            let chat = self.draft.chats.chat(&pair);
            chat.welcomed = true;
            chat.enter(room, Membership::Invited, Timeline::default());
            self.signals.push(Signal::Entered(pair.owner));
        }
    }

    pub(super) fn present(&mut self, room: &RoomId, user: &UserId, name: &str, avatar: Option<&OwnedMxcUri>) {
        self.known.speakers.is_called(room, user, name);
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
            if !self.draft.portals.portal(&place).is_joined() {
                continue;
            }
            let place = Place { owner: place.owner, room: to.to_owned() };
            let portal = self.draft.portals.portal(&place);
            let server = event.sender.server_name().to_owned();
            if !portal.via.contains(&server) {
                portal.via.push(server);
            }
            portal.enter();
            self.signals.push(Signal::Chore(Chore::Portal(place)));
        }
    }
}
