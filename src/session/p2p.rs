//! A remote contact as the peer of one Messenger user: pictures, emoticons and files in both directions.
//!
//! A [`Peer`] plays the contact ("we") towards one Messenger user ("they"), whatever switchboard carries it: its state belongs to the
//! two, and outlives switchboards. [`Peer::process`] takes what happened as an [`Input`] and gives what is to be done as
//! [`Output`]s; [`Peer::deadline`] says when it wants an [`Input::Tick`].
//!
//! A packet walks one way: it is read here; MSNSLP texts are put together by the desk in `intake`, understood in `requests`, and make,
//! answer or end a `call`; data goes to the call of its session, which is one of `serving`, `fetching`, `offering` and
//! `receiving`. What is said goes through the `line`, and leaves when there is credit: words first, then one packet of data of each
//! call in turn, so that a big file does not delay a small picture.

mod call;
mod fetching;
mod intake;
mod line;
mod numbers;
mod offering;
mod receiving;
mod requests;
mod serving;
mod stream;
mod transfers;
mod words;

#[cfg(test)]
mod tests;

use std::time::Instant;

use bytes::Bytes;
use msnp::p2p::packet::{Flags, Packet};

use call::{Call, Fate, Step};
use intake::{Desk, INK_SESSION};
use line::{Line, Word};

pub use words::{Activity, Failure, Input, Limits, Output, TransferId};

/// How many calls there can be at once.
const MOST_CALLS: usize = 32;

/// A remote contact towards one Messenger user.
#[derive(Debug)]
pub struct Peer {
    limits: Limits,
    line: Line,
    desk: Desk,
    calls: Vec<Call>,
    /// Whose turn it is to send a packet of data, counted in calls.
    turn: usize,
    next_of_theirs: u64,
}

impl Peer {
    /// A peer that has nothing to do. Both are passports; the numbers of its messages and packets begin at the halves of the seed.
    #[must_use]
    pub fn new(we: &str, they: &str, limits: Limits, seed: u64) -> Peer {
        Peer {
            limits,
            line: Line::new(we, they, seed),
            desk: Desk::default(),
            calls: Vec::new(),
            turn: 0,
            next_of_theirs: TransferId::FIRST_OF_THEIRS,
        }
    }

    /// Takes what happened and gives what is to be done, in its order. Chance is to be fresh random bits; identifiers of calls
    /// are made of them.
    pub fn process(&mut self, now: Instant, chance: u64, input: Input<'_>) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.line.numbers().stir(chance);
        self.line.expire(now);
        self.desk.expire(now);
        match input {
            Input::Packet(body) => self.hear(now, body, &mut outputs),
            Input::Invitation(fields) => self.invited_of_old(fields, &mut outputs),
            Input::Provide { transfer, data } => self.provide(now, transfer, data, &mut outputs),
            Input::Unavailable { transfer } | Input::DeclineFile { transfer } | Input::Cancel { transfer } => {
                self.step(now, transfer, &mut outputs, Call::cancelled);
            }
            Input::AcceptFile { transfer } => self.accept(now, transfer, &mut outputs),
            Input::OfferFile { transfer, name, size, preview } => {
                self.offer(now, transfer, &name, size, preview, &mut outputs);
            }
            Input::Feed { transfer, offset, data } => self.feed(now, transfer, offset, &data, &mut outputs),
            Input::Fetch { transfer, description } => self.fetch(now, transfer, &description, &mut outputs),
            Input::Ready { packets } => self.line.ready(packets),
            Input::Lost => self.lost(now),
            Input::Tick => self.tick(now, &mut outputs),
        }
        self.send(now, &mut outputs);
        outputs
    }

