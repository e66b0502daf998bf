//! The command line, beside a running server and without one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrysalis_test_harness::{Finished, Messenger, PASSWORD, Server, by_header, chrysalis, ticket};
use msnp::{code::ErrorCode, dialect::Dialect, notification::server::ServerCommand};

use crate::{ALICE, BOB, program, server};

/// Runs a command on a configuration of its own.
fn on(config: &str, arguments: &[&str], environment: &[(&str, &str)]) -> (tempfile::TempDir, Finished) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chrysalis.toml");
    fs::write(&file, config).unwrap();
    let finished = chrysalis(program(), &file, arguments, environment, "");
    (folder, finished)
}

/// Listeners that are in nobody's way.
const ANY_PORTS: &str = "[server]\nlisten = \"127.0.0.1:0\"\n[web]\nlisten = \"127.0.0.1:0\"\n";

/// The one line with which a command ended before it began.
fn unusable(finished: &Finished) -> &str {
    assert_eq!((finished.code, finished.out.as_str()), (2, ""), "{finished:?}");
    let lines: Vec<&str> = finished.complaint.lines().collect();
    let [line] = lines[..] else { panic!("not one line: {finished:?}") };
    line.strip_prefix("chrysalis: ").expect("the program's name")
}

/// A listener that nobody else uses, and what to write into `listen`.
fn taken() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[test]
fn a_fault_in_the_configuration_is_one_line_that_says_what_to_write() {
    for (config, wanted) in [
        ("[server]\ndomian = \"msn.example\"", "server.domian: unknown field"),
        ("[server]\ndispatch = \"maybe\"", "server.dispatch: invalid type"),
        ("[server]\nlisten = \"1863\"", "server.listen: \"1863\" is no address"),
        ("[networks.aim]\nenabled = true", "networks.aim: there is no network of the kind \"aim\""),
        ("server = ", "chrysalis.toml"),
    ] {
        for command in ["run", "check"] {
            let (folder, finished) = on(config, &[command], &[]);
            let line = unusable(&finished);
            assert!(line.contains(wanted), "{command}: {line}");
            assert!(line.contains(&folder.path().join("chrysalis.toml").display().to_string()), "{line}");
        }
    }
}

#[test]
fn the_environment_stands_above_the_file_and_is_named_when_it_is_wrong() {
    let (_folder, finished) = on("", &["check"], &[("CHRYSALIS__SERVER__LISTEN", "nowhere")]);
    let line = unusable(&finished);
    assert!(line.contains("CHRYSALIS__SERVER__LISTEN") && line.contains("\"nowhere\" is no address"), "{line}");
}

#[test]
fn a_key_that_a_network_lacks_is_named() {
    let matrix = format!("{ANY_PORTS}[networks.matrix]\nhomeserver_url = \"http://127.0.0.1:9\"");
    for command in ["run", "check"] {
        let (_folder, finished) = on(&matrix, &[command], &[]);
        let line = unusable(&finished);
        assert!(line.contains("networks.matrix") && line.contains("server_name"), "{command}: {line}");
    }
}

#[test]
fn a_secret_that_is_missing_is_named() {
    let matrix = format!(
        "{ANY_PORTS}[networks.matrix]\nhomeserver_url = \"http://127.0.0.1:9\"\nserver_name = \"example.org\"\n\
         [networks.matrix.appservice]\nlisten = \"127.0.0.1:0\"\nurl = \"http://127.0.0.1:9\"\n\
         as_token_file = \"nowhere/token\"\n"
    );
    let (_folder, finished) = on(&matrix, &["run"], &[]);
    let line = unusable(&finished);
    assert!(line.contains("as_token_file") && line.contains("nowhere/token"), "{line}");
}

#[test]
fn a_port_in_use_is_named() {
    for key in ["server", "web"] {
        let (_listener, address) = taken();
        let other = if key == "server" { "[web]" } else { "[server]" };
        let config = format!("[{key}]\nlisten = \"{address}\"\n{other}\nlisten = \"127.0.0.1:0\"\n");
        for command in ["run", "check"] {
            let (_folder, finished) = on(&config, &[command], &[]);
            // Which may pass, so that whoever looks after it tries again.
            assert_eq!((finished.code, finished.out.as_str()), (1, ""), "{finished:?}");
            let wanted = format!("{key}.listen: cannot listen on {address}");
            assert!(finished.complaint.starts_with(&wanted), "{command}: {finished:?}");
        }
    }
}

#[test]
fn check_finds_the_defaults_in_order() {
    let (_folder, finished) = on(ANY_PORTS, &["check"], &[]);
    assert_eq!((finished.code, finished.out.as_str()), (0, "everything is in order\n"), "{finished:?}");
}

