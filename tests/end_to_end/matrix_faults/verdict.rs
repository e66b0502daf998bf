//! What became of all that was said. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Range;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::journal::{Heard, Journal};
use super::parties::Parties;
use super::word::{Author, Word};

/// A message that came so shortly before its connection broke may come again: the client may not have confirmed it, and the
/// kernel is asked half a second after it was sent. Time in which the server could not write down that it was is not counted, and
/// half a second later it tries again.
const UNCONFIRMED: Duration = Duration::from_secs(2);

/// How many of a kind a failed test shows.
const SHOWN: usize = 40;

/// What became of all that was said.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) to_matrix: Tally,
    pub(super) to_messenger: Tally,
    /// What Messenger was told is not taken, and arrived.
    pub(super) denied_and_delivered: Vec<Word>,
    /// What came that nobody had said, or not from whom it came.
    pub(super) strange: Vec<String>,
    /// How many messages were sent again before the time that the homeserver had named was over.
    pub(super) impatient: u32,
    /// What was to go wrong and never did: then the test has shown nothing of it.
    pub(super) unmet: Vec<String>,
}

/// What became of what was said to one side.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// What was said: once for each who is to have it.
    pub(super) sent: usize,
    /// What was acknowledged, and so must arrive.
    pub(super) promised: usize,
    pub(super) delivered: usize,
    /// What came again as it may.
    pub(super) repeated: usize,
    pub(super) doubled: Vec<String>,
    pub(super) lost: Vec<Word>,
    pub(super) reordered: Vec<String>,
}

impl Verdict {
    pub(super) fn reach(parties: &Parties, journal: &Journal, rooms: &[Vec<Value>], said: &BTreeSet<Word>) -> Self {
        let mut verdict = Self { strange: journal.reports.clone(), ..Self::default() };
        for (place, (conversation, events)) in parties.conversations.iter().zip(rooms).enumerate() {
            let here = |word: &&Word| word.conversation == place;
            let of_account = |word: &&Word| matches!(word.author, Author::Account(_));
            let in_room: Vec<Word> =
                events.iter().filter_map(|event| read(parties, event, &mut verdict.strange)).collect();
            let of_people = in_room.iter().filter(|word| !of_account(word));
            let mut stands = BTreeSet::new();
            let twice =
                of_people.filter(|word| !stands.insert(**word)).map(|word| format!("{word} stands twice in its room"));
            verdict.strange.extend(twice);
            verdict.to_matrix.add(
                &said.iter().filter(here).filter(of_account).copied().collect(),
                &journal.taken.iter().filter(here).copied().collect(),
                &in_room.iter().filter(of_account).map(|word| Arrival::on_matrix(*word)).collect::<Vec<_>>(),
            );
            verdict.denied_and_delivered.extend(in_room.iter().filter(|word| journal.denied.contains(word)));
            for account in &conversation.accounts {
                let of_others = |word: &&Word| word.author != Author::Account(*account);
                let heard = journal.heard.iter().filter(|heard| heard.by == *account && here(&&heard.word));
                let arrivals: Vec<Arrival> = heard.map(|heard| Arrival::on_messenger(heard, journal)).collect();
                let promised = |word: &&Word| !of_account(word) || journal.taken.contains(word);
                let to_them: BTreeSet<Word> = said.iter().filter(here).filter(of_others).copied().collect();
                let promised = to_them.iter().filter(promised).copied().collect();
                verdict.to_messenger.add(&to_them, &promised, &arrivals);
            }
        }
        verdict
    }

    /// Fails unless nothing was lost, doubled or reordered.
    pub(super) fn must_be_clean(&self) {
        let mut faults = String::new();
        for (way, tally) in [("to Matrix", &self.to_matrix), ("to Messenger", &self.to_messenger)] {
            note(&mut faults, &format!("lost {way}"), &tally.lost);
            note(&mut faults, &format!("doubled {way}"), &tally.doubled);
            note(&mut faults, &format!("reordered {way}"), &tally.reordered);
            assert!(tally.delivered > 0, "nothing was said {way}");
        }
        note(&mut faults, "refused, and delivered all the same", &self.denied_and_delivered);
        note(&mut faults, "strange", &self.strange);
        note(&mut faults, "never met", &self.unmet);
        assert!(faults.is_empty(), "{faults}");
        assert_eq!(self.impatient, 0, "messages were sent again before the homeserver wanted them");
    }
}

fn note(faults: &mut String, what: &str, found: &[impl Display]) {
    use std::fmt::Write as _;
    if !found.is_empty() {
        writeln!(faults, "{what}: {}, such as", found.len()).unwrap();
        found.iter().take(SHOWN).for_each(|found| writeln!(faults, "    {found}").unwrap());
    }
}

/// The word that an event of a room says.
fn read(parties: &Parties, event: &Value, strange: &mut Vec<String>) -> Option<Word> {
    if event["type"] != "m.room.message" {
        return None;
    }
    let body = event["content"]["body"].as_str().unwrap_or_default();
    let word = Word::read(body);
    let author = word.map(|word| match word.author {
        Author::Account(place) => parties.accounts[place].ghost.as_str(),
        Author::Person(place) => parties.people[place].id(),
    });
    if author.is_none_or(|author| event["sender"] != author) {
        strange.push(format!("on Matrix from {}: {body}", event["sender"]));
        return None;
    }
    word
}

/// A word that came.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    word: Word,
    /// The connection it came on; on Matrix there is one.
    connection: u32,
    at: Option<Instant>,
    /// For how long it could be confirmed before that connection ended, if it has.
    confirmable: Option<Duration>,
}

impl Arrival {
    const fn on_matrix(word: Word) -> Self {
        Self { word, connection: 0, at: None, confirmable: None }
    }

