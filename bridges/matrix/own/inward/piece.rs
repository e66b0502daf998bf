//! One event of a room as matrix-sdk gives it, put into what it means for the account that is linked.

use std::borrow::Cow;

use domain::content::Text;
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind, VerificationLevel, VerificationState};
use ruma::{OwnedUserId, RoomId, UserId};
use serde_json::{Value, value::RawValue};

use crate::{
    arrival::{Heard, Seat, SeatKind},
    encryption::Opened,
    event::{Event, What},
    message::{Body, MediaKind, Mentions, ORDER, PART, RemoteMedia, Said},
    names::Names,
    sending::transaction,
    transaction::value,
};

/// An event of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// What happened.
    pub(super) event: Event,
    /// Whether what cannot be decrypted of it now never will be: whoever has its key has said so, or it does not help.
    pub(super) is_lost: bool,
    /// Whether this program has said it for the account.
    pub(super) is_ours: bool,
    /// With whom the room is a direct chat, as an invitation in it says.
    pub(super) direct: Option<OwnedUserId>,
}

/// Who listens.
#[derive(Clone, Copy)]
pub(super) struct Listener<'a> {
    /// The account on Matrix.
    pub(super) me: &'a UserId,
    /// The ghost of the same account: what its user knows by Messenger already is marked with it.
    pub(super) ghost: Option<&'a UserId>,
    /// Whether rooms of several people show who comes and goes.
    pub(super) show_joins: bool,
}

impl Piece {
    /// Reads an event of a room; `None` for one that is passed over.
    pub(super) fn of(event: &TimelineEvent, room: &RoomId, me: &UserId, names: &Names) -> Option<Self> {
        let mut piece = Self::read(event.raw().json(), room, me, names)?;
        match &event.kind {
            // Whoever has a key can encrypt with it, and a homeserver can write any sender beside it.
            TimelineEventKind::Decrypted(decrypted)
                if decrypted.encryption_info.verification_state
                    == VerificationState::Unverified(VerificationLevel::MismatchedSender) =>
            {
                piece = Self { event: piece.event.opened(&Opened::Never, names), direct: None, ..piece };
            }
            // What a homeserver allows or forbids must not come past it under a seal.
            TimelineEventKind::Decrypted(_) => {
                piece.direct = None;
                let is_said = matches!(
                    piece.event.what,
                    What::Said(Said::Message { .. } | Said::Reaction { .. }) | What::Nothing
                );
                if !is_said {
                    piece.event.what = What::Nothing;
                }
            }
            TimelineEventKind::UnableToDecrypt { utd_info, .. } => {
                piece.is_lost = !utd_info.reason.is_missing_room_key();
            }
            TimelineEventKind::PlainText { .. } => {}
        }
        Some(piece)
    }

    /// The same, of an event by itself.
    pub(super) fn read(raw: &RawValue, room: &RoomId, me: &UserId, names: &Names) -> Option<Self> {
        let value = in_room(raw, room)?;
        let event = Event::read(&value, names)?;
        let is_ours = event.sender == me && is_said_here(&value);
        let direct = direct(&value, &event, me);
        Some(Self { event, is_lost: false, is_ours, direct })
    }

    /// The same, where its key is not waited for any longer.
    pub(super) fn given_up(self, names: &Names) -> Self {
        if self.event.is_sealed() { Self { event: self.event.opened(&Opened::Never, names), ..self } } else { self }
    }
}

impl Listener<'_> {
    /// What an event is to whoever sits here.
    pub(super) fn hears<'piece>(&self, seat: &Seat, piece: &'piece Piece) -> Heard<'piece> {
        let Piece { event, is_ours, .. } = piece;
        let is_known =
            self.ghost.is_some_and(|ghost| event.sender == ghost || event.heard.iter().any(|by| by == ghost));
        if *is_ours || is_known {
            return Heard::Nothing;
        }
        if event.is_sealed() {
            return Heard::Sealed;
        }
        let is_room = matches!(seat.kind, SeatKind::Portal { .. });
        let line = if event.sender == self.me {
            // Of what the account does elsewhere only its words are told.
            let (What::Said(said) | What::Unread(said)) = &event.what else { return Heard::Nothing };
            if is_room { Some(Cow::Borrowed(said)) } else { own_words(said) }
        } else {
            event.line(self.show_joins && is_room)
        };
        line.map_or(Heard::Nothing, Heard::Line)
    }

    /// Whether something of an event is told, if it can be decrypted.
    pub(super) fn is_line(&self, seat: &Seat, piece: &Piece) -> bool {
        matches!(self.hears(seat, piece), Heard::Line(_) | Heard::Sealed)
    }
}

