//! What the people who run the server see, and tell it while it runs.

mod drain;
mod networks;

use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use chrysalis_test_harness::{DEADLINE, Messenger, PASSWORD, Server, by_header, free_address, get, text};
use msnp::{code::ErrorCode, dialect::Dialect, notification::server::ServerCommand};
use serde_json::Value;

use crate::{ALICE, BOB, CAROL, program};

const ECHO: &str = "echo@loopback.msn.example";

/// Between two questions for what can only be asked for; health is told from memory for a second.
pub(crate) const AGAIN: Duration = Duration::from_millis(100);

/// A server that tells measures and health, and where.
pub(crate) fn observed(accounts: &[&str], extra: &str) -> (Server, SocketAddr) {
    let address = free_address();
    let extra = format!("[operations]\nlisten = \"{address}\"\n{extra}");
    (Server::start_with(program(), accounts, &extra), address)
}

/// All measures, as they are now.
pub(crate) struct Measures(String);

impl Measures {
    pub(crate) async fn of(address: SocketAddr) -> Self {
        let answered = get(address, "/metrics", "").await;
        assert_eq!(answered.status, 200, "{answered:?}");
        Self(answered.body)
    }

    /// The value of a measure with these labels; `None` if there is none.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |line: &str| labels.iter().all(|(key, value)| line.contains(&format!("{key}=\"{value}\"")));
        let named = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let line = self.0.lines().filter(named).find(|line| has(line))?;
        Some(line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }

    fn assert(&self, name: &str, labels: &[(&str, &str)], wanted: f64) {
        assert_eq!(self.value(name, labels), Some(wanted), "{name} {labels:?} in\n{}", self.0);
    }
}

/// Asks until a measure has that value; all measures then.
async fn until(address: SocketAddr, name: &str, wanted: f64) -> Measures {
    let began = Instant::now();
    loop {
        let measures = Measures::of(address).await;
        if measures.value(name, &[]) == Some(wanted) {
            return measures;
        }
        assert!(began.elapsed() < DEADLINE, "{name} is not {wanted} in\n{}", measures.0);
        tokio::time::sleep(AGAIN).await;
    }
}

/// Asks until the server is ready, or is not; what it says then.
async fn until_ready(address: SocketAddr, is_ready: bool) -> String {
    let began = Instant::now();
    loop {
        let answered = get(address, "/health/ready", "").await;
        if answered.status == if is_ready { 200 } else { 503 } {
            return answered.body;
        }
        assert!(began.elapsed() < DEADLINE, "{answered:?}");
        tokio::time::sleep(AGAIN).await;
    }
}

