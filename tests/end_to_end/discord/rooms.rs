//! Channels and threads of a guild, through Carol's own bot.

use chrysalis_test_harness::text;

use super::{ANN, CAROL, GENERAL, SERVICE, Setup, asks, tea, window};

const CAKES: &str = "cakes.tea@rooms.discord.msn.example";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_channels_are_rooms() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, guild, ann) = tea(&setup.double);
    let general = guild.channel("general");
    guild.hidden_channel("council");
    let ben = setup.double.person("ben");
    ben.joins_as(&guild, Some("Ben of the garden"), &[]);
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN, GENERAL]).await;
    let council = "council.tea@rooms.discord.msn.example";
    assert_eq!(carol.entry(council).await, None, "her bot does not see it");

    // Whoever speaks is named.
    ann.says(&general, "hello all");
    let mut talk = carol.answer(GENERAL).await;
    assert_eq!(talk.hear_text(GENERAL).await, "Ann: hello all");
    ben.says(&general, "hello Ann");
    assert_eq!(talk.hear_text(GENERAL).await, "Ben of the garden: hello Ann");

    // Mentions, both ways: nobody is called who was not meant.
    talk.tell(text("hello @Ann and @Ben of the garden, but not @everyone")).await;
    let hello = general.wait_for_message(|message| message.author.id() == bot.id()).await;
    assert_eq!(hello.content, format!(r"hello {} and {}, but not \@everyone", ann.mention(), ben.mention()));
    assert!(!hello.mention_everyone);
    assert_eq!(hello.mentions.len(), 2, "{:?}", hello.mentions);
    ann.says(&general, &format!("{}: how are you? <@{}>", ben.mention(), bot.id()));
    assert_eq!(talk.hear_text(GENERAL).await, "Ann: @Ben of the garden: how are you? @carols-bot");

    // What is said of messages.
    ann.replies(&hello, "hi Carol");
    assert_eq!(
        talk.hear_text(GENERAL).await,
        "Ann: > you: hello @Ann and @Ben of the garden, but not @everyone\r\nhi Carol"
    );
    ben.reacts(&hello, "\u{1f44d}");
    let reacted = talk.hear_text(GENERAL).await;
    assert!(reacted.starts_with("* Ben of the garden reacted with (Y) to \"hello @Ann"), "{reacted}");
    let cake = ann.says(&general, "cake at four");
    assert_eq!(talk.hear_text(GENERAL).await, "Ann: cake at four");
    ann.edits(&cake, "cake at five");
    assert_eq!(talk.hear_text(GENERAL).await, "Ann: * cake at five");
    talk.tell(text("fine")).await;
    general.wait_for_text("fine").await;
    talk.prove().await;
    ann.deletes(&cake);
    let deleted = talk.hear_text(GENERAL).await;
    assert!(deleted.starts_with("* Ann deleted: \"cake at "), "{deleted}");
    // Several at once, as those do who clear up.
    let rubbish = ["one", "two"].map(|words| ann.says(&general, words));
    for words in ["Ann: one", "Ann: two"] {
        assert_eq!(talk.hear_text(GENERAL).await, words);
    }
    talk.prove().await;
    general.loses(&rubbish);
    for words in ["one", "two"] {
        assert_eq!(talk.hear_text(GENERAL).await, format!("* Ann deleted: \"{words}\""));
    }

    // What nobody hears in a room that is left.
    let mut service = window(&mut carol, SERVICE).await;
    let left = asks(&mut service, &format!("leave {GENERAL}")).await;
    assert!(left.starts_with("You go out of #general (Tea)."), "{left}");
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_threads_and_posts_are_rooms_of_their_own() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, guild, ann) = tea(&setup.double);
    let general = guild.channel("general");
    setup.link(&bot);
    let mut carol = setup.carol(&[GENERAL]).await;
    let cakes = ann.opens_thread(&general, "cakes");
    let begun = carol.answer(GENERAL).await.hear_text(GENERAL).await;
    assert!(begun.contains("cakes"), "{begun}");
    carol.until_listed(CAKES).await;
    let mut talk = window(&mut carol, CAKES).await;
    talk.tell(text("apple, please")).await;
    let said = cakes.wait_for_text("apple, please").await;
    assert_eq!(said.author.id(), bot.id());
    ann.says(&cakes, "with cream?");
    assert_eq!(talk.hear_text(CAKES).await, "Ann: with cream?");
    assert!(general.messages().iter().all(|message| message.author.id() != bot.id()), "the channel has nothing of it");

    let forum = guild.forum("recipes");
    let post = ann.opens_post(&forum, "Scones", "Who has a good one?");
    let scones = "scones.tea@rooms.discord.msn.example";
    let mut talk = carol.answer(scones).await;
    assert_eq!(talk.hear_text(scones).await, "Ann: Who has a good one?");
    talk.tell(text("my grandmother")).await;
    post.wait_for_text("my grandmother").await;
    setup.finish();
}
