//! What every route has before it.

use std::{
    ops::Deref,
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use domain::Timestamp;
use server::Handle;
use tokio::sync::Mutex;

use crate::{guard::Failures, program::Program, token::Token};

/// What every route has before it.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Things>);

/// The things on the desk.
pub(crate) struct Things {
    pub(crate) handle: Handle,
    pub(crate) program: Arc<dyn Program>,
    pub(crate) token: Token,
    pub(crate) failures: Failures,
    /// When the server began to serve.
    pub(crate) began: Instant,
    /// The same, as clocks on walls have it.
    pub(crate) started: Timestamp,
    /// Held by whoever writes a backup.
    pub(crate) backing_up: Mutex<()>,
}

impl Desk {
    pub(crate) fn new(handle: Handle, program: Arc<dyn Program>, token: Token) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(Arc::new(Things {
            handle,
            program,
            token,
            failures: Failures::default(),
            began: Instant::now(),
            started: Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            backing_up: Mutex::default(),
        }))
    }
}

impl Deref for Desk {
    type Target = Things;

    fn deref(&self) -> &Things {
        &self.0
    }
}

/// A time as answers have it: RFC 3339 in UTC.
pub(crate) fn written(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}
