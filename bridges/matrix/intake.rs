//! One transaction on its way in: what happened, put into what arrives, what is remembered and what is signalled. Nothing is
//! looked up or done here: whoever has much to tell, in a room of thousands, costs no more than what they say.

mod members;

use std::collections::{BTreeSet, HashMap, HashSet};

use bridge::{Arrival, RemoteProfile, RoomProfile};
use domain::{Passport, RemoteRoom, RemoteUser, Timestamp, contact::RemoteTarget, presence::RemotePresence};
use ruma::{OwnedEventId, OwnedMxcUri, OwnedRoomId, OwnedUserId, RoomId, UserId};

use crate::{
    arrival::{Fetched, Heard, Rules, wanted},
    chat::Pair,
    chats::Chats,
    chores::Chore,
    event::{Event, What},
    invitations::Invitations,
    message::Said,
    places::{Called, Draft},
    portal::{Change, Place},
    speakers::Speakers,
    timeline::Pushed,
    transaction::Happening,
};

/// What follows once a transaction is committed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A person shows this to an account.
    Presence(Pair, RemotePresence),
    /// Somebody types to an account, or has stopped.
    Typing {
        /// To whom.
        owner: Passport,
        /// Where.
        place: RemoteTarget,
        /// Who.
        user: OwnedUserId,
        /// Whether they do.
        typing: bool,
    },
    /// A person shows another name.
    Profile(RemoteProfile),
    /// A room shows something else of itself.
    Room(RoomProfile),
    /// A person or a room shows this picture.
    Picture(RemoteTarget, Option<OwnedMxcUri>),
    /// A person was active.
    Active(Pair),
    /// The account's ghost is in a room more.
    Entered(Passport),
    /// This has to be done.
    Chore(Chore),
    /// The bot was asked in, by somebody.
    BotInvited(OwnedRoomId, OwnedUserId),
    /// The bot, or somebody, is not in a room any more.
    BotLeft(OwnedRoomId),
    /// Somebody speaks to the bot.
    BotHears(OwnedRoomId, OwnedUserId, OwnedEventId, String),
    /// Somebody may speak to the bot, as will be seen once this is decrypted, if it ever is.
    BotWaits(Box<Event>),
    /// An invitation was declined, since this person has made as many as they may for now.
    InvitesTooOften(OwnedUserId),
    /// A message was not taken: its sender may not write to accounts of this server.
    Refused(OwnedRoomId, OwnedEventId),
    /// Of a message only that it was said was taken: it cannot be decrypted.
    Unread(OwnedRoomId, OwnedEventId),
}

/// A message of a direct chat that is about to be committed: its sender may be told what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// For whom.
    pub(crate) owner: Passport,
    /// Where.
    pub(crate) room: OwnedRoomId,
    /// Which.
    pub(crate) event: OwnedEventId,
}

/// Who types where.
pub(crate) type Typists = HashMap<OwnedRoomId, BTreeSet<OwnedUserId>>;

/// What is known beforehand, and remembered from one transaction to the next.
pub(crate) struct Known<'a> {
    /// Whom and what is let in.
    pub(crate) rules: Rules<'a>,
    /// What the accounts are called.
    pub(crate) called: &'a Called,
    /// Of the accounts that are asked somewhere, those that do not exist.
    pub(crate) strangers: &'a HashSet<Passport>,
    /// The chats.
    pub(crate) chats: &'a Chats,
    /// How often somebody invited.
    pub(crate) invitations: &'a mut Invitations,
    /// Who types where.
    pub(crate) typing: &'a mut Typists,
    /// Who spoke where.
    pub(crate) speakers: &'a mut Speakers,
    /// How often the homeserver has been away.
    pub(crate) outages: u64,
    /// The moment.
    pub(crate) now: Timestamp,
}

/// One transaction on its way in.
pub(crate) struct Intake<'places, 'known> {
    known: Known<'known>,
    /// What changes.
    pub(crate) draft: Draft<'places>,
    /// What arrives.
    pub(crate) arrivals: Vec<Arrival>,
    /// The messages among it whose senders may be told.
    pub(crate) taken: Vec<Taken>,
    /// What follows.
    pub(crate) signals: Vec<Signal>,
}

impl<'places, 'known> Intake<'places, 'known> {
    /// Begins to take a transaction in.
    pub(crate) const fn new(draft: Draft<'places>, known: Known<'known>) -> Self {
        Self { known, draft, arrivals: Vec::new(), taken: Vec::new(), signals: Vec::new() }
    }

