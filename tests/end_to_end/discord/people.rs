//! Who is there, under which name, with which line and which music; and what Carol shows of herself.

use chrysalis_discord_double::{Activity, Status as Shown};
use chrysalis_test_harness::{Entry, Messenger, text};
use msnp::{notification::server::ServerCommand, personal_message::PersonalMessage, status::Status};

use super::{ANN, CAROL, GENERAL, SERVICE, Setup, tea, window};

const BEN: &str = "ben@discord.msn.example";
const CLEO: &str = "cleo@discord.msn.example";
const DORA: &str = "dora@discord.msn.example";

/// Waits until the document under a contact's name tells of this music.
async fn listens(carol: &mut Messenger, contact: &str, wanted: &str) {
    carol
        .find(&format!("{contact} to listen to {wanted:?}"), |told| match told {
            ServerCommand::Ubx { passport, document } if passport == contact => {
                (PersonalMessage::parse(document).current_media == wanted).then_some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_people_of_a_guild_are_contacts_as_they_show_themselves() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, guild, ann) = tea(&setup.double);
    guild.channel("general").set_topic("Tea and more");
    let [ben, cleo, dora] = ["ben", "cleo", "dora"].map(|name| setup.double.person(name));
    ben.joins_as(&guild, Some("Ben of the garden"), &[]);
    cleo.joins(&guild);
    dora.joins(&guild);
    let blob = guild.emoji("blob", b"\x89PNG\r\n\x1a\n".to_vec());
    ann.set_presence(Shown::Online, &[Activity::custom("at the lake").with_emoji("\u{2764}\u{fe0f}")]);
    ben.set_presence(Shown::Idle, &[Activity::spotify("Teardrop", "Massive Attack", "Mezzanine")]);
    cleo.set_presence(Shown::Busy, &[Activity::custom("no time").with_guild_emoji("blob", blob, false)]);
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN, BEN, CLEO, DORA, GENERAL]).await;

    // Where they stand on the list.
    let tea = || vec!["Tea".to_owned()];
    for (contact, name) in
        [(ANN, "Ann"), (BEN, "Ben of the garden"), (CLEO, "cleo"), (DORA, "dora"), (GENERAL, "#general (Tea)")]
    {
        let wanted = Entry { name: name.into(), network: 129, groups: tea() };
        assert_eq!(carol.entry(contact).await, Some(wanted), "{contact}");
    }

    // How they show themselves.
    assert_eq!(carol.sees(ANN, Status::Online).await, "Ann");
    carol.reads(ANN, "what she does, with its emoji", |line| line == "(L) at the lake").await;
    assert_eq!(carol.sees(BEN, Status::Idle).await, "Ben of the garden");
    listens(&mut carol, BEN, r"\0Music\01\0{0} - {1}\0Teardrop\0Massive Attack\0Mezzanine\0\0").await;
    carol.sees(CLEO, Status::Busy).await;
    carol.reads(CLEO, "what she has no time for", |line| line == ":blob: no time").await;
    // Messenger does not write to somebody who is offline.
    carol.sees(DORA, Status::Away).await;
    carol.sees(GENERAL, Status::Online).await;
    carol.reads(GENERAL, "its topic", |line| line == "Tea and more").await;

    // What changes is seen.
    ben.set_presence(Shown::Online, &[Activity::playing("Chess")]);
    carol.sees(BEN, Status::Online).await;
    carol.reads(BEN, "what he plays", |line| line == "Playing Chess").await;
    ann.set_presence(Shown::Offline, &[]);
    carol.sees(ANN, Status::Away).await;
    ben.set_nick(&guild, Some("Ben of the lake"));
    while carol.sees(BEN, Status::Online).await != "Ben of the lake" {}
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_shows_what_carol_shows() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, _guild, _ann) = tea(&setup.double);
    setup.link(&bot);
    bot.wait_for_presence(|shown| shown.status == "invisible").await;
    let mut carol = setup.carol(&[ANN]).await;
    bot.wait_for_presence(|shown| shown.status == "online").await;
    let sent = bot.presences_sent();

    // Of many changes the last wins, without a flood.
    for (status, line) in
        [("BSY", "one"), ("AWY", "two"), ("PHN", "three"), ("LUN", "four"), ("BSY", "busy &amp; glad")]
    {
        carol.status(status).await;
        carol.personal_message(line).await;
    }
    bot.wait_for_presence(|shown| shown.status == "dnd" && shown.custom_status() == Some("busy & glad")).await;
    assert!(bot.presences_sent() - sent <= 4, "{} presences", bot.presences_sent() - sent);

    let music = r"\0Music\01\0{0} - {1}\0Teardrop\0Massive Attack\0\0\0";
    let document = format!("<Data><PSM></PSM><CurrentMedia>{music}</CurrentMedia></Data>");
    let transaction = carol.send_payload("UUX", "", &document).await;
    carol.reply("UUX", transaction).await;
    let shown = bot.wait_for_presence(|shown| shown.activity(2).is_some()).await;
    assert_eq!(shown.activity(2).unwrap()["name"], "Massive Attack - Teardrop");

    // As much is shown as Carol lets be seen.
    let mut service = window(&mut carol, SERVICE).await;
    for (extent, wanted) in [("nothing", "invisible"), ("status", "dnd")] {
        service.tell(text(&format!("share discord {extent}"))).await;
        bot.wait_for_presence(|shown| shown.status == wanted && shown.activities.is_empty()).await;
    }

    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
    bot.wait_for_presence(|shown| shown.status == "invisible" && shown.activities.is_empty()).await;
    setup.finish();
}
