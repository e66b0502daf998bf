//! Whatever a client sends on a notification connection is understood or refused, and what was understood is written as one
//! command: nothing within it can end its line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use msnp::{
    frame::{Decoder, Limits, Side},
    notification::client::ClientCommand,
};

fn decoder(bytes: &[u8]) -> Decoder {
    let mut decoder = Decoder::new(Side::Notification, Limits::default());
    decoder.push(bytes);
    decoder
}

fuzz_target!(|bytes: &[u8]| {
    let mut heard = decoder(bytes);
    while let Ok(Some(frame)) = heard.next_frame() {
        let Ok(command) = ClientCommand::parse(frame) else { continue };
        // Of a command that is not known, only the name is kept.
        if matches!(command, ClientCommand::Unknown { .. }) {
            continue;
        }
        let mut written = Vec::new();
        command.write(&mut written);
        let mut again = decoder(&written);
        // Written anew, a name may be longer than a line may be; but never two lines.
        if let Ok(frame) = again.next_frame() {
            assert!(frame.is_some(), "{command:?} is not whole");
            assert!(!again.is_amid_frame(), "{command:?} is more than one command");
        }
    }
});
