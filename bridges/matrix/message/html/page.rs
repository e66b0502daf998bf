//! Lines of plain text as they come out of HTML: white space drawn together, breaks where blocks meet, marks in front of the
//! lines of quotes and lists, and which part has which style.

use domain::content::{Span, Style};

/// The longest text that is drawn, in bytes: an event has 64 KiB, and marks make it longer.
const LONGEST: usize = 128 * 1024;
/// The most parts of a text that have a style.
const MOST_SPANS: usize = 1000;

/// A text in the making.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    spans: Vec<Span>,
    /// Styles that have begun, innermost last.
    styles: Vec<Begun>,
    begun: usize,
    /// Quotes and items, innermost last.
    containers: Vec<Container>,
    /// How many line breaks come before whatever comes next: those that were asked for, and those that blocks want at least.
    breaks: usize,
    margin: usize,
    /// Whether a space comes before it.
    space: bool,
    is_too_long: bool,
}

/// By which a style that has begun is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StyleId(usize);

#[derive(Debug)]
struct Begun {
    id: StyleId,
    style: Style,
    /// Where its first character stands; `None` as long as there is none.
    start: Option<usize>,
}

/// Something that is shown by marks in front of its lines.
#[derive(Debug)]
struct Container {
    first: String,
    others: String,
    /// A list's item, within which paragraphs stand close together.
    is_item: bool,
    has_begun: bool,
}

impl Page {
    /// Running text: any white space counts as one space.
    pub(super) fn words(&mut self, text: &str) {
        let is_blank = |letter: char| matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{c}');
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|letter| is_blank(letter) != is_blank(first)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            if is_blank(first) {
                self.space = true;
            } else {
                self.symbol(run);
            }
            rest = after;
        }
    }

    /// Text whose white space counts.
    pub(super) fn exact(&mut self, text: &str) {
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.line_break();
            }
            if !line.is_empty() {
                self.symbol(line);
            }
        }
    }

    /// Characters as they are; no line breaks.
    pub(super) fn symbol(&mut self, text: &str) {
        self.make_ready();
        let start = self.text.len();
        for begun in &mut self.styles {
            begun.start.get_or_insert(start);
        }
        self.push(text);
    }

    /// Characters right behind the last, whatever comes after that.
    pub(super) fn attach(&mut self, text: &str) {
        self.push(text);
    }

    /// Begins a new line.
    pub(super) fn line_break(&mut self) {
        self.breaks += 1;
        self.space = false;
    }

    /// Forgets line breaks behind which nothing came.
    pub(super) fn end_lines(&mut self) {
        self.breaks = 0;
    }

    /// Begins a block: `lines` breaks at least, two for an empty line.
    pub(super) fn block(&mut self, lines: usize) {
        let within_item = self.containers.last().is_some_and(|container| container.is_item);
        self.margin = self.margin.max(if within_item { lines.min(1) } else { lines });
        self.space = false;
    }

    /// Begins a style, which must be ended.
    pub(super) fn begin(&mut self, style: Style) -> StyleId {
        self.begun += 1;
        let id = StyleId(self.begun);
        self.styles.push(Begun { id, style, start: None });
        id
    }

    /// Ends a style; nothing is kept of it when `keeps` says so of its words.
    pub(super) fn end(&mut self, id: StyleId, keeps: impl FnOnce(&str) -> bool) {
        let Some(at) = self.styles.iter().rposition(|begun| begun.id == id) else { return };
        let Begun { style, start, .. } = self.styles.remove(at);
        let Some(range) = start.map(|start| start..self.text.len()) else { return };
        let has_words = self.text.get(range.clone()).is_some_and(|words| !words.is_empty() && keeps(words));
        if has_words && self.spans.len() < MOST_SPANS {
            self.spans.push(Span { range, style });
        }
    }

    /// Enters a quote.
    pub(super) fn enter_quote(&mut self) {
        let mark = || "> ".to_owned();
        self.containers.push(Container { first: mark(), others: mark(), is_item: false, has_begun: false });
    }

    /// Enters an item of a list.
    pub(super) fn enter_item(&mut self, mark: String) {
        let others = " ".repeat(mark.len());
        self.containers.push(Container { first: mark, others, is_item: true, has_begun: false });
    }

    /// Leaves the innermost quote or item.
    pub(super) fn leave(&mut self) {
        self.containers.pop();
    }

    /// The text and the styles of its parts; `None` if it is too long.
    pub(super) fn finish(mut self) -> Option<(String, Vec<Span>)> {
        while let Some(begun) = self.styles.last() {
            self.end(begun.id, |_| true);
        }
        self.spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
        (!self.is_too_long).then_some((self.text, self.spans))
    }

    /// Draws the breaks, marks and the space that were put off until something comes.
    fn make_ready(&mut self) {
        let breaks = self.breaks.max(self.margin);
        let space = std::mem::take(&mut self.space);
        (self.breaks, self.margin) = (0, 0);
        if self.text.is_empty() {
            self.draw_marks();
        } else if breaks > 0 {
            for _ in 1..breaks {
                self.push("\n");
                self.draw_empty_line();
            }
            self.push("\n");
            self.draw_marks();
        } else if space && !self.text.ends_with(char::is_whitespace) {
            self.push(" ");
        }
    }

    fn draw_marks(&mut self) {
        let mut marks = String::new();
        for container in &mut self.containers {
            let has_begun = std::mem::replace(&mut container.has_begun, true);
            marks.push_str(if has_begun { &container.others } else { &container.first });
        }
        self.push(&marks);
    }

    /// The marks of an empty line between two of the same quote.
    fn draw_empty_line(&mut self) {
        let mut marks = String::new();
        for container in self.containers.iter().filter(|container| container.has_begun) {
            marks.push_str(&container.others);
        }
        self.push(marks.trim_end());
    }

    fn push(&mut self, text: &str) {
        if self.text.len() + text.len() > LONGEST {
            self.is_too_long = true;
        } else {
            self.text.extend(text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')));
        }
    }
}
