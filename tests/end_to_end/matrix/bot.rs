//! The bot, whom people on Matrix ask for accounts and chats.

use chrysalis_test_harness::{MatrixUser, Messenger, PASSWORD, Server, text};
use msnp::dialect::Dialect;

use super::{ALICE, CAROL, CAROLS_GHOST, setup, window};
use crate::program;

const BOT: &str = "@msnbot:example.org";
const EVE: &str = "eve@msn.example";

/// Says a line; waits for the answer that holds these words.
async fn asks_bot(alice: &mut MatrixUser, room: &str, line: &str, answer: &str) -> String {
    alice.say(room, line).await;
    answers(alice, room, answer).await
}

async fn answers(alice: &mut MatrixUser, room: &str, words: &str) -> String {
    let said = alice
        .until_event(room, words, |event| {
            event["sender"] == BOT && event["content"]["body"].as_str().is_some_and(|body| body.contains(words))
        })
        .await;
    said["content"]["body"].as_str().unwrap().to_owned()
}

/// A room of Alice and the bot alone.
async fn manages(alice: &mut MatrixUser) -> String {
    let room = alice.invite(BOT).await;
    answers(alice, &room, "say `help`").await;
    room
}

#[tokio::test]
async fn matrix_the_bot_finds_people_begins_chats_and_makes_accounts_where_that_is_allowed() {
    let setup = setup(&[CAROL], "").await;
    let mut alice = setup.homeserver.user("alice");
    alice.rename("Alice L.").await;
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    alice.until_named(CAROLS_GHOST, "Carol").await;

    let room = manages(&mut alice).await;
    let help = asks_bot(&mut alice, &room, "help", "You can say:").await;
    assert!(help.contains("`start-chat ADDRESS`") && !help.contains("`accounts`"), "{help}");
    asks_bot(&mut alice, &room, "ping", " ms").await;
    asks_bot(&mut alice, &room, "search car", &format!("`{CAROL}`, Carol")).await;
    asks_bot(&mut alice, &room, "search nobody", "Nobody on Messenger here is called that.").await;
    asks_bot(&mut alice, &room, &format!("register {EVE} {PASSWORD}"), "There is no new account: ").await;
    assert!(!setup.server.command(&["account", "list"], "").out.contains(EVE));

    // Carol is asked, as by an invitation, and the chat begins.
    alice.say(&room, &format!("start-chat {CAROL}")).await;
    let chat = alice.until_invited_by(CAROLS_GHOST).await;
    alice.join(&chat).await;
    assert_eq!(carol.added_by(ALICE).await.as_deref(), Some("Alice L."));
    alice.say(&chat, "it is me").await;
    carol.add(ALICE).await;
    let mut talk = window(&mut carol, ALICE).await;
    assert_eq!(talk.hear_text(ALICE).await, "it is me");
    talk.tell(text("who else?")).await;
    alice.until_said(&chat, CAROLS_GHOST, "who else?").await;
    drop((talk, carol));

    // The same homeserver with a server that takes everybody.
    let section = setup.homeserver.section();
    drop(setup.server);
    let keys = format!("[accounts]\nregistration = \"networks\"\n{section}");
    let server = Server::start_with(program(), &[CAROL], &keys);
    let room = manages(&mut alice).await;
    asks_bot(&mut alice, &room, &format!("register {EVE} {PASSWORD}"), &format!("The account `{EVE}` is yours.")).await;
    let held = alice.history(&room).await.into_iter().filter(|event| event.to_string().contains(PASSWORD));
    assert_eq!(held.count(), 0, "a password does not stay where it was said");
    Messenger::online(&server, EVE, Dialect::Msnp12).await;
}
