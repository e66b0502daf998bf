//! What a conversation says, as the client hears it.

use bytes::Bytes;
use domain::{
    Content, Moment, Timestamp,
    conversation::{Body, CallRefusal, MessageId, SeatEvent},
};
use jiff::tz::TimeZone;
use msnp::{
    code::ErrorCode,
    message::{self, Payload},
    mime,
    status::Capabilities,
    switchboard::server::ServerCommand,
    text_format::TextFormat,
};

use super::Switchboard;
use crate::Action;

/// The most bytes of text in one message: what a payload may have, less its headers with the longest font name.
const LONGEST_TEXT: usize = 1400;

/// The most bytes a payload may have.
const LONGEST_PAYLOAD: usize = 1664;

/// A message older than this, in milliseconds, is shown with its time.
const LATE: u64 = 90_000;

impl Switchboard {
    pub(super) fn tell(&mut self, moment: &Moment, event: SeatEvent, actions: &mut Vec<Action>) {
        let command = match event {
            SeatEvent::Welcome { tag, roster } => {
                let total = roster.len();
                for (index, party) in roster.into_iter().enumerate() {
                    self.send(
                        &ServerCommand::Iro {
                            transaction: tag,
                            index: index + 1,
                            total,
                            passport: party.passport.to_string(),
                            name: party.name,
                            capabilities: Capabilities(party.capabilities),
                        },
                        actions,
                    );
                }
                ServerCommand::AnsOk { transaction: tag }
            }
            SeatEvent::Calling { tag } => ServerCommand::Cal { transaction: tag, session: SESSION.to_owned() },
            SeatEvent::NotCalling { tag, reason } => {
                let code = match reason {
                    CallRefusal::AlreadyThere => ErrorCode::ALREADY_THERE,
                    CallRefusal::Unreachable => ErrorCode::NOT_ONLINE,
                    CallRefusal::Full => ErrorCode::TOO_ACTIVE,
                };
                ServerCommand::Error { transaction: tag, code }
            }
            SeatEvent::Joined(party) => ServerCommand::Joi {
                passport: party.passport.to_string(),
                name: party.name,
                capabilities: Capabilities(party.capabilities),
            },
            SeatEvent::Left(passport) => ServerCommand::Bye { passport: passport.to_string(), idle: false },
            SeatEvent::Message { from, name, sent, body, id } => {
                let late = id.is_some() && moment.wall.since(sent) > LATE;
                let payloads = self.payloads(&name, body, late.then_some(sent));
                for payload in payloads {
                    let command = ServerCommand::Msg { passport: from.to_string(), name: name.clone(), payload };
                    self.send(&command, actions);
                }
                self.gave(id);
                return;
            }
            SeatEvent::Typing { from, name } => {
                let payload = message::typing(from.as_str()).into();
                ServerCommand::Msg { passport: from.to_string(), name, payload }
            }
            SeatEvent::Taken { tag } => ServerCommand::Ack { transaction: tag },
            SeatEvent::NotTaken { tag } => ServerCommand::Nak { transaction: tag },
        };
        self.send(&command, actions);
    }

    fn gave(&mut self, id: Option<MessageId>) {
        self.fresh.extend(id);
    }

    /// A message as one or more payloads. One that comes late is preceded by its time, since Messenger shows none.
    fn payloads(&self, name: &str, body: Body, late: Option<Timestamp>) -> Vec<Bytes> {
        match (body, late) {
            (Body::Payload(payload), None) => vec![payload],
            (Body::Payload(payload), Some(sent)) => match Payload::parse(&payload) {
                Payload::Text { .. } => with_time(&payload, sent),
                Payload::Typing { .. }
                | Payload::Recording { .. }
                | Payload::Nudge
                | Payload::Datacast { .. }
                | Payload::Emoticons { .. }
                | Payload::PeerToPeer { .. }
                | Payload::Invitation { .. }
                | Payload::Ink { .. }
                | Payload::ClientCapabilities
                | Payload::KeepAlive
                | Payload::Chunk { .. }
                | Payload::Other { .. } => vec![payload],
            },
            (Body::Content(Content::Nudge), None) => vec![message::nudge().into()],
            // A window that shakes hours later only frightens.
            (Body::Content(Content::Nudge), Some(sent)) => texts(&format!("{}sent a nudge", time(sent))),
            (Body::Content(Content::Text { text }), late) => {
                let text = self.settings.emoji.inward(&text);
                texts(&format!("{}{text}", late.map(time).unwrap_or_default()))
            }
            (Body::Content(Content::Emote { text }), late) => {
                let text = self.settings.emoji.inward(&text);
                texts(&format!("{}* {name} {text}", late.map(time).unwrap_or_default()))
            }
        }
    }
}

/// The number of a session that a caller is told; nothing refers to it.
const SESSION: &str = "1";

fn texts(text: &str) -> Vec<Bytes> {
    let wire = message::wire_text(text);
    let format = TextFormat::default();
    message::split_text(&wire, LONGEST_TEXT).into_iter().map(|part| message::text(part, &format, None).into()).collect()
}

/// A Messenger user's own payload with the time in front of its text; in a line of its own where there is no room.
fn with_time(payload: &Bytes, sent: Timestamp) -> Vec<Bytes> {
    let time = time(sent);
    let Some((_, body)) = mime::parse(payload) else { return vec![payload.clone()] };
    if payload.len() + time.len() > LONGEST_PAYLOAD {
        return texts(time.trim_end()).into_iter().chain([payload.clone()]).collect();
    }
    let headers = payload.len() - body.len();
    let mut timed = Vec::with_capacity(payload.len() + time.len());
    timed.extend_from_slice(payload.get(..headers).unwrap_or_default());
    timed.extend_from_slice(time.as_bytes());
    timed.extend_from_slice(&body);
    vec![timed.into()]
}

/// When something was said, for people.
fn time(sent: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(sent.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.to_zoned(TimeZone::UTC).strftime("[%Y-%m-%d %H:%M UTC] ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: Timestamp = Timestamp(1_795_374_520_123);

    #[test]
    fn a_late_message_carries_its_time_and_nothing_else_changes() {
        let payload = Bytes::from_static(b"Content-Type: text/plain; charset=UTF-8\r\nX-Odd: 1\r\n\r\nhi");
        let timed = with_time(&payload, SENT);
        let wanted = "Content-Type: text/plain; charset=UTF-8\r\nX-Odd: 1\r\n\r\n[2026-11-22 19:08 UTC] hi";
        assert_eq!(timed, [Bytes::from(wanted)]);
    }

    #[test]
    fn a_full_payload_gets_its_time_in_a_line_of_its_own() {
        let payload = Bytes::from(format!("Content-Type: text/plain; charset=UTF-8\r\n\r\n{}", "x".repeat(1615)));
        let timed = with_time(&payload, SENT);
        assert_eq!(timed.len(), 2);
        assert!(timed.iter().all(|payload| payload.len() <= LONGEST_PAYLOAD));
        assert_eq!(timed.last(), Some(&payload));
    }

    #[test]
    fn long_texts_are_parted_below_the_limit_and_stay_whole() {
        let text = "déjà vu 🏳️‍🌈\r\n".repeat(400);
        let parts = texts(&text);
        assert!(parts.len() > 1 && parts.iter().all(|part| part.len() <= LONGEST_PAYLOAD));
        let together: String = parts
            .iter()
            .map(|part| match Payload::parse(part) {
                Payload::Text { text, .. } => text,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(together, text.replace("\r\n", "\n"));
    }
}
