//! How much one account may hold, and how often it may do what is felt elsewhere.

use crate::{Allowance, List};

/// How much one account may hold, and how often it may do what is felt elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries of the forward list; the old service had 600.
    pub contacts: usize,
    /// Entries of the allow list.
    pub allowed: usize,
    /// Entries of the block list.
    pub blocked: usize,
    /// Accounts of this server that may have one account on their forward lists: the length of its reverse list, which was 1000
    /// on the old service (`MSNPiki`, October 2005).
    pub admirers: usize,
    /// Groups; the old service had 30.
    pub groups: usize,
    /// Entries put on lists, and telephone numbers looked up, in a minute.
    pub additions: u32,
    /// Switchboards asked for in a minute. Clients open one for every picture they fetch.
    pub switchboards: u32,
    /// Friendly names in a minute; each is shown to every watcher.
    pub renames: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            contacts: 600,
            allowed: 1000,
            blocked: 1000,
            admirers: 1000,
            groups: 30,
            additions: 2000,
            switchboards: 1000,
            renames: 60,
        }
    }
}

impl Limits {
    /// How many entries a list may have. The reverse list is filled by others, and limited where they fill it.
    pub(super) const fn most(&self, list: List) -> usize {
        match list {
            List::Forward => self.contacts,
            List::Allow => self.allowed,
            List::Block => self.blocked,
            List::Reverse | List::Pending => usize::MAX,
        }
    }
}

/// What an account may still do in this minute.
#[derive(Debug)]
pub(super) struct Allowances {
    pub(super) additions: Allowance,
    pub(super) switchboards: Allowance,
    pub(super) renames: Allowance,
}

impl Allowances {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            additions: Allowance::new(limits.additions),
            switchboards: Allowance::new(limits.switchboards),
            renames: Allowance::new(limits.renames),
        }
    }
}
