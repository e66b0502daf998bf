//! Linking an own bot, and what is said where it does not go well.

use chrysalis_discord_double::intents;
use chrysalis_test_harness::{Messenger, Server};
use msnp::{dialect::Dialect, status::Status};
use serde_json::Value;

use super::{ANN, CAROL, DAVE, GENERAL, SERVICE, Setup, asks, tea, window};

fn links(server: &Server) -> Value {
    let listed = server.command(&["link", "list", CAROL, "--json"], "");
    assert_eq!(listed.code, 0, "{listed:?}");
    serde_json::from_str(&listed.out).unwrap()
}

/// Looks for a token in everything that the server has written, which has to be much.
fn nothing_tells(server: &Server, token: &str) {
    // The first part is the bot's id, which is no secret.
    let (_, secret) = token.split_once('.').unwrap();
    let mut looked_at = 0;
    for file in std::fs::read_dir(server.data()).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            let bytes = std::fs::read(file.path()).unwrap();
            looked_at += bytes.len();
            let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "the token stands in {}", file.path().display());
        }
    }
    assert!(looked_at > 100_000, "the database was looked at");
    let log = server.log();
    assert!(log.contains("an account was linked") && !log.contains(secret), "the token stands in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_bots_are_linked_from_the_command_line_and_stay_linked() {
    let mut setup = Setup::start(&[CAROL, DAVE], "").await;
    let (bot, guild, _ann) = tea(&setup.double);
    guild.channel("general");
    for (wrong, reason) in [
        ("hunter2", "that is no bot token"),
        ("mfa.abcdefghij", "that is the token of a person"),
        // Of the right form: a person's own, or one that is good no longer.
        ("MTAwMA.Gabcde.none-of-the-tokens", "Discord does not take this token: it may be a person's"),
    ] {
        let refused = setup.add_link(CAROL, wrong);
        assert!(refused.code == 1 && refused.complaint.starts_with(reason), "{refused:?}");
        assert!(!refused.complaint.contains(wrong), "{refused:?}");
    }
    assert_eq!(links(&setup.server), serde_json::json!([]));

    let linked = setup.link(&bot);
    assert!(linked.out.starts_with("carol@msn.example is linked to discord as carols-bot"), "{linked:?}");
    assert_eq!(linked.out.lines().count(), 1, "nothing is missing: {linked:?}");
    let status = &links(&setup.server)[0];
    assert_eq!((&status["network"], &status["state"]), (&"discord".into(), &"connected".into()), "{status}");
    let twice = setup.add_link(DAVE, bot.token());
    assert!(twice.code == 1 && twice.complaint.contains("linked to another account of this server"), "{twice:?}");

    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let ann = carol.until_listed(ANN).await;
    assert_eq!((ann.name.as_str(), ann.network), ("Ann", 129));
    assert_eq!(ann.groups, ["Tea"]);
    drop(carol);

    setup.allow_restarts();
    setup.server.stop();
    bot.gateway().wait_until_disconnected().await;
    setup.server.run();
    bot.gateway().wait_until_connected().await;
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    for contact in [ANN, GENERAL] {
        assert_eq!(carol.entry(contact).await.expect("on the list still").network, 129, "{contact}");
    }

    carol.sees(ANN, Status::Away).await;
    let removed = setup.server.command(&["link", "remove", CAROL, "discord"], "");
    assert_eq!(removed.code, 0, "{removed:?}");
    bot.gateway().wait_until_disconnected().await;
    assert_eq!(links(&setup.server), serde_json::json!([]));
    // The channel is gone; who is on the list stays there, and cannot be written to.
    carol.sees_gone(ANN).await;
    assert_eq!(carol.entry(GENERAL).await, None);
    nothing_tells(&setup.server, bot.token());
    assert!(bot.identifies() <= 3, "{} sessions", bot.identifies());
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_bots_are_linked_by_the_servers_own_contact() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, _guild, _ann) = tea(&setup.double);
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut service = window(&mut carol, SERVICE).await;
    let asked = asks(&mut service, "link discord").await;
    assert!(asked.starts_with("Give the token of a Discord bot of your own"), "{asked}");
    let refused = asks(&mut service, "link discord hunter2").await;
    assert!(refused.starts_with("That did not work on discord: that is no bot token"), "{refused}");
    let linked = asks(&mut service, &format!("link discord {}", bot.token())).await;
    assert!(linked.starts_with("You are linked to discord: as carols-bot"), "{linked}");
    assert!(linked.ends_with("it works."), "{linked}");
    assert!(asks(&mut service, "links").await.starts_with("discord: as carols-bot"));
    carol.until_listed(ANN).await;

    // A token that is taken back stops the bot, and its owner hears of it.
    bot.loses_its_token();
    let stopped = service.hear_text(SERVICE).await;
    assert!(stopped.contains("Discord bot") && stopped.contains("stopped"), "{stopped}");
    let identifies = bot.identifies();
    let status = &links(&setup.server)[0];
    assert_eq!(status["state"], "failed", "{status}");
    assert_eq!(asks(&mut service, "unlink discord").await, "You are no longer linked to discord.");
    assert_eq!(bot.identifies(), identifies, "it does not come back by itself");
    nothing_tells(&setup.server, bot.token());
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_bots_in_no_guild_say_where_they_are_invited() {
    let setup = Setup::start(&[CAROL], "").await;
    let bot = setup.double.bot("carols-bot");
    let linked = setup.link(&bot);
    assert!(linked.out.contains("https://discord.com/oauth2/authorize?client_id="), "{linked:?}");
    let guild = setup.double.guild("Tea");
    let ann = setup.double.person("ann");
    ann.joins(&guild);
    bot.joins(&guild);
    setup.carol(&[ANN]).await;
    assert_eq!(links(&setup.server)[0]["notes"], serde_json::json!([]), "it is in one now");
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_bots_without_intents_are_linked_and_what_that_costs_is_said() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, _guild, ann) = tea(&setup.double);
    bot.forbid_intents(intents::GUILD_PRESENCES | intents::MESSAGE_CONTENT);
    let linked = setup.link(&bot);
    let notes: Vec<&str> = linked.out.lines().skip(1).collect();
    assert_eq!(notes.len(), 2, "{linked:?}");
    assert!(notes.iter().all(|note| note.contains("https://discord.com/developers")), "{linked:?}");
    assert!(linked.out.contains("Presence Intent") && linked.out.contains("Message Content Intent"), "{linked:?}");
    assert_eq!(links(&setup.server)[0]["notes"].as_array().unwrap().len(), 2);

    // It works with fewer: who writes to the bot is heard.
    let mut carol = setup.carol(&[ANN]).await;
    ann.says(&ann.direct(&bot), "can you hear me?");
    let mut talk = carol.answer(ANN).await;
    assert_eq!(talk.hear_text(ANN).await, "can you hear me?");
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_bots_whose_tokens_cannot_be_read_keep_nothing_else_from_running() {
    let mut setup = Setup::start(&[CAROL], "").await;
    let (bot, _guild, _ann) = tea(&setup.double);
    setup.allow_restarts();
    setup.link(&bot);
    let key = setup.server.data().join("secrets.key");
    let kept = std::fs::read(&key).unwrap();
    setup.server.stop();
    std::fs::write(&key, [7; 32]).unwrap();
    setup.server.run();
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let told = carol.answer(SERVICE).await.hear_text(SERVICE).await;
    assert!(told.ends_with("The token of your Discord bot cannot be read any more; link it again."), "{told}");
    setup.server.stop();
    std::fs::write(&key, kept).unwrap();
    setup.server.run();
    bot.wait_for_identifies(2).await;
    assert_eq!(links(&setup.server)[0]["identity"], "carols-bot#0001", "the link is as it was");
    setup.finish();
}
