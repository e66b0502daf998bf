//! Which commands carry a payload.

use super::{CommandName, Direction, Side};

/// What follows the line of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Following {
    /// The next line.
    Nothing,
    /// A payload, under the general limit.
    Payload,
    /// A payload, under the limit for personal messages.
    PersonalMessage,
    /// A payload that this connection has no use for.
    Foreign,
}

/// Looks up a command. The answer never depends on whether the client has signed in, else the stream would lose step.
pub(super) fn following(side: Side, direction: Direction, command: CommandName, arguments: usize) -> Following {
    match (direction, side) {
        (Direction::FromClient, Side::Notification) => match command.as_str() {
            "UUX" => Following::PersonalMessage,
            "QRY" | "SDC" | "PGD" | "MSG" => Following::Payload,
            name if is_later(name) => Following::Foreign,
            _ => Following::Nothing,
        },
        (Direction::FromClient, Side::Switchboard) => match command.as_str() {
            "MSG" => Following::Payload,
            "UUX" | "QRY" | "SDC" | "PGD" => Following::Foreign,
            name if is_later(name) => Following::Foreign,
            _ => Following::Nothing,
        },
        (Direction::FromServer, Side::Notification) => match command.as_str() {
            "UBX" => Following::PersonalMessage,
            "MSG" | "NOT" | "IPG" => Following::Payload,
            "GCF" if arguments >= 3 => Following::Payload,
            _ => Following::Nothing,
        },
        (Direction::FromServer, Side::Switchboard) => match command.as_str() {
            "MSG" => Following::Payload,
            _ => Following::Nothing,
        },
    }
}

/// Payload commands that clients began to send with MSNP13 and later.
fn is_later(name: &str) -> bool {
    matches!(name, "ADL" | "RML" | "FQY" | "UUN" | "UUM" | "PUT" | "NFY" | "DEL" | "SDG" | "VAS")
}
