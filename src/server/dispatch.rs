//! The dispatch server's part: a client is first sent to where it is to sign in. One port serves for both, since whoever comes
//! back soon from the same address has been there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::passport::LONGEST_PASSPORT;

/// How soon a client that was sent away is expected.
const EXPECTED: Duration = Duration::from_mins(1);

/// Beyond this many, everybody is served at once.
const MOST: usize = 100_000;

/// Who was sent away and is expected.
#[derive(Default)]
pub(crate) struct Dispatch(Mutex<HashMap<(String, IpAddr), Instant>>);

impl Dispatch {
    /// Whether this account is expected from that address. If not, it is from now on.
    pub(crate) fn is_expected(&self, passport: &str, address: IpAddr, now: Instant) -> bool {
        let mut name = passport.to_ascii_lowercase();
        // A longer one is nobody's, and must not take memory.
        name.truncate(name.floor_char_boundary(LONGEST_PASSPORT));
        let key = (name, address);
        let mut expected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sent) = expected.remove(&key)
            && now.saturating_duration_since(sent) < EXPECTED
        {
            return true;
        }
        expected.retain(|_, sent| now.saturating_duration_since(*sent) < EXPECTED);
        if expected.len() >= MOST {
            return true;
        }
        expected.insert(key, now);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_is_served() {
        let dispatch = Dispatch::default();
        let (here, there) = ("127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap());
        let now = Instant::now();
        assert!(!dispatch.is_expected("carol@example.com", here, now));
        assert!(!dispatch.is_expected("carol@example.com", there, now), "another address");
        assert!(dispatch.is_expected("Carol@Example.com", here, now + Duration::from_secs(1)));
        assert!(!dispatch.is_expected("carol@example.com", here, now + Duration::from_secs(2)), "once");
        assert!(!dispatch.is_expected("carol@example.com", here, now + Duration::from_secs(90)), "too late");
    }
}
