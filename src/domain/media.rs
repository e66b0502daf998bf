//! The names of pictures, clips and files: bytes are kept apart from the messages that speak of them.

use std::{fmt, str::FromStr, sync::Arc};

use base64::{Engine, alphabet, engine::general_purpose};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Passport;

/// The SHA-256 of a blob's bytes; as text, 64 lower case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub [u8; 32]);

/// A text names no blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no blob id: use 64 lower case hexadecimal digits")]
pub struct BlobIdFault;

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl FromStr for BlobId {
    type Err = BlobIdFault;

    fn from_str(text: &str) -> Result<Self, BlobIdFault> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(BlobIdFault),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(BlobIdFault);
        }
        let mut hash = [0; 32];
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(hash))
    }
}

/// The SHA-1 of an object's bytes, by which Messenger knows pictures, emoticons, winks and clips (`SHA1D`); as text, its base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectHash(pub [u8; 20]);

/// A text is no object's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no hash of an object: use the base64 of 20 bytes")]
pub struct ObjectHashFault;

/// Clients leave padding out, and put in what does not belong there.
const LENIENT: general_purpose::GeneralPurpose = general_purpose::GeneralPurpose::new(
    &alphabet::STANDARD,
    general_purpose::GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl fmt::Display for ObjectHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&LENIENT.encode(self.0))
    }
}

impl FromStr for ObjectHash {
    type Err = ObjectHashFault;

    fn from_str(text: &str) -> Result<Self, ObjectHashFault> {
        let bytes = LENIENT.decode(text.trim()).map_err(|_| ObjectHashFault)?;
        bytes.try_into().map(Self).map_err(|_| ObjectHashFault)
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

as_text!(BlobId);
as_text!(ObjectHash);

/// Where the bytes of an attachment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Kept here.
    Blob(BlobId),
    /// An object that is known by its hash: kept here already, or still with the client that announced it. A bridge asks for its
    /// bytes in the same way, and is called only when they are here.
    Object(ObjectHash),
}

/// A picture, a clip or a file, with its bytes elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// A file name, without a path.
    pub name: String,
    /// The media type, by the bytes and not by any claim.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// Where the bytes are.
    pub source: Source,
    /// Where a person can fetch it, below the address of this server's web pages; `None` as long as it has no such place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// An object that a client has announced, and gives to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Who has it.
    pub owner: Passport,
    /// By which it is known.
    pub hash: ObjectHash,
    /// In bytes, as announced.
    pub size: u64,
    /// Its description in Messenger's own words (`MSNObject` as XML), which is asked with.
    pub description: Arc<str>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_blob_id_survives_its_text_and_nothing_else_is_one() {
        let id = BlobId(std::array::from_fn(|at| u8::try_from(at * 8).unwrap()));
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in
            ["", "00", &"0".repeat(63), &"0".repeat(66), &"A".repeat(64), "../../../../etc/passwd", &"é".repeat(32)]
        {
            assert_eq!(text.parse::<BlobId>(), Err(BlobIdFault), "{text}");
        }
    }

    #[test]
    fn an_object_hash_is_read_with_and_without_padding() {
        let text = "trC8SlFx2sWQxZMIBAWSEnXc8oQ=";
        let hash: ObjectHash = text.parse().unwrap();
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.trim_end_matches('=').parse(), Ok(hash));
        for text in ["", "AAAA", "not base64!"] {
            assert_eq!(text.parse::<ObjectHash>(), Err(ObjectHashFault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_names_bytes_survives_its_text(blob: [u8; 32], object: [u8; 20]) {
            prop_assert_eq!(BlobId(blob).to_string().parse(), Ok(BlobId(blob)));
            prop_assert_eq!(ObjectHash(object).to_string().parse(), Ok(ObjectHash(object)));
        }

        #[test]
        fn a_blob_has_one_name(text in "[0-9a-fA-F]{64}|[0-9a-f]{62,66}|\\PC{0,64}") {
            if let Ok(id) = text.parse::<BlobId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
