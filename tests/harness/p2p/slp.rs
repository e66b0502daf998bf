//! The texts by which transfers are begun and ended (MSNSLP), in the one form that clients of this generation write.

use std::fmt::Write;

/// What a session is asked for with, answered with.
pub(super) const SESSION: &str = "application/x-msnmsgr-sessionreqbody";
/// What a session is ended with.
pub(super) const CLOSE: &str = "application/x-msnmsgr-sessionclosebody";
/// An offer to connect directly.
pub(super) const TRANSPORT: &str = "application/x-msnmsgr-transreqbody";
/// The answer to such an offer.
pub(super) const TRANSPORT_ANSWER: &str = "application/x-msnmsgr-transrespbody";

/// How a text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Invite,
    Bye,
    Answer(u16),
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slp {
    pub(super) start: Start,
    pub(super) to: String,
    pub(super) from: String,
    /// A GUID without its braces; an answer has that of its question.
    pub(super) branch: String,
    pub(super) sequence: u32,
    /// A GUID without its braces, the same in all texts of a session.
    pub(super) call: String,
    pub(super) content_type: String,
    pub(super) fields: Vec<(String, String)>,
}

impl Slp {
    /// The value of a field of the body.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// A field that has to be there.
    pub(super) fn needed(&self, name: &str) -> &str {
        self.field(name).unwrap_or_else(|| panic!("{name} is missing in {self:?}"))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut body: String = self.fields.iter().fold(String::new(), |mut body, (name, value)| {
            write!(body, "{name}: {value}\r\n").unwrap();
            body
        });
        body.push_str("\r\n\0");
        let first = match self.start {
            Start::Invite => format!("INVITE MSNMSGR:{} MSNSLP/1.0", self.to),
            Start::Bye => format!("BYE MSNMSGR:{} MSNSLP/1.0", self.to),
            Start::Answer(code) => format!("MSNSLP/1.0 {code} {}", reason(code)),
        };
        let Self { to, from, branch, sequence, call, content_type, .. } = self;
        let length = body.len();
        format!(
            "{first}\r\nTo: <msnmsgr:{to}>\r\nFrom: <msnmsgr:{from}>\r\nVia: MSNSLP/1.0/TLP ;branch={{{branch}}}\r\n\
             CSeq: {sequence} \r\nCall-ID: {{{call}}}\r\nMax-Forwards: 0\r\nContent-Type: {content_type}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// Reads a text. It has to be, byte for byte, what this client would have written.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).expect("a text is UTF-8");
        let whole = || format!("{text:?}");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no headers end in {}", whole()));
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap();
        let mut header = |name: &str| {
            let line = lines.next().unwrap_or_else(|| panic!("{name} is missing in {}", whole()));
            let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
            value.unwrap_or_else(|| panic!("{name} is not {line:?} in {}", whole())).to_owned()
        };
        let to = within(&header("To"), "<msnmsgr:", ">");
        let from = within(&header("From"), "<msnmsgr:", ">");
        let branch = guid(&within(&header("Via"), "MSNSLP/1.0/TLP ;branch={", "}"));
        let sequence = within(&header("CSeq"), "", " ").parse().unwrap_or_else(|_| panic!("CSeq of {}", whole()));
        let call = guid(&within(&header("Call-ID"), "{", "}"));
        assert_eq!(header("Max-Forwards"), "0", "{}", whole());
        let content_type = header("Content-Type");
        let length: usize = header("Content-Length").parse().unwrap_or_else(|_| panic!("length of {}", whole()));
        assert_eq!(lines.next(), None, "further headers in {}", whole());
        assert_eq!(body.len(), length, "Content-Length counts the body with its NUL: {}", whole());
        let body = body.strip_suffix("\r\n\0").unwrap_or_else(|| panic!("no end in {}", whole()));
        let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let fields = body.split_terminator("\r\n");
        let fields = fields.map(|line| field(line).unwrap_or_else(|| panic!("{line:?} in {}", whole()))).collect();
        let slp = Self { start: start(first, &to), to, from, branch, sequence, call, content_type, fields };
        assert_eq!(slp.to_bytes(), bytes, "{}", whole());
        slp
    }
}

fn start(line: &str, to: &str) -> Start {
    if line == format!("INVITE MSNMSGR:{to} MSNSLP/1.0") {
        Start::Invite
    } else if line == format!("BYE MSNMSGR:{to} MSNSLP/1.0") {
        Start::Bye
    } else {
        let answer = line.strip_prefix("MSNSLP/1.0 ").and_then(|answer| answer.split_once(' '));
        let code = answer.and_then(|(code, _)| code.parse().ok());
        Start::Answer(code.unwrap_or_else(|| panic!("{line:?} begins no text")))
    }
}

fn reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        404 => "Not Found",
        481 => "No Such Call",
        500 => "Internal Error",
        603 => "Decline",
        other => panic!("{other} is no answer that clients know"),
    }
}

fn within(value: &str, before: &str, after: &str) -> String {
    let inner = value.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    inner.unwrap_or_else(|| panic!("{value:?} is not {before}...{after}")).to_owned()
}

fn guid(text: &str) -> String {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    let digits = text.chars().all(|letter| matches!(letter, '0'..='9' | 'A'..='F' | '-'));
    assert!(parts == [8, 4, 4, 4, 12] && digits, "{text:?} is no GUID in capitals");
    text.to_owned()
}

/// A new GUID without braces.
pub(super) fn new_guid() -> String {
    uuid::Uuid::new_v4().to_string().to_uppercase()
}
