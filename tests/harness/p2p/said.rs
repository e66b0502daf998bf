//! What is said about objects, and invitations of the older kind.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Object, chunks, head_and_body};

/// The datacast that announces a wink.
const WINK: u32 = 2;

/// The datacast that announces a voice clip.
const VOICE_CLIP: u32 = 3;

/// How an invitation of the older kind is refused by a client that lacks what it is for.
pub const CANCEL: [(&str, &str); 2] = [("Invitation-Command", "CANCEL"), ("Cancel-Code", "REJECT_NOT_INSTALLED")];

const INVITATION: &str = "text/x-msmsgsinvite; charset=UTF-8";

/// The definitions of custom emoticons for the texts that follow.
pub fn emoticons(animated: bool, definitions: &[(&str, &Object)]) -> Vec<u8> {
    let content_type = if animated { "text/x-mms-animemoticon" } else { "text/x-mms-emoticon" };
    let body = definitions.iter().fold(String::new(), |mut body, (shortcut, object)| {
        write!(body, "{shortcut}\t{}\t", object.xml).unwrap();
        body
    });
    [format!("MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n").into_bytes(), body.into_bytes()].concat()
}

/// The definitions in a payload.
pub fn definitions_in(payload: &[u8]) -> Vec<(String, Object)> {
    let (_, body) = head_and_body(&payload.to_vec().into());
    let body = String::from_utf8(body.to_vec()).unwrap();
    let body = body.strip_suffix('\t').unwrap_or_else(|| panic!("every field ends with a tab: {body:?}"));
    let fields: Vec<&str> = body.split('\t').collect();
    assert!(fields.len().is_multiple_of(2) && fields.len() <= 10, "at most five pairs: {body:?}");
    fields.chunks(2).map(|pair| (pair[0].to_owned(), Object::read(pair[1]))).collect()
}

/// The payloads that announce a wink.
pub fn wink(object: &Object) -> Vec<Vec<u8>> {
    cast(WINK, object)
}

/// The payloads that announce a voice clip.
pub fn voice_clip(object: &Object) -> Vec<Vec<u8>> {
    cast(VOICE_CLIP, object)
}

fn cast(id: u32, object: &Object) -> Vec<Vec<u8>> {
    chunks("text/x-msnmsgr-datacast", format!("ID: {id}\r\nData: {}\r\n\r\n", object.xml).as_bytes())
}

/// What the body of a datacast announces: its number, and the object.
pub fn object_of_cast(body: &[u8]) -> (u32, Object) {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let id = body.strip_prefix("ID: ").and_then(|rest| rest.split_once("\r\nData: "));
    let (id, data) = id.unwrap_or_else(|| panic!("{body:?} announces nothing"));
    (id.parse().unwrap(), Object::read(data.trim_end_matches("\r\n")))
}

/// The payloads of handwriting.
pub fn ink(content_type: &str, drawing: &[u8]) -> Vec<Vec<u8>> {
    chunks(content_type, format!("base64:{}", STANDARD.encode(drawing)).as_bytes())
}

/// The drawing in the body of handwriting.
pub fn image_of_ink(body: &[u8]) -> Vec<u8> {
    let body = std::str::from_utf8(body).unwrap();
    let encoded = body.strip_prefix("base64:").unwrap_or_else(|| panic!("{body:?} is no ink"));
    STANDARD.decode(encoded).unwrap_or_else(|_| panic!("{body:?} is no base64"))
}

/// An invitation of the older kind.
pub fn invitation(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().fold(String::new(), |mut text, (name, value)| {
        write!(text, "{name}: {value}\r\n").unwrap();
        text
    });
    format!("MIME-Version: 1.0\r\nContent-Type: {INVITATION}\r\n\r\n{fields}\r\n")
}

/// The fields of an invitation of the older kind.
pub fn invitation_fields(payload: &[u8]) -> Vec<(String, String)> {
    let (head, body) = head_and_body(&payload.to_vec().into());
    assert_eq!(head, format!("MIME-Version: 1.0\r\nContent-Type: {INVITATION}"));
    let body = String::from_utf8(body.to_vec()).unwrap();
    let fields = body.trim_end_matches("\r\n").split("\r\n");
    let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    fields.map(|line| field(line).unwrap_or_else(|| panic!("{line:?} in {body:?}"))).collect()
}
