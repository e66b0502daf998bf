//! TLS as Windows XP begins it, in bytes: no library of today says such a thing any more, nor would one read what is answered.
//!
//! Of the handshake of TLS 1.0 (RFC 2246) the first word of each side is enough: what the server has chosen, and its certificate, which it
//! shows in clear.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long the server may take for its first word.
const TIME: Duration = Duration::from_secs(10);

/// How much of it is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// What Windows XP offers (its `schannel`, Service Pack 3), in its order: RC4, 3DES and DES with RSA, then what nobody may take any more.
const CIPHERS: [u16; 11] = [0x0004, 0x0005, 0x000a, 0x0009, 0x0064, 0x0062, 0x0003, 0x0006, 0x0013, 0x0012, 0x0063];

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;

/// What a server answers to an old client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It goes on.
    Chosen {
        /// The version, as its two bytes are.
        version: u16,
        /// The cipher.
        cipher: u16,
        /// The first certificate of those that it shows.
        certificate: Option<Vec<u8>>,
    },
    /// It says why it does not.
    Alert(u8),
    /// It hangs up.
    Ended,
    /// It says nothing.
    Silent,
    /// It speaks something else.
    NotTls,
}

impl Reply {
    /// What was seen.
    pub(crate) fn seen(&self) -> String {
        match self {
            Self::Chosen { version, cipher, .. } => format!("{} with {}", version_name(*version), cipher_name(*cipher)),
            Self::Alert(40) => "it answers that there is no cipher in common (alert 40)".to_owned(),
            Self::Alert(70) => "it answers that TLS 1.0 is too old (alert 70)".to_owned(),
            Self::Alert(71) => "it answers that the ciphers are too weak (alert 71)".to_owned(),
            Self::Alert(number) => format!("it answers alert {number}"),
            Self::Ended => "it hangs up without a word".to_owned(),
            Self::Silent => format!("it says nothing for {} seconds", TIME.as_secs()),
            Self::NotTls => "what it answers is no TLS".to_owned(),
        }
    }
}

/// Begins TLS on a connection, and hears what the server makes of it.
pub(crate) async fn knock(mut stream: TcpStream) -> Reply {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as u32);
    let talk = async {
        if stream.write_all(&hello(seconds, rand::random())).await.is_err() {
            return Reply::Ended;
        }
        let mut bytes = Vec::new();
        let mut stream = stream.take(LONGEST);
        loop {
            if let Some(reply) = read(&bytes) {
                return reply;
            }
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return if bytes.is_empty() { Reply::Ended } else { Reply::NotTls };
            }
        }
    };
    timeout(TIME, talk).await.unwrap_or(Reply::Silent)
}

/// The first word of Windows XP: TLS 1.0, no extension, not even the server's name.
fn hello(seconds: u32, chance: [u8; 28]) -> Vec<u8> {
    let ciphers: Vec<u8> = CIPHERS.iter().flat_map(|cipher| cipher.to_be_bytes()).collect();
    let mut body = vec![3, 1];
    body.extend(seconds.to_be_bytes());
    body.extend(chance);
    body.push(0);
    body.extend((ciphers.len() as u16).to_be_bytes());
    body.extend(ciphers);
    body.extend([1, 0]);
    let mut record = vec![HANDSHAKE, 3, 1];
    record.extend((body.len() as u16 + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend((body.len() as u16).to_be_bytes());
    record.extend(body);
    record
}

/// Reads what has come; `None` while that is not enough.
pub(crate) fn read(bytes: &[u8]) -> Option<Reply> {
    let mut records = Cursor(bytes);
    let mut talk = Vec::new();
    loop {
        let mut ahead = Cursor(records.0);
        let kind = ahead.number(1)?;
        if kind != u32::from(ALERT) && kind != u32::from(HANDSHAKE) {
            return Some(Reply::NotTls);
        }
        if ahead.number(1)? != 3 {
            return Some(Reply::NotTls);
        }
        ahead.number(1)?;
        let length = ahead.number(2)?;
        let content = ahead.take(length as usize)?;
        records = ahead;
        if kind == u32::from(ALERT) {
            return Some(content.get(1).map_or(Reply::NotTls, |number| Reply::Alert(*number)));
        }
        talk.extend_from_slice(content);
        if let Some(reply) = chosen(&talk) {
            return Some(reply);
        }
    }
}

/// Reads the messages of a handshake, up to the certificate or to where it would have stood.
fn chosen(talk: &[u8]) -> Option<Reply> {
    let mut messages = Cursor(talk);
    let (mut version, mut cipher) = (0, 0);
    loop {
        let kind = messages.number(1)?;
        let length = messages.number(3)?;
        if length > LONGEST as u32 {
            return Some(Reply::NotTls);
        }
        let mut message = Cursor(messages.take(length as usize)?);
        match u8::try_from(kind) {
            Ok(SERVER_HELLO) => {
                let read = (|| {
                    let version = message.number(2)?;
                    message.take(32)?;
                    let session = message.number(1)?;
                    message.take(session as usize)?;
                    Some((version as u16, message.number(2)? as u16))
                })();
                match read {
                    Some(read) => (version, cipher) = read,
                    None => return Some(Reply::NotTls),
                }
            }
            Ok(CERTIFICATE) if version != 0 => {
                message.number(3);
                let length = message.number(3).unwrap_or(0);
                let certificate = message.take(length as usize).map(<[u8]>::to_vec);
                return Some(Reply::Chosen { version, cipher, certificate });
            }
            Ok(SERVER_HELLO_DONE) if version != 0 => {
                return Some(Reply::Chosen { version, cipher, certificate: None });
            }
            Ok(_) if version != 0 => {}
            Ok(_) | Err(_) => return Some(Reply::NotTls),
        }
    }
}

fn version_name(version: u16) -> &'static str {
    match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        _ => "a version that was not offered",
    }
}

