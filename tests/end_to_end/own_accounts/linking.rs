//! The other ways to link: on a page of ours, on one of the homeserver's, and by a number said to the bot.

use chrysalis_test_harness::{Answered, Homeserver, MatrixUser, Messenger, Room, get, post};
use msnp::dialect::Dialect;
use reqwest::Url;
use serde_json::{Value, json};

use super::{CAROLS_ID, SERVICE, Setup, asks, direct_chat, no_token_is_readable, until_listed, user, window};
use crate::{
    matrix::{ALICE, CAROL},
    program,
};

const BOT: &str = "@msnbot:example.org";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// Asks the server's own contact for a page; gives the path of it.
async fn page(setup: &Setup, service: &mut Room) -> String {
    let told = asks(service, "link matrix").await;
    let address = told.split_whitespace().find(|word| word.starts_with("http://")).unwrap_or_else(|| panic!("{told}"));
    let address = Url::parse(address.trim_end_matches(['.', ',', ';'])).unwrap();
    assert_eq!(address.port(), Some(setup.server.web().port()), "{told}");
    address.path().to_owned()
}

/// Posts a form, as a browser does.
async fn send(setup: &Setup, path: &str, fields: &[(&str, &str)]) -> Answered {
    let mut form = Url::parse("http://form").unwrap();
    form.query_pairs_mut().extend_pairs(fields);
    post(setup.server.web(), path, FORM, form.query().unwrap()).await
}

/// Where a browser is sent.
fn onward(answered: &Answered) -> String {
    assert_eq!(answered.status, 303, "{answered:?}");
    answered.header("Location").unwrap().to_owned()
}

#[tokio::test]
async fn own_accounts_are_linked_on_the_page_by_a_password() {
    let setup = Setup::start(&[CAROL]).await;
    setup.homeserver.user("carol");
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut service = window(&mut carol, SERVICE).await;
    let path = page(&setup, &mut service).await;
    let shown = get(setup.server.web(), &path, "").await;
    assert!(shown.status == 200 && shown.body.contains("answer-password"), "{shown:?}");

    let refused =
        send(&setup, &path, &[("way", "password"), ("answer-user", CAROLS_ID), ("answer-password", "wrong")]).await;
    assert!(refused.body.contains("role=\"alert\"") && !refused.body.contains("wrong"), "{refused:?}");
    assert_eq!(setup.links(), json!([]));
    let fields = [("way", "password"), ("answer-user", CAROLS_ID), ("answer-password", Homeserver::PASSWORD)];
    let back = onward(&send(&setup, &path, &fields).await);
    assert!(back.ends_with(&path), "{back}");
    let shown = get(setup.server.web(), &path, "").await;
    assert!(shown.body.contains(CAROLS_ID) && shown.body.contains("it works"), "{shown:?}");
    // It links once; what can be done with the link is offered.
    assert!(!shown.body.contains("answer-password") && shown.body.contains("answer-key"), "{shown:?}");
    let again = send(&setup, &path, &fields).await;
    assert_ne!(again.status, 303, "{again:?}");
    assert_eq!(setup.links()[0]["state"], "connected");
    assert!(!setup.server.log().contains(&path) && !setup.server.log().contains(Homeserver::PASSWORD));
    assert_eq!(get(setup.server.web(), "/link/nobody-was-given-this", "").await.status, 404);
}

#[tokio::test]
async fn own_accounts_are_linked_through_the_page_of_the_homeserver() {
    let setup = Setup::of(Homeserver::start_with_logins(program()).await, &[CAROL], "");
    setup.homeserver.user("carol");
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut service = window(&mut carol, SERVICE).await;
    let path = page(&setup, &mut service).await;
    let sent = send(&setup, &path, &[("way", "sso"), ("answer-server", "example.org")]).await;
    let homeserver = onward(&sent);
    let away =
        sent.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).expect("the browser is known again");
    let away = format!("Cookie: {away}\r\n");
    let back = Url::parse(&setup.homeserver.login().sign_in(&homeserver, "carol").await).unwrap();
    assert_eq!((back.port(), back.path()), (Some(setup.server.web().port()), &*format!("{path}/back")));
    let target = format!("{}?{}", back.path(), back.query().unwrap());
    // Another browser than the one that was sent there, as if the address had been handed on.
    assert_eq!(get(setup.server.web(), &target, "").await.status, 403);
    let answered = get(setup.server.web(), &target, &away).await;
    assert!(onward(&answered).ends_with(&path), "{answered:?}");
    let shown = get(setup.server.web(), &path, "").await;
    assert!(shown.body.contains(CAROLS_ID) && shown.body.contains("it works"), "{shown:?}");
    assert_eq!(setup.links()[0]["identity"], CAROLS_ID);
    // What came back is of use once, and stands in no log.
    let token = back.query_pairs().find(|(key, _)| key == "loginToken").expect("the answer").1.into_owned();
    assert!(!setup.server.log().contains(&token));
    assert_ne!(get(setup.server.web(), &target, &away).await.status, 303);
}

