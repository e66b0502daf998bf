//! What is kept of passwords.

use std::net::IpAddr;
use std::sync::Arc;

use super::{core, passport};
use crate::{
    Administration, Browser, Limits, PasswordCost, Portal, PortalFault, RegistrationPolicy, Settings,
    authentication::{Refusal, hash_password},
    core::Core,
};

const RIGHT: &str = "correct horse";

/// These costs hold from now on, as after another configuration was read.
fn cost(core: &Arc<Core>, memory: u32) {
    let cost = PasswordCost::of(memory, 1, 1).unwrap();
    let limits = Limits { password_cost: cost, ..core.settings.limits.clone() };
    core.settings.replace(Settings { limits: limits.clone(), ..core.settings.clone() });
    core.authentication.limit(&limits);
}

#[tokio::test]
async fn a_password_is_hashed_anew_at_the_cost_that_holds_when_it_is_right() {
    let (core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    let carol = passport("carol@msn.example");
    let kept = async || core.store.password_hash(&carol).await.unwrap().unwrap();
    let from: IpAddr = "192.0.2.1".parse().unwrap();
    let prove = async |password: &str| {
        let proven = core.authentication.prove(&core.store, carol.as_str(), password, from).await?;
        assert_eq!(proven.hash, kept().await, "it is what is kept now");
        Ok(proven.owner)
    };

    cost(&core, 8);
    Administration::running(&core).add(carol.as_str(), None, RIGHT).await.unwrap();
    let first = kept().await;
    assert!(first.contains("$m=8,t=1,p=1$"), "{first}");
    assert_eq!(prove(RIGHT).await, Ok(carol.clone()));
    assert_eq!(kept().await, first, "it costs what it is to cost");

    cost(&core, 64);
    assert_eq!(prove("wrong").await, Err(Refusal::WrongCredentials));
    assert_eq!(kept().await, first, "only its owner shows what it is a hash of");
    assert_eq!(prove(RIGHT).await, Ok(carol.clone()));
    let renewed = kept().await;
    assert!(renewed.contains("$m=64,t=1,p=1$"), "{renewed}");
    assert_eq!(prove(RIGHT).await, Ok(carol.clone()));
    assert_eq!(kept().await, renewed);
    Administration::running(&core).set_password(carol.as_str(), "battery staple").await.unwrap();
    assert!(kept().await.contains("$m=64,t=1,p=1$"));
    assert_eq!(prove(RIGHT).await, Err(Refusal::WrongCredentials));
    assert_eq!(prove("battery staple").await, Ok(carol.clone()));
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_is_not_put_back() {
    let (core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    let carol = passport("carol@msn.example");
    let cheap = PasswordCost::of(8, 1, 1).unwrap();
    let [old, new, late] = [RIGHT, "battery staple", RIGHT].map(|password| hash_password(password, cheap));
    let (old, new, late) = (old.await.unwrap(), new.await.unwrap(), late.await.unwrap());
    assert!(core.store.add_account(&carol, "Carol", &old).await.unwrap());
    assert!(core.store.set_password(&carol, &new).await.unwrap());
    assert!(!core.store.renew_password(&carol, &old, &late).await.unwrap());
    assert_eq!(core.store.password_hash(&carol).await.unwrap(), Some(new));
}

#[tokio::test]
async fn whoever_proved_a_password_before_it_was_changed_is_signed_in_by_nothing() {
    let (core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    cost(&core, 8);
    let carol = passport("carol@msn.example");
    let administration = Administration::running(&core);
    administration.add(carol.as_str(), None, RIGHT).await.unwrap();
    let from: IpAddr = "192.0.2.1".parse().unwrap();
    let prove = async |password: &str| core.authentication.prove(&core.store, carol.as_str(), password, from).await;
    let (late, later) = (prove(RIGHT).await.unwrap(), prove(RIGHT).await.unwrap());
    core.authentication.ticket_for(&core.store, &late).await.unwrap();

    let changed = administration.change_password(later, "battery staple").await.unwrap();
    assert_eq!(core.authentication.ticket_for(&core.store, &late).await.err(), Some(Refusal::WrongCredentials));
    let browser = Browser { agent: "Browser 1.0", from };
    let portal = Portal::of(&core);
    assert_eq!(portal.begin(&late, browser).await, Err(PortalFault::WrongPassword));
    assert_eq!(core.store.web_sessions(&carol).await.unwrap(), []);
    assert!(administration.change_password(late, "mine again").await.is_err(), "nobody takes the account back");
    assert_eq!(prove("battery staple").await, Ok(changed.clone()));
    portal.begin(&changed, browser).await.unwrap();
}
