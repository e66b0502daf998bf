//! Alice's way of writing texts that look otherwise in parts, as HTML of two elements.

use domain::content::{Span, Style, Text};

const LOOKS: [(&str, Style); 2] = [("strong", Style::Bold), ("em", Style::Italic)];
const ESCAPES: [(&str, char); 4] = [("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&amp;", '&')];

/// A text with its looks.
pub(super) fn write(text: &Text) -> String {
    let mut html = String::new();
    for (at, letter) in text.text.char_indices() {
        for (tag, style) in &LOOKS {
            html.extend(text.spans.iter().filter(|span| span.style == *style).filter_map(|span| {
                let ends = (span.range.end == at).then(|| format!("</{tag}>"));
                ends.or_else(|| (span.range.start == at).then(|| format!("<{tag}>")))
            }));
        }
        match ESCAPES.iter().find(|(_, plain)| *plain == letter) {
            Some((escaped, _)) => html.push_str(escaped),
            None => html.push(letter),
        }
    }
    let open = text.spans.iter().filter(|span| span.range.end == text.text.len());
    let ends = open.filter_map(|span| LOOKS.iter().find(|(_, style)| *style == span.style));
    html.extend(ends.map(|(tag, _)| format!("</{tag}>")));
    html
}

/// The text with its looks that HTML stands for.
pub(super) fn read(html: &str) -> Text {
    let mut text = Text::plain(String::new());
    let mut open = Vec::new();
    let mut rest = html;
    while let Some(letter) = rest.chars().next() {
        if letter == '<' {
            let (tag, after) = rest[1..].split_once('>').expect("a tag ends");
            rest = after;
            if tag.starts_with('/') {
                let (start, style) = open.pop().expect("it began");
                text.spans.push(Span { range: start..text.text.len(), style });
            } else {
                let look = LOOKS.iter().find(|(name, _)| *name == tag).expect("one of the two looks");
                open.push((text.text.len(), look.1.clone()));
            }
        } else if let Some((escaped, plain)) = ESCAPES.iter().find(|(escaped, _)| rest.starts_with(escaped)) {
            text.text.push(*plain);
            rest = &rest[escaped.len()..];
        } else {
            text.text.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    text
}
