//! One call: an invitation and the session that comes of it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::p2p::packet::{Flags, Packet};
use msnp::p2p::slp::{SlpMessage, Status};

use super::fetching::Fetching;
use super::line::Line;
use super::offering::Offering;
use super::receiving::Receiving;
use super::serving::Serving;
use super::stream::Stream;
use super::words::{Failure, Output, TransferId};

/// How long data may make no progress (`MSNPSharp`).
pub(super) const DATA_PATIENCE: Duration = Duration::from_mins(3);

/// How long people may take to decide about a file.
pub(super) const PEOPLE_PATIENCE: Duration = Duration::from_mins(10);

/// How long what we say may wait for a switchboard.
pub(super) const ROAD_PATIENCE: Duration = Duration::from_mins(1);

/// How long a client may take to acknowledge or answer an invitation.
pub(super) const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// How long the BYE of the other side may take when all is done.
pub(super) const FAREWELL_PATIENCE: Duration = Duration::from_secs(30);

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) transfer: TransferId,
    pub(super) session: Session,
    pub(super) deadline: Instant,
    pub(super) work: Work,
}

/// What the words and the data of a call go by.
#[derive(Debug)]
pub(super) struct Session {
    /// The INVITE, without the fields of its body.
    pub(super) invitation: SlpMessage,
    /// The session's number.
    pub(super) number: u32,
    /// The number in the footers of the data.
    pub(super) application: u32,
}

/// What a call is for.
#[derive(Debug)]
pub(super) enum Work {
    /// They fetch an object of ours.
    Serving(Serving),
    /// We fetch an object of theirs.
    Fetching(Fetching),
    /// We offer a file.
    Offering(Offering),
    /// They offer a file.
    Receiving(Receiving),
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Fate {
    /// It goes on.
    GoesOn,
    /// It is over, and nothing needs to be said.
    Over,
    /// It is over, and we say so.
    HangUp,
}

/// Where a step of a call leaves its marks.
pub(super) struct Step<'a> {
    pub(super) now: Instant,
    pub(super) line: &'a mut Line,
    pub(super) outputs: &'a mut Vec<Output>,
}

impl Step<'_> {
    pub(super) fn fail(&mut self, transfer: TransferId, why: Failure) {
        self.outputs.push(Output::Failed { transfer, why });
    }
}

impl Call {
    /// Whether this is the message whose acknowledgement the call waits for.
    pub(super) fn awaits(&self, message: u32) -> bool {
        self.awaited() == Some(message)
    }

    fn awaited(&self) -> Option<u32> {
        match &self.work {
            Work::Serving(serving) => serving.awaited(),
            Work::Fetching(fetching) => fetching.awaited(),
            Work::Offering(offering) => offering.awaited(),
            Work::Receiving(_) => None,
        }
    }

    fn is_invitation_ours(&self) -> bool {
        match &self.work {
            Work::Fetching(fetching) => fetching.awaited().is_some(),
            Work::Offering(offering) => offering.is_invited(),
            Work::Serving(_) | Work::Receiving(_) => false,
        }
    }

    /// The message that it waits for has left as a whole: a client that has it will acknowledge it soon.
    pub(super) fn spoken(&mut self, now: Instant) {
        if self.is_invitation_ours() {
            self.deadline = now + CLIENT_PATIENCE;
        }
    }

    /// The message that it waits for has been acknowledged.
    pub(super) fn acknowledged(&mut self, step: &mut Step<'_>) -> Fate {
        match &mut self.work {
            Work::Serving(serving) => self.deadline = serving.acknowledged(&self.session, step),
            Work::Fetching(_) => self.deadline = step.now + CLIENT_PATIENCE,
            Work::Offering(offering) => self.deadline = offering.acknowledged(self.transfer, step),
            Work::Receiving(_) => {}
        }
        Fate::GoesOn
    }

    /// They have answered our invitation.
    pub(super) fn answered(&mut self, status: Status, step: &mut Step<'_>) -> Fate {
        match &mut self.work {
            Work::Fetching(fetching) => {
                self.deadline = step.now + DATA_PATIENCE;
                fetching.answered(self.transfer, status, step)
            }
            Work::Offering(offering) => {
                offering.answered(self.transfer, &self.session, status, &mut self.deadline, step)
            }
            Work::Serving(_) | Work::Receiving(_) => Fate::GoesOn,
        }
    }

