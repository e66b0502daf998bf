//! Reading what happened in a room since the last event that an account has taken: in order, pictures and all. It is done while
//! the account's timeline of the room is behind, as a chore; a restart begins anew where the last event was taken.

use std::{ops::ControlFlow, time::Duration};

use bridge::{Arrival, Batch, Failure, RemoteProfile};
use domain::{Timestamp, media::Attachment};
use futures_util::future::try_join_all;
use ruma::{OwnedEventId, RoomId};
use tokio::time::Instant;

use crate::{
    appservice::{Appservice, host_failure},
    arrival::{Fetched, Heard, Seat, SeatKind, wanted},
    chores::Chore,
    event::{Event, What},
    homeserver::{Trouble, time_for},
    intake::Taken,
    media::Unfetched,
    message::{self, Body, RemoteMedia, Said},
    places::Draft,
    portal::Place,
    status::{Outcome, UNREAD},
    timeline::{Backward, Lacking, MOST_BYTES, Timeline, has_gone},
    transaction::value,
};

/// How many events are asked for first: mostly what is missed is little.
const FIRST_PAGE: u32 = 20;
/// How many are asked for at once after that.
const PAGE: u32 = 100;
/// How much of what was said before the ghost came is told of a room of several people.
const PAST_OF_ROOM: usize = 50;
/// Of how many messages the keys are asked for while one before them is waited for.
const ASKED_AT_ONCE: usize = 100;
/// How many arrivals are committed together.
const TOGETHER: usize = 50;
/// For how long a picture or file that cannot be had is tried again, besides the time that its bytes take: what is said after it
/// waits for it.
const FETCH: Duration = Duration::from_mins(1);
/// How large a file may be that does not say, so that it still comes whole on a slow way.
const UNSAID: u64 = 8 * 1024 * 1024;
/// How long all emoticons of a message together may take.
const ORNAMENTS: Duration = Duration::from_secs(10);
/// The longest wait between two attempts at it.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// What was read and is to be committed together.
#[derive(Default)]
struct Run {
    arrivals: Vec<Arrival>,
    taken: Vec<Taken>,
    /// The events of the room, in order.
    read: Vec<(OwnedEventId, Timestamp)>,
    /// Those that stand further back in the room than was read.
    late: Vec<OwnedEventId>,
    /// What the last arrival stands for, where that tells of messages that cannot be decrypted.
    lost: Option<Lost>,
}

/// Messages of one sender, one after another, that cannot be decrypted: they are told of in one line.
struct Lost {
    /// The first of them.
    first: Event,
    count: usize,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handed {
    /// It was taken; more has to be read.
    Behind,
    /// It was taken, and that was all.
    CaughtUp,
    /// It was taken; what comes next cannot be decrypted yet.
    Sealed,
    /// The ghost is not in the room any more.
    Gone,
}

impl Run {
    /// A message cannot be decrypted; where the line before tells of some of the same sender, it tells of this one, too.
    fn loses(&mut self, seat: &Seat, author: &RemoteProfile, event: Event, is_on: bool) {
        let before = self.lost.take().filter(|lost| lost.first.sender == event.sender);
        let lost = match before {
            Some(Lost { first, count }) => {
                self.arrivals.pop();
                Lost { first, count: count + 1 }
            }
            None => Lost { first: event, count: 1 },
        };
        let sender = &lost.first.sender;
        let said = if is_on { message::lost(sender, lost.count) } else { message::unread(lost.count) };
        let addressed = seat.pair().is_some();
        self.arrivals.extend(seat.arrivals(author, &lost.first, &said, addressed, &Fetched::new()));
        self.lost = Some(lost);
    }
}

impl Appservice {
    /// Reads on in a room until the account is up to date.
    pub(crate) async fn read_on(&self, place: &Place) -> Result<(), Failure> {
        while let Some((seat, timeline)) = self.standing(place).await {
            if !timeline.is_behind() {
                return Ok(());
            }
            let outages = self.homeserver.outages();
            let (lacking, cut_short) = self.lacking(&seat, place, &timeline).await?;
            let last = cut_short.is_none().then_some(outages);
            let handed = self.take_all(&seat, place, &timeline, last, lacking).await?;
            if let Some(failure) = cut_short {
                return Err(failure);
            }
            match handed {
                Handed::Behind => {}
                Handed::Sealed => return Err(Failure::retry("a message cannot be decrypted yet")),
                Handed::CaughtUp | Handed::Gone => return Ok(()),
            }
        }
        Ok(())
    }

