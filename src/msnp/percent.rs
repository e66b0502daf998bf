//! Percent-encoding of names, group names, property values and objects.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What cannot stand in an argument, and the percent sign itself.
const NAME: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// Everything but the unreserved characters of RFC 3986.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes what would break a line: the percent sign, the space, controls, and everything outside ASCII.
///
/// ```
/// assert_eq!(chrysalis_msnp::percent::encode_name("Zoë (50%)"), "Zo%C3%AB%20(50%25)");
/// ```
#[must_use]
pub fn encode_name(text: &str) -> String {
    utf8_percent_encode(text, NAME).to_string()
}

/// Encodes everything but `A-Z a-z 0-9 - _ . ~`, the form that clients give to objects.
#[must_use]
pub fn encode_strict(text: &str) -> String {
    utf8_percent_encode(text, STRICT).to_string()
}

/// Appends [`encode_name`]'s form.
pub(crate) fn write_name(text: &str, out: &mut Vec<u8>) {
    for piece in utf8_percent_encode(text, NAME) {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// Appends [`encode_strict`]'s form.
pub(crate) fn write_strict(text: &str, out: &mut Vec<u8>) {
    for piece in utf8_percent_encode(text, STRICT) {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// Decodes once. `+` is a plus, a `%` without two hexadecimal digits stays, and bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// As [`decode`], keeping the text when there is nothing to decode in it.
pub(crate) fn decode_owned(text: String) -> String {
    match percent_decode_str(&text).decode_utf8_lossy() {
        Cow::Owned(decoded) => decoded,
        Cow::Borrowed(_) => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_typed_with_an_escape_is_decoded_once() {
        assert_eq!(decode("Alice%2520A"), "Alice%20A");
        assert_eq!(encode_name("Alice%20A"), "Alice%2520A");
    }

    #[test]
    fn what_is_not_an_escape_stays() {
        assert_eq!(decode("1+1 100% %zz %4"), "1+1 100% %zz %4");
        assert_eq!(decode("%FF"), "\u{fffd}");
    }

    #[test]
    fn the_strict_form_is_the_one_of_objects() {
        assert_eq!(encode_strict("<msnobj Creator=\"a@b.c\"/>"), "%3Cmsnobj%20Creator%3D%22a%40b.c%22%2F%3E");
        assert_eq!(encode_strict("aZ09-_.~"), "aZ09-_.~");
    }

    #[test]
    fn line_ends_never_pass() {
        assert_eq!(encode_name("a\r\nOUT\t\u{7f}"), "a%0D%0AOUT%09%7F");
    }

    proptest! {
        #[test]
        fn both_forms_come_back(text in any::<String>()) {
            prop_assert_eq!(decode(&encode_name(&text)), text.clone());
            prop_assert_eq!(decode(&encode_strict(&text)), text.clone());
            prop_assert!(encode_name(&text).bytes().all(|byte| byte.is_ascii_graphic()));
        }

        #[test]
        fn anything_can_be_decoded(text in any::<String>()) {
            prop_assert_eq!(decode_owned(text.clone()), decode(&text));
        }
    }
}
