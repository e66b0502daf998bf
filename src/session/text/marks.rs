//! Looks that Messenger cannot give to a part of a text, in marks that people read.

use std::cmp::Reverse;
use std::ops::Range;

use domain::content::{Style, Text};

/// What is written into a text, and where.
#[derive(Debug)]
struct Insertion {
    at: usize,
    /// Ends come before beginnings, and what began last ends first.
    order: (bool, Reverse<usize>, usize),
    words: String,
}

/// The parts of a text in one style, merged where they touch.
pub(super) fn parts<'a>(text: &'a Text, is_style: impl Fn(&Style) -> bool + 'a) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = text
        .spans
        .iter()
        .filter(|span| is_style(&span.style))
        .filter_map(|span| trimmed(&text.text, &span.range))
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(before) if is_space(&text.text, before.end, range.start) => before.end = before.end.max(range.end),
            Some(_) | None => merged.push(range),
        }
    }
    merged
}

/// Whether a style with these parts covers the whole text. Spaces at its ends do not count.
pub(super) fn is_whole(text: &str, parts: &[Range<usize>]) -> bool {
    let whole = trimmed(text, &(0..text.len()));
    whole.is_some_and(|whole| parts.iter().any(|part| part.start <= whole.start && whole.end <= part.end))
}

/// The text with marks around its parts: `*bold*`, `_italic_`, `~strike~`, `` `code` ``, and `words (address)` for a link whose
/// words do not say its address. Bold, italic and strike are left out where they cover everything: the format says them.
pub(super) fn marked(text: &Text) -> String {
    let code = parts(text, |style| *style == Style::Code);
    let mut insertions = Vec::new();
    for (kind, (style, mark)) in
        [(Style::Bold, "*"), (Style::Italic, "_"), (Style::Strike, "~")].into_iter().enumerate()
    {
        let parts = parts(text, |other| *other == style);
        if !is_whole(&text.text, &parts) {
            // A mark within code would be taken for code.
            for part in parts.iter().filter(|part| !code.iter().any(|code| cuts(code, part))) {
                insertions.extend(around(part, kind, mark, mark));
            }
        }
    }
    for part in &code {
        let (before, after) = fences(text.text.get(part.clone()).unwrap_or_default());
        insertions.extend(around(part, 3, &before, &after));
    }
    for (address, part) in links(text) {
        if !says(text.text.get(part.clone()).unwrap_or_default(), address) {
            let end = code.iter().find(|code| code.contains(&part.end)).map_or(part.end, |code| code.end);
            // Behind every mark that ends here.
            let order = (false, Reverse(0), usize::MAX);
            let address: String = address.split_whitespace().collect();
            insertions.push(Insertion { at: end, order, words: format!(" ({address})") });
        }
    }
    insertions.sort_by_key(|insertion| (insertion.at, insertion.order));
    let mut marked = String::with_capacity(text.text.len() + insertions.len() * 2);
    let mut at = 0;
    for insertion in insertions {
        marked.push_str(text.text.get(at..insertion.at).unwrap_or_default());
        marked.push_str(&insertion.words);
        at = insertion.at;
    }
    marked.push_str(text.text.get(at..).unwrap_or_default());
    marked
}

/// The links and where they stand. One whose words look different in parts is still one link.
fn links(text: &Text) -> Vec<(&str, Range<usize>)> {
    let mut links: Vec<(&str, Range<usize>)> = Vec::new();
    for span in &text.spans {
        if let Style::Link(address) = &span.style {
            links.extend(trimmed(&text.text, &span.range).map(|part| (address.as_str(), part)));
        }
    }
    links.sort_by(|(one, part), (other, another)| (one, part.start).cmp(&(other, another.start)));
    links.dedup_by(|(address, part), (before, joined)| {
        let is_same = address == before && is_space(&text.text, joined.end, part.start);
        if is_same {
            joined.end = joined.end.max(part.end);
        }
        is_same
    });
    links
}

fn around(part: &Range<usize>, kind: usize, before: &str, after: &str) -> [Insertion; 2] {
    let begins = Insertion { at: part.start, order: (true, Reverse(part.end), kind), words: before.to_owned() };
    let ends = Insertion { at: part.end, order: (false, Reverse(part.start), 9 - kind), words: after.to_owned() };
    [begins, ends]
}

/// Whether `part` begins or ends within `code`.
fn cuts(code: &Range<usize>, part: &Range<usize>) -> bool {
    let within = |at: usize| code.start < at && at < code.end;
    within(part.start) || within(part.end)
}

/// What stands before and after code: more backticks than it has in a row, and lines of their own around several lines.
fn fences(code: &str) -> (String, String) {
    let longest = code.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    if code.contains('\n') {
        let fence = "`".repeat((longest + 1).max(3));
        return (format!("{fence}\n"), format!("\n{fence}"));
    }
    let fence = "`".repeat(longest + 1);
    let space = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    (format!("{fence}{space}"), format!("{space}{fence}"))
}

/// Whether the words of a link say its address.
fn says(words: &str, address: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim().to_lowercase();
        let schemes = ["https://", "http://", "mailto:"];
        let text = schemes.iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(&text).to_owned();
        text.trim_end_matches('/').to_owned()
    };
    let address = bare(address);
    address.is_empty() || words.split_whitespace().any(|word| bare(word) == address)
}

/// A part of a text without the spaces at its ends; `None` when nothing is left, or when it is no part of it.
fn trimmed(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let part = text.get(range.clone())?;
    let start = range.start + part.len() - part.trim_start().len();
    let end = range.end - (part.len() - part.trim_end().len());
    (start < end).then_some(start..end)
}