#[test]
fn check_tells_a_fault_of_a_network_in_a_line() {
    let (listener, address) = taken();
    drop(listener);
    let config = format!(
        "{ANY_PORTS}[networks.matrix]\n\
         homeserver_url = \"http://{address}\"\nserver_name = \"example.org\"\n[networks.matrix.appservice]\n\
         listen = \"127.0.0.1:0\"\nurl = \"http://127.0.0.1:29333\"\nas_token = \"a\"\nhs_token = \"h\"\n"
    );
    let (_folder, finished) = on(&config, &["check"], &[]);
    assert_eq!(finished.code, 1, "{finished:?}");
    assert!(finished.complaint.lines().all(|line| line.starts_with("networks.matrix: ")), "{finished:?}");
}

#[test]
fn the_example_is_printed_and_can_be_read() {
    let (_folder, finished) = on("", &["config", "example"], &[]);
    assert_eq!(finished.code, 0);
    let main = finished.out.split("\n\n# ---- ").next().unwrap();
    let (_folder, finished) = on(main, &["account", "list"], &[]);
    assert_eq!(finished.code, 0, "{finished:?}");
}

#[test]
fn accounts_can_be_made_while_no_server_runs() {
    let mut server = server(&[]);
    server.kill();
    let added = server.command(&["account", "add", ALICE, "--name", "Alice A", "--password-stdin"], "secret\n");
    assert_eq!((added.code, added.out.as_str()), (0, "alice@example.com can sign in now\n"), "{added:?}");
    let listed = server.command(&["account", "list"], "");
    assert!(listed.out.starts_with("alice@example.com\tAlice A\t"), "{listed:?}");
    let again = server.command(&["account", "add", &ALICE.to_uppercase(), "--password-stdin"], "other\n");
    assert_eq!(again.code, 1);
    assert!(again.complaint.contains("there is an account alice@example.com already"), "{again:?}");
    let removed = server.command(&["account", "remove", ALICE], "");
    assert_eq!(removed.code, 0, "{removed:?}");
    assert_eq!(server.command(&["account", "list"], "").out, "");
}

#[test]
fn what_cannot_be_an_account_is_refused() {
    let server = server(&[]);
    for (address, password, wanted) in [
        ("chrysalis@msn.example", "secret\n", "is reserved"),
        ("echo@loopback.msn.example", "secret\n", "is reserved"),
        ("room@rooms.loopback.msn.example", "secret\n", "is reserved"),
        ("no-address", "secret\n", "no-address"),
        (ALICE, "\n", "the password is empty"),
    ] {
        let refused = server.command(&["account", "add", address, "--password-stdin"], password);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert_eq!(refused.complaint.lines().count(), 1, "{refused:?}");
        assert!(refused.complaint.contains(wanted), "{refused:?}");
    }
    let without = server.command(&["account", "add", ALICE], "");
    assert_eq!(without.code, 2, "a password is read from nowhere else: {without:?}");
    for command in [["account", "remove", ALICE].as_slice(), &["account", "passwd", ALICE, "--password-stdin"]] {
        let missing = server.command(command, "secret\n");
        assert_eq!(missing.code, 1);
        assert!(missing.complaint.contains("there is no account alice@example.com"), "{missing:?}");
    }
}

#[test]
fn import_says_what_it_took_and_what_not_and_why() {
    let server = server(&[ALICE]);
    let lines = format!(
        "{BOB}\tsecret\tBob B\n\nno tab\n{ALICE}\tother\n\nchrysalis@msn.example\tx\ty\ncarol@example.com\tx\n"
    );
    let imported = server.command(&["account", "import"], &lines);
    assert_eq!(imported.code, 1);
    assert_eq!(imported.out, "took bob@example.com\ntook carol@example.com\n2 taken, 3 refused\n");
    let refused: Vec<&str> = imported.complaint.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(refused, ["line 3", "line 4", "line 6"]);
    let listed = server.command(&["account", "list", "--json"], "");
    let accounts: Vec<serde_json::Value> = serde_json::from_str(&listed.out).unwrap();
    let mut names: Vec<_> = accounts.iter().map(|account| account["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Alice", "Bob B", "carol@example.com"]);
}

