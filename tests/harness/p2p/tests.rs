//! The harness against what others published and recorded, so that it is strict about the right things.

use bytes::Bytes;

use super::{
    Object, ObjectKind, chunks,
    packet::{Packet, flags},
    pattern,
    slp::{CLOSE, SESSION, Slp, Start},
};

const CAROL: &str = "carol@example.net";
const BOB: &str = "bob.bridge@example.net";

/// The sample that `MSNPiki` publishes.
const PUBLISHED: &str = "<msnobj Creator=\"buddy1@hotmail.com\" Size=\"24539\" Type=\"3\" Location=\"TFR2C.tmp\" Friendly=\"AAA=\" \
                         SHA1D=\"trC8SlFx2sWQxZMIBAWSEnXc8oQ=\" SHA1C=\"U32o6bosZzluJq82eAtMpx5dIEI=\"/>";

#[test]
fn the_published_object_is_read_and_its_presence_form_comes_back() {
    let object = Object::read(PUBLISHED);
    assert_eq!((object.creator.as_str(), object.size, object.kind), ("buddy1@hotmail.com", 24539, 3));
    let encoded = object.encoded();
    assert!(encoded.starts_with("%3Cmsnobj%20Creator%3D%22buddy1%40hotmail.com%22%20Size%3D"), "{encoded}");
    assert_eq!(Object::decode(&encoded), object);
}

#[test]
#[should_panic(expected = "the hash of the description")]
fn an_object_whose_description_was_changed_is_noticed() {
    Object::read(&PUBLISHED.replace("24539", "24540"));
}

#[test]
fn what_is_described_can_be_checked() {
    let data = pattern(5000);
    let object = Object::describe(BOB, ObjectKind::Emoticon, "h\u{e9}", &data);
    assert_eq!((object.kind, object.friendly.as_str(), object.size), (2, "h\u{e9}", 5000));
    object.check(&data);
}

#[test]
fn an_acknowledgement_has_the_known_bytes() {
    let packet = Packet {
        identifier: 0x02B0_0040,
        total: 0x02A0,
        flags: flags::ACKNOWLEDGEMENT,
        first_mark: 0x01A0_0010,
        second_mark: 0x1111_0001,
        marked_size: 0x02A0,
        ..Packet::default()
    };
    let payload = Bytes::from(packet.payload(CAROL));
    let known = "00000000 4000b002 00000000 00000000 a0020000 00000000 00000000 02000000 1000a001 01001111 a0020000 \
                 00000000 00000000";
    let digits: String = known.split(' ').collect();
    let bytes: Vec<u8> =
        (0..digits.len()).step_by(2).map(|place| u8::from_str_radix(&digits[place..place + 2], 16).unwrap()).collect();
    assert!(payload.ends_with(&bytes), "{payload:?}");
    assert_eq!(Packet::read(&payload, CAROL), packet);
}

#[test]
#[should_panic(expected = "a packet's headers")]
fn a_packet_for_another_is_noticed() {
    let packet = Packet { identifier: 1, flags: flags::ACKNOWLEDGEMENT, ..Packet::default() };
    Packet::read(&packet.payload(CAROL).into(), BOB);
}

#[test]
fn texts_have_the_known_lengths_and_come_back() {
    let answer = Slp {
        start: Start::Answer(200),
        to: CAROL.to_owned(),
        from: BOB.to_owned(),
        branch: "B1E5A3C0-0A11-4C5B-9E0D-5A1FD0C0A001".to_owned(),
        sequence: 1,
        call: "C0FFEE01-1D2E-4F3A-8B4C-6D5E7F809112".to_owned(),
        content_type: SESSION.to_owned(),
        fields: vec![("SessionID".to_owned(), "2200417".to_owned())],
    };
    let bytes = answer.to_bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains("CSeq: 1 \r\n") && text.contains("Content-Length: 23\r\n\r\n"), "{text}");
    assert_eq!(bytes.len(), 0x14d);
    assert_eq!(Slp::read(&bytes), answer);

    let (to, from, content_type) = (BOB.to_owned(), CAROL.to_owned(), CLOSE.to_owned());
    let end = Slp { start: Start::Bye, to, from, sequence: 0, content_type, fields: Vec::new(), ..answer };
    let bytes = end.to_bytes();
    assert!(String::from_utf8(bytes.clone()).unwrap().ends_with("Content-Length: 3\r\n\r\n\r\n\0"));
    assert_eq!(bytes.len(), 0x156);
    assert_eq!(Slp::read(&bytes), end);
}

#[test]
fn a_long_body_goes_in_pieces_of_1202_bytes() {
    let parts = chunks("image/gif", &pattern(2405));
    let lengths: Vec<usize> = parts.iter().map(Vec::len).collect();
    assert_eq!(lengths[1], 1266, "64 bytes of headers, as recorded");
    assert_eq!(parts.len(), 3);
    assert_eq!(chunks("image/gif", &pattern(1202)).len(), 1);
}
