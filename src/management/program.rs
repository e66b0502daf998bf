//! What the program around the server does when it is asked.

use std::path::PathBuf;

use async_trait::async_trait;
use serde_json::{Map, Value};

/// What came of reading the configuration again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// The keys that hold newly, dotted.
    pub changed: Vec<String>,
    /// The keys that have changed and hold from the next start on only.
    pub waiting: Vec<String>,
}

/// Why the program did not do it: one line that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something has to be mended first.
    #[error("{0}")]
    Unfit(String),
    /// It is there already.
    #[error("{0}")]
    Exists(String),
    /// It cannot be done now: a disk is full, or the server stops.
    #[error("{0}")]
    Unavailable(String),
    /// It was begun, and broken off by a fault of the program.
    #[error("{0}")]
    Broken(String),
}

/// The program around the server.
#[async_trait]
pub trait Program: Send + Sync + 'static {
    /// Reads the configuration again, as SIGHUP has it do. One that cannot be taken changes nothing.
    async fn reload(&self) -> Result<Reloaded, Refusal>;

    /// Writes a backup to a file of this name, which is only a name, in the folder for backups; says where it lies and how many bytes it
    /// has. Nothing may be there.
    async fn back_up(&self, name: &str) -> Result<(PathBuf, u64), Refusal>;

    /// All keys of `[limits]`, as they hold now.
    fn limits(&self) -> Map<String, Value>;
}
