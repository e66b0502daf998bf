//! `MSNObject`: the description by which pictures, emoticons and voice clips are offered and asked for.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use sha1::{Digest, Sha1};

use crate::{percent, xml};

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectType(pub u32);

impl ObjectType {
    /// A custom emoticon.
    pub const CUSTOM_EMOTICON: ObjectType = ObjectType(2);
    /// A display picture.
    pub const DISPLAY_PICTURE: ObjectType = ObjectType(3);
    /// A shared file.
    pub const SHARED_FILE: ObjectType = ObjectType(4);
    /// A conversation background.
    pub const BACKGROUND: ObjectType = ObjectType(5);
    /// An animated display picture.
    pub const DYNAMIC_PICTURE: ObjectType = ObjectType(7);
    /// A wink.
    pub const WINK: ObjectType = ObjectType(8);
    /// A voice clip.
    pub const VOICE_CLIP: ObjectType = ObjectType(11);
}

/// An object's description. Two objects are the same thing when type and [`MsnObject::data_hash`] are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsnObject {
    /// The passport of whoever has the data.
    pub creator: String,
    /// The data's length in bytes.
    pub size: u64,
    /// What the data is.
    pub object_type: ObjectType,
    /// A name like that of a file.
    pub location: String,
    /// The base64 of a name in UTF-16LE; `AAA=` when it has none.
    pub friendly: String,
    /// `SHA1D`: the base64 of the SHA-1 of the data.
    pub data_hash: String,
    /// `SHA1C`: the base64 of the SHA-1 of the other attributes. Later clients leave it out.
    pub description_hash: Option<String>,
    /// Further attributes (`stamp`, `contenttype`), in their order.
    pub others: Vec<(String, String)>,
}

impl MsnObject {
    /// Describes data that we have, under an empty friendly name.
    #[must_use]
    pub fn describe(creator: &str, object_type: ObjectType, location: &str, data: &[u8]) -> MsnObject {
        MsnObject::of_hash(creator, object_type, location, data.len() as u64, &hash(data))
    }

    /// Describes data of this size and hash (the base64 of its SHA-1), under an empty friendly name.
    #[must_use]
    pub fn of_hash(creator: &str, object_type: ObjectType, location: &str, size: u64, data_hash: &str) -> MsnObject {
        let mut object = MsnObject {
            creator: creator.to_owned(),
            size,
            object_type,
            location: location.to_owned(),
            friendly: friendly_name(""),
            data_hash: data_hash.to_owned(),
            description_hash: None,
            others: Vec::new(),
        };
        object.description_hash = Some(object.computed_description_hash());
        object
    }

