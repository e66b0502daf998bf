//! How long this machine keeps whoever writes waiting: its disk may have much to do beside the test, and so may its processors.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::journal::Journal;

/// How often something is written.
const BETWEEN: Duration = Duration::from_millis(100);

/// What takes longer than this is a time in which the server cannot have written either.
const LONG: Duration = Duration::from_millis(100);

/// Writes a little to the disk over and over, as the server has to, and notes in the journal when that took long. It ends with
/// this value.
pub(super) struct Disk {
    /// With it the thread ends.
    _alive: SyncSender<()>,
}

impl Disk {
    /// Begins, beside the data of the servers.
    pub(super) fn watch(journal: Arc<Mutex<Journal>>) -> Self {
        let file = tempfile::tempfile().unwrap();
        let (alive, ended) = sync_channel(0);
        std::thread::spawn(move || write(file, &ended, &journal));
        Self { _alive: alive }
    }
}

fn write(mut file: File, ended: &Receiver<()>, journal: &Mutex<Journal>) {
    loop {
        let due = Instant::now() + BETWEEN;
        match ended.recv_timeout(BETWEEN) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        write_once(&mut file).unwrap();
        let done = Instant::now();
        if done - due > LONG {
            journal.lock().unwrap().unwritable.push(due..done);
        }
    }
}

fn write_once(file: &mut File) -> io::Result<()> {
    file.rewind()?;
    file.write_all(b"a little")?;
    file.sync_data()
}