fn is_space(text: &str, start: usize, end: usize) -> bool {
    end <= start || text.get(start..end).is_some_and(|between| between.trim().is_empty() && !between.contains('\n'))
}

#[cfg(test)]
mod tests {
    use domain::content::Span;
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str, spans: &[(&str, Style)]) -> Text {
        let span = |(part, style): &(&str, Style)| {
            let start = text.find(part).unwrap();
            Span { range: start..start + part.len(), style: style.clone() }
        };
        Text { spans: spans.iter().map(span).collect(), ..Text::plain(text) }
    }

    #[test]
    fn a_part_is_marked() {
        let all = text(
            "fat thin gone x=1 odd",
            &[("fat ", Style::Bold), ("thin", Style::Italic), ("gone", Style::Strike), ("x=1", Style::Code)],
        );
        assert_eq!(marked(&all), "*fat* _thin_ ~gone~ `x=1` odd");
    }

    #[test]
    fn the_whole_is_left_to_the_format() {
        let spans = [(" all ", Style::Bold), ("of it", Style::Bold)];
        assert_eq!(marked(&text(" all of it ", &spans)), " all of it ");
        assert!(is_whole(" all of it ", &parts(&text(" all of it ", &spans), |style| *style == Style::Bold)));
        assert_eq!(marked(&text("a b", &[("a", Style::Underline), ("b", Style::Colour([1, 2, 3]))])), "a b");
    }

    #[test]
    fn marks_nest() {
        let spans = [("a b c", Style::Bold), ("b", Style::Italic), ("c", Style::Strike)];
        assert_eq!(marked(&text("x a b c", &spans)), "x *a _b_ ~c~*");
        let same = [("a", Style::Bold), ("a", Style::Italic)];
        assert_eq!(marked(&text("a x", &same)), "*_a_* x");
    }

    #[test]
    fn looks_stay_legible_behind_a_quoted_line() {
        let spans = [("new", Style::Bold), ("x=1", Style::Code), ("old", Style::Strike)];
        let answer = text("new x=1 old", &spans).preceded_by("> Bob: old x=1\n");
        assert_eq!(marked(&answer), "> Bob: old x=1\n*new* `x=1` ~old~");
        let whole = Text::plain("yes").styled(Style::Bold).preceded_by("> lunch?\n");
        assert_eq!(marked(&whole), "> lunch?\n*yes*");
        let block = Text::plain("a\nb").styled(Style::Code).preceded_by("* ");
        assert_eq!(marked(&block), "* ```\na\nb\n```");
    }

    #[test]
    fn code_is_left_alone_and_its_backticks_are_outnumbered() {
        assert_eq!(marked(&text("run a b now", &[("a b", Style::Code), ("b", Style::Bold)])), "run `a b` now");
        assert_eq!(marked(&text("a`b c", &[("a`b", Style::Code)])), "``a`b`` c");
        assert_eq!(marked(&text("`a c", &[("`a", Style::Code)])), "`` `a `` c");
        assert_eq!(marked(&text("a\nb", &[("a\nb", Style::Code)])), "```\na\nb\n```");
    }

    #[test]
    fn a_link_says_its_address_once() {
        let link = |words: &str, address: &str| marked(&text(words, &[(words, Style::Link(address.into()))]));
        assert_eq!(link("the docs", "https://d.example/x"), "the docs (https://d.example/x)");
        assert_eq!(link("https://d.example", "https://d.example/"), "https://d.example");
        assert_eq!(link("D.example", "http://d.example"), "D.example");
        assert_eq!(link("a@d.example", "mailto:a@d.example"), "a@d.example");
        assert_eq!(link("a", " "), "a");
        assert_eq!(link("a", "http://d\n> x"), "a (http://d>x)", "no line of its own");
        assert_eq!(link("see d.example", "http://d.example"), "see d.example");
        assert_eq!(link("http://bank.example", "http://evil.example"), "http://bank.example (http://evil.example)");
        let parts = [("the ", Style::Link("http://d".into())), ("docs", Style::Link("http://d".into()))];
        assert_eq!(marked(&text("the docs", &parts)), "the docs (http://d)", "one link in two looks");
        let several = ["http://d", "http://e", "http://d"].map(|address| Style::Link(address.into()));
        let [first, second, third] = several;
        let several = text("a, b, c", &[("a", first), ("b", second), ("c", third)]);
        assert_eq!(marked(&several), "a (http://d), b (http://e), c (http://d)");
        let bold = [("docs", Style::Link("http://d".into())), ("docs", Style::Bold)];
        assert_eq!(marked(&text("see docs", &bold)), "see *docs* (http://d)");
    }

    proptest! {
        #[test]
        fn any_spans_come_through(
            words in "[ab \n`é👍]{0,20}",
            spans in prop::collection::vec((0_usize..40, 0_usize..40, 0_usize..7), 0..8),
        ) {
            let style = |kind: usize| match kind {
                0 => Style::Bold,
                1 => Style::Italic,
                2 => Style::Strike,
                3 => Style::Underline,
                4 => Style::Link("x".into()),
                5 => Style::Font("Arial".into()),
                _ => Style::Code,
            };
            let spans = spans.into_iter().map(|(start, end, kind)| Span { range: start..end, style: style(kind) });
            let text = Text { spans: spans.collect(), ..Text::plain(words) };
            let kept: String = marked(&text).chars().filter(|letter| "abé👍".contains(*letter)).collect();
            let wanted: String = text.text.chars().filter(|letter| "abé👍".contains(*letter)).collect();
            prop_assert_eq!(kept, wanted);
        }
    }
}
