use proptest::prelude::*;

use super::*;

fn decode(side: Side, direction: Direction, portions: &[&[u8]]) -> (Vec<Frame>, Option<FrameFault>) {
    let limits = match side {
        Side::Notification => Limits::default(),
        Side::Switchboard => Limits::switchboard(),
    };
    let mut decoder = Decoder::with_direction(side, direction, limits);
    let mut frames = Vec::new();
    for portion in portions {
        decoder.push(portion);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(fault) => return (frames, Some(fault)),
            }
        }
    }
    (frames, None)
}

fn from_client(bytes: &[u8]) -> (Vec<Frame>, Option<FrameFault>) {
    decode(Side::Notification, Direction::FromClient, &[bytes])
}

fn lines(frames: &[Frame]) -> Vec<String> {
    frames.iter().map(|frame| format!("{} {}", frame.command, frame.arguments.join(" "))).collect()
}

/// msn-pecan after its list has come: three commands in one segment, the third glued to a payload.
const PECAN: &[u8] = b"CHG 7 NLN 1342472228 %3Cmsnobj%2F%3E\r\nUUX 8 53\r\n\
    <Data><PSM></PSM><CurrentMedia></CurrentMedia></Data>BLP 9 AL\r\n";

#[test]
fn commands_may_be_glued_to_a_payload() {
    let (frames, fault) = from_client(PECAN);
    assert_eq!(fault, None);
    assert_eq!(lines(&frames), ["CHG 7 NLN 1342472228 %3Cmsnobj%2F%3E", "UUX 8", "BLP 9 AL"]);
    let payloads: Vec<_> = frames.iter().map(|frame| frame.payload.as_ref().map(Bytes::len)).collect();
    assert_eq!(payloads, [None, Some(53), None]);
    assert_eq!(frames.first().and_then(Frame::transaction), Some(7));
}

#[test]
fn amsn_sends_three_steps_at_once() {
    let (frames, _) = from_client(
        b"VER 1 MSNP12 CVR0\r\nCVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0812 msmsgs erin@example.com\r\n\
          USR 3 TWN I erin@example.com\r\n",
    );
    assert_eq!(frames.len(), 3);
}

#[test]
fn loose_lines_are_taken() {
    let (frames, fault) =
        from_client(b"png\n\r\n\nchg  7 NLN \r\nQRY 8 PROD0090YUAUV{2B 32\nd8d8cb2c2043a603d8286a3343143ee1PNG\r\n");
    assert_eq!(fault, None);
    assert_eq!(lines(&frames), ["PNG ", "CHG 7 NLN", "QRY 8 PROD0090YUAUV{2B", "PNG "]);
}

#[test]
fn what_the_server_sends() {
    let bytes = b"MSG Hotmail Hotmail 3\r\nabcUBX carol@example.com 0\r\nGCF 6 Shields.xml 2\r\n<>NOT 1\r\nx216 27\r\n";
    let (frames, fault) = decode(Side::Notification, Direction::FromServer, &[bytes]);
    assert_eq!(fault, None);
    let expected = ["MSG Hotmail Hotmail", "UBX carol@example.com", "GCF 6 Shields.xml", "NOT ", "216 27"];
    assert_eq!(lines(&frames), expected);
    assert_eq!(frames.last().and_then(|frame| frame.command.error_number()), Some(216));
    assert_eq!(frames.get(1).and_then(|frame| frame.payload.clone()), Some(Bytes::new()));
    assert_eq!(from_client(b"GCF 6 Shields.xml\r\n").0.len(), 1);
}

#[test]
fn a_payload_too_long_is_refused_by_its_line() {
    let command = CommandName(*b"MSG");
    for line in [b"MSG 2 N 1665\r\n" as &[u8], b"MSG 2 N 99999999999999999999999999\r\n"] {
        let (frames, fault) = decode(Side::Switchboard, Direction::FromClient, &[line]);
        assert_eq!((frames.len(), fault), (0, Some(FrameFault::PayloadTooLong { command })));
    }
    let fault = from_client(b"UUX 8 8193\r\n").1;
    assert_eq!(fault, Some(FrameFault::PayloadTooLong { command: CommandName(*b"UUX") }));
    let within = [b"MSG 2 N 1664\r\n".as_slice(), &[b'x'; 1664]].concat();
    assert_eq!(decode(Side::Switchboard, Direction::FromClient, &[&within]).0.len(), 1);
}

