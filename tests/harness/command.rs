//! One command of the program.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What came of a command.
#[derive(Debug)]
pub struct Finished {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub complaint: String,
}

/// Runs `chrysalis --config FILE ARGUMENTS…` in the folder of that file until it ends, with `input` for its standard input. The
/// server's own `run` is no such command, unless it is to fail.
pub fn chrysalis(
    program: &Path,
    config: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    input: &str,
) -> Finished {
    let mut child = Command::new(program)
        .arg("--config")
        .arg(config)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(config.parent().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails early does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Finished {
        code: output.status.code().expect("the command was killed"),
        out: String::from_utf8(output.stdout).unwrap(),
        complaint: String::from_utf8(output.stderr).unwrap(),
    }
}
