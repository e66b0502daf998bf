//! One sync of a linked account on its way in: what it brought, put into what arrives, what is remembered and what is signalled.
//! Nothing is looked up or done here.

use std::collections::BTreeSet;

use bridge::{Arrival, RemoteProfile};
use domain::{Passport, RemoteRoom, RemoteUser, Timestamp, presence::RemotePresence};
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};

use super::{
    piece::{Listener, Piece},
    unread::MOST_UNREAD,
};
use crate::{
    arrival::{Fetched, Heard, Seat, wanted},
    chat::{Membership, Pair, profile},
    configuration::ListedRooms,
    event::{Event, Invitation, What},
    intake::{Signal, Typists},
    names::Names,
    own::{
        lists::{self, Candidate, GROUP},
        rooms::{Draft, Facts, Kind, Moved, OwnRoom, Stage},
    },
    portal::Change,
    speakers::Speakers,
    timeline::{Pushed, Timeline},
    transaction::Happening,
};

/// How many people of direct chats that were there before the linking come onto the list at once; others come when they say something.
const MOST_PEOPLE: usize = 300;
/// How many invitations that were there before the linking are asked about: each is a question on the screen.
const MOST_ASKED: usize = 10;

/// What a sync brought of a room that the account is in.
#[derive(Debug, Clone, Default)]
pub(super) struct News {
    /// What is known of the room.
    pub(super) facts: Facts,
    /// What happened, oldest first.
    pub(super) pieces: Vec<Piece>,
    /// Whether more has happened before that.
    pub(super) limited: bool,
    /// What the room shows of itself and of its people, besides.
    pub(super) state: Vec<Event>,
    /// What passes: who types, and who has read.
    pub(super) passing: Vec<Happening>,
    /// How far the account's ghost has got there, if it is in the room.
    pub(super) ghost: Option<Timeline>,
}

/// An invitation.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Where.
    pub(super) room: OwnedRoomId,
    /// By whom.
    pub(super) by: OwnedUserId,
    /// As what.
    pub(super) invitation: Invitation,
    /// Whether it says itself that it is into a direct chat.
    pub(super) says_direct: bool,
}

/// What is known beforehand.
pub(super) struct Known<'a> {
    /// Whose account it is.
    pub(super) owner: &'a Passport,
    /// Who listens.
    pub(super) listener: Listener<'a>,
    /// Who is who.
    pub(super) names: &'a Names,
    /// Which rooms come onto the list.
    pub(super) policy: ListedRooms,
    /// How many.
    pub(super) most_rooms: usize,
    /// What the account is called.
    pub(super) called: &'a str,
    /// The rooms of several people that its ghost is in.
    pub(super) ghosts: &'a BTreeSet<OwnedRoomId>,
    /// Whether its ghost meets somebody in a chat of two.
    pub(super) is_met_by_ghost: &'a (dyn Fn(&UserId) -> bool + Send + Sync),
    /// Whether no sync was taken before: what it brings was there before the account was linked.
    pub(super) is_first: bool,
    /// Who spoke where.
    pub(super) speakers: &'a mut Speakers,
    /// Who types where.
    pub(super) typing: &'a mut Typists,
}

/// One sync on its way in.
pub(super) struct Intake<'rooms, 'known> {
    known: Known<'known>,
    /// What changes.
    pub(super) draft: Draft<'rooms>,
    /// What arrives.
    pub(super) arrivals: Vec<Arrival>,
    /// What follows.
    pub(super) signals: Vec<Signal>,
    /// How many invitations are not asked about.
    pub(super) unasked: usize,
    asked: usize,
    people: usize,
}

/// What a room was before a sync.
struct Before {
    /// Whether the account was not in it.
    is_new: bool,
    /// Whether it was heard, be it as something else.
    was_heard: bool,
}

impl<'rooms, 'known> Intake<'rooms, 'known> {
    /// Begins to take a sync in.
    pub(super) const fn new(draft: Draft<'rooms>, known: Known<'known>) -> Self {
        Self { known, draft, arrivals: Vec::new(), signals: Vec::new(), unasked: 0, asked: 0, people: 0 }
    }

