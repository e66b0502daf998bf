//! Which messages of a place were said for which orders: what was said before is not said again, and a message that is found there
//! is not taken for another one of the same words.

use std::{collections::VecDeque, fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

use crate::model::MessageId;

/// How many messages are remembered of one account in one place. A server tries one order of it at a time.
const REMEMBERED: usize = 32;

/// The last messages that an account said in a place, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SaidLast(VecDeque<Said>);

/// A message that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    /// A digest of the order's key.
    order: u64,
    /// Which part of it.
    part: usize,
    message: MessageId,
}

impl SaidLast {
    /// The message that is this part of the order.
    pub(crate) fn find(&self, order: &str, part: usize) -> Option<MessageId> {
        let order = digest(order);
        self.0.iter().find(|said| said.order == order && said.part == part).map(|said| said.message)
    }

    /// Whether this message is part of some order.
    pub(crate) fn contains(&self, message: MessageId) -> bool {
        self.0.iter().any(|said| said.message == message)
    }

    /// This message is this part of the order.
    pub(crate) fn add(&mut self, order: &str, part: usize, message: MessageId) {
        self.0.push_back(Said { order: digest(order), part, message });
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }
}

/// As it is kept: `order part message`, a line each.
impl fmt::Display for SaidLast {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|said| writeln!(formatter, "{:x} {} {}", said.order, said.part, said.message))
    }
}

impl FromStr for SaidLast {
    type Err = std::convert::Infallible;

    /// A line that is none is left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let said = |line: &str| {
            let mut words = line.split(' ');
            Some(Said {
                order: u64::from_str_radix(words.next()?, 16).ok()?,
                part: words.next()?.parse().ok()?,
                message: words.next()?.parse().ok()?,
            })
        };
        Ok(Self(text.lines().filter_map(said).collect()))
    }
}

fn digest(order: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(order.as_bytes()).into();
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// What Discord knows a part of an order by for some minutes, so that it is said once: 25 characters at most (Discord's
/// documentation, "Create Message").
pub(crate) fn nonce(order: &str, part: usize) -> String {
    let digest = Sha256::digest(format!("{order}\0{part}").as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).take(25).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_remembered_with_its_order() {
        let mut said = SaidLast::default();
        said.add("o1", 0, MessageId(10));
        said.add("o1", 1, MessageId(11));
        let again: SaidLast = said.to_string().parse().unwrap();
        assert_eq!(again, said);
        assert_eq!((again.find("o1", 1), again.find("o2", 1)), (Some(MessageId(11)), None));
        assert!(again.contains(MessageId(10)) && !again.contains(MessageId(12)));
        assert_eq!("what\nis 1\nthis".parse(), Ok(SaidLast::default()));
        for number in 0..100 {
            said.add("more", number, MessageId(100));
        }
        assert_eq!(said.find("o1", 0), None, "only so many are remembered");
        assert_eq!(said.to_string().lines().count(), REMEMBERED);
    }

    #[test]
    fn each_part_has_a_nonce_of_its_own() {
        let nonces: std::collections::BTreeSet<String> =
            ["o1", "o2"].iter().flat_map(|order| (0..3).map(|part| nonce(order, part))).collect();
        assert_eq!(nonces.len(), 6);
        assert!(nonces.iter().all(|nonce| nonce.len() == 25));
        assert_eq!(nonce("o1", 0), nonce("o1", 0));
    }
}
