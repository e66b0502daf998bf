//! The client's side of peer-to-peer transfers over a switchboard, minding every byte.
//!
//! Written from the public descriptions and recordings alone (`MSNPiki`, hypothetic.org, aMSN, libpurple), and not on the server's
//! own code for the same: a mistake in there must not be hidden by making it twice. Texts are acknowledged when a test looks at
//! them, never behind its back.

mod call;
mod chunk;
mod file;
mod object;
mod packet;
mod said;
mod slp;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use bytes::Bytes;
use msnp::switchboard::server::ServerCommand;

pub use call::{Answer, Call, DIRECT_REFUSED, Kind};
pub use chunk::{CHUNK, chunks};
pub use file::{FileOffer, Sending, pattern};
pub use object::{Object, ObjectKind};
pub(crate) use packet::{addressee, head_and_body};
pub use said::{
    CANCEL, definitions_in, emoticons, image_of_ink, ink, invitation, invitation_fields, object_of_cast, voice_clip,
    wink,
};

use crate::Room;
use packet::{MOST_DATA, Packet, flags, is_packet};

/// What a client remembers of its transfers on one switchboard.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    last_identifier: u32,
    /// What was sent and is not acknowledged yet.
    sent: Vec<Sent>,
    /// Messages of which some packets have come.
    partial: Vec<Message>,
    /// Messages that came whole and that no test has looked at.
    whole: Vec<Message>,
    /// Packets of nothing but a header that end a session: whose, and the packet.
    endings: Vec<(String, Packet)>,
    /// Every identifier that somebody has used.
    used: HashSet<(String, u32)>,
}

#[derive(Debug)]
struct Sent {
    to: String,
    session: u32,
    identifier: u32,
    mark: u32,
    total: u64,
}

/// A message put together from its packets.
#[derive(Debug, Clone)]
struct Message {
    from: String,
    /// The first packet, with the data of all; its mark is that of the last.
    packet: Packet,
    data: Vec<u8>,
}

impl Message {
    fn is_whole(&self) -> bool {
        self.data.len() as u64 == self.packet.total
    }
}

impl Room {
    /// Sends a message in as many packets as it needs, each acknowledged by the switchboard before the next; gives its identifier.
    async fn send_message(&mut self, to: &str, session: u32, (flags, application): (u32, u32), data: &[u8]) -> u32 {
        let identifier = self.begin_message(to, session, data.len());
        self.send_part(to, (session, identifier), (flags, application), data, 0..data.len()).await;
        identifier
    }

    /// Takes a number for a message of that size.
    fn begin_message(&mut self, to: &str, session: u32, size: usize) -> u32 {
        let identifier = self.next_identifier();
        let (to, total) = (to.to_owned(), size as u64);
        self.exchange.sent.push(Sent { to, session, identifier, mark: 0, total });
        identifier
    }

    /// Sends that part of a message.
    async fn send_part(
        &mut self,
        to: &str,
        (session, identifier): (u32, u32),
        (flags, application): (u32, u32),
        whole: &[u8],
        part: std::ops::Range<usize>,
    ) {
        let mut place = part.start;
        for data in whole[part].chunks(MOST_DATA) {
            let mark = uuid::Uuid::new_v4().as_fields().0 | 1;
            let packet = Packet {
                session,
                identifier,
                offset: place as u64,
                total: whole.len() as u64,
                flags,
                first_mark: mark,
                data: Bytes::copy_from_slice(data),
                application,
                ..Packet::default()
            };
            place += data.len();
            // The acknowledgement of the last packet may be as quick as this client is.
            if let Some(sent) = self.exchange.sent.iter_mut().find(|sent| sent.identifier == identifier) {
                sent.mark = mark;
            }
            self.send_packet(to, &packet).await;
        }
    }

    async fn send_packet(&mut self, to: &str, packet: &Packet) {
        let transaction = self.say("D", packet.payload(to)).await;
        let taken = self.reply("MSG", transaction).await;
        assert_eq!(taken, ServerCommand::Ack { transaction }, "for {packet:?}");
    }

    fn next_identifier(&mut self) -> u32 {
        if self.exchange.last_identifier == 0 {
            self.exchange.last_identifier = uuid::Uuid::new_v4().as_fields().0 >> 1;
        }
        self.exchange.last_identifier += 1;
        self.exchange.last_identifier
    }

