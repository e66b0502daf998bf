//! Texts with looks, as HTML of Matrix.

use std::{cmp::Reverse, collections::BTreeSet};

use domain::content::{Span, Style, Text};
use ruma::OwnedMxcUri;

use super::html::may_be_followed;

/// The most parts of a text that get their looks: each costs tags.
const MOST_SPANS: usize = 300;
/// How high emoticons are drawn, in pixels, as MSC2545 has it.
const HEIGHT: u32 = 32;

/// An emoticon that is on the homeserver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    /// The word it stands for; not empty.
    pub(super) shortcut: String,
    /// Where it is.
    pub(super) uri: OwnedMxcUri,
}

/// A text as HTML; `None` where that would say nothing more than the text. Fonts are left out: Matrix has none.
pub(super) fn write(text: &Text, emoticons: &[Placed]) -> Option<String> {
    let is_part = |span: &&Span| text.text.get(span.range.clone()).is_some_and(|part| !part.is_empty());
    let mut spans: Vec<&Span> =
        text.spans.iter().filter(|span| is_part(span) && tags(&span.style).is_some()).take(MOST_SPANS).collect();
    spans.sort_by_key(|span| (span.range.start, Reverse(span.range.end)));
    let mut emoticons: Vec<&Placed> =
        emoticons.iter().filter(|placed| !placed.shortcut.is_empty() && text.text.contains(&placed.shortcut)).collect();
    emoticons.sort_by_key(|placed| Reverse(placed.shortcut.len()));
    if spans.is_empty() && emoticons.is_empty() {
        return None;
    }
    let mut borders: BTreeSet<usize> = spans.iter().flat_map(|span| [span.range.start, span.range.end]).collect();
    borders.extend([0, text.text.len()]);
    let borders: Vec<usize> = borders.into_iter().collect();
    let mut writer = Writer { html: String::new(), open: Vec::new(), emoticons, is_after_space: true };
    for border in borders.windows(2) {
        let &[start, end] = border else { continue };
        let styles = spans.iter().filter(|span| span.range.start <= start && end <= span.range.end);
        writer.turn_to(styles.map(|span| &span.style).collect());
        writer.words(text.text.get(start..end).unwrap_or_default());
    }
    writer.turn_to(Vec::new());
    Some(writer.html)
}

struct Writer<'text> {
    html: String,
    /// Styles that have begun, innermost last.
    open: Vec<&'text Style>,
    /// The longest shortcut first.
    emoticons: Vec<&'text Placed>,
    /// Whether a space that comes now would be drawn together with what was before.
    is_after_space: bool,
}

impl<'text> Writer<'text> {
    /// Ends and begins styles, so that exactly these are in force.
    fn turn_to(&mut self, styles: Vec<&'text Style>) {
        let same = self.open.iter().zip(&styles).take_while(|(one, other)| one == other).count();
        for style in self.open.drain(same..).rev() {
            self.html.push_str(tags(style).map_or("", |(_, end)| end));
        }
        for style in styles.iter().skip(same) {
            self.html.push_str(&tags(style).map_or_else(String::new, |(begin, _)| begin));
        }
        self.open = styles;
    }

    fn words(&mut self, text: &str) {
        let draws = !self.open.contains(&&Style::Code);
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let placed = self.emoticons.iter().find(|placed| draws && rest.starts_with(&placed.shortcut)).copied();
            let length = if let Some(placed) = placed {
                self.picture(placed);
                placed.shortcut.len()
            } else {
                self.letter(letter);
                letter.len_utf8()
            };
            rest = rest.get(length..).unwrap_or_default();
        }
    }

    fn picture(&mut self, placed: &Placed) {
        let word = escaped(&placed.shortcut);
        let uri = escaped(placed.uri.as_str());
        let image = format!("<img data-mx-emoticon src=\"{uri}\" alt=\"{word}\" title=\"{word}\" height=\"{HEIGHT}\">");
        self.html.push_str(&image);
        self.is_after_space = false;
    }

    fn letter(&mut self, letter: char) {
        match letter {
            '\n' => self.html.push_str("<br>"),
            '\t' => self.html.push_str("&nbsp;&nbsp;&nbsp;&nbsp;"),
            ' ' if self.is_after_space => self.html.push_str("&nbsp;"),
            letter if letter.is_control() => return,
            letter => escape(letter, &mut self.html),
        }
        self.is_after_space = matches!(letter, '\n' | '\t' | ' ');
    }
}

