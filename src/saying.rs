//! Saying something to whoever gave a command, on standard output.
//!
//! Whoever has closed the other end since (`chrysalis … | head`) misses the rest, and nothing else: `println!` would end the program in
//! the midst of its work.

/// Says a line.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($words)*);
    }};
}
pub(crate) use say;

/// Says a text that has its ends of lines.
macro_rules! say_text {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(std::io::stdout(), $($words)*);
    }};
}
pub(crate) use say_text;
