//! Any payload of a switchboard can be read, and a text of it can be parted and sent on.

use bytes::Bytes;
use msnp::{
    message::{self, Payload},
    mime,
};

/// About what a text may have in one payload.
const LONGEST: usize = 1400;

/// The payload of a message.
pub fn message_payload(bytes: &[u8]) -> bool {
    let payload = Bytes::copy_from_slice(bytes);
    let parsed = mime::parse(&payload);
    let understood = parsed.is_some();
    if let Some((headers, body)) = parsed {
        assert!(payload.ends_with(&body));
        let mut written = Vec::new();
        headers.write(&mut written);
        written.extend_from_slice(&body);
        let again = mime::parse(&written.into());
        assert_eq!(again.map(|(_, body)| body), Some(body), "headers run into the body");
    }
    match Payload::parse(&payload) {
        Payload::Text { text, format, sender_name } => {
            let wire = message::wire_text(&text);
            for longest in [1, 40, LONGEST] {
                let parts = message::split_text(&wire, longest);
                assert_eq!(parts.concat(), wire);
                assert!(longest < 4 || parts.iter().all(|part| part.len() <= longest));
            }
            let written: Bytes = message::text(&wire, &format.unwrap_or_default(), sender_name.as_deref()).into();
            assert!(matches!(Payload::parse(&written), Payload::Text { .. }));
        }
        Payload::Emoticons { body, .. } => drop(message::emoticon_definitions(&body)),
        Payload::Typing { .. }
        | Payload::Recording { .. }
        | Payload::Nudge
        | Payload::Datacast { .. }
        | Payload::PeerToPeer { .. }
        | Payload::Invitation { .. }
        | Payload::Ink { .. }
        | Payload::ClientCapabilities
        | Payload::KeepAlive
        | Payload::Chunk { .. }
        | Payload::Other { .. } => {}
    }
    understood
}
