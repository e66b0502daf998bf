use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    http::{StatusCode, Uri},
};
use bridge::conformance::FakeHost;
use matrix_sdk_crypto::{EncryptionSettings, OlmMachine};
use ruma::{device_id, room_id, user_id};
use serde_json::json;

use super::*;
use crate::{
    configuration::{
        Configuration,
        tests::{section, values},
    },
    homeserver::Homeserver,
    message::{HEARD, ORDER, PART},
};

const GHOST: &str = "@msn_a:example.org";

fn ghost() -> &'static UserId {
    <&UserId>::try_from(GHOST).unwrap()
}

fn words(content: Value) -> Written {
    Written { kind: "m.room.message", content }
}

/// Encryption beside a homeserver that knows nothing but whether its rooms are encrypted.
async fn encryption(is_encrypted: &Arc<AtomicBool>) -> Encryption {
    let is_encrypted = Arc::clone(is_encrypted);
    let app = Router::new().fallback(move |uri: Uri| {
        let shows = uri.path().ends_with("m.room.encryption/") || uri.path().ends_with("m.room.encryption");
        let (status, answer) = if shows && is_encrypted.load(Ordering::SeqCst) {
            (StatusCode::OK, r#"{"algorithm":"m.megolm.v1.aes-sha2"}"#)
        } else {
            (StatusCode::NOT_FOUND, r#"{"errcode":"M_NOT_FOUND","error":"nothing"}"#)
        };
        async move { (status, answer) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut values = values();
    values["homeserver_url"] = json!(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let directory = tempfile::tempdir().unwrap();
    let configuration = Configuration::read(&section(values, directory.path())).unwrap();
    let homeserver = Arc::new(Homeserver::new(&configuration).unwrap());
    let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
    Encryption::load(&configuration, homeserver, host).await.unwrap()
}

#[test]
fn marks_and_relations_stand_in_clear_and_nothing_else() {
    let relation = json!({ "m.in_reply_to": { "event_id": "$e" } });
    let content = json!({ "msgtype": "m.text", "body": "secret", "formatted_body": "secret", "m.mentions": {},
        ORDER: "o1", PART: 1, HEARD: [GHOST], "m.relates_to": relation, "m.new_content": { "body": "secret" } });
    let beside = Value::Object(in_clear(&content).into_iter().collect());
    assert_eq!(beside, json!({ ORDER: "o1", PART: 1, HEARD: [GHOST], "m.relates_to": relation }));
}

#[test]
fn what_is_too_long_goes_without_its_formatting_or_not_at_all() {
    let short = json!({ "body": "x", "format": "f", "formatted_body": "y" });
    assert_eq!(fitting(short.clone(), 100), Some(short));
    let long = "x".repeat(60);
    let both =
        json!({ "body": long, "format": "f", "formatted_body": long, "m.new_content": { "formatted_body": long } });
    assert_eq!(fitting(both, 100), Some(json!({ "body": long, "m.new_content": {} })));
    assert_eq!(fitting(json!({ "body": "x".repeat(100) }), 100), None);
}

#[tokio::test]
async fn the_longest_content_just_fits_into_an_event() {
    let long = |length: usize| "x".repeat(length);
    let room = RoomId::parse(format!("!{}", long(254))).unwrap();
    let heard: Vec<String> = (0..20).map(|number| format!("@{number:0240}:example.org")).collect();
    let beside = in_clear(&json!({ HEARD: heard, ORDER: long(64), "m.relates_to": { "event_id": long(255) } }));
    let longest = longest_content(&room, "m.room.message", &beside);
    let body = long(longest - r#"{"body":""}"#.len());
    let content = fitting(json!({ "body": body }), longest).unwrap();

    let machine = OlmMachine::new(user_id!("@msn_a:example.org"), device_id!("CHRYSALISABCDEFGHIJ")).await;
    let nobody = || std::iter::empty::<&UserId>();
    machine.share_room_key(&room, nobody(), EncryptionSettings::default()).await.unwrap();
    let content = Raw::from_json(to_raw_value(&content).unwrap());
    let sealed = machine.encrypt_room_event_raw(&room, "m.room.message", &content).await.unwrap();
    let mut content = serde_json::to_value(sealed.content).unwrap();
    content.as_object_mut().unwrap().extend(beside);
    let (hash, signature) = (long(43), long(86));
    let event = json!({
        "type": "m.room.encrypted", "content": content, "room_id": room, "sender": format!("@{}", long(254)),
        "origin": long(230), "origin_server_ts": 9_999_999_999_999_u64, "depth": 9_999_999_999_u64,
        "prev_events": vec![long(44); 20], "auth_events": vec![long(44); 10], "hashes": { "sha256": hash },
        "signatures": { long(230): { format!("ed25519:{}", long(16)): signature } },
        "unsigned": { "age_ts": 9_999_999_999_999_u64 },
    });
    let length = event.to_string().len();
    assert!((LONGEST_EVENT - AROUND..=LONGEST_EVENT).contains(&length), "{length}");
}

#[tokio::test]
async fn nothing_is_said_in_clear_once_its_room_is_encrypted() {
    let is_encrypted = Arc::new(AtomicBool::new(false));
    let encryption = encryption(&is_encrypted).await;
    let room = room_id!("!r:example.org");
    let said = words(json!({ "msgtype": "m.text", "body": "hello" }));
    assert_eq!(encryption.seal(ghost(), room, said.clone()).await, Ok(said.clone()));
    // Nothing has told of it yet, and the ghost can have no device here.
    is_encrypted.store(true, Ordering::SeqCst);
    assert!(encryption.seal(ghost(), room, said.clone()).await.is_err());
    // It is for good, whatever the homeserver shows later.
    is_encrypted.store(false, Ordering::SeqCst);
    assert!(encryption.seal(ghost(), room, said).await.is_err());
}

#[tokio::test]
async fn a_file_that_stands_in_clear_is_not_spoken_of_in_secret() {
    let encryption = encryption(&Arc::new(AtomicBool::new(false))).await;
    let room = room_id!("!r:example.org");
    encryption.note_encrypted(room).await.unwrap();
    let file = words(json!({ "msgtype": "m.file", "body": "plans.txt", "url": "mxc://example.org/clear" }));
    let Err(failure) = encryption.seal(ghost(), room, file).await else { panic!("it was sent") };
    assert!(failure.is_passing() && failure.to_string().contains("on its way"), "{failure}");
}

#[tokio::test]
async fn who_cannot_be_asked_hears_nothing() {
    let mut values = values();
    values["homeserver_url"] = json!("http://127.0.0.1:1");
    let directory = tempfile::tempdir().unwrap();
    let configuration = Configuration::read(&section(values, directory.path())).unwrap();
    let homeserver = Arc::new(Homeserver::new(&configuration).unwrap());
    let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
    let encryption = Encryption::load(&configuration, homeserver, host).await.unwrap();
    let said = words(json!({ "msgtype": "m.text", "body": "hello" }));
    assert!(encryption.seal(ghost(), room_id!("!r:example.org"), said).await.is_err());
}
