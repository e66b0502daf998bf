//! What is said to the Messenger user: packets in their order, under their numbers, as far as the credit reaches.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::message;
use msnp::p2p::packet::{Flags, Header, LONGEST_DATA, Packet};
use msnp::p2p::session_body;
use msnp::p2p::slp::{ContentType, Method, SlpMessage, Status};

use super::numbers::Numbers;

/// How many packets may wait. Somebody who does not read what we send is not listened to either.
const LONGEST_QUEUE: usize = 256;

/// How many of the last packets are remembered for the case that the switchboard is lost.
const MOST_REMEMBERED: usize = 256;

/// How many messages wait for their acknowledgement, and how long.
const MOST_UNACKNOWLEDGED: usize = 64;
const UNACKNOWLEDGED: Duration = Duration::from_mins(2);

/// The way to the Messenger user.
#[derive(Debug)]
pub(super) struct Line {
    we: String,
    they: String,
    numbers: Numbers,
    credit: usize,
    queue: VecDeque<Queued>,
    /// What went out and is not known to have left, the oldest first.
    sent: VecDeque<Sent>,
    unacknowledged: VecDeque<Unacknowledged>,
}

/// A payload that waits.
#[derive(Clone, Debug)]
struct Queued {
    payload: Bytes,
    /// The message that it is a piece of, if that is to be acknowledged.
    piece: Option<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    message: u32,
    is_last: bool,
}

#[derive(Debug)]
enum Sent {
    Word(Queued),
    Data { session: u32, offset: u64 },
}

/// A message that is kept until it is acknowledged.
#[derive(Debug)]
struct Unacknowledged {
    message: u32,
    session: u32,
    application: u32,
    content: Bytes,
    since: Instant,
}

/// A payload that is to be sent now.
pub(super) struct Word {
    pub(super) payload: Bytes,
    /// The message that is complete with it.
    pub(super) completes: Option<u32>,
}

impl Line {
    pub(super) fn new(we: &str, they: &str, seed: u64) -> Line {
        Line {
            we: we.to_owned(),
            they: they.to_owned(),
            numbers: Numbers::new(seed),
            credit: 0,
            queue: VecDeque::new(),
            sent: VecDeque::new(),
            unacknowledged: VecDeque::new(),
        }
    }

    pub(super) fn we(&self) -> &str {
        &self.we
    }

    pub(super) fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    pub(super) fn is_full(&self) -> bool {
        self.queue.len() >= LONGEST_QUEUE
    }

