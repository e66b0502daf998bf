use proptest::prelude::*;

use super::*;
use crate::object::{MsnObject, ObjectType};
use crate::p2p::file_context::FileContext;
use crate::p2p::session_body::{self, FILE_APPLICATION, OBJECT_APPLICATION, Purpose, SessionRequest};

const BOB: &str = "bob.bridge@example.net";
const CAROL: &str = "carol@example.net";
const BRANCH: &str = "{B1E5A3C0-0A11-4C5B-9E0D-5A1FD0C0A001}";
const CALL: &str = "{C0FFEE01-1D2E-4F3A-8B4C-6D5E7F809112}";

fn written(message: &SlpMessage) -> Vec<u8> {
    let mut out = Vec::new();
    message.write(&mut out);
    out
}

/// Carol asks for Bob's picture.
fn invitation() -> SlpMessage {
    let picture: Vec<u8> = (0..5000_u32).map(|place| ((7 * place + 3) % 256) as u8).collect();
    let object = MsnObject::describe(BOB, ObjectType::DISPLAY_PICTURE, "TFR1A.tmp", &picture);
    let context = object.to_context();
    let request =
        SessionRequest { purpose: Purpose::Object, session: 2_200_417, application: OBJECT_APPLICATION, context };
    let mut invitation = SlpMessage::request(Method::Invite, BOB, CAROL, BRANCH, CALL, ContentType::SessionRequest);
    invitation.fields = request.to_fields();
    invitation
}

#[test]
fn an_invitation_has_the_form_of_messenger() {
    let text = written(&invitation());
    assert_eq!(text.len(), 672);
    let expected = "INVITE MSNMSGR:bob.bridge@example.net MSNSLP/1.0\r\n\
        To: <msnmsgr:bob.bridge@example.net>\r\n\
        From: <msnmsgr:carol@example.net>\r\n\
        Via: MSNSLP/1.0/TLP ;branch={B1E5A3C0-0A11-4C5B-9E0D-5A1FD0C0A001}\r\n\
        CSeq: 0 \r\n\
        Call-ID: {C0FFEE01-1D2E-4F3A-8B4C-6D5E7F809112}\r\n\
        Max-Forwards: 0\r\n\
        Content-Type: application/x-msnmsgr-sessionreqbody\r\n\
        Content-Length: 330\r\n\
        \r\n\
        EUF-GUID: {A4268EEC-FEC5-49E5-95C3-F126696BDBF6}\r\n\
        SessionID: 2200417\r\n\
        AppID: 1\r\n\
        Context: PG1zbm9iaiBDcmVhdG9yPSJib2IuYnJpZGdlQGV4YW1wbGUubmV0IiBTaXplPSI1MDAwIi";
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with(expected), "{text}");
    assert!(text.ends_with("Ii8+AA==\r\n\r\n\0"), "{text}");
    assert_eq!(SlpMessage::parse(text.as_bytes()), Ok(invitation()));
}

#[test]
fn an_acceptance_has_the_form_of_messenger() {
    let response = invitation().response(Status::OK, ContentType::SessionRequest, session_body::answer(2_200_417));
    let expected = "MSNSLP/1.0 200 OK\r\n\
        To: <msnmsgr:carol@example.net>\r\n\
        From: <msnmsgr:bob.bridge@example.net>\r\n\
        Via: MSNSLP/1.0/TLP ;branch={B1E5A3C0-0A11-4C5B-9E0D-5A1FD0C0A001}\r\n\
        CSeq: 1 \r\n\
        Call-ID: {C0FFEE01-1D2E-4F3A-8B4C-6D5E7F809112}\r\n\
        Max-Forwards: 0\r\n\
        Content-Type: application/x-msnmsgr-sessionreqbody\r\n\
        Content-Length: 23\r\n\
        \r\n\
        SessionID: 2200417\r\n\
        \r\n\0";
    assert_eq!(String::from_utf8_lossy(&written(&response)), expected);
    assert_eq!(expected.len(), 333);
    assert_eq!(SlpMessage::parse(expected.as_bytes()), Ok(response));
}

#[test]
fn a_farewell_has_a_body_of_three_bytes() {
    let bye = SlpMessage::request(Method::Bye, BOB, CAROL, BRANCH, CALL, ContentType::SessionClose);
    let text = written(&bye);
    assert_eq!(text.len(), 342);
    assert!(text.ends_with(b"Content-Length: 3\r\n\r\n\r\n\0"));
    assert_eq!(SlpMessage::parse(&text), Ok(bye));
}

#[test]
fn an_error_may_have_no_body() {
    let text = written(&invitation().response(Status::INTERNAL_ERROR, ContentType::Null, Headers::new()));
    assert!(text.ends_with(b"Content-Type: null\r\nContent-Length: 0\r\n\r\n"));
    assert!(text.starts_with(b"MSNSLP/1.0 500 Internal Error\r\n"));
}