    /// Where an account sits in a room, and how far it has got there, after every change that is being committed.
    pub(crate) async fn standing(&self, place: &Place) -> Option<(Seat, Timeline)> {
        let mut draft = Draft::begin(&self.chats, &self.portals).await;
        let seat = draft.seat(place, &self.configuration.names, &self.called())?;
        let timeline = draft.timeline(&seat, &place.room)?.clone();
        Some((seat, timeline))
    }

    /// Changes how far an account has got, for good.
    pub(crate) async fn change_timeline(
        &self,
        seat: &Seat,
        room: &RoomId,
        change: impl FnOnce(&mut Timeline) + Send,
    ) -> Result<(), Failure> {
        let mut draft = Draft::begin(&self.chats, &self.portals).await;
        if let Some(timeline) = draft.timeline(seat, room) {
            change(timeline);
        }
        let writes = draft.writes();
        if !writes.is_empty() {
            self.host.write(writes).await.map_err(|fault| host_failure(&fault))?;
        }
        draft.committed();
        Ok(())
    }

    /// What a timeline lacks; and where not all of that could be had, why: then it is what comes first.
    async fn lacking(
        &self,
        seat: &Seat,
        place: &Place,
        timeline: &Timeline,
    ) -> Result<(Lacking, Option<Failure>), Failure> {
        let mut lacking = match self.read_back(seat, place, timeline).await {
            Ok((_, true)) if self.is_out(place).await? => return Ok((Lacking::default(), None)),
            Ok((lacking, _)) => lacking,
            Err(trouble @ Trouble::Refused { .. }) => {
                if self.is_out(place).await? {
                    return Ok((Lacking::default(), None));
                }
                tracing::warn!(owner = %place.owner, room = %place.room, %trouble, "what was said in a room earlier is not shown");
                Lacking::default()
            }
            Err(trouble) => return Err(self.not_shown(seat, place, trouble).await),
        };
        let (mut late, mut bytes) = (Vec::new(), 0);
        let ghost = self.homeserver.acting_as(&seat.ghost);
        for missed in timeline.missed() {
            if lacking.has(missed) {
                continue;
            }
            // The rest is read once these are taken.
            if bytes > MOST_BYTES {
                break;
            }
            let lost = match ghost.event(&place.room, missed).await {
                Ok(event) => {
                    bytes += event.get().len();
                    let event = value(&event).and_then(|event| Event::read(&event, &self.configuration.names));
                    match event.filter(|event| event.id == *missed) {
                        Some(event) => {
                            late.push(event);
                            continue;
                        }
                        None => "it cannot be read".to_owned(),
                    }
                }
                Err(trouble @ Trouble::Refused { .. }) => trouble.to_string(),
                Err(trouble) => {
                    // What was asked for is kept: where there is much, all of it in one go might never come about.
                    let failure = self.not_shown(seat, place, trouble).await;
                    return Ok((Lacking { late, ..Lacking::default() }, Some(failure)));
                }
            };
            tracing::warn!(owner = %place.owner, room = %place.room, event = %missed, lost, "an event that was pushed is not shown any more");
            self.change_timeline(seat, &place.room, |timeline| timeline.lets_go(missed)).await?;
        }
        late.append(&mut lacking.late);
        Ok((Lacking { late, ..lacking }, None))
    }

    /// The homeserver did not show something of a room. Whether it is away or cannot do this makes a difference to how long what
    /// is said there waits.
    async fn not_shown(&self, seat: &Seat, place: &Place, trouble: Trouble) -> Failure {
        if trouble.is_inability()
            && let Err(failure) = self.change_timeline(seat, &place.room, Timeline::is_not_shown).await
        {
            return failure;
        }
        trouble.into()
    }

    /// What a room shows that a timeline lacks, and whether it shows that the ghost has gone.
    async fn read_back(&self, seat: &Seat, place: &Place, timeline: &Timeline) -> Result<(Lacking, bool), Trouble> {
        let ghost = self.homeserver.acting_as(&seat.ghost);
        let mut backward = Backward::new(timeline, &seat.ghost, &self.configuration.names);
        if timeline.is_new() && matches!(seat.kind, SeatKind::Portal { .. }) {
            backward = backward.with_past(PAST_OF_ROOM);
        }
        let (mut from, mut size) = (None, FIRST_PAGE);
        let mut is_gone = false;
        loop {
            let page = ghost.page(&place.room, from, size).await?;
            // Only the newest page tells.
            is_gone |= size == FIRST_PAGE && has_gone(&page.events, &seat.ghost);
            {
                let mut speakers = self.speakers();
                for (user, name) in &page.speakers {
                    if speakers.name(&place.room, user).is_none() {
                        speakers.learn(&place.room, user, name);
                    }
                }
            }
            (from, size) = (page.end, PAGE);
            if matches!(backward.read(&page.events), ControlFlow::Break(())) || from.is_none() {
                return Ok((backward.lacking(), is_gone));
            }
        }
    }

