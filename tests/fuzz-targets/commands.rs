//! Whatever a client sends is understood or refused, and what was understood is written as one command: nothing within it can end
//! its line.

use msnp::{
    frame::{Decoder, Frame, Limits, Side},
    notification::client::ClientCommand as NotificationCommand,
    switchboard::client::ClientCommand as SwitchboardCommand,
};

/// Commands on a notification connection.
pub fn notification_command(bytes: &[u8]) -> bool {
    stay_whole(Side::Notification, Limits::default(), bytes, |frame| {
        // Of a command that is not known, only the name is kept.
        let known = |command: &NotificationCommand| !matches!(command, NotificationCommand::Unknown { .. });
        let command = NotificationCommand::parse(frame).ok().filter(known)?;
        let mut written = Vec::new();
        command.write(&mut written);
        Some(written)
    })
}

/// Commands on a switchboard connection.
pub fn switchboard_command(bytes: &[u8]) -> bool {
    stay_whole(Side::Switchboard, Limits::switchboard(), bytes, |frame| {
        let known = |command: &SwitchboardCommand| !matches!(command, SwitchboardCommand::Unknown { .. });
        let command = SwitchboardCommand::parse(frame).ok().filter(known)?;
        let mut written = Vec::new();
        command.write(&mut written);
        Some(written)
    })
}

/// Reads bytes as commands and checks that each, written anew, is one command.
///
/// `rewrite` understands a command and writes it, or gives `None` for one that need not come back.
fn stay_whole(side: Side, limits: Limits, bytes: &[u8], rewrite: impl Fn(Frame) -> Option<Vec<u8>>) -> bool {
    let mut understood = false;
    let mut heard = Decoder::new(side, limits);
    heard.push(bytes);
    while let Ok(Some(frame)) = heard.next_frame() {
        let Some(written) = rewrite(frame) else { continue };
        understood = true;
        let mut again = Decoder::new(side, limits);
        again.push(&written);
        // Written anew, a name may be longer than a line may be; but never two lines.
        if let Ok(frame) = again.next_frame() {
            assert!(frame.is_some(), "{:?} is not whole", String::from_utf8_lossy(&written));
            assert!(!again.is_amid_frame(), "{:?} is more than one command", String::from_utf8_lossy(&written));
        }
    }
    understood
}
