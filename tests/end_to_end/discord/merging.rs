//! A person whom Carol has on both networks, as one contact.

use chrysalis_discord_double::Double;
use chrysalis_test_harness::{Homeserver, Server, text};

use super::{ANN, CAROL, SERVICE, Setup, asks, section, tea, window};
use crate::{
    matrix::{ALICE, CAROLS_GHOST},
    program,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_and_matrix_are_joined_into_one_contact_and_the_network_is_chosen() {
    let homeserver = Homeserver::start(program()).await;
    let double = Double::start().await;
    let (bot, _guild, ann) = tea(&double);
    let networks = format!("{}{}", homeserver.section(), section(&double, ""));
    let setup = Setup { server: Server::start_with(program(), &[CAROL], &networks), double };
    setup.link(&bot);
    let mut alice = homeserver.user("alice");
    alice.rename("Alice L.").await;
    let mut carol = setup.carol(&[ANN]).await;
    alice.until_named(CAROLS_GHOST, "Carol").await;
    let room = alice.invite(CAROLS_GHOST).await;
    carol.added_by(ALICE).await;
    carol.add(ALICE).await;
    alice.until_member(&room, CAROLS_GHOST, "join").await;
    for (contact, network) in [(ALICE, 65), (ANN, 129)] {
        assert_eq!(carol.entry(contact).await.map(|entry| entry.network), Some(network), "{contact}");
    }

    let mut service = window(&mut carol, SERVICE).await;
    let merged = asks(&mut service, &format!("merge {ALICE} {ANN}")).await;
    assert!(merged.starts_with(&format!("{ANN} is part of Alice L. ({ALICE}) now")), "{merged}");
    assert_eq!(carol.entry(ALICE).await.map(|entry| entry.network), Some(193), "the bits of both");
    assert_eq!(carol.entry(ANN).await, None);

    // Both are heard in one window, and one of them is spoken to.
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(text("on Matrix")).await;
    let is_hers =
        |event: &serde_json::Value| event["sender"] == CAROLS_GHOST && event["content"]["body"] == "on Matrix";
    alice.until_event(&room, "what Carol says", is_hers).await;
    let chosen = asks(&mut service, &format!("speak on discord with {ALICE}")).await;
    assert_eq!(chosen, "What you say to Alice L. goes to discord now.");
    talk.tell(text("on Discord")).await;
    let chat = ann.direct(&bot);
    chat.wait_for_text("on Discord").await;
    ann.says(&chat, "I hear you on Discord");
    assert_eq!(talk.hear_text(ALICE).await, "I hear you on Discord");
    alice.say(&room, "and on Matrix").await;
    assert_eq!(talk.hear_text(ALICE).await, "and on Matrix");
    let chosen = asks(&mut service, &format!("speak on matrix with {ALICE}")).await;
    assert_eq!(chosen, "What you say to Alice L. goes to matrix now.");
    talk.tell(text("on Matrix again")).await;
    let is_hers =
        |event: &serde_json::Value| event["sender"] == CAROLS_GHOST && event["content"]["body"] == "on Matrix again";
    alice.until_event(&room, "what Carol says", is_hers).await;
    assert_eq!(chat.messages().iter().filter(|message| message.author.id() == bot.id()).count(), 1);
    setup.finish();
}
