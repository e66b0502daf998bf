//! One packet of a transfer: a header of 48 bytes, data, a footer of 4 (`MSNPiki`, hypothetic.org; checked against a recording).

use bytes::Bytes;

/// The most data in one packet on a switchboard.
pub(super) const MOST_DATA: usize = 1202;

/// What a packet says about itself; the bits that this generation of clients uses.
pub(super) mod flags {
    /// A text of the session protocol, or a data preparation.
    pub(in crate::p2p) const PLAIN: u32 = 0;
    /// A message has come whole.
    pub(in crate::p2p) const ACKNOWLEDGEMENT: u32 = 0x02;
    /// The data of an object.
    pub(in crate::p2p) const OBJECT: u32 = 0x20;
    /// The data's sender stops. Nothing but a header.
    pub(in crate::p2p) const SENDER_ENDS: u32 = 0x40;
    /// The data's receiver stops. Nothing but a header.
    pub(in crate::p2p) const RECEIVER_ENDS: u32 = 0x80;
    /// The data of a file.
    pub(in crate::p2p) const FILE: u32 = 0x0100_0030;
}

const HEADER: usize = 48;
const FOOTER: usize = 4;
const CONTENT_TYPE: &str = "application/x-msnmsgrp2p";

/// A packet. Its length field is the length of its data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) session: u32,
    pub(super) identifier: u32,
    pub(super) offset: u64,
    pub(super) total: u64,
    pub(super) flags: u32,
    /// Of data: a number of the packet's own. Of an acknowledgement: the acknowledged message's identifier.
    pub(super) first_mark: u32,
    /// Of data: zero. Of an acknowledgement: the first mark of the acknowledged message's last packet.
    pub(super) second_mark: u32,
    /// Of data: zero. Of an acknowledgement: the acknowledged message's size.
    pub(super) marked_size: u64,
    pub(super) data: Bytes,
    pub(super) application: u32,
}

impl Packet {
    /// The whole payload, for a participant of the conversation.
    pub(super) fn payload(&self, to: &str) -> Vec<u8> {
        let mut payload =
            format!("MIME-Version: 1.0\r\nContent-Type: {CONTENT_TYPE}\r\nP2P-Dest: {to}\r\n\r\n").into_bytes();
        payload.extend(self.session.to_le_bytes());
        payload.extend(self.identifier.to_le_bytes());
        payload.extend(self.offset.to_le_bytes());
        payload.extend(self.total.to_le_bytes());
        payload.extend(u32::try_from(self.data.len()).unwrap().to_le_bytes());
        payload.extend(self.flags.to_le_bytes());
        payload.extend(self.first_mark.to_le_bytes());
        payload.extend(self.second_mark.to_le_bytes());
        payload.extend(self.marked_size.to_le_bytes());
        payload.extend_from_slice(&self.data);
        payload.extend(self.application.to_be_bytes());
        payload
    }

    /// Reads a payload that is for `account`. Everything in it has to fit together.
    pub(super) fn read(payload: &Bytes, account: &str) -> Self {
        let (head, body) = head_and_body(payload);
        let expected = format!("MIME-Version: 1.0\r\nContent-Type: {CONTENT_TYPE}\r\nP2P-Dest: {account}");
        assert_eq!(head, expected, "a packet's headers");
        assert!(body.len() >= HEADER + FOOTER, "a packet of {} bytes", body.len());
        let long = |place: usize| u64::from_le_bytes(body[place..place + 8].try_into().unwrap());
        let short = |place: usize| u32::from_le_bytes(body[place..place + 4].try_into().unwrap());
        let length = short(24) as usize;
        assert_eq!(body.len(), HEADER + length + FOOTER, "a packet's length field");
        let packet = Self {
            session: short(0),
            identifier: short(4),
            offset: long(8),
            total: long(16),
            flags: short(28),
            first_mark: short(32),
            second_mark: short(36),
            marked_size: long(40),
            data: body.slice(HEADER..HEADER + length),
            application: u32::from_be_bytes(body[HEADER + length..].try_into().unwrap()),
        };
        packet.check();
        packet
    }

    fn check(&self) {
        assert!(self.identifier != 0, "a packet without a number: {self:?}");
        assert!(self.data.len() <= MOST_DATA, "a packet with too much data: {self:?}");
        match self.flags {
            flags::ACKNOWLEDGEMENT => {
                assert!(self.data.is_empty() && self.offset == 0 && self.application == 0, "{self:?}");
                assert_eq!(self.marked_size, self.total, "an acknowledgement copies the size: {self:?}");
            }
            flags::SENDER_ENDS | flags::RECEIVER_ENDS => assert!(self.data.is_empty() && self.session != 0, "{self:?}"),
            flags::PLAIN | flags::OBJECT | flags::FILE => {
                assert!(!self.data.is_empty(), "a message without data: {self:?}");
                assert!(self.offset + self.data.len() as u64 <= self.total, "beyond its message: {self:?}");
                assert_eq!((self.second_mark, self.marked_size), (0, 0), "fields of acknowledgements: {self:?}");
                let is_text = self.session == 0;
                assert_eq!(is_text, self.application == 0, "a footer names what the session is about: {self:?}");
                assert!(!is_text || self.flags == flags::PLAIN, "a text has no flags: {self:?}");
            }
            other => panic!("flags {other:#x}: {self:?}"),
        }
    }
}

/// Whether a payload is a packet of a transfer.
pub(crate) fn is_packet(payload: &Bytes) -> bool {
    addressee(payload).is_some()
}

/// Whom a packet is for; `None` of a payload that is no packet.
pub(crate) fn addressee(payload: &Bytes) -> Option<String> {
    let (head, _) = head_and_body(payload);
    let value = |name: &str| {
        let field = |line: &str| line.split_once(": ").map(|(field, value)| (field.to_owned(), value.to_owned()));
        head.split("\r\n").filter_map(field).find(|(field, _)| field == name).map(|(_, value)| value)
    };
    (value("Content-Type")? == CONTENT_TYPE).then(|| value("P2P-Dest").expect("a packet is for somebody"))
}

/// What stands before the empty line, and after it.
pub(crate) fn head_and_body(payload: &Bytes) -> (String, Bytes) {
    let end = payload.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(payload.len());
    let head = String::from_utf8_lossy(&payload[..end]).into_owned();
    (head, payload.slice((end + 4).min(payload.len())..))
}
