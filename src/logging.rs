//! The log: to standard error, for people or for programs. Keeping and rotating it is left to the system.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use server::Faults;
use tracing::warn;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt};

use crate::{keys::LogFormat, noting::Noting, operating::LogKeys};

/// What is logged unless something else is asked for: of libraries, what goes wrong. Every crate of matrix-sdk's begins so.
const LOGGED: &str = "info,sqlx=warn,eyeball=warn,matrix_sdk=warn";

/// The log of this process.
pub(crate) struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
    /// What it has warned of.
    pub(crate) faults: Arc<Faults>,
}

impl Logging {
    /// Begins to log what `RUST_LOG` asks for; without it, what the configuration does; without that, what an admin wants to know. A log
    /// that cannot be written is written on later, and must never end whoever logs: a complaint about it would go to the same full disk,
    /// by a call that panics there.
    pub(crate) fn begin(keys: &LogKeys) -> Self {
        let (filter, handle) = reload::Layer::new(filter(keys));
        let lines = fmt::layer().with_writer(io::stderr).log_internal_errors(false);
        let lines = match keys.format {
            LogFormat::Pretty => lines.with_ansi(io::stderr().is_terminal()).boxed(),
            LogFormat::Json => lines.with_ansi(false).json().flatten_event(true).with_span_list(false).boxed(),
        };
        let faults = Arc::<Faults>::default();
        tracing_subscriber::registry().with(filter).with(lines).with(Noting(Arc::clone(&faults))).init();
        Self { filter: handle, faults }
    }

    /// Logs what the configuration says now; the format stays.
    pub(crate) fn change(&self, keys: &LogKeys) {
        if let Err(fault) = self.filter.reload(filter(keys)) {
            warn!(%fault, "what is logged stays as it was");
        }
    }
}

fn filter(keys: &LogKeys) -> EnvFilter {
    let asked = EnvFilter::try_from_default_env().ok();
    let configured = || keys.level.as_deref().and_then(|level| EnvFilter::try_new(level).ok());
    asked.or_else(configured).unwrap_or_else(|| EnvFilter::new(LOGGED))
}
