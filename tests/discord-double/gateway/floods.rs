//! How much a client sends, and when that is too much.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// So many things in so long a time are allowed.
pub(crate) struct Flood {
    most: usize,
    window: Duration,
    times: VecDeque<Instant>,
}

impl Flood {
    pub(crate) const fn new(most: usize, window: Duration) -> Self {
        Self { most, window, times: VecDeque::new() }
    }

    /// Counts one more; whether it is one too many.
    pub(crate) fn is_over(&mut self, now: Instant) -> bool {
        while self.times.front().is_some_and(|time| now.duration_since(*time) >= self.window) {
            self.times.pop_front();
        }
        self.times.push_back(now);
        if self.times.len() <= self.most {
            return false;
        }
        self.times.pop_front();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_are_let_through_in_a_window() {
        let mut flood = Flood::new(5, Duration::from_secs(20));
        let start = Instant::now();
        assert!((0..5).all(|_| !flood.is_over(start)));
        assert!(flood.is_over(start + Duration::from_secs(19)));
        assert!(!flood.is_over(start + Duration::from_secs(40)));
    }
}
