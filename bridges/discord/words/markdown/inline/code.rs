//! Code within a line, between as many backticks before it as behind it.

use std::collections::{HashMap, VecDeque};

/// Where the rows of backticks in a source are, by their length, so that the end of a code is found without searching for it.
#[derive(Debug, Default)]
pub(super) struct Backticks {
    rows: HashMap<usize, VecDeque<usize>>,
}

impl Backticks {
    pub(super) fn of(source: &str) -> Self {
        let mut rows: HashMap<usize, VecDeque<usize>> = HashMap::new();
        let mut rest = source;
        while let Some(start) = rest.find('`') {
            let row = rest.get(start..).unwrap_or_default();
            let behind = row.trim_start_matches('`');
            rows.entry(row.len() - behind.len()).or_default().push_back(source.len() - row.len());
            rest = behind;
        }
        Self { rows }
    }

    /// Where the next row of exactly so many begins, from `from` on. What is asked for later must not lie before that.
    pub(super) fn next(&mut self, count: usize, from: usize) -> Option<usize> {
        let rows = self.rows.get_mut(&count)?;
        while rows.front().is_some_and(|start| *start < from) {
            rows.pop_front();
        }
        rows.front().copied()
    }
}

/// Code without the blanks that part it from backticks of its own.
pub(super) fn shown(code: &str) -> &str {
    let code = code.strip_prefix(' ').filter(|rest| rest.trim_start().starts_with('`')).unwrap_or(code);
    code.strip_suffix(' ').filter(|rest| rest.trim_end().ends_with('`')).unwrap_or(code)
}
