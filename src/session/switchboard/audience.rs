//! Who hears what a client says, as far as the client has been told.

use std::collections::BTreeSet;

use domain::{Passport, conversation::Party};

/// The others in a conversation.
#[derive(Debug, Default)]
pub(super) struct Audience {
    /// Behind whom clients stand.
    accounts: BTreeSet<Passport>,
    /// Those of other networks.
    remotes: BTreeSet<Passport>,
}

impl Audience {
    pub(super) fn came(&mut self, party: &Party) {
        let kind = if party.is_remote() { &mut self.remotes } else { &mut self.accounts };
        kind.insert(party.passport.clone());
    }

    pub(super) fn went(&mut self, passport: &Passport) {
        self.accounts.remove(passport);
        self.remotes.remove(passport);
    }

    /// Whether there is somebody, and nobody who understands what only Messenger does.
    pub(super) fn is_of_networks_only(&self) -> bool {
        self.accounts.is_empty() && !self.remotes.is_empty()
    }
}
