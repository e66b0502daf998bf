//! We fetch an object of theirs: they accept, announce the data, send it; we say BYE.

use std::time::Instant;

use msnp::object::MsnObject;
use msnp::p2p::packet::Packet;
use msnp::p2p::slp::Status;

use super::call::{DATA_PATIENCE, Fate, Step, is_preparation};
use super::intake::Intake;
use super::words::{Failure, Output, TransferId};

/// An object on its way to us. It is held in memory, within the limit.
#[derive(Debug)]
pub(super) struct Fetching {
    object: MsnObject,
    limit: u64,
    /// The number of the INVITE, until it is answered.
    invitation: Option<u32>,
    intake: Intake,
    gathered: Vec<u8>,
}

impl Fetching {
    pub(super) fn new(object: MsnObject, limit: u64, invitation: u32) -> Fetching {
        Fetching { object, limit, invitation: Some(invitation), intake: Intake::default(), gathered: Vec::new() }
    }

    pub(super) fn awaited(&self) -> Option<u32> {
        self.invitation
    }

    pub(super) fn answered(&mut self, transfer: TransferId, status: Status, step: &mut Step<'_>) -> Fate {
        let why = match status {
            Status::OK => {
                self.invitation = None;
                return Fate::GoesOn;
            }
            Status::DECLINE => Failure::Declined,
            Status(status) => Failure::Refused { status },
        };
        step.fail(transfer, why);
        Fate::Over
    }

    pub(super) fn data(
        &mut self,
        transfer: TransferId,
        packet: &Packet,
        deadline: &mut Instant,
        step: &mut Step<'_>,
    ) -> Fate {
        // Some clients send data before they have heard that their acceptance arrived, or without accepting at all.
        self.invitation = None;
        if self.gathered.is_empty() && is_preparation(packet) {
            step.line.acknowledge(packet);
            return Fate::GoesOn;
        }
        // A description may lack the size, which then reads as 0.
        let is_described = self.object.size == 0 || packet.header.total == self.object.size;
        if !is_described || packet.header.total > self.limit {
            step.fail(transfer, if is_described { Failure::TooLarge } else { Failure::Mismatch });
            return Fate::HangUp;
        }
        if let Some(data) = self.intake.take(packet, step.line) {
            self.gathered.extend_from_slice(&data);
            *deadline = step.now + DATA_PATIENCE;
        }
        if self.intake.length() < packet.header.total {
            return Fate::GoesOn;
        }
        step.line.acknowledge(packet);
        if self.object.matches(&self.gathered) {
            let data = std::mem::take(&mut self.gathered).into();
            step.outputs.push(Output::ObjectFetched { transfer, data });
        } else {
            step.fail(transfer, Failure::Mismatch);
        }
        Fate::HangUp
    }
}
