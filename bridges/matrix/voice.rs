//! Who speaks for an account where: its own account of Matrix, where it has linked one, or its ghost. Wherever a conversation's voice
//! changes, a line says so.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use bridge::{Arrival, Batch, Failure, Host, HostFault, RemoteProfile, Write};
use domain::{Content, Passport, RemoteMessage, contact::RemoteTarget};
use ruma::{OwnedUserId, UserId};

use crate::{
    appservice::Appservice,
    chat::{Membership, Pair, profile},
    own::{OwnAccount, Voice, trouble::signed_out},
    portal::Place,
};

/// As whom an account spoke last in a conversation is kept under this, the account and the conversation, where it was not its ghost.
const VOICE: &str = "voice/";

/// With whom, or where, an account has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A person.
    Person(Pair),
    /// A room of several people.
    Room(Place),
}

/// Who speaks for an account in a conversation.
#[derive(Clone)]
pub(crate) enum Speaker {
    /// The account of Matrix that it has linked.
    Own(Arc<OwnAccount>),
    /// Its ghost.
    Ghost,
}

/// What can be done about an account of Matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linked {
    /// There is none.
    Not,
    /// It works.
    Working,
    /// It is about to work.
    Later,
    /// It has to be linked again.
    SignedOut,
}

/// What is known of a conversation.
#[allow(clippy::struct_excessive_bools, reason = "each is known by itself; what follows from them is in `choice`")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    /// What can be done about the account's own one.
    linked: Linked,
    /// Whether that is in the room, or in a direct chat with the person in which they still are.
    has_own: bool,
    /// Whether the ghost is in the room, or the person in its chat.
    has_ghost: bool,
    /// Whether the account spoke there last as itself.
    was_own: bool,
    /// Whether it is about a person.
    is_direct: bool,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Own,
    Ghost,
    /// It is not known yet.
    Wait,
    /// The own account would speak, and cannot.
    SignedOut,
}

impl Standing {
    /// In its own rooms the own account speaks, and in those of the ghost the ghost. Whom neither of them shares a chat with, the own
    /// account writes to.
    const fn choice(self) -> Choice {
        match self.linked {
            Linked::Working if self.has_own || (self.is_direct && !self.has_ghost) => Choice::Own,
            Linked::Not | Linked::Working => Choice::Ghost,
            // What is not its own does not wait for it: it may take long, or need somebody to mend it.
            Linked::Later if self.has_ghost && !self.has_own => Choice::Ghost,
            Linked::Later => Choice::Wait,
            // Nobody is to hear all at once from a ghost what they know from the person.
            Linked::SignedOut if self.has_ghost && !self.was_own => Choice::Ghost,
            Linked::SignedOut => Choice::SignedOut,
        }
    }
}

/// In which conversations accounts spoke last as themselves, and as whom.
pub(crate) struct Voices {
    own: Mutex<BTreeMap<String, OwnedUserId>>,
}

impl Voices {
    /// What is kept.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let kept = host.list(VOICE).await?.into_iter();
        let own = kept.filter_map(|(key, user)| Some((key, UserId::parse(user).ok()?))).collect();
        Ok(Self { own: Mutex::new(own) })
    }

    fn last(&self, key: &str) -> Option<OwnedUserId> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn set(&self, key: &str, user: Option<&UserId>) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        match user {
            Some(user) => own.insert(key.to_owned(), user.to_owned()),
            None => own.remove(key),
        };
    }

    /// Forgets everything of a removed account. Says what has to be committed for that.
    pub(crate) fn remove(&self, owner: &Passport) -> Vec<Write> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let prefix = format!("{VOICE}{owner} ");
        let theirs = own.extract_if(.., |key, _| key.starts_with(&prefix));
        theirs.map(|(key, _)| Write::Delete(key)).collect()
    }
}

fn key(owner: &Passport, place: &RemoteTarget) -> String {
    match place {
        RemoteTarget::Person(user) => format!("{VOICE}{owner} {user}"),
        RemoteTarget::Room(room) => format!("{VOICE}{owner} {room}"),
    }
}

