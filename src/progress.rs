//! How far long work has come: a line that is drawn anew for whoever watches at a terminal, and a line now and then in a log.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use tracing::info;

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

/// Who is told how far something has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever gave the command, on standard error.
    Person,
    /// Whoever reads the log of a server: its standard error holds nothing but that.
    Log,
}

/// How far something has come. It is told no more when this value is gone.
pub(crate) struct Progress {
    what: &'static str,
    audience: Audience,
    begun: Instant,
    /// Where somebody watches.
    bar: Option<ProgressBar>,
    written: Instant,
}

impl Progress {
    /// Of work that is counted.
    pub(crate) fn of(what: &'static str, unit: Unit, audience: Audience) -> Self {
        let counts = match unit {
            Unit::Rows => "{human_pos} of {human_len} rows",
            Unit::Bytes => "{decimal_bytes} of {decimal_total_bytes}",
        };
        let template = format!("{what}  {{bar:24}}  {counts}  {{wide_msg}}");
        Self::begin(what, audience, ProgressBar::no_length(), &template)
    }

    /// Of something that whoever gave a command waits for.
    pub(crate) fn waiting(what: &'static str) -> Self {
        let template = format!("{{spinner}} {what}  {{wide_msg}}");
        let progress = Self::begin(what, Audience::Person, ProgressBar::new_spinner(), &template);
        if let Some(bar) = &progress.bar {
            bar.enable_steady_tick(DRAWN);
        }
        progress
    }

    fn begin(what: &'static str, audience: Audience, bar: ProgressBar, template: &str) -> Self {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let is_watched = audience == Audience::Person && io::stderr().is_terminal();
        let bar = is_watched.then(|| bar.with_style(style));
        let begun = Instant::now();
        Self { what, audience, begun, bar, written: begun }
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
        if self.written.elapsed() < WRITTEN {
            return;
        }
        self.written = Instant::now();
        match self.audience {
            Audience::Person => {
                let _ = writeln!(io::stderr(), "{}: {}", self.what, told());
            }
            Audience::Log => {
                let reached = told();
                info!(%reached, "{}", self.what);
            }
        }
    }
}

/// Tells of a copy of a database.
pub(crate) fn rows(what: &'static str, audience: Audience) -> impl FnMut(store::Progress<'_>) + Send {
    let mut progress = Progress::of(what, Unit::Rows, audience);
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'w> MakeWriter<'w> for Log {
        type Writer = Self;

        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn in_a_server_it_is_a_line_of_the_log() {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(log.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut progress = Progress::of("writing the files", Unit::Bytes, Audience::Log);
            progress.reached(Unit::Bytes, 1, 4096, "");
            progress.written = progress.written.checked_sub(WRITTEN).unwrap();
            progress.reached(Unit::Bytes, 2048, 4096, "");
        });
        let line: serde_json::Value = serde_json::from_slice(&log.0.lock().unwrap()).unwrap();
        assert_eq!(line["message"], "writing the files");
        assert_eq!(line["reached"], "2.00 KiB of 4.00 KiB");
    }
}
