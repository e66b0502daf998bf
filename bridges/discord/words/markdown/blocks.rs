//! Quotes, headings, small print, lists and blocks of code.

use domain::content::Style;

use super::{inline, page::Page};

/// What a block of code stands between.
const FENCE: &str = "```";

/// Writes what a source says to the page.
pub(super) fn read(source: &str, page: &mut Page<'_>) {
    Reader { source, page, is_within_quote: false, has_fences: true }.read();
}

struct Reader<'source, 'page, 'names> {
    source: &'source str,
    page: &'page mut Page<'names>,
    is_within_quote: bool,
    /// Whether there may be the end of a block of code further on.
    has_fences: bool,
}

/// What a line is, and its words.
enum Line<'source> {
    /// Everything from here on is quoted.
    QuoteOfAll(&'source str),
    Quote,
    Heading(&'source str),
    SmallPrint(&'source str),
    /// An item of a list: its looks end with it.
    Item,
    Running,
}

impl<'source> Reader<'source, '_, '_> {
    fn read(mut self) {
        // Where the running text begins that was not written yet.
        let mut running = 0;
        let mut at = 0;
        let mut is_line_start = true;
        while at < self.source.len() {
            let rest = self.after(at);
            let line = rest.split_inclusive('\n').next().unwrap_or_default();
            let next = at + line.len();
            match if is_line_start { self.line(rest, line) } else { Line::Running } {
                Line::QuoteOfAll(words) => {
                    self.running(running, at);
                    self.quote(words);
                    return;
                }
                Line::Quote => {
                    self.running(running, at);
                    at += self.quoted_lines(rest);
                    running = at;
                    continue;
                }
                Line::Heading(words) => {
                    self.running(running, at);
                    self.heading(words, line);
                    running = next;
                }
                Line::SmallPrint(words) => {
                    self.running(running, at);
                    inline::read(words, self.page);
                    self.line_end(line);
                    running = next;
                }
                Line::Item => {
                    self.running(running, at);
                    running = at;
                }
                Line::Running => {}
            }
            is_line_start = true;
            match self.code_in(at.max(running), next) {
                Some((start, end, code)) => {
                    self.running(running, start);
                    self.code(code, end);
                    (at, running, is_line_start) = (end, end, false);
                    // The line break behind a block is its end.
                    if self.after(end).starts_with('\n') {
                        self.page.words("\n");
                        (at, running, is_line_start) = (end + 1, end + 1, true);
                    }
                }
                None => at = next,
            }
        }
        self.running(running, self.source.len());
    }

    fn after(&self, at: usize) -> &'source str {
        self.source.get(at..).unwrap_or_default()
    }

    fn running(&mut self, from: usize, to: usize) {
        inline::read(self.source.get(from..to).unwrap_or_default(), self.page);
    }

    fn line(&self, rest: &'source str, line: &'source str) -> Line<'source> {
        let words = line.trim_start_matches(' ');
        if !self.is_within_quote {
            if let Some(all) = rest.trim_start_matches(' ').strip_prefix(">>> ") {
                return Line::QuoteOfAll(all);
            }
            if words.starts_with("> ") {
                return Line::Quote;
            }
        }
        if let Some(small) = words.strip_prefix("-# ").map(str::trim).filter(|small| !small.is_empty()) {
            return Line::SmallPrint(small);
        }
        let heading = words.trim_start_matches('#');
        let level = words.len() - heading.len();
        let heading =
            heading.strip_prefix(' ').map(str::trim).filter(|words| (1..=3).contains(&level) && !words.is_empty());
        if let Some(heading) = heading {
            return Line::Heading(heading);
        }
        let number = words.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let is_numbered = number.len() < words.len() && number.starts_with(". ");
        let is_item = is_numbered || words.starts_with("- ") || words.starts_with("* ");
        if is_item { Line::Item } else { Line::Running }
    }

    /// Writes the quoted lines that `rest` begins with; says how many bytes they have.
    fn quoted_lines(&mut self, rest: &str) -> usize {
        let mut quoted = String::new();
        let mut length = 0;
        for line in rest.split_inclusive('\n') {
            let Some(words) = line.trim_start_matches(' ').strip_prefix("> ") else { break };
            quoted.push_str(words);
            length += line.len();
        }
        self.quote(quoted.strip_suffix('\n').unwrap_or(&quoted));
        if quoted.ends_with('\n') {
            self.page.words("\n");
        }
        length
    }

    fn quote(&mut self, source: &str) {
        self.page.begin_quote();
        Reader { source, page: self.page, is_within_quote: true, has_fences: true }.read();
        self.page.end_quote();
    }

    fn heading(&mut self, words: &str, line: &str) {
        let start = self.page.end();
        inline::read(words, self.page);
        self.page.style(start..self.page.end(), Style::Bold);
        self.line_end(line);
    }

    fn line_end(&mut self, line: &str) {
        if line.ends_with('\n') {
            self.page.words("\n");
        }
    }

    /// The block of code that begins on the line between these places: where it begins, where it ends, and its code.
    fn code_in(&mut self, from: usize, to: usize) -> Option<(usize, usize, &'source str)> {
        let start = from + self.source.get(from..to).filter(|_| self.has_fences)?.find(FENCE)?;
        let before = self.source.get(from..start)?;
        let backslashes = before.len() - before.trim_end_matches('\\').len();
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        if !backslashes.is_multiple_of(2) || word.contains("://") {
            return None;
        }
        let within = start + FENCE.len();
        let Some(length) = self.after(within).find(FENCE) else {
            self.has_fences = false;
            return None;
        };
        let code = code_of(self.source.get(within..within + length)?);
        (!code.is_empty()).then_some((start, within + length + FENCE.len(), code))
    }

    /// A block of code stands on lines of its own.
    fn code(&mut self, code: &str, end: usize) {
        self.page.new_line();
        self.page.styled(code, Style::Code);
        let rest = self.after(end);
        if !rest.is_empty() && !rest.starts_with('\n') {
            self.page.words("\n");
        }
    }
}

/// The code of a block, without the name of its language and without empty lines around it.
fn code_of(block: &str) -> &str {
    let is_language = |line: &str| {
        !line.is_empty() && line.chars().all(|letter| letter.is_ascii_alphanumeric() || "_+-.#".contains(letter))
    };
    let code = block.split_once('\n').filter(|(first, rest)| is_language(first) && !rest.trim().is_empty());
    code.map_or(block, |(_, code)| code).trim_matches('\n')
}
