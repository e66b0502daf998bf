//! What the shell wants of a peer.

use std::time::Instant;

use bytes::Bytes;
use msnp::mime::Headers;
use msnp::object::{self, MsnObject};
use msnp::p2p::file_context::FileContext;
use msnp::p2p::session_body::{FILE_APPLICATION, OBJECT_APPLICATION, Purpose, SessionRequest};
use msnp::p2p::slp::{ContentType, Method};

use super::call::{Call, DATA_PATIENCE, Fate, ROAD_PATIENCE, Session, Work};
use super::fetching::Fetching;
use super::offering::Offering;
use super::words::{Failure, Output, TransferId};
use super::{MOST_CALLS, Peer};

/// The largest picture of a file that is sent with the offer, in bytes.
const LARGEST_PREVIEW: usize = 32 << 10;

/// The longest description of an object that is asked for, in bytes. A wink's holds a signature of some thousands.
const LONGEST_DESCRIPTION: usize = 32 << 10;

impl Peer {
    pub(super) fn provide(&mut self, now: Instant, transfer: TransferId, data: Bytes, outputs: &mut Vec<Output>) {
        self.step(now, transfer, outputs, |call, step| {
            if let Work::Serving(serving) = &mut call.work
                && serving.is_asked()
            {
                serving.provide(data, &call.session, step);
                call.deadline = step.now + DATA_PATIENCE;
            }
            Fate::GoesOn
        });
    }

    pub(super) fn accept(&mut self, now: Instant, transfer: TransferId, outputs: &mut Vec<Output>) {
        self.step(now, transfer, outputs, |call, step| {
            if let Work::Receiving(receiving) = &mut call.work
                && receiving.is_offered()
            {
                call.deadline = receiving.accept(transfer, &call.session, step);
            }
            Fate::GoesOn
        });
    }

    pub(super) fn feed(
        &mut self,
        now: Instant,
        transfer: TransferId,
        offset: u64,
        data: &[u8],
        outputs: &mut Vec<Output>,
    ) {
        self.step(now, transfer, outputs, |call, step| match call.stream().map(|stream| stream.feed(offset, data)) {
            Some(Err(_)) => {
                step.fail(transfer, Failure::Truncated);
                Fate::HangUp
            }
            Some(Ok(())) | None => Fate::GoesOn,
        });
    }

    pub(super) fn offer(
        &mut self,
        now: Instant,
        transfer: TransferId,
        name: &str,
        size: u64,
        preview: Bytes,
        outputs: &mut Vec<Output>,
    ) {
        if !self.has_room_for(transfer) {
            return outputs.push(Output::Failed { transfer, why: Failure::TooMany });
        }
        let preview = if preview.len() > LARGEST_PREVIEW { Bytes::new() } else { preview };
        let context = FileContext::new(name, size, preview).to_context();
        self.begin_ours(now, transfer, Purpose::File, FILE_APPLICATION, context, |invitation| {
            Work::Offering(Offering::new(now, size, invitation))
        });
    }

    pub(super) fn fetch(&mut self, now: Instant, transfer: TransferId, description: &str, outputs: &mut Vec<Output>) {
        let limit = self.limits.object;
        let object = MsnObject::parse(description).filter(|_| description.len() <= LONGEST_DESCRIPTION);
        let why = match &object {
            None => Some(Failure::NotAnObject),
            Some(object) if object.size > limit => Some(Failure::TooLarge),
            Some(_) if !self.has_room_for(transfer) => Some(Failure::TooMany),
            Some(_) => None,
        };
        outputs.extend(why.map(|why| Output::Failed { transfer, why }));
        if let Some(object) = object.filter(|_| why.is_none()) {
            let context = object::context(description);
            self.begin_ours(now, transfer, Purpose::Object, OBJECT_APPLICATION, context, |invitation| {
                Work::Fetching(Fetching::new(object, limit, invitation))
            });
        }
    }

    /// Whether a call of ours can begin under that number.
    fn has_room_for(&self, transfer: TransferId) -> bool {
        let is_used = self.calls.iter().any(|call| call.transfer == transfer);
        !is_used && transfer.0 < TransferId::FIRST_OF_THEIRS && self.calls.len() < MOST_CALLS && !self.line.is_full()
    }

    fn begin_ours(
        &mut self,
        now: Instant,
        transfer: TransferId,
        purpose: Purpose,
        application: u32,
        context: String,
        work: impl FnOnce(u32) -> Work,
    ) {
        let number = self.free_session();
        let request = SessionRequest { purpose, session: number, application, context };
        let call = self.line.numbers().guid().to_string();
        let mut invitation = self.line.request(Method::Invite, &call, ContentType::SessionRequest);
        invitation.fields = request.to_fields();
        let work = work(self.line.say(now, &invitation));
        invitation.fields = Headers::new();
        let session = Session { invitation, number, application };
        self.calls.push(Call { transfer, session, deadline: now + ROAD_PATIENCE, work });
    }

    /// A number that no session has.
    fn free_session(&mut self) -> u32 {
        loop {
            let number = self.line.numbers().session();
            // There are a few sessions, and two thousand million numbers.
            if self.calls.iter().all(|call| call.session.number != number) {
                return number;
            }
        }
    }
}
