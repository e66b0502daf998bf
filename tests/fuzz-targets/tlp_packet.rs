//! Any bytes are a packet or are not, and a packet comes back when it is written and read again.

use bytes::Bytes;
use msnp::p2p::packet::{FOOTER_LENGTH, HEADER_LENGTH, Packet};

/// A packet of a peer.
pub fn tlp_packet(bytes: &[u8]) -> bool {
    let Ok(packet) = Packet::parse(&Bytes::copy_from_slice(bytes)) else { return false };
    assert!(packet.data.is_empty() || packet.end() <= packet.header.total, "data behind the end of its message");
    for packet in [packet.acknowledged(1), packet.resumed(1, 2), packet] {
        let mut written = Vec::new();
        packet.write(&mut written);
        assert_eq!(written.len(), HEADER_LENGTH + packet.data.len() + FOOTER_LENGTH);
        assert_eq!(Packet::parse(&written.into()), Ok(packet));
    }
    true
}
