//! Accounts, and who is signed in to them: what is done there is seen by Messenger at once.

use std::time::Instant;

use chrysalis_test_harness::{DEADLINE, Messenger, PASSWORD, by_header};
use msnp::{dialect::Dialect, notification::server::ServerCommand};
use serde_json::{Value, json};

use super::{Managed, fill_in};
use crate::{ALICE, BOB, CAROL};

/// Waits until the server has closed a client's connection, and says whether it said good-bye.
async fn is_sent_away(client: &mut Messenger) -> bool {
    matches!(client.rest().await.pop(), Some(ServerCommand::Out(_)))
}

#[tokio::test]
async fn an_account_that_is_made_signs_in_and_one_that_is_removed_is_signed_out() {
    let managed = Managed::start(&[ALICE], "");
    let wanted = json!({ "address": BOB, "name": "Bob", "password": PASSWORD });
    let body = wanted.to_string();
    let answered = managed.answered(("POST", "/v1/accounts"), Some(&body)).await;
    assert_eq!((answered.status, answered.header("location")), (201, Some("/v1/accounts/bob@example.com")));
    let mut bob = Messenger::online(&managed.server, BOB, Dialect::Msnp12).await;
    let shown = managed.get("/v1/accounts/bob@example.com").await;
    assert_eq!((&shown["name"], &shown["signed_in"], &shown["unread"]), (&json!("Bob"), &json!(true), &json!(0)));
    assert!(shown["created"].as_str().unwrap().ends_with('Z'), "{shown}");

    let (status, kind, detail) = managed.refused("POST", "/v1/accounts", wanted).await;
    assert_eq!((status, kind.as_str()), (409, "exists"), "{detail}");
    assert!(detail.contains("PUT /v1/accounts/bob@example.com/password"), "{detail}");
    for (address, password, words) in [
        ("eve@example.com", "short", "too short"),
        ("eve@example.com", "eve@example.com", "is your address"),
        ("eve", "long enough", "is not an address"),
        ("eve@loopback.msn.example", "long enough", "reserved"),
    ] {
        let (status, kind, detail) =
            managed.refused("POST", "/v1/accounts", json!({ "address": address, "password": password })).await;
        assert_eq!((status, kind.as_str()), (422, "unfit"), "{address} {password}: {detail}");
        assert!(detail.contains(words) && !detail.contains("long enough"), "{detail}");
    }

    // What stands in an address may mean something else in a path.
    let odd = json!({ "address": "who/a?b#c@example.com", "password": "long enough" }).to_string();
    let answered = managed.answered(("POST", "/v1/accounts"), Some(&odd)).await;
    let place = answered.header("location").unwrap();
    assert_eq!(place, "/v1/accounts/who%2Fa%3Fb%23c@example.com");
    assert_eq!(managed.get(place).await["address"], "who/a?b#c@example.com");
    managed.done("DELETE", place, Value::Null).await;

    managed.done("DELETE", "/v1/accounts/bob@example.com", Value::Null).await;
    assert!(is_sent_away(&mut bob).await);
    assert_eq!(by_header(managed.server.web(), BOB, PASSWORD).await, None, "he cannot come back");
    let (status, kind, _) = managed.refused("DELETE", "/v1/accounts/bob@example.com", Value::Null).await;
    assert_eq!((status, kind.as_str()), (404, "no-account"));
    let log = managed.server.log();
    assert!(log.contains("the management API was told to do something") && !log.contains(PASSWORD), "{log}");
}

