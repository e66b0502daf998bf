//! Comparing what was taken with what the rooms show. A homeserver loses what it meant to push when it is killed; the room still
//! has it. Compared is at the start, after every outage, and slowly all the time.

use std::{collections::VecDeque, ops::ControlFlow, sync::Arc, time::Duration};

use bridge::Failure;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    appservice::{Appservice, host_failure},
    arrival::{Heard, SeatKind},
    chores::Chore,
    event::{Event, What},
    homeserver::Trouble,
    places::{Draft, timelines},
    portal::Place,
    timeline::{Backward, Timeline, has_gone},
};

/// How many rooms are compared at once.
const AT_ONCE: usize = 4;
/// How many of the last events are looked at: where more has happened, the room is read anyway.
const TAIL: u32 = 100;
/// Within this time every room is compared once, though nothing has happened.
const PERIOD: Duration = Duration::from_mins(30);
/// How often is looked whether the homeserver was away.
const LOOK: Duration = Duration::from_secs(2);
/// The wait before rooms that could not be compared are tried again.
const AGAIN: Duration = Duration::from_secs(5);

impl Appservice {
    /// Compares the tails of all rooms until everything ends.
    pub(crate) async fn compare_tails(self: Arc<Self>) {
        let _ = self.stopping.run_until_cancelled(self.reached.notified()).await;
        while !self.stopping.is_cancelled() {
            let outages = self.homeserver.outages();
            // Changes of names may be lost, too.
            self.speakers().forget();
            self.compare_all(outages).await;
            self.compare_slowly(outages).await;
        }
    }

    /// Compares all rooms soon, those in which something was said last first; each is tried twice at most, and what cannot be
    /// compared then is left to the slow round. Ends early once the homeserver has been away again.
    async fn compare_all(self: &Arc<Self>, outages: u64) {
        let mut places = timelines(&self.chats, &self.portals, |timeline: &Timeline| Some(timeline.at()));
        places.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        let places: Vec<Place> = places.into_iter().map(|(place, _)| place).collect();
        let count = places.len();
        let failed = self.compare_each(places, outages).await;
        if !failed.is_empty() {
            let _ = self.stopping.run_until_cancelled(tokio::time::sleep(AGAIN)).await;
            self.compare_each(failed, outages).await;
        }
        tracing::debug!(count, "what was taken was compared with what the rooms show");
    }

    /// Compares these rooms; gives those that could not be compared.
    async fn compare_each(self: &Arc<Self>, places: Vec<Place>, outages: u64) -> Vec<Place> {
        let mut waiting = VecDeque::from(places);
        let mut failed = Vec::new();
        let mut comparing = JoinSet::new();
        loop {
            while comparing.len() < AT_ONCE && self.homeserver.outages() == outages {
                let Some(place) = waiting.pop_front() else { break };
                let appservice = Arc::clone(self);
                comparing.spawn(async move {
                    let compared = appservice.compare(&place).await;
                    (place, compared)
                });
            }
            let Some(Some(done)) = self.stopping.run_until_cancelled(comparing.join_next()).await else { break };
            if let Ok((place, Err(failure))) = done {
                tracing::debug!(owner = %place.owner, room = %place.room, %failure, "a room cannot be compared now");
                if failure.is_passing() {
                    failed.push(place);
                }
            }
        }
        failed
    }

    /// Compares room after room, spread over the whole period, until the homeserver has been away.
    async fn compare_slowly(&self, outages: u64) {
        loop {
            let places = timelines(&self.chats, &self.portals, |_: &Timeline| Some(()));
            let step = PERIOD / u32::try_from(places.len().max(1)).unwrap_or(u32::MAX);
            // Not at once: all of them were compared a moment ago.
            for place in places.into_iter().map(|(place, ())| Some(place)).chain([None]) {
                let next = Instant::now() + step;
                while Instant::now() < next {
                    let wait = tokio::time::sleep_until(next.min(Instant::now() + LOOK));
                    if self.stopping.run_until_cancelled(wait).await.is_none() || self.homeserver.outages() != outages {
                        return;
                    }
                }
                if let Some(place) = place
                    && let Err(failure) = self.compare(&place).await
                {
                    tracing::debug!(owner = %place.owner, room = %place.room, %failure, "a room cannot be compared now");
                }
            }
        }
    }

    /// Compares one room; where something is lacking, it is read.
    pub(crate) async fn compare(&self, place: &Place) -> Result<(), Failure> {
        let Some((seat, timeline)) = self.standing(place).await.filter(|(_, timeline)| !timeline.is_behind()) else {
            return Ok(());
        };
        let outages = self.homeserver.outages();
        let page = match self.homeserver.acting_as(&seat.ghost).page(&place.room, None, TAIL).await {
            Ok(page) => page,
            Err(Trouble::Refused { .. }) => {
                self.is_out(place).await?;
                return Ok(());
            }
            Err(trouble) => return Err(trouble.into()),
        };
        // It may have lost even this.
        if has_gone(&page.events, &seat.ghost) && self.is_out(place).await? {
            return Ok(());
        }
        let mut draft = Draft::begin(&self.chats, &self.portals).await;
        let latest = draft.timeline(&seat, &place.room).filter(|timeline| !timeline.is_behind());
        let Some(latest) = latest else { return Ok(()) };
        // What was taken while the page was on its way is in the latest, and not lacking.
        let known = latest.clone();
        let mut backward = Backward::new(&known, &seat.ghost, &self.configuration.names);
        let is_whole = matches!(backward.read(&page.events), ControlFlow::Break(())) || page.end.is_none();
        let events = backward.oldest_first();
        let lacks = |event: &Event| {
            let is_heard = matches!(self.rules().hear(&seat, event), Heard::Line(_) | Heard::Sealed);
            is_heard && !known.has_taken(&event.id)
        };
        if is_whole && !events.iter().any(lacks) {
            let read: Vec<_> = events.iter().map(|event| (event.id.clone(), event.sent)).collect();
            latest.has_read(&read);
            latest.is_caught_up(outages);
            let is_changed = events.iter().any(|event| matches!(event.what, What::Changed(_)));
            if is_changed && matches!(seat.kind, SeatKind::Portal { .. }) {
                self.chores.add(Chore::Portal(place.clone()));
            }
        } else {
            tracing::info!(owner = %place.owner, room = %place.room, since = ?timeline.at(), "something may be lacking of a room; it is read");
            latest.falls_behind();
            self.chores.add(Chore::Read(place.clone()));
        }
        let writes = draft.writes();
        if !writes.is_empty() {
            self.host.write(writes).await.map_err(|fault| host_failure(&fault))?;
        }
        draft.committed();
        for event in &events {
            self.note_third(&seat, event).await?;
        }
        Ok(())
    }
}
