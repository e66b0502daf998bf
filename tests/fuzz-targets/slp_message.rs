//! Any text can be read as MSNSLP or refused; what was read, and its response, are read again as they were written.

use msnp::{
    mime::Headers,
    object::MsnObject,
    p2p::{
        file_context::FileContext,
        session_body::{self, SessionRequest},
        slp::{ContentType, LONGEST_TEXT, SlpMessage, Start, Status},
        transport_body::TransportRequest,
    },
};

fn rewritten(message: &SlpMessage) -> SlpMessage {
    let mut written = Vec::new();
    message.write(&mut written);
    // Letters that were not UTF-8 are longer now.
    written.truncate(LONGEST_TEXT);
    SlpMessage::parse(&written).expect("a written text can be read")
}

/// A request or a response of a peer.
pub fn slp_message(text: &[u8]) -> bool {
    let Ok(message) = SlpMessage::parse(text) else { return false };
    let read = rewritten(&message);
    assert_eq!(read.call, rewritten(&read).call);
    let response = message.response(Status::DECLINE, ContentType::SessionRequest, session_body::answer(5));
    let read = rewritten(&response);
    assert_eq!(read.start, Start::Response(Status::DECLINE));
    assert_eq!(session_body::session(&read.fields), Some(5), "what is repeated runs into the body");
    let _ = TransportRequest::from_fields(&message.fields).refusal();
    if let Some(request) = SessionRequest::from_fields(&message.fields) {
        let fields: Headers = request.to_fields();
        assert_eq!(SessionRequest::from_fields(&fields), Some(request.clone()));
        let _ = (MsnObject::from_context(&request.context), FileContext::from_context(&request.context));
    }
    true
}
