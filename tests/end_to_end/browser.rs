//! The pages in a real browser: each test prepares a server, and has a person walk through its pages as tests/browser tells.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrysalis_discord_double::Double;
use chrysalis_test_harness::{Homeserver, Messenger, PASSWORD, Server, chrysalis, free_address, text, ticket};
use msnp::dialect::Dialect;

use crate::{discord, linking, program};

const CAROL: &str = "carol@msn.example";
const DAVE: &str = "dave@msn.example";
const ERIN: &str = "erin@msn.example";
const IRIS: &str = "iris@loopback.msn.example";
const SERVICE: &str = "chrysalis@msn.example";
const ECHO: &str = "echo@loopback.msn.example";

/// How long one walk may take.
const WALK: Duration = Duration::from_mins(3);

/// Two networks on which people are at once, and one to which they link themselves.
const NETWORKS: &str = "[networks.loopback]\nnetwork_bit = 64\n\
                        [networks.second]\nkind = \"loopback\"\nnetwork_bit = 128\n\
                        [networks.club]\nkind = \"loopback\"\nnetwork_bit = 256\nlinking = true\n";

fn url(server: &Server) -> String {
    format!("http://{}", server.web())
}

/// Has a person walk through the pages, with this environment beside the usual; fails with what they have seen if something is wrong.
fn walk(url: &str, walk: &[&str], environment: &[(&str, &str)]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut walking = Command::new(root.join("scripts/browser"))
        .arg("run")
        .args(walk)
        .env("CHRYSALIS_URL", url)
        .env("CHRYSALIS_PASSWORD", PASSWORD)
        .env("CHRYSALIS_SCREENSHOTS", root.join("target/screenshots"))
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = walking.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > WALK {
            walking.kill().unwrap();
            walking.wait().unwrap();
            panic!("{walk:?} takes longer than {WALK:?}");
        }
        // How a process ends can only be asked for without a thread for it.
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(status.success(), "{walk:?} ended with {status}; what was wrong stands above");
}

#[test]
fn browsers_come_in_by_the_doors_that_are_open() {
    let server = |keys: &str| Server::start_with(program(), &[CAROL], &format!("[accounts]\n{keys}\n"));
    let closed = server("sign_up = \"closed\"");
    let invite = server(&format!("sign_up = \"invite\"\nadmins = [\"{CAROL}\"]"));
    let open = server("sign_up = \"open\"");
    let urls = [("CHRYSALIS_CLOSED", url(&closed)), ("CHRYSALIS_INVITE", url(&invite)), ("CHRYSALIS_OPEN", url(&open))];
    walk(&url(&closed), &["doors"], &urls.each_ref().map(|(name, url)| (*name, url.as_str())));
}

/// From nothing to a first message, as README tells a new user to do it; how long each step took is shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_take_a_new_user_from_a_fresh_setup_to_a_first_message() {
    let folder = tempfile::tempdir().unwrap();
    let (messenger, http) = (free_address(), free_address());
    let begun = Instant::now();
    let ports = [messenger.port().to_string(), http.port().to_string()];
    let line =
        ["setup", "--domain", "msn.example", "--networks", "loopback", "--port", &ports[0], "--web-port", &ports[1]]
            .into_iter()
            .chain(["--no-account", "--sign-up", "open"]);
    let line: Vec<&str> = line.collect();
    let done = chrysalis(program(), &folder.path().join("chrysalis.toml"), &line, &[], "");
    assert_eq!(done.code, 0, "{done:?}");
    let set_up = begun.elapsed();
    let server = Server::configured(program(), folder, messenger, http);
    let running = begun.elapsed();
    walk(&url(&server), &["first"], &[]);
    let signed_up = begun.elapsed();
    let mut erin = Messenger::online(&server, ERIN, Dialect::Msnp12).await;
    let mut talk = erin.call(ECHO).await;
    talk.joined(ECHO).await;
    talk.tell(text("hello from 2005")).await;
    assert_eq!(talk.hear_text(ECHO).await, "hello from 2005");
    println!(
        "set up {set_up:.1?}, running after {running:.1?}, signed up in the browser after {signed_up:.1?}, answered after {:.1?}",
        begun.elapsed()
    );
}