/// What stands before and after words of a style; `None` where Matrix has no such look, or nobody should be led there.
fn tags(style: &Style) -> Option<(String, &'static str)> {
    Some(match style {
        Style::Bold => ("<strong>".to_owned(), "</strong>"),
        Style::Italic => ("<em>".to_owned(), "</em>"),
        Style::Underline => ("<u>".to_owned(), "</u>"),
        Style::Strike => ("<del>".to_owned(), "</del>"),
        Style::Code => ("<code>".to_owned(), "</code>"),
        // Older clients know the attribute `color` only.
        Style::Colour([red, green, blue]) => {
            let colour = format!("#{red:02x}{green:02x}{blue:02x}");
            (format!("<font data-mx-color=\"{colour}\" color=\"{colour}\">"), "</font>")
        }
        Style::Link(address) if may_be_followed(address.trim()) => {
            (format!("<a href=\"{}\">", escaped(address.trim())), "</a>")
        }
        Style::Link(_) | Style::Font(_) => return None,
    })
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    text.chars().filter(|letter| !letter.is_control()).for_each(|letter| escape(letter, &mut escaped));
    escaped
}

fn escape(letter: char, html: &mut String) {
    match letter {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        letter => html.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str, spans: &[(&str, Style)]) -> Option<String> {
        let span = |(part, style): &(&str, Style)| {
            let start = text.find(part).unwrap();
            Span { range: start..start + part.len(), style: style.clone() }
        };
        write(&Text { spans: spans.iter().map(span).collect(), ..Text::plain(text) }, &[])
    }

    #[test]
    fn a_plain_text_needs_no_html() {
        assert_eq!(html("a < b", &[]), None);
        assert_eq!(html("a", &[("a", Style::Font("Arial".into())), ("a", Style::Link("javascript:x".into()))]), None);
    }

    #[test]
    fn looks_become_tags_that_nest_and_everything_is_escaped() {
        assert_eq!(html("a & b", &[("a & b", Style::Bold)]).unwrap(), "<strong>a &amp; b</strong>");
        let overlapping = html("one two three", &[("one two", Style::Bold), ("two three", Style::Italic)]);
        assert_eq!(overlapping.unwrap(), "<strong>one <em>two</em></strong><em> three</em>");
        let colour = html("x", &[("x", Style::Colour([255, 0, 1]))]).unwrap();
        assert_eq!(colour, "<font data-mx-color=\"#ff0001\" color=\"#ff0001\">x</font>");
        let link = html("x", &[("x", Style::Link("http://a/\"><script>".into()))]).unwrap();
        assert_eq!(link, "<a href=\"http://a/&quot;&gt;&lt;script&gt;\">x</a>");
        assert_eq!(
            html(" a  b\n\tc", &[("b", Style::Code)]).unwrap(),
            "&nbsp;a &nbsp;<code>b</code><br>&nbsp;&nbsp;&nbsp;&nbsp;c"
        );
    }

    #[test]
    fn emoticons_stand_where_their_words_stood() {
        let placed = |shortcut: &str| Placed { shortcut: shortcut.into(), uri: "mxc://a.org/b".into() };
        let mut text = Text::plain("(cat)(cat2) x(cat)");
        text.spans.push(Span { range: 12..18, style: Style::Code });
        let html = write(&text, &[placed("(cat)"), placed("(cat2)"), placed(""), placed("(dog)")]).unwrap();
        let image = |word: &str| {
            format!("<img data-mx-emoticon src=\"mxc://a.org/b\" alt=\"{word}\" title=\"{word}\" height=\"32\">")
        };
        assert_eq!(html, format!("{}{} <code>x(cat)</code>", image("(cat)"), image("(cat2)")));
    }
}
