//! What holds for any text: used by the fuzz target.

use domain::{
    Timestamp,
    content::{Style, Text},
};

use super::{
    LONGEST_MESSAGE, Nobody,
    markdown::{self, Page},
    outward, split,
};

/// Reads `text` as markdown, and writes it as something typed.
///
/// # Panics
/// Where the looks of what is read do not stand on words, where what was typed is read otherwise, or where a part is too long.
pub(crate) fn check(text: &str) {
    let heard = read(text);
    assert!(heard.spans.iter().all(|span| heard.text.get(span.range.clone()).is_some_and(|words| !words.is_empty())));

    let bold = Text::plain(text).styled(Style::Bold).styled(Style::Italic);
    for typed in [Text::plain(text), bold] {
        let content = outward(&typed, &Nobody).content;
        if content.len() <= markdown::LONGEST {
            let seen: String =
                text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect();
            assert_eq!(read(&content).text, seen.trim_end_matches('\n'), "typed and read, by {content:?}");
        }
        for part in split(&content, LONGEST_MESSAGE) {
            assert!(!part.trim().is_empty() && part.encode_utf16().count() <= LONGEST_MESSAGE, "{part:?}");
        }
    }
}

fn read(source: &str) -> Text {
    let mut page = Page::new(&Nobody, &[], Timestamp(0));
    markdown::read(source, &mut page);
    page.finish().text
}