#[test]
fn an_invitation_to_a_file_is_as_long_as_others_write_it() {
    let context = FileContext::new("notes.txt", 3000, Bytes::new()).to_context();
    let request = SessionRequest { purpose: Purpose::File, session: 2_204_551, application: FILE_APPLICATION, context };
    let mut invitation = SlpMessage::request(Method::Invite, CAROL, BOB, BRANCH, CALL, ContentType::SessionRequest);
    invitation.fields = request.to_fields();
    let text = String::from_utf8(written(&invitation)).unwrap();
    assert_eq!(text.len(), 1199);
    assert!(text.contains("Content-Length: 862\r\n"));
    assert!(text.contains("Context: PgIAAAIAAAC4CwAAAAAAAAEAAABuAG8A"));
}

#[test]
fn other_clients_write_other_forms() {
    let text = "MSNSLP/1.0 603 DECLINE\r\nto: msnmsgr:bob@example.net;{1}\nFROM: <MSNMSGR:carol@example.net;{2}>\n\
        via: MSNSLP/1.0/TLP;branch={3}\nCSeq: 1\ncontent-type: APPLICATION/X-MSNMSGR-SESSIONREQBODY\nCall-ID: {4}\n\n\
        SessionID: 5";
    let message = SlpMessage::parse(text.as_bytes()).unwrap();
    assert_eq!(message.start, Start::Response(Status::DECLINE));
    assert_eq!((message.to.as_str(), message.from.as_str()), ("bob@example.net", "carol@example.net"));
    assert_eq!((message.branch.as_str(), message.call.as_str(), message.sequence), ("{3}", "{4}", 1));
    assert_eq!(message.content_type, ContentType::SessionRequest);
    assert_eq!(session_body::session(&message.fields), Some(5));

    let bare = SlpMessage::parse(b"BYE MSNMSGR:x MSNSLP/1.0").unwrap();
    assert_eq!((bare.start, bare.content_type), (Start::Request(Method::Bye), ContentType::Null));
}

#[test]
fn what_is_no_slp_is_refused() {
    for text in ["", "\0", "HELLO", "GET / HTTP/1.0\r\n\r\n", "MSNSLP/1.0 OK\r\n\r\n", " MSNSLP/1.0"] {
        assert_eq!(SlpMessage::parse(text.as_bytes()), Err(SlpFault::NotSlp), "{text}");
    }
    assert_eq!(SlpMessage::parse(&vec![b'a'; LONGEST_TEXT + 1]), Err(SlpFault::TooLong));
}

#[test]
fn a_repeated_line_end_stays_in_its_line() {
    let request = SlpMessage::request(Method::Bye, "a\r\nX: y", "b\0", "{\n}", "{\r}", ContentType::SessionClose);
    let text = String::from_utf8(written(&request)).unwrap();
    let plain = SlpMessage::request(Method::Bye, "a", "b", "{}", "{}", ContentType::SessionClose);
    assert_eq!(text.lines().count(), String::from_utf8(written(&plain)).unwrap().lines().count());
    assert_eq!(text.matches('\0').count(), 1);
}

fn words() -> impl Strategy<Value = String> {
    "[!-:<=>?-~]{1,20}"
}

prop_compose! {
    fn messages()(
        status in prop::option::of(100_u16..700), method in "[A-Z]{2,9}", to in "[a-z]{1,9}@[a-z]{1,9}", from in "[a-z]{1,9}",
        branch in words(), call in words(), sequence in any::<u32>(), kind in 0_usize..7,
        fields in prop::collection::vec(("[A-Za-z-]{1,9}", "[!-~]{1,20}"), 0..4),
    ) -> SlpMessage {
        let content_type = [
            ContentType::SessionRequest, ContentType::TransportRequest, ContentType::TransportResponse,
            ContentType::SessionClose, ContentType::SessionFailure, ContentType::Null, ContentType::Other("x/y".to_owned()),
        ][kind].clone();
        let has_body = content_type != ContentType::Null;
        let fields = fields.iter().filter(|_| has_body).fold(Headers::new(), |fields, (name, value)| fields.with(name, value));
        let start = status.map_or_else(|| Start::Request(Method::parse(&method)), |status| Start::Response(Status(status)));
        SlpMessage { start, to, from, branch, sequence, call, content_type, fields }
    }
}

proptest! {
    #[test]
    fn a_written_message_comes_back(message in messages()) {
        prop_assert_eq!(SlpMessage::parse(&written(&message)), Ok(message));
    }

    #[test]
    fn anything_can_be_parsed(start in "(INVITE |MSNSLP/1.0 |BYE x MSNSLP/1.0)?", rest in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = SlpMessage::parse(&[start.as_bytes(), &rest].concat());
        let _ = SlpMessage::parse(&[start.as_bytes(), b"\r\nTo: <msnmsgr:", &rest].concat());
    }
}
