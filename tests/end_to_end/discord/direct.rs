//! Direct messages through Carol's own bot: words, answers, changes, signs, removals, typing, and who does not want any.

use chrysalis_discord_double::{Bot, Channel, Person};
use chrysalis_test_harness::{Messenger, Room, text, typing};

use super::{ANN, CAROL, Setup, tea, window};

/// Carol linked to her bot, Ann, and the window between them; nobody has said anything.
async fn talking(setup: &Setup) -> (Bot, Person, Messenger, Room) {
    let (bot, _guild, ann) = tea(&setup.double);
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN]).await;
    let talk = window(&mut carol, ANN).await;
    (bot, ann, carol, talk)
}

/// A text in a font, with these effects.
fn looking(effects: &str, body: &str) -> String {
    text(body).replace("EF=;", &format!("EF={effects};"))
}

/// Waits for what the bot says in a chat.
async fn said(chat: &Channel, bot: &Bot, words: &str) -> chrysalis_discord_double::Message {
    let message = chat.wait_for_text(words).await;
    assert_eq!(message.author.id(), bot.id());
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_direct_messages_go_both_ways() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, ann, _carol, mut talk) = talking(&setup).await;

    // The chat is opened by the first message.
    talk.tell(text("hello Ann (Y)")).await;
    setup.double.wait_for_requests(chrysalis_discord_double::Route::CreateMessage, 1).await;
    let chat = ann.direct(&bot);
    let hello = said(&chat, &bot, "hello Ann \u{1f44d}").await;
    assert!(hello.nonce.is_some(), "it can be known again");
    talk.tell(looking("B", "bold")).await;
    said(&chat, &bot, "**bold**").await;
    talk.tell(text("2 * 3 * 4 is <@everyone> _not_ @everyone")).await;
    let escaped = chat.wait_for_message(|message| message.content.starts_with("2 * 3")).await;
    assert_eq!(escaped.content, r"2 * 3 * 4 is \<\@everyone> \_not\_ \@everyone");
    assert_eq!(escaped.allowed_mentions.as_ref().map(|allowed| &allowed["parse"]), Some(&serde_json::json!([])));
    assert!(!escaped.mention_everyone);

    ann.says(&chat, "hi **there** \u{1f44d} and `code`");
    assert_eq!(talk.hear_text(ANN).await, "hi *there* (Y) and `code`");
    ann.says(&chat, "_waves_");
    assert_eq!(talk.hear_text(ANN).await, "* Ann waves");
    ann.polls(&chat, "Lunch?", &["Soup", "Salad"]);
    let poll = talk.hear_text(ANN).await;
    assert!(
        poll.contains("Lunch?") && poll.contains("Salad") && poll.contains("https://discord.com/channels/@me/"),
        "{poll}"
    );

    // What is too long for one message is several, and whole.
    let long: Vec<String> = (0..400).map(|number| format!("word{number}")).collect();
    let long = long.join(" ");
    for part in long.as_bytes().chunks(1200) {
        talk.tell(text(std::str::from_utf8(part).unwrap())).await;
    }
    ann.says(&chat, &"x".repeat(2000));
    let mut heard = String::new();
    while heard.len() < 2000 {
        heard.push_str(&talk.hear_text(ANN).await);
    }
    assert_eq!(heard, "x".repeat(2000));
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_what_is_said_of_direct_messages_names_them() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, ann, _carol, mut talk) = talking(&setup).await;
    let chat = ann.direct(&bot);
    talk.tell(text("lunch today?")).await;
    let asked = said(&chat, &bot, "lunch today?").await;

    // Answers.
    ann.replies(&asked, "at noon");
    assert_eq!(talk.hear_text(ANN).await, "> lunch today?\r\nat noon");
    talk.tell(text("> at noon\r\nsplendid")).await;
    let splendid = said(&chat, &bot, "splendid").await;
    let noon = chat.wait_for_text("at noon").await;
    assert_eq!(splendid.reference.and_then(|reference| reference.message), Some(noon.id));

    // Changes: what Discord adds by itself is none.
    let meet = ann.says(&chat, "see you at noon https://example.org");
    assert_eq!(talk.hear_text(ANN).await, "see you at noon https://example.org");
    chat.unfurls(&meet, serde_json::json!({ "type": "link", "title": "Example", "url": "https://example.org" }));
    ann.edits(&meet, "see you at one");
    assert_eq!(talk.hear_text(ANN).await, "* see you at one");

    // Signs, which can be taken back.
    ann.reacts(&asked, "\u{1f44d}");
    assert_eq!(talk.hear_text(ANN).await, "* Ann reacted with (Y) to \"lunch today?\"");
    ann.unreacts(&asked, "\u{1f44d}");
    assert_eq!(talk.hear_text(ANN).await, "* Ann took back (Y) from \"lunch today?\"");

    // Removals. Whoever goes on talking has read it.
    let wrong = ann.says(&chat, "the wrong window, sorry");
    assert_eq!(talk.hear_text(ANN).await, "the wrong window, sorry");
    talk.tell(text("which one then?")).await;
    said(&chat, &bot, "which one then?").await;
    talk.prove().await;
    ann.deletes(&wrong);
    assert_eq!(talk.hear_text(ANN).await, "* Ann deleted: \"the wrong window, sorry\"");
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_typing_goes_both_ways() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, ann, _carol, mut talk) = talking(&setup).await;
    let chat = ann.direct(&bot);
    ann.says(&chat, "hello");
    assert_eq!(talk.hear_text(ANN).await, "hello");
    for _ in 0..3 {
        talk.say("U", typing(CAROL)).await;
    }
    chat.wait_for_typing(bot.id(), 1).await;
    ann.types(&chat);
    let typed = talk.hear_that(ANN, "that she types", |payload| payload == typing(ANN).as_bytes()).await;
    assert!(!typed.is_empty());
    talk.tell(text("done")).await;
    said(&chat, &bot, "done").await;
    assert_eq!(chat.typed_by(bot.id()), 1, "Discord shows it for ten seconds");
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_who_takes_no_direct_messages_is_told_of() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, ann, _carol, mut talk) = talking(&setup).await;
    ann.refuses_direct_messages(true);
    talk.tell(text("are you there?")).await;
    let report = talk.hear_text(ANN).await;
    assert!(
        report.starts_with("(not delivered: \"are you there?\": Ann does not take direct messages from your bot"),
        "{report}"
    );
    ann.refuses_direct_messages(false);
    talk.tell(text("and now?")).await;
    let chat = ann.direct(&bot);
    said(&chat, &bot, "and now?").await;
    assert_eq!(chat.messages().len(), 1, "what was refused is not said later");
    setup.finish();
}
