//! The custom emoticons that a client has defined in a conversation.

use domain::{
    Passport,
    content::Emoticon,
    media::{Announcement, Attachment, ObjectHash, Source},
};
use msnp::{
    message,
    object::{MsnObject, ObjectType},
};

/// How many definitions are in force at once; one more drops the oldest.
const MOST: usize = 100;

/// The longest shortcut, in bytes. Messenger's own have at most seven characters; other clients take more.
const LONGEST_SHORTCUT: usize = 64;

/// The longest description of an object, in bytes; Messenger's own have about 250.
const LONGEST_DESCRIPTION: usize = 1024;

/// The custom emoticons of one sender in one conversation: a definition holds for all texts after it, until another takes its
/// shortcut.
#[derive(Debug, Default)]
pub struct Definitions {
    /// The oldest first.
    known: Vec<Definition>,
}

#[derive(Debug)]
struct Definition {
    shortcut: String,
    animated: bool,
    announcement: Announcement,
}

impl Definitions {
    /// Takes the definitions of an emoticon message (its body), and says of which objects it spoke. What cannot be read, or is of
    /// another kind, is left out.
    pub fn learn(&mut self, owner: &Passport, animated: bool, body: &[u8]) -> Vec<Announcement> {
        let mut announced: Vec<Announcement> = Vec::new();
        for (shortcut, description) in message::emoticon_definitions(body) {
            let Some(announcement) = announcement(owner, &shortcut, &description) else { continue };
            self.known.retain(|definition| definition.shortcut != shortcut);
            if self.known.len() >= MOST {
                self.known.remove(0);
            }
            self.known.push(Definition { shortcut, animated, announcement: announcement.clone() });
            if announced.len() < MOST {
                announced.push(announcement);
            }
        }
        announced
    }

    /// The shortcuts that occur in `text`, wherever they stand in it.
    pub(super) fn shortcuts_in(&self, text: &str) -> Vec<&str> {
        self.known.iter().map(|definition| definition.shortcut.as_str()).filter(|each| text.contains(each)).collect()
    }

    /// The emoticon of a shortcut, and its object.
    pub(super) fn emoticon(&self, shortcut: &str) -> Option<(Emoticon, Announcement)> {
        let definition = self.known.iter().find(|definition| definition.shortcut == shortcut)?;
        let announcement = definition.announcement.clone();
        // What it is in truth, its bytes say when they are here.
        let extension = if definition.animated { "gif" } else { "png" };
        let picture = Attachment {
            name: format!("emoticon.{extension}"),
            media_type: format!("image/{extension}"),
            size: announcement.size,
            source: Source::Object(announcement.hash),
            link: None,
        };
        Some((Emoticon { shortcut: shortcut.to_owned(), picture, animated: definition.animated }, announcement))
    }
}

fn announcement(owner: &Passport, shortcut: &str, description: &str) -> Option<Announcement> {
    let is_bounded = shortcut.len() <= LONGEST_SHORTCUT && description.len() <= LONGEST_DESCRIPTION;
    let is_word = !shortcut.trim().is_empty() && !shortcut.contains(char::is_control);
    let object = MsnObject::parse(description).filter(|_| is_bounded && is_word)?;
    let hash: ObjectHash = object.data_hash.parse().ok()?;
    let is_emoticon = object.object_type == ObjectType::CUSTOM_EMOTICON && object.size > 0;
    is_emoticon.then(|| Announcement { owner: owner.clone(), hash, size: object.size, description: description.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carol() -> Passport {
        "carol@example.com".parse().unwrap()
    }

    fn definition(shortcut: &str, data: &[u8]) -> String {
        let object = MsnObject::describe("carol@example.com", ObjectType::CUSTOM_EMOTICON, "TFR1.tmp", data);
        format!("{shortcut}\t{}\t", object.to_xml())
    }

    #[test]
    fn the_last_definition_of_a_shortcut_holds() {
        let mut definitions = Definitions::default();
        let announced = definitions.learn(&carol(), false, definition("(cat)", b"1").as_bytes());
        assert_eq!(announced.len(), 1);
        let announced = definitions.learn(&carol(), true, definition("(cat)", b"22").as_bytes());
        let (emoticon, announcement) = definitions.emoticon("(cat)").unwrap();
        assert_eq!((announced, announcement.size), (vec![announcement.clone()], 2));
        assert_eq!(emoticon.picture.source, Source::Object(announcement.hash));
        assert_eq!((emoticon.picture.media_type.as_str(), emoticon.animated), ("image/gif", true));
        assert_eq!(definitions.shortcuts_in("a (cat)"), ["(cat)"]);
        assert_eq!(definitions.shortcuts_in("a (CAT)"), [""; 0]);
    }

    #[test]
    fn there_are_never_more_than_a_hundred() {
        let mut definitions = Definitions::default();
        for number in 0..150 {
            let _ = definitions.learn(&carol(), false, definition(&format!("e{number}e"), b"1").as_bytes());
        }
        assert_eq!(definitions.known.len(), MOST);
        assert!(definitions.emoticon("e49e").is_none() && definitions.emoticon("e50e").is_some());
    }

    #[test]
    fn what_is_no_emoticon_is_left_out() {
        let picture = MsnObject::describe("carol@example.com", ObjectType::DISPLAY_PICTURE, "TFR1.tmp", b"1").to_xml();
        let long = "x".repeat(LONGEST_SHORTCUT + 1);
        let huge = definition("x", b"1").replace("TFR1", &"T".repeat(LONGEST_DESCRIPTION));
        let mut definitions = Definitions::default();
        for body in [format!("x\t{picture}\t"), definition(&long, b"1"), definition(" ", b"1"), huge, "x\ty".into()] {
            assert_eq!(definitions.learn(&carol(), false, body.as_bytes()), []);
        }
    }
}
