//! Whatever a client sends on a switchboard connection is understood or refused, and what was understood is written as one
//! command: nothing within it can end its line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use msnp::{
    frame::{Limits, Side},
    switchboard::client::ClientCommand,
};

fuzz_target!(|bytes: &[u8]| {
    chrysalis_fuzz::commands_stay_whole(Side::Switchboard, Limits::switchboard(), bytes, |frame| {
        // Of a command that is not known, only the name is kept.
        let command =
            ClientCommand::parse(frame).ok().filter(|command| !matches!(command, ClientCommand::Unknown { .. }))?;
        let mut written = Vec::new();
        command.write(&mut written);
        Some(written)
    });
});
