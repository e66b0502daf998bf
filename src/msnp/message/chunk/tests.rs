use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::message::{
    self, Payload, Reassembled, Reassembly, ReassemblyLimits, emoticon_definitions, emoticons, ink_data,
};
use crate::object::{MsnObject, ObjectType};

const MESSAGE: Guid = Guid(0x879E_D7A5_DF1C_4EAA_8D8B_65F6_1377_34C5);

/// What comes out when the payloads come in.
fn reassembled(payloads: impl IntoIterator<Item = Vec<u8>>) -> Vec<Payload> {
    let mut reassembly = Reassembly::new(ReassemblyLimits::default());
    let now = std::time::Instant::now();
    let understand = |payload: Vec<u8>| match Payload::parse(&payload.into()) {
        Payload::Chunk { message_id, place, headers, body } => {
            match reassembly.take(now, &message_id, place, &headers, &body) {
                Reassembled::Whole(headers, body) => Some(Payload::from_parts(&headers, &body)),
                Reassembled::Waiting | Reassembled::Refused => None,
            }
        }
        other => Some(other),
    };
    payloads.into_iter().filter_map(understand).collect()
}

/// A wink (2) or a voice clip (3), as Messenger sends it.
fn datacast(id: u32, description: &str) -> Vec<Vec<u8>> {
    let headers = Headers::new().with("MIME-Version", "1.0").with("Content-Type", "text/x-msnmsgr-datacast");
    payloads(&headers, format!("ID: {id}\r\nData: {description}\r\n\r\n").as_bytes(), MESSAGE)
}

#[test]
fn chunks_have_the_form_of_messenger() {
    let headers = Headers::new().with("MIME-Version", "1.0").with("Content-Type", "image/gif");
    let body: Vec<u8> = (0..3000_u32).map(|place| (place % 251) as u8).collect();
    let chunks = payloads(&headers, &body, MESSAGE);
    let [first, second, third] = chunks.as_slice() else { panic!("{} chunks", chunks.len()) };
    let start = b"MIME-Version: 1.0\r\nContent-Type: image/gif\r\n\
        Message-ID: {879ED7A5-DF1C-4EAA-8D8B-65F6137734C5}\r\nChunks: 3\r\n\r\n";
    assert_eq!(first.as_slice(), [start.as_slice(), &body[..1202]].concat());
    let start = b"Message-ID: {879ED7A5-DF1C-4EAA-8D8B-65F6137734C5}\r\nChunk: 1\r\n\r\n";
    assert_eq!(second.as_slice(), [start.as_slice(), &body[1202..2404]].concat());
    // The length of a recorded one.
    assert_eq!(second.len(), 1266);
    assert!(third.ends_with(&body[2404..]));
}

#[test]
fn what_fits_is_not_cut() {
    let headers = Headers::new().with("Content-Type", "x/y");
    let room = LONGEST_PAYLOAD - "Content-Type: x/y\r\n\r\n".len();
    assert_eq!(payloads(&headers, &vec![1; room], MESSAGE).len(), 1);
    assert_eq!(payloads(&headers, &vec![1; room + 1], MESSAGE).len(), 2);
}

#[test]
fn winks_voice_clips_and_ink_come_back() {
    let stamp = "s".repeat(4000);
    let description = format!("<msnobj Creator=\"a@b.c\" Type=\"8\" SHA1D=\"x\" stamp=\"{stamp}\"/>");
    let wink = datacast(2, &description);
    assert_eq!(wink.len(), 4);
    assert_eq!(reassembled(wink), [Payload::Datacast { id: 2, data: Some(description) }]);

    let clip = MsnObject::describe("a@b.c", ObjectType::VOICE_CLIP, "clip.wav", b"RIFF");
    let payloads = datacast(3, &clip.to_xml());
    assert_eq!(reassembled(payloads), [Payload::Datacast { id: 3, data: Some(clip.to_xml()) }]);

    let gif: Vec<u8> = (0..9000_u32).map(|place| (place % 253) as u8).collect();
    let mut payloads = message::ink(&gif, MESSAGE);
    assert!(payloads.len() > 2);
    payloads.reverse();
    let read = reassembled(payloads);
    let [Payload::Ink { content_type, body }] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((content_type.as_str(), ink_data(body)), ("image/gif", Some(gif)));
    assert_eq!(ink_data(b"R0lGODlh"), None);
    assert_eq!(ink_data("é".as_bytes()), None);
}