#[tokio::test]
async fn what_is_done_to_accounts_takes_effect_on_the_running_server() {
    let server = server(&[ALICE]);
    let socket = fs::metadata(server.data().join("control.socket")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);

    let added = server.command(&["account", "add", BOB, "--password-stdin"], &format!("{PASSWORD}\n"));
    assert_eq!(added.code, 0, "{added:?}");
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(BOB).await;
    bob.add(ALICE).await;
    alice.settled().await;

    let old = ticket(server.web(), BOB).await;
    let changed = server.command(&["account", "passwd", BOB, "--password-stdin"], "another\n");
    assert_eq!(changed.code, 0, "{changed:?}");
    assert_eq!(bob.rest().await.last(), Some(&ServerCommand::Out(None)), "whoever has the old password has to go");
    let mut client = Messenger::connect(server.address(), BOB, Dialect::Msnp12).await;
    client.introduce().await;
    let transaction = client.send("USR", &format!("TWN S {old}")).await;
    let code = ErrorCode::AUTHENTICATION_FAILED;
    assert_eq!(client.rest().await, [ServerCommand::Error { transaction, code }], "the old ticket");
    assert_eq!(by_header(server.web(), BOB, PASSWORD).await, None, "the old password");
    alice.find("FLN", |told| matches!(told, ServerCommand::Fln { passport } if passport == BOB).then_some(())).await;

    let fresh = by_header(server.web(), BOB, "another").await.expect("the new password");
    let mut bob = Messenger::connect(server.address(), BOB, Dialect::Msnp12).await;
    bob.introduce().await;
    bob.prove(&fresh).await;
    bob.status("NLN").await;
    alice
        .find("NLN", |told| matches!(told, ServerCommand::Nln { presence } if presence.passport == BOB).then_some(()))
        .await;
    let removed = server.command(&["account", "remove", BOB], "");
    assert_eq!(removed.code, 0, "{removed:?}");
    assert_eq!(bob.rest().await.last(), Some(&ServerCommand::Out(None)));
    alice.find("FLN", |told| matches!(told, ServerCommand::Fln { passport } if passport == BOB).then_some(())).await;
    let mut client = Messenger::connect(server.address(), BOB, Dialect::Msnp12).await;
    client.introduce().await;
    let transaction = client.send("USR", &format!("TWN S {fresh}")).await;
    assert_eq!(client.rest().await, [ServerCommand::Error { transaction, code }], "nobody");
    let listed = server.command(&["account", "list"], "");
    assert!(listed.out.starts_with(ALICE) && !listed.out.contains(BOB), "{listed:?}");
}

#[test]
fn an_address_that_was_freed_begins_anew() {
    let server = server(&[ALICE, BOB]);
    assert_eq!(server.command(&["account", "remove", BOB], "").code, 0);
    assert_eq!(server.command(&["account", "add", BOB, "--name", "Another", "--password-stdin"], "x\n").code, 0);
    let listed = server.command(&["account", "list", "--json"], "");
    assert!(listed.out.contains("\"Another\""), "{listed:?}");
}

#[test]
fn check_asks_the_server_that_runs() {
    let server = server(&[]);
    let checked = server.command(&["check"], "");
    assert_eq!((checked.code, checked.out.as_str()), (0, "everything is in order\n"), "{checked:?}");
}

#[test]
fn two_servers_on_one_data_directory_are_refused() {
    let server = server(&[]);
    let line = refused_beside(&server);
    assert!(line.contains("a server runs on") && line.contains(&server.data().display().to_string()), "{line}");
    assert!(server.data().join("control.socket").exists(), "the first still listens");
    assert_eq!(server.command(&["account", "list"], "").code, 0);
}

fn refused_beside(server: &Server) -> String {
    // Its own ports, so that only the data is in the way.
    let config = fs::read_to_string(server.config()).unwrap();
    let other = server.config().with_file_name("other.toml");
    let free =
        config.replace(&server.address().to_string(), "127.0.0.1:0").replace(&server.web().to_string(), "127.0.0.1:0");
    fs::write(&other, free).unwrap();
    let finished = chrysalis(program(), Path::new(&other), &["run"], &[], "");
    unusable(&finished).to_owned()
}

#[test]
fn a_name_does_nothing_to_the_terminal_that_shows_it() {
    let server = server(&[]);
    // It turns the line around, and shows what follows on a line of its own.
    let name = "Ann\u{202e}nnA\u{2028}Bob";
    assert_eq!(server.command(&["account", "add", ALICE, "--name", name, "--password-stdin"], "x\n").code, 0);
    let listed = server.command(&["account", "list"], "");
    assert!(listed.out.contains("Ann\\u{202e}nnA\\u{2028}Bob\t"), "{listed:?}");
    let listed = server.command(&["account", "list", "--json"], "");
    assert!(listed.out.is_ascii(), "{listed:?}");
    let accounts: Vec<serde_json::Value> = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(accounts[0]["name"], name);
    let refused = server.command(&["account", "remove", "\u{1b}[2Jnobody\u{9b}@x"], "");
    assert!(refused.code == 1 && refused.complaint.trim_end().is_ascii(), "{refused:?}");
    assert!(!refused.complaint.trim_end().contains(char::is_control), "{refused:?}");
}
