//! Any body of definitions can be read, and what was read comes back when it is written and read again, five at a time.

use bytes::Bytes;
use msnp::{
    message::{self, LONGEST_PAYLOAD, MOST_EMOTICONS, Payload, emoticon_definitions},
    object::MsnObject,
};

/// A body of definitions of custom emoticons.
pub fn emoticon_message(body: &[u8]) -> bool {
    let read = |(shortcut, xml): (String, String)| MsnObject::parse(&xml).map(|object| (shortcut, object));
    let definitions: Vec<(String, MsnObject)> = emoticon_definitions(body).into_iter().filter_map(read).collect();
    let mut again = Vec::new();
    for payload in message::emoticons(&definitions, false) {
        assert!(payload.len() <= LONGEST_PAYLOAD);
        let Payload::Emoticons { animated: false, body } = Payload::parse(&Bytes::from(payload)) else {
            panic!("definitions are not definitions");
        };
        let defined = emoticon_definitions(&body);
        assert!((1..=MOST_EMOTICONS).contains(&defined.len()));
        again.extend(defined);
    }
    assert!(again.len() <= definitions.len());
    assert!(again.iter().all(|(_, xml)| MsnObject::parse(xml).is_some()));
    !again.is_empty()
}