/// Echo asks Carol into its room; Dave has her on his list and has written to her, who is signed out by then.
async fn something_waits(server: &Server) {
    let mut carol = Messenger::online(server, CAROL, Dialect::Msnp12).await;
    let mut echo = carol.call(ECHO).await;
    echo.joined(ECHO).await;
    echo.tell(text("invite")).await;
    assert_eq!(echo.hear_text(ECHO).await, "Do you come into our room?");
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
    let mut dave = Messenger::online(server, DAVE, Dialect::Msnp12).await;
    dave.add(CAROL).await;
    let mut room = dave.call(CAROL).await;
    room.joined(CAROL).await;
    for words in ["Are you there?", "Call me."] {
        room.tell(text(words)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_do_everything_with_an_account_from_the_first_look_to_leaving() {
    let server = Server::start_with(program(), &[CAROL, DAVE, ERIN], NETWORKS);
    something_waits(&server).await;
    walk(&url(&server), &["life"], &[]);
}

/// Dave's link to the club has stopped, and two messages of his to Iris, who speaks in a room of five only, were given up.
async fn something_is_broken(server: &Server) {
    let gone = ["link", "add", DAVE, "club", "--token-stdin", "--answer", "circle=Loop"];
    let linked = server.command(&gone, "loop-gone-sesame\n");
    assert_eq!(linked.code, 0, "{linked:?}");
    let mut dave = Messenger::online(server, DAVE, Dialect::Msnp12).await;
    let mut service = dave.call(SERVICE).await;
    service.joined(SERVICE).await;
    service.tell(text("search iris")).await;
    // That the link has stopped is told there too.
    while !service.hear_text(SERVICE).await.contains(IRIS) {}
    let mut room = dave.call(IRIS).await;
    room.joined(IRIS).await;
    for _ in 0..2 {
        room.tell(text("are you there?")).await;
        let told = room.hear_text(IRIS).await;
        assert!(told.starts_with("(not delivered"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_of_those_who_run_the_server_see_and_mend_accounts() {
    let many: Vec<String> = (1..=12).map(|number| format!("friend{number}@msn.example")).collect();
    let accounts: Vec<&str> = [CAROL, DAVE].into_iter().chain(many.iter().map(String::as_str)).collect();
    let keys = format!("{NETWORKS}[accounts]\nsign_up = \"invite\"\nadmins = [\"{CAROL}\"]\n[limits]\ngroups = 1\n");
    let server = Server::start_with(program(), &accounts, &keys);
    something_is_broken(&server).await;
    walk(&url(&server), &["admin"], &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_that_messenger_opens_show_what_waits_and_do_nothing_else() {
    let server = Server::start_with(program(), &[CAROL, DAVE], NETWORKS);
    something_waits(&server).await;
    let late = ["link", "add", CAROL, "club", "--way", "word", "--name", "late", "--word-stdin"];
    let linked = server.command(&late, "open-sesame\n");
    assert_eq!(linked.code, 0, "{linked:?}");
    let ticket = ticket(server.web(), CAROL).await;
    let mut carol = Messenger::sign_in(&server, CAROL, Dialect::Msnp12).await;
    walk(&url(&server), &["messenger", "waiting"], &[("CHRYSALIS_TICKET", &ticket)]);
    carol.list().await;
    carol.status("NLN").await;
    carol.personal_message("Gone fishing").await;
    walk(&url(&server), &["messenger", "signed-in"], &[("CHRYSALIS_TICKET", &ticket)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_do_nothing_for_other_sites_and_are_signed_out_when_their_time_is_over() {
    let server = Server::start_with(program(), &[CAROL], NETWORKS);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("cookies.json");
    let state = [("CHRYSALIS_STATE", state.to_str().unwrap())];
    walk(&url(&server), &["strangers"], &state);
    server.make_browsers_older(8).await;
    walk(&url(&server), &["strangers", "expired"], &state);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_link_own_matrix_accounts_and_compare_emoji_with_another_session() {
    let homeserver = Homeserver::start(program()).await;
    let server = Server::start_with(program(), &[CAROL], &homeserver.section());
    homeserver.user("carol");
    let phone = homeserver.client("carol").await;
    let (folder, address) = (tempfile::tempdir().unwrap(), url(&server));
    let shown = folder.path().join("shown");
    let file = shown.clone();
    let mut walking = tokio::task::spawn_blocking(move || {
        let environment = [
            ("CHRYSALIS_USER", "@carol:example.org"),
            ("CHRYSALIS_USER_PASSWORD", Homeserver::PASSWORD),
            ("CHRYSALIS_EMOJI", file.to_str().unwrap()),
        ];
        walk(&address, &["verification"], &environment);
    });
    let comparing = async {
        let emoji = phone.accept_verification().await;
        emoji.confirm().await;
        emoji.until_done().await;
        emoji.names
    };
    // Whichever ends badly ends the test.
    let names = tokio::select! {
        names = comparing => names,
        ended = &mut walking => panic!("nothing was compared: {ended:?}"),
    };
    walking.await.unwrap();
    let shown = std::fs::read_to_string(shown).unwrap().to_lowercase();
    assert!(names.iter().all(|name| shown.contains(&name.to_lowercase())), "{names:?} in {shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_link_matrix_on_the_page_of_the_homeserver_and_discord_on_the_page_that_messenger_was_given() {
    let homeserver = Homeserver::start_with_logins(program()).await;
    let double = Double::start().await;
    let (bot, ..) = discord::tea(&double);
    let networks = format!("{}{}", homeserver.section(), discord::section(&double, ""));
    let server = Server::start_with(program(), &[CAROL], &networks);
    homeserver.user("carol");
    let phone = homeserver.client("carol").await;
    let key = phone.make_recovery_key().await;
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    let mut service = carol.call(SERVICE).await;
    service.joined(SERVICE).await;
    let page = format!("{}{}", url(&server), linking::page(&mut service, "link discord", &server).await);
    let environment = [
        ("CHRYSALIS_PAGE", page.as_str()),
        ("CHRYSALIS_RECOVERY_KEY", key.as_str()),
        ("CHRYSALIS_BOT_TOKEN", bot.token()),
    ];
    walk(&url(&server), &["linking"], &environment);
    for secret in [key.as_str(), bot.token()] {
        assert!(!server.log().contains(secret), "a secret stands in the log");
    }
    drop(server);
    double.finish();
}
