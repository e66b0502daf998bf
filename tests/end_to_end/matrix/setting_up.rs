//! From nothing to a first message, with a homeserver that has never heard of this server.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrysalis_test_harness::{Homeserver, Messenger, PASSWORD, Server, chrysalis, free_address, text};
use msnp::dialect::Dialect;

use super::{ALICE, CAROL, CAROLS_GHOST, Setup, message_of};
use crate::program;

/// The arguments of a set-up beside this homeserver.
fn arguments(homeserver: &Homeserver, messenger: u16, web: u16) -> Vec<String> {
    let line = format!(
        "setup --non-interactive --domain msn.example --port {messenger} --web-port {web} --networks matrix \
         --matrix-homeserver-url http://{} --matrix-server-name example.org --matrix-appservice-url http://{}",
        homeserver.address(),
        homeserver.appservice(),
    );
    line.split_whitespace().map(str::to_owned).collect()
}

/// Sets up, does what it says is to be done on the homeserver, and waits for its end; gives what it printed.
async fn set_up(homeserver: &mut Homeserver, config: &Path, arguments: &[String]) -> String {
    let mut child = Command::new(program())
        .arg("--config")
        .arg(config)
        .args(arguments)
        .args(["--account", CAROL, "--password-stdin", "--wait-seconds", "120"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut printed = Vec::new();
    let registration = loop {
        let line = lines.next().unwrap_or_else(|| panic!("it asks nothing of the homeserver: {printed:#?}"));
        let list = line.trim().strip_prefix("app_service_config_files: ").map(str::to_owned);
        printed.push(line);
        if let Some(list) = list {
            // A list of YAML, which is JSON as well.
            break serde_json::from_str::<[PathBuf; 1]>(&list).unwrap()[0].clone();
        }
    };
    assert_eq!(fs::metadata(&registration).unwrap().permissions().mode() & 0o777, 0o600, "it holds secrets");
    homeserver.admit(&registration).await;
    let ended = tokio::task::spawn_blocking(move || {
        printed.extend(lines);
        (child.wait().unwrap(), printed.join("\n"))
    });
    let (status, printed) = ended.await.unwrap();
    assert!(status.success(), "{status}: {printed}");
    printed
}

#[tokio::test(flavor = "multi_thread")]
async fn matrix_is_reached_from_nothing_by_a_set_up() {
    let mut homeserver = Homeserver::start_alone().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("chrysalis.toml");
    let (messenger, web) = (free_address(), free_address());
    let arguments = arguments(&homeserver, messenger.port(), web.port());
    let printed = set_up(&mut homeserver, &config, &arguments).await;
    assert!(printed.contains("matrix lets this server in") && printed.contains("Everything is in order"), "{printed}");
    assert!(printed.contains(&format!("http://{web}")) && printed.contains(CAROL), "{printed}");
    for (file, wanted) in
        [("chrysalis.toml", 0o600), ("networks/matrix.toml", 0o600), ("networks", 0o700), ("data", 0o700)]
    {
        let mode = fs::metadata(folder.path().join(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, wanted, "{file}");
    }

    // A second time there is nothing to do, and nothing is done.
    let files =
        ["chrysalis.toml", "networks/matrix.toml", "matrix-registration.yaml"].map(|file| folder.path().join(file));
    let before = files.each_ref().map(|file| fs::read(file).unwrap());
    let again = chrysalis(program(), &config, &["setup", "--non-interactive"], &[], "");
    assert_eq!((again.code, again.complaint.as_str()), (0, ""), "{again:?}");
    assert!(
        again.out.contains("Everything is in order") && !again.out.contains("app_service_config_files"),
        "{again:?}"
    );
    assert_eq!(files.map(|file| fs::read(file).unwrap()), before);

    let server = Server::configured(program(), folder, messenger, web);
    let setup = Setup { server, homeserver };
    let mut alice = setup.homeserver.user("alice");
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    alice.until_named(CAROLS_GHOST, "Carol").await;
    carol.add(ALICE).await;
    let room = alice.until_invited_by(CAROLS_GHOST).await;
    alice.join(&room).await;
    let mut talk = super::window(&mut carol, ALICE).await;
    talk.tell(text("hello from 2005")).await;
    message_of(&mut alice, &room, CAROLS_GHOST, "hello from 2005").await;
}

#[test]
fn matrix_at_a_wrong_address_is_said_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("chrysalis.toml");
    let nobody = free_address();
    let line = format!(
        "setup --non-interactive --domain msn.example --networks matrix --matrix-homeserver-url http://{nobody} \
         --matrix-server-name example.org --no-account"
    );
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let refused = chrysalis(program(), &config, &arguments, &[], "");
    assert_eq!(refused.code, 2, "{refused:?}");
    let told = format!("--matrix-homeserver-url: no Matrix homeserver answers at http://{nobody}");
    assert!(refused.complaint.contains(&told) && refused.complaint.contains("start the homeserver"), "{refused:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");

    // Whoever wants to be first may be.
    let arguments = [&arguments[..], &["--no-check"]].concat();
    let written = chrysalis(program(), &config, &arguments, &[], "");
    assert!(written.code == 1 && written.complaint.contains("it was not waited for"), "{written:?}");
    assert!(written.out.contains("app_service_config_files"), "{written:?}");
    assert!(folder.path().join("matrix-registration.yaml").is_file());
}
