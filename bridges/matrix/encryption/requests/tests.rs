use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::Router;
use bridge::conformance::FakeHost;
use ruma::user_id;
use serde_json::json;

use super::*;
use crate::{
    configuration::{
        Configuration,
        tests::{section, values},
    },
    encryption::{machines::Machines, records::Records},
};

/// Whose devices are more than one answer holds.
const MANY: &str = "@many:elsewhere.org";
const TOO_MUCH: usize = 17 * 1024 * 1024;

#[tokio::test]
async fn who_has_devices_without_number_keeps_nobody_from_speaking_to_others() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let app = Router::new().fallback(move |body: String| {
        count.fetch_add(1, Ordering::SeqCst);
        let query: Value = serde_json::from_str(&body).unwrap();
        let users = query["device_keys"].as_object().unwrap();
        let answer = if users.contains_key(MANY) {
            " ".repeat(TOO_MUCH)
        } else {
            let devices: serde_json::Map<_, _> = users.keys().map(|user| (user.clone(), json!({}))).collect();
            json!({ "device_keys": devices }).to_string()
        };
        async move { answer }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut values = values();
    values["homeserver_url"] = json!(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let directory = tempfile::tempdir().unwrap();
    let homeserver = Homeserver::new(&Configuration::read(&section(values, directory.path())).unwrap()).unwrap();
    let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
    let machines = Machines::load(Records::new(host)).await.unwrap();
    let machine = machines.make(user_id!("@msn_a:example.org")).await.unwrap();

    let others = (0..30).map(|number| UserId::parse(format!("@{number}:example.org")).unwrap());
    let mut users: BTreeMap<_, _> = others.map(|user| (user, Vec::new())).collect();
    assert_eq!(machine.devices_of(&homeserver, users.clone()).await.unwrap().device_keys.len(), 30);
    assert_eq!(asked.swap(0, Ordering::SeqCst), 1);
    users.insert(UserId::parse(MANY).unwrap(), Vec::new());
    let answer = machine.devices_of(&homeserver, users).await.unwrap();
    assert!(answer.device_keys.len() == 30 && !answer.device_keys.keys().any(|user| user == MANY));
    assert!(asked.load(Ordering::SeqCst) <= 11, "by halves");
}
