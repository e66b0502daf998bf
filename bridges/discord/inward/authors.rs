//! Who said the last messages: a deletion names nobody.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use bridge::RemoteProfile;
use domain::RemoteUser;

use crate::model::MessageId;

/// Of how many messages it is remembered.
const REMEMBERED: usize = 4096;

/// Who said the last messages, of all places together.
#[derive(Default)]
pub(crate) struct Authors(Mutex<Known>);

#[derive(Default)]
struct Known {
    authors: HashMap<MessageId, RemoteProfile>,
    order: VecDeque<MessageId>,
}

impl Authors {
    /// Somebody said something.
    pub(crate) fn note(&self, message: MessageId, author: &RemoteProfile) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.authors.insert(message, author.clone()).is_some() {
            return;
        }
        known.order.push_back(message);
        if known.order.len() > REMEMBERED
            && let Some(oldest) = known.order.pop_front()
        {
            known.authors.remove(&oldest);
        }
    }

    /// Who said it; somebody, where it is too long ago.
    pub(crate) fn of(&self, message: MessageId) -> RemoteProfile {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.authors.get(&message).cloned().unwrap_or_else(somebody)
    }
}

/// Somebody whom nobody can be sure of.
pub(crate) fn somebody() -> RemoteProfile {
    RemoteProfile {
        user: RemoteUser("somebody".to_owned()),
        name: "Somebody".to_owned(),
        login: "somebody".to_owned(),
        server: None,
        account: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_are_remembered() {
        let authors = Authors::default();
        let ann = RemoteProfile { name: "Ann".to_owned(), ..somebody() };
        for message in 0..=REMEMBERED as u64 {
            authors.note(MessageId(message), &ann);
            authors.note(MessageId(message), &ann);
        }
        assert_eq!((authors.of(MessageId(0)), authors.of(MessageId(1))), (somebody(), ann));
    }
}