    /// Waits until that message of ours is acknowledged.
    async fn acknowledged(&mut self, identifier: u32) {
        while self.exchange.sent.iter().any(|sent| sent.identifier == identifier) {
            self.take_packet("the acknowledgement of a message").await;
        }
    }

    /// Acknowledges a message.
    async fn acknowledge(&mut self, message: &Message) {
        let packet = Packet {
            session: message.packet.session,
            identifier: self.next_identifier(),
            total: message.packet.total,
            flags: flags::ACKNOWLEDGEMENT,
            first_mark: message.packet.identifier,
            second_mark: message.packet.first_mark,
            marked_size: message.packet.total,
            ..Packet::default()
        };
        let from = message.from.clone();
        self.send_packet(&from, &packet).await;
    }

    /// Waits for the first whole message that is wanted; others stay for later.
    async fn message(&mut self, waiting_for: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        loop {
            if let Some(place) = self.exchange.whole.iter().position(&wanted) {
                return self.exchange.whole.remove(place);
            }
            self.take_packet(waiting_for).await;
        }
    }

    /// Waits for the next packet, and puts it where it belongs.
    async fn take_packet(&mut self, waiting_for: &str) {
        let (from, payload) = self
            .find(waiting_for, |command| match command {
                ServerCommand::Msg { passport, payload, .. } if is_packet(payload) => {
                    Some((passport.clone(), payload.clone()))
                }
                _ => None,
            })
            .await;
        let packet = Packet::read(&payload, self.account());
        let exchange = &mut self.exchange;
        let known = exchange.partial.iter().position(|message| {
            message.from == from
                && message.packet.identifier == packet.identifier
                && message.packet.session == packet.session
        });
        if known.is_none() {
            let is_new = exchange.used.insert((from.clone(), packet.identifier));
            assert!(is_new, "{from} uses an identifier twice: {packet:?}");
        }
        match packet.flags {
            flags::ACKNOWLEDGEMENT => exchange.check_acknowledgement(&from, &packet),
            flags::SENDER_ENDS | flags::RECEIVER_ENDS => exchange.endings.push((from, packet)),
            _ => {
                let mut message = match known {
                    Some(place) => exchange.partial.remove(place),
                    None => Message { from, packet: packet.clone(), data: Vec::new() },
                };
                message.extend(&packet);
                let home = if message.is_whole() { &mut exchange.whole } else { &mut exchange.partial };
                home.push(message);
            }
        }
    }

    /// Whether data of a session has come that nobody has looked at.
    fn holds_packets_of(&self, session: u32) -> bool {
        self.passed.iter().any(|command| match command {
            ServerCommand::Msg { payload, .. } if is_packet(payload) => {
                let packet = Packet::read(payload, self.account());
                packet.session == session && !packet.data.is_empty()
            }
            _ => false,
        })
    }

    /// A question that every switchboard answers at once: whatever was on its way to this client before has come then.
    async fn fence(&mut self) {
        let refused = self.ask("XYZ", "").await;
        assert!(matches!(refused, ServerCommand::Error { .. }), "{refused:?}");
    }
}

impl Message {
    fn extend(&mut self, packet: &Packet) {
        let first = &self.packet;
        assert_eq!(packet.offset, self.data.len() as u64, "packets come in order: {packet:?}");
        assert_eq!(
            (packet.total, packet.flags, packet.application),
            (first.total, first.flags, first.application),
            "packets of one message agree: {packet:?}"
        );
        // The last is the one that an acknowledgement names.
        self.packet.first_mark = packet.first_mark;
        self.data.extend_from_slice(&packet.data);
    }
}

impl Exchange {
    fn check_acknowledgement(&mut self, from: &str, packet: &Packet) {
        let place = self.sent.iter().position(|sent| sent.identifier == packet.first_mark);
        let place = place.unwrap_or_else(|| panic!("{from} acknowledges what was not sent, or again: {packet:?}"));
        let sent = self.sent.remove(place);
        assert_eq!(
            (from, packet.session, packet.second_mark, packet.marked_size),
            (sent.to.as_str(), sent.session, sent.mark, sent.total),
            "an acknowledgement of {sent:?}"
        );
    }
}
