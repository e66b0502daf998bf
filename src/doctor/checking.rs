//! What holds for whatever another server answers: used by the fuzz target.

use crate::{
    certificate::Certificate,
    mirror::Shown,
    old_client::{self, Reply},
    request::{self, Answer, excerpt},
};

/// At how many places an answer is cut, to be read as far as it has come.
const CUTS: usize = 32;

/// Reads bytes as an answer in HTTP, and as one in TLS; whether they are either.
///
/// # Panics
/// Where an answer that has come in parts is read otherwise than whole, where one of HTTP is not the same written and read anew, where
/// control characters are shown, or where a certificate is not for those whom it names.
pub(crate) fn check(bytes: &[u8]) -> bool {
    let answer = request::read(bytes, true);
    let reply = old_client::read(bytes);
    for cut in 0..CUTS {
        let come = bytes.get(..bytes.len() * cut / CUTS).unwrap_or_default();
        if let Some(begun) = request::read(come, false) {
            let whole = answer.as_ref().map(|answer| (answer.status, &answer.headers));
            assert_eq!(Some((begun.status, &begun.headers)), whole, "the head has changed");
        }
        if let Some(early) = old_client::read(come) {
            assert_eq!(Some(&early), reply.as_ref(), "what came later has changed what was said");
        }
    }
    if let Some(answer) = &answer {
        check_answer(answer);
    }
    if let Some(reply) = &reply {
        check_reply(reply);
    }
    answer.is_some() || matches!(reply, Some(Reply::Chosen { .. } | Reply::Alert(_)))
}

fn check_answer(answer: &Answer) {
    let Answer { status, headers, body, .. } = answer;
    let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}\r\n")).collect();
    let written = format!("HTTP/1.1 {status} OK\r\n{}\r\n{body}", lines.concat());
    assert_eq!(request::read(written.as_bytes(), true).as_ref(), Some(answer), "written and read anew");
    assert!(!excerpt(body).contains(char::is_control), "control characters are shown");
    if let Some(Shown { proof, .. }) = Shown::read(body) {
        assert_eq!(proof.len(), 64, "a proof of another length");
    }
}

fn check_reply(reply: &Reply) {
    assert!(!reply.seen().is_empty(), "nothing is said of it");
    let Reply::Chosen { certificate: Some(der), .. } = reply else { return };
    let Some(certificate) = Certificate::read(der) else { return };
    for name in certificate.names.iter().filter(|name| !name.starts_with("*.")) {
        assert!(certificate.is_for(name), "not for {name}");
        assert!(certificate.is_for(&name.to_ascii_uppercase()), "not for {name} in capitals");
    }
}