/// An event with the room that it is in, which a sync leaves out.
pub(super) fn in_room(raw: &RawValue, room: &RoomId) -> Option<Value> {
    let mut value = value(raw)?;
    value.as_object_mut()?.insert("room_id".to_owned(), room.as_str().into());
    Some(value)
}

/// Whether this program has said something: it carries the mark of its order, and was sent with the transaction that belongs to that, as
/// the homeserver shows to whoever has sent it. The mark alone is not enough: another client takes it along where it forwards a message.
fn is_said_here(event: &Value) -> bool {
    let content = event.get("content");
    let Some(order) = content.and_then(|content| content.get(ORDER)).and_then(Value::as_str) else { return false };
    let part = content.and_then(|content| content.get(PART)).and_then(Value::as_u64).unwrap_or_default();
    let sent_with = event.get("unsigned").and_then(|unsigned| unsigned.get("transaction_id")).and_then(Value::as_str);
    sent_with == Some(transaction(order, part).as_str())
}

/// Whom an invitation to a direct chat asks in, or who asks the account in.
fn direct(value: &Value, event: &Event, me: &UserId) -> Option<OwnedUserId> {
    let content = value.get("content")?;
    let field = |name: &str| content.get(name).and_then(Value::as_str);
    let says_direct = content.get("is_direct") == Some(&Value::Bool(true));
    let is_member = value.get("type").and_then(Value::as_str) == Some("m.room.member");
    let of = UserId::parse(value.get("state_key")?.as_str()?).ok()?;
    if !is_member || !says_direct || !matches!(field("membership"), Some("invite" | "join")) {
        return None;
    }
    if event.sender == me && of != me {
        return Some(of);
    }
    (of == me && event.sender != me).then(|| event.sender.clone())
}

/// What the account said elsewhere, in words: in a chat of two everything is shown as the other person's, and neither a file nor a
/// sign on a message would show that it is not.
fn own_words(said: &Said) -> Option<Cow<'_, Said>> {
    match said {
        Said::Message { body: Body::Media { kind, media, caption }, relation, .. } => {
            let named = in_words(*kind, media);
            let text = match caption {
                Some(caption) => format!("{named} {}", caption.text),
                None => named,
            };
            let body = Body::Text { text: Text::plain(text), emoticons: Vec::new() };
            Some(Cow::Owned(Said::Message { body, relation: relation.clone(), mentions: Mentions::Nobody }))
        }
        Said::Message { .. } | Said::Removal { .. } => Some(Cow::Borrowed(said)),
        Said::Reaction { .. } => None,
    }
}

fn in_words(kind: MediaKind, media: &RemoteMedia) -> String {
    let word = match kind {
        MediaKind::Image => "image",
        MediaKind::Sticker => "sticker",
        MediaKind::Voice => "voice message",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::File => "file",
    };
    format!("[{word}: {}]", media.name)
}

#[cfg(test)]
mod tests {
    use domain::Passport;
    use ruma::{owned_user_id, room_id, user_id};
    use serde_json::json;

    use super::*;
    use crate::{
        chat::Membership,
        message::HEARD,
        names::tests::names,
        own::rooms::{Kind, OwnRoom},
    };

    const GHOST: &str = "@msn_carol=40msn.example:example.org";

    fn piece(event: &Value) -> Piece {
        let raw = serde_json::value::to_raw_value(event).unwrap();
        Piece::read(&raw, room_id!("!r"), user_id!("@ann:example.org"), &names()).unwrap()
    }

    fn said(sender: &str, content: &Value) -> Value {
        json!({ "type": "m.room.message", "event_id": "$e", "sender": sender, "origin_server_ts": 5, "content": content })
    }

    fn heard(kind: Kind, event: &Value) -> Option<String> {
        let (me, ghost) = (user_id!("@ann:example.org"), UserId::parse(GHOST).unwrap());
        let owner: Passport = "carol@msn.example".parse().unwrap();
        let seat = OwnRoom::joined(kind).seat(&owner, me, room_id!("!r"), "Carol");
        let piece = piece(event);
        let listener = Listener { me, ghost: Some(&ghost), show_joins: false };
        let Heard::Line(said) = listener.hears(&seat, &piece) else { return None };
        let Said::Message { body: Body::Text { text, .. }, .. } = said.into_owned() else { return Some(String::new()) };
        Some(text.text)
    }