fn cipher_name(cipher: u16) -> String {
    let known = match cipher {
        0x0004 => "RC4 and MD5",
        0x0005 => "RC4 and SHA-1",
        0x000a => "3DES and SHA-1",
        0x0009 => "DES and SHA-1",
        0x0013 => "3DES, DSS and SHA-1",
        _ => return format!("cipher {cipher:#06x}"),
    };
    known.to_owned()
}

/// Bytes that are taken from the front.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of so many bytes, four at most.
    fn number(&mut self, bytes: usize) -> Option<u32> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a server of the time answers, in one record: RC4 and SHA-1, and a certificate of three bytes.
    fn answer() -> Vec<u8> {
        let mut hello = vec![3, 1];
        hello.extend([7; 32]);
        hello.extend([2, 9, 9, 0, 5, 0]);
        let certificate = [0, 0, 6, 0, 0, 3, b'd', b'e', b'r'];
        let mut talk = vec![SERVER_HELLO, 0, 0, hello.len() as u8];
        talk.extend(&hello);
        talk.extend([CERTIFICATE, 0, 0, certificate.len() as u8]);
        talk.extend(certificate);
        let mut record = vec![HANDSHAKE, 3, 1, 0, talk.len() as u8];
        record.extend(talk);
        record
    }

    #[test]
    fn the_first_word_is_that_of_windows_xp() {
        let hello = hello(0x0102_0304, [9; 28]);
        assert_eq!(hello[..11], [22, 3, 1, 0, 65, 1, 0, 0, 61, 3, 1]);
        assert_eq!(hello[11..15], [1, 2, 3, 4]);
        assert_eq!(hello.len(), 5 + 65, "no extension follows");
        assert_eq!(hello[43..48], [0, 0, 22, 0, 4]);
        assert_eq!(hello[68..], [1, 0]);
    }

    #[test]
    fn each_answer_is_understood() {
        let whole = answer();
        let chosen = Reply::Chosen { version: 0x0301, cipher: 5, certificate: Some(b"der".to_vec()) };
        assert_eq!(chosen.seen(), "TLS 1.0 with RC4 and SHA-1");
        assert_eq!(read(&whole), Some(chosen));
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None, "{end}");
        }
        assert_eq!(read(&[21, 3, 1, 0, 2, 2, 40]), Some(Reply::Alert(40)));
        assert_eq!(read(b"HTTP/1.1 400 Bad Request\r\n"), Some(Reply::NotTls));
        assert_eq!(read(&[22, 3, 1, 0, 4, 9, 0, 0, 0]), Some(Reply::NotTls));
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>, at in 0..80_usize, other: u8) {
            let _ = read(&bytes);
            let mut spoiled = answer();
            if let Some(byte) = spoiled.get_mut(at) {
                *byte = other;
            }
            let _ = read(&spoiled);
        }
    }
}
