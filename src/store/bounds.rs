//! How much the store takes in of what others decide about.

use std::sync::{Arc, PoisonError, RwLock};

use domain::account::Limits;

/// How much the store takes in of what others decide about; safe defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many messages of one author [`crate::Store::keep`] lets wait for one recipient, and how many of one window
    /// [`crate::Store::accept`] does.
    pub waiting_messages: u32,
    /// Of how many invitations to rooms within an hour [`crate::Store::accept`] tells one account, each by itself.
    pub room_prompts_per_hour: u32,
    /// How many groups an account may have, beyond which [`crate::Store::accept`] makes none.
    pub groups: usize,
    /// How many rooms may stand on the contact list of an account, beyond which [`crate::Store::accept`] puts none there.
    pub rooms: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { waiting_messages: 1000, room_prompts_per_hour: 5, groups: Limits::default().groups, rooms: 500 }
    }
}

/// The bounds that hold now, for all clones of a store.
#[derive(Clone, Default)]
pub(crate) struct CurrentBounds(Arc<RwLock<Bounds>>);

impl CurrentBounds {
    pub(crate) fn get(&self) -> Bounds {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Bounds)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}
