//! Saying something to whoever gave a command, on standard output.
//!
//! Whoever has closed the other end since (`chrysalis … | head`) misses the rest, and nothing else: `println!` would end the program in
//! the midst of its work. What cannot be written for another reason, as on a full disk, makes the command end with a fault.

use std::io;
use std::sync::Mutex;

static UNSAID: Mutex<Option<io::Error>> = Mutex::new(None);

/// Notes how saying something went.
pub(crate) fn said(outcome: io::Result<()>) {
    if let Err(fault) = outcome
        && fault.kind() != io::ErrorKind::BrokenPipe
        && let Ok(mut unsaid) = UNSAID.lock()
    {
        unsaid.get_or_insert(fault);
    }
}

/// Why something could not be said, if that has happened.
pub(crate) fn unsaid() -> Option<String> {
    let outcome = io::Write::flush(&mut io::stdout());
    said(outcome);
    let unsaid = UNSAID.lock().ok()?;
    unsaid.as_ref().map(|fault| format!("standard output cannot be written, and what it was to say is lost: {fault}"))
}

/// Says a line.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        $crate::saying::said(writeln!(std::io::stdout(), $($words)*));
    }};
}
pub(crate) use say;

/// Says a text that has its ends of lines.
macro_rules! say_text {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        $crate::saying::said(write!(std::io::stdout(), $($words)*));
    }};
}
pub(crate) use say_text;
