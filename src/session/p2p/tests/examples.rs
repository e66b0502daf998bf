//! Whole exchanges, to the byte.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

/// The payload of a packet to Carol.
fn payload(header: &str, data: &[u8], footer: &str) -> Bytes {
    let mime = format!("MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\nP2P-Dest: {THEY}\r\n\r\n");
    [mime.into_bytes(), bytes(header), data.to_vec(), bytes(footer)].concat().into()
}

impl World {
    fn hear_bytes(&mut self, header: &str, data: &[u8], footer: &str) -> Vec<Output> {
        let body = [bytes(header), data.to_vec(), bytes(footer)].concat();
        self.take(Input::Packet(&body.into()))
    }
}

fn acceptance(content_length: u32, session: u32) -> String {
    format!(
        "MSNSLP/1.0 200 OK\r\n\
         To: <msnmsgr:carol@example.net>\r\n\
         From: <msnmsgr:bob.bridge@example.net>\r\n\
         Via: MSNSLP/1.0/TLP ;branch={BRANCH}\r\n\
         CSeq: 1 \r\n\
         Call-ID: {CALL}\r\n\
         Max-Forwards: 0\r\n\
         Content-Type: application/x-msnmsgr-sessionreqbody\r\n\
         Content-Length: {content_length}\r\n\
         \r\n\
         SessionID: {session}\r\n\
         \r\n\0"
    )
}

#[test]
fn carol_asks_for_bobs_picture() {
    let mut world = World::new();
    let mut text = Vec::new();
    invitation(2_200_417, Purpose::Object, &picture().to_context()).write(&mut text);

    let outputs = world.hear_bytes(
        "00000000 1000a001 00000000 00000000 a0020000 00000000 a0020000 00000000 01001111 00000000 00000000 00000000",
        &text,
        "00000000",
    );
    let acknowledgement = payload(
        "00000000 4000b002 00000000 00000000 a0020000 00000000 00000000 02000000 1000a001 01001111 a0020000 00000000",
        b"",
        "00000000",
    );
    assert_eq!(sent(&outputs), [acknowledgement]);
    assert_eq!(told(&outputs), [Output::ObjectWanted { transfer: THEIRS, object: picture() }]);

    let outputs = world.take(Input::Provide { transfer: THEIRS, data: pattern(5000) });
    let accepted = payload(
        "00000000 4100b002 00000000 00000000 4d010000 00000000 4d010000 00000000 01002222 00000000 00000000 00000000",
        acceptance(23, 2_200_417).as_bytes(),
        "00000000",
    );
    assert_eq!(outputs, [Output::Send(accepted)]);

    let outputs = world.hear_bytes(
        "00000000 1100a001 00000000 00000000 4d010000 00000000 00000000 02000000 4100b002 01002222 4d010000 00000000",
        b"",
        "00000000",
    );
    let preparation = payload(
        "61932100 4200b002 00000000 00000000 04000000 00000000 04000000 00000000 02002222 00000000 00000000 00000000",
        &[0; 4],
        "00000001",
    );
    assert_eq!(outputs, [Output::Send(preparation)]);

    let outputs = world.hear_bytes(
        "61932100 1200a001 00000000 00000000 04000000 00000000 00000000 02000000 4200b002 02002222 04000000 00000000",
        b"",
        "00000000",
    );
    let picture = pattern(5000);
    let pieces: Vec<Output> = [
        ("00000000", "b2040000", "03002222", 0..1202),
        ("b2040000", "b2040000", "04002222", 1202..2404),
        ("64090000", "b2040000", "05002222", 2404..3606),
        ("160e0000", "b2040000", "06002222", 3606..4808),
        ("c8120000", "c0000000", "07002222", 4808..5000),
    ]
    .into_iter()
    .map(|(offset, length, number, place)| {
        let header = format!(
            "61932100 4300b002 {offset} 00000000 88130000 00000000 {length} 20000000 {number} 00000000 00000000 00000000"
        );
        Output::Send(payload(&header, &picture[place], "00000001"))
    })
    .collect();
    assert_eq!(outputs, pieces);

    let outputs = world.hear_bytes(
        "61932100 1300a001 00000000 00000000 88130000 00000000 00000000 02000000 4300b002 07002222 88130000 00000000",
        b"",
        "00000000",
    );
    assert_eq!(outputs, []);
    assert!(!world.peer.is_idle());

    let mut text = Vec::new();
    SlpMessage::request(Method::Bye, WE, THEY, BRANCH, CALL, ContentType::SessionClose).write(&mut text);
    let outputs = world.hear_bytes(
        "00000000 1400a001 00000000 00000000 56010000 00000000 56010000 00000000 02001111 00000000 00000000 00000000",
        &text,
        "00000000",
    );
    let acknowledgement = payload(
        "00000000 4400b002 00000000 00000000 56010000 00000000 00000000 02000000 1400a001 02001111 56010000 00000000",
        b"",
        "00000000",
    );
    assert_eq!(outputs, [Output::Send(acknowledgement)]);
    assert!(world.peer.is_idle());
    assert_eq!(world.peer.deadline(), None);
}

