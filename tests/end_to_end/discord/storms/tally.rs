//! What became of the lines of one speaker in one place.

use std::collections::BTreeMap;

use super::lines::Line;

/// What became of the lines of one speaker in one place.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sent: usize,
    delivered: usize,
    /// Came again on a later connection: Messenger has no receipt, and what a client had not shown that it got is said again.
    repeated: usize,
    doubled: Vec<String>,
    lost: Vec<u32>,
    reordered: Vec<String>,
}

impl Tally {
    /// Of what a speaker said, and what of it came, in its order; each with the number of the connection that it came on.
    pub(super) fn of(said: &[Line], who: &str, came: impl Iterator<Item = (u32, Line)>) -> Self {
        let said: Vec<u32> = said.iter().filter(|line| line.who == who).map(|line| line.number).collect();
        let mut tally = Self { sent: said.len(), ..Self::default() };
        let mut first: BTreeMap<u32, u32> = BTreeMap::new();
        let mut newest = 0;
        for (connection, line) in came.filter(|(_, line)| line.who == who) {
            let number = line.number;
            match first.get(&number) {
                // What is repeated is repeated from the connection that broke just before.
                Some(before) if *before + 1 == connection => tally.repeated += 1,
                Some(before) => tally.doubled.push(format!("{line} on {before} and on {connection}")),
                None if number < newest => tally.reordered.push(format!("{line} after {newest}")),
                None => newest = number,
            }
            first.entry(number).or_insert(connection);
        }
        tally.delivered = first.len();
        tally.lost = said.into_iter().filter(|number| !first.contains_key(number)).collect();
        tally
    }

    pub(super) fn must_be_clean(&self, way: &str) {
        assert!(self.sent > 0, "{way}: nothing was said");
        assert!(self.lost.is_empty() && self.doubled.is_empty() && self.reordered.is_empty(), "{way}: {self:?}");
    }
}

/// All tallies, one below the other.
pub(super) fn table(tallies: &[(&str, Tally)]) -> String {
    let head = ["sent", "delivered", "repeated", "doubled", "lost", "reordered"].map(str::to_owned);
    let rows = tallies.iter().map(|(way, tally)| {
        let counts = [tally.sent, tally.delivered, tally.repeated];
        let faults = [tally.doubled.len(), tally.lost.len(), tally.reordered.len()];
        row(way, counts.into_iter().chain(faults).map(|count| count.to_string()))
    });
    std::iter::once(row("", head.into_iter())).chain(rows).collect()
}

fn row(name: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|cell| format!("{cell:>11}")).collect();
    format!("{name:<24}{}\n", cells.concat())
}

#[test]
fn each_fault_is_seen() {
    let line = |number| Line::new("ann", number);
    let said = [1, 2, 3].map(line);
    let counts = |came: &[(u32, u32)]| {
        let tally = Tally::of(&said, "ann", came.iter().map(|(connection, number)| (*connection, line(*number))));
        (tally.delivered, tally.repeated, tally.doubled.len(), tally.lost.len(), tally.reordered.len())
    };
    assert_eq!(counts(&[(0, 1), (0, 2), (0, 3)]), (3, 0, 0, 0, 0));
    assert_eq!(counts(&[(0, 1), (0, 3)]), (2, 0, 0, 1, 0), "lost");
    assert_eq!(counts(&[(0, 1), (0, 3), (0, 2)]), (3, 0, 0, 0, 1), "reordered");
    assert_eq!(counts(&[(0, 1), (0, 2), (0, 2), (0, 3)]), (3, 0, 1, 0, 0), "doubled");
    assert_eq!(counts(&[(0, 1), (0, 2), (1, 2), (1, 3)]), (3, 1, 0, 0, 0), "repeated");
    assert_eq!(counts(&[(0, 1), (0, 2), (2, 2), (2, 3)]), (3, 0, 1, 0, 0), "doubled late");
}
