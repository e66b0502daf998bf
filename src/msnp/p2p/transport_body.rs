//! The bodies by which a direct connection is settled; and how one is refused, so that the data stays on the switchboard.

use crate::mime::Headers;
use crate::p2p::guid::Guid;

/// An offer of ways for the data: what its refusal depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportRequest {
    /// Whether the sender has given the hash of its nonce rather than keep it for later.
    pub has_hashed_nonce: bool,
    /// Whether the sender has given its nonce itself, as msnp11-sdk does.
    pub has_nonce: bool,
}

impl TransportRequest {
    /// Reads the fields of the body; each may be missing.
    #[must_use]
    pub fn from_fields(fields: &Headers) -> TransportRequest {
        TransportRequest {
            has_hashed_nonce: fields.get("Hashed-Nonce").is_some(),
            has_nonce: fields.get("Nonce").is_some(),
        }
    }

    /// The fields of an acceptance that listens nowhere: what every client takes as "stay on the switchboard" (libpurple). A
    /// refusal proper ends the session in some.
    #[must_use]
    pub fn refusal(&self) -> Headers {
        let nonce = if self.has_hashed_nonce { "Hashed-Nonce" } else { "Nonce" };
        let zeros = Guid::default().to_string();
        let refusal = Headers::new().with("Bridge", "TCPv1").with("Listening", "false").with(nonce, &zeros);
        if self.has_nonce {
            // Without an address msnp11-sdk does not know this for an answer, and asks for ever.
            return refusal.with("IPv4Internal-Addrs", "0.0.0.0").with("IPv4Internal-Port", "0");
        }
        refusal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_83_bytes() {
        let offer = Headers::new()
            .with("Bridges", "TRUDPv1 TCPv1")
            .with("NetID", "-873796291")
            .with("Conn-Type", "IP-Restrict-NAT")
            .with("UPnPNat", "false")
            .with("ICF", "false");
        let offer = TransportRequest::from_fields(&offer);
        let mut body = Vec::new();
        offer.refusal().write(&mut body);
        // The NUL is the text's.
        assert_eq!(body.len() + 1, 83);
        assert!(body.starts_with(b"Bridge: TCPv1\r\nListening: false\r\nNonce: {00000000-"));
    }

    #[test]
    fn a_hashed_nonce_is_answered_by_one() {
        let offer = TransportRequest::from_fields(&Headers::new().with("hashed-nonce", "{1}"));
        assert_eq!(offer.refusal().get("Hashed-Nonce"), Some("{00000000-0000-0000-0000-000000000000}"));
        assert_eq!(offer.refusal().get("Nonce"), None);
    }
}
