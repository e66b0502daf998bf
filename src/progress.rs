//! How far long work has come: a line that is drawn anew for whoever watches at a terminal, and a line now and then in a log.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// How often a line is drawn anew.
const DRAWN: Duration = Duration::from_millis(100);
/// How often a line is written where nobody watches.
const WRITTEN: Duration = Duration::from_secs(15);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Rows of a database.
    Rows,
    /// Bytes of files.
    Bytes,
}

/// How far something has come. It is told on standard error, and no more when this value is gone.
pub(crate) struct Progress {
    what: &'static str,
    begun: Instant,
    /// Where somebody watches.
    bar: Option<ProgressBar>,
    written: Instant,
}

impl Progress {
    /// Of work that is counted.
    pub(crate) fn of(what: &'static str, unit: Unit) -> Self {
        let counts = match unit {
            Unit::Rows => "{human_pos} of {human_len} rows",
            Unit::Bytes => "{decimal_bytes} of {decimal_total_bytes}",
        };
        Self::begin(what, ProgressBar::no_length(), &format!("{what}  {{bar:24}}  {counts}  {{wide_msg}}"))
    }

    /// Of something that is waited for.
    pub(crate) fn waiting(what: &'static str) -> Self {
        let progress = Self::begin(what, ProgressBar::new_spinner(), &format!("{{spinner}} {what}  {{wide_msg}}"));
        if let Some(bar) = &progress.bar {
            bar.enable_steady_tick(DRAWN);
        }
        progress
    }

    fn begin(what: &'static str, bar: ProgressBar, template: &str) -> Self {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = io::stderr().is_terminal().then(|| bar.with_style(style));
        let begun = Instant::now();
        Self { what, begun, bar, written: begun }
    }

    /// Says that so much of so much is done, and what is at work.
    pub(crate) fn reached(&mut self, unit: Unit, done: u64, all: u64, at: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(all);
            bar.set_position(done);
            if bar.message() != at {
                bar.set_message(at.to_owned());
            }
            return;
        }
        self.write(|| match unit {
            Unit::Rows => Cow::Owned(format!("{done} of {all} rows ({at})")),
            Unit::Bytes => Cow::Owned(format!("{} of {}", HumanBytes(done), HumanBytes(all))),
        });
    }

    /// Says what is waited for, and for how long it was and will be.
    pub(crate) fn still(&mut self, state: &str, at_most: Duration) {
        let waited = self.begun.elapsed();
        let minutes = |time: Duration| format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60);
        let told = format!("{state} ({} of at most {})", minutes(waited), minutes(at_most));
        match &self.bar {
            Some(bar) => bar.set_message(told),
            None => self.write(|| Cow::Owned(told)),
        }
    }

    /// A line, if the last one is long enough ago.
    fn write(&mut self, told: impl FnOnce() -> Cow<'static, str>) {
        if self.written.elapsed() >= WRITTEN {
            self.written = Instant::now();
            let _ = writeln!(io::stderr(), "{}: {}", self.what, told());
        }
    }
}

/// Tells of a copy of a database.
pub(crate) fn rows(what: &'static str) -> impl FnMut(store::Progress<'_>) + Send {
    let mut progress = Progress::of(what, Unit::Rows);
    move |store::Progress { table, done, all }| progress.reached(Unit::Rows, done, all, table)
}

/// Bytes that are read, of so many, and told of.
pub(crate) struct Watched<'a, R> {
    pub(crate) inner: R,
    pub(crate) progress: &'a mut Progress,
    /// How many were read, of this and of whatever was before it.
    pub(crate) done: u64,
    pub(crate) all: u64,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.done += read as u64;
        self.progress.reached(Unit::Bytes, self.done, self.all, "");
        Ok(read)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
