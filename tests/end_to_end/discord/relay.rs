//! The relay: one bot of the server, through which all speak who have none of their own.

use chrysalis_discord_double::{Bot, Double, Guild, Message, Person, permissions};
use chrysalis_test_harness::{Messenger, Room, text};

use super::{ANN, CAROL, DAVE, GENERAL, SERVICE, Setup, window};

/// A guild with the relay and Ann in it.
async fn relayed(granted: u64) -> (Double, Bot, Guild, Person) {
    let double = Double::start().await;
    let (relay, guild) = (double.bot("relay"), double.guild("Tea"));
    relay.joins_with(&guild, granted);
    let ann = double.person("ann");
    ann.set_global_name("Ann");
    ann.joins(&guild);
    (double, relay, guild, ann)
}

fn token(relay: &Bot) -> String {
    format!("token = \"{}\"", relay.token())
}

/// Both accounts, with this contact on their lists.
async fn both(setup: &Setup, contact: &str) -> (Messenger, Messenger) {
    (setup.online(CAROL, &[contact]).await, setup.online(DAVE, &[contact]).await)
}

async fn say(room: &mut Room, words: &str) {
    room.tell(text(words)).await;
}

fn by<'a>(name: &'a str, words: &'a str) -> impl Fn(&Message) -> bool + 'a {
    move |message| message.author.webhook_name() == Some(name) && message.content == words
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_relay_lets_several_speak_in_a_channel_under_their_own_names() {
    let (double, relay, guild, ann) = relayed(permissions::BRIDGE).await;
    let general = guild.channel("general");
    let setup = Setup::beside(double, &[CAROL, DAVE], &token(&relay));
    let (mut carol, mut dave) = both(&setup, GENERAL).await;
    let (mut hers, mut his) = (window(&mut carol, GENERAL).await, window(&mut dave, GENERAL).await);

    say(&mut hers, "hello from Messenger").await;
    let hello = general.wait_for_message(by("Carol", "hello from Messenger")).await;
    assert_eq!(his.hear_text(GENERAL).await, "Carol: hello from Messenger");
    say(&mut his, "hello Carol").await;
    general.wait_for_message(by("Dave", "hello Carol")).await;
    assert_eq!(hers.hear_text(GENERAL).await, "Dave: hello Carol");
    assert_eq!(general.webhooks().len(), 1, "one is enough");

    ann.says(&general, "welcome, you two");
    for window in [&mut hers, &mut his] {
        assert_eq!(window.hear_text(GENERAL).await, "Ann: welcome, you two");
    }
    ann.replies(&hello, "hello yourself");
    assert_eq!(hers.hear_text(GENERAL).await, "Ann: > you: hello from Messenger\r\nhello yourself");
    assert_eq!(his.hear_text(GENERAL).await, "Ann: > Carol: hello from Messenger\r\nhello yourself");

    // A webhook cannot answer: it quotes, and says where.
    say(&mut hers, "> Ann: welcome, you two\r\nthank you").await;
    let thanks = general.wait_for_message(|message| message.content.ends_with("\nthank you")).await;
    assert!(thanks.content.starts_with("> **Ann**: welcome, you two https://discord.com/channels/"), "{thanks:?}");
    let quoted = his.hear_text(GENERAL).await;
    assert!(quoted.starts_with("Carol: ") && quoted.ends_with("thank you"), "{quoted}");

    // Somebody takes the webhook away: another is made.
    let (webhook, _, _) = general.webhooks().remove(0);
    general.loses_webhook(webhook);
    say(&mut hers, "still here").await;
    general.wait_for_message(by("Carol", "still here")).await;
    assert_eq!(his.hear_text(GENERAL).await, "Carol: still here");
    let said = general.messages().iter().filter(|message| message.content == "still here").count();
    assert_eq!(said, 1);
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_relay_without_webhooks_puts_names_in_front() {
    let (double, relay, guild, _ann) = relayed(permissions::EVERYONE).await;
    let general = guild.channel("general");
    let setup = Setup::beside(double, &[CAROL], &token(&relay));
    let mut carol = setup.online(CAROL, &[GENERAL]).await;
    let mut talk = window(&mut carol, GENERAL).await;
    say(&mut talk, "hello").await;
    let said = general.wait_for_text("**Carol**: hello").await;
    assert_eq!(said.author.id(), relay.id());
    let mut service = carol.answer(SERVICE).await;
    let told = service.hear_text(SERVICE).await;
    assert!(told.contains("In #general (Tea) on Discord you speak as this server's bot"), "{told}");
    assert!(told.contains("Manage Webhooks"), "{told}");
    say(&mut talk, "again").await;
    general.wait_for_text("**Carol**: again").await;
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_relay_finds_for_whom_a_direct_message_is() {
    let (double, relay, _guild, ann) = relayed(permissions::BRIDGE).await;
    let setup = Setup::beside(double, &[CAROL, DAVE], &token(&relay));
    let (mut carol, mut dave) = both(&setup, ANN).await;
    let (mut hers, mut his) = (window(&mut carol, ANN).await, window(&mut dave, ANN).await);
    let chat = ann.direct(&relay);
    say(&mut hers, "tea at four?").await;
    let asked = chat.wait_for_text("**Carol**: tea at four?").await;
    ann.says(&chat, "who is there?");
    assert_eq!(hers.hear_text(ANN).await, "who is there?", "there is nobody else");

    say(&mut his, "chess tonight?").await;
    let invited = chat.wait_for_text("**Dave**: chess tonight?").await;
    ann.replies(&asked, "at five");
    assert_eq!(hers.hear_text(ANN).await, "> tea at four?\r\nat five");
    ann.replies(&invited, "gladly");
    assert_eq!(his.hear_text(ANN).await, "> chess tonight?\r\ngladly");

    // Without a reference: with whom she spoke last, which she is told where she cannot know.
    ann.says(&chat, "I bring the board");
    assert_eq!(his.hear_text(ANN).await, "I bring the board");
    say(&mut hers, "and cake?").await;
    chat.wait_for_text("**Carol**: and cake?").await;
    ann.says(&chat, "yes please");
    assert_eq!(hers.hear_text(ANN).await, "yes please");
    chat.wait_for_message(|message| message.content.contains("This goes to **Carol**")).await;
    setup.finish();
}