    /// Takes what was read, in its order. `last`: that is all there was, after so many outages.
    async fn take_all(
        &self,
        seat: &Seat,
        place: &Place,
        timeline: &Timeline,
        last: Option<u64>,
        Lacking { late, events, past }: Lacking,
    ) -> Result<Handed, Failure> {
        let mut run = Run::default();
        let mut is_changed = false;
        let late_ones = late.len();
        let past = late_ones..late_ones + past;
        let mut events = late.into_iter().chain(events).enumerate();
        while let Some((at, event)) = events.next() {
            is_changed |= matches!(event.what, What::Changed(_));
            self.note_third(seat, &event).await?;
            let event = self.opened_for(seat, timeline, event).await;
            // Of a room of several people. Whoever asks for a chat speaks to the account from the first word on.
            let is_past = past.contains(&at) && matches!(seat.kind, SeatKind::Portal { .. });
            match self.rules().hear(seat, &event) {
                Heard::Line(_) | Heard::Sealed if timeline.has_taken(&event.id) => {}
                // What was said before the ghost came need not be for it.
                Heard::Line(_) if is_past && matches!(event.what, What::Unread(_)) => {}
                Heard::Sealed if is_past => {}
                Heard::Sealed => {
                    self.ask_for_keys(seat, timeline, events.map(|(_, event)| event)).await;
                    return match self.hand_in(seat, place, run, None).await? {
                        Handed::Gone => Ok(Handed::Gone),
                        Handed::Behind | Handed::CaughtUp | Handed::Sealed => Ok(Handed::Sealed),
                    };
                }
                Heard::Line(_) if matches!(event.what, What::Unread(_)) => {
                    let author = self.author(seat, &event).await?;
                    if seat.is_with(&event.sender) {
                        self.report_status(place.room.clone(), event.id.clone(), Outcome::Failed(UNREAD.to_owned()));
                    }
                    run.loses(seat, &author, event.clone(), self.encryption.is_on());
                }
                Heard::Line(said) => {
                    run.lost = None;
                    let media = wanted(&said);
                    // What is older does not wait for what has to be fetched.
                    if !media.is_empty()
                        && self.hand_in(seat, place, std::mem::take(&mut run), None).await? == Handed::Gone
                    {
                        return Ok(Handed::Gone);
                    }
                    let fetched = self.fetch_all(seat, &said, &media).await?;
                    let author = self.author(seat, &event).await?;
                    let addressed = seat.is_addressed(&event, &said, &self.speakers());
                    run.arrivals.extend(seat.arrivals(&author, &event, &said, addressed, &fetched));
                    if seat.is_with(&event.sender) {
                        run.taken.push(Taken {
                            owner: place.owner.clone(),
                            room: place.room.clone(),
                            event: event.id.clone(),
                        });
                    }
                }
                Heard::Unwanted => {
                    self.report_status(place.room.clone(), event.id.clone(), Outcome::Forbidden);
                }
                Heard::Nothing => {}
            }
            if at < late_ones {
                run.late.push(event.id);
            } else {
                run.read.push((event.id, event.sent));
            }
            if run.arrivals.len() >= TOGETHER
                && self.hand_in(seat, place, std::mem::take(&mut run), None).await? == Handed::Gone
            {
                return Ok(Handed::Gone);
            }
        }
        if is_changed && matches!(seat.kind, SeatKind::Portal { .. }) {
            self.chores.add(Chore::Portal(place.clone()));
        }
        self.hand_in(seat, place, run, last).await
    }

    /// An event as it is for this seat: decrypted, if that has to be done for it and can be.
    async fn opened_for(&self, seat: &Seat, timeline: &Timeline, event: Event) -> Event {
        let is_wanted = matches!(self.rules().hear(seat, &event), Heard::Sealed) && !timeline.has_taken(&event.id);
        if is_wanted { self.opened(event, Some(&*seat.ghost)).await } else { event }
    }

    /// Has the keys of what is still to be read asked for, all at once: how long each is waited for counts from now on, and not from
    /// when the one before it came or was given up.
    async fn ask_for_keys(&self, seat: &Seat, timeline: &Timeline, events: impl Iterator<Item = Event> + Send) {
        for event in events.filter(Event::is_sealed).take(ASKED_AT_ONCE) {
            self.opened_for(seat, timeline, event).await;
        }
    }

    /// Notes that somebody else than its two is in a chat: nothing that is for the one person may be said there.
    pub(crate) async fn note_third(&self, seat: &Seat, event: &Event) -> Result<(), Failure> {
        let What::Present { user, .. } = &event.what else { return Ok(()) };
        match seat.pair().filter(|pair| self.configuration.names.is_third(pair, user)) {
            Some(pair) => self.change(&pair, |chat| chat.crowd(&event.room)).await,
            None => Ok(()),
        }
    }

