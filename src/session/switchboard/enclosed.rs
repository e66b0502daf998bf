//! Pictures and clips that a message brings, or speaks of.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use domain::{
    Content, Passport,
    media::{Announcement, Attachment, BlobId, ObjectHash, Source},
};
use msnp::{
    message,
    object::{MsnObject, ObjectType},
};
use sha2::{Digest, Sha256};

/// The longest title of a wink, in characters.
const LONGEST_TITLE: usize = 64;

/// The longest description of an object, in bytes: that of a wink has a signature of several kilobytes.
const LONGEST_DESCRIPTION: usize = 16 << 10;

/// Names as clients encode them: with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A wink, which is still with its sender's client; `None` if its description is none.
pub(super) fn wink(owner: &Passport, description: &str) -> Option<(Content, Announcement)> {
    let (object, announcement) = announced(owner, description, ObjectType::WINK)?;
    let title = title(&object.friendly).unwrap_or_else(|| "Wink".to_owned());
    let thumbnail = attachment("wink.cab", "application/vnd.ms-cab-compressed", &announcement);
    Some((Content::Wink { title, thumbnail: Some(thumbnail) }, announcement))
}

/// A voice clip, which is still with its sender's client; `None` if its description is none.
pub(super) fn voice_clip(owner: &Passport, description: &str) -> Option<(Content, Announcement)> {
    let (_, announcement) = announced(owner, description, ObjectType::VOICE_CLIP)?;
    Some((Content::Voice(attachment("voice clip.wav", "audio/wav", &announcement)), announcement))
}

/// Ink in the form of a GIF, and its bytes; `None` if it is not in that form.
pub(super) fn ink(body: &[u8]) -> Option<(Content, Bytes)> {
    let gif = Bytes::from(message::ink_data(body)?);
    let is_gif = gif.starts_with(b"GIF87a") || gif.starts_with(b"GIF89a");
    let ink = Attachment {
        name: "ink.gif".to_owned(),
        media_type: "image/gif".to_owned(),
        size: gif.len() as u64,
        source: Source::Blob(BlobId(Sha256::digest(&gif).into())),
        link: None,
    };
    is_gif.then_some((Content::Ink(ink), gif))
}

fn announced(owner: &Passport, description: &str, kind: ObjectType) -> Option<(MsnObject, Announcement)> {
    let is_bounded = description.len() <= LONGEST_DESCRIPTION;
    let object = is_bounded.then(|| MsnObject::parse(description)).flatten()?;
    if object.object_type != kind || object.size == 0 {
        return None;
    }
    let hash: ObjectHash = object.data_hash.parse().ok()?;
    let announcement = Announcement { owner: owner.clone(), hash, size: object.size, description: description.into() };
    Some((object, announcement))
}

fn attachment(name: &str, media_type: &str, announcement: &Announcement) -> Attachment {
    Attachment {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size: announcement.size,
        source: Source::Object(announcement.hash),
        link: None,
    }
}

/// What an object is called: base64 of UTF-16LE, which may end with a NUL.
fn title(friendly: &str) -> Option<String> {
    let bytes = LENIENT.decode(friendly.trim()).ok()?;
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).take_while(|unit| *unit != 0);
    let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    let title: String = letters.filter(|letter| !letter.is_control()).take(LONGEST_TITLE).collect();
    Some(title.trim().to_owned()).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use msnp::object::friendly_name;

    use super::*;

    #[test]
    fn a_title_may_end_with_a_nul() {
        // "Break Dancer", from a recording of Messenger 7.
        assert_eq!(title("QgByAGUAYQBrACAARABhAG4AYwBlAHIA").as_deref(), Some("Break Dancer"));
        assert_eq!(title(&friendly_name("Café 👍\0")).as_deref(), Some("Café 👍"));
        for nothing in ["AAA=", "", "AAA", "é", "IAAJAA=="] {
            assert_eq!(title(nothing), None, "{nothing}");
        }
        assert_eq!(title(&friendly_name(&"x".repeat(99))).map(|title| title.len()), Some(LONGEST_TITLE));
    }

    #[test]
    fn only_what_is_described_as_one_is_one() {
        let owner = "carol@example.com".parse().unwrap();
        let object = MsnObject::describe("carol@example.com", ObjectType::WINK, "a.tmp", b"wink").to_xml();
        assert!(wink(&owner, &object).is_some());
        assert_eq!(voice_clip(&owner, &object), None);
        assert_eq!(wink(&owner, &object.replace("Size=\"4\"", "Size=\"0\"")), None);
        assert_eq!(wink(&owner, "<msnobj/>"), None);
    }

    #[test]
    fn ink_is_a_gif_or_nothing() {
        let (content, gif) = ink(b"base64:R0lGODlhAQABAAAAADs=").unwrap();
        assert_eq!(&gif[..], b"GIF89a\x01\0\x01\0\0\0\0;");
        assert_eq!(content.attachment().map(|ink| (ink.size, ink.media_type.as_str())), Some((14, "image/gif")));
        assert_eq!(ink(b"base64:AAAA"), None);
        assert_eq!(ink(b"R0lGODlhAQABAAAAADs="), None);
    }
}
