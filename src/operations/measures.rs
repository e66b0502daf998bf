//! The measures of this process, as Prometheus reads them.

use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::process;

/// The bounds of commits, in seconds: on a good disk one takes about a millisecond, and five seconds is how long a lock is waited for.
const COMMIT_SECONDS: [f64; 11] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// The bounds of how much is committed together.
const COMMIT_JOBS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 2000.0];

/// Why nothing is measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasuresFault {
    /// Something else in this process measures already.
    #[error("something else in this process measures already")]
    Taken,
    /// What is to be measured cannot be.
    #[error("measures cannot be kept: {0}")]
    Unfit(#[from] BuildError),
}

/// The measures of this process. What was counted before they were begun is not among them.
#[derive(Clone)]
pub struct Measures(PrometheusHandle);

impl Measures {
    /// Begins to measure: once in a process.
    pub fn begin() -> Result<Self, MeasuresFault> {
        let recorder = recorder()?;
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| MeasuresFault::Taken)?;
        server::describe();
        process::describe();
        describe_gauge!("chrysalis_build_info", "1; the version stands in the label.");
        gauge!("chrysalis_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self(handle))
    }

    /// All of them, in Prometheus's text format 0.0.4.
    #[must_use]
    pub fn text(&self) -> String {
        process::look_up();
        self.0.render()
    }

    /// Puts together what came since the last time, so that it takes no more and more memory while nobody looks.
    pub(crate) fn tidy(&self) {
        self.0.run_upkeep();
    }
}

fn recorder() -> Result<metrics_exporter_prometheus::PrometheusRecorder, BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("chrysalis_store_commit_seconds".to_owned()), &COMMIT_SECONDS)?
        .set_buckets_for_metric(Matcher::Full("chrysalis_store_commit_jobs".to_owned()), &COMMIT_JOBS)?;
    Ok(builder.build_recorder())
}

#[cfg(test)]
mod tests {
    use server::Limit;

    use super::*;

    #[test]
    fn what_is_counted_can_be_read_and_limits_begin_at_nothing() {
        let recorder = recorder().unwrap();
        let measures = Measures(recorder.handle());
        metrics::with_local_recorder(&recorder, || {
            server::describe();
            process::describe();
            Limit::Rooms.reached("carol@msn.example");
            metrics::histogram!("chrysalis_store_commit_seconds").record(0.002);
            let text = measures.text();
            for wanted in [
                "# TYPE chrysalis_limits_reached_total counter",
                "chrysalis_limits_reached_total{limit=\"rooms\"} 1",
                "chrysalis_limits_reached_total{limit=\"connections\"} 0",
                "chrysalis_store_commit_seconds_bucket{le=\"0.001\"} 0",
                "chrysalis_store_commit_seconds_bucket{le=\"0.0025\"} 1",
                "chrysalis_store_commits_failed_total 0",
            ] {
                assert!(text.lines().any(|line| line == wanted), "{wanted} in\n{text}");
            }
            assert!(!text.contains("carol"), "no label says whose anything is");
            for figure in ["process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_threads"] {
                let value = text.lines().find_map(|line| line.strip_prefix(figure)?.trim().parse::<f64>().ok());
                assert!(value.is_some_and(|value| value > 0.0), "{figure} in\n{text}");
            }
        });
    }
}
