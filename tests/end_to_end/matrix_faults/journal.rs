//! What the Messenger clients have lived through.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Instant;

use super::word::Word;

/// What all clients have lived through.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// What was said, whatever became of it.
    pub(super) said: BTreeSet<Word>,
    /// What the server has acknowledged.
    pub(super) taken: BTreeSet<Word>,
    /// What the server has said that it could not take.
    pub(super) denied: BTreeSet<Word>,
    /// What came, in its order.
    pub(super) heard: Vec<Heard>,
    /// When each switchboard connection ended.
    pub(super) ended: BTreeMap<u32, Instant>,
    /// When the server could write nothing, because of us or of all else that this machine has to do; in no order.
    pub(super) unwritable: Vec<Range<Instant>>,
    /// What came that nobody had said, or not from whom it came.
    pub(super) reports: Vec<String>,
    connections: u32,
}

/// A message that came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// Whose client it came to: the place among the accounts.
    pub(super) by: usize,
    pub(super) word: Word,
    /// The connection it came on.
    pub(super) connection: u32,
    pub(super) at: Instant,
}

impl Journal {
    /// A new switchboard connection.
    pub(super) fn connect(&mut self) -> u32 {
        self.connections += 1;
        self.connections
    }

    /// The last word of a conversation that an account has heard of each who says something there.
    pub(super) fn last_heard(&self, by: usize, conversation: usize) -> BTreeMap<super::word::Author, u32> {
        let there = self.heard.iter().filter(|heard| heard.by == by && heard.word.conversation == conversation);
        there.map(|heard| (heard.word.author, heard.word.number)).collect()
    }
}