    /// When [`Input::Tick`] is wanted.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.calls.iter().map(|call| call.deadline).chain(self.desk.deadline()).min()
    }

    /// Whether nothing is going on, so that the peer can be dropped.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.desk.is_empty() && !self.line.has_words()
    }

    fn hear(&mut self, now: Instant, body: &Bytes, outputs: &mut Vec<Output>) {
        let Ok(packet) = Packet::parse(body) else { return };
        // Somebody who does not read is not answered: what waits for them must not grow without end.
        if self.line.is_full() {
            return;
        }
        if packet.header.flags.has_any(Flags::FAILED | Flags::RECEIVER_FAILED) {
            self.step_session(now, &packet, outputs, |call, step| call.ended(Failure::Aborted, step));
        } else if packet.data.is_empty() {
            self.signal(now, &packet, outputs);
        } else if matches!(packet.header.session, 0 | INK_SESSION) {
            if let Some(content) = self.desk.take(now, &packet, &mut self.line) {
                self.message(now, packet.header.session, &content, outputs);
            }
        } else {
            // Data of a call that is over is not acknowledged.
            self.step_session(now, &packet, outputs, |call, step| call.data(&packet, step));
        }
    }

    /// A packet without data.
    fn signal(&mut self, now: Instant, packet: &Packet, outputs: &mut Vec<Output>) {
        let header = &packet.header;
        if header.flags.has_any(Flags::ACKNOWLEDGEMENT) {
            self.line.acknowledged(header.acknowledgement);
            let awaiting = self.calls.iter().position(|call| call.awaits(header.acknowledgement));
            self.step_at(now, awaiting, outputs, Call::acknowledged);
        } else if header.flags.has_any(Flags::OUT_OF_ORDER) {
            self.line.resume(header.acknowledgement, header.acknowledged_size);
            for call in &mut self.calls {
                call.resume(header.acknowledgement, header.acknowledged_size);
            }
        } else if header.flags.has_any(Flags::CLOSED) {
            self.step_session(now, packet, outputs, Call::closed);
        }
    }

    fn lost(&mut self, now: Instant) {
        let data = self.line.lost();
        for call in &mut self.calls {
            let unsent = data.iter().find(|(session, _)| *session == call.session.number);
            call.lost(now, unsent.map(|(_, offset)| *offset), &self.line);
        }
    }

    fn tick(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        while let Some(due) = self.calls.iter().position(|call| call.deadline <= now) {
            self.step_at(now, Some(due), outputs, Call::expired);
        }
    }

    /// Sends what the credit allows: words first, then data in turn; and asks the shell for what will be needed next.
    fn send(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        while self.line.has_credit() {
            if let Some(Word { payload, completes }) = self.line.next_word() {
                outputs.push(Output::Send(payload));
                let spoken = self.calls.iter_mut().find(|call| completes.is_some_and(|message| call.awaits(message)));
                if let Some(call) = spoken {
                    call.spoken(now);
                }
            } else if let Some(payload) = self.next_data(now) {
                outputs.push(Output::Send(payload));
            } else {
                break;
            }
        }
        for call in &mut self.calls {
            if let Some((offset, length)) = call.want() {
                outputs.push(Output::Want { transfer: call.transfer, offset, length });
            }
        }
    }

    /// A packet of the next call that has one.
    fn next_data(&mut self, now: Instant) -> Option<Bytes> {
        let count = self.calls.len();
        for place in (0..count).map(|step| (self.turn + step) % count) {
            let payload = self.calls.get_mut(place).and_then(|call| call.next_packet(now, &mut self.line));
            if payload.is_some() {
                self.turn = place + 1;
                return payload;
            }
        }
        None
    }

    /// Lets something happen to the call of a transfer, if there is one.
    fn step(
        &mut self,
        now: Instant,
        transfer: TransferId,
        outputs: &mut Vec<Output>,
        happening: impl FnOnce(&mut Call, &mut Step<'_>) -> Fate,
    ) {
        let place = self.calls.iter().position(|call| call.transfer == transfer);
        self.step_at(now, place, outputs, happening);
    }

    /// Lets something happen to the call of a packet's session, if there is one.
    fn step_session(
        &mut self,
        now: Instant,
        packet: &Packet,
        outputs: &mut Vec<Output>,
        happening: impl FnOnce(&mut Call, &mut Step<'_>) -> Fate,
    ) {
        let place = self.calls.iter().position(|call| call.session.number == packet.header.session);
        self.step_at(now, place, outputs, happening);
    }

    /// Lets something happen to a call, and ends it if that is what comes of it.
    fn step_at(
        &mut self,
        now: Instant,
        place: Option<usize>,
        outputs: &mut Vec<Output>,
        happening: impl FnOnce(&mut Call, &mut Step<'_>) -> Fate,
    ) {
        let Some((place, call)) = place.and_then(|place| self.calls.get_mut(place).map(|call| (place, call))) else {
            return;
        };
        let fate = happening(call, &mut Step { now, line: &mut self.line, outputs });
        match fate {
            Fate::GoesOn => {}
            Fate::Over => drop(self.calls.remove(place)),
            Fate::HangUp => {
                let call = self.calls.remove(place);
                self.line.hang_up(now, &call.session.invitation.call);
            }
        }
    }
}