#[tokio::test]
async fn measures_say_what_happened_and_name_nobody() {
    let (server, address) = observed(&[ALICE, BOB, CAROL], "[limits]\ncontacts = 1");
    assert_eq!(by_header(server.web(), ALICE, "wrong").await, None);
    assert!(by_header(server.web(), ALICE, PASSWORD).await.is_some());
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp10).await;
    let (mut hers, mut his) = alice.meet(&mut bob).await;
    hers.tell(text("between us")).await;
    assert_eq!(his.hear_text(ALICE).await, "between us");
    let mut to_echo = alice.call(ECHO).await;
    to_echo.joined(ECHO).await;
    to_echo.tell(text("hello")).await;
    assert_eq!(to_echo.hear_text(ECHO).await, "hello");
    // Echo is the one that fits.
    let refused = alice.ask("ADC", &format!("FL N={CAROL} F={CAROL}")).await;
    assert!(matches!(refused, ServerCommand::Error { code: ErrorCode::LIST_FULL, .. }), "{refused:?}");
    server.until_delivered().await;

    // That Echo has it is noted a moment after Echo has answered.
    let measures = until(address, "chrysalis_outbox_orders", 0.0).await;
    let listener = server.address().to_string();
    for (name, labels, wanted) in [
        ("chrysalis_sign_ins_total", &[("stage", "password"), ("outcome", "refused")][..], 1.0),
        ("chrysalis_sign_ins_total", &[("stage", "password"), ("outcome", "accepted")], 3.0),
        ("chrysalis_sign_ins_total", &[("stage", "ticket"), ("outcome", "accepted")], 2.0),
        ("chrysalis_accounts", &[], 3.0),
        ("chrysalis_signed_in_accounts", &[], 2.0),
        ("chrysalis_sessions", &[("protocol", "MSNP12")], 1.0),
        ("chrysalis_sessions", &[("protocol", "MSNP10")], 1.0),
        ("chrysalis_connections", &[("listener", &listener), ("transport", "tcp")], 5.0),
        ("chrysalis_messages_total", &[("direction", "between accounts"), ("network", "msn")], 1.0),
        ("chrysalis_messages_total", &[("direction", "to network"), ("network", "loopback"), ("kind", "text")], 1.0),
        ("chrysalis_messages_total", &[("direction", "from network"), ("network", "loopback"), ("kind", "text")], 1.0),
        ("chrysalis_orders_total", &[("network", "loopback"), ("action", "say"), ("outcome", "done")], 1.0),
        ("chrysalis_outbox_orders", &[("network", "loopback")], 0.0),
        ("chrysalis_outbox_parked_orders", &[("network", "loopback")], 0.0),
        ("chrysalis_deliveries_waiting", &[], 0.0),
        ("chrysalis_links", &[("network", "loopback"), ("state", "open")], 3.0),
        ("chrysalis_network_reachable", &[("network", "loopback")], 1.0),
        ("chrysalis_limits_reached_total", &[("limit", "lists")], 1.0),
        ("chrysalis_limits_reached_total", &[("limit", "connections")], 0.0),
        ("chrysalis_store_commits_failed_total", &[], 0.0),
    ] {
        measures.assert(name, labels, wanted);
    }
    assert!(measures.value("chrysalis_store_commit_seconds_count", &[]).unwrap() > 0.0);
    assert!(measures.value("process_open_fds", &[]).unwrap() > 5.0);
    for name in ["alice", "bob", "carol"] {
        assert!(!measures.0.contains(name), "{name} in\n{}", measures.0);
    }
    drop((alice, bob, hers, his, to_echo));
    until(address, "chrysalis_signed_in_accounts", 0.0).await;
}

#[tokio::test]
async fn ready_is_whoever_can_write_and_alive_whoever_runs() {
    let (server, address) = observed(&[ALICE], "required_networks = [\"loopback\"]");
    let told = until_ready(address, true).await;
    assert!(told.contains("\"store\":\"ok\"") && told.contains("\"listeners\":\"ok\""), "{told}");
    assert!(told.contains("\"loopback\":{\"required\":true,\"state\":\"reachable\"}"), "{told}");
    server.fill_disk();
    let told = until_ready(address, false).await;
    assert!(!told.contains("\"store\":\"ok\"") && told.contains("\"listeners\":\"ok\""), "{told}");
    assert_eq!(get(address, "/health/live", "").await.status, 200, "a restart would help nobody");
    server.free_disk();
    until_ready(address, true).await;
    let locked = server.lock_database().await;
    until_ready(address, false).await;
    locked.release().await;
    until_ready(address, true).await;
}