#[tokio::test]
async fn accounts_are_listed_page_by_page_and_looked_for() {
    let managed = Managed::start(&[CAROL, ALICE, BOB], "");
    let addresses = |page: &Value| {
        let accounts = page["accounts"].as_array().unwrap().iter();
        accounts.map(|account| account["address"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = managed.get("/v1/accounts?limit=2").await;
    assert_eq!(
        (addresses(&first), &first["count"], &first["next"]),
        (vec![ALICE.to_owned(), BOB.to_owned()], &json!(3), &json!(BOB))
    );
    let second = managed.get("/v1/accounts?limit=2&after=bob@example.com").await;
    assert_eq!((addresses(&second), &second["next"]), (vec![CAROL.to_owned()], &Value::Null));
    let found = managed.get("/v1/accounts?search=CAR").await;
    assert_eq!((addresses(&found), &found["count"]), (vec![CAROL.to_owned()], &json!(1)));
    assert_eq!(managed.get("/v1/accounts?search=nobody").await["count"], 0);
    let listed = managed.server.command(&["account", "list", "--json"], "");
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 3, "the command line sees the same");
}

#[tokio::test]
async fn another_name_is_seen_and_another_password_signs_everybody_out() {
    let managed = Managed::start(&[ALICE, BOB], "");
    let mut alice = Messenger::online(&managed.server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&managed.server, BOB, Dialect::Msnp12).await;
    alice.add(BOB).await;
    bob.add(ALICE).await;
    let path = "/v1/accounts/alice@example.com";
    let renamed = managed.done("PATCH", path, json!({ "name": "Alice the second" })).await;
    assert_eq!(renamed["name"], "Alice the second");
    bob.find("her new name", |told| match told {
        ServerCommand::Nln { presence } => {
            (presence.passport == ALICE && presence.name == "Alice the second").then_some(())
        }
        _ => None,
    })
    .await;
    let long = json!({ "name": "x".repeat(130) });
    let (status, kind, detail) = managed.refused("PATCH", path, long).await;
    assert_eq!((status, kind.as_str()), (422, "unfit"), "{detail}");
    assert!(detail.contains("129 bytes"), "{detail}");
    let (status, ..) = managed.refused("PATCH", "/v1/accounts/eve@example.com", json!({ "name": "Eve" })).await;
    assert_eq!(status, 404);

    let password = format!("{path}/password");
    sign_in_by_browser(&managed, "One").await;
    managed.done("PUT", &password, json!({ "password": "battery staple" })).await;
    assert!(is_sent_away(&mut alice).await);
    assert_eq!(by_header(managed.server.web(), ALICE, PASSWORD).await, None);
    assert!(by_header(managed.server.web(), ALICE, "battery staple").await.is_some());
    assert_eq!(managed.get(&format!("{path}/sessions")).await["browsers"], json!([]));
    let (_, kind, _) = managed.refused("PUT", &password, json!({ "password": "1234567" })).await;
    assert_eq!(kind, "unfit");
}

#[tokio::test]
async fn who_is_signed_in_is_shown_and_signed_out() {
    let managed = Managed::start(&[ALICE], "");
    let sessions = "/v1/accounts/alice@example.com/sessions";
    let nobody = managed.get(sessions).await;
    assert_eq!(nobody, json!({ "messenger": null, "browsers": [] }));
    let mut alice = Messenger::online(&managed.server, ALICE, Dialect::Msnp12).await;
    sign_in_by_browser(&managed, "One").await;
    sign_in_by_browser(&managed, "Two").await;
    let shown = managed.get(sessions).await;
    assert_eq!((&shown["messenger"]["protocol"], &shown["messenger"]["from"]), (&json!("MSNP12"), &json!("127.0.0.1")));
    let agents = |shown: &Value| {
        let browsers = shown["browsers"].as_array().unwrap().iter();
        let mut agents: Vec<String> = browsers.map(|browser| browser["agent"].as_str().unwrap().to_owned()).collect();
        agents.sort();
        agents
    };
    assert_eq!(agents(&shown), ["One", "Two"]);
    let one = shown["browsers"].as_array().unwrap().iter().find(|browser| browser["agent"] == "One").unwrap();
    let one = format!("{sessions}/browsers/{}", one["id"].as_str().unwrap());
    managed.done("DELETE", &one, Value::Null).await;
    let (status, kind, _) = managed.refused("DELETE", &one, Value::Null).await;
    assert_eq!((status, kind.as_str()), (404, "no-session"));
    assert_eq!(agents(&managed.get(sessions).await), ["Two"]);

    managed.done("DELETE", &format!("{sessions}/messenger"), Value::Null).await;
    assert!(is_sent_away(&mut alice).await);
    let mut alice = Messenger::online(&managed.server, ALICE, Dialect::Msnp12).await;
    managed.done("DELETE", sessions, Value::Null).await;
    assert!(is_sent_away(&mut alice).await);
    let began = Instant::now();
    // The account notes a moment later that its client has gone.
    while managed.get(sessions).await != nobody {
        assert!(began.elapsed() < DEADLINE, "somebody is signed in still");
        tokio::time::sleep(crate::operations::AGAIN).await;
    }
}

/// Signs a browser in to Alice's account.
async fn sign_in_by_browser(managed: &Managed, agent: &str) {
    let form = "address=alice%40example.com&password=pass%2Cword+1%25";
    let answered = fill_in(managed.server.web(), "/sign-in", agent, form).await;
    assert_eq!(answered.status, 303, "{answered:?}");
}