#[test]
fn five_emoticons_are_defined_in_one_message() {
    let definition = |number: usize| {
        let location = if number == 6 { "x".repeat(2000) } else { format!("{number}.png") };
        (
            format!("(e\t{number})"),
            MsnObject::describe("a@b.c", ObjectType::CUSTOM_EMOTICON, &location, &[number as u8]),
        )
    };
    let definitions: Vec<(String, MsnObject)> = (0..8).map(definition).collect();
    let payloads = emoticons(&definitions, true);
    let defined: Vec<usize> = payloads
        .iter()
        .map(|payload| match Payload::parse(&Bytes::copy_from_slice(payload)) {
            Payload::Emoticons { animated: true, body } => emoticon_definitions(&body).len(),
            other => panic!("{other:?}"),
        })
        .collect();
    // The one that is too long is left out.
    assert_eq!(defined, [5, 2]);
    assert!(payloads.iter().all(|payload| payload.len() <= LONGEST_PAYLOAD));
    let expected = format!("\r\n\r\n(e0)\t{}\t(e1)\t", definitions[0].1.to_xml());
    assert!(String::from_utf8_lossy(&payloads[0]).contains(&expected));
    assert!(emoticons(&[("\t".to_owned(), definitions[0].1.clone())], false).is_empty());
}

#[test]
fn an_old_invitation_is_refused() {
    let fields = Headers::new()
        .with("Application-GUID", "{02D3C01F-BF30-4825-A83A-DE7AF41648AA}")
        .with("Invitation-Command", "INVITE")
        .with("Invitation-Cookie", "126868552")
        .with("Session-ID", "{CE454E8F-1BE9-0F77-9E00-6230E51EF9AE}");
    let refusal = message::invitation_refusal(&fields).unwrap();
    let expected = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsinvite; charset=UTF-8\r\n\r\n\
        Invitation-Command: CANCEL\r\nInvitation-Cookie: 126868552\r\nCancel-Code: REJECT_NOT_INSTALLED\r\n\
        Session-ID: {CE454E8F-1BE9-0F77-9E00-6230E51EF9AE}\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&refusal), expected);
    let Payload::Invitation { fields } = Payload::parse(&refusal.into()) else { panic!("no invitation") };
    assert_eq!(message::invitation_refusal(&fields), None, "a refusal is refused");
}

proptest! {
    #[test]
    fn a_cut_message_comes_back(
        body in prop::collection::vec(any::<u8>(), 0..6000),
        order in any::<prop::sample::Index>(),
        again in any::<prop::sample::Index>(),
    ) {
        let headers = Headers::new().with("Content-Type", "application/x-odd");
        let mut parts = payloads(&headers, &body, MESSAGE);
        prop_assert!(parts.iter().all(|part| part.len() <= LONGEST_PAYLOAD));
        let repeated = parts[again.index(parts.len())].clone();
        let turn = order.index(parts.len());
        parts.rotate_left(turn);
        let is_cut = parts.len() > 1;
        let last = parts.pop().unwrap();
        if is_cut {
            parts.push(repeated);
        }
        parts.push(last);
        let mut reassembly = Reassembly::default();
        let mut whole = Vec::new();
        for part in parts {
            match Payload::parse(&part.clone().into()) {
                Payload::Chunk { message_id, place, headers, body } => {
                    let now = std::time::Instant::now();
                    match reassembly.take(now, &message_id, place, &headers, &body) {
                        Reassembled::Whole(headers, body) => whole.push((headers, body)),
                        Reassembled::Waiting => {}
                        Reassembled::Refused => prop_assert!(false, "a true message is refused"),
                    }
                }
                _ => whole.extend(crate::mime::parse(&part.into())),
            }
        }
        // A repetition behind the end begins a message that never ends; there is one whole in any case.
        prop_assert_eq!(whole.len(), 1);
        prop_assert_eq!(whole[0].1.as_ref(), body.as_slice());
        prop_assert_eq!(whole[0].0.get("Content-Type"), Some("application/x-odd"));
    }
}