    /// They have sent data.
    pub(super) fn data(&mut self, packet: &Packet, step: &mut Step<'_>) -> Fate {
        match &mut self.work {
            Work::Fetching(fetching) => fetching.data(self.transfer, packet, &mut self.deadline, step),
            Work::Receiving(receiving) => receiving.data(self.transfer, packet, &mut self.deadline, step),
            Work::Serving(_) | Work::Offering(_) => Fate::GoesOn,
        }
    }

    /// They have ended it: by a BYE, or below that by a failure of the transport.
    pub(super) fn ended(&mut self, why: Failure, step: &mut Step<'_>) -> Fate {
        let is_failure = match &self.work {
            Work::Serving(_) => false,
            Work::Fetching(_) => true,
            Work::Offering(offering) => !offering.is_done(),
            Work::Receiving(receiving) => !receiving.is_done(),
        };
        if is_failure {
            step.fail(self.transfer, why);
        }
        Fate::Over
    }

    /// They have closed the session without a BYE. Whoever invited still says it.
    pub(super) fn closed(&mut self, step: &mut Step<'_>) -> Fate {
        let is_farewell_ours = match &self.work {
            Work::Offering(offering) => offering.is_done(),
            Work::Serving(_) | Work::Fetching(_) | Work::Receiving(_) => false,
        };
        if is_farewell_ours { Fate::GoesOn } else { self.ended(Failure::Cancelled, step) }
    }

    /// Its deadline has passed.
    pub(super) fn expired(&mut self, step: &mut Step<'_>) -> Fate {
        match &self.work {
            Work::Serving(serving) if serving.is_asked() => self.refuse(step),
            Work::Serving(serving) if serving.is_done() => Fate::Over,
            Work::Receiving(receiving) if receiving.is_done() => Fate::Over,
            // Whoever invited says BYE, and its time has come.
            Work::Offering(offering) if offering.is_done() => Fate::HangUp,
            Work::Serving(_) => Fate::HangUp,
            Work::Receiving(receiving) if receiving.is_offered() => {
                step.fail(self.transfer, Failure::TimedOut);
                self.refuse(step)
            }
            Work::Fetching(_) | Work::Offering(_) | Work::Receiving(_) => {
                step.fail(self.transfer, Failure::TimedOut);
                Fate::HangUp
            }
        }
    }

    /// The shell ends it.
    pub(super) fn cancelled(&mut self, step: &mut Step<'_>) -> Fate {
        let is_unanswered = match &self.work {
            Work::Serving(serving) => serving.is_asked(),
            Work::Receiving(receiving) => receiving.is_offered(),
            Work::Fetching(_) | Work::Offering(_) => false,
        };
        if is_unanswered { self.refuse(step) } else { Fate::HangUp }
    }

    /// Declines what they asked for.
    fn refuse(&self, step: &mut Step<'_>) -> Fate {
        step.line.answer(step.now, &self.session.invitation, Status::DECLINE, self.session.number);
        Fate::Over
    }

    /// Part of their message is missing.
    pub(super) fn resume(&mut self, message: u32, offset: u64) {
        if let Some(stream) = self.stream().filter(|stream| stream.identifier() == message) {
            stream.rewind(offset);
        }
    }

    /// The switchboard was lost. Of the data, that from an offset on has not left; of the words, what is still unacknowledged goes
    /// again.
    pub(super) fn lost(&mut self, now: Instant, offset: Option<u64>, line: &Line) {
        if let Some(stream) = self.stream() {
            stream.step_back(offset);
        }
        let goes_again = self.awaited().is_some_and(|message| line.is_unacknowledged(message));
        if goes_again && self.is_invitation_ours() {
            self.deadline = now + ROAD_PATIENCE;
        }
    }

    pub(super) fn next_packet(&mut self, now: Instant, line: &mut Line) -> Option<Bytes> {
        let (payload, is_progress) = self.stream()?.next_packet(line)?;
        if is_progress {
            self.deadline = now + DATA_PATIENCE;
        }
        Some(payload)
    }

    pub(super) fn want(&mut self) -> Option<(u64, usize)> {
        self.stream()?.want()
    }

    pub(super) fn stream(&mut self) -> Option<&mut Stream> {
        match &mut self.work {
            Work::Serving(serving) => serving.stream(),
            Work::Offering(offering) => offering.stream(),
            Work::Fetching(_) | Work::Receiving(_) => None,
        }
    }
}

/// Whether a packet is a data preparation: four zero bytes ahead of the data proper, which is marked as such.
pub(super) fn is_preparation(packet: &Packet) -> bool {
    packet.header.total == 4
        && packet.data == [0; 4].as_slice()
        && !packet.header.flags.has_any(Flags::FILE | Flags::OBJECT)
}
