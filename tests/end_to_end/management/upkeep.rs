//! The server itself: how it is, codes, announcements, the configuration, backups.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrysalis_test_harness::Messenger;
use msnp::{dialect::Dialect, notification::server::ServerCommand};
use serde_json::{Value, json};

use super::{Managed, fill_in};
use crate::{ALICE, BOB};

#[tokio::test]
async fn the_server_says_how_it_is_and_what_went_wrong() {
    let managed = Managed::start(&[ALICE, BOB], "[limits]\ncontacts = 41\n");
    let _alice = Messenger::online(&managed.server, ALICE, Dialect::Msnp12).await;
    let server = managed.get("/v1/server").await;
    for (key, wanted) in [
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("domain", json!("msn.example")),
        ("ready", json!(true)),
        ("store_fault", Value::Null),
        ("listeners_gone", json!([])),
        ("networks_away", json!([])),
        ("accounts", json!(2)),
        ("awake", json!(1)),
        ("sign_up", json!("closed")),
    ] {
        assert_eq!(server[key], wanted, "{key} in {server}");
    }
    assert!(server["uptime_seconds"].as_u64().unwrap() < 3600, "{server}");
    let limits = managed.get("/v1/limits").await;
    assert_eq!((&limits["contacts"], &limits["groups"]), (&json!(41), &json!(30)));
    assert_eq!(managed.done("POST", "/v1/check", Value::Null).await, json!({ "faults": [] }));
    let checked = managed.server.command(&["check", "--json"], "");
    assert_eq!((checked.code, checked.out.as_str()), (0, "{\"faults\":[]}\n"), "{checked:?}");
    let faults = managed.get("/v1/faults").await;
    assert!(faults.is_array(), "{faults}");
}

#[tokio::test]
async fn an_announcement_arrives() {
    let managed = Managed::start(&[ALICE], "");
    let mut alice = Messenger::online(&managed.server, ALICE, Dialect::Msnp12).await;
    managed.done("POST", "/v1/announcements", json!({ "kind": "maintenance", "minutes": 5 })).await;
    let body = "MIME-Version: 1.0\r\nContent-Type: application/x-msmsgssystemmessage\r\n\r\nType: 1\r\nArg1: 5\r\n";
    let said = ServerCommand::Message { payload: body.into() };
    alice.find("the announcement", |told| (*told == said).then_some(())).await;
    managed.done("POST", "/v1/announcements", json!({ "kind": "notice", "text": "Tea & cake" })).await;
    let told = alice.find("the notice", |told| match told {
        ServerCommand::Not { payload } => Some(String::from_utf8(payload.to_vec()).unwrap()),
        _ => None,
    });
    assert!(told.await.contains("<TEXT>Tea &amp; cake</TEXT>"));
    for body in [
        json!({ "kind": "notice", "text": " " }),
        json!({ "kind": "notice", "text": "two\nlines" }),
        json!({ "kind": "notice", "text": "x".repeat(401) }),
        json!({ "kind": "rumour", "text": "x" }),
        json!({ "kind": "maintenance", "minutes": -1 }),
    ] {
        let (status, kind, detail) = managed.refused("POST", "/v1/announcements", body).await;
        assert_eq!((status, kind.as_str()), (422, "unfit"), "{detail}");
    }
}

