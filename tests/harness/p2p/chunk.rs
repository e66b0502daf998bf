//! Messages that are too long for one payload.

use bytes::Bytes;

use super::head_and_body;
use crate::Room;

/// How much of a body goes into one payload.
pub const CHUNK: usize = 1202;

/// The payloads of a message: one, or as many as its body needs.
pub fn chunks(content_type: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let first = format!("MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n");
    let total = body.len().div_ceil(CHUNK);
    if total <= 1 {
        return vec![[first.as_bytes(), b"\r\n", body].concat()];
    }
    let number = format!("Message-ID: {{{}}}\r\n", super::slp::new_guid());
    let parts = body.chunks(CHUNK).enumerate().map(|(index, part)| {
        let headers = match index {
            0 => format!("{first}{number}Chunks: {total}\r\n\r\n"),
            later => format!("{number}Chunk: {later}\r\n\r\n"),
        };
        [headers.as_bytes(), part].concat()
    });
    parts.collect()
}

impl Room {
    /// Waits for a message of that content type, in one payload or in several: its body.
    pub async fn hear_whole(&mut self, who: &str, content_type: &str) -> Vec<u8> {
        let begins = |head: &str| field(head, "Content-Type").as_deref() == Some(content_type);
        let (head, body) = self.hear_headed(who, content_type, begins).await;
        let mut whole = body.to_vec();
        let Some(total) = field(&head, "Chunks") else {
            assert_eq!(field(&head, "Message-ID"), None, "{head}");
            return whole;
        };
        let number = field(&head, "Message-ID").unwrap_or_else(|| panic!("no number in {head:?}"));
        let expected =
            format!("MIME-Version: 1.0\r\nContent-Type: {content_type}\r\nMessage-ID: {number}\r\nChunks: {total}");
        assert_eq!(head, expected);
        for index in 1..total.parse::<usize>().unwrap() {
            assert_eq!(whole.len(), index * CHUNK, "a chunk before the last is full");
            let expected = format!("Message-ID: {number}\r\nChunk: {index}");
            let (_, part) = self.hear_headed(who, &expected, |head| head == expected).await;
            whole.extend_from_slice(&part);
        }
        whole
    }

    /// Waits for the next message of that content type, and gives its payload. Others stay for later.
    pub async fn hear_of(&mut self, who: &str, content_type: &str) -> Bytes {
        let wanted = |payload: &Bytes| {
            field(&head_and_body(payload).0, "Content-Type").is_some_and(|found| found.starts_with(content_type))
        };
        self.hear_that(who, content_type, wanted).await
    }

    async fn hear_headed(&mut self, who: &str, what: &str, wanted: impl Fn(&str) -> bool) -> (String, Bytes) {
        let payload = self.hear_that(who, what, |payload| wanted(&head_and_body(payload).0)).await;
        head_and_body(&payload)
    }
}

fn field(head: &str, name: &str) -> Option<String> {
    let mut fields = head.split("\r\n").filter_map(|line| line.split_once(": "));
    fields.find(|(field, _)| *field == name).map(|(_, value)| value.to_owned())
}