#[tokio::test]
async fn own_accounts_are_linked_by_a_number_that_is_said_to_the_bot() {
    let setup = Setup::of(Homeserver::start_with_logins(program()).await, &[CAROL], "");
    let (mut alice, mut phone) = (user(&setup, "alice", "Alice L.").await, user(&setup, "carol", "Carol").await);
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut service = window(&mut carol, SERVICE).await;
    let told = asks(&mut service, &format!("link matrix code {CAROLS_ID}")).await;
    let (_, rest) = told.split_once('`').unwrap_or_else(|| panic!("{told}"));
    let (command, _) = rest.split_once('`').unwrap_or_else(|| panic!("{told}"));
    assert!(command.starts_with("link ") && told.contains(BOT) && told.contains(CAROLS_ID), "{told}");
    assert_eq!(setup.links()[0]["state"], "waiting");

    // Whoever else says it, is nobody.
    for (person, answer) in [(&mut alice, "Nobody on Messenger waits for that number"), (&mut phone, CAROL)] {
        let room = person.invite(BOT).await;
        let answers = async |person: &mut MatrixUser, words: &str| {
            let is_wanted = |event: &Value| {
                event["sender"] == BOT && event["content"]["body"].as_str().is_some_and(|body| body.contains(words))
            };
            person.until_event(&room, words, is_wanted).await;
        };
        answers(person, "say `help`").await;
        person.say(&room, command).await;
        answers(person, answer).await;
    }
    assert!(service.hear_text(SERVICE).await.contains(&format!("You are linked to matrix as {CAROLS_ID}")));
    assert_eq!(setup.links()[0]["state"], "connected");
    let direct = direct_chat(&alice, &phone).await;
    until_listed(&mut carol, &[ALICE]).await;
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(chrysalis_test_harness::text("by a number")).await;
    alice.until_said(&direct, CAROLS_ID, "by a number").await;
    no_token_is_readable(&setup.server);
}

#[tokio::test]
async fn own_accounts_are_linked_by_words_to_the_contact_and_by_a_token() {
    let setup = Setup::start(&[CAROL]).await;
    let phone = setup.homeserver.user("carol");
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut service = window(&mut carol, SERVICE).await;
    let refused = asks(&mut service, &format!("link matrix {CAROLS_ID} wrong")).await;
    assert!(refused.contains("password") && setup.links() == json!([]), "{refused}");
    let token = phone.token();
    for words in [format!("{CAROLS_ID} {}", Homeserver::PASSWORD), format!("{CAROLS_ID} token {token}")] {
        let told = asks(&mut service, &format!("link matrix {words}")).await;
        assert!(told.starts_with("You are linked to matrix") && told.contains(CAROLS_ID), "{told}");
        let unlinked = setup.server.command(&["link", "remove", CAROL, "matrix"], "");
        assert_eq!((unlinked.code, setup.links()), (0, json!([])), "{unlinked:?}");
    }

    // By the command line as well; the session of that token was signed out with its link.
    let token = setup.homeserver.user("carol").token().to_owned();
    let arguments = ["link", "add", CAROL, "matrix", "--user", CAROLS_ID, "--token-stdin"];
    let linked = setup.server.command(&arguments, &format!("{token}\n"));
    assert!(linked.code == 0 && linked.out.contains(CAROLS_ID), "{linked:?}");
    for secret in [token.as_str(), Homeserver::PASSWORD] {
        assert!(!setup.server.log().contains(secret), "a secret stands in the log");
    }
    no_token_is_readable(&setup.server);
}

#[tokio::test]
async fn own_accounts_are_no_more_than_the_configuration_allows() {
    const DAVE: &str = "dave@msn.example";
    let keys = "\n[networks.matrix.linked]\nmost_links = 1\n";
    let setup = Setup::of(Homeserver::start(program()).await, &[CAROL, DAVE], keys);
    setup.homeserver.user("carol");
    setup.homeserver.user("alice");
    setup.link();
    let refused = setup.try_link(DAVE, "@alice:example.org", Homeserver::PASSWORD);
    assert!(refused.code == 1 && refused.complaint.contains("linked.most_links"), "{refused:?}");
    setup.server.until_logged("limit=\"bridge_links\"", 1).await;
    // Whoever is linked may be so anew, and whoever leaves makes room.
    setup.link();
    assert_eq!(setup.server.command(&["link", "remove", CAROL, "matrix"], "").code, 0);
    let linked = setup.try_link(DAVE, "@alice:example.org", Homeserver::PASSWORD);
    assert_eq!(linked.code, 0, "{linked:?}");
}
