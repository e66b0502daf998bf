//! Links that accounts make themselves, from the command line and by the server's own contact.

use std::os::unix::fs::PermissionsExt;

use chrysalis_test_harness::{Finished, Messenger, Room, Server, text};
use msnp::{dialect::Dialect, notification::server::ServerCommand};
use serde_json::{Value, json};

use crate::{ALICE, BOB, program, server};

const SERVICE: &str = "chrysalis@msn.example";
const ECHO: &str = "echo@loopback.msn.example";
const ROOM: &str = "room@rooms.loopback.msn.example";

/// What must not be found anywhere.
const SECRET: &str = "Op3nSesame";

fn linking(accounts: &[&str]) -> Server {
    Server::start_with(program(), accounts, "[networks.loopback]\nlinking = true\n")
}

/// Links Alice with a token, and Echo to that group.
fn link(server: &Server, token: &str, group: &str) -> Finished {
    let circle = format!("circle={group}");
    server.command(&["link", "add", ALICE, "loopback", "--token-stdin", "--answer", &circle], &format!("{token}\n"))
}

fn links(server: &Server) -> Value {
    let listed = server.command(&["link", "list", ALICE, "--json"], "");
    assert_eq!(listed.code, 0, "{listed:?}");
    serde_json::from_str(&listed.out).unwrap()
}

/// The groups of the list, and in which of them a contact stands; none if it is not on the list.
async fn groups(client: &mut Messenger, contact: &str) -> (Vec<String>, Option<Vec<String>>) {
    let list = client.list().await;
    let named = |guid: &String| {
        list.iter().find_map(|line| match line {
            ServerCommand::Lsg { name, guid: known } if known == guid => Some(name.clone()),
            _ => None,
        })
    };
    let of_contact = list.iter().find_map(|line| match line {
        ServerCommand::Lst { passport, groups, .. } if passport == contact => {
            Some(groups.iter().map(|guid| named(guid).expect("a group of the list")).collect())
        }
        _ => None,
    });
    let all = list.iter().filter_map(|line| match line {
        ServerCommand::Lsg { name, .. } => Some(name.clone()),
        _ => None,
    });
    (all.collect(), of_contact)
}

/// Looks for the secret in everything that the server has written, which has to be much.
fn nothing_tells_the_secret(server: &Server) {
    let mut looked_at = 0;
    for file in std::fs::read_dir(server.data()).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            let bytes = std::fs::read(file.path()).unwrap();
            looked_at += bytes.len();
            let is_there = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
            assert!(!is_there, "the secret stands in {}", file.path().display());
        }
    }
    assert!(looked_at > 100_000, "the database was looked at");
    let log = server.log();
    assert!(log.contains("an account was linked") && !log.contains(SECRET), "the secret stands in the log");
}

async fn asks(room: &mut Room, words: &str) -> String {
    room.tell(text(words)).await;
    room.hear_text(SERVICE).await
}

/// All words, which fill more than one message: what the server answers to what it does not understand.
async fn help(room: &mut Room, asking: &str) -> String {
    let mut help = asks(room, asking).await;
    while !help.contains("a number of the last list.") {
        help += &room.hear_text(SERVICE).await;
    }
    help
}

