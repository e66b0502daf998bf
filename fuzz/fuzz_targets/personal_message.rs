//! Any document of a personal message can be read, and what was read comes back when it is written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use msnp::personal_message::PersonalMessage;

fuzz_target!(|document: &[u8]| {
    let written = PersonalMessage::parse(document).to_document();
    let read = PersonalMessage::parse(&written);
    assert_eq!(read.to_document(), written);
});
