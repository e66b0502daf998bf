//! We offer a file: they accept, we send it and say BYE.

use std::time::{Duration, Instant};

use msnp::p2p::slp::Status;

use super::call::{DATA_PATIENCE, Fate, PEOPLE_PATIENCE, Session, Step};
use super::stream::Stream;
use super::words::{Failure, Output, TransferId};

/// How long after the last acknowledgement the BYE is said: msnp11-sdk throws a file away whose BYE follows at once.
const PAUSE_BEFORE_FAREWELL: Duration = Duration::from_millis(300);

/// A file on its way to them.
#[derive(Debug)]
pub(super) struct Offering {
    size: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// We have asked, under this number; they may think about it until then.
    Invited { invitation: u32, until: Instant },
    /// It is on its way.
    Sending(Stream),
    /// They have it.
    Done,
}

impl Offering {
    pub(super) fn new(now: Instant, size: u64, invitation: u32) -> Offering {
        Offering { size, stage: Stage::Invited { invitation, until: now + PEOPLE_PATIENCE } }
    }

    pub(super) fn awaited(&self) -> Option<u32> {
        match &self.stage {
            Stage::Invited { invitation, .. } => Some(*invitation),
            Stage::Sending(stream) if stream.is_all_sent() => Some(stream.identifier()),
            Stage::Sending(_) | Stage::Done => None,
        }
    }

    /// What was waited for is acknowledged; gives the next deadline.
    pub(super) fn acknowledged(&mut self, transfer: TransferId, step: &mut Step<'_>) -> Instant {
        match &self.stage {
            Stage::Invited { until, .. } => *until,
            Stage::Sending(_) | Stage::Done => self.finish(transfer, step),
        }
    }

    pub(super) fn answered(
        &mut self,
        transfer: TransferId,
        session: &Session,
        status: Status,
        deadline: &mut Instant,
        step: &mut Step<'_>,
    ) -> Fate {
        let Stage::Invited { .. } = self.stage else { return Fate::GoesOn };
        match status {
            Status::OK => {
                step.outputs.push(Output::FileAccepted { transfer });
                if self.size == 0 {
                    *deadline = self.finish(transfer, step);
                } else {
                    let stream = Stream::file(self.size, session.number, session.application, step.line);
                    self.stage = Stage::Sending(stream);
                    *deadline = step.now + DATA_PATIENCE;
                }
                Fate::GoesOn
            }
            Status::DECLINE => {
                step.outputs.push(Output::FileDeclined { transfer });
                Fate::Over
            }
            Status(status) => {
                step.fail(transfer, Failure::Refused { status });
                Fate::Over
            }
        }
    }

    fn finish(&mut self, transfer: TransferId, step: &mut Step<'_>) -> Instant {
        self.stage = Stage::Done;
        step.outputs.push(Output::FileSent { transfer });
        step.now + PAUSE_BEFORE_FAREWELL
    }

    pub(super) fn is_invited(&self) -> bool {
        matches!(self.stage, Stage::Invited { .. })
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    pub(super) fn stream(&mut self) -> Option<&mut Stream> {
        match &mut self.stage {
            Stage::Sending(stream) => Some(stream),
            Stage::Invited { .. } | Stage::Done => None,
        }
    }
}
