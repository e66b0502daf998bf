//! What the system tells the running server, and what it is told in turn.

use std::io;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::debug;

/// Tells when the server is to stop: SIGTERM or SIGINT.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Returns at the next signal.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Tells when the configuration is to be read again: SIGHUP.
pub(crate) struct Reload(Signal);

impl Reload {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Returns at the next signal.
    pub(crate) async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// What systemd is told, where it has started the server and wants to know.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Progress {
    /// It serves.
    Ready,
    /// It reads its configuration again.
    Reloading,
    /// It stops.
    Stopping,
}

/// Tells systemd, if there is one.
pub(crate) fn tell_system(progress: Progress) {
    let told = match progress {
        Progress::Ready => sd_notify::notify(&[NotifyState::Ready]),
        Progress::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
        // Both in one: it wants to know when that began.
        Progress::Reloading => {
            NotifyState::monotonic_usec_now().and_then(|now| sd_notify::notify(&[NotifyState::Reloading, now]))
        }
    };
    if let Err(fault) = told {
        debug!(%fault, ?progress, "systemd was not told");
    }
}
