//! Any document of a personal message can be read, and what was read comes back when it is written and read again.

use msnp::personal_message::PersonalMessage;

/// The document of a personal message.
pub fn personal_message(document: &[u8]) -> bool {
    let written = PersonalMessage::parse(document).to_document();
    let read = PersonalMessage::parse(&written);
    assert_eq!(read.to_document(), written);
    read != PersonalMessage::default()
}