    fn on_messenger(heard: &Heard, journal: &Journal) -> Self {
        let ended = journal.ended.get(&heard.connection);
        let confirmable = ended.map(|ended| writable(heard.at..*ended, &journal.unwritable));
        Self { word: heard.word, connection: heard.connection, at: Some(heard.at), confirmable }
    }
}

/// How much of that time the server could write.
fn writable(time: Range<Instant>, unwritable: &[Range<Instant>]) -> Duration {
    let mut gaps: Vec<_> = unwritable.iter().filter(|gap| gap.start < time.end && time.start < gap.end).collect();
    gaps.sort_by_key(|gap| gap.start);
    let (mut written, mut reached) = (Duration::ZERO, time.start);
    for gap in gaps {
        written += gap.start.saturating_duration_since(reached);
        reached = reached.max(gap.end);
    }
    written + time.end.saturating_duration_since(reached)
}

impl Tally {
    /// Counts what was said to one who listens, in one conversation.
    fn add(&mut self, sent: &BTreeSet<Word>, promised: &BTreeSet<Word>, arrivals: &[Arrival]) {
        self.sent += sent.len();
        self.promised += promised.len();
        let mut earlier: BTreeMap<Word, Arrival> = BTreeMap::new();
        let mut newest: BTreeMap<Author, u32> = BTreeMap::new();
        let mut newest_on: BTreeMap<(u32, Author), u32> = BTreeMap::new();
        for arrival in arrivals {
            let Word { author, number, .. } = arrival.word;
            let on_this = newest_on.insert((arrival.connection, author), number);
            let is_repeated = match earlier.insert(arrival.word, *arrival) {
                Some(before) if before.connection == arrival.connection => {
                    let apart = arrival.at.zip(before.at).map(|(second, first)| second - first);
                    let Arrival { word, connection, .. } = arrival;
                    self.doubled.push(format!("{word} came twice on connection {connection}, {apart:?} apart"));
                    continue;
                }
                Some(before) => {
                    let waited = before.confirmable;
                    if waited.is_some_and(|waited| waited < UNCONFIRMED) {
                        self.repeated += 1;
                    } else {
                        self.doubled.push(format!(
                            "{} came on connection {} and again on {}; it had been there for {waited:?} when the first ended",
                            arrival.word, before.connection, arrival.connection
                        ));
                    }
                    true
                }
                None => false,
            };
            // What is repeated is repeated in its order, and counts where it came first.
            let before = if is_repeated { on_this } else { newest.insert(author, number).max(on_this) };
            if before.is_some_and(|before| before > number) {
                self.reordered.push(format!("{} came after {before:?}", arrival.word));
            }
        }
        self.delivered += earlier.len();
        self.lost.extend(promised.iter().filter(|word| !earlier.contains_key(word)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(number: u32) -> Word {
        Word { conversation: 0, author: Author::Person(0), number }
    }

    /// Counts arrivals of (number, connection, milliseconds before that ended).
    fn tally(arrivals: &[(u32, u32, u64)]) -> Tally {
        let arrival = |&(number, connection, before): &(u32, u32, u64)| Arrival {
            word: word(number),
            connection,
            at: None,
            confirmable: Some(Duration::from_millis(before)),
        };
        let mut tally = Tally::default();
        let all: BTreeSet<Word> = (0..3).map(word).collect();
        tally.add(&all, &all, &arrivals.iter().map(arrival).collect::<Vec<_>>());
        tally
    }

    fn counts(arrivals: &[(u32, u32, u64)]) -> (usize, usize, usize, usize, usize) {
        let tally = tally(arrivals);
        (tally.delivered, tally.repeated, tally.doubled.len(), tally.lost.len(), tally.reordered.len())
    }

    #[test]
    fn each_fault_is_seen() {
        assert_eq!(counts(&[(0, 1, 0), (1, 1, 0), (2, 1, 0)]), (3, 0, 0, 0, 0));
        assert_eq!(counts(&[(0, 1, 0), (2, 1, 0)]), (2, 0, 0, 1, 0), "lost");
        assert_eq!(counts(&[(0, 1, 0), (2, 1, 0), (1, 1, 0)]), (3, 0, 0, 0, 1), "reordered");
        assert_eq!(counts(&[(0, 1, 0), (2, 1, 0), (1, 2, 0)]), (3, 0, 0, 0, 1), "reordered on another connection");
        assert_eq!(counts(&[(0, 1, 0), (1, 1, 0), (1, 1, 0), (2, 1, 0)]), (3, 0, 1, 0, 0), "doubled");
        assert_eq!(counts(&[(0, 1, 9_000), (1, 1, 9_000), (1, 2, 0), (2, 2, 0)]), (3, 0, 1, 0, 0), "doubled late");
        assert_eq!(counts(&[(0, 1, 9_000), (1, 1, 900), (1, 2, 0), (2, 2, 0)]), (3, 1, 0, 0, 0), "repeated");
        assert_eq!(
            counts(&[(0, 1, 9), (1, 1, 9), (1, 2, 0), (0, 2, 0), (2, 2, 0)]),
            (3, 2, 0, 0, 1),
            "repeated reversed"
        );
    }

    #[test]
    fn what_cannot_be_written_down_cannot_be_confirmed() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let at = |seconds: u32| now + second * seconds;
        assert_eq!(writable(at(2)..at(9), &[]), second * 7);
        let gaps = [at(4)..at(6), at(0)..at(1), at(1)..at(3), at(8)..at(20)];
        assert_eq!(writable(at(2)..at(9), &gaps), second * 3);
        // Of what happens at the same time, each moment counts once.
        let gaps = [at(3)..at(6), at(4)..at(5), at(5)..at(7)];
        assert_eq!(writable(at(2)..at(9), &gaps), second * 3);
    }
}
