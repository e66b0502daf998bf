//! What came of a form, until the page to which its browser was sent on has shown it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Of how many browsers something is kept; beyond that, nobody is told.
const MOST: usize = 2000;

/// The longest that is kept, in characters.
const LONGEST: usize = 2000;

/// What came of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// It was done; what there is to say of it.
    Done(String),
    /// It was not done, and why.
    Problem(String),
    /// An invite code was made, which nobody can be shown again.
    Code(String),
}

/// What came of forms, by what their browsers are known by.
#[derive(Default)]
pub(crate) struct Notes(Mutex<HashMap<String, Note>>);

impl Notes {
    /// Keeps one for a browser, in place of an earlier one.
    pub(crate) fn keep(&self, browser: &str, note: Note) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() >= MOST {
            // Whoever does not look by now does not look at all.
            notes.clear();
        }
        notes.insert(browser.to_owned(), note.bounded());
    }

    /// Takes what is kept for a browser.
    pub(crate) fn take(&self, browser: &str) -> Option<Note> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(browser)
    }
}

impl Note {
    fn bounded(self) -> Self {
        let bounded = |text: String| text.chars().take(LONGEST).collect();
        match self {
            Self::Done(text) => Self::Done(bounded(text)),
            Self::Problem(text) => Self::Problem(bounded(text)),
            Self::Code(code) => Self::Code(bounded(code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_shown_once_to_its_browser_alone() {
        let notes = Notes::default();
        notes.keep("a", Note::Problem("no".to_owned()));
        notes.keep("a", Note::Done("x".repeat(LONGEST + 1)));
        assert_eq!(notes.take("b"), None);
        assert_eq!(notes.take("a"), Some(Note::Done("x".repeat(LONGEST))));
        assert_eq!(notes.take("a"), None);
        for number in 0..=MOST {
            notes.keep(&number.to_string(), Note::Done(String::new()));
        }
        assert!(notes.0.lock().unwrap().len() <= MOST);
    }
}