    /// The rooms that the account is in, with what happened there.
    pub(super) fn joined(&mut self, news: &[(OwnedRoomId, News)]) {
        let mut settled = Vec::new();
        for (room, news) in news {
            settled.extend(self.settle(room, news).map(|before| (room, news, before)));
        }
        let chosen = self.choose(settled.iter().map(|(room, news, _)| (*room, *news)));
        for (room, news, before) in settled {
            self.tell(room, news, &before, chosen.contains(room));
        }
    }

    /// Notes where the account stands with a room, and what that is to it; `None` where it is left to other clients.
    fn settle(&mut self, room: &RoomId, news: &News) -> Option<Before> {
        let Some(kind) = news.facts.kind(self.known.names) else {
            self.lost(room);
            return None;
        };
        let was = self.draft.get(room);
        let is_new = was.as_ref().is_none_or(|was| was.stage == Stage::Invited);
        if is_new {
            self.draft.forget(room);
        }
        // Where a room goes on elsewhere, that one is wanted before it is come to.
        let chosen = was.and_then(|was| was.chosen);
        let kept = self.draft.room(room, || OwnRoom { chosen, ..OwnRoom::joined(kind.clone()) });
        kept.muted = news.facts.muted;
        let is_other = kept.kind.person() != kind.person();
        let (was_listed, was_heard) = (kept.listed, kept.is_heard());
        let (mut parted, mut lost) = (None, None);
        match (&kept.kind, &kind) {
            (Kind::Direct { person: before, .. }, Kind::Direct { user, person: Membership::Left })
                if was_listed && *before != Membership::Left =>
            {
                parted = Some(user.clone());
            }
            (Kind::Room, Kind::Direct { .. }) if was_listed => {
                lost = Some(Arrival::RoomLost { owner: self.known.owner.clone(), room: RemoteRoom(room.to_string()) });
            }
            (Kind::Direct { .. } | Kind::Room, Kind::Direct { .. } | Kind::Room) => {}
        }
        kept.kind = kind;
        if is_other {
            kept.listed = false;
            kept.name.clear();
        }
        if is_new && news.ghost.is_some() {
            // It is on the list already, and its user has never muted it there.
            kept.chosen = Some(true);
        }
        self.arrivals.extend(lost);
        if let Some(user) = parted {
            self.parted(&user);
        }
        Some(Before { is_new, was_heard })
    }