#[tokio::test]
async fn an_account_is_linked_from_the_command_line_and_finds_who_comes_with_it_in_a_group() {
    let mut server = linking(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    assert_eq!(groups(&mut alice, ECHO).await, (vec![], None));
    assert_eq!(links(&server), json!([]));

    let asked = server.command(&["link", "add", ALICE, "loopback"], "");
    assert_eq!(asked.code, 2, "{asked:?}");
    assert!(asked.complaint.contains("Which token") && asked.complaint.contains("--token-stdin"), "{asked:?}");
    let seen = server.command(&["link", "add", ALICE, "loopback", "--answer", &format!("token={SECRET}")], "");
    assert!(seen.code == 2 && seen.complaint.contains("is a secret") && !seen.complaint.contains(SECRET), "{seen:?}");
    let wrong = link(&server, &format!("pool-ann-{SECRET}"), "Loop friends");
    assert_eq!((wrong.code, wrong.complaint.as_str()), (1, "Echo knows no such token\n"));
    for (account, network, wanted) in [
        ("nobody@example.com", "loopback", "there is no account nobody@example.com"),
        (ALICE, "matrix", "name one of loopback"),
    ] {
        let arguments = ["link", "add", account, network, "--token-stdin", "--answer", "circle=Loop"];
        let refused = server.command(&arguments, &format!("loop-ann-{SECRET}\n"));
        assert!(refused.code == 1 && refused.complaint.contains(wanted), "{refused:?}");
    }

    let linked = link(&server, &format!("loop-dim-{SECRET}"), "Loop friends");
    assert_eq!((linked.code, linked.complaint.as_str()), (0, ""), "{linked:?}");
    assert!(
        linked.out.starts_with("alice@example.com is linked to loopback as dim@loop\nEcho does not see"),
        "{linked:?}"
    );
    let status = json!({
        "network": "loopback", "identity": "dim@loop", "state": "connected",
        "notes": ["Echo does not see your status: ask for a brighter token."],
    });
    assert_eq!(links(&server), json!([status]));
    let friends = || vec!["Loop friends".to_owned()];
    for contact in [ECHO, ROOM] {
        assert_eq!(groups(&mut alice, contact).await, (friends(), Some(friends())), "{contact}");
    }

    // Where the user puts a contact, it stays.
    let list = alice.list().await;
    let echo = list.iter().find_map(|line| match line {
        ServerCommand::Lst { passport, guid, groups, .. } if passport == ECHO => Some((guid.clone()?, groups.clone())),
        _ => None,
    });
    let (echo, group) = echo.unwrap();
    alice.ask("REM", &format!("FL {echo} {}", group[0])).await;
    assert_eq!(link(&server, &format!("loop-ann-{SECRET}"), "Elsewhere").code, 0);
    assert_eq!(groups(&mut alice, ECHO).await, (friends(), Some(vec![])));
    assert_eq!(links(&server)[0]["identity"], "ann@loop");
    drop(alice);

    server.stop();
    let down = server.command(&["link", "list", ALICE], "");
    assert!(down.code == 2 && down.complaint.contains("start it with `chrysalis run`"), "{down:?}");
    server.run();
    let listed = server.command(&["link", "list", ALICE], "");
    assert_eq!((listed.code, listed.out.as_str()), (0, "loopback\tann@loop\tconnected\n"), "{listed:?}");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    assert_eq!(groups(&mut alice, ROOM).await, (friends(), Some(friends())));
    nothing_tells_the_secret(&server);

    let removed = server.command(&["link", "remove", ALICE, "loopback"], "");
    assert_eq!((removed.code, removed.out.as_str()), (0, "alice@example.com is no longer linked to loopback\n"));
    assert_eq!(links(&server), json!([]));
    let again = server.command(&["link", "remove", ALICE, "loopback"], "");
    assert_eq!((again.code, again.complaint.as_str()), (1, "there is no link to loopback\n"));
}

#[tokio::test]
async fn the_servers_own_contact_links_and_keeps_the_secret() {
    let server = linking(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(SERVICE).await;
    room.joined(SERVICE).await;
    assert!(help(&mut room, "help").await.contains("link NETWORK"));
    let none = asks(&mut room, "links").await;
    assert!(none.contains("no network. Say \"link loopback\""), "{none:?}");
    let asked = asks(&mut room, "link loopback").await;
    assert!(asked.starts_with("Which token") && asked.ends_with("link loopback TOKEN CIRCLE"), "{asked:?}");
    assert!(!help(&mut room, SECRET).await.contains(SECRET));
    let nowhere = asks(&mut room, &format!("link loop-ann-{SECRET} Circle")).await;
    assert_eq!(nowhere, "Say to which network first, one of: loopback.");
    let refused = asks(&mut room, &format!("link loopback {SECRET} Circle")).await;
    assert_eq!(refused, "That did not work on loopback: Echo knows no such token.");
    let linked = asks(&mut room, &format!("link loopback loop-ann-{SECRET} My own circle")).await;
    assert_eq!(linked, "You are linked to loopback: as ann@loop; it works.");
    assert_eq!(asks(&mut room, "Links").await, "loopback: as ann@loop; it works.");
    let circle = || vec!["My own circle".to_owned()];
    assert_eq!(groups(&mut alice, ECHO).await, (circle(), Some(circle())));
    drop(room);

    // In a window of several, what begins a link is for the server alone.
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (mut crowd, mut his) = alice.meet(&mut bob).await;
    for contact in [ECHO, SERVICE] {
        crowd.call(contact).await;
        crowd.joined(contact).await;
    }
    let linked = asks(&mut crowd, &format!("link loopback loop-eve-{SECRET} Circle")).await;
    assert_eq!(linked, "You are linked to loopback: as eve@loop; it works.");
    crowd.tell(text("now you")).await;
    assert_eq!(his.hear_text(ALICE).await, "now you", "Bob heard nothing before that");
    assert_eq!(his.hear_text(ECHO).await, "now you", "and Echo, who repeats what they hear, did not either");
    drop((crowd, his));

    let mut room = alice.call(SERVICE).await;
    room.joined(SERVICE).await;
    assert_eq!(asks(&mut room, "unlink loopback").await, "You are no longer linked to loopback.");
    assert_eq!(asks(&mut room, "unlink loopback").await, "You are not linked to loopback.");
    for _ in 0..4 {
        asks(&mut room, &format!("link loopback {SECRET} Circle")).await;
    }
    let often = asks(&mut room, &format!("link loopback {SECRET} Circle")).await;
    assert_eq!(often, "You try that too often: wait a minute.");
    nothing_tells_the_secret(&server);
}

#[tokio::test]
async fn where_there_is_nothing_to_link_nobody_is_told_of_it() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(SERVICE).await;
    room.joined(SERVICE).await;
    assert!(!help(&mut room, "help").await.contains("link"));
    assert!(asks(&mut room, "link loopback x").await.contains("Nobody links"));
    let refused = server.command(&["link", "add", ALICE, "loopback", "--token-stdin"], "x\n");
    assert!(refused.code == 1 && refused.complaint.contains("switch one on in the configuration"), "{refused:?}");
}

#[tokio::test]
async fn a_link_that_stops_is_told_when_its_owner_comes() {
    let server = linking(&[ALICE]);
    let linked = link(&server, &format!("loop-gone-{SECRET}"), "Loop");
    assert_eq!(linked.code, 0, "{linked:?}");
    assert_eq!(links(&server)[0]["reason"], "the token was taken back");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let told = alice.answer(SERVICE).await.hear_text(SERVICE).await;
    assert!(told.ends_with("Your link as gone@loop has stopped: the token was taken back."), "{told:?}");
}

#[tokio::test]
async fn a_wrong_key_of_secrets_is_said_and_can_be_mended() {
    let mut server = linking(&[ALICE]);
    assert_eq!(link(&server, &format!("loop-ann-{SECRET}"), "Loop").code, 0);
    let key = server.data().join("secrets.key");
    let kept = std::fs::read(&key).unwrap();
    assert_eq!((kept.len(), std::fs::metadata(&key).unwrap().permissions().mode() & 0o777), (32, 0o600));
    server.stop();
    std::fs::write(&key, [7; 32]).unwrap();
    server.run();
    let reason = links(&server)[0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("was not sealed with the key in") && reason.contains("backup"), "{reason}");
    server.stop();
    std::fs::write(&key, &kept).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    server.run();
    let open = link(&server, &format!("loop-eve-{SECRET}"), "Loop");
    assert!(open.code == 1 && open.complaint.contains("chmod 600"), "{open:?}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(links(&server)[0]["identity"], "ann@loop", "the earlier link is as it was");
    nothing_tells_the_secret(&server);
}
