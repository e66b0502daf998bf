//! Links that accounts make themselves, from the command line and by the server's own contact.

use std::os::unix::fs::PermissionsExt;

use chrysalis_test_harness::{Finished, Messenger, Room, Server, get, post, text};
use msnp::{dialect::Dialect, notification::server::ServerCommand};
use serde_json::{Value, json};

use crate::{ALICE, BOB, program, server};

const SERVICE: &str = "chrysalis@msn.example";
const ECHO: &str = "echo@loopback.msn.example";
const ROOM: &str = "room@rooms.loopback.msn.example";

/// What must not be found anywhere.
const SECRET: &str = "Op3nSesame";

/// What is said where something can be done with a link.
const MORE: &str = "Say \"loopback\" for what you can do with that link.";

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
    room.hear_text(SERVICE).await.replace("\r\n", "\n")
}

/// All words, which fill more than one message: what the server answers to what it does not understand.
async fn help(room: &mut Room, asking: &str) -> String {
    let mut help = asks(room, asking).await;
    while !help.contains("a number of the last list.") {
        help.push_str(&room.hear_text(SERVICE).await);
    }
    help
}

#[tokio::test]
async fn an_account_is_linked_from_the_command_line_and_finds_who_comes_with_it_in_a_group() {
    let mut server = linking(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    assert_eq!(groups(&mut alice, ECHO).await, (vec![], None));
    assert_eq!(links(&server), json!([]));
    let none = server.command(&["link", "list", ALICE], "");
    assert!(none.code == 0 && none.out.starts_with("alice@example.com has made no links;"), "{none:?}");

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
    assert!(asked.starts_with("You can be linked to loopback on this page,"), "{asked:?}");
    for way in ["By a token that Echo gave you. Say: link loopback TOKEN CIRCLE", "Say: link loopback NAME word WORD"] {
        assert!(asked.contains(way), "{asked:?}");
    }
    assert!(!asked.contains("door"), "that is done in a browser alone: {asked:?}");
    assert!(!help(&mut room, SECRET).await.contains(SECRET));
    let nowhere = asks(&mut room, &format!("link loop-ann-{SECRET} Circle")).await;
    assert_eq!(nowhere, "Say to which network first, one of: loopback.");
    let refused = asks(&mut room, &format!("link loopback {SECRET} Circle")).await;
    assert_eq!(refused, "That did not work on loopback: Echo knows no such token.");
    let linked = asks(&mut room, &format!("link loopback loop-ann-{SECRET} My own circle")).await;
    assert_eq!(linked, format!("You are linked to loopback: as ann@loop; it works.\n{MORE}"));
    assert_eq!(asks(&mut room, "Links").await, format!("loopback: as ann@loop; it works.\n{MORE}"));
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
    assert_eq!(linked, format!("You are linked to loopback: as eve@loop; it works.\n{MORE}"));
    let done = asks(&mut crowd, &format!("loopback wave {SECRET}")).await;
    assert_eq!(done, "Nothing is asked for that. Say just: loopback wave");
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
async fn the_command_line_goes_each_way_and_does_what_there_is_to_do() {
    let server = linking(&[ALICE]);
    let ways = server.command(&["link", "ways", "loopback"], "");
    assert_eq!(ways.code, 0, "{ways:?}");
    for line in
        ["token: By a token that Echo gave you.", "    --word-stdin  Which word", "door (on a web page alone): Through"]
    {
        assert!(ways.out.contains(line), "{line} in {ways:?}");
    }
    let nothing = server.command(&["link", "do", ALICE, "loopback"], "");
    assert!(nothing.code == 0 && nothing.out.starts_with("there is nothing to do"), "{nothing:?}");
    let door = server.command(&["link", "add", ALICE, "loopback", "--way", "door", "--name", "ann"], "");
    assert!(door.code == 2 && door.complaint.contains("web page alone"), "{door:?}");
    let seen = server.command(&["link", "add", ALICE, "loopback", "--name", "dim", "--word", SECRET], "");
    assert!(seen.code == 2 && seen.complaint.contains("--word-stdin") && !seen.complaint.contains(SECRET), "{seen:?}");
    let lone = server.command(&["link", "add", ALICE, "loopback", "--name"], "");
    assert!(lone.code == 2 && lone.complaint.contains("--name has no answer"), "{lone:?}");

    let open = format!("open-{SECRET}\n");
    let linked = server.command(&["link", "add", "--name", "dim", ALICE, "loopback", "--word-stdin"], &open);
    assert_eq!((linked.code, linked.complaint.as_str()), (0, ""), "{linked:?}");
    assert!(
        linked.out.starts_with("alice@example.com is linked to loopback as dim@loop\nEcho does not see"),
        "{linked:?}"
    );
    let tasks = server.command(&["link", "do", ALICE, "loopback"], "");
    assert!(tasks.out.contains("wave: Waves to Echo.\nbrighten: ") && tasks.out.contains("--lamp-stdin"), "{tasks:?}");
    let waved = server.command(&["link", "do", ALICE, "loopback", "wave"], "");
    assert_eq!((waved.code, waved.out.as_str()), (0, "Echo waves back.\n"), "{waved:?}");
    let dark = server.command(&["link", "do", ALICE, "loopback", "brighten", "--lamp-stdin"], &format!("{SECRET}\n"));
    assert_eq!((dark.code, dark.complaint.as_str()), (1, "Echo has no such lamp\n"), "{dark:?}");
    let bright = server.command(&["link", "do", ALICE, "loopback", "brighten", "--lamp-stdin"], &open);
    assert_eq!((bright.code, bright.out.as_str()), (0, "Echo sees your status now.\n"), "{bright:?}");
    assert_eq!(links(&server)[0]["notes"], json!([]));
    let done = server.command(&["link", "do", ALICE, "loopback", "brighten", "--lamp-stdin"], &open);
    assert!(done.code == 2 && done.complaint.contains("there is nothing called brighten to do"), "{done:?}");

    let late = server.command(&["link", "add", ALICE, "loopback", "--name", "late", "--word-stdin"], &open);
    assert!(late.out.ends_with("as late@loop\nSomebody has to let you in.\n"), "{late:?}");
    let listed = server.command(&["link", "list", ALICE], "");
    assert_eq!(listed.out, "loopback\tlate@loop\twaiting: Somebody has to let you in.\n");
    nothing_tells_the_secret(&server);
}

#[tokio::test]
async fn the_servers_own_contact_goes_each_way_and_does_what_there_is_to_do() {
    let server = linking(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(SERVICE).await;
    room.joined(SERVICE).await;
    let nothing = asks(&mut room, "loopback").await;
    assert!(nothing.starts_with("There is nothing to do with a link to loopback."), "{nothing:?}");
    let linked = asks(&mut room, &format!("link loopback late Word open-{SECRET}")).await;
    let waits = "You are linked to loopback: as late@loop; it waits. Somebody has to let you in.";
    assert_eq!(linked, format!("{waits}\n{MORE}"));
    let tasks = asks(&mut room, "Loopback").await;
    assert!(
        tasks.contains("\nloopback wave - Waves to Echo.\nloopback let-in - Lets you in.\nOr do it on this page"),
        "{tasks:?}"
    );
    assert_eq!(asks(&mut room, "loopback let-in").await, "You are in.");
    let linked = asks(&mut room, &format!("link loopback dim word open-{SECRET}")).await;
    assert!(linked.starts_with("You are linked to loopback: as dim@loop; it works.\nEcho does not see"), "{linked:?}");
    let asked = asks(&mut room, "loopback brighten").await;
    assert!(asked.ends_with("Say then: loopback brighten LAMP"), "{asked:?}");
    let dark = asks(&mut room, &format!("loopback brighten {SECRET}")).await;
    assert_eq!(dark, "That did not work on loopback: Echo has no such lamp.");
    let bright = asks(&mut room, &format!("loopback brighten open-{SECRET}")).await;
    assert_eq!(bright, "Echo sees your status now.");
    nothing_tells_the_secret(&server);
}

/// The path of the page that the server's own contact gives.
pub(crate) async fn page(room: &mut Room, words: &str, server: &Server) -> String {
    let told = asks(room, words).await;
    let pages = format!("http://{}/link/", server.web());
    let token = told.split_once(&pages).unwrap_or_else(|| panic!("no page in {told:?}")).1;
    let token: String = token.chars().take_while(|letter| !letter.is_whitespace()).collect();
    assert!(token.len() >= 32, "it is not to be guessed: {token}");
    format!("/link/{token}")
}

#[tokio::test]
async fn an_account_is_linked_on_a_page_by_a_word_and_through_a_browser() {
    let server = linking(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(SERVICE).await;
    room.joined(SERVICE).await;
    let first = page(&mut room, "link loopback", &server).await;
    let shown = get(server.web(), &first, "").await;
    assert!(shown.status == 200 && shown.body.contains("Account: alice@example.com."), "{shown:?}");
    assert_eq!(shown.header("Cache-Control"), Some("no-store"));
    let wrong = format!("way=word&answer-name=dim&answer-word={SECRET}");
    let refused = post(server.web(), &first, "", &wrong).await;
    assert!(
        refused.status == 200 && refused.body.contains("That did not work: Echo knows no such word."),
        "{refused:?}"
    );
    assert!(!refused.body.contains(SECRET), "{refused:?}");
    let missing = post(server.web(), &first, "", "way=word&answer-name=dim").await;
    assert!(missing.body.contains("This has to be answered: Which word does Echo know?"), "{missing:?}");
    let foreign = post(server.web(), &first, "Origin: https://evil.example\r\n", &wrong).await;
    assert_eq!(foreign.status, 403);
    let right = format!("way=word&answer-name=dim&answer-word=open-{SECRET}");
    let linked = post(server.web(), &first, "", &right).await;
    let own = format!("http://{}{first}", server.web());
    assert_eq!((linked.status, linked.header("Location")), (303, Some(own.as_str())), "{linked:?}");
    assert_eq!(links(&server)[0]["identity"], "dim@loop");
    let shown = get(server.web(), &first, "").await.body;
    assert!(shown.contains("as <b>dim@loop</b>; it works.") && !shown.contains("name=\"way\""), "{shown}");
    let again = post(server.web(), &first, "", &right).await;
    assert!(again.status == 200 && again.body.contains("This page makes no link any more."), "{again:?}");
    let bright = format!("task=brighten&answer-lamp=open-{SECRET}");
    let bright = post(server.web(), &first, "", &bright).await;
    assert!(bright.body.contains("Echo sees your status now."), "{bright:?}");

    let second = page(&mut room, "link loopback", &server).await;
    let away = format!("Cookie: away={}\r\n", second.trim_start_matches("/link/"));
    let early = get(server.web(), &format!("{second}/back?doorkey=loop-ann-echo"), &away).await;
    assert!(early.status == 200 && early.body.contains("Nothing was brought back"), "{early:?}");
    let sent = post(server.web(), &second, "", "way=door&answer-name=ann").await;
    let back = format!("http://{}{second}/back?doorkey=loop-ann-echo", server.web());
    assert_eq!((sent.status, sent.header("Location")), (303, Some(back.as_str())), "{sent:?}");
    assert_eq!(links(&server)[0]["identity"], "dim@loop", "the browser is not back yet");
    let another = get(server.web(), &format!("{second}/back?doorkey=loop-ann-echo"), "").await;
    assert!(another.status == 403 && another.body.contains("not this browser"), "the place was handed on: {another:?}");
    assert_eq!(links(&server)[0]["identity"], "dim@loop");
    let linked = get(server.web(), &format!("{second}/back?doorkey=loop-ann-echo"), &away).await;
    assert_eq!(linked.header("Location"), Some(format!("http://{}{second}", server.web()).as_str()), "{linked:?}");
    assert_eq!(links(&server)[0]["identity"], "ann@loop");
    let replayed = get(server.web(), &format!("{second}/back?doorkey=loop-ann-echo"), &away).await;
    assert!(replayed.status == 200 && replayed.body.contains("This page makes no link any more."), "{replayed:?}");

    // One for tasks alone links nobody; one of an account that is gone is no page.
    let third = page(&mut room, "loopback", &server).await;
    let shown = get(server.web(), &third, "").await.body;
    assert!(shown.contains("value=\"wave\"") && !shown.contains("name=\"way\""), "{shown}");
    assert!(post(server.web(), &third, "", &right).await.body.contains("makes no link any more"));
    let log = server.log();
    for page in [&first, &second, &third] {
        assert!(!log.contains(page.trim_start_matches("/link/")), "the log has an address: {page}");
    }
    nothing_tells_the_secret(&server);
    assert_eq!(server.command(&["account", "remove", ALICE], "").code, 0);
    assert_eq!(get(server.web(), &third, "").await.status, 404);
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