    fn direct() -> Kind {
        Kind::Direct { user: owned_user_id!("@bob:example.org"), person: Membership::Joined }
    }

    #[test]
    fn what_a_sync_gives_is_read_without_a_room_of_its_own() {
        let piece = piece(&said("@bob:example.org", &json!({ "msgtype": "m.text", "body": "hi" })));
        assert_eq!((piece.event.room.as_str(), piece.event.words()), ("!r", Some("hi")));
        assert!(!piece.event.is_sealed(), "only what is encrypted waits for keys");
    }

    #[test]
    fn what_this_program_said_does_not_come_back() {
        let text = json!({ "msgtype": "m.text", "body": "hi" });
        for kind in [direct(), Kind::Room] {
            assert_eq!(heard(kind.clone(), &said("@ann:example.org", &text)).as_deref(), Some("hi"), "from elsewhere");
            let marked = json!({ "msgtype": "m.text", "body": "hi", ORDER: "x", PART: 1 });
            let mut sent = said("@ann:example.org", &marked);
            sent["unsigned"] = json!({ "transaction_id": transaction("x", 1) });
            assert_eq!(heard(kind.clone(), &sent), None);
            for elsewhere in [json!({}), json!({ "transaction_id": "of another client" })] {
                sent["unsigned"] = elsewhere;
                assert_eq!(heard(kind.clone(), &sent).as_deref(), Some("hi"), "forwarded, with the mark");
            }
            assert_eq!(
                heard(kind, &said("@bob:example.org", &marked)).as_deref(),
                Some("hi"),
                "anybody can write a mark"
            );
        }
    }

    #[test]
    fn what_cannot_be_decrypted_is_told_once_it_is_given_up() {
        let mut sealed = said("@bob:example.org", &json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x" }));
        sealed["type"] = "m.room.encrypted".into();
        let (me, owner) = (user_id!("@ann:example.org"), "carol@msn.example".parse().unwrap());
        let seat = OwnRoom::joined(direct()).seat(&owner, me, room_id!("!r"), "Carol");
        let listener = Listener { me, ghost: None, show_joins: false };
        let piece = piece(&sealed);
        assert_eq!(listener.hears(&seat, &piece), Heard::Sealed);
        assert!(matches!(listener.hears(&seat, &piece.given_up(&names())), Heard::Line(_)));
    }

    #[test]
    fn what_messenger_has_given_already_is_not_told_again() {
        let text = json!({ "msgtype": "m.text", "body": "hi", HEARD: [GHOST] });
        assert_eq!(heard(Kind::Room, &said("@msn_dave=40msn.example:example.org", &text)), None);
        assert_eq!(heard(Kind::Room, &said(GHOST, &json!({ "msgtype": "m.text", "body": "hi" }))), None);
        assert!(heard(Kind::Room, &said("@bob:example.org", &text)).is_some(), "only a ghost can tell");
    }

    #[test]
    fn own_files_and_signs_are_not_shown_as_the_other_persons() {
        let picture = json!({ "msgtype": "m.image", "body": "cat.png", "url": "mxc://example.org/1" });
        assert_eq!(heard(direct(), &said("@ann:example.org", &picture)).as_deref(), Some("[image: cat.png]"));
        assert_eq!(
            heard(Kind::Room, &said("@ann:example.org", &picture)).as_deref(),
            Some(""),
            "there it has an author"
        );
        let mut sign = said(
            "@ann:example.org",
            &json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": "$a",
            "key": "x" } }),
        );
        sign["type"] = "m.reaction".into();
        assert_eq!(heard(direct(), &sign), None);
        assert!(heard(Kind::Room, &sign).is_some());
    }

    #[test]
    fn an_invitation_to_a_direct_chat_says_with_whom() {
        let invite = |sender: &str, of: &str, is_direct: bool| {
            piece(&json!({ "type": "m.room.member", "event_id": "$e", "sender": sender, "state_key": of,
                "origin_server_ts": 5, "content": { "membership": "invite", "is_direct": is_direct } }))
            .direct
        };
        let bob = Some(owned_user_id!("@bob:example.org"));
        assert_eq!(invite("@ann:example.org", "@bob:example.org", true), bob);
        assert_eq!(invite("@bob:example.org", "@ann:example.org", true), bob);
        assert_eq!(invite("@bob:example.org", "@ann:example.org", false), None);
        assert_eq!(invite("@bob:example.org", "@carl:example.org", true), None, "a chat of others");
    }
}
