//! How it is told: a line for each thing that was seen.

use std::future::Future;
use std::panic::PanicHookInfo;
use std::process::exit;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The line that is being waited for.
static WAITED_FOR: Mutex<String> = Mutex::new(String::new());

/// Where something was seen.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen {
    /// By the Messenger client.
    Messenger,
    /// By the Matrix client.
    Matrix,
    /// On Discord.
    Discord,
}

/// Begins a part of the story.
pub(crate) fn part(title: &str) {
    println!("\n  {title}");
}

/// Waits for something to be seen, and prints it with what was seen.
pub(crate) async fn see<T>(seen: Seen, what: &str, seeing: impl Future<Output = T>) -> T {
    let place = match seen {
        Seen::Messenger => "Messenger",
        Seen::Matrix => "Matrix",
        Seen::Discord => "Discord",
    };
    let line = format!("{place:<9} | {what}");
    line.clone_into(&mut WAITED_FOR.lock().unwrap_or_else(PoisonError::into_inner));
    let began = Instant::now();
    let value = seeing.await;
    println!("    \u{2713} {line}  ({} ms)", began.elapsed().as_millis());
    value
}

/// The clients of the tests panic when something does not come. Here that is a line with what was missing, and exit code 1.
pub(crate) fn fail_with_the_line_that_is_missing() {
    std::panic::set_hook(Box::new(|panic| {
        let line = WAITED_FOR.lock().unwrap_or_else(PoisonError::into_inner);
        println!("    \u{2717} {line}");
        println!("      {}", reason(panic));
        exit(1);
    }));
}

/// The first line: the clients go on with all that came instead.
fn reason(panic: &PanicHookInfo<'_>) -> String {
    let whole = panic.payload_as_str().unwrap_or("it failed");
    let first = whole.lines().next().unwrap_or(whole);
    first.split("; what came").next().unwrap_or(first).to_owned()
}
