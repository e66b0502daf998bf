//! Payloads that the server itself writes.

use super::chunk::{self, LONGEST_PAYLOAD};
use super::text::wire_text;
use super::{INK_MARK, PEER_TO_PEER};
use crate::mime::Headers;
use crate::object::{self, MsnObject};
use crate::p2p::guid::Guid;
use crate::p2p::packet::Packet;
use crate::text_format::TextFormat;

/// The most custom emoticons that are defined in one message (aMSN).
pub const MOST_EMOTICONS: usize = 5;

/// A line of text, in the exact form of Messenger. A sender's name shows instead of the sending contact's own.
#[must_use]
pub fn text(text: &str, format: &TextFormat, sender_name: Option<&str>) -> Vec<u8> {
    let mut headers = headers("text/plain; charset=UTF-8").with("X-MMS-IM-Format", &format.to_string());
    if let Some(name) = sender_name {
        let name: String = name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        headers.push("P4-Context", &name);
    }
    payload(&headers, wire_text(text).as_bytes())
}

/// That somebody is typing. To be repeated every five seconds or so; there is no form for having stopped.
#[must_use]
pub fn typing(passport: &str) -> Vec<u8> {
    payload(&headers("text/x-msmsgscontrol").with("TypingUser", passport), b"\r\n")
}

/// A nudge, 69 bytes.
#[must_use]
pub fn nudge() -> Vec<u8> {
    payload(&headers("text/x-msnmsgr-datacast"), b"ID: 1\r\n\r\n")
}

/// Definitions of custom emoticons, to be sent right before the text that uses them: shortcuts and their objects, in as many
/// payloads as they need, each with at most [`MOST_EMOTICONS`] and [`LONGEST_PAYLOAD`] bytes.
///
/// Those that move go apart from those that do not. A definition is left out when its shortcut is empty without tabs and controls,
/// or when it is too long for a payload of its own.
#[must_use]
pub fn emoticons(definitions: &[(String, MsnObject)], are_animated: bool) -> Vec<Vec<u8>> {
    let headers = headers(if are_animated { "text/x-mms-animemoticon" } else { "text/x-mms-emoticon" });
    let room = LONGEST_PAYLOAD.saturating_sub(payload(&headers, b"").len());
    let mut bodies: Vec<(usize, String)> = Vec::new();
    for (shortcut, object) in definitions {
        let shortcut: String = shortcut.chars().filter(|letter| !letter.is_control()).collect();
        let definition = format!("{shortcut}\t{}\t", object.to_xml().replace(['\t', '\r', '\n'], " "));
        if shortcut.is_empty() || definition.len() > room {
            continue;
        }
        match bodies.last_mut() {
            Some((count, body)) if *count < MOST_EMOTICONS && body.len() + definition.len() <= room => {
                *count += 1;
                body.push_str(&definition);
            }
            Some(_) | None => bodies.push((1, definition)),
        }
    }
    bodies.iter().map(|(_, body)| payload(&headers, body.as_bytes())).collect()
}

/// Handwriting, or any GIF in its place. In one payload or several.
#[must_use]
pub fn ink(gif: &[u8], message: Guid) -> Vec<Vec<u8>> {
    let body = format!("{INK_MARK}{}", object::base64(gif));
    chunk::payloads(&headers("image/gif"), body.as_bytes(), message)
}

/// The answer to an invitation of the older kind that cannot be followed; `None` when the fields are not those of an invitation.
#[must_use]
pub fn invitation_refusal(fields: &Headers) -> Option<Vec<u8>> {
    let is_invitation = fields.get("Invitation-Command").is_some_and(|command| command.eq_ignore_ascii_case("INVITE"));
    let cookie = fields.get("Invitation-Cookie").filter(|_| is_invitation)?;
    let mut answer = Headers::new()
        .with("Invitation-Command", "CANCEL")
        .with("Invitation-Cookie", cookie)
        .with("Cancel-Code", "REJECT_NOT_INSTALLED");
    if let Some(session) = fields.get("Session-ID") {
        answer.push("Session-ID", session);
    }
    let mut body = Vec::new();
    answer.write(&mut body);
    Some(payload(&headers("text/x-msmsgsinvite; charset=UTF-8"), &body))
}

/// A peer-to-peer packet for somebody.
#[must_use]
pub fn peer_to_peer(destination: &str, packet: &Packet) -> Vec<u8> {
    let mut out = payload(&headers(PEER_TO_PEER).with("P2P-Dest", destination), b"");
    packet.write(&mut out);
    out
}

fn headers(content_type: &str) -> Headers {
    Headers::new().with("MIME-Version", "1.0").with("Content-Type", content_type)
}

fn payload(headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(192 + body.len());
    headers.write(&mut out);
    out.extend_from_slice(body);
    out
}
