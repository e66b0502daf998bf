//! MSNSLP: requests and responses by which sessions are begun and ended, in the manner of SIP.
//!
//! ```text
//! INVITE MSNMSGR:bob@example.net MSNSLP/1.0
//! To: <msnmsgr:bob@example.net>
//! From: <msnmsgr:carol@example.net>
//! Via: MSNSLP/1.0/TLP ;branch={B1E5A3C0-0A11-4C5B-9E0D-5A1FD0C0A001}
//! CSeq: 0
//! Call-ID: {C0FFEE01-1D2E-4F3A-8B4C-6D5E7F809112}
//! Max-Forwards: 0
//! Content-Type: application/x-msnmsgr-sessionreqbody
//! Content-Length: 23
//!
//! SessionID: 2200417
//! ```
//!
//! The number of `CSeq` has a space behind it, the body an empty line and a NUL. Facts: `MSNPiki`, and recorded clients.

use std::fmt;

use bytes::Bytes;
use thiserror::Error;

use crate::mime::{self, Headers};

/// The longest text that is read or sent, in bytes. An invitation to a file carries a picture of it, in base64.
pub const LONGEST_TEXT: usize = 64 << 10;

/// What a request asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Begin a session, or settle how its data goes.
    Invite,
    /// End a session.
    Bye,
    /// Tell something about a direct connection. Has no response.
    Ack,
    /// Something else.
    Other(String),
}

impl Method {
    fn parse(name: &str) -> Method {
        match name {
            "INVITE" => Method::Invite,
            "BYE" => Method::Bye,
            "ACK" => Method::Ack,
            other => Method::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Method::Invite => "INVITE",
            Method::Bye => "BYE",
            Method::Ack => "ACK",
            Method::Other(name) => name,
        })
    }
}

/// The number of a response. Its words differ between clients and do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

impl Status {
    /// Accepted.
    pub const OK: Status = Status(200);
    /// The request is to somebody else.
    pub const NOT_FOUND: Status = Status(404);
    /// The call is not known.
    pub const NO_SUCH_CALL: Status = Status(481);
    /// The request makes no sense.
    pub const INTERNAL_ERROR: Status = Status(500);
    /// Declined: by the user, or because it cannot be done.
    pub const DECLINE: Status = Status(603);
    /// Cannot be done.
    pub const UNACCEPTABLE: Status = Status(606);

    /// The words that go with the number.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Status::OK => "OK",
            Status::NOT_FOUND => "Not Found",
            Status::NO_SUCH_CALL => "No Such Call",
            Status::DECLINE => "Decline",
            Status::UNACCEPTABLE => "Unacceptable",
            Status(_) => "Internal Error",
        }
    }
}

/// The first line of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Of a request.
    Request(Method),
    /// Of a response.
    Response(Status),
}

/// What the body of a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// A session is asked for, accepted or declined: [`crate::p2p::session_body`].
    SessionRequest,
    /// A way for the data is offered: [`crate::p2p::transport_body`].
    TransportRequest,
    /// An offered way is accepted, or an address is told.
    TransportResponse,
    /// A session ends.
    SessionClose,
    /// A session is refused, by newer clients.
    SessionFailure,
    /// There is no body.
    Null,
    /// Something else.
    Other(String),
}

impl ContentType {
    fn parse(name: &str) -> ContentType {
        match name.to_ascii_lowercase().as_str() {
            "application/x-msnmsgr-sessionreqbody" => ContentType::SessionRequest,
            "application/x-msnmsgr-transreqbody" => ContentType::TransportRequest,
            "application/x-msnmsgr-transrespbody" => ContentType::TransportResponse,
            "application/x-msnmsgr-sessionclosebody" => ContentType::SessionClose,
            "application/x-msnmsgr-session-failure-respbody" => ContentType::SessionFailure,
            "null" | "" => ContentType::Null,
            _ => ContentType::Other(name.to_owned()),
        }
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ContentType::SessionRequest => "application/x-msnmsgr-sessionreqbody",
            ContentType::TransportRequest => "application/x-msnmsgr-transreqbody",
            ContentType::TransportResponse => "application/x-msnmsgr-transrespbody",
            ContentType::SessionClose => "application/x-msnmsgr-sessionclosebody",
            ContentType::SessionFailure => "application/x-msnmsgr-session-failure-respbody",
            ContentType::Null => "null",
            ContentType::Other(name) => name,
        })
    }
}

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlpMessage {
    /// What it is.
    pub start: Start,
    /// The passport of whom it is for.
    pub to: String,
    /// The passport of whom it is from.
    pub from: String,
    /// The transaction: a response has its request's. With braces.
    pub branch: String,
    /// 0 in a request, one more in its response.
    pub sequence: u32,
    /// The call: all texts of one session have the same. With braces.
    pub call: String,
    /// What the fields are.
    pub content_type: ContentType,
    /// The fields of the body.
    pub fields: Headers,
}

