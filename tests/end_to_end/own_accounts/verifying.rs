//! Emoji are compared with another session of the account.

use chrysalis_test_harness::{Emoji, Messenger, text};
use msnp::dialect::Dialect;
use reqwest::Method;
use serde_json::{Value, json};

use super::{SERVICE, Setup, asks, window};
use crate::matrix::CAROL;

/// Her linked device, once there is one beside these.
async fn linked(setup: &Setup, before: &[String]) -> String {
    setup.link();
    let phone = setup.homeserver.user("carol");
    // Looking costs a device as well.
    let mut devices = setup.devices(&phone, before).await;
    let named = phone.call(Method::GET, "devices", Value::Null).await;
    let is_ours = |id: &String| {
        named["devices"].as_array().unwrap().iter().any(|device| {
            device["device_id"] == **id
                && device["display_name"].as_str().is_some_and(|name| name.contains("Chrysalis"))
        })
    };
    devices.retain(is_ours);
    assert_eq!(devices.len(), 1, "{named:#}");
    devices.remove(0)
}

fn names_all(line: &str, emoji: &Emoji) -> bool {
    let line = line.to_lowercase();
    emoji.names.iter().all(|name| line.contains(&name.to_lowercase()))
}

#[tokio::test]
async fn own_accounts_are_verified_by_emoji() {
    let setup = Setup::start(&[CAROL]).await;
    setup.homeserver.user("carol");
    let phone = setup.homeserver.client("carol").await;
    let device = linked(&setup, &[phone.device()]).await;
    assert!(!phone.is_signed(&device).await);
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut service = window(&mut carol, SERVICE).await;

    // She asks; the phone agrees; both show the same.
    service.tell(text("matrix verify")).await;
    let emoji = phone.accept_verification().await;
    loop {
        let line = service.hear_text(SERVICE).await;
        if names_all(&line, &emoji) {
            break;
        }
    }
    assert!(names_all(&asks(&mut service, "matrix").await, &emoji));
    emoji.confirm().await;
    service.tell(text("matrix verify-yes")).await;
    emoji.until_done().await;
    phone.until_signed(&device).await;
    let links = loop {
        let links = setup.links();
        if links[0]["notes"] == json!([]) {
            break links;
        }
        phone.synced().await;
    };
    assert_eq!(links[0]["state"], "connected");
}

#[tokio::test]
async fn own_accounts_are_asked_for_verification_by_another_session() {
    let setup = Setup::start(&[CAROL]).await;
    setup.homeserver.user("carol");
    let phone = setup.homeserver.client("carol").await;
    let device = linked(&setup, &[phone.device()]).await;
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let asking = phone.ask_for_verification();
    let agreeing = async {
        let mut service = carol.answer(SERVICE).await;
        while !service.hear_text(SERVICE).await.contains("verify") {}
        service.tell(text("matrix verify")).await;
        service
    };
    let (emoji, mut service) = tokio::join!(asking, agreeing);
    while !names_all(&service.hear_text(SERVICE).await, &emoji) {}
    emoji.confirm().await;
    service.tell(text("matrix verify-yes")).await;
    emoji.until_done().await;
    phone.until_signed(&device).await;
}
