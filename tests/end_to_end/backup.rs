//! Backups, made while the server runs, and what is restored from them.

use std::os::unix::fs::PermissionsExt;

use chrysalis_test_harness::{Messenger, Server};

use msnp::dialect::Dialect;

use crate::{ALICE, BOB, CAROL, program, setup::open_to_others};

const CONFIGURATION: &str = "[networks.loopback]\nlinking = true\n";

fn accounts(server: &Server) -> String {
    let listed = server.command(&["account", "list"], "");
    assert_eq!(listed.code, 0, "{listed:?}");
    listed.out
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_backed_up_is_there_again_after_a_restoring() {
    let mut server = Server::start_with(program(), &[ALICE, BOB], CONFIGURATION);
    let linked = server.command(
        &["link", "add", ALICE, "loopback", "--token-stdin", "--answer", "circle=Loop"],
        "loop-ann-Op3nSesame\n",
    );
    assert_eq!(linked.code, 0, "{linked:?}");
    let links = server.command(&["link", "list", ALICE, "--json"], "").out;
    assert!(links.contains("ann@loop"), "{links}");
    let folder = server.data().join("loopback");
    std::fs::write(folder.join("note"), "kept").unwrap();
    let is_in_file = !server.is_on_postgres();
    if is_in_file {
        std::fs::copy(server.data().join("chrysalis.db"), folder.join("keys.sqlite3")).unwrap();
    }
    // What somebody sent is no database, whatever it begins with.
    let sent = server.data().join("+media/00");
    std::fs::create_dir_all(&sent).unwrap();
    std::fs::write(sent.join("sent"), "SQLite format 3\0 and nothing more").unwrap();

    let file = server.config().with_file_name("backup.tar");
    let path = file.to_str().unwrap();
    let made = server.command(&["backup", path], "");
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "it holds secrets");
    let linked_elsewhere = folder.join("elsewhere");
    std::os::unix::fs::symlink("/dev/null", &linked_elsewhere).unwrap();
    let other = server.config().with_file_name("other.tar");
    let partly = server.command(&["backup", other.to_str().unwrap()], "");
    assert!(partly.code == 2 && partly.complaint.contains("elsewhere is a link"), "{partly:?}");
    assert!(!other.exists());
    std::fs::remove_file(linked_elsewhere).unwrap();
    let again = server.command(&["backup", path], "");
    assert!(again.code == 2 && again.complaint.contains("name another file"), "{again:?}");
    let running = server.command(&["restore", path, "--replace"], "");
    assert!(running.code == 2 && running.complaint.contains("stop it first"), "{running:?}");

    assert_eq!(server.command(&["account", "remove", BOB], "").code, 0);
    let added = server.command(&["account", "add", CAROL, "--password-stdin"], "another password\n");
    assert_eq!(added.code, 0, "{added:?}");
    assert!(server.stop().success());
    let kept = server.command(&["restore", path], "");
    assert!(kept.code == 2 && kept.complaint.contains("--replace"), "{kept:?}");
    let restored = server.command(&["restore", path, "--replace"], "");
    assert_eq!(restored.code, 0, "{restored:?}");
    server.run();

    let there = accounts(&server);
    assert!(there.contains(BOB) && !there.contains(CAROL), "{there}");
    assert_eq!(server.command(&["link", "list", ALICE, "--json"], "").out, links, "its secret opens");
    assert_eq!(std::fs::read_to_string(folder.join("note")).unwrap(), "kept");
    if is_in_file {
        assert!(std::fs::read(folder.join("keys.sqlite3")).unwrap().starts_with(b"SQLite format 3\0"));
        // But for what this test has put there itself.
        let open: Vec<_> = open_to_others(&server.data()).into_iter().filter(|file| !file.contains("/00")).collect();
        assert_eq!(open, Vec::<String>::new(), "whatever the usual modes are");
    }
    let aside = server.data().join("before-restore-1");
    if server.is_on_postgres() {
        assert!(restored.out.contains("schema before_restore_1"), "what was there is kept: {restored:?}");
    } else {
        assert!(aside.join("chrysalis.db").is_file(), "what was there is kept");
    }
    // Bob was removed after the backup, and signs in as he did before.
    let mut bob = Messenger::sign_in(&server, BOB, Dialect::Msnp12).await;
    assert!(!bob.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_copied_elsewhere_serves_on() {
    let mut server = Server::start_with(program(), &[ALICE, BOB], CONFIGURATION);
    let before = accounts(&server);
    let file = server.config().with_file_name("backup.tar");
    assert_eq!(server.command(&["backup", file.to_str().unwrap()], "").code, 0);
    let running = server.command(&["database", "copy", "--to", "sqlite://other.db"], "");
    assert!(running.code == 2 && running.complaint.contains("stop it first"), "{running:?}");
    assert!(server.stop().success());
    let to = server.change_database();
    // The configuration names the old one still.
    let copied = server.command(&["database", "copy", "--to", "-"], &format!("{to}\n"));
    assert_eq!(copied.code, 0, "{copied:?}");
    let again = server.command(&["database", "copy", "--to", "-"], &format!("{to}\n"));
    assert!(again.code == 2 && again.complaint.contains("not empty"), "{again:?}");
    server.run();
    assert_eq!(accounts(&server), before);
    let mut bob = Messenger::sign_in(&server, BOB, Dialect::Msnp12).await;
    assert!(!bob.list().await.is_empty());

    // A backup of the one goes back onto the other.
    assert!(server.stop().success());
    let restored = server.command(&["restore", file.to_str().unwrap(), "--replace"], "");
    assert_eq!(restored.code, 0, "{restored:?}");
    server.run();
    assert_eq!(accounts(&server), before);
}

#[tokio::test]
async fn what_is_no_backup_leaves_everything_as_it_is() {
    let mut server = Server::start_with(program(), &[ALICE], CONFIGURATION);
    assert!(server.stop().success());
    let file = server.config().with_file_name("backup.tar");
    std::fs::write(&file, "no archive at all").unwrap();
    let refused = server.command(&["restore", file.to_str().unwrap(), "--replace"], "");
    assert!(refused.code == 2 && refused.complaint.contains("cannot be restored"), "{refused:?}");
    let missing = server.command(&["restore", "nowhere.tar", "--replace"], "");
    assert_eq!(missing.code, 2, "{missing:?}");
    server.run();
    assert!(accounts(&server).contains(ALICE));
}
