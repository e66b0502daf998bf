//! Payloads that the server itself writes.

use super::text::wire_text;
use crate::mime::Headers;
use crate::text_format::TextFormat;

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

fn headers(content_type: &str) -> Headers {
    Headers::new().with("MIME-Version", "1.0").with("Content-Type", content_type)
}

fn payload(headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(192 + body.len());
    headers.write(&mut out);
    out.extend_from_slice(body);
    out
}
