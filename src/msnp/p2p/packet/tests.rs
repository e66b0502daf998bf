use proptest::prelude::*;

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

fn written(packet: &Packet) -> Vec<u8> {
    let mut out = Vec::new();
    packet.write(&mut out);
    out
}

#[test]
fn a_header_has_48_little_endian_bytes() {
    let data = Bytes::from(vec![7; 192]);
    let header = Header {
        session: 2_200_417,
        identifier: 0x02b0_0043,
        offset: 4808,
        total: 5000,
        flags: Flags::OBJECT,
        acknowledgement: 0x2222_0007,
        ..Header::default()
    };
    let packet = Packet { header, data: data.clone(), application: 1 };
    let start =
        "61932100 4300b002 c8120000 00000000 88130000 00000000 c0000000 20000000 07002222 00000000 00000000 00000000";
    assert_eq!(written(&packet), [bytes(start), data.to_vec(), bytes("00000001")].concat());
    assert!(packet.ends_message());

    let acknowledgement = packet.acknowledged(0x01a0_0013);
    let expected = "61932100 1300a001 00000000 00000000 88130000 00000000 00000000 02000000 4300b002 07002222 88130000 00000000 00000000";
    assert_eq!(written(&acknowledgement), bytes(expected));
    let resumption = packet.resumed(9, 2404);
    let expected = "61932100 09000000 00000000 00000000 00000000 00000000 00000000 01000000 4300b002 00000000 64090000 00000000 00000000";
    assert_eq!(written(&resumption), bytes(expected));
}

#[test]
fn a_wish_for_an_acknowledgement_is_copied() {
    let header = Header { flags: Flags::ACKNOWLEDGEMENT_WANTED | Flags::OBJECT, ..Header::default() };
    let flags = Packet { header, ..Packet::default() }.acknowledged(1).header.flags;
    assert_eq!(flags, Flags(0x06));
}

#[test]
fn lengths_are_believed_only_when_they_are_true() {
    let header = Header { offset: 3, total: 8, ..Header::default() };
    let whole = written(&Packet { header, data: Bytes::from_static(b"12345"), application: 2 });
    let parse = |bytes: &[u8]| Packet::parse(&Bytes::copy_from_slice(bytes));
    assert_eq!(parse(&whole).map(|packet| packet.application), Ok(2));
    // Without its footer, and with something behind it.
    assert_eq!(parse(&whole[..53]).map(|packet| packet.application), Ok(0));
    assert_eq!(parse(&[&whole, b"more".as_slice()].concat()).map(|packet| packet.data.len()), Ok(5));
    assert_eq!(parse(&whole[..52]), Err(PacketFault::CutShort));
    assert_eq!(parse(&whole[..47]), Err(PacketFault::CutShort));

    let behind = |offset: u64, total: u64| {
        let header = Header { offset, total, ..Header::default() };
        parse(&written(&Packet { header, data: Bytes::from_static(b"12345"), application: 2 }))
    };
    assert_eq!(behind(4, 8), Err(PacketFault::BehindEnd));
    assert_eq!(behind(u64::MAX - 1, u64::MAX), Err(PacketFault::BehindEnd));
    assert!(behind(u64::MAX - 5, u64::MAX).is_ok());
}

prop_compose! {
    fn packets()(
        session in any::<u32>(), identifier in any::<u32>(), before in any::<u32>(), after in any::<u32>(), flags in any::<u32>(),
        acknowledgement in any::<u32>(), acknowledged_packet in any::<u32>(), acknowledged_size in any::<u64>(),
        data in prop::collection::vec(any::<u8>(), 0..1300), application in any::<u32>(),
    ) -> Packet {
        let offset = u64::from(before);
        let total = offset + data.len() as u64 + u64::from(after);
        let flags = Flags(flags);
        let header = Header { session, identifier, offset, total, flags, acknowledgement, acknowledged_packet, acknowledged_size };
        Packet { header, data: data.into(), application }
    }
}

proptest! {
    #[test]
    fn a_written_packet_comes_back(packet in packets()) {
        prop_assert_eq!(Packet::parse(&written(&packet).into()), Ok(packet));
    }

    #[test]
    fn anything_can_be_parsed(body in prop::collection::vec(any::<u8>(), 0..120)) {
        if let Ok(packet) = Packet::parse(&body.clone().into()) {
            prop_assert!(packet.data.len() + HEADER_LENGTH <= body.len());
            prop_assert!(packet.data.is_empty() || packet.end() <= packet.header.total);
            let _ = (packet.acknowledged(1), packet.resumed(1, 2), packet.ends_message());
        }
    }
}
