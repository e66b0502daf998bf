//! What of a room's past is told when its account has just been linked: what it has not read elsewhere. Pure.

use std::collections::BTreeSet;

use ruma::{OwnedEventId, UserId};

use super::piece::Piece;

/// How many messages of one room are told then, at the most.
pub(in crate::own) const MOST_UNREAD: u32 = 20;

/// From which of these, oldest first, on a room is unread, where at most `most` of what `is_line` names are told. It was read up to the
/// account's own last words and up to each of the events that it has marked as read; where none of them is here, only `most` tells.
/// What has been `pushed` since the account was linked is told in any case.
pub(super) fn first_unread(
    pieces: &[Piece],
    me: &UserId,
    marks: &BTreeSet<OwnedEventId>,
    pushed: &[OwnedEventId],
    most: u32,
    is_line: impl Fn(&Piece) -> bool,
) -> usize {
    let is_read = |piece: &Piece| piece.event.sender == me || marks.contains(&piece.event.id);
    let after_read = pieces.iter().rposition(is_read).map_or(0, |at| at + 1);
    let new = pieces.iter().position(|piece| pushed.contains(&piece.event.id)).unwrap_or(pieces.len());
    let mut left = most.min(MOST_UNREAD);
    let mut first = new;
    for (at, piece) in pieces.iter().enumerate().take(new).skip(after_read.min(new)).rev() {
        if is_line(piece) {
            if left == 0 {
                break;
            }
            left -= 1;
            first = at;
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ruma::{room_id, user_id};
    use serde_json::json;

    use super::*;
    use crate::{event::What, names::tests::names};

    /// Texts by these people, in order; `.` is no message.
    fn pieces(by: &str) -> Vec<Piece> {
        let room = room_id!("!r");
        let piece = |(at, who): (usize, char)| {
            let kind = if who == '.' { "m.room.pinned_events" } else { "m.room.message" };
            let mut event = json!({ "type": kind, "event_id": format!("${at}"), "sender": format!("@{who}:a.org"),
                "origin_server_ts": 5, "content": { "msgtype": "m.text", "body": "x" } });
            if who == '.' {
                event["sender"] = "@b:a.org".into();
                event["state_key"] = "".into();
            }
            let raw = serde_json::value::to_raw_value(&event).unwrap();
            Piece::read(&raw, room, user_id!("@m:a.org"), &names()).unwrap()
        };
        by.chars().enumerate().map(piece).collect()
    }

    fn first(by: &str, marks: &[usize], pushed: &[usize], most: u32) -> usize {
        let ids =
            |of: &[usize]| of.iter().map(|at| OwnedEventId::try_from(format!("${at}")).unwrap()).collect::<Vec<_>>();
        let marks = ids(marks).into_iter().collect();
        let is_line = |piece: &Piece| matches!(piece.event.what, What::Said(_));
        first_unread(&pieces(by), user_id!("@m:a.org"), &marks, &ids(pushed), most, is_line)
    }

    #[test]
    fn what_was_read_elsewhere_is_not_told() {
        assert_eq!(first("bbbb", &[1], &[], 9), 2);
        assert_eq!(first("bbmb", &[0], &[], 9), 3, "whoever answers has read");
        assert_eq!(first("bbbb", &[3], &[], 9), 4);
        assert_eq!(first("bbbb", &[], &[], 2), 2, "as many as the homeserver counts");
        assert_eq!(first("b.b.", &[], &[], 2), 0);
        assert_eq!(first("bbbb", &[], &[], 0), 4);
        assert_eq!(first("", &[], &[], 3), 0);
    }

    #[test]
    fn what_came_since_the_linking_is_always_told() {
        assert_eq!(first("bbbb", &[], &[2, 3], 0), 2);
        assert_eq!(first("bbmb", &[3], &[1], 0), 1);
    }

    proptest! {
        #[test]
        fn no_more_than_so_many_are_told(by in "[bm.]{0,60}", most in 0_u32..40) {
            let told = pieces(&by)[first(&by, &[], &[], most)..]
                .iter().filter(|piece| matches!(piece.event.what, What::Said(_))).count();
            prop_assert!(told <= most.min(MOST_UNREAD) as usize);
        }
    }
}