impl Appservice {
    /// The account that somebody has linked, where it is not too early to say whether there is one; `None` where it is signed out.
    pub(crate) fn own_account(&self, owner: &Passport) -> Result<Option<Arc<OwnAccount>>, Failure> {
        match self.own.voice(owner) {
            Voice::Own(account) => Ok(Some(account)),
            Voice::Ghost | Voice::SignedOut => Ok(None),
            Voice::Later => Err(not_yet()),
        }
    }

    /// Who speaks for an account.
    pub(crate) fn speaker(&self, target: &Target) -> Result<Speaker, Failure> {
        let (owner, place, has_ghost) = match target {
            Target::Person(pair) => {
                let place = RemoteTarget::Person(domain::RemoteUser(pair.user.to_string()));
                (&pair.owner, place, self.chats.get(pair).is_reachable())
            }
            Target::Room(place) => {
                let portal = self.portals.get(place);
                // Group conversations of Messenger are made by ghosts, and only they know them.
                if !portal.is_listed() {
                    return Ok(Speaker::Ghost);
                }
                (&place.owner, portal.target(&place.room), portal.is_joined())
            }
        };
        let (account, linked) = match self.own.voice(owner) {
            // Whoever writes to themselves is written to by their ghost.
            Voice::Own(account) if matches!(target, Target::Person(pair) if pair.user == account.me) => {
                (None, Linked::Not)
            }
            Voice::Own(account) => (Some(account), Linked::Working),
            Voice::Ghost => (None, Linked::Not),
            Voice::Later => (None, Linked::Later),
            Voice::SignedOut => (None, Linked::SignedOut),
        };
        let standing = Standing {
            linked,
            has_own: match target {
                Target::Person(pair) => linked != Linked::Not && self.own.meets(pair),
                Target::Room(place) => self.own.hears_in(&place.owner, &place.room),
            },
            has_ghost,
            was_own: self.voices.last(&key(owner, &place)).is_some(),
            is_direct: matches!(target, Target::Person(_)),
        };
        match (standing.choice(), account) {
            (Choice::Own, Some(account)) => Ok(Speaker::Own(account)),
            (Choice::Own | Choice::Ghost, _) => Ok(Speaker::Ghost),
            (Choice::Wait, _) => Err(not_yet()),
            (Choice::SignedOut, _) => Err(signed_out()),
        }
    }

    /// Something was said: where it was said by another voice than what was said there before, a line tells. It may fail without
    /// anything being lost: then the next time tells.
    pub(crate) async fn show_voice(&self, owner: &Passport, place: &RemoteTarget, speaker: &Speaker) {
        let key = key(owner, place);
        let last = self.voices.last(&key);
        let (now, called) = match speaker {
            Speaker::Own(account) => (Some(&account.me), account.me.to_string()),
            Speaker::Ghost => (None, self.ghost(owner).map(|ghost| ghost.to_string()).unwrap_or_default()),
        };
        if last.as_ref() == now {
            return;
        }
        let sent = self.host.now();
        let line = Arrival::Message {
            owner: owner.clone(),
            place: place.clone(),
            author: self.teller_in(owner, place),
            id: RemoteMessage(format!("{key} {}", sent.0)),
            sent,
            content: Content::text(format!("(You speak here as {called}.)")),
            reply: None,
            addressed: true,
        };
        let write = now.map_or_else(|| Write::Delete(key.clone()), |user| Write::Put(key.clone(), user.to_string()));
        match self.host.accept(Batch { arrivals: vec![line], writes: vec![write] }).await {
            Ok(_) => self.voices.set(&key, now.map(|user| &**user)),
            Err(fault) => tracing::info!(%owner, %fault, "it is shown later as whom an account speaks"),
        }
    }

    /// In whose name a line of our own stands: in a chat with one person nobody else has a place.
    fn teller_in(&self, owner: &Passport, place: &RemoteTarget) -> RemoteProfile {
        let names = &self.configuration.names;
        let person = match place {
            RemoteTarget::Person(user) => names.person(user),
            RemoteTarget::Room(_) => None,
        };
        match person {
            Some(user) => {
                let pair = Pair { owner: owner.clone(), user };
                profile(&pair.user, &self.chats.get(&pair).name)
            }
            None => names.profile(names.bot(), "Chrysalis"),
        }
    }

