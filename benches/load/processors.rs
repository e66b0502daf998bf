//! What processes take of the machine, read from outside.

use std::fs;
use std::time::{Duration, Instant};

use crate::client::Fault;

/// The memory that a process has in the machine, in bytes.
pub(crate) fn memory(process: u32) -> Result<u64, Fault> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(path).map_err(|fault| format!("cannot read a process's memory: {fault}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| "the kernel does not tell VmRSS".to_owned())
}

/// The processor time that a process's threads have taken so far. What a thread that has ended took is not in it.
pub(crate) fn time(process: u32) -> Result<Duration, Fault> {
    let failed = |fault| format!("cannot read a process's processor time: {fault}");
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).map_err(failed)? {
        let path = thread.map_err(failed)?.path().join("schedstat");
        // A thread may end while it is looked at.
        let Ok(times) = fs::read_to_string(path) else { continue };
        total += times.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(total))
}

/// How much of the processors a server and this generator take while something is measured.
pub(crate) struct Shares {
    began: Instant,
    server: u32,
    before: [Duration; 2],
}

impl Shares {
    /// From now on.
    pub(crate) fn begin(server: u32) -> Result<Self, Fault> {
        Ok(Self { began: Instant::now(), server, before: both(server)? })
    }

    /// The processor time of the server since then.
    pub(crate) fn of_server(&self) -> Result<Duration, Fault> {
        Ok(time(self.server)?.saturating_sub(self.before[0]))
    }

    /// In words: how many processors the two had on average.
    pub(crate) fn words(&self) -> Result<String, Fault> {
        let after = both(self.server)?;
        let passed = self.began.elapsed().as_secs_f64();
        let [server, own] = [0, 1].map(|which| after[which].saturating_sub(self.before[which]).as_secs_f64() / passed);
        Ok(format!("{server:.2} + {own:.2}"))
    }
}

fn both(server: u32) -> Result<[Duration; 2], Fault> {
    Ok([time(server)?, time(std::process::id())?])
}
