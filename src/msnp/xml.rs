//! The little XML that Messenger's documents need.

use std::borrow::Cow;

/// Escapes `& < > ' "` and drops what XML 1.0 cannot hold at all.
pub(crate) fn escape(text: &str) -> String {
    let kept: Cow<'_, str> = if text.chars().all(is_allowed) {
        Cow::Borrowed(text)
    } else {
        text.chars().filter(|&character| is_allowed(character)).collect::<String>().into()
    };
    quick_xml::escape::escape(kept.as_ref()).into_owned()
}

/// Whether XML 1.0 can hold it.
pub(crate) fn is_allowed(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => other >= ' ',
    }
}

/// Resolves the entities it knows and leaves everything else as it stands.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (before, entity) = rest.split_at(start);
        plain.push_str(before);
        if let Some((resolved, length)) = resolve(entity) {
            plain.push_str(&resolved);
            rest = &entity[length..];
        } else {
            plain.push('&');
            rest = &entity[1..];
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Resolves the entity that the text begins with, and tells its length.
fn resolve(text: &str) -> Option<(String, usize)> {
    // Bounded, so that a text of nothing but ampersands is not searched to its end for each of them.
    let end = text.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';')? + 1;
    let resolved = quick_xml::escape::unescape(text.get(..end)?).ok()?;
    Some((resolved.into_owned(), end))
}

/// `&#x10FFFF;` with some leading zeros.
const LONGEST_ENTITY: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entities_that_are_none_stay() {
        assert_eq!(unescape("AT&T &lt;x&gt; &unknown; &#233; &"), "AT&T <x> &unknown; é &");
    }

    proptest! {
        #[test]
        fn escaped_text_comes_back(text in "[^\\x00-\\x1f\u{fffe}\u{ffff}]*") {
            let escaped = escape(&text);
            prop_assert_eq!(unescape(&escaped), text);
        }

        #[test]
        fn anything_can_be_unescaped(text in any::<String>()) {
            let _ = unescape(&text);
        }
    }
}
