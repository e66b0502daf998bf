//! What msn-pecan (libpurple) sent to msnp11-sdk when it offered it a file, through another server.

use super::*;

const RECORDING: &str = include_str!("../../../../tests/recordings/sb-msn-pecan-sends-file-to-msnp11-sdk.txt");

/// The bytes of a recording, as a Python literal shows them; `\r\n` is followed by a line end that is not part of them.
fn plain(shown: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut letters = shown.chars();
    while let Some(letter) = letters.next() {
        let escaped = if letter == '\\' { letters.next() } else { None };
        match escaped {
            None => bytes.extend(letter.to_string().bytes()),
            Some('r') => bytes.push(b'\r'),
            Some('n') => {
                bytes.push(b'\n');
                if letters.as_str().starts_with('\n') {
                    letters.next();
                }
            }
            Some('t') => bytes.push(b'\t'),
            Some('x') => {
                let digits: String = letters.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            Some(other) => bytes.extend(other.to_string().bytes()),
        }
    }
    bytes
}

/// The payloads of the messages on one side, `C>` or `S<`.
fn payloads(side: &str) -> Vec<Bytes> {
    let mut blocks: Vec<(bool, usize, String)> = Vec::new();
    for line in RECORDING.split_inclusive('\n') {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [time, mark @ ("C>" | "S<"), length, "bytes"] if time.parse::<f64>().is_ok() => {
                blocks.push((*mark == side, length.parse().unwrap(), String::new()));
            }
            _ => blocks.last_mut().unwrap().2.push_str(line),
        }
    }
    let mut payloads = Vec::new();
    for (_, length, shown) in blocks.into_iter().filter(|(is_side, _, _)| *is_side) {
        let bytes = plain(shown.strip_suffix('\n').unwrap_or(&shown));
        if bytes.starts_with(b"MSG") {
            assert_eq!(bytes.len(), length, "{shown}");
            let line_end = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
            payloads.push(Bytes::from(bytes).slice(line_end..));
        }
    }
    payloads
}

fn recorded(side: &str) -> Vec<Packet> {
    let packet = |payload: Bytes| match Payload::parse(&payload) {
        Payload::PeerToPeer { body, .. } => Some(Packet::parse(&body).unwrap()),
        _ => None,
    };
    payloads(side).into_iter().filter_map(packet).collect()
}

#[test]
fn the_file_of_msn_pecan_arrives() {
    let now = Instant::now();
    let mut peer = Peer::new("alice@example.com", "dave@example.com", Limits::default(), 1);
    let mut take = |input: Input<'_>| peer.process(now, 0, input);
    take(Input::Ready { packets: 100 });
    let mut outputs = Vec::new();
    for payload in payloads("S<") {
        let Payload::PeerToPeer { destination, body } = Payload::parse(&payload) else { continue };
        assert_eq!(destination, "alice@example.com");
        let step = take(Input::Packet(&body));
        let offered = step.iter().find_map(|output| match output {
            Output::FileOffered { transfer, name, size, preview } => {
                Some((*transfer, name.clone(), *size, preview.len()))
            }
            _ => None,
        });
        outputs.extend(step);
        if let Some((transfer, name, size, preview)) = offered {
            assert_eq!((name.as_str(), size, preview), ("small.bin", 3000, 0));
            outputs.extend(take(Input::AcceptFile { transfer }));
        }
    }

    let heard = recorded("S<");
    let file: Vec<u8> =
        heard.iter().filter(|packet| packet.header.session != 0).flat_map(|packet| packet.data.clone()).collect();
    assert_eq!(file.len(), 3000);
    let mut received = Vec::new();
    let mut is_whole = false;
    for output in &outputs {
        match output {
            Output::FileData { data, .. } => received.extend_from_slice(data),
            Output::FileReceived { .. } => is_whole = true,
            _ => {}
        }
    }
    assert!(is_whole);
    assert_eq!(received, file);

    // It also asks for a picture, and answers something from before the recording.
    let wanted = outputs.iter().find_map(|output| match output {
        Output::ObjectWanted { object, .. } => Some((object.size, object.data_hash.as_str())),
        _ => None,
    });
    assert_eq!(wanted, Some((50639, "1QpMNhaF8Mhn7yH4JhNrA0tIQEk=")));

    // What we say is what msnp11-sdk said and msn-pecan understood, but for the numbers.
    let said: Vec<Packet> = sent(&outputs)
        .iter()
        .map(|payload| match Payload::parse(payload) {
            Payload::PeerToPeer { body, .. } => Packet::parse(&body).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    for recorded in recorded("C>") {
        let is_same = |packet: &&Packet| {
            let numbers = Header {
                identifier: recorded.header.identifier,
                acknowledgement: if recorded.data.is_empty() {
                    packet.header.acknowledgement
                } else {
                    recorded.header.acknowledgement
                },
                ..packet.header
            };
            numbers == recorded.header && packet.data == recorded.data && packet.application == recorded.application
        };
        assert!(said.iter().any(|packet| is_same(&packet)), "{recorded:?}");
    }
}
