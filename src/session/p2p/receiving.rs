//! They offer a file: we accept, they send it and say BYE.

use std::time::Instant;

use msnp::p2p::packet::Packet;
use msnp::p2p::slp::Status;

use super::call::{DATA_PATIENCE, FAREWELL_PATIENCE, Fate, Session, Step, is_preparation};
use super::intake::Intake;
use super::words::{Failure, Output, TransferId};

/// A file on its way to us. Its bytes are handed on as they come.
#[derive(Debug)]
pub(super) struct Receiving {
    size: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The shell has to decide.
    Offered,
    /// It is on its way.
    Accepted(Intake),
    /// We have it.
    Done,
}

impl Receiving {
    pub(super) fn new(size: u64) -> Receiving {
        Receiving { size, stage: Stage::Offered }
    }

    /// The shell wants it; gives the next deadline.
    pub(super) fn accept(&mut self, transfer: TransferId, session: &Session, step: &mut Step<'_>) -> Instant {
        step.line.answer(step.now, &session.invitation, Status::OK, session.number);
        self.stage = Stage::Accepted(Intake::default());
        // No packet can carry nothing: an empty file is complete without data.
        if self.size == 0 { self.finish(transfer, step) } else { step.now + DATA_PATIENCE }
    }

    pub(super) fn data(
        &mut self,
        transfer: TransferId,
        packet: &Packet,
        deadline: &mut Instant,
        step: &mut Step<'_>,
    ) -> Fate {
        let intake = match &mut self.stage {
            Stage::Accepted(intake) => intake,
            Stage::Done => {
                // Said again because our acknowledgement may have been lost.
                if packet.ends_message() && packet.header.total == self.size {
                    step.line.acknowledge(packet);
                }
                return Fate::GoesOn;
            }
            Stage::Offered => return Fate::GoesOn,
        };
        if intake.length() == 0 && is_preparation(packet) {
            step.line.acknowledge(packet);
            return Fate::GoesOn;
        }
        if packet.header.total != self.size {
            step.fail(transfer, Failure::Mismatch);
            return Fate::HangUp;
        }
        if let Some(data) = intake.take(packet, step.line) {
            *deadline = step.now + DATA_PATIENCE;
            step.outputs.push(Output::FileData { transfer, data });
        }
        if intake.length() == self.size {
            step.line.acknowledge(packet);
            *deadline = self.finish(transfer, step);
        }
        Fate::GoesOn
    }

    fn finish(&mut self, transfer: TransferId, step: &mut Step<'_>) -> Instant {
        self.stage = Stage::Done;
        step.outputs.push(Output::FileReceived { transfer });
        step.now + FAREWELL_PATIENCE
    }

    pub(super) fn is_offered(&self) -> bool {
        matches!(self.stage, Stage::Offered)
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }
}
