//! What was missed of a room while the program was away: told from its oldest on, as far as it is not too much. Pure.

use bridge::{Arrival, RemoteProfile};
use domain::{Content, RemoteMessage};

use super::piece::Piece;
use crate::arrival::Seat;

/// How many messages of one room are told that were missed.
pub(super) const MOST_MISSED: usize = 200;

/// How much of what was missed is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skipped {
    /// Up to which piece.
    pub(super) before: usize,
    /// How many messages that are.
    pub(super) messages: usize,
}

/// What is left out of these, oldest first, so that at most [`MOST_MISSED`] of what `is_line` names are told; `None`: nothing.
pub(super) fn skipped(pieces: &[Piece], is_line: impl Fn(&Piece) -> bool) -> Option<Skipped> {
    let lines: Vec<usize> = pieces.iter().enumerate().filter(|(_, piece)| is_line(piece)).map(|(at, _)| at).collect();
    let messages = lines.len().checked_sub(MOST_MISSED).filter(|messages| *messages > 0)?;
    Some(Skipped { before: lines.get(messages).copied()?, messages })
}

/// The line that stands for what is left out. `last` is the last piece of it.
pub(super) fn line(seat: &Seat, author: RemoteProfile, last: &Piece, messages: usize) -> Arrival {
    let words = match messages {
        1 => "(1 earlier message is not shown)".to_owned(),
        more => format!("({more} earlier messages are not shown)"),
    };
    Arrival::Message {
        owner: seat.owner.clone(),
        place: seat.target(),
        author,
        id: RemoteMessage(format!("{}/earlier", last.event.id)),
        sent: last.event.sent,
        content: Content::text(words),
        reply: None,
        addressed: false,
    }
}