#[test]
fn bob_asks_for_carols_picture() {
    let mut world = World::new();
    let object = MsnObject::describe(THEY, ObjectType::DISPLAY_PICTURE, "TFR2C.tmp", &pattern(3000));
    // Attributes in another order than ours: the description goes back as it came.
    let description = format!("<msnobj SHA1D=\"{}\" Type=\"3\" Size=\"3000\" Creator=\"{THEY}\"/>", object.data_hash);
    let outputs = world.take(Input::Fetch { transfer: OURS, description: description.clone() });
    let asked = texts(&outputs);
    let [invitation] = asked.as_slice() else { panic!("{outputs:?}") };
    assert_eq!((invitation.to.as_str(), invitation.from.as_str(), invitation.sequence), (THEY, WE, 0));
    let request = SessionRequest::from_fields(&invitation.fields).unwrap();
    assert_eq!((request.purpose, request.application), (Purpose::Object, 1));
    assert_eq!(request.context, msnp::object::context(&description));
    assert_eq!(world.acknowledge(&packets(&outputs)[0]), []);

    let accepted =
        invitation.response(Status::OK, ContentType::SessionRequest, msnp::p2p::session_body::answer(request.session));
    let outputs = world.say(&accepted);
    assert_eq!((acknowledgements(&outputs), outputs.len()), (1, 1));

    let outputs = world.message(request.session, Flags::NONE, 1, &[0; 4]);
    assert_eq!((acknowledgements(&outputs), packets(&outputs)[0].header.session), (1, request.session));

    let outputs = world.message(request.session, Flags::OBJECT, 1, &pattern(3000));
    let spoken = packets(&outputs);
    assert_eq!(spoken[0].header.acknowledged_size, 3000, "the acknowledgement comes before the BYE");
    assert!(says_bye(&outputs));
    assert_eq!(texts(&outputs)[0].call, invitation.call);
    assert_eq!(told(&outputs), [Output::ObjectFetched { transfer: OURS, data: pattern(3000) }]);
    assert_eq!(world.acknowledge(&spoken[1]), []);
    assert!(world.peer.is_idle());
}