    /// Takes in what happened.
    pub(crate) fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Event(event) => self.event(&event),
            Happening::Typing { room, users } => self.types(room, users),
            Happening::Read { room, users } => users.iter().for_each(|user| self.is_active(&room, user)),
            Happening::Seen { user, presence } => {
                for pair in self.known.chats.with(&user) {
                    if self.draft.chats.chat(&pair).is_reachable() {
                        self.signals.push(Signal::Presence(pair, presence.clone()));
                    }
                }
            }
        }
    }

    fn event(&mut self, event: &Event) {
        let room = &event.room;
        match &event.what {
            What::Said(said) => self.note_speaker(event, said),
            What::Sealed(_) | What::Unread(_) => self.note_sealed(event),
            What::Invited { owner, invitation } => self.invited(event, owner, invitation),
            What::Removed { owner } => self.removed(event, owner),
            What::Made { owner, user, asked } => self.made(room, owner, user, *asked),
            What::BotInvited { encrypted } => self.bot_invited(event, *encrypted),
            What::BotRemoved => self.signals.push(Signal::BotLeft(room.clone())),
            What::Present { user, name, avatar, came } => {
                self.present(room, user, name, avatar.as_ref());
                if *came {
                    self.rename(room);
                }
            }
            What::Gone { user, .. } => {
                self.signals.push(Signal::BotLeft(room.clone()));
                self.gone(room, user);
                self.rename(room);
            }
            What::Changed(change) => self.changed(room, change),
            What::Moved { to } => self.moved(event, to),
            What::Encrypted => self.encrypted(room),
            What::Audience | What::Nothing => {}
        }
        self.hear(event);
    }

    /// Lets every account whose ghost is in the room hear an event. The first words of a room may overtake our own knowledge of
    /// having come: then nobody hears them yet, and they are read.
    fn hear(&mut self, event: &Event) {
        let seats = self.draft.seats(&event.room, self.known.rules.names, self.known.called);
        for seat in seats {
            let heard = self.known.rules.hear(&seat, event);
            let Some(timeline) = self.draft.timeline(&seat, &event.room) else { continue };
            let said = match heard {
                Heard::Line(said) => Some(said),
                Heard::Sealed => None,
                Heard::Nothing => continue,
                Heard::Unwanted => {
                    self.signals.push(Signal::Refused(event.room.clone(), event.id.clone()));
                    continue;
                }
            };
            let author = seat.author(event, self.known.rules.names, self.known.speakers);
            // What has to be decrypted, fetched or looked up first waits, and so does everything after it.
            let ready = said.filter(|said| wanted(said).is_empty()).zip(author);
            let was_behind = timeline.is_behind();
            let pushed = timeline.hears(&event.id, ready.is_none(), self.known.outages);
            // Said again, in case that the room could not be compared.
            let is_long = pushed == Pushed::Taken && timeline.is_long();
            let place = Place { owner: seat.owner.clone(), room: event.room.clone() };
            if let Some(pair) = seat.pair().filter(|_| seat.is_with(&event.sender)) {
                self.signals.push(Signal::Active(pair));
            }
            match (pushed, ready) {
                (Pushed::Taken, Some((said, author))) => {
                    let addressed = seat.is_addressed(event, &said, self.known.speakers);
                    self.arrivals.extend(seat.arrivals(&author, event, &said, addressed, &Fetched::new()));
                    if seat.is_with(&event.sender) && matches!(event.what, What::Unread(_)) {
                        self.signals.push(Signal::Unread(event.room.clone(), event.id.clone()));
                    } else if seat.is_with(&event.sender) {
                        let (room, event) = (event.room.clone(), event.id.clone());
                        self.taken.push(Taken { owner: seat.owner.clone(), room, event });
                    }
                }
                // Once it is behind, the chore is there until it is not.
                (Pushed::Noted | Pushed::Taken, _) if !was_behind => {
                    self.signals.push(Signal::Chore(Chore::Read(place.clone())));
                }
                (Pushed::Noted | Pushed::Taken | Pushed::Known, _) => {}
            }
            if is_long {
                self.signals.push(Signal::Chore(Chore::Compare(place)));
            }
        }
    }

    /// Notes what a ghost of ours says, and passes on what is for the bot.
    fn note_speaker(&mut self, event: &Event, said: &Said) {
        let is_message = matches!(said, Said::Message { .. });
        if is_message && self.known.rules.names.account(&event.sender).is_some() {
            self.known.speakers.ours(&event.room, &event.id, &event.sender);
        }
        if let Some(words) = event.words().filter(|words| self.known.rules.is_for_bot(event, words)) {
            let (room, by, id) = (event.room.clone(), event.sender.clone(), event.id.clone());
            self.signals.push(Signal::BotHears(room, by, id, words.to_owned()));
        }
    }

    /// The bot is asked in: where the room is encrypted it has a device first, as a ghost has.
    fn bot_invited(&mut self, event: &Event, encrypted: bool) {
        if encrypted {
            let bot = self.known.rules.names.bot().to_owned();
            self.signals.push(Signal::Chore(Chore::Prepare(bot)));
        }
        self.signals.push(Signal::BotInvited(event.room.clone(), event.sender.clone()));
    }

    /// Notes what cannot be read, for now or for good. Whatever a ghost of ours says encrypted is a message; what others say may be
    /// for the bot.
    fn note_sealed(&mut self, event: &Event) {
        if self.known.rules.names.account(&event.sender).is_some() {
            self.known.speakers.ours(&event.room, &event.id, &event.sender);
        } else if self.known.rules.may_be_for_bot(event) {
            self.signals.push(Signal::BotWaits(Box::new(event.clone())));
        }
    }

    /// A room is encrypted from now on: everybody of ours in it needs a device, before anything is said there.
    fn encrypted(&mut self, room: &RoomId) {
        let seats = self.draft.seats(room, self.known.rules.names, self.known.called);
        self.signals.extend(seats.into_iter().map(|seat| Signal::Chore(Chore::Prepare(seat.ghost))));
    }

    fn types(&mut self, room: OwnedRoomId, now: BTreeSet<OwnedUserId>) {
        let before = self.known.typing.remove(&room).unwrap_or_default();
        let mut joined = Vec::new();
        for place in self.draft.portals.in_room(&room) {
            let portal = self.draft.portals.portal(&place);
            if portal.is_joined() {
                joined.push((place.owner, portal.target(&room)));
            }
        }
        for user in now.union(&before) {
            let typing = now.contains(user);
            self.is_active(&room, user);
            let pairs =
                self.pairs(&room, user).into_iter().map(|pair| (pair.owner, RemoteTarget::Person(remote(user))));
            let signals = pairs.chain(joined.iter().cloned());
            self.signals.extend(signals.map(|(owner, place)| Signal::Typing {
                owner,
                place,
                user: user.clone(),
                typing,
            }));
        }
        if !now.is_empty() {
            self.known.typing.insert(room, now);
        }
    }

    fn is_active(&mut self, room: &RoomId, user: &UserId) {
        let pairs = self.pairs(room, user);
        self.signals.extend(pairs.into_iter().map(Signal::Active));
    }

    fn changed(&mut self, room: &RoomId, change: &Change) {
        for place in self.draft.portals.in_room(room) {
            let portal = self.draft.portals.portal(&place);
            if !portal.is_joined() || !portal.profile.apply(change.clone()) || !portal.is_listed() {
                continue;
            }
            let shown = match change {
                Change::Avatar(avatar) => {
                    Signal::Picture(RemoteTarget::Room(RemoteRoom(room.to_string())), avatar.clone())
                }
                Change::Name(_) | Change::Alias(_) | Change::Topic(_) => Signal::Room(portal.profile.of_room(room)),
            };
            self.signal_once(shown);
        }
        self.rename(room);
    }

    /// A room without a name is named after its members: they may be others now.
    fn rename(&mut self, room: &RoomId) {
        for place in self.draft.portals.in_room(room) {
            let portal = self.draft.portals.portal(&place);
            if portal.is_joined() && portal.profile.is_nameless() {
                self.signals.push(Signal::Chore(Chore::Portal(place)));
            }
        }
    }

    /// What is the same for all accounts is signalled once.
    fn signal_once(&mut self, signal: Signal) {
        if !self.signals.contains(&signal) {
            self.signals.push(signal);
        }
    }

    /// The pairs that share this room and have this person.
    fn pairs(&self, room: &RoomId, user: &UserId) -> Vec<Pair> {
        let mut pairs = self.draft.chats.in_room(room);
        pairs.retain(|pair| pair.user == user);
        pairs
    }
}

fn remote(user: &UserId) -> RemoteUser {
    RemoteUser(user.to_string())
}

#[cfg(test)]
mod tests;
