//! In which order pictures are looked at. Pure: moments are arguments.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use bridge::Failure;
use domain::media::BlobId;
use tokio::time::Instant;

use super::{Look, Portrayed};
use crate::roster::Picture;

/// How many can wait; of those beyond it the next change is seen.
const WAITING: usize = 10_000;
/// How many are remembered that were shown.
const SHOWN: usize = 10_000;
/// How often one is tried.
const TRIES: u32 = 6;
/// The longest wait before the next try.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Whose pictures wait to be looked at; the latest value wins.
#[derive(Debug, Default)]
pub(super) struct Queue {
    wanted: HashMap<Portrayed, Wanted>,
    due: BTreeSet<(Instant, Portrayed)>,
    /// Those that are being looked at, and how often they were tried before: none twice at the same time.
    busy: HashMap<Portrayed, u32>,
    /// What was told to the host since the start.
    shown: HashMap<Portrayed, Shown>,
}

/// A picture that the host was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    name: Option<Picture>,
    /// Its bytes; `None` is no picture.
    pub(super) blob: Option<BlobId>,
}

/// One picture that waits.
#[derive(Debug)]
struct Wanted {
    look: Look,
    due: Instant,
    tries: u32,
}

impl Queue {
    pub(super) fn put(&mut self, whose: Portrayed, look: Look, now: Instant) {
        self.put_at(whose, look, now, 0);
    }

    fn put_at(&mut self, whose: Portrayed, mut look: Look, due: Instant, tries: u32) {
        if self.wanted.len() >= WAITING && !self.wanted.contains_key(&whose) {
            tracing::debug!(?whose, "too many pictures wait to be looked at");
            return;
        }
        if let Some(old) = self.wanted.remove(&whose) {
            self.due.remove(&(old.due, whose));
            look.shown_by.extend(old.look.shown_by);
        }
        self.wanted.insert(whose, Wanted { look, due, tries });
        self.due.insert((due, whose));
    }

    /// The next that can be looked at now, or when there will be one.
    pub(super) fn next(&mut self, now: Instant) -> Result<(Portrayed, Look), Option<Instant>> {
        let free = self.due.iter().find(|(_, whose)| !self.busy.contains_key(whose)).copied();
        match free {
            Some((due, _)) if due > now => Err(Some(due)),
            Some((due, whose)) => {
                self.due.remove(&(due, whose));
                let wanted = self.wanted.remove(&whose).ok_or(None)?;
                self.busy.insert(whose, wanted.tries);
                Ok((whose, wanted.look))
            }
            None => Err(None),
        }
    }

    /// What was shown last, if it was this picture.
    pub(super) fn shown(&self, whose: Portrayed, name: Option<&Picture>) -> Option<Shown> {
        self.shown.get(&whose).filter(|shown| shown.name.as_ref() == name).cloned()
    }

    /// What came of it.
    pub(super) fn ended(
        &mut self,
        whose: Portrayed,
        look: Look,
        outcome: Result<Option<BlobId>, Failure>,
        now: Instant,
    ) {
        let tries = self.busy.remove(&whose).unwrap_or_default();
        match outcome {
            Ok(blob) => {
                if self.shown.len() >= SHOWN {
                    self.shown.clear();
                }
                self.shown.insert(whose, Shown { name: look.name, blob });
            }
            Err(Failure::Retry { after, reason }) if tries < TRIES => {
                let wait = after.unwrap_or(Duration::from_secs(4 << tries)).min(LONGEST_WAIT);
                tracing::debug!(?whose, reason, ?wait, "a picture is looked at later");
                match self.wanted.get_mut(&whose) {
                    // A newer one waits already; it is shown by the same ones.
                    Some(newer) => newer.look.shown_by.extend(look.shown_by),
                    None => self.put_at(whose, look, now + wait, tries + 1),
                }
            }
            Err(failure) => tracing::info!(?whose, %failure, "a picture cannot be shown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contacts::Target, model::UserId};

    const ANN: Portrayed = Portrayed::Person(UserId(1000));

    fn look(name: &str) -> Look {
        Look { name: Picture::parse(name), shown_by: [Target::Person(UserId(1000))].into() }
    }

    #[test]
    fn the_latest_picture_wins_and_none_is_fetched_twice_at_once() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.put(ANN, look("a"), now);
        queue.put(ANN, look("b"), now);
        let (whose, first) = queue.next(now).unwrap();
        assert_eq!(first, look("b"));
        queue.put(ANN, look("c"), now);
        assert_eq!(queue.next(now), Err(None), "it is being looked at");
        // The failure of the older one must not undo the newer one.
        queue.ended(whose, first, Err(Failure::retry("away")), now);
        assert_eq!(queue.next(now).unwrap().1, look("c"));
    }

    #[test]
    fn what_was_shown_is_remembered() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.put(ANN, look("a"), now);
        let (whose, first) = queue.next(now).unwrap();
        queue.ended(whose, first, Ok(Some(BlobId([1; 32]))), now);
        let shown = queue.shown(ANN, Picture::parse("a").as_ref()).unwrap();
        assert_eq!(shown.blob, Some(BlobId([1; 32])));
        assert_eq!(queue.shown(ANN, Picture::parse("b").as_ref()), None);
    }

    #[test]
    fn what_does_not_come_is_tried_for_a_while() {
        let (mut queue, mut now) = (Queue::default(), Instant::now());
        queue.put(ANN, look("a"), now);
        let mut tries = 0;
        loop {
            match queue.next(now) {
                Ok((whose, look)) => {
                    tries += 1;
                    queue.ended(whose, look, Err(Failure::retry("away")), now);
                }
                Err(Some(next)) => now = next,
                Err(None) => break,
            }
        }
        assert_eq!(tries, TRIES + 1);
        queue.put(ANN, look("a"), now);
        let (whose, look) = queue.next(now).unwrap();
        queue.ended(whose, look, Err(Failure::refused("gone")), now);
        assert_eq!(queue.next(now), Err(None), "what was refused is not tried again");
    }
}
