//! Files: offered with a name, a size and perhaps a small picture, then sent in one message.

use super::{Answer, Call, Kind, flags};
use crate::Room;

/// The length of what stands before a preview, in the second version of the form.
const CONTEXT: usize = 574;

/// How many bytes the name has in it, in UTF-16.
const NAME: usize = 520;

/// A file that somebody offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOffer {
    /// The session that it would be sent in.
    pub call: Call,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: usize,
    /// A small picture of it.
    pub preview: Option<Vec<u8>>,
    /// What stands below its data: 2, unless the sender is known for another number.
    pub footer: u32,
}

/// A file on its way.
#[derive(Debug)]
pub struct Sending<'file> {
    call: Call,
    identifier: u32,
    file: &'file [u8],
    sent: usize,
}

/// So many bytes that differ from place to place.
pub fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|place| (place * 7 + place / 251 + 3) as u8).collect()
}

impl Room {
    /// Offers a file, with an empty preview for none.
    pub async fn offer_file(&mut self, to: &str, name: &str, size: usize, preview: &[u8]) -> Call {
        self.invite(to, Kind::File, &context(name, size, preview)).await
    }

    /// Waits to be offered a file; the answer is still to come.
    pub async fn file_offered(&mut self, by: &str) -> FileOffer {
        let call = self.invited(by, Kind::File).await;
        let (name, size, preview) = read_context(&call.context);
        FileOffer { footer: call.application, call, name, size, preview }
    }

    /// Begins to send a file that was accepted.
    pub fn begin_file<'file>(&mut self, call: &Call, file: &'file [u8]) -> Sending<'file> {
        let identifier = if file.is_empty() { 0 } else { self.begin_message(&call.peer, call.session, file.len()) };
        Sending { call: call.clone(), identifier, file, sent: 0 }
    }

    /// Sends the next part of a file, to that place in it.
    pub async fn send_until(&mut self, sending: &mut Sending<'_>, place: usize) {
        let Sending { call, identifier, file, sent } = sending;
        let numbers = (call.session, *identifier);
        let about = (flags::FILE, call.application);
        self.send_part(&call.peer, numbers, about, file, *sent..place).await;
        *sent = place;
    }

    /// Sends what is left of a file, waits until all of it is acknowledged, and ends the session.
    pub async fn finish_file(&mut self, mut sending: Sending<'_>) {
        let end = sending.file.len();
        self.send_until(&mut sending, end).await;
        self.acknowledged(sending.identifier).await;
        self.end(&sending.call).await;
    }

    /// Sends a file that was accepted.
    pub async fn give_file(&mut self, call: &Call, file: &[u8]) {
        let sending = self.begin_file(call, file);
        self.finish_file(sending).await;
    }

    /// Offers a file, and sends it if it is accepted.
    pub async fn send_file(&mut self, to: &str, name: &str, file: &[u8]) -> Answer {
        let call = self.offer_file(to, name, file.len(), &[]).await;
        let answer = self.answered(&call).await;
        if answer == Answer::Accepted {
            self.give_file(&call, file).await;
        }
        answer
    }

    /// Waits to be offered a file, accepts it and takes it.
    pub async fn receive_file(&mut self, from: &str) -> (FileOffer, Vec<u8>) {
        let offer = self.file_offered(from).await;
        self.accept(&offer.call).await;
        let file = self.take_file(&offer).await;
        (offer, file)
    }

    /// Takes a file that was accepted, to its end.
    pub async fn take_file(&mut self, offer: &FileOffer) -> Vec<u8> {
        let call = &offer.call;
        let mut file = Vec::new();
        if offer.size > 0 {
            let message = self.message("a file", |message| message.packet.session == call.session).await;
            assert_eq!((message.packet.flags, message.packet.application), (flags::FILE, offer.footer));
            assert_eq!(message.data.len(), offer.size, "the size of {:?}", offer.name);
            self.acknowledge(&message).await;
            file = message.data;
        }
        self.ended(call).await;
        file
    }

    /// Waits until so many bytes of an accepted file have come; says how many it are.
    pub async fn take_some(&mut self, offer: &FileOffer, at_least: usize) -> usize {
        loop {
            let exchange = &self.exchange;
            let mut messages = exchange.partial.iter().chain(&exchange.whole);
            let message = messages.find(|message| message.packet.session == offer.call.session);
            let come = message.map_or(0, |message| message.data.len());
            if come >= at_least {
                return come;
            }
            self.take_packet("a part of a file").await;
        }
    }
}

fn context(name: &str, size: usize, preview: &[u8]) -> Vec<u8> {
    let mut context = Vec::with_capacity(CONTEXT + preview.len());
    context.extend(u32::try_from(CONTEXT).unwrap().to_le_bytes());
    context.extend(2_u32.to_le_bytes());
    context.extend((size as u64).to_le_bytes());
    context.extend(u32::from(preview.is_empty()).to_le_bytes());
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(name.len() < NAME, "a name of {} bytes", name.len());
    context.extend(&name);
    context.resize(20 + NAME + 30, 0);
    context.extend([0xFF; 4]);
    assert_eq!(context.len(), CONTEXT);
    context.extend(preview);
    context
}

fn read_context(context: &[u8]) -> (String, usize, Option<Vec<u8>>) {
    let number = |place: usize| u32::from_le_bytes(context[place..place + 4].try_into().unwrap());
    let length = number(0) as usize;
    assert!(matches!((length, number(4)), (574, 2) | (638, 3)), "length and version of {context:?}");
    assert!(context.len() >= length, "{} bytes of {length}", context.len());
    let size = u64::from_le_bytes(context[8..16].try_into().unwrap());
    let units: Vec<u16> = context[20..20 + NAME].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let end = units.iter().position(|unit| *unit == 0).expect("a name ends");
    assert!(units[end..].iter().all(|unit| *unit == 0), "what stands after a name");
    assert_eq!(&context[570..574], [0xFF; 4], "the end of what is fixed");
    let preview = &context[length..];
    assert_eq!(number(16) == 1, preview.is_empty(), "the kind says whether a preview follows");
    let preview = (!preview.is_empty()).then(|| preview.to_vec());
    (String::from_utf16(&units[..end]).expect("a name in UTF-16"), usize::try_from(size).unwrap(), preview)
}
