//! Objects: what pictures, emoticons, winks and voice clips are announced as, asked for and given by.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use super::{Answer, Call, Kind, flags};
use crate::Room;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A custom emoticon.
    Emoticon,
    /// A display picture.
    Picture,
    /// A wink.
    Wink,
    /// A voice clip.
    VoiceClip,
}

impl ObjectKind {
    const fn number(self) -> u32 {
        match self {
            Self::Emoticon => 2,
            Self::Picture => 3,
            Self::Wink => 8,
            Self::VoiceClip => 11,
        }
    }
}

/// An object as it is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The announcement, letter for letter.
    pub xml: String,
    /// Who has the data.
    pub creator: String,
    /// How many bytes it has.
    pub size: usize,
    /// What it is.
    pub kind: u32,
    /// Its name, in letters.
    pub friendly: String,
    /// Base64 of the SHA-1 of the data.
    pub data_hash: String,
}

impl Object {
    /// Announces data.
    pub fn describe(creator: &str, kind: ObjectKind, friendly: &str, data: &[u8]) -> Self {
        let name: Vec<u8> = friendly.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let friendly = STANDARD.encode(if name.is_empty() { vec![0, 0] } else { name });
        let (size, kind, data_hash) = (data.len(), kind.number(), hash(data));
        let location = format!("TFR{size:X}.tmp");
        let values = [creator, &size.to_string(), &kind.to_string(), &location, &friendly, &data_hash];
        let described = description_hash(&values);
        let attribute = |(name, value)| [" ", name, "=\"", value, "\""].concat();
        let attributes: String = NAMES.into_iter().zip(values).map(attribute).collect();
        Self::read(&format!("<msnobj{attributes} SHA1C=\"{described}\"/>"))
    }

    /// Reads an announcement. The attributes stand in their order, and the second hash fits them.
    pub fn read(xml: &str) -> Self {
        let inner = xml.strip_prefix("<msnobj ").and_then(|rest| rest.strip_suffix("/>"));
        let mut rest = inner.unwrap_or_else(|| panic!("{xml:?} is no object"));
        let mut values = Vec::new();
        for name in NAMES.into_iter().chain(["SHA1C"]) {
            let value = rest.trim_start().strip_prefix(name).and_then(|rest| rest.strip_prefix("=\""));
            let value = value.and_then(|rest| rest.split_once('"'));
            let (value, after) = value.unwrap_or_else(|| panic!("{name} is missing in {xml:?}"));
            values.push(value);
            rest = after;
        }
        assert_eq!(values[6], description_hash(&values), "the hash of the description in {xml:?}");
        let name = STANDARD.decode(values[4]).unwrap_or_else(|_| panic!("the name in {xml:?}"));
        let name: Vec<u16> = name.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        assert!(values[5].len() == 28, "a SHA-1 in {xml:?}");
        Self {
            xml: xml.to_owned(),
            creator: values[0].to_owned(),
            size: values[1].parse().unwrap_or_else(|_| panic!("the size in {xml:?}")),
            kind: values[2].parse().unwrap_or_else(|_| panic!("the type in {xml:?}")),
            friendly: String::from_utf16(&name).unwrap().trim_end_matches('\0').to_owned(),
            data_hash: values[5].to_owned(),
        }
    }

    /// The same with a signature behind, as winks have one.
    #[must_use]
    pub fn stamped(&self, stamp: &str) -> Self {
        let inner = self.xml.strip_suffix("/>").unwrap();
        Self::read(&format!("{inner} stamp=\"{stamp}\"/>"))
    }

    /// The form that it has in presence.
    pub fn encoded(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let each = self
            .xml
            .bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
        each.collect()
    }

    /// Reads the form that it has in presence.
    pub fn decode(encoded: &str) -> Self {
        let mut bytes = Vec::new();
        let mut rest = encoded.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            if *first == b'%' {
                let digits = std::str::from_utf8(&after[..2]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("%{digits} in {encoded:?}")));
                rest = &after[2..];
            } else {
                bytes.push(*first);
            }
        }
        Self::read(&String::from_utf8(bytes).unwrap())
    }

    /// Fails unless these are the bytes that were announced.
    pub fn check(&self, data: &[u8]) {
        assert_eq!(data.len(), self.size, "the size of {}", self.xml);
        assert_eq!(hash(data), self.data_hash, "the hash of {}", self.xml);
    }
}

const NAMES: [&str; 6] = ["Creator", "Size", "Type", "Location", "Friendly", "SHA1D"];

fn hash(data: &[u8]) -> String {
    STANDARD.encode(Sha1::digest(data))
}

/// The hash of names and values, without separators, in their order.
fn description_hash(values: &[&str]) -> String {
    let described: String = NAMES.into_iter().zip(values).map(|(name, value)| [name, *value].concat()).collect();
    hash(described.as_bytes())
}

impl Room {
    /// Asks somebody for the data of an object; the number of their answer if they do not give it.
    pub async fn ask_for_object(&mut self, from: &str, object: &Object) -> Result<Vec<u8>, u16> {
        let call = self.invite(from, Kind::Object, format!("{}\0", object.xml).as_bytes()).await;
        if let Answer::Refused(code) = self.answered(&call).await {
            return Err(code);
        }
        let preparation = self.message("a data preparation", |message| message.packet.session == call.session).await;
        assert_eq!(preparation.data, [0; 4], "a data preparation comes first");
        assert_eq!((preparation.packet.flags, preparation.packet.application), (flags::PLAIN, call.application));
        // The data has to wait until the preparation is acknowledged.
        self.fence().await;
        assert!(!self.has_data_of(&call), "data before the preparation was acknowledged");
        self.acknowledge(&preparation).await;
        let data = self.message("the data of an object", |message| message.packet.session == call.session).await;
        assert_eq!((data.packet.flags, data.packet.application), (flags::OBJECT, call.application));
        object.check(&data.data);
        self.acknowledge(&data).await;
        self.end(&call).await;
        Ok(data.data)
    }

    /// Fetches the data of an object from somebody who has it.
    pub async fn fetch_object(&mut self, from: &str, object: &Object) -> Vec<u8> {
        let fetched = self.ask_for_object(from, object).await;
        fetched.unwrap_or_else(|code| panic!("{from} answers {code} to {}", object.xml))
    }

    /// Waits to be asked for an object, and gives its data.
    pub async fn serve_object(&mut self, to: &str, object: &Object, data: &[u8]) {
        let call = self.asked_for_object(to, object).await;
        self.accept(&call).await;
        self.give_object(&call, data).await;
    }

    /// Waits to be asked for an object; the answer is still to come.
    pub async fn asked_for_object(&mut self, by: &str, object: &Object) -> Call {
        let call = self.invited(by, Kind::Object).await;
        assert_eq!(String::from_utf8_lossy(&call.context), format!("{}\0", object.xml), "what was announced");
        call
    }

    /// Gives data in a session that was accepted, and waits until the asker has ended it.
    pub async fn give_object(&mut self, call: &Call, data: &[u8]) {
        let preparation = self.send_message(&call.peer, call.session, (flags::PLAIN, call.application), &[0; 4]).await;
        self.acknowledged(preparation).await;
        let sent = self.send_message(&call.peer, call.session, (flags::OBJECT, call.application), data).await;
        self.acknowledged(sent).await;
        self.ended(call).await;
    }

    fn has_data_of(&self, call: &Call) -> bool {
        let mut messages = self.exchange.whole.iter().chain(&self.exchange.partial);
        messages.any(|message| message.packet.session == call.session) || self.holds_packets_of(call.session)
    }
}