#[test]
fn carol_sends_a_file() {
    let mut world = World::without_switchboard(Limits::default(), 0x3333_0000_02d0_01ff);
    world.take(Input::Ready { packets: 1 });
    // The longer context of official clients, so that the text needs two packets.
    let mut context = FileContext::new("notes.txt", 3000, Bytes::new()).to_bytes();
    context[0..8].copy_from_slice(&bytes("7e020000 03000000"));
    context.resize(638, 0);
    let mut invitation = invitation(2_204_551, Purpose::File, "");
    let context = MsnContext(&context).to_string();
    assert!(context.starts_with("fgIAAAMAAAC4CwAAAAAAAAEAAABuAG8A"));
    invitation.fields =
        SessionRequest { purpose: Purpose::File, session: 2_204_551, application: 2, context }.to_fields();
    let mut text = Vec::new();
    invitation.write(&mut text);
    assert_eq!(text.len(), 1288);
    assert!(String::from_utf8_lossy(&text).contains("Content-Length: 946\r\n"));

    let outputs = world.hear_bytes(
        "00000000 0001c001 00000000 00000000 08050000 00000000 b2040000 00000000 01000031 00000000 00000000 00000000",
        &text[..1202],
        "00000000",
    );
    assert_eq!(outputs, []);
    let outputs = world.hear_bytes(
        "00000000 0001c001 b2040000 00000000 08050000 00000000 56000000 00000000 02000031 00000000 00000000 00000000",
        &text[1202..],
        "00000000",
    );
    let acknowledgement = payload(
        "00000000 0002d002 00000000 00000000 08050000 00000000 00000000 02000000 0001c001 02000031 08050000 00000000",
        b"",
        "00000000",
    );
    let offered =
        Output::FileOffered { transfer: THEIRS, name: "notes.txt".to_owned(), size: 3000, preview: Bytes::new() };
    assert_eq!(outputs, [offered, Output::Send(acknowledgement)]);
    world.take(Input::Ready { packets: 100 });

    let outputs = world.take(Input::AcceptFile { transfer: THEIRS });
    let [accepted] = sent(&outputs).try_into().unwrap();
    let accepted: Bytes = accepted;
    assert!(accepted.ends_with(&[acceptance(23, 2_204_551).as_bytes(), &[0; 4]].concat()));
    world.acknowledge(&packets(&outputs)[0]);

    let branch = "{11111111-2222-4333-8444-555555555555}";
    let mut offer = SlpMessage::request(Method::Invite, WE, THEY, branch, CALL, ContentType::TransportRequest);
    offer.fields = Headers::new()
        .with("Bridges", "TRUDPv1 TCPv1")
        .with("NetID", "-873796291")
        .with("Conn-Type", "IP-Restrict-NAT")
        .with("UPnPNat", "false")
        .with("ICF", "false");
    let outputs = world.say(&offer);
    assert_eq!(acknowledgements(&outputs[..1]), 1, "the acknowledgement comes first");
    let expected = format!(
        "MSNSLP/1.0 200 OK\r\n\
         To: <msnmsgr:carol@example.net>\r\n\
         From: <msnmsgr:bob.bridge@example.net>\r\n\
         Via: MSNSLP/1.0/TLP ;branch={branch}\r\n\
         CSeq: 1 \r\n\
         Call-ID: {CALL}\r\n\
         Max-Forwards: 0\r\n\
         Content-Type: application/x-msnmsgr-transrespbody\r\n\
         Content-Length: 83\r\n\
         \r\n\
         Bridge: TCPv1\r\n\
         Listening: false\r\n\
         Nonce: {{00000000-0000-0000-0000-000000000000}}\r\n\
         \r\n\0"
    );
    let refusal = &packets(&outputs)[1];
    assert_eq!(String::from_utf8_lossy(&refusal.data), expected);
    world.acknowledge(refusal);

    let file = pattern(3000);
    let mut outputs = Vec::new();
    for (offset, length, number, place) in [
        ("00000000", "b2040000", "05000031", 0..1202),
        ("b2040000", "b2040000", "06000031", 1202..2404),
        ("64090000", "54020000", "07000031", 2404..3000),
    ] {
        let header = format!(
            "87a32100 0301c001 {offset} 00000000 b80b0000 00000000 {length} 30000001 {number} 00000000 00000000 00000000"
        );
        outputs.extend(world.hear_bytes(&header, &file[place], "00000002"));
    }
    let acknowledgement = payload(
        "87a32100 0402d002 00000000 00000000 b80b0000 00000000 00000000 02000000 0301c001 07000031 b80b0000 00000000",
        b"",
        "00000000",
    );
    let data = |place: std::ops::Range<usize>| Output::FileData { transfer: THEIRS, data: file.slice(place) };
    let received = Output::FileReceived { transfer: THEIRS };
    assert_eq!(outputs, [data(0..1202), data(1202..2404), data(2404..3000), received, Output::Send(acknowledgement)]);

    let outputs = world.hang_up(CALL);
    assert_eq!((acknowledgements(&outputs), outputs.len()), (1, 1));
    assert!(world.peer.is_idle());
}

