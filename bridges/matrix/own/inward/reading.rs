//! Reading a room of a linked account back to where it has got: in order, decrypted, pictures and all. It is done while the room's
//! timeline is behind; a restart begins anew where the last event was taken.

use std::{
    collections::{BTreeSet, HashMap},
    ops::ControlFlow,
};

use bridge::{Arrival, Batch, Failure, RemoteProfile};
use domain::Timestamp;
use futures_util::FutureExt as _;
use matrix_sdk::{Room, room::MessagesOptions};
use ruma::{
    OwnedEventId, RoomId,
    api::client::filter::LazyLoadOptions,
    events::receipt::{ReceiptThread, ReceiptType},
};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;

use super::{
    fetching::fetch_all,
    gap::{self, skipped},
    intake,
    piece::{Listener, Piece, in_room},
    unread::{MOST_UNREAD, first_unread},
};
use crate::{
    appservice::{Appservice, host_failure},
    arrival::{Heard, Seat, wanted},
    chat::profile,
    event::{Event, What, shown_name},
    homeserver::Trouble,
    own::{OwnAccount, held::Patience, rooms::OwnRoom},
    timeline::{self, Backward, Timeline},
};

/// How many events are asked for first: mostly what is missed is little.
const FIRST_PAGE: u32 = 20;
/// How many are asked for at once after that.
const PAGE: u32 = 100;
/// How much of what was said before the account came is told of a room of several people.
const PAST_OF_ROOM: usize = 50;
/// How many arrivals are committed together.
const TOGETHER: usize = 50;

/// What became of reading a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The account is up to date there, or hears nothing there any more.
    Done,
    /// Something is encrypted with a key that may come until then.
    Waits(Instant),
}

/// What a room shows that its timeline lacks.
#[derive(Debug, Default)]
struct Lacking {
    /// What was pushed and stands further back in the room than where it was read up to.
    late: Vec<Piece>,
    /// What it shows after that, oldest first.
    pieces: Vec<Piece>,
    /// From which of these on they are told.
    told_from: usize,
    /// How many messages are left out before that, where it has to be said.
    left_out: usize,
}

/// What was read and is to be committed together.
#[derive(Default)]
struct Run {
    arrivals: Vec<Arrival>,
    read: Vec<(OwnedEventId, Timestamp)>,
    late: Vec<OwnedEventId>,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handed {
    /// It was taken; more has to be read.
    Behind,
    /// It was taken, and that was all.
    CaughtUp,
    /// The account hears nothing there any more.
    Gone,
    /// It was taken; what follows waits for a key.
    Waits(Instant),
}

#[derive(Deserialize)]
struct Member {
    #[serde(rename = "type")]
    kind: String,
    state_key: ruma::OwnedUserId,
    content: MemberContent,
}

#[derive(Deserialize)]
struct MemberContent {
    displayname: Option<String>,
}

/// Reads a room of an account.
pub(super) struct Reader<'a> {
    account: &'a OwnAccount,
    appservice: &'a Appservice,
    ghost: Option<ruma::OwnedUserId>,
}

impl<'a> Reader<'a> {
    /// Reads for an account.
    pub(super) fn new(account: &'a OwnAccount, appservice: &'a Appservice) -> Self {
        Self { account, appservice, ghost: account.configuration.names.ghost(&account.owner) }
    }

    /// Reads on in a room until the account is up to date, or a key is lacking.
    pub(super) async fn read_on(&self, id: &RoomId) -> Result<Step, Failure> {
        let Some(room) = self.account.client.get_room(id) else {
            return Err(Failure::retry("the homeserver has not told of this room yet"));
        };
        while let Some((seat, kept)) = self.standing(id).await {
            if !kept.timeline.is_behind() {
                return Ok(Step::Done);
            }
            let lacking = self.lacking(&room, &seat, &kept).await?;
            match self.take_all(&room, &seat, &kept, lacking).await? {
                Handed::Behind => {}
                Handed::CaughtUp | Handed::Gone => return Ok(Step::Done),
                Handed::Waits(until) => return Ok(Step::Waits(until)),
            }
        }
        Ok(Step::Done)
    }