/// Why bytes are no MSNSLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SlpFault {
    /// The text is over [`LONGEST_TEXT`].
    #[error("the MSNSLP text is over {LONGEST_TEXT} bytes; drop it")]
    TooLong,
    /// The first line is of neither a request nor a response.
    #[error("the text does not begin like MSNSLP; drop it")]
    NotSlp,
}

impl SlpMessage {
    /// A request. The fields of its body are still to be given.
    #[must_use]
    pub fn request(method: Method, to: &str, from: &str, branch: &str, call: &str, content_type: ContentType) -> Self {
        SlpMessage {
            start: Start::Request(method),
            to: to.to_owned(),
            from: from.to_owned(),
            branch: branch.to_owned(),
            sequence: 0,
            call: call.to_owned(),
            content_type,
            fields: Headers::new(),
        }
    }

    /// The response to this request: to its sender, in its transaction and call.
    #[must_use]
    pub fn response(&self, status: Status, content_type: ContentType, fields: Headers) -> SlpMessage {
        SlpMessage {
            start: Start::Response(status),
            to: self.from.clone(),
            from: self.to.clone(),
            branch: self.branch.clone(),
            sequence: self.sequence.wrapping_add(1),
            call: self.call.clone(),
            content_type,
            fields,
        }
    }

    /// Reads a text. All but the first line may be missing, which leaves its place empty; the header's order, its letters' case
    /// and its `Content-Length` do not count. The text ends at a NUL.
    pub fn parse(text: &[u8]) -> Result<SlpMessage, SlpFault> {
        if text.len() > LONGEST_TEXT {
            return Err(SlpFault::TooLong);
        }
        let text = memchr::memchr(0, text).and_then(|end| text.get(..end)).unwrap_or(text);
        let line_end = memchr::memchr2(b'\r', b'\n', text).unwrap_or(text.len());
        let (first, rest) = text.split_at(line_end);
        let start = start(&String::from_utf8_lossy(first)).ok_or(SlpFault::NotSlp)?;
        let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
        let (headers, body) = mime::parse(&Bytes::copy_from_slice(rest)).unwrap_or_default();
        let header = |name: &str| headers.get(name).unwrap_or_default();
        Ok(SlpMessage {
            start,
            to: passport(header("To")),
            from: passport(header("From")),
            branch: branch(header("Via")).to_owned(),
            sequence: header("CSeq").parse().unwrap_or_default(),
            call: header("Call-ID").to_owned(),
            content_type: ContentType::parse(&headers.media_type()),
            fields: mime::parse(&body).map(|(fields, _)| fields).unwrap_or_default(),
        })
    }

    /// Appends the text in the exact form of Messenger, with the NUL at its end.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        if self.content_type != ContentType::Null {
            self.fields.write(&mut body);
            body.push(0);
        }
        let first = match &self.start {
            Start::Request(method) => format!("{method} MSNMSGR:{} MSNSLP/1.0", one_line(&self.to)),
            Start::Response(status) => format!("MSNSLP/1.0 {} {}", status.0, status.reason()),
        };
        let headers = format!(
            "{first}\r\nTo: <msnmsgr:{}>\r\nFrom: <msnmsgr:{}>\r\nVia: MSNSLP/1.0/TLP ;branch={}\r\nCSeq: {} \r\n\
             Call-ID: {}\r\nMax-Forwards: 0\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
            one_line(&self.to),
            one_line(&self.from),
            one_line(&self.branch),
            self.sequence,
            one_line(&self.call),
            self.content_type,
            body.len(),
        );
        out.extend_from_slice(headers.as_bytes());
        out.extend_from_slice(&body);
    }
}

fn start(line: &str) -> Option<Start> {
    if let Some(status) = line.strip_prefix("MSNSLP/1.0 ") {
        let number = status.split(' ').next()?.parse().ok()?;
        return Some(Start::Response(Status(number)));
    }
    let (method, rest) = line.split_once(' ')?;
    let is_request = !method.is_empty() && rest.trim_end().ends_with("MSNSLP/1.0");
    is_request.then(|| Start::Request(Method::parse(method)))
}

/// The passport in `<msnmsgr:bob@example.net>`. Later clients add `;{guid}`, the place they are signed in at.
fn passport(value: &str) -> String {
    let value = value.trim_start_matches('<').trim_end_matches('>');
    let is_scheme = value.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("msnmsgr:"));
    let value = if is_scheme { value.get(8..).unwrap_or_default() } else { value };
    value.split(';').next().unwrap_or_default().trim().to_owned()
}

fn branch(via: &str) -> &str {
    via.split_once("branch=").map(|(_, branch)| branch.trim()).unwrap_or_default()
}

/// What a peer sent as one line and is repeated to it must not become two.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}

#[cfg(test)]
mod tests;
