//! A server that was started for a test.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

/// A server of `PostgreSQL`, by `scripts/postgres`. It hears of the end of the test by the end of its standard input, so nothing of it
/// is left whatever becomes of the test.
#[derive(Debug)]
pub struct Server {
    url: String,
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// Starts one.
    #[must_use]
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
        let mut process = Command::new(script)
            .arg("run")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/postgres can be run");
        let orders = process.stdin.take();
        let mut answers = BufReader::new(process.stdout.take().unwrap());
        let mut url = String::new();
        answers.read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(!url.is_empty(), "no PostgreSQL: scripts/postgres says above what is missing");
        Self { url, process, orders, answers }
    }

    /// The one of this process: started for the first who asks, and ended with the process.
    pub(crate) fn of_this_process() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    /// Its address, as one who may do everything there.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it between two instructions, and starts it again.
    pub fn crash(&mut self) {
        self.order("crash");
    }

    /// Stops it; it takes leave of its clients.
    pub fn stop(&mut self) {
        self.order("stop");
    }

    /// Starts it after it was stopped.
    pub fn start_again(&mut self) {
        self.order("start");
    }

    fn order(&mut self, order: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "done", "{order}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.process.wait();
    }
}