    fn listener(&self) -> Listener<'_> {
        Listener {
            me: &self.account.me,
            ghost: self.ghost.as_deref(),
            show_joins: self.account.configuration.show_joins,
        }
    }

    /// Where the account sits, after every change that is being committed; `None` where it hears nothing.
    async fn standing(&self, room: &RoomId) -> Option<(Seat, OwnRoom)> {
        let kept = self.account.rooms.begin().await.get(room).filter(OwnRoom::is_heard)?;
        let called = self.appservice.called().get(&self.account.owner).cloned().unwrap_or_default();
        Some((kept.seat(&self.account.owner, &self.account.me, room, &called), kept))
    }

    /// What a room shows that its timeline lacks, with what was pushed and stands elsewhere.
    async fn lacking(&self, room: &Room, seat: &Seat, kept: &OwnRoom) -> Result<Lacking, Failure> {
        let read = match (kept.unread, kept.timeline.is_new()) {
            (Some(most), true) => self.read_unread(room, seat, kept, most).await,
            (Some(_), false) | (None, _) => self.read_back(room, seat, kept).await,
        };
        let mut lacking = match read {
            Ok(lacking) => lacking,
            Err(trouble @ Trouble::Refused { .. }) => {
                tracing::warn!(owner = %seat.owner, room = %room.room_id(), %trouble, "what was said in a room earlier is not shown");
                Lacking::default()
            }
            Err(trouble) => return Err(self.not_shown(room.room_id(), trouble).await),
        };
        for missed in kept.timeline.missed() {
            let is_here = |pieces: &[Piece]| pieces.iter().any(|piece| piece.event.id == *missed);
            if is_here(&lacking.pieces) || is_here(&lacking.late) {
                continue;
            }
            let lost = match room.event(missed, None).boxed().await.map_err(Trouble::from) {
                Ok(event) => {
                    match Piece::of(&event, room.room_id(), &self.account.me, &self.account.configuration.names) {
                        Some(piece) if piece.event.id == *missed => {
                            lacking.late.push(piece);
                            continue;
                        }
                        Some(_) | None => "it cannot be read".to_owned(),
                    }
                }
                Err(trouble @ Trouble::Refused { .. }) => trouble.to_string(),
                Err(trouble) => return Err(self.not_shown(room.room_id(), trouble).await),
            };
            tracing::warn!(owner = %seat.owner, room = %room.room_id(), event = %missed, lost, "an event of a sync is not shown any more");
            self.change_timeline(room.room_id(), |timeline| timeline.lets_go(missed)).await?;
        }
        Ok(lacking)
    }

    /// The homeserver did not show something of a room. Whether it is away or cannot do this makes a difference to how long what
    /// is said there waits.
    async fn not_shown(&self, room: &RoomId, trouble: Trouble) -> Failure {
        if trouble.is_inability()
            && let Err(failure) = self.change_timeline(room, Timeline::is_not_shown).await
        {
            return failure;
        }
        trouble.into()
    }

    async fn change_timeline(&self, room: &RoomId, change: impl FnOnce(&mut Timeline) + Send) -> Result<(), Failure> {
        let mut draft = self.account.rooms.begin().await;
        if let Some(kept) = draft.known(room) {
            change(&mut kept.timeline);
        }
        let writes = draft.writes();
        if !writes.is_empty() {
            self.account.host.write(writes).await.map_err(|fault| host_failure(&fault))?;
        }
        draft.committed();
        Ok(())
    }

    /// The last events of a room that was there before the account was linked: told is what it has not read elsewhere.
    async fn read_unread(&self, room: &Room, seat: &Seat, kept: &OwnRoom, most: u32) -> Result<Lacking, Trouble> {
        let (mut pieces, _) = self.page(room, None, if most == 0 { MOST_UNREAD } else { PAGE }).await?;
        pieces.reverse();
        let mut marks: BTreeSet<OwnedEventId> = room.fully_read_event_id().into_iter().collect();
        for kind in [ReceiptType::Read, ReceiptType::ReadPrivate] {
            for thread in [ReceiptThread::Unthreaded, ReceiptThread::Main] {
                let read = room.load_user_receipt(kind.clone(), thread, &self.account.me).boxed().await?;
                marks.extend(read.map(|(event, _)| event));
            }
        }
        let listener = self.listener();
        let is_line = |piece: &Piece| listener.is_line(seat, piece);
        let told_from = first_unread(&pieces, &self.account.me, &marks, kept.timeline.missed(), most, is_line);
        Ok(Lacking { late: Vec::new(), pieces, told_from, left_out: 0 })
    }

    /// What happened since the last event that was taken.
    async fn read_back(&self, room: &Room, seat: &Seat, kept: &OwnRoom) -> Result<Lacking, Trouble> {
        let names = &self.account.configuration.names;
        let mut backward = Backward::new(&kept.timeline, &self.account.me, names);
        if kept.timeline.is_new() && seat.pair().is_none() {
            backward = backward.with_past(PAST_OF_ROOM);
        }
        let mut read: HashMap<OwnedEventId, Piece> = HashMap::new();
        let (mut from, mut size) = (None, FIRST_PAGE);
        loop {
            let (events, end) = self.events(room, from, size).await?;
            let mut raws = Vec::new();
            for (raw, piece) in events {
                raws.push(raw);
                read.extend(piece.map(|piece| (piece.event.id.clone(), piece)));
            }
            (from, size) = (end, PAGE);
            if matches!(backward.read(&raws), ControlFlow::Break(())) || from.is_none() {
                break;
            }
        }
        let timeline::Lacking { late, events, past } = backward.lacking();
        let mut pieces_of = |events: Vec<Event>| -> Vec<Piece> {
            events.into_iter().filter_map(|event| read.remove(&event.id)).collect()
        };
        let (late, mut pieces) = (pieces_of(late), pieces_of(events));
        // Nobody gives keys of what was said before they came.
        for piece in pieces.iter_mut().take(past).filter(|piece| piece.event.is_sealed()) {
            piece.event.what = What::Nothing;
        }
        let listener = self.listener();
        let is_line = |piece: &Piece| listener.is_line(seat, piece) && !kept.timeline.has_taken(&piece.event.id);
        let left_out = if kept.is_silent() { None } else { skipped(&pieces, is_line) };
        let (told_from, left_out) = left_out.map_or((0, 0), |left_out| (left_out.before, left_out.messages));
        Ok(Lacking { late, pieces, told_from, left_out })
    }

    /// Some events of a room before `from`, newest first, and where the next page begins.
    async fn page(
        &self,
        room: &Room,
        from: Option<String>,
        most: u32,
    ) -> Result<(Vec<Piece>, Option<String>), Trouble> {
        let (events, end) = self.events(room, from, most).await?;
        Ok((events.into_iter().filter_map(|(_, piece)| piece).collect(), end))
    }

    /// The same, each as it is and as what it means.
    async fn events(
        &self,
        room: &Room,
        from: Option<String>,
        most: u32,
    ) -> Result<(Vec<(Box<RawValue>, Option<Piece>)>, Option<String>), Trouble> {
        let (id, names) = (room.room_id(), &self.account.configuration.names);
        let mut options = MessagesOptions::backward().from(from.as_deref());
        options.limit = most.into();
        options.filter.lazy_load_options = LazyLoadOptions::Enabled { include_redundant_members: false };
        let page = room.messages(options).boxed().await?;
        {
            let mut speakers = self.appservice.speakers();
            for state in &page.state {
                let Ok(member) = state.deserialize_as_unchecked::<Member>() else { continue };
                if member.kind == "m.room.member" && speakers.name(id, &member.state_key).is_none() {
                    speakers.learn(id, &member.state_key, &shown_name(&member.content.displayname.unwrap_or_default()));
                }
            }
        }
        let events: Vec<_> = page
            .chunk
            .iter()
            .filter_map(|event| {
                let raw = to_raw_value(&in_room(event.raw().json(), id)?).ok()?;
                Some((raw, Piece::of(event, id, &self.account.me, names)))
            })
            .collect();
        // A page without events is the last, whatever stands there.
        let end = if page.chunk.is_empty() { None } else { page.end };
        Ok((events, end))
    }

    /// Takes what was read, in its order, up to what cannot be decrypted yet.
    async fn take_all(&self, room: &Room, seat: &Seat, kept: &OwnRoom, lacking: Lacking) -> Result<Handed, Failure> {
        let Lacking { late, pieces, told_from, left_out } = lacking;
        let late_ones = late.len();
        self.meet_sealed(late.iter().chain(pieces.iter().skip(told_from)));
        let mut run = Run::default();
        for (at, mut piece) in late.into_iter().chain(pieces).enumerate() {
            let is_told = (at < late_ones || at - late_ones >= told_from) && !kept.is_silent();
            if is_told && let Some(until) = self.waits(seat, &piece) {
                let handed = self.hand_in(seat, room.room_id(), run, false).await?;
                return Ok(if handed == Handed::Gone { Handed::Gone } else { Handed::Waits(until) });
            }
            if is_told && self.listener().is_line(seat, &piece) {
                piece = piece.given_up(&self.account.configuration.names);
            }
            if is_told && !kept.timeline.has_taken(&piece.event.id) {
                let listener = self.listener();
                if let Heard::Line(said) = listener.hears(seat, &piece) {
                    let media = wanted(&said);
                    // What is older does not wait for what has to be fetched.
                    if !media.is_empty()
                        && self.hand_in(seat, room.room_id(), std::mem::take(&mut run), false).await? == Handed::Gone
                    {
                        return Ok(Handed::Gone);
                    }
                    let fetched = fetch_all(self.account, &said, &media).await?;
                    let author = self.author(room, seat, &piece).await?;
                    let addressed = seat.is_addressed(&piece.event, &said, &self.appservice.speakers());
                    run.arrivals.extend(seat.arrivals(&author, &piece.event, &said, addressed, &fetched));
                }
            }
            if left_out > 0 && at + 1 == late_ones + told_from {
                run.arrivals.push(gap::line(seat, self.teller(seat), &piece, left_out));
            }
            if at < late_ones {
                run.late.push(piece.event.id);
            } else {
                run.read.push((piece.event.id, piece.event.sent));
            }
            if run.arrivals.len() >= TOGETHER
                && self.hand_in(seat, room.room_id(), std::mem::take(&mut run), false).await? == Handed::Gone
            {
                return Ok(Handed::Gone);
            }
        }
        self.hand_in(seat, room.room_id(), run, true).await
    }

    /// Everything that cannot be decrypted is waited for from now on, not only the first of it.
    fn meet_sealed<'piece>(&self, pieces: impl Iterator<Item = &'piece Piece>) {
        let now = Instant::now();
        let mut passing = self.account.rooms.passing();
        for piece in pieces.filter(|piece| piece.event.is_sealed()) {
            passing.held.meets(&piece.event.id, piece.is_lost, now);
        }
    }

    /// Until when a piece is waited for; `None` where it is told as it is.
    fn waits(&self, seat: &Seat, piece: &Piece) -> Option<Instant> {
        if self.listener().hears(seat, piece) != Heard::Sealed {
            return None;
        }
        match self.account.rooms.passing().held.meets(&piece.event.id, piece.is_lost, Instant::now()) {
            Patience::Until(until) => Some(until),
            Patience::Over => None,
        }
    }

    /// Commits a run together with how far the account has got by it. `is_all`: everything was read that there was.
    async fn hand_in(&self, seat: &Seat, room: &RoomId, run: Run, is_all: bool) -> Result<Handed, Failure> {
        let Run { arrivals, read, late } = run;
        if read.is_empty() && late.is_empty() && !is_all {
            return Ok(Handed::Behind);
        }
        let mut draft = self.account.rooms.begin().await;
        let Some(kept) = draft.known(room).filter(|kept| kept.is_heard()) else { return Ok(Handed::Gone) };
        kept.timeline.has_read(&read);
        for event in &late {
            kept.timeline.settles(event);
        }
        if !read.is_empty() || is_all {
            kept.unread = None;
        }
        let handed = if is_all && kept.timeline.is_caught_up(0) { Handed::CaughtUp } else { Handed::Behind };
        let writes = draft.writes();
        let count = arrivals.len();
        self.account.host.accept(Batch { arrivals, writes }).await.map_err(|fault| host_failure(&fault))?;
        draft.committed();
        {
            let mut passing = self.account.rooms.passing();
            read.iter().map(|(event, _)| event).chain(&late).for_each(|event| passing.held.has_gone(event));
        }
        tracing::debug!(owner = %seat.owner, %room, count, ?handed, "a room of a linked account was read");
        Ok(handed)
    }

    /// Whoever says something, with the name they have in the room.
    async fn author(&self, room: &Room, seat: &Seat, piece: &Piece) -> Result<RemoteProfile, Failure> {
        let (names, event) = (&self.account.configuration.names, &piece.event);
        let known = intake::author(seat, event, names, &mut self.appservice.speakers());
        if let Some(author) = known {
            return Ok(author);
        }
        let member = room.get_member_no_sync(&event.sender).boxed().await.map_err(Trouble::from)?;
        let name = member.as_ref().and_then(|member| member.display_name()).map(shown_name).unwrap_or_default();
        self.appservice.speakers().learn(room.room_id(), &event.sender, &name);
        Ok(names.profile(&event.sender, &name))
    }

    /// In whose name a line of our own stands: in a chat with one person nobody else has a place.
    fn teller(&self, seat: &Seat) -> RemoteProfile {
        let names = &self.account.configuration.names;
        match seat.pair() {
            Some(pair) => profile(&pair.user, ""),
            None => names.profile(names.bot(), "Chrysalis"),
        }
    }
}