#[tokio::test]
async fn an_invite_code_is_made_used_and_taken_back() {
    let managed = Managed::start(&[ALICE], "[accounts]\nsign_up = \"invite\"\n");
    let made = managed.done("POST", "/v1/invites", json!({ "note": "for Bob", "uses": 2 })).await;
    let (code, id) = (made["code"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert_eq!((code.len(), &made["remaining"], &made["maker"]), (23, &json!(2), &json!("chrysalis@msn.example")));
    let listed = managed.get("/v1/invites").await;
    assert_eq!((&listed[0]["id"], &listed[0]["note"]), (&json!(id), &json!("for Bob")));
    assert!(!listed.to_string().contains(code), "it is told only once: {listed}");
    assert!(sign_up(&managed, "bob", code).await, "it is good");
    assert_eq!(managed.get("/v1/invites").await[0]["remaining"], 1);
    let _bob_is_there = managed.get("/v1/accounts/bob@msn.example").await;

    managed.done("DELETE", &format!("/v1/invites/{id}"), Value::Null).await;
    assert!(!sign_up(&managed, "eve", code).await, "it is good no more");
    let (status, kind, _) = managed.refused("DELETE", &format!("/v1/invites/{id}"), Value::Null).await;
    assert_eq!((status, kind.as_str()), (404, "no-invite"));
    for body in [json!({ "uses": 0 }), json!({ "uses": 101 }), json!({ "days": 366 })] {
        let (status, kind, detail) = managed.refused("POST", "/v1/invites", body).await;
        assert_eq!((status, kind.as_str()), (422, "unfit"), "{detail}");
    }
    assert!(!managed.server.log().contains(code), "the log has the code");
}

/// Whether an account can be made by the code on the page for that.
async fn sign_up(managed: &Managed, name: &str, code: &str) -> bool {
    let form = format!("address={name}&name=&password=correct+horse&again=correct+horse&invite={code}");
    let answered = fill_in(managed.server.web(), "/sign-up", "Browser 1.0", &form).await;
    answered.status == 303
}

#[tokio::test]
async fn the_configuration_is_read_again_and_says_what_holds() {
    let managed = Managed::start(&[ALICE], "[limits]\ncontacts = 41\n");
    let written = std::fs::read_to_string(managed.server.config()).unwrap();
    let nothing = managed.done("POST", "/v1/reload", Value::Null).await;
    assert_eq!(nothing, json!({ "changed": [], "waiting": [] }));
    let other = written
        .replace("contacts = 41", "contacts = 42\ngateway_idle_seconds = 61")
        .replace("[management]\n", "[management]\nbackup_directory = \"elsewhere\"\n");
    std::fs::write(managed.server.config(), other).unwrap();
    let reloaded = managed.done("POST", "/v1/reload", Value::Null).await;
    let waiting = json!(["limits.gateway_idle_seconds", "management.backup_directory"]);
    assert_eq!(reloaded, json!({ "changed": ["limits.contacts"], "waiting": waiting }));
    let limits = managed.get("/v1/limits").await;
    assert_eq!((&limits["contacts"], &limits["gateway_idle_seconds"]), (&json!(42), &json!(60)), "as they hold now");
    std::fs::write(managed.server.config(), written.replace("contacts = 41", "contacts = \"many\"")).unwrap();
    let (status, kind, detail) = managed.refused("POST", "/v1/reload", Value::Null).await;
    assert_eq!((status, kind.as_str()), (422, "refused"));
    assert!(detail.contains("limits.contacts: invalid type"), "{detail}");
    assert_eq!(managed.get("/v1/limits").await["contacts"], 42, "nothing was changed");
}

#[tokio::test]
async fn a_backup_is_written_beside_the_running_server_and_can_be_restored() {
    let mut managed = Managed::start(&[ALICE], "");
    let made = managed.done("POST", "/v1/backups", json!({ "name": "before.tar" })).await;
    let file = managed.server.data().join("backups").join("before.tar");
    assert_eq!(made["file"], file.display().to_string());
    let metadata = std::fs::metadata(&file).unwrap();
    assert_eq!((made["bytes"].as_u64(), metadata.permissions().mode() & 0o777), (Some(metadata.len()), 0o600));
    let folder = std::fs::metadata(file.parent().unwrap()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    let (status, kind, detail) = managed.refused("POST", "/v1/backups", json!({ "name": "before.tar" })).await;
    assert_eq!((status, kind.as_str()), (409, "exists"));
    assert!(detail.contains("is there already"), "{detail}");
    for name in ["../before.tar", "/tmp/before.tar", ".hidden", ""] {
        let (_, kind, _) = managed.refused("POST", "/v1/backups", json!({ "name": name })).await;
        assert_eq!(kind, "unfit", "{name:?}");
    }
    let usual = managed.done("POST", "/v1/backups", json!({})).await;
    let usual = usual["file"].as_str().unwrap().to_owned();
    assert!(usual.contains("/backups/chrysalis-2") && usual.ends_with("Z.tar"), "{usual}");
    managed.done("DELETE", "/v1/accounts/alice@example.com", Value::Null).await;
    assert!(managed.server.stop().success());
    let restored = managed.server.command(&["restore", &file.display().to_string(), "--replace"], "");
    assert_eq!(restored.code, 0, "{restored:?}");
    let listed = managed.server.command(&["account", "list", "--json"], "");
    assert!(listed.out.contains(ALICE), "{listed:?}");
    assert!(file.exists() && Path::new(&usual).exists(), "backups stay where they are");
}
