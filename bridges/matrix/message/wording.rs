//! The words of a message: the plain `body`, or its HTML where that says more.

use std::ops::Range;

use domain::content::{Span, Style, Text};
use ruma::OwnedUserId;
use serde_json::Value;

use super::{
    Quoted, RemoteEmoticon, fields,
    html::{self, Shown},
    relation,
};

/// The words of a message, and what came out beside them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Wording {
    /// The words.
    pub(super) text: Text,
    /// The emoticons that stand among them.
    pub(super) emoticons: Vec<RemoteEmoticon>,
    /// Who is linked to.
    pub(super) people: Vec<OwnedUserId>,
    /// What it repeats of another message.
    pub(super) quoted: Option<Quoted>,
}

/// The words of a content; `None` when there are none. Of an answer, what is repeated is no part of them.
pub(super) fn of(content: &Value, is_reply: bool) -> Option<Wording> {
    let is_html = fields::text(content, "format") == Some("org.matrix.custom.html");
    let formatted = fields::text(content, "formatted_body").filter(|_| is_html);
    let (body, formatted) = match fields::text(content, "body") {
        Some(body) => (body, formatted),
        None => fields::extensible(content)?,
    };
    let (quoted, body) = if is_reply { relation::without_fallback(body) } else { (None, body) };
    let wording = formatted.and_then(html::read).map_or_else(
        || Wording { text: Text::plain(unix_lines(body)), ..Wording::default() },
        |shown| join(&unix_lines(body), shown),
    );
    let quoted = quoted.or_else(|| wording.quoted.clone());
    (!wording.text.text.trim().is_empty()).then_some(Wording { quoted, ..wording })
}

/// The words as one string, for where there are no looks: the address of a link follows its words.
pub(super) fn spelled(text: &Text) -> String {
    let mut links: Vec<(usize, &str)> = text
        .spans
        .iter()
        .filter_map(|span| {
            if let Style::Link(address) = &span.style { Some((span.range.end, address.as_str())) } else { None }
        })
        .collect();
    links.sort_by_key(|(end, _)| *end);
    let mut spelled = String::with_capacity(text.text.len());
    let mut at = 0;
    for (end, address) in links {
        spelled.push_str(text.text.get(at..end).unwrap_or_default());
        spelled.push_str(" (");
        spelled.push_str(address);
        spelled.push(')');
        at = end;
    }
    spelled.push_str(text.text.get(at..).unwrap_or_default());
    spelled
}

/// HTML beside its plain form. Where both have the same words, those of the body are taken, as its white space is exact; where
/// they differ, the body has marks in place of looks.
fn join(body: &str, shown: Shown) -> Wording {
    let Shown { text, spans, emoticons, people, quoted } = shown;
    if text.is_empty() {
        return Wording { text: Text::plain(body), people, quoted, ..Wording::default() };
    }
    let (text, spans) = match carried_over(&text, &spans, body) {
        Some(spans) => (body.to_owned(), spans),
        None => (text, spans),
    };
    Wording { text: Text { spans, ..Text::plain(text) }, emoticons, people, quoted }
}

/// The spans of `text` in `body`; `None` unless both consist of the same characters, but for white space.
fn carried_over(text: &str, spans: &[Span], body: &str) -> Option<Vec<Span>> {
    let (from, to) = (letters(text), letters(body));
    let is_same = from.len() == to.len()
        && from.iter().zip(&to).all(|(one, other)| text.get(one.clone()) == body.get(other.clone()));
    let carry = |span: &Span| {
        let first = from.partition_point(|letter| letter.start < span.range.start);
        let last = from.partition_point(|letter| letter.end <= span.range.end).checked_sub(1)?;
        let range = to.get(first)?.start..to.get(last)?.end;
        (first <= last).then(|| Span { range, style: span.style.clone() })
    };
    is_same.then(|| spans.iter().filter_map(carry).collect())
}

/// Where the characters that can be seen are.
fn letters(text: &str) -> Vec<Range<usize>> {
    let is_seen = |letter: char| !letter.is_whitespace() && !letter.is_control();
    text.char_indices().filter(|(_, letter)| is_seen(*letter)).map(|(at, letter)| at..at + letter.len_utf8()).collect()
}

fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wording(body: &str, html: &str) -> Text {
        let content = json!({ "body": body, "format": "org.matrix.custom.html", "formatted_body": html });
        of(&content, false).unwrap().text
    }

    #[test]
    fn html_that_says_nothing_more_leaves_the_body_as_it_is() {
        assert_eq!(wording("a\n\n\n  b", "<p>a</p>\n<p>b</p>"), Text::plain("a\n\n\n  b"));
        assert_eq!(
            wording("see https://x.org/", "see <a href=\"https://x.org/\">https://x.org/</a>"),
            Text::plain("see https://x.org/")
        );
    }

    #[test]
    fn looks_are_carried_over_to_the_same_words() {
        let text = wording(" a  b\tc ", "a <b>b c</b>");
        assert_eq!(text.text, " a  b\tc ");
        assert_eq!(text.spans, [Span { range: 4..7, style: Style::Bold }]);
    }

    #[test]
    fn other_words_are_those_of_the_html() {
        let text = wording("**hi** there", "<strong>hi</strong> there");
        assert_eq!((text.text.as_str(), text.spans.len()), ("hi there", 1));
    }

    #[test]
    fn what_cannot_be_read_as_html_leaves_the_body() {
        assert_eq!(wording("plain", ""), Text::plain("plain"));
        assert_eq!(wording("plain", "<script>x</script>"), Text::plain("plain"));
        assert_eq!(wording("plain", &"<b>".repeat(200)), Text::plain("plain"));
        let other = json!({ "body": "**x**", "format": "org.example.rtf", "formatted_body": "<b>x</b>" });
        assert_eq!(of(&other, false).unwrap().text, Text::plain("**x**"));
        assert_eq!(of(&json!({ "body": " \n" }), false), None);
    }

    #[test]
    fn addresses_are_spelled_out_where_there_are_no_looks() {
        let text = wording("x", "see <a href=\"http://d.org/\"><b>the docs</b></a> <i>now</i>");
        assert_eq!(spelled(&text), "see the docs (http://d.org/) now");
    }
}