/// Base64 of any context.
struct MsnContext<'a>(&'a [u8]);

impl std::fmt::Display for MsnContext<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for group in self.0.chunks(3) {
            let number =
                group.iter().chain(&[0; 2]).take(3).fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
            for place in 0..4 {
                let letter = if place > group.len() { '=' } else { LETTERS[number >> (18 - 6 * place) & 63].into() };
                write!(formatter, "{letter}")?;
            }
        }
        Ok(())
    }
}

#[test]
fn bob_sends_a_file() {
    let mut world = World::new();
    let outputs = world.take(Input::OfferFile {
        transfer: OURS,
        name: "notes.txt".to_owned(),
        size: 3000,
        preview: Bytes::new(),
    });
    let invitation = texts(&outputs).remove(0);
    let first = packets(&outputs).remove(0);
    // The session's number has from six to ten digits; with seven it would be 1199 bytes.
    let request = SessionRequest::from_fields(&invitation.fields).unwrap();
    assert_eq!(first.header.total as usize + 7, 1199 + request.session.to_string().len());
    assert_eq!((request.purpose, request.application), (Purpose::File, 2));
    assert!(request.context.starts_with("PgIAAAIAAAC4CwAAAAAAAAEAAABuAG8A"));
    assert_eq!(world.acknowledge(packets(&outputs).last().unwrap()), []);

    let fields = msnp::p2p::session_body::answer(request.session);
    let outputs = world.say(&invitation.response(Status::OK, ContentType::SessionRequest, fields));
    let want = Output::Want { transfer: OURS, offset: 0, length: 3000 };
    assert_eq!(told(&outputs), [Output::FileAccepted { transfer: OURS }, want]);
    assert_eq!(acknowledgements(&outputs), 1);

    let outputs = world.take(Input::Feed { transfer: OURS, offset: 0, data: pattern(3000) });
    let spoken = packets(&outputs);
    assert_eq!(spoken.iter().map(|packet| packet.data.len()).collect::<Vec<_>>(), [1202, 1202, 596]);
    for packet in &spoken {
        assert_eq!((packet.header.flags, packet.application), (Flags(0x0100_0030), 2));
        assert_eq!((packet.header.session, packet.header.identifier), (request.session, spoken[0].header.identifier));
    }
    assert_eq!(data(&outputs, request.session), pattern(3000));

    let outputs = world.acknowledge(&spoken[2]);
    assert_eq!(outputs, [Output::FileSent { transfer: OURS }], "the BYE has to wait a moment");
    assert_eq!(world.peer.deadline(), Some(world.now + Duration::from_millis(300)));
    let outputs = world.wait(Duration::from_millis(300));
    assert!(says_bye(&outputs));
    assert_eq!(texts(&outputs)[0].call, invitation.call);
    world.acknowledge(&packets(&outputs)[0]);
    assert!(world.peer.is_idle());
}

#[test]
fn bob_declines() {
    let mut world = World::new();
    world.invite(2_200_417, Purpose::File, &file_context(5));
    let outputs = world.take(Input::DeclineFile { transfer: THEIRS });
    let text = acceptance(23, 2_200_417).replace("200 OK", "603 Decline");
    assert_eq!(packets(&outputs)[0].data, text.as_bytes());
    assert_eq!(world.acknowledge(&packets(&outputs)[0]), []);
    assert!(world.peer.is_idle());
}