    /// Commits a run together with how far the account has got by it. `last`: it is the last that was read, after so many outages.
    async fn hand_in(&self, seat: &Seat, place: &Place, run: Run, last: Option<u64>) -> Result<Handed, Failure> {
        let Run { arrivals, taken, read, late, lost: _ } = run;
        if read.is_empty() && late.is_empty() && last.is_none() {
            return Ok(Handed::Behind);
        }
        let mut draft = Draft::begin(&self.chats, &self.portals).await;
        let Some(timeline) = draft.timeline(seat, &place.room) else { return Ok(Handed::Gone) };
        timeline.has_read(&read);
        for event in &late {
            timeline.settles(event);
        }
        let is_done = last.is_some_and(|outages| timeline.is_caught_up(outages));
        let handed = if is_done { Handed::CaughtUp } else { Handed::Behind };
        let writes = draft.writes();
        let count = arrivals.len();
        let accepted = self.host.accept(Batch { arrivals, writes }).await.map_err(|fault| host_failure(&fault))?;
        draft.committed();
        if !read.is_empty() || !late.is_empty() {
            self.chores.has_advanced(&Chore::Read(place.clone()));
        }
        tracing::debug!(owner = %place.owner, room = %place.room, count, ?handed, "what was said in a room was read");
        self.report(taken, &accepted);
        Ok(handed)
    }

    /// Whoever says something, with the name they have in the room.
    async fn author(&self, seat: &Seat, event: &Event) -> Result<RemoteProfile, Failure> {
        let names = &self.configuration.names;
        let known = seat.author(event, names, &mut self.speakers());
        if let Some(author) = known {
            return Ok(author);
        }
        let member = self.homeserver.acting_as(&seat.ghost).member(&event.room, &event.sender).await?;
        let name = member.name.unwrap_or_default();
        self.speakers().learn(&event.room, &event.sender, &name);
        Ok(names.profile(&event.sender, &name))
    }

    /// Fetches what a message shows: emoticons all at once and not for long, a file for as long as its size allows.
    async fn fetch_all(&self, seat: &Seat, said: &Said, media: &[RemoteMedia]) -> Result<Fetched, Failure> {
        let is_file = matches!(said, Said::Message { body: Body::Media { .. }, .. });
        let limit = self.configuration.largest_file;
        let mut fetching = Vec::new();
        for media in media {
            let bytes = media.size.unwrap_or(UNSAID).min(limit);
            let patience = if is_file { time_for(bytes) } else { ORNAMENTS };
            fetching.push(self.fetch_once(seat, media, patience));
        }
        let fetched = try_join_all(fetching).await?;
        Ok(media.iter().map(|media| media.uri.clone()).zip(fetched).collect())
    }

    /// Fetches a file, or says why it cannot be had. A failure of the homeserver itself is a failure: that is waited for, as is
    /// room for it here.
    async fn fetch_once(
        &self,
        seat: &Seat,
        media: &RemoteMedia,
        patience: Duration,
    ) -> Result<Result<Attachment, String>, Failure> {
        let mut reason = "it took too long".to_owned();
        let attempts = async {
            let began = Instant::now();
            let mut wait = Duration::from_secs(1);
            loop {
                let attempt = Instant::now();
                match self.fetch(&seat.ghost, media).await {
                    Ok(file) => return Some(Ok(Ok(file))),
                    Err(Unfetched::Here(failure)) => return Some(Err(failure)),
                    Err(Unfetched::There(Failure::Retry { after, reason: why })) => {
                        tracing::debug!(uri = %media.uri, why, "a file cannot be fetched now");
                        reason = why;
                        // What is refused at once does not come by waiting as long as its bytes would take.
                        if began.elapsed() > FETCH && attempt.elapsed() < LONGEST_WAIT {
                            return None;
                        }
                        tokio::time::sleep(after.unwrap_or(wait).min(LONGEST_WAIT)).await;
                        wait = (wait * 2).min(LONGEST_WAIT);
                    }
                    Err(Unfetched::There(
                        failure @ (Failure::Refused { .. } | Failure::Unsupported { .. } | Failure::SignedOut { .. }),
                    )) => {
                        return Some(Ok(Err(failure.to_string())));
                    }
                }
            }
        };
        if let Ok(Some(outcome)) = tokio::time::timeout(patience, attempts).await {
            return outcome;
        }
        self.homeserver.versions().await?;
        Ok(Err(reason))
    }
}

#[cfg(test)]
mod tests;
