//! What systemd and Docker are told of the program by the examples, against what the program does.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::Parser;

use crate::{
    command_line::{Command, CommandLine, spelt_out},
    configuration::tests::read,
    setup_answers::usual_data_directory,
};

const UNIT: &str = "config/examples/systemd/chrysalis.service";
const USER: &str = "config/examples/systemd/chrysalis.sysusers";
const COMPOSE: &str = "config/examples/docker/compose.yaml";
const RUNNING: &str = "docs/running.md";

/// What closing bridges, links and the database may take, as docs/operations.md says it.
const CLOSING: Duration = Duration::from_secs(40);

/// What an example says. It is no part of the program, and so is not embedded.
fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What follows a key, in the first line that begins with it.
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let found = text.lines().find_map(|line| line.trim_start().strip_prefix(key));
    found.unwrap_or_else(|| panic!("{key} is not there")).trim()
}

#[test]
fn the_unit_starts_the_program_with_what_setup_has_made() {
    let (unit, user, running) = (text(UNIT), text(USER), text(RUNNING));
    let words: Vec<&str> = value(&unit, "ExecStart=").split(' ').collect();
    let line = CommandLine::try_parse_from(spelt_out(words.iter().map(OsString::from))).unwrap();
    assert!(matches!(line.command, Command::Run), "{line:?}");
    let config = line.config.unwrap();
    let folder = Path::new("/etc").join(value(&unit, "ConfigurationDirectory="));
    let data = Path::new("/var/lib").join(value(&unit, "StateDirectory="));
    assert_eq!(config.parent(), Some(folder.as_path()));
    assert_eq!(usual_data_directory(&config), data);
    let account = value(&unit, "User=");
    let made: Vec<&str> = value(&user, "u ").split(' ').collect();
    assert_eq!((made.first().copied(), made.last().copied()), (Some(account), data.to_str()));
    assert_eq!(value(&unit, "Group="), account);

    let (config, folder, data) = (config.display(), folder.display(), data.display());
    let documentation = value(&unit, "Documentation=file://");
    for step in [
        format!("target/release/chrysalis {}\n", words[0]),
        format!("docs/running.md {documentation}\n"),
        format!("install -d -m 0700 -o {account} -g {account} {folder} {data}\n"),
        format!("runuser -u {account} -- chrysalis --config {config} setup\n"),
    ] {
        assert!(running.contains(&step), "{RUNNING} does not tell: {step}");
    }
    // systemd leaves a folder that is there as it is, and complains at every start of one that is not as it would have made it.
    for key in ["ConfigurationDirectoryMode=", "StateDirectoryMode="] {
        assert_eq!(value(&unit, key), "0700", "{key}");
    }
}

#[test]
fn nobody_ends_the_program_before_it_has_stopped() {
    let usual = read("", &[]).unwrap();
    let longest = Duration::from_mins(usual.shutdown_minutes.into()) + usual.drain + CLOSING;
    let (unit, compose) = (text(UNIT), text(COMPOSE));
    let grace = value(&compose, "stop_grace_period:").strip_suffix('s').unwrap();
    for seconds in [value(&unit, "TimeoutStopSec="), grace] {
        let patience = Duration::from_secs(seconds.parse().unwrap());
        assert!(patience >= longest, "it may take {longest:?}, and is given {patience:?}");
    }
}

#[test]
fn as_many_clients_as_are_let_in_can_have_a_file_each() {
    let connections = read("", &[]).unwrap().settings.limits.connections;
    let (unit, compose) = (text(UNIT), text(COMPOSE));
    for files in [value(&unit, "LimitNOFILE="), value(&compose, "nofile:")] {
        assert!(files.parse::<usize>().unwrap() > connections, "{files} files for {connections} connections");
    }
}

#[test]
fn the_unit_leaves_the_program_what_it_uses_and_no_more() {
    let unit = text(UNIT);
    // The last but one is how the command line speaks to the server, the last how it hears what was acknowledged.
    let families: BTreeSet<&str> = value(&unit, "RestrictAddressFamilies=").split(' ').collect();
    assert_eq!(families, BTreeSet::from(["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"]));
    for line in [
        "UMask=0077",
        "LimitCORE=0",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "NoNewPrivileges=true",
        "PrivateUsers=true",
        "ProtectSystem=strict",
        "ProtectHome=true",
        "PrivateTmp=true",
        "PrivateDevices=true",
        "ProtectProc=invisible",
        "ProtectControlGroups=true",
        "ProtectKernelLogs=true",
        "ProtectKernelModules=true",
        "ProtectKernelTunables=true",
        "RestrictNamespaces=true",
        "RestrictSUIDSGID=true",
        "LockPersonality=true",
        "MemoryDenyWriteExecute=true",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
    ] {
        assert!(unit.lines().any(|stands| stands == line), "the unit has no {line}");
    }
}
