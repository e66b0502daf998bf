//! A program at a terminal, which `script` of util-linux lends.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use chrysalis_test_harness::DEADLINE;

/// A program at a terminal, and somebody who reads and types there. It ends with this value.
pub(crate) struct Terminal {
    process: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    shown: String,
    /// Up to where somebody has read.
    read: usize,
    /// Its name on this machine.
    device: String,
}

impl Terminal {
    /// Runs a line of the shell there.
    pub(crate) fn run(line: &str, environment: &[(&str, &str)]) -> Self {
        let mut process = Command::new("script")
            .args(["--quiet", "--flush", "--return", "--command", &format!("tty && {line}"), "/dev/null"])
            .env("TERM", "xterm")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script, of util-linux");
        let (keys, mut screen) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (sender, output) = sync_channel(1024);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Self { process, keys, output, shown: String::new(), read: 0, device: String::new() };
        terminal.until("\n");
        terminal.device = terminal.shown[..terminal.read].trim().to_owned();
        terminal
    }

    /// Reads on until these words are shown.
    pub(crate) fn until(&mut self, words: &str) {
        loop {
            if let Some(place) = self.shown[self.read..].find(words) {
                self.read += place + words.len();
                return;
            }
            assert!(self.reads_on(), "it ended before it showed {words:?}:\n{}", self.shown);
        }
    }

    /// Waits until what is typed is no longer shown: a program that asks for a secret throws away what came before.
    pub(crate) fn until_hidden(&self) {
        let began = Instant::now();
        loop {
            let state = Command::new("stty").args(["-F", &self.device, "-a"]).output().unwrap();
            if String::from_utf8_lossy(&state.stdout).split_whitespace().any(|word| word == "-echo") {
                return;
            }
            assert!(began.elapsed() < DEADLINE, "what is typed is shown:\n{}", self.shown);
            // What a terminal does can only be asked for.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types.
    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the end; gives everything that was shown.
    pub(crate) fn ends(mut self) -> String {
        while self.reads_on() {}
        std::mem::take(&mut self.shown)
    }

    /// Reads a piece more; `false` at the end.
    fn reads_on(&mut self) -> bool {
        match self.output.recv_timeout(DEADLINE) {
            Ok(bytes) => {
                self.shown.push_str(&String::from_utf8_lossy(&bytes));
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("nothing more is shown:\n{}", self.shown),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