    pub(super) fn has_words(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(super) fn has_credit(&self) -> bool {
        self.credit > 0
    }

    /// There is room for so many packets more, and as many of those that were sent have left.
    pub(super) fn ready(&mut self, packets: usize) {
        self.credit = self.credit.saturating_add(packets);
        self.sent.drain(..packets.min(self.sent.len()));
    }

    /// Forgets messages whose acknowledgement will not come.
    pub(super) fn expire(&mut self, now: Instant) {
        while self
            .unacknowledged
            .front()
            .is_some_and(|oldest| now.saturating_duration_since(oldest.since) > UNACKNOWLEDGED)
        {
            self.unacknowledged.pop_front();
        }
    }

    /// A request of ours in a new transaction.
    pub(super) fn request(&mut self, method: Method, call: &str, content_type: ContentType) -> SlpMessage {
        let branch = self.numbers.guid().to_string();
        SlpMessage::request(method, &self.they, &self.we, &branch, call, content_type)
    }

    /// Says something and gives the number under which it will be acknowledged.
    pub(super) fn say(&mut self, now: Instant, text: &SlpMessage) -> u32 {
        let mut content = Vec::new();
        text.write(&mut content);
        self.message(now, 0, 0, content.into())
    }

    /// Accepts or declines a session that they asked for.
    pub(super) fn answer(&mut self, now: Instant, request: &SlpMessage, status: Status, session: u32) -> u32 {
        self.say(now, &request.response(status, ContentType::SessionRequest, session_body::answer(session)))
    }

    /// Says BYE to a call.
    pub(super) fn hang_up(&mut self, now: Instant, call: &str) {
        let farewell = self.request(Method::Bye, call, ContentType::SessionClose);
        self.say(now, &farewell);
    }

    /// Announces the data of an object: four zero bytes.
    pub(super) fn prepare(&mut self, now: Instant, session: u32, application: u32) -> u32 {
        self.message(now, session, application, Bytes::from_static(&[0; 4]))
    }

    /// Acknowledges the message that this packet completes.
    pub(super) fn acknowledge(&mut self, packet: &Packet) {
        let packet = packet.acknowledged(self.numbers.identifier());
        self.mention(&packet);
    }

    /// Asks that this packet's message be sent again from an offset on.
    pub(super) fn ask_again(&mut self, packet: &Packet, offset: u64) {
        let packet = packet.resumed(self.numbers.identifier(), offset);
        self.mention(&packet);
    }

    /// Says something outside of the peer-to-peer protocol.
    pub(super) fn remark(&mut self, payload: Vec<u8>) {
        self.queue.push_back(Queued { payload: payload.into(), piece: None });
    }

    /// A packet of data, to be sent now: it uses credit.
    pub(super) fn data(&mut self, header: Header, data: Bytes, application: u32) -> Bytes {
        let header = Header { acknowledgement: self.numbers.packet(), ..header };
        self.spend(Sent::Data { session: header.session, offset: header.offset });
        message::peer_to_peer(&self.they, &Packet { header, data, application }).into()
    }

    /// The next payload that waits, to be sent now: it uses credit.
    pub(super) fn next_word(&mut self) -> Option<Word> {
        let queued = self.queue.pop_front()?;
        let word = Word {
            payload: queued.payload.clone(),
            completes: queued.piece.filter(|piece| piece.is_last).map(|piece| piece.message),
        };
        self.spend(Sent::Word(queued));
        Some(word)
    }

    /// A message has come as a whole: what of it still waits need not go.
    pub(super) fn acknowledged(&mut self, message: u32) {
        self.unacknowledged.retain(|other| other.message != message);
        self.queue.retain(|queued| queued.piece.is_none_or(|piece| piece.message != message));
    }

    pub(super) fn is_unacknowledged(&self, message: u32) -> bool {
        self.unacknowledged.iter().any(|other| other.message == message)
    }

    /// Sends a message again from an offset on, if it is one that waits for its acknowledgement.
    pub(super) fn resume(&mut self, message: u32, offset: u64) {
        let known = self.unacknowledged.iter().position(|other| other.message == message);
        if let Some(place) = known {
            let pieces = self.pieces(place, offset);
            let is_other = |queued: &Queued| queued.piece.is_none_or(|piece| piece.message != message);
            self.queue.retain(is_other);
            self.queue.extend(pieces);
        }
    }

    /// The switchboard was lost: everything that may not have arrived waits again: what has not left, and what is not acknowledged.
    /// Gives the sessions of which data has not left, with the offset where that begins.
    pub(super) fn lost(&mut self) -> Vec<(u32, u64)> {
        self.credit = 0;
        let mut data: Vec<(u32, u64)> = Vec::new();
        let mut words: Vec<Queued> = Vec::new();
        for sent in std::mem::take(&mut self.sent) {
            match sent {
                Sent::Word(word) => words.push(word),
                Sent::Data { session, offset } => match data.iter_mut().find(|(other, _)| *other == session) {
                    Some((_, earliest)) => *earliest = offset.min(*earliest),
                    None => data.push((session, offset)),
                },
            }
        }
        words.extend(std::mem::take(&mut self.queue));
        // Messages go as a whole and each once, the ones that left long ago first; single packets where they were.
        let is_among = |message: u32| words.iter().any(|word| word.piece.is_some_and(|piece| piece.message == message));
        let gone: Vec<u32> =
            self.unacknowledged.iter().map(|other| other.message).filter(|&message| !is_among(message)).collect();
        let mut again: Vec<u32> = Vec::new();
        for message in gone {
            self.requeue(message);
        }
        for word in words {
            match word.piece {
                None => self.queue.push_back(word),
                Some(Piece { message, .. }) if !again.contains(&message) => {
                    again.push(message);
                    self.requeue(message);
                }
                Some(_) => {}
            }
        }
        data
    }

    fn requeue(&mut self, message: u32) {
        if let Some(place) = self.unacknowledged.iter().position(|other| other.message == message) {
            let pieces = self.pieces(place, 0);
            self.queue.extend(pieces);
        }
    }

    fn spend(&mut self, sent: Sent) {
        self.credit = self.credit.saturating_sub(1);
        self.sent.push_back(sent);
        if self.sent.len() > MOST_REMEMBERED {
            self.sent.pop_front();
        }
    }

    /// Queues a packet that is not acknowledged.
    fn mention(&mut self, packet: &Packet) {
        let payload = message::peer_to_peer(&self.they, packet).into();
        self.queue.push_back(Queued { payload, piece: None });
    }

    /// Queues a message that is acknowledged.
    fn message(&mut self, now: Instant, session: u32, application: u32, content: Bytes) -> u32 {
        let message = self.numbers.identifier();
        if self.unacknowledged.len() >= MOST_UNACKNOWLEDGED {
            self.unacknowledged.pop_front();
        }
        self.unacknowledged.push_back(Unacknowledged { message, session, application, content, since: now });
        self.requeue(message);
        message
    }

    /// The packets of a message from an offset on, each with a number of its own.
    fn pieces(&mut self, place: usize, offset: u64) -> Vec<Queued> {
        let Some(unacknowledged) = self.unacknowledged.get(place) else { return Vec::new() };
        let content = &unacknowledged.content;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let mut pieces = Vec::with_capacity((content.len() - start).div_ceil(LONGEST_DATA));
        let mut at = start;
        while at < content.len() {
            let end = content.len().min(at + LONGEST_DATA);
            let header = Header {
                session: unacknowledged.session,
                identifier: unacknowledged.message,
                offset: at as u64,
                total: content.len() as u64,
                flags: Flags::NONE,
                acknowledgement: self.numbers.packet(),
                ..Header::default()
            };
            let packet = Packet { header, data: content.slice(at..end), application: unacknowledged.application };
            let piece = Piece { message: unacknowledged.message, is_last: end == content.len() };
            let payload = message::peer_to_peer(&self.they, &packet).into();
            pieces.push(Queued { payload, piece: Some(piece) });
            at = end;
        }
        pieces
    }
}