#[test]
fn faults_are_told_apart_and_last() {
    let uux = CommandName(*b"UUX");
    for (bytes, fault) in [
        (b"UUX 8 -1\r\n" as &[u8], FrameFault::BadLength { command: uux }),
        (b"UUX\r\n", FrameFault::BadLength { command: uux }),
        (b"UUX 8 +5\r\n", FrameFault::BadLength { command: uux }),
        (b"CHG 7 \xff\r\n", FrameFault::NotUtf8),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", FrameFault::NotACommand),
        (b"ADL 5 10\r\n", FrameFault::UnknownPayloadCommand { command: CommandName(*b"ADL") }),
    ] {
        let mut decoder = Decoder::new(Side::Notification, Limits::default());
        decoder.push(bytes);
        while let Ok(Some(_)) = decoder.next_frame() {}
        assert_eq!(decoder.next_frame(), Err(fault));
        decoder.push(b"PNG\r\n");
        assert_eq!(decoder.next_frame(), Err(fault));
        assert_eq!(decoder.held(), 0);
    }
}

#[test]
fn a_line_may_be_as_long_as_its_limit() {
    let line = format!("CHG {}", "x".repeat(8188));
    assert_eq!(from_client(format!("{line}\r\n").as_bytes()).0.len(), 1);
    assert_eq!(from_client(format!("{line}x\r\n").as_bytes()).1, Some(FrameFault::LineTooLong));
    assert_eq!(from_client(format!("{line}\r").as_bytes()).1, None);
    assert_eq!(from_client(format!("{line}xx").as_bytes()).1, Some(FrameFault::LineTooLong));
}

#[test]
fn an_idle_decoder_holds_nothing() {
    let mut decoder = Decoder::new(Side::Notification, Limits::default());
    decoder.push(PECAN);
    while let Ok(Some(_)) = decoder.next_frame() {}
    assert_eq!((decoder.pending(), decoder.held()), (0, 0));
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(PECAN.to_vec()),
        Just(b"PNG\r\n".to_vec()),
        Just(b"OUT\n".to_vec()),
        Just(b"QRY 8 X 4\r\nabcd".to_vec()),
        Just(b"UUX 8 9\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
        "[A-Z]{3} [0-9]{1,3}\r\n".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn portions_do_not_matter(bytes in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let portions: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        for side in [Side::Notification, Side::Switchboard] {
            for direction in [Direction::FromClient, Direction::FromServer] {
                let whole = decode(side, direction, &[&bytes]);
                prop_assert_eq!(decode(side, direction, &portions), whole);
            }
        }
    }

    #[test]
    fn one_frame_per_push_is_enough(count in 1_usize..60) {
        let mut decoder = Decoder::new(Side::Notification, Limits::default());
        for _ in 0..count {
            decoder.push(PECAN);
            let _ = decoder.next_frame();
        }
        let mut frames = 0;
        while let Ok(Some(_)) = decoder.next_frame() {
            frames += 1;
        }
        prop_assert_eq!(frames, 3 * count - count);
        prop_assert_eq!(decoder.held(), 0);
    }

    #[test]
    fn written_frames_come_back(arguments in prop::collection::vec("[!-~é]{1,9}", 0..5), body in prop::collection::vec(any::<u8>(), 0..60)) {
        let plain = Frame { command: CommandName(*b"CHG"), arguments: arguments.clone(), payload: None };
        let loaded = Frame { command: CommandName(*b"MSG"), arguments, payload: Some(body.into()) };
        let mut bytes = Vec::new();
        plain.write(&mut bytes);
        loaded.write(&mut bytes);
        prop_assert_eq!(from_client(&bytes), (vec![plain, loaded], None));
    }
}
