//! What the process takes of the machine, under the names that Prometheus's own libraries use.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use procfs::{ProcError, WithCurrentSystemInfo, process::Process};

pub(crate) fn describe() {
    describe_counter!("process_cpu_seconds_total", Unit::Seconds, "Processor time.");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory.");
    describe_gauge!("process_virtual_memory_bytes", Unit::Bytes, "Memory that has addresses, used or not.");
    describe_gauge!("process_open_fds", "Open files and sockets.");
    describe_gauge!("process_max_fds", "How many files and sockets may be open.");
    describe_gauge!("process_threads", "Threads.");
    describe_gauge!("process_start_time_seconds", Unit::Seconds, "When it started, since 1970.");
}

/// Looks it up. What the system does not tell is left as it was, and keeps nothing else from being told.
pub(crate) fn look_up() {
    let process = match Process::myself() {
        Ok(process) => process,
        Err(fault) => {
            tracing::debug!(%fault, "the system does not tell of this process");
            return;
        }
    };
    // Last, where a service sees no more of the machine than its own processes: when the machine was started.
    for looked_up in [files(&process), uses(&process), start(&process)] {
        if let Err(fault) = looked_up {
            tracing::debug!(%fault, "the system does not tell everything of this process");
        }
    }
}

fn uses(process: &Process) -> Result<(), ProcError> {
    let stat = process.stat()?;
    let ticks = stat.utime + stat.stime;
    counter!("process_cpu_seconds_total").absolute(ticks / procfs::ticks_per_second());
    gauge!("process_resident_memory_bytes").set(stat.rss_bytes().get() as f64);
    gauge!("process_virtual_memory_bytes").set(stat.vsize as f64);
    gauge!("process_threads").set(stat.num_threads as f64);
    Ok(())
}

fn start(process: &Process) -> Result<(), ProcError> {
    let since = process.stat()?.starttime as f64 / procfs::ticks_per_second() as f64;
    gauge!("process_start_time_seconds").set(procfs::boot_time_secs()? as f64 + since);
    Ok(())
}

fn files(process: &Process) -> Result<(), ProcError> {
    gauge!("process_open_fds").set(process.fd_count()? as f64);
    let limits = process.limits()?;
    if let procfs::process::LimitValue::Value(most) = limits.max_open_files.soft_limit {
        gauge!("process_max_fds").set(most as f64);
    }
    Ok(())
}
