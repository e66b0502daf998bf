//! What went wrong since the start, as the log tells it: for those who run the server, on a page. It is kept in memory alone, and no more
//! of it than a page shows.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;

use crate::core::wall;

/// How many different faults are kept; the one that is longest past makes way.
const MOST: usize = 40;

/// The longest that is kept of one, in characters.
const LONGEST: usize = 300;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultLine {
    /// When it came last.
    pub at: Timestamp,
    /// Whether it is an error, and no warning.
    pub is_error: bool,
    /// What the log calls it.
    pub what: String,
    /// What the log said beside it when it came last: ids and reasons.
    pub details: String,
    /// How often it has come.
    pub times: u32,
}

/// What went wrong since the start. A fault that comes again is one line still, so that a flood of one hides no other.
#[derive(Debug, Default)]
pub struct Faults(Mutex<VecDeque<FaultLine>>);

impl Faults {
    /// Keeps a line of the log. Nothing is logged here, since that would come back.
    pub fn tell(&self, is_error: bool, what: &str, details: &str) {
        let [what, details] = [what, details].map(|text| text.chars().take(LONGEST).collect::<String>());
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lines.iter().position(|line| line.what == what).and_then(|place| lines.remove(place));
        let times = known.map_or(1, |known| known.times.saturating_add(1));
        if lines.len() >= MOST {
            lines.pop_front();
        }
        lines.push_back(FaultLine { at: wall(), is_error, what, details, times });
    }

    /// All that is kept, the newest first.
    #[must_use]
    pub fn newest(&self) -> Vec<FaultLine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_comes_again_is_one_line_and_the_newest() {
        let faults = Faults::default();
        faults.tell(false, "a limit bites", "limit=calls");
        faults.tell(true, "the database does not answer", "");
        faults.tell(false, "a limit bites", "limit=rooms");
        let shown: Vec<_> =
            faults.newest().into_iter().map(|line| (line.what, line.details, line.is_error, line.times)).collect();
        let limit = ("a limit bites".to_owned(), "limit=rooms".to_owned(), false, 2);
        assert_eq!(shown, [limit, ("the database does not answer".to_owned(), String::new(), true, 1)]);
    }

    #[test]
    fn no_more_is_kept_than_a_page_shows() {
        let faults = Faults::default();
        for number in 0..=MOST {
            faults.tell(false, &format!("{number}"), &"x".repeat(LONGEST + 1));
        }
        let kept = faults.newest();
        assert_eq!((kept.len(), kept[0].what.as_str(), kept[0].details.len()), (MOST, "40", LONGEST));
        assert!(kept.iter().all(|line| line.what != "0"), "the oldest has made way");
    }
}
