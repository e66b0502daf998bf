//! The unit of systemd, by somebody who stands in for systemd: does with the program what the unit says, and hears what it is told.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chrysalis_test_harness::{DEADLINE, free_address};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::program;

const UNIT: &str = include_str!("../../config/examples/systemd/chrysalis.service");

/// What the unit says of a key.
fn says(key: &str) -> &'static str {
    let found = UNIT.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("the unit has no {key}"))
}

/// What a systemd of this machine complains of in the unit; nothing, and a line that says so, where none is installed.
fn complaints(folder: &Path) -> Vec<String> {
    let unit = folder.join("chrysalis.service");
    // It looks whether the program is there.
    fs::write(&unit, UNIT.replace("/usr/local/bin/chrysalis", &program().display().to_string())).unwrap();
    let Ok(looked) = Command::new("systemd-analyze").arg("verify").arg(&unit).output() else {
        println!("systemd-analyze is not installed: the unit is looked at without it");
        return Vec::new();
    };
    // It looks at units of this machine as well.
    let all = String::from_utf8_lossy(&looked.stderr);
    all.lines().filter(|line| line.contains("chrysalis.service")).map(str::to_owned).collect()
}

/// The program, as the unit starts it.
struct Supervised {
    process: Child,
    heard: UnixDatagram,
    folder: TempDir,
}

impl Supervised {
    fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, socket) = (folder.path().join("chrysalis.toml"), folder.path().join("notify"));
        fs::write(&file, config).unwrap();
        let heard = UnixDatagram::bind(&socket).unwrap();
        heard.set_read_timeout(Some(DEADLINE)).unwrap();
        let line = says("ExecStart").replace("/etc/chrysalis/chrysalis.toml", &file.display().to_string());
        let process = Command::new(program())
            .args(line.split(' ').skip(1))
            .env("NOTIFY_SOCKET", &socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, heard, folder }
    }

    /// Waits until it is told something.
    fn hear(&self) -> String {
        let mut buffer = [0; 256];
        let length = self.heard.recv(&mut buffer).expect("systemd is told something");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_program_tells_systemd_what_the_unit_has_it_wait_for() {
    assert_eq!(says("Type"), "notify");
    let config = format!("[server]\nlisten = \"{}\"\n[web]\nlisten = \"{}\"\n", free_address(), free_address());
    let mut supervised = Supervised::start(&config);
    assert_eq!(complaints(supervised.folder.path()), Vec::<String>::new());
    assert_eq!(supervised.hear(), "READY=1\n");

    let reload = Command::new("sh")
        .args(["-c", says("ExecReload")])
        .env("MAINPID", supervised.process.id().to_string())
        .status()
        .unwrap();
    assert!(reload.success(), "{reload}");
    let reloading = supervised.hear();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(supervised.hear(), "READY=1\n");

    kill_process(Pid::from_child(&supervised.process), Signal::TERM).unwrap();
    assert_eq!(supervised.hear(), "STOPPING=1\n");
    assert_eq!(supervised.process.wait().unwrap().code(), Some(0));
}

#[test]
fn what_only_a_person_can_mend_is_not_tried_again() {
    assert_eq!(says("Restart"), "on-failure");
    let mut supervised = Supervised::start("[server]\ndomian = \"msn.example\"\n");
    let code = supervised.process.wait().unwrap().code().unwrap();
    assert_eq!(says("RestartPreventExitStatus"), code.to_string());
}
