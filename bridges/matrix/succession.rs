//! Whether a transaction comes before one that Synapse has forgotten to send. Pure.
//!
//! Synapse numbers transactions. One that it writes down in the moment in which it finds the appservice reachable again stays
//! where it is while those after it are sent; it goes out, before all others, after the next failure. So one that skips a
//! number is turned away, once: Synapse then begins with the oldest it has.

/// How many are turned away from one start to the next. Where other appservices share the homeserver they share the numbers
/// too, and most gaps are theirs; each costs two seconds.
const MOST: u8 = 3;

/// The numbers of the transactions that came.
#[derive(Debug)]
pub(crate) struct Succession {
    last: Option<u64>,
    turned_away: Option<u64>,
    left: u8,
}

impl Succession {
    /// Nothing has come yet.
    pub(crate) const fn new() -> Self {
        Self { last: None, turned_away: None, left: MOST }
    }

    /// Whether this transaction is to be turned away, because one before it seems to be missing. Asked again about the same
    /// one it says no.
    pub(crate) fn turns_away(&mut self, id: &str) -> bool {
        let (Some(last), Ok(number)) = (self.last, id.parse::<u64>()) else { return false };
        let skips = number > last.saturating_add(1);
        if !skips || self.left == 0 || self.turned_away == Some(number) {
            return false;
        }
        self.left -= 1;
        self.turned_away = Some(number);
        true
    }

    /// This transaction was taken.
    pub(crate) fn took(&mut self, id: &str) {
        self.last = id.parse().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_skips_a_number_is_turned_away_once() {
        let mut succession = Succession::new();
        assert!(!succession.turns_away("7"), "where it begins is not known");
        succession.took("7");
        assert!(!succession.turns_away("7") && !succession.turns_away("8"));
        assert!(succession.turns_away("9"));
        assert!(!succession.turns_away("8"), "the missing one");
        succession.took("8");
        assert!(!succession.turns_away("9"));
        succession.took("9");
        assert!(succession.turns_away("12"));
        assert!(!succession.turns_away("12"), "it was another appservice's number");
    }

    #[test]
    fn other_numbers_and_other_homeservers_are_taken_as_they_come() {
        let mut succession = Succession::new();
        succession.took("100");
        assert!(!succession.turns_away("3"), "a homeserver that was set up anew");
        succession.took("3");
        assert!(!succession.turns_away("m1699.2"));
        succession.took("m1699.2");
        assert!(!succession.turns_away("50"));
        let mut number = 0_u64;
        let mut away = 0;
        for _ in 0..20 {
            succession.took(&number.to_string());
            number += 2;
            away += u32::from(succession.turns_away(&number.to_string()));
        }
        assert_eq!(away, u32::from(MOST), "many appservices");
    }
}