#[tokio::test]
async fn a_limit_can_be_changed_while_the_server_runs_and_a_bad_file_changes_nothing() {
    const OFF: &str = "[networks.loopback]\nenabled = false";
    let mut server = Server::start_with(program(), &[ALICE, BOB, CAROL], &format!("[limits]\ncontacts = 1\n{OFF}"));
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(BOB).await;
    let full = async |alice: &mut Messenger, who: &str| {
        let reply = alice.ask("ADC", &format!("FL N={who} F={who}")).await;
        matches!(reply, ServerCommand::Error { code: ErrorCode::LIST_FULL, .. })
    };
    assert!(full(&mut alice, CAROL).await);

    server.reload_with(&format!("[limits]\ncontacts = \"many\"\n{OFF}"));
    server.until_logged("the configuration cannot be taken", 1).await;
    let wanted = "chrysalis.toml: limits.contacts: invalid type: string \\\"many\\\"";
    assert!(server.log().contains(wanted) || server.log().contains(&wanted.replace('\\', "")), "{}", server.log());
    assert!(full(&mut alice, CAROL).await, "nothing was changed");

    // A key that is there twice.
    server.reload_with(&format!("mail = true\ndomain = \"other.example\"\n[limits]\ncontacts = 2\n{OFF}"));
    server.until_logged("the configuration cannot be taken", 2).await;
    server.reload_with(&format!(
        "mail = true\nnetwork_ids = \"bits\"\n[limits]\ncontacts = 2\n{OFF}\n[log]\nformat = \"json\""
    ));
    server.until_logged("the configuration was read again", 1).await;
    server.until_logged("these hold from the next start on only", 1).await;
    let log = server.log();
    let line = |words: &str| log.lines().rfind(|line| line.contains(words)).unwrap().to_owned();
    assert!(line("was read again").contains("limits.contacts, server.mail, server.network_ids"), "{log}");
    assert!(line("from the next start on").contains("log.format"), "{log}");
    // She is signed in as before.
    assert!(!full(&mut alice, CAROL).await);
}

#[tokio::test]
async fn a_log_for_programs_is_json_line_by_line_and_holds_nothing_that_was_said() {
    let mut server = Server::start_with(program(), &[ALICE, BOB], "[log]\nformat = \"json\"");
    assert_eq!(by_header(server.web(), ALICE, "a wrong guess").await, None);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (mut hers, mut his) = alice.meet(&mut bob).await;
    hers.tell(text("among ourselves")).await;
    assert_eq!(his.hear_text(ALICE).await, "among ourselves");
    let mut to_echo = alice.call(ECHO).await;
    to_echo.joined(ECHO).await;
    to_echo.tell(text("among ourselves")).await;
    assert_eq!(to_echo.hear_text(ECHO).await, "among ourselves");
    server.reload_with("[log]\nformat = \"json\"\n[limits]\ncontacts = \"many\"");
    server.until_logged("the configuration cannot be taken", 1).await;
    assert!(server.stop().success());

    let log = server.log();
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"));
        let word = |key: &str| entry[key].as_str().unwrap_or_else(|| panic!("it has no {key}: {line}"));
        assert!(word("timestamp").parse::<jiff::Timestamp>().is_ok(), "{line}");
        assert!(["ERROR", "WARN", "INFO", "DEBUG"].contains(&word("level")), "{line}");
        assert!(!word("target").is_empty(), "{line}");
    }
    for (level, words) in [("INFO", "signed in"), ("ERROR", "cannot be taken"), ("INFO", "stopped")] {
        let of_level = format!("\"level\":\"{level}\"");
        let mut lines = log.lines();
        assert!(lines.any(|line| line.contains(&of_level) && line.contains(words)), "{level} {words} in\n{log}");
    }
    for secret in ["among ourselves", "a wrong guess", PASSWORD] {
        assert!(!log.contains(secret), "{secret:?} in\n{log}");
    }
}

/// What the system is told next.
fn told(system: &UnixDatagram) -> String {
    let mut buffer = [0; 256];
    let length = system.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[test]
fn the_system_is_told_when_the_server_serves_reads_its_configuration_again_and_stops() {
    let mut server = Server::start_with(program(), &[], "");
    assert!(server.stop().success());
    let system = server.run_under_system();
    assert_eq!(told(&system), "READY=1\n");
    server.reload_with("");
    let reloading = told(&system);
    let since = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
    let since = since.unwrap_or_else(|| panic!("{reloading:?}")).trim_end().parse::<u64>();
    assert!(since.is_ok_and(|since| since > 0), "{reloading:?}");
    assert_eq!(told(&system), "READY=1\n");
    assert!(server.stop().success());
    assert_eq!(told(&system), "STOPPING=1\n");
}
