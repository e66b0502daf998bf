//! Any description of an object can be read, and what was read comes back when it is written and read again.

use msnp::object::MsnObject;

/// The description of a picture, an emoticon or something else that clients hand each other.
pub fn msn_object(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let mut understood = false;
    for object in [MsnObject::parse(text), MsnObject::parse_encoded(text)].into_iter().flatten() {
        let encoded = object.to_encoded();
        assert!(!encoded.contains([' ', '\r', '\n']), "an object that is not one word");
        let read = MsnObject::parse(&object.to_xml());
        assert_eq!(read, MsnObject::parse_encoded(&encoded));
        let read = read.expect("a written object can be read");
        assert_eq!(read.data_hash, object.data_hash);
        let _ = (read.computed_description_hash(), read.matches(b"data"));
        understood = true;
    }
    understood
}
