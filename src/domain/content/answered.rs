//! Answers as people make them where there is nothing else for it: `> words`, and below that what they say to it.

use super::{Quote, Text};

/// How a client of Messenger names who said what, in a line of its own, when a part of a window is copied.
const NAMING: [&str; 3] = [" says:", " said:", " wrote:"];

/// The longest name that is looked for before a colon, in bytes.
const LONGEST_NAME: usize = 128;

/// What a text answers, if it begins with a quotation (lines that begin with `> `), and the text without it. `None` if it does
/// not, or if it says nothing else.
///
/// Of several quoted lines the first counts that is not quoted itself. What stands before a colon in it is kept apart as a name:
/// whoever looks for the message has to look for both together as well, since that may have been no name. The words are as
/// they were written; [`super::shortened`] makes of them what is remembered of a message.
#[must_use]
pub fn answered(text: &Text) -> Option<(Quote, Text)> {
    if !text.text.starts_with("> ") {
        return None;
    }
    let mut lines = Vec::new();
    let mut end = 0;
    for line in text.text.split_inclusive('\n') {
        let Some(words) = quoted(line) else { break };
        lines.push(words);
        end += line.len();
    }
    let said = text.text.get(end..)?;
    let rest = text.after(text.text.len() - said.trim_start().len());
    let is_answer = !rest.text.is_empty();
    quote(&lines).filter(|_| is_answer).map(|quote| (quote, rest))
}

/// The words of a quoted line; empty for one that quotes nothing.
fn quoted(line: &str) -> Option<&str> {
    let line = line.trim_end();
    if line == ">" { Some("") } else { line.strip_prefix("> ").map(str::trim) }
}

fn quote(lines: &[&str]) -> Option<Quote> {
    let is_nested = |line: &str| line == ">" || line.starts_with("> ");
    let mut own = lines.iter().filter(|line| !line.is_empty() && !is_nested(line)).map(|line| without_time(line));
    let first = own.next()?;
    let named = NAMING.iter().find_map(|naming| first.strip_suffix(naming));
    if let (Some(author), Some(words)) = (named, own.next()) {
        return Some(Quote { author: author.to_owned(), words: words.to_owned() });
    }
    let is_name =
        |(name, words): &(&str, &str)| (1..=LONGEST_NAME).contains(&name.trim().len()) && !words.trim().is_empty();
    let (author, words) = first.split_once(": ").filter(is_name).unwrap_or(("", first));
    Some(Quote { author: author.trim().to_owned(), words: words.trim().to_owned() })
}

/// A line without the time that stands before what came late: `[2026-11-22 19:08] `.
fn without_time(line: &str) -> &str {
    let is_time = |time: &str| {
        time.starts_with(|first: char| first.is_ascii_digit())
            && time.chars().all(|each| each.is_ascii_digit() || "-: UTC".contains(each))
    };
    match line.strip_prefix('[').and_then(|line| line.split_once("] ")) {
        Some((time, words)) if is_time(time) && !words.trim().is_empty() => words.trim(),
        Some(_) | None => line,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Content,
        content::{Emoticon, Span, Style},
        media::{Attachment, ObjectHash, Source},
    };

    /// Author, words and the rest, parted by `|`.
    fn read(text: &str) -> Option<String> {
        answered(&Text::plain(text)).map(|(quote, rest)| format!("{}|{}|{}", quote.author, quote.words, rest.text))
    }

    #[test]
    fn what_stands_behind_the_mark_is_quoted() {
        for (text, wanted) in [
            ("> lunch?\nyes", "|lunch?|yes"),
            ("> lunch?\r\n\r\nyes\nat noon", "|lunch?|yes\nat noon"),
            ("> Bob: lunch?\nyes", "Bob|lunch?|yes"),
            ("> Bob B.: lunch: now?\nyes", "Bob B.|lunch: now?|yes"),
            ("> Bob says:\n>   lunch?\nyes", "Bob|lunch?|yes"),
            ("> Bob says:\nyes", "|Bob says:|yes"),
            ("> one\n> two\n>\n> three\nyes", "|one|yes"),
            ("> > Ann: shall we\n> lunch?\nyes", "|lunch?|yes"),
            ("> [2026-11-22 19:08 UTC] Bob: lunch?\nyes", "Bob|lunch?|yes"),
            ("> [sic] lunch?\nyes", "|[sic] lunch?|yes"),
            ("> http://a.example: 1\nyes", "http://a.example|1|yes"),
            ("> : lunch?\nyes", "|: lunch?|yes"),
            ("> note: \nyes", "|note:|yes"),
        ] {
            assert_eq!(read(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_quotes_nothing_or_says_nothing_is_no_answer() {
        let others =
            ["", "yes", "> lunch?", "> lunch?\n", "> lunch?\n \n", ">:(\nyes", ">\nyes", "> \nyes", "> > a\nyes"];
        for text in others.into_iter().chain(["a\n> b\nc", " > a\nb", "->\n> a\nb", ">>> a\nb"]) {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn looks_and_pictures_stay_where_they_belong() {
        let picture = Attachment {
            name: "cat.png".into(),
            media_type: "image/png".into(),
            size: 9,
            source: Source::Object(ObjectHash([1; 20])),
            link: None,
        };
        let emoticon =
            |shortcut: &str| Emoticon { shortcut: shortcut.into(), picture: picture.clone(), animated: false };
        let mut text = Text::plain("> (dog)\n\nsee (cat)").styled(Style::Bold);
        text.spans.push(Span { range: 2..7, style: Style::Italic });
        text.spans.push(Span { range: 13..18, style: Style::Strike });
        text.emoticons = vec![emoticon("(dog)"), emoticon("(cat)")];
        let (_, rest) = answered(&text).unwrap();
        assert_eq!(rest.text, "see (cat)");
        let spans = [Span { range: 0..9, style: Style::Bold }, Span { range: 4..9, style: Style::Strike }];
        assert_eq!((rest.spans, rest.emoticons), (spans.to_vec(), vec![emoticon("(cat)")]));
    }

    proptest! {
        #[test]
        fn an_answer_that_was_shown_can_be_read(
            author in "([A-Za-zé]{1,9}( [a-z]{1,3})?)?",
            words in "[a-zé👍][a-zé👍 .?!]{0,20}[a-z?]",
            said in "[a-z*][a-zé>* \n]{0,20}",
            span in (0_usize..30, 0_usize..30),
        ) {
            let quote = Quote { author, words };
            let range = span.0.min(said.len())..span.1.min(said.len());
            let spans = if range.is_empty() { Vec::new() } else { vec![Span { range, style: Style::Italic }] };
            let text = Text { spans, ..Text::plain(said) };
            let Content::Text(shown) = Content::Text(text.clone()).answering(&quote) else { panic!() };
            prop_assert_eq!(answered(&shown), Some((quote, text)));
        }

        #[test]
        fn any_text_can_be_read(text in "(> |>|\n|\r|: |\\[1\\] | says:|[aé👍 ]){0,24}", span in (0_usize..40, 0_usize..40)) {
            let text = Text { spans: vec![Span { range: span.0..span.1, style: Style::Bold }], ..Text::plain(text) };
            if let Some((quote, rest)) = answered(&text) {
                prop_assert!(!quote.words.is_empty() && !rest.text.trim().is_empty());
                prop_assert!(text.text.ends_with(&rest.text));
            }
        }
    }
}
