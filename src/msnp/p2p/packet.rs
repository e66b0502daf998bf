//! The packet (TLP version 1): a header of 48 bytes, a piece of a message, a footer of 4 bytes.

use std::ops::BitOr;

use bytes::{Buf, Bytes};
use thiserror::Error;

/// The length of a header in bytes.
pub const HEADER_LENGTH: usize = 48;

/// The length of a footer in bytes.
pub const FOOTER_LENGTH: usize = 4;

/// The most data in one packet through a switchboard, in bytes.
pub const LONGEST_DATA: usize = 1202;

/// What a packet is. Only a few combinations are sent; a reader must not insist on them (hypothetic.org, aMSN, Miranda).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u32);

impl Flags {
    /// An MSNSLP text, or the data preparation of an object.
    pub const NONE: Flags = Flags(0);
    /// Data was lost: go on from [`Header::acknowledged_size`].
    pub const OUT_OF_ORDER: Flags = Flags(0x01);
    /// A message has come as a whole.
    pub const ACKNOWLEDGEMENT: Flags = Flags(0x02);
    /// An acknowledgement is waited for.
    pub const ACKNOWLEDGEMENT_WANTED: Flags = Flags(0x04);
    /// The transport has failed; the session is over.
    pub const FAILED: Flags = Flags(0x08);
    /// Data of a file; only together with [`Flags::OBJECT`].
    pub const FILE: Flags = Flags(0x10);
    /// Data of an object.
    pub const OBJECT: Flags = Flags(0x20);
    /// The session is over: a packet without data that may follow or replace a BYE.
    pub const CLOSED: Flags = Flags(0x40);
    /// The receiver of data has given up.
    pub const RECEIVER_FAILED: Flags = Flags(0x80);
    /// Set by newer clients on many packets, and by all on the data of files.
    pub const NEWER: Flags = Flags(0x0100_0000);
    /// The data of a file, as it is sent.
    pub const FILE_DATA: Flags = Flags(0x0100_0030);

    /// Whether any of these flags is set.
    #[must_use]
    pub const fn has_any(self, flags: Flags) -> bool {
        self.0 & flags.0 != 0
    }
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// The header of a packet; its numbers are little-endian on the wire. The length of the data is not in it, since the data tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The session; 0 for MSNSLP.
    pub session: u32,
    /// The message; all of its packets have the same.
    pub identifier: u32,
    /// Where in the message the data stands, in bytes.
    pub offset: u64,
    /// The message's length in bytes; in an acknowledgement, the acknowledged message's.
    pub total: u64,
    /// What the packet is.
    pub flags: Flags,
    /// In an acknowledgement, the identifier of what is acknowledged; else a number of this packet's own.
    pub acknowledgement: u32,
    /// In an acknowledgement, the acknowledged last packet's [`Header::acknowledgement`]; else 0.
    pub acknowledged_packet: u32,
    /// In an acknowledgement, how much is acknowledged, in bytes; else 0.
    pub acknowledged_size: u64,
}

/// A packet, as it stands in the body of an `application/x-msnmsgrp2p` message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// Its header.
    pub header: Header,
    /// Its piece of the message.
    pub data: Bytes,
    /// The footer, big-endian on the wire: the application of the session's INVITE for data, else 0. Readers ignore it.
    pub application: u32,
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PacketFault {
    /// There are fewer bytes than the header has, or than it announces.
    #[error("the packet is cut short; drop it")]
    CutShort,
    /// The data would end behind the end of the message.
    #[error("the packet's data ends behind its message's end; drop it")]
    BehindEnd,
}

impl Packet {
    /// Reads a packet, which shares the memory of the body. A missing footer counts as 0, what follows the footer is ignored.
    pub fn parse(body: &Bytes) -> Result<Packet, PacketFault> {
        let mut rest = body.clone();
        let session = number(&mut rest)?;
        let identifier = number(&mut rest)?;
        let offset = long_number(&mut rest)?;
        let total = long_number(&mut rest)?;
        let length = number(&mut rest)? as usize;
        let flags = Flags(number(&mut rest)?);
        let acknowledgement = number(&mut rest)?;
        let acknowledged_packet = number(&mut rest)?;
        let acknowledged_size = long_number(&mut rest)?;
        if rest.len() < length {
            return Err(PacketFault::CutShort);
        }
        let data = rest.split_to(length);
        let is_within = offset.checked_add(length as u64).is_some_and(|end| end <= total);
        if !data.is_empty() && !is_within {
            return Err(PacketFault::BehindEnd);
        }
        let application = rest.try_get_u32().unwrap_or_default();
        let header = Header {
            session,
            identifier,
            offset,
            total,
            flags,
            acknowledgement,
            acknowledged_packet,
            acknowledged_size,
        };
        Ok(Packet { header, data, application })
    }

    /// Appends the packet.
    pub fn write(&self, out: &mut Vec<u8>) {
        let header = &self.header;
        out.reserve(HEADER_LENGTH + self.data.len() + FOOTER_LENGTH);
        out.extend_from_slice(&header.session.to_le_bytes());
        out.extend_from_slice(&header.identifier.to_le_bytes());
        out.extend_from_slice(&header.offset.to_le_bytes());
        out.extend_from_slice(&header.total.to_le_bytes());
        out.extend_from_slice(&(self.data.len() as u32).to_le_bytes());
        out.extend_from_slice(&header.flags.0.to_le_bytes());
        out.extend_from_slice(&header.acknowledgement.to_le_bytes());
        out.extend_from_slice(&header.acknowledged_packet.to_le_bytes());
        out.extend_from_slice(&header.acknowledged_size.to_le_bytes());
        out.extend_from_slice(&self.data);
        out.extend_from_slice(&self.application.to_be_bytes());
    }

    /// Whether the message is complete with this packet, given all those before it.
    #[must_use]
    pub fn ends_message(&self) -> bool {
        self.end() == self.header.total
    }

    /// Where in the message this packet's data ends.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.header.offset.saturating_add(self.data.len() as u64)
    }

    /// The acknowledgement of the message that this packet, its last, completes. A wish for one is copied (aMSN).
    #[must_use]
    pub fn acknowledged(&self, identifier: u32) -> Packet {
        let wanted = Flags(self.header.flags.0 & Flags::ACKNOWLEDGEMENT_WANTED.0);
        let header = Header {
            session: self.header.session,
            identifier,
            offset: 0,
            total: self.header.total,
            flags: Flags::ACKNOWLEDGEMENT | wanted,
            acknowledgement: self.header.identifier,
            acknowledged_packet: self.header.acknowledgement,
            acknowledged_size: self.header.total,
        };
        Packet { header, ..Packet::default() }
    }

    /// The wish that this packet's message be sent again from an offset on.
    #[must_use]
    pub fn resumed(&self, identifier: u32, offset: u64) -> Packet {
        let header = Header {
            session: self.header.session,
            identifier,
            flags: Flags::OUT_OF_ORDER,
            acknowledgement: self.header.identifier,
            acknowledged_size: offset,
            ..Header::default()
        };
        Packet { header, ..Packet::default() }
    }
}

fn number(rest: &mut Bytes) -> Result<u32, PacketFault> {
    rest.try_get_u32_le().map_err(|_| PacketFault::CutShort)
}

fn long_number(rest: &mut Bytes) -> Result<u64, PacketFault> {
    rest.try_get_u64_le().map_err(|_| PacketFault::CutShort)
}

#[cfg(test)]
mod tests;
