//! Notes what the log warns of, for the page of those who run the server.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use server::Faults;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

/// Hands warnings and errors on; what the log leaves out, it is not told.
pub(crate) struct Noting(pub(crate) Arc<Faults>);

impl<S: Subscriber> Layer<S> for Noting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = *event.metadata().level();
        if level > Level::WARN {
            return;
        }
        let mut line = Line::default();
        event.record(&mut line);
        let what = if line.message.is_empty() { event.metadata().target() } else { &line.message };
        self.0.tell(level == Level::ERROR, what, &line.fields);
    }
}

/// One line of the log, taken apart.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing into a text cannot fail.
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            let space = if self.fields.is_empty() { "" } else { ", " };
            let _ = write!(self.fields, "{space}{}: {value:?}", field.name());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn warnings_and_errors_are_noted_and_nothing_else_is() {
        let faults = Arc::new(Faults::default());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(Noting(Arc::clone(&faults))), || {
            tracing::info!(count = 1, "all is well");
            tracing::warn!(limit = "rooms", count = 2, "a limit bites");
            tracing::error!(fault = %"no route", "a network went away");
        });
        let noted: Vec<_> = faults.newest().into_iter().map(|line| (line.is_error, line.what, line.details)).collect();
        let wanted =
            [(true, "a network went away", "fault: no route"), (false, "a limit bites", "limit: rooms, count: 2")];
        assert_eq!(noted, wanted.map(|(is_error, what, details)| (is_error, what.to_owned(), details.to_owned())));
    }
}
