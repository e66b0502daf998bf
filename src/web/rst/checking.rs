//! What holds for any request for tokens: used by the fuzz target.

use domain::Timestamp;
use quick_xml::{Reader, escape::escape, events::Event};

use super::{
    answer::{self, LONGEST_ENVELOPE},
    request::{LONGEST_ADDRESS, MOST_TOKENS, TokenRequest, resolve},
};
use crate::Ticket;

/// Reads a body and answers it; whether it is a request.
///
/// # Panics
/// Where more is read than may be, where what was read is not the same written and read anew, or where the answer is too long, or speaks
/// of other services than those that were asked for.
pub(crate) fn check(body: &[u8]) -> bool {
    let Ok(request) = TokenRequest::read(body) else { return false };
    assert!((1..=MOST_TOKENS).contains(&request.addresses.len()), "{} addresses", request.addresses.len());
    assert!(request.addresses.iter().all(|address| address.len() <= LONGEST_ADDRESS), "an address is too long");

    let ticket = Ticket { value: "t".repeat(43), expires: Timestamp(86_400_000) };
    let envelope = answer::granted(&request, &ticket, Timestamp(0));
    assert!(envelope.len() <= LONGEST_ENVELOPE, "{} bytes", envelope.len());
    let granted = addresses(&envelope);
    assert!(!granted.is_empty() && request.addresses.starts_with(&granted), "{granted:?} of {:?}", request.addresses);

    assert_eq!(TokenRequest::read(written(&request).as_bytes()), Ok(request), "written and read anew");
    true
}

/// A request in the fewest elements.
fn written(request: &TokenRequest) -> String {
    let token = |address: &String| {
        format!("<RequestSecurityToken><Address>{}</Address></RequestSecurityToken>", escape(address.as_str()))
    };
    let tokens: Vec<String> = request.addresses.iter().map(token).collect();
    format!(
        "<Envelope><UsernameToken><Username>{}</Username><Password>{}</Password></UsernameToken>{}</Envelope>",
        escape(request.passport.as_str()),
        escape(request.password.as_str()),
        tokens.concat(),
    )
}

/// The services that an answer has tokens for.
fn addresses(envelope: &str) -> Vec<String> {
    let is_address = |name: &[u8]| name == b"Address";
    let mut reader = Reader::from_str(envelope);
    let mut found = Vec::new();
    let mut words: Option<String> = None;
    loop {
        let Ok(event) = reader.read_event() else { panic!("the answer is no XML: {envelope}") };
        match event {
            Event::Start(start) if is_address(start.local_name().as_ref()) => words = Some(String::new()),
            Event::End(_) => found.extend(words.take()),
            Event::Text(text) => {
                if let (Some(words), Ok(text)) = (&mut words, text.decode()) {
                    words.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                if let (Some(words), Ok(letter)) = (&mut words, resolve(&reference)) {
                    words.push(letter);
                }
            }
            Event::Eof => return found,
            Event::Start(_)
            | Event::Empty(_)
            | Event::CData(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::Comment(_) => {}
        }
    }
}