    /// Where the ghost of an account is heard, if it is: the room in which it speaks to a person who is there, or the room itself.
    pub(crate) fn ghosts_room(&self, target: &Target) -> Option<ruma::OwnedRoomId> {
        match target {
            Target::Person(pair) => {
                let chat = self.chats.get(pair);
                chat.current().filter(|shared| shared.person == Membership::Joined).map(|shared| shared.room.clone())
            }
            Target::Room(place) => self.portals.get(place).is_joined().then(|| place.room.clone()),
        }
    }
}

fn not_yet() -> Failure {
    Failure::retry("your Matrix account is being signed in")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOWHERE: Standing =
        Standing { linked: Linked::Working, has_own: false, has_ghost: false, was_own: false, is_direct: true };

    #[test]
    fn whoever_has_no_account_of_their_own_speaks_as_a_ghost() {
        assert_eq!(Standing { linked: Linked::Not, ..NOWHERE }.choice(), Choice::Ghost);
        assert_eq!(Standing { linked: Linked::Not, was_own: true, ..NOWHERE }.choice(), Choice::Ghost);
    }

    #[test]
    fn each_speaks_where_it_is_and_the_own_account_to_strangers() {
        let with = |has_own, has_ghost| Standing { has_own, has_ghost, ..NOWHERE };
        assert_eq!(with(true, false).choice(), Choice::Own);
        assert_eq!(with(true, true).choice(), Choice::Own);
        assert_eq!(with(false, true).choice(), Choice::Ghost);
        assert_eq!(with(false, false).choice(), Choice::Own);
        let room = |has_own, has_ghost| Standing { is_direct: false, ..with(has_own, has_ghost) };
        assert_eq!(room(true, true).choice(), Choice::Own);
        assert_eq!(room(false, true).choice(), Choice::Ghost);
        assert_eq!(room(false, false).choice(), Choice::Ghost, "it says that it is not in the room");
    }

    #[test]
    fn what_is_not_the_accounts_own_does_not_wait_for_it() {
        let later = |has_own, has_ghost| Standing { linked: Linked::Later, has_own, has_ghost, ..NOWHERE }.choice();
        assert_eq!((later(false, true), later(true, true)), (Choice::Ghost, Choice::Wait));
        assert_eq!((later(true, false), later(false, false)), (Choice::Wait, Choice::Wait), "it may have a chat there");
    }

    #[test]
    fn a_ghost_does_not_go_on_for_somebody_who_was_signed_out() {
        let standing = Standing { linked: Linked::SignedOut, has_ghost: true, ..NOWHERE };
        assert_eq!(standing.choice(), Choice::Ghost, "it was the ghost who spoke there");
        assert_eq!(Standing { was_own: true, ..standing }.choice(), Choice::SignedOut);
        assert_eq!(Standing { has_ghost: false, ..standing }.choice(), Choice::SignedOut, "no new chat is begun");
    }

    fn standings() -> impl Strategy<Value = Standing> {
        let linked = prop::sample::select(vec![Linked::Not, Linked::Working, Linked::Later, Linked::SignedOut]);
        (linked, any::<[bool; 4]>()).prop_map(|(linked, [has_own, has_ghost, was_own, is_direct])| Standing {
            linked,
            has_own,
            has_ghost,
            was_own,
            is_direct,
        })
    }

    proptest! {
        #[test]
        fn only_an_account_that_works_speaks_and_nothing_overrules_its_own_rooms(standing in standings()) {
            let choice = standing.choice();
            prop_assert!(choice != Choice::Own || standing.linked == Linked::Working);
            if standing.linked == Linked::Working && standing.has_own {
                prop_assert_eq!(choice, Choice::Own);
            }
            // Which of two conversations is written to does not hang on where was spoken last, as long as the account works.
            if matches!(standing.linked, Linked::Not | Linked::Working) {
                prop_assert_eq!(Standing { was_own: !standing.was_own, ..standing }.choice(), choice);
            }
        }
    }
}