    /// Of these rooms, those that come onto the list.
    fn choose<'news>(&self, rooms: impl Iterator<Item = (&'news OwnedRoomId, &'news News)>) -> BTreeSet<OwnedRoomId> {
        let (mut sure, mut candidates) = (BTreeSet::new(), Vec::new());
        for (room, news) in rooms {
            let Some(kept) = self.draft.get(room).filter(|kept| !kept.listed && kept.kind == Kind::Room) else {
                continue;
            };
            if news.ghost.is_some() {
                sure.insert(room.clone());
            } else if lists::belongs(self.known.policy, &kept, &news.facts) {
                let at = news.pieces.iter().map(|piece| piece.event.sent).max().unwrap_or(Timestamp(0));
                candidates.push(Candidate { room: room.clone(), favourite: news.facts.favourite, at });
            }
        }
        let space = self.known.most_rooms.saturating_sub(self.draft.listed() + sure.len());
        sure.extend(lists::select(candidates, space));
        sure
    }

    /// Tells what a room brought, and puts it on the list if it belongs there.
    fn tell(&mut self, room: &RoomId, news: &News, before: &Before, is_chosen: bool) {
        let Some(mut kept) = self.draft.get(room) else { return };
        let was_listed = kept.listed;
        let seat = self.seat(room, &kept);
        let says_something = news.pieces.iter().any(|piece| self.known.listener.is_line(&seat, piece));
        kept.listed |= match &kept.kind {
            Kind::Direct { person: Membership::Left, .. } => false,
            Kind::Direct { .. } if self.known.is_first => {
                self.people += 1;
                self.people <= MOST_PEOPLE || says_something
            }
            Kind::Direct { .. } => before.is_new || before.was_heard || says_something,
            Kind::Room => is_chosen,
        };
        if kept.listed && !was_listed {
            self.comes_onto_list(room, &mut kept, news);
            self.begins(&mut kept, news, before);
        }
        self.show(room, &mut kept, news, was_listed);
        if was_listed {
            kept.moved = moved(news).or(kept.moved);
        }
        let seat = self.seat(room, &kept);
        // What came with a room that has yet to be read is read with it.
        if was_listed && self.known.is_first {
            kept.unread = Some(news.facts.unread.min(MOST_UNREAD));
        }
        if kept.listed && !before.is_new && !self.known.is_first {
            if news.limited {
                kept.timeline.falls_behind();
            }
            self.hear(&seat, &mut kept, &news.pieces);
        }
        self.pass(&seat, &kept, &news.passing);
        if let Some(known) = self.draft.known(room) {
            *known = kept;
        }
    }

    fn comes_onto_list(&mut self, room: &RoomId, kept: &mut OwnRoom, news: &News) {
        let (owner, group) = (self.known.owner.clone(), Some(GROUP.to_owned()));
        match (&kept.kind, &news.facts.direct) {
            (Kind::Direct { user, .. }, Some(person)) => {
                kept.name.clone_from(&person.name);
                self.arrivals.push(Arrival::Friend { owner, who: profile(user, &kept.name), group });
                self.signals.push(Signal::Picture(kept.target(room), person.avatar.clone()));
            }
            (Kind::Direct { user, .. }, None) => {
                self.arrivals.push(Arrival::Friend { owner, who: profile(user, &kept.name), group });
            }
            (Kind::Room, _) => {
                self.arrivals.push(Arrival::Room { owner, room: news.facts.profile.of_room(room), group });
                self.signals.push(Signal::Picture(kept.target(room), news.facts.profile.avatar.clone()));
            }
        }
    }

    /// From where on a room is told that has just come onto the list.
    fn begins(&self, kept: &mut OwnRoom, news: &News, before: &Before) {
        if before.was_heard {
            return;
        }
        let was_there = self.known.is_first;
        match (&news.ghost, before.is_new) {
            (Some(timeline), true) => {
                kept.timeline = timeline.clone();
                kept.timeline.falls_behind();
            }
            (None, true) if was_there && news.facts.unread == 0 && !news.pieces.is_empty() => {
                kept.timeline = Timeline::default();
                let read: Vec<_> = news.pieces.iter().map(|piece| (piece.event.id.clone(), piece.event.sent)).collect();
                kept.timeline.has_read(&read);
                kept.timeline.is_caught_up(0);
            }
            (None, true) if was_there => {
                kept.timeline = Timeline::unread();
                kept.unread = Some(news.facts.unread.min(MOST_UNREAD));
            }
            // Everything since the account was asked in.
            (None, true) => kept.timeline = Timeline::unread(),
            // Nothing of what happened while it was not on the list.
            (Some(_) | None, false) => {
                kept.timeline = Timeline::unread();
                kept.unread = Some(0);
            }
        }
    }

    /// What a room or its person shows of itself, where it is something else now.
    fn show(&mut self, room: &RoomId, kept: &mut OwnRoom, news: &News, was_listed: bool) {
        let events = || news.state.iter().chain(news.pieces.iter().map(|piece| &piece.event));
        for event in events() {
            if let What::Present { user, name, .. } = &event.what {
                self.known.speakers.is_called(room, user, name);
            }
        }
        if !was_listed {
            return;
        }
        match (&kept.kind, &news.facts.direct) {
            (Kind::Direct { user, .. }, Some(person)) => {
                if person.name != kept.name {
                    kept.name.clone_from(&person.name);
                    self.signals.push(Signal::Profile(profile(user, &kept.name)));
                }
                let shows = |event: &Event| matches!(&event.what, What::Present { user: of, .. } if of == user);
                if events().any(shows) {
                    self.signals.push(Signal::Picture(kept.target(room), person.avatar.clone()));
                }
            }
            (Kind::Direct { .. }, None) => {}
            (Kind::Room, _) => {
                let shown = &news.facts.profile;
                let is_renamed = |event: &Event| {
                    matches!(event.what, What::Changed(Change::Name(_) | Change::Alias(_) | Change::Topic(_)))
                };
                let has_others = |event: &Event| matches!(event.what, What::Present { .. } | What::Gone { .. });
                if events().any(is_renamed) || (shown.is_nameless() && events().any(has_others)) {
                    self.signals.push(Signal::Room(shown.of_room(room)));
                }
                if events().any(|event| matches!(event.what, What::Changed(Change::Avatar(_)))) {
                    self.signals.push(Signal::Picture(kept.target(room), shown.avatar.clone()));
                }
            }
        }
    }

    /// Takes what happened as it comes, or notes it, where something has to be read, decrypted or fetched first.
    fn hear(&mut self, seat: &Seat, kept: &mut OwnRoom, pieces: &[Piece]) {
        let mut read: Vec<(OwnedEventId, Timestamp)> = Vec::new();
        for piece in pieces {
            let event = &piece.event;
            if kept.timeline.is_known(&event.id) {
                continue;
            }
            if event.sender == self.known.listener.me && matches!(event.what, What::Said(_)) {
                self.known.speakers.ours(&event.room, &event.id, &event.sender);
            }
            if let Some(pair) = seat.pair().filter(|_| seat.is_with(&event.sender)) {
                self.signals.push(Signal::Active(pair));
            }
            let is_silent = kept.is_silent();
            match self.known.listener.hears(seat, piece) {
                Heard::Line(said) if !is_silent => {
                    let author = author(seat, event, self.known.names, self.known.speakers);
                    let author = author.filter(|_| wanted(&said).is_empty());
                    if kept.timeline.hears(&event.id, author.is_none(), 0) == Pushed::Taken
                        && let Some(author) = author
                    {
                        let addressed = seat.is_addressed(event, &said, self.known.speakers);
                        self.arrivals.extend(seat.arrivals(&author, event, &said, addressed, &Fetched::new()));
                        read.push((event.id.clone(), event.sent));
                    }
                }
                Heard::Sealed if !is_silent => {
                    kept.timeline.hears(&event.id, true, 0);
                }
                Heard::Line(_) | Heard::Sealed | Heard::Unwanted | Heard::Nothing => {
                    if !kept.timeline.is_behind() {
                        read.push((event.id.clone(), event.sent));
                    }
                }
            }
        }
        kept.timeline.has_read(&read);
    }

    /// Signals who types, and who is there since they have read.
    fn pass(&mut self, seat: &Seat, kept: &OwnRoom, passing: &[Happening]) {
        if !kept.is_heard() {
            return;
        }
        let pair = |user: &OwnedUserId| seat.pair().filter(|_| seat.is_with(user));
        for happening in passing {
            match happening {
                Happening::Typing { room, users } => {
                    let before = self.known.typing.remove(room).unwrap_or_default();
                    let others = |user: &&OwnedUserId| **user != *self.known.listener.me;
                    for user in users.union(&before).filter(others) {
                        if seat.pair().is_some() && !seat.is_with(user) {
                            continue;
                        }
                        self.signals.extend(pair(user).map(Signal::Active));
                        self.signals.push(Signal::Typing {
                            owner: seat.owner.clone(),
                            place: seat.target(),
                            user: user.clone(),
                            typing: users.contains(user),
                        });
                    }
                    if !users.is_empty() {
                        self.known.typing.insert(room.clone(), users.clone());
                    }
                }
                Happening::Read { users, .. } => {
                    self.signals.extend(users.iter().filter_map(pair).map(Signal::Active));
                }
                Happening::Event(_) | Happening::Seen { .. } => {}
            }
        }
    }

    /// Somebody asks the account in.
    pub(super) fn asked(&mut self, asked: Asked) {
        let Asked { room, by, invitation, says_direct } = asked;
        let is_known = self.draft.get(&room).is_some_and(|kept| kept.stage == Stage::Invited);
        if is_known || (invitation.is_direct && self.known.names.is_ours(&by)) {
            return;
        }
        if self.draft.get(&room).is_some() {
            self.lost(&room);
        }
        let kind = if invitation.is_direct {
            Kind::Direct { user: by.clone(), person: Membership::Joined }
        } else {
            Kind::Room
        };
        let (owner, from) = (self.known.owner.clone(), self.known.names.profile(&by, &invitation.by));
        self.draft.forget(&room);
        self.draft.room(&room, || OwnRoom { is_presumed: !says_direct, ..OwnRoom::invited(kind) });
        self.asked += 1;
        if self.known.is_first && self.asked > MOST_ASKED {
            self.unasked += 1;
            return;
        }
        self.arrivals.push(if invitation.is_direct {
            Arrival::Invitation { owner, from }
        } else {
            Arrival::RoomInvitation { owner, room: invitation.profile.of_room(&room), from }
        });
    }

    /// The account is out of a room, in which this was said before it was.
    pub(super) fn left(&mut self, room: &RoomId, pieces: &[Piece]) {
        let heard = self.draft.get(room).filter(|kept| kept.is_heard() && !kept.timeline.is_behind());
        if let Some(mut kept) = heard {
            let seat = self.seat(room, &kept);
            self.hear(&seat, &mut kept, pieces);
        }
        self.lost(room);
    }

    /// The account is not in a room any more, nor asked in, or has nothing to do with it here.
    pub(super) fn lost(&mut self, room: &RoomId) {
        let Some(kept) = self.draft.get(room) else { return };
        self.draft.forget(room);
        let was_shown = kept.listed || kept.stage == Stage::Invited;
        match kept.kind {
            Kind::Direct { user, .. } if was_shown => self.parted(&user),
            // By its ghost the account is in it still.
            Kind::Room if was_shown && !self.known.ghosts.contains(room) => {
                let (owner, room) = (self.known.owner.clone(), RemoteRoom(room.to_string()));
                self.arrivals.push(Arrival::RoomLost { owner, room });
            }
            Kind::Direct { .. } | Kind::Room => {}
        }
    }

    /// A chat with somebody is over, or they do not ask for one any more: told where there is none besides.
    fn parted(&mut self, user: &UserId) {
        if self.draft.has_chat_with(user) || (self.known.is_met_by_ghost)(user) {
            return;
        }
        let (owner, user) = (self.known.owner.clone(), user.to_owned());
        self.arrivals.push(Arrival::Withdrawal { owner: owner.clone(), from: RemoteUser(user.to_string()) });
        self.signals.push(Signal::Presence(Pair { owner, user }, RemotePresence::UNKNOWN));
    }

    /// What somebody shows of being there.
    pub(super) fn seen(&mut self, happening: Happening) {
        if let Happening::Seen { user, presence } = happening
            && self.draft.has_chat_with(&user)
        {
            self.signals.push(Signal::Presence(Pair { owner: self.known.owner.clone(), user }, presence));
        }
    }

    fn seat(&self, room: &RoomId, kept: &OwnRoom) -> Seat {
        kept.seat(self.known.owner, self.known.listener.me, room, self.known.called)
    }
}

/// Where a room says that it goes on.
fn moved(news: &News) -> Option<Moved> {
    let mut events = news.state.iter().chain(news.pieces.iter().map(|piece| &piece.event));
    events.find_map(|event| {
        let What::Moved { to } = &event.what else { return None };
        Some(Moved { to: to.clone(), by: event.sender.clone() })
    })
}

/// Whoever says something; `None` when their name has to be looked up.
pub(super) fn author(seat: &Seat, event: &Event, names: &Names, speakers: &mut Speakers) -> Option<RemoteProfile> {
    // What the account says elsewhere is its own; in a chat of two it is put into words.
    if event.sender == seat.ghost && seat.pair().is_none() {
        return Some(profile(&event.sender, "you"));
    }
    seat.author(event, names, speakers)
}
