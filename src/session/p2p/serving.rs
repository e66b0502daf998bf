//! They fetch an object of ours: we accept, announce the data, send it; they say BYE.

use std::time::Instant;

use bytes::Bytes;
use msnp::p2p::slp::Status;

use super::call::{DATA_PATIENCE, FAREWELL_PATIENCE, Session, Step};
use super::stream::Stream;

/// An object on its way to them. Each step waits for the acknowledgement of the one before (`MSNPiki`).
#[derive(Debug)]
pub(super) enum Serving {
    /// The shell looks for it.
    Asked,
    /// We have accepted, under this number.
    Accepted { data: Bytes, answer: u32 },
    /// We have announced it, under this number.
    Announced { data: Bytes, preparation: u32 },
    /// It is on its way.
    Sending(Stream),
    /// They have it.
    Done,
}

impl Serving {
    /// The shell has found it.
    pub(super) fn provide(&mut self, data: Bytes, session: &Session, step: &mut Step<'_>) {
        let answer = step.line.answer(step.now, &session.invitation, Status::OK, session.number);
        *self = Serving::Accepted { data, answer };
    }

    /// What was waited for is acknowledged; gives the next deadline.
    pub(super) fn acknowledged(&mut self, session: &Session, step: &mut Step<'_>) -> Instant {
        *self = match std::mem::replace(self, Serving::Done) {
            Serving::Accepted { data, .. } => {
                let preparation = step.line.prepare(step.now, session.number, session.application);
                Serving::Announced { data, preparation }
            }
            Serving::Announced { data, .. } if !data.is_empty() => {
                Serving::Sending(Stream::object(data, session.number, session.application, step.line))
            }
            Serving::Asked => Serving::Asked,
            Serving::Announced { .. } | Serving::Sending(_) | Serving::Done => Serving::Done,
        };
        step.now + if self.is_done() { FAREWELL_PATIENCE } else { DATA_PATIENCE }
    }

    pub(super) fn awaited(&self) -> Option<u32> {
        match self {
            Serving::Accepted { answer, .. } => Some(*answer),
            Serving::Announced { preparation, .. } => Some(*preparation),
            Serving::Sending(stream) if stream.is_all_sent() => Some(stream.identifier()),
            Serving::Asked | Serving::Sending(_) | Serving::Done => None,
        }
    }

    pub(super) fn is_asked(&self) -> bool {
        matches!(self, Serving::Asked)
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self, Serving::Done)
    }

    pub(super) fn stream(&mut self) -> Option<&mut Stream> {
        match self {
            Serving::Sending(stream) => Some(stream),
            Serving::Asked | Serving::Accepted { .. } | Serving::Announced { .. } | Serving::Done => None,
        }
    }
}
