//! What of a text is prose, and what must stay as it is: web addresses, and code between backticks.

/// A stretch of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stretch<'a> {
    /// What people say.
    Prose(&'a str),
    /// An address to its end, or code with its backticks.
    Verbatim(&'a str),
}

/// The stretches of a text; together they are the text.
///
/// An address begins with `http://` and the like and ends before a space. Code stands between two runs of equally many backticks:
/// one or two on the same line, three or more anywhere.
pub(super) fn stretches(text: &str) -> Stretches<'_> {
    Stretches { rest: text, verbatim: None }
}

#[derive(Debug, Clone)]
pub(super) struct Stretches<'a> {
    rest: &'a str,
    /// How long the stretch at the beginning of `rest` is, where it is known to be verbatim.
    verbatim: Option<usize>,
}

impl<'a> Iterator for Stretches<'a> {
    type Item = Stretch<'a>;

    fn next(&mut self) -> Option<Stretch<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        if let Some(length) = self.verbatim.take() {
            return Some(Stretch::Verbatim(self.split(length)));
        }
        match first_verbatim(self.rest) {
            Some((0, length)) => Some(Stretch::Verbatim(self.split(length))),
            Some((start, length)) => {
                self.verbatim = Some(length);
                Some(Stretch::Prose(self.split(start)))
            }
            None => Some(Stretch::Prose(self.split(self.rest.len()))),
        }
    }
}

impl<'a> Stretches<'a> {
    fn split(&mut self, length: usize) -> &'a str {
        let (stretch, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        stretch
    }
}

/// Where the first verbatim stretch begins, and its length.
fn first_verbatim(text: &str) -> Option<(usize, usize)> {
    let may_begin = |byte: u8| matches!(byte, b'`' | b'h' | b'H' | b'f' | b'F' | b'm' | b'M' | b'w' | b'W');
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        at += rest.bytes().position(may_begin)?;
        let (before, rest) = text.split_at_checked(at)?;
        if rest.starts_with('`') {
            let run = ticks(rest);
            if let Some(length) = code(rest, run) {
                return Some((at, length));
            }
            at += run;
        } else {
            if begins_address(rest, before.chars().next_back()) {
                return Some((at, rest.find(char::is_whitespace).unwrap_or(rest.len())));
            }
            at += 1;
        }
    }
    None
}

fn ticks(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

/// The length of the code that `text` begins with, behind a run of so many backticks.
fn code(text: &str, run: usize) -> Option<usize> {
    let within = if run < 3 { text.split('\n').next()? } else { text };
    let mut at = run;
    while let Some(offset) = within.get(at..)?.find('`') {
        let closing = ticks(within.get(at + offset..)?);
        at += offset + closing;
        if closing == run {
            return Some(at);
        }
    }
    None
}

/// Whether an address begins here. The shorter marks do not count in the midst of a word.
fn begins_address(text: &str, before: Option<char>) -> bool {
    let begins =
        |mark: &&str| text.as_bytes().get(..mark.len()).is_some_and(|it| it.eq_ignore_ascii_case(mark.as_bytes()));
    let in_word = before.is_some_and(char::is_alphanumeric);
    ["http://", "https://"].iter().any(begins) || (!in_word && ["ftp://", "mailto:", "www."].iter().any(begins))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn verbatim(text: &str) -> Vec<&str> {
        let only = |stretch| match stretch {
            Stretch::Verbatim(text) => Some(text),
            Stretch::Prose(_) => None,
        };
        stretches(text).filter_map(only).collect()
    }

    #[test]
    fn addresses_end_with_their_word() {
        assert_eq!(verbatim("(HTTP://a/b) and https://c\nd"), ["HTTP://a/b)", "https://c"]);
        assert_eq!(verbatim("www.a.example mailto:a@b ftp://x"), ["www.a.example", "mailto:a@b", "ftp://x"]);
        assert_eq!(verbatim("awww.a ttp:// http:/"), [""; 0]);
    }

    #[test]
    fn code_stands_between_equal_runs() {
        assert_eq!(verbatim("a `b` ``c`d`` `e"), ["`b`", "``c`d``"]);
        assert_eq!(verbatim("it`s\nthat`s"), [""; 0], "an apostrophe of those who have none");
        assert_eq!(verbatim("```\na\n``` b"), ["```\na\n```"]);
        assert_eq!(verbatim("`http://a` b"), ["`http://a`"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "(http://|www\\.|`|``|```|[ab \n]|é|\\PC){0,40}") {
            let together: String = stretches(&text)
                .map(|stretch| match stretch {
                    Stretch::Prose(part) | Stretch::Verbatim(part) => part,
                })
                .collect();
            prop_assert_eq!(together, text);
        }
    }
}
