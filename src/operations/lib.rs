//! What the people who run the server look at: measures for Prometheus, and whether it lives and is ready, over HTTP on a listener of
//! their own.
//!
//! `/metrics` gives all measures, `/health/live` says that the program runs, `/health/ready` whether it can do its work and what keeps
//! it from it. Nobody proves who they are here, so the listener is on loopback unless the configuration says otherwise; no answer
//! names an account.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod health;
mod listener;
mod measures;
mod process;

use async_trait::async_trait;
use server::{Handle, Readiness};

pub use listener::{Settings, serve};
pub use measures::{Measures, MeasuresFault};

/// What is looked at.
#[async_trait]
pub trait Observed: Send + Sync + 'static {
    /// Whether it can do its work now.
    async fn readiness(&self) -> Readiness;

    /// Looks up what is measured by looking.
    async fn look_up_figures(&self);
}

#[async_trait]
impl Observed for Handle {
    async fn readiness(&self) -> Readiness {
        Self::readiness(self).await
    }

    async fn look_up_figures(&self) {
        Self::look_up_figures(self).await;
    }
}
