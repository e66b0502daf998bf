//! MIME headers in front of a payload's body.

use bytes::Bytes;

/// Header fields in their order, found by name in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<(String, String)>,
}

impl Headers {
    /// No fields.
    #[must_use]
    pub fn new() -> Headers {
        Headers::default()
    }

    /// The value of the first field with that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Adds a field at the end. Line ends in it become spaces.
    pub fn push(&mut self, name: &str, value: &str) {
        self.fields.push((single_line(name), single_line(value)));
    }

    /// Adds a field at the end and gives the headers back.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Headers {
        self.push(name, value);
        self
    }

    /// The fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The media type without its parameters, in lower case; empty when there is none.
    #[must_use]
    pub fn media_type(&self) -> String {
        let content_type = self.get("Content-Type").unwrap_or_default();
        content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The charset parameter of the content type, in lower case.
    #[must_use]
    pub fn charset(&self) -> Option<String> {
        let parameters = self.get("Content-Type")?.split(';').skip(1);
        parameters
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
            .map(|(_, charset)| charset.trim().trim_matches('"').to_ascii_lowercase())
    }

    /// Appends the fields and the empty line that ends them.
    pub fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in self.iter() {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn single_line(text: &str) -> String {
    text.trim().replace(['\r', '\n', '\0'], " ")
}

/// Parts a payload into headers and body, which shares the payload's memory.
///
/// Lines may end in CRLF, LF or CR. Without an empty line everything is headers. `None` when there is no header at all.
#[must_use]
pub fn parse(payload: &Bytes) -> Option<(Headers, Bytes)> {
    let mut headers = Headers::new();
    let mut place = 0;
    while let Some(rest) = payload.get(place..).filter(|rest| !rest.is_empty()) {
        let (line, length) = first_line(rest);
        place += length;
        if line.is_empty() {
            break;
        }
        let line = String::from_utf8_lossy(line);
        if let Some((name, value)) = line.split_once(':') {
            headers.push(name, value);
        } else if headers.is_empty() {
            return None;
        }
    }
    (!headers.is_empty()).then(|| (headers, payload.slice(place..)))
}

/// The first line without its end, and its length with it.
fn first_line(bytes: &[u8]) -> (&[u8], usize) {
    let Some(end) = memchr::memchr2(b'\r', b'\n', bytes) else {
        return (bytes, bytes.len());
    };
    let (line, ending) = bytes.split_at(end);
    (line, end + if ending.starts_with(b"\r\n") { 2 } else { 1 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(payload: &'static [u8]) -> Option<(Headers, Bytes)> {
        parse(&Bytes::from_static(payload))
    }

    #[test]
    fn any_line_end_will_do() {
        for payload in [
            b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\na\r\n\r\nb" as &[u8],
            b"MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n\na\r\n\r\nb",
            b"MIME-Version: 1.0\rContent-Type: text/plain; charset=UTF-8\r\ra\r\n\r\nb",
        ] {
            let (headers, body) = parts(payload).unwrap_or_default();
            assert_eq!(headers.media_type(), "text/plain");
            assert_eq!(headers.charset().as_deref(), Some("utf-8"));
            assert_eq!(headers.get("mime-version"), Some("1.0"));
            assert_eq!(body, b"a\r\n\r\nb".as_slice());
        }
    }

    #[test]
    fn an_empty_line_may_be_missing() {
        let (headers, body) = parts(b"Content-Type: text/x-keepalive").unwrap_or_default();
        assert_eq!(headers.media_type(), "text/x-keepalive");
        assert!(body.is_empty());
    }

    #[test]
    fn a_payload_without_headers_is_none() {
        assert_eq!(parts(b""), None);
        assert_eq!(parts(b"\r\n\r\nbody"), None);
        assert_eq!(parts(b"hello\r\nthere: no"), None);
    }

    proptest! {
        #[test]
        fn written_headers_come_back(
            fields in prop::collection::vec(("[A-Za-z-]{1,12}", "[!-~é]([ -~é]{0,20}[!-~é])?"), 1..6),
            body in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut headers = Headers::new();
            for (name, value) in &fields {
                headers.push(name, value);
            }
            let mut payload = Vec::new();
            headers.write(&mut payload);
            payload.extend_from_slice(&body);
            prop_assert_eq!(parse(&payload.into()), Some((headers, Bytes::from(body))));
        }

        #[test]
        fn anything_can_be_parsed(payload in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&payload.into());
        }
    }
}
