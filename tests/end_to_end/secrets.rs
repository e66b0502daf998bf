//! The key under which secrets are sealed, and who may read what lies beside it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrysalis_test_harness::{Server, chrysalis};

use crate::{ALICE, program};

const CONFIGURATION: &str = "[networks.loopback]\nlinking = true\n";

/// A server with an account that is linked by a secret, and what it says of that link.
fn linked() -> (Server, String) {
    let server = Server::start_with(program(), &[ALICE], CONFIGURATION);
    let answers = ["link", "add", ALICE, "loopback", "--token-stdin", "--answer", "circle=Loop"];
    let linked = server.command(&answers, "loop-ann-Op3nSesame\n");
    assert_eq!(linked.code, 0, "{linked:?}");
    let links = links(&server);
    assert!(links.contains("ann@loop"), "{links}");
    (server, links)
}

fn links(server: &Server) -> String {
    server.command(&["link", "list", ALICE, "--json"], "").out
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn another_key_opens_what_the_one_before_has_sealed() {
    let (mut server, links_before) = linked();
    let (key, next) = (server.data().join("secrets.key"), server.data().join("secrets.key.next"));
    let before = fs::read(&key).unwrap();
    let running = server.command(&["secrets", "rotate"], "");
    assert!(running.code == 2 && running.complaint.contains("stop it first"), "{running:?}");
    assert_eq!(fs::read(&key).unwrap(), before);

    assert!(server.stop().success());
    let given = server.command(&["secrets", "rotate", "--new-key-stdin"], "x\n");
    assert!(given.code == 2 && given.complaint.contains("leave this out"), "{given:?}");
    let changed = server.command(&["secrets", "rotate"], "");
    assert!(changed.code == 0 && changed.out.starts_with("secrets sealed anew: 1."), "{changed:?}");
    let after = fs::read(&key).unwrap();
    assert!(after != before && after.len() == 32 && mode(&key) == 0o600 && !next.exists());
    server.run();
    assert_eq!(links(&server), links_before, "its secret opens");

    // With the key of before, it does not.
    assert!(server.stop().success());
    fs::write(&key, &before).unwrap();
    let refused = server.command(&["secrets", "rotate"], "");
    assert!(refused.code == 1 && refused.complaint.contains("was not sealed with the key in"), "{refused:?}");
}

#[test]
fn a_change_of_the_key_that_broke_off_loses_nothing_and_is_finished() {
    let (mut server, links_before) = linked();
    let (key, next) = (server.data().join("secrets.key"), server.data().join("secrets.key.next"));
    assert!(server.stop().success());
    // Broken off before anything was sealed anew: the next key is there, and nothing else.
    fs::write(&next, [7; 32]).unwrap();
    fs::set_permissions(&next, Permissions::from_mode(0o600)).unwrap();
    server.run();
    assert_eq!(links(&server), links_before);
    assert!(server.log().contains("a change of the key of secrets has broken off"), "{}", server.log());
    assert!(server.stop().success());
    // And after it, before the next key had taken its place.
    let before = fs::read(&key).unwrap();
    assert_eq!(server.command(&["secrets", "rotate"], "").code, 0);
    assert_eq!(fs::read(&key).unwrap(), [7; 32], "it went on with the key that it had begun with");
    fs::rename(&key, &next).unwrap();
    fs::write(&key, before).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    server.run();
    assert_eq!(links(&server), links_before);
    assert!(server.stop().success());
    assert_eq!(server.command(&["secrets", "rotate"], "").code, 0);
    assert!(fs::read(&key).unwrap() == [7; 32] && !next.exists());
    server.run();
    assert_eq!(links(&server), links_before);
}

#[test]
fn a_key_of_the_environment_is_changed_for_one_that_is_given() {
    let (mut server, _) = linked();
    assert!(server.stop().success());
    let key = fs::read(server.data().join("secrets.key")).unwrap();
    let in_digits = |key: &[u8]| key.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let (old, new) = (in_digits(&key), "5a".repeat(32));
    fs::remove_file(server.data().join("secrets.key")).unwrap();
    let rotate = |key: &str, arguments: &[&str], input: &str| {
        let arguments = [&["secrets", "rotate"], arguments].concat();
        chrysalis(program(), &server.config(), &arguments, &[("CHRYSALIS__SERVER__SECRETS_KEY", key)], input)
    };
    let alone = rotate(&old, &[], "");
    assert!(alone.code == 2 && alone.complaint.contains("--new-key-stdin"), "{alone:?}");
    let no_key = rotate(&old, &["--new-key-stdin"], "short\n");
    assert!(no_key.code == 2 && no_key.complaint.contains("64 hexadecimal digits"), "{no_key:?}");
    let changed = rotate(&old, &["--new-key-stdin"], &format!("{new}\n"));
    assert!(changed.code == 0 && changed.out.contains("Set CHRYSALIS__SERVER__SECRETS_KEY"), "{changed:?}");
    assert_eq!(rotate(&old, &["--new-key-stdin"], &format!("{new}\n")).code, 0, "whoever is not sure does it again");
    let gone = rotate(&old, &["--new-key-stdin"], &format!("{old}\n"));
    assert!(gone.code == 1 && gone.complaint.contains("was not sealed with the key that was given"), "{gone:?}");
    assert_eq!(rotate(&new, &["--new-key-stdin"], &format!("{old}\n")).code, 0);
    assert!(!server.data().join("secrets.key").exists(), "it stands in no file");

    let mut configuration = fs::read_to_string(server.config()).unwrap();
    configuration = configuration.replace("[server]\n", &format!("[server]\nsecrets_key = \"{old}\"\n"));
    let other = server.config().with_file_name("other.toml");
    fs::write(&other, configuration).unwrap();
    let refused = chrysalis(program(), &other, &["check"], &[], "");
    assert!(refused.code == 2 && refused.complaint.contains("server.secrets_key: stands in a file"), "{refused:?}");
    assert!(!refused.complaint.contains(&old), "it is not told");
}

#[test]
fn what_others_could_read_is_closed_at_the_start_and_the_key_refused() {
    let (mut server, links_before) = linked();
    assert!(server.stop().success());
    let (data, key) = (server.data(), server.data().join("secrets.key"));
    let (folder, note) = (data.join("loopback"), data.join("loopback/note"));
    fs::write(&note, "kept").unwrap();
    for (path, wide) in [(&data, 0o755), (&folder, 0o777), (&note, 0o664)] {
        fs::set_permissions(path, Permissions::from_mode(wide)).unwrap();
    }
    server.run();
    assert_eq!([mode(&data), mode(&folder), mode(&note)], [0o700, 0o700, 0o600]);
    assert!(server.log().contains("others could read or write what is ours"), "{}", server.log());
    assert_eq!(links(&server), links_before);
    assert!(server.stop().success());
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let refused = server.command(&["secrets", "rotate"], "");
    assert!(
        refused.complaint.contains("is open to others (mode 644)") && refused.complaint.contains("chmod 600"),
        "{refused:?}"
    );
    let root = server.config().with_file_name("root.toml");
    fs::write(&root, "[server]\ndata_directory = \"/tmp\"\n[database]\nurl = \"sqlite::memory:\"\n").unwrap();
    let refused = chrysalis(program(), &root, &["check"], &[], "");
    assert!(refused.code == 2 && refused.complaint.contains("name one for Chrysalis alone"), "{refused:?}");
}
