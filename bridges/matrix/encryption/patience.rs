//! How long a key is waited for. Pure, but for the bell.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::{sync::Notify, time::Instant};

use super::machine::KeyIds;

/// How long it is waited for at least: it comes before the event, or with the first fetching, unless a homeserver on the way is slow.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long it is waited for at most, where it cannot be looked for: a room is not held up for ever by a store that is broken.
const LONGEST: Duration = Duration::from_mins(10);
/// After which time the waiting for the same key may begin anew.
const FORGOTTEN: Duration = Duration::from_mins(20);
/// How many keys are waited for at once.
const MOST: usize = 4096;

/// The keys that are waited for.
#[derive(Default)]
pub(super) struct Patience {
    state: Mutex<State>,
    /// Rung when a key came that was waited for.
    pub(super) bell: Notify,
}

#[derive(Default)]
struct State {
    /// Since when each key of a room is waited for, by its session's id.
    waiting: HashMap<(OwnedRoomId, String), Instant>,
    /// Whose machine decrypted in a room last.
    openers: HashMap<OwnedRoomId, OwnedUserId>,
}

/// What is to be done about a missing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is to be waited for.
    Wait,
    /// It was waited for long enough.
    GiveUp,
}

impl Patience {
    /// A key is missing. It is given up only where it was looked for since it is waited for, which `has_looked` says.
    pub(super) fn lacks(
        &self,
        room: &RoomId,
        session: &str,
        now: Instant,
        has_looked: impl FnOnce(Instant) -> bool,
    ) -> Verdict {
        let mut state = self.state();
        let key = (room.to_owned(), session.to_owned());
        if let Some(since) = state.waiting.get(&key).copied() {
            let waited = now.saturating_duration_since(since);
            if waited < FORGOTTEN {
                let is_over = waited >= LONGEST || (waited >= PATIENCE && has_looked(since));
                return if is_over { Verdict::GiveUp } else { Verdict::Wait };
            }
        }
        if state.waiting.len() >= MOST {
            state.waiting.retain(|_, since| now.saturating_duration_since(*since) < FORGOTTEN);
        }
        if state.waiting.len() >= MOST
            && let Some(oldest) = state.waiting.iter().min_by_key(|(_, since)| **since).map(|(key, _)| key.clone())
        {
            state.waiting.remove(&oldest);
        }
        state.waiting.insert(key, now);
        Verdict::Wait
    }

    /// An event was decrypted by this user's machine.
    pub(super) fn opened(&self, room: &RoomId, session: &str, by: &UserId) {
        let mut state = self.state();
        if !state.waiting.is_empty() {
            state.waiting.remove(&(room.to_owned(), session.to_owned()));
        }
        if state.openers.get(room).is_none_or(|opener| opener != by) {
            if state.openers.len() >= MOST {
                state.openers.clear();
            }
            state.openers.insert(room.to_owned(), by.to_owned());
        }
    }

    /// Whose machine decrypted in this room last.
    pub(super) fn opener(&self, room: &RoomId) -> Option<OwnedUserId> {
        self.state().openers.get(room).cloned()
    }

    /// These keys came.
    pub(super) fn came(&self, keys: &KeyIds) {
        // Of others nobody has to be told: anybody can send keys without end.
        let state = self.state();
        if keys.iter().any(|key| state.waiting.contains_key(key)) {
            self.bell.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use ruma::{room_id, user_id};

    use super::*;

    #[test]
    fn a_key_is_waited_for_once_and_then_given_up() {
        let (patience, room, start) = (Patience::default(), room_id!("!room:example.org"), Instant::now());
        let after = |seconds: u64| patience.lacks(room, "session", start + Duration::from_secs(seconds), |_| true);
        assert_eq!(
            [after(0), after(24), after(25), after(500)],
            [Verdict::Wait, Verdict::Wait, Verdict::GiveUp, Verdict::GiveUp]
        );
        assert_eq!(patience.lacks(room, "another", start + PATIENCE, |_| true), Verdict::Wait);
        assert_eq!(after(1201), Verdict::Wait, "much later it may come");
        patience.opened(room, "session", user_id!("@msn_a:example.org"));
        assert_eq!(after(1230), Verdict::Wait, "it had come");
    }

    #[test]
    fn nothing_is_given_up_that_nobody_could_look_for() {
        let (patience, room, start) = (Patience::default(), room_id!("!room:example.org"), Instant::now());
        let after = |seconds: u64, looked: bool| {
            patience.lacks(room, "session", start + Duration::from_secs(seconds), |since| looked && since == start)
        };
        assert_eq!([after(0, false), after(26, false), after(500, false)], [Verdict::Wait; 3], "a silent homeserver");
        assert_eq!(after(501, true), Verdict::GiveUp);
        assert_eq!(after(600, false), Verdict::GiveUp, "nor does anything wait for ever");
    }

    #[test]
    fn only_so_many_are_waited_for() {
        let (patience, room, start) = (Patience::default(), room_id!("!room:example.org"), Instant::now());
        for number in 0..=MOST {
            patience.lacks(room, &number.to_string(), start + Duration::from_millis(number as u64), |_| true);
        }
        assert_eq!(patience.state().waiting.len(), MOST);
        assert!(!patience.state().waiting.contains_key(&(room.to_owned(), "0".to_owned())));
    }

    #[tokio::test]
    async fn of_keys_that_nobody_lacks_nobody_is_told() {
        let (patience, room) = (Patience::default(), room_id!("!lacking:example.org"));
        patience.lacks(room, "session", Instant::now(), |_| true);
        let came = |room: &RoomId, session: &str| {
            patience.came(&KeyIds::from([(room.to_owned(), session.to_owned())]));
            futures_util::FutureExt::now_or_never(patience.bell.notified()).is_some()
        };
        assert!(!came(room_id!("!other:example.org"), "session") && !came(room, "another"));
        assert!(came(room, "session"));
    }
}