    /// Reads the XML form. Attributes may come in any order; all but creator, type and data hash may be missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<MsnObject> {
        let start = text.as_bytes().windows(7).position(|window| window.eq_ignore_ascii_case(b"<msnobj"))?;
        let mut object = MsnObject {
            creator: String::new(),
            size: 0,
            object_type: ObjectType(0),
            location: String::new(),
            friendly: String::new(),
            data_hash: String::new(),
            description_hash: None,
            others: Vec::new(),
        };
        let mut rest = text.get(start + 7..)?;
        while let Some((name, value, after)) = attribute(rest) {
            rest = after;
            match name.to_ascii_lowercase().as_str() {
                "creator" => object.creator = value,
                "size" => object.size = value.trim().parse().ok()?,
                "type" => object.object_type = ObjectType(value.trim().parse().ok()?),
                "location" => object.location = value,
                "friendly" => object.friendly = value,
                "sha1d" => object.data_hash = value,
                "sha1c" => object.description_hash = Some(value),
                _ => object.others.push((name.to_owned(), value)),
            }
        }
        let complete = !object.creator.is_empty() && object.object_type.0 != 0 && !object.data_hash.is_empty();
        complete.then_some(object)
    }

    /// Reads the percent-encoded form of `CHG`, `NLN` and `ILN`.
    #[must_use]
    pub fn parse_encoded(text: &str) -> Option<MsnObject> {
        MsnObject::parse(&percent::decode(text))
    }

    /// The XML form.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut text = String::from("<msnobj");
        for (name, value) in self.hashed_attributes() {
            push_attribute(&mut text, name, &value);
        }
        if let Some(description_hash) = &self.description_hash {
            push_attribute(&mut text, "SHA1C", &xml::escape(description_hash));
        }
        for (name, value) in &self.others {
            push_attribute(&mut text, name, &xml::escape(value));
        }
        text.push_str("/>");
        text
    }

    /// The percent-encoded form of `CHG`, `NLN` and `ILN`.
    #[must_use]
    pub fn to_encoded(&self) -> String {
        percent::encode_strict(&self.to_xml())
    }

    /// Reads the form of a peer-to-peer invitation: base64 of the XML with a NUL behind it. Padding and NUL may be missing.
    #[must_use]
    pub fn from_context(context: &str) -> Option<MsnObject> {
        let bytes = lenient_base64(context)?;
        let xml = bytes.split(|&byte| byte == 0).next()?;
        MsnObject::parse(&String::from_utf8_lossy(xml))
    }

    /// The form of a peer-to-peer invitation.
    #[must_use]
    pub fn to_context(&self) -> String {
        context(&self.to_xml())
    }

    /// What `SHA1C` must be for these attributes: the hash of names and values, without separators, in a fixed order.
    #[must_use]
    pub fn computed_description_hash(&self) -> String {
        let input =
            self.hashed_attributes().into_iter().fold(String::new(), |input, (name, value)| input + name + &value);
        hash(input.as_bytes())
    }

    /// Whether these are the bytes described.
    #[must_use]
    pub fn matches(&self, data: &[u8]) -> bool {
        self.data_hash == hash(data)
    }

    /// The attributes that the description hash covers, in its order, as they stand in the XML.
    fn hashed_attributes(&self) -> [(&'static str, String); 6] {
        [
            ("Creator", xml::escape(&self.creator)),
            ("Size", self.size.to_string()),
            ("Type", self.object_type.0.to_string()),
            ("Location", xml::escape(&self.location)),
            ("Friendly", xml::escape(&self.friendly)),
            ("SHA1D", xml::escape(&self.data_hash)),
        ]
    }
}

/// The form in which an object holds a name. A name that is not empty has no terminator.
#[must_use]
pub fn friendly_name(name: &str) -> String {
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    STANDARD.encode(if units.is_empty() { &[0, 0] } else { units.as_slice() })
}

/// The form that an object's XML has in a peer-to-peer invitation, for XML that must go back as it came.
#[must_use]
pub fn context(xml: &str) -> String {
    STANDARD.encode([xml.as_bytes(), &[0]].concat())
}

/// Base64 as peers write it: with or without padding, and with line ends in it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes base64 as peers write it.
pub(crate) fn lenient_base64(text: &str) -> Option<Vec<u8>> {
    let letters: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != 0).collect();
    LENIENT.decode(letters).ok()
}

/// Encodes base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn hash(bytes: &[u8]) -> String {
    STANDARD.encode(Sha1::digest(bytes))
}

fn push_attribute(text: &mut String, name: &str, escaped: &str) {
    text.push(' ');
    text.push_str(name);
    text.push_str("=\"");
    text.push_str(escaped);
    text.push('"');
}

/// The first attribute: its name, its value unescaped and without what XML cannot hold, which would be gone when it is written, and what
/// follows it.
fn attribute(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = text.split_once('=')?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, rest) = rest.get(1..)?.split_once(quote)?;
    let name = name.trim();
    let is_name = !name.is_empty() && !name.contains(['<', '>', '/', '"', '\'', '&', ' ']);
    is_name.then(|| {
        let mut value = xml::unescape(value).into_owned();
        value.retain(xml::is_allowed);
        (name, value, rest)
    })
}

#[cfg(test)]
mod tests;
