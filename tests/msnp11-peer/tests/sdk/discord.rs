//! Discord, seen by a client that other people wrote: who is there and how, and a talk in a chat and in a channel.
//!
//! It has threads of its own: the SDK, once it is confused, never lets go of the one it runs on.

use std::collections::BTreeMap;

use chrysalis_discord_double::{Activity, Double, Status};
use chrysalis_test_harness::{Messenger, within};
use msnp::{dialect::Dialect, notification::server::ServerCommand};
use msnp11_sdk::{Event, MsnpStatus, Switchboard};

use crate::{BOB, Events, attend, connect, log_in, plain, server};

const ANN: &str = "ann@discord.msn.example";
const BEN: &str = "ben@discord.msn.example";
const CLEO: &str = "cleo@discord.msn.example";
const GENERAL: &str = "general.tea@rooms.discord.msn.example";

/// What somebody shows of themselves: the status, the line and the music.
#[derive(Debug, Default)]
struct Shown {
    status: String,
    line: String,
    music: String,
}

/// One of these.
enum Told {
    Status(String, String),
    Line(String, String, String),
}

/// Waits until these show what is wanted of them.
async fn until_shown(events: &mut Events, wanted: &[(&str, &str, &str, &str)]) {
    let mut shown: BTreeMap<String, Shown> = BTreeMap::new();
    let is_all = |shown: &BTreeMap<String, Shown>| {
        wanted.iter().all(|(who, status, line, music)| {
            shown
                .get(*who)
                .is_some_and(|shown| (&*shown.status, &*shown.line, &*shown.music) == (*status, *line, *music))
        })
    };
    while !is_all(&shown) {
        let waiting = format!("{wanted:?} after {shown:?}");
        let told = events.find(&waiting, |event| match event {
            Event::InitialPresenceUpdate { email, presence, .. } | Event::PresenceUpdate { email, presence, .. } => {
                Some(Told::Status(email.clone(), format!("{:?}", presence.status)))
            }
            Event::PersonalMessageUpdate { email, personal_message } => {
                let (line, music) = (personal_message.psm.clone(), personal_message.current_media.clone());
                Some(Told::Line(email.clone(), line, music))
            }
            _ => None,
        });
        match told.await {
            Told::Status(who, status) => shown.entry(who).or_default().status = status,
            Told::Line(who, line, music) => {
                let shown = shown.entry(who).or_default();
                (shown.line, shown.music) = (line, music);
            }
        }
    }
}

async fn says(switchboard: &Switchboard, words: &str) {
    within("the SDK's text", switchboard.send_text_message(&plain(words))).await.unwrap();
}

async fn hears(events: &mut Events, who: &str, words: &str) {
    let heard = events.find(words, |event| match event {
        Event::TextMessage { email, message } if email == who => Some(message.text.clone()),
        _ => None,
    });
    assert_eq!(heard.await, words);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_sees_people_of_discord_and_talks_with_them() {
    let double = Double::start().await;
    let (relay, guild) = (double.bot("relay"), double.guild("Tea"));
    relay.joins(&guild);
    let general = guild.channel("general");
    let [ann, ben, cleo] = ["ann", "ben", "cleo"].map(|name| double.person(name));
    for person in [&ann, &ben, &cleo] {
        person.joins(&guild);
    }
    ann.set_presence(Status::Online, &[Activity::custom("at the lake").with_emoji("\u{1f44d}")]);
    ben.set_presence(Status::Idle, &[Activity::spotify("Teardrop", "Massive Attack", "Mezzanine")]);
    cleo.set_presence(Status::Busy, &[Activity::playing("Chess")]);
    let server = server(&format!(
        "[networks.discord]\ntoken = \"{}\"\napi_base = \"{}\"\ngateway_url = \"{}\"\ncdn_base = \"{}\"\n\
         [networks.discord.contacts]\nmembers = \"all\"\n",
        relay.token(),
        double.api_base(),
        double.gateway_url(),
        double.cdn_base()
    ));
    // Both accounts' lists are filled together, in the order of their addresses.
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let is_cleo = |line: &ServerCommand| matches!(line, ServerCommand::Lst { passport, .. } if passport == CLEO);
    within("Discord on the list", async { while !bob.list().await.iter().any(is_cleo) {} }).await;

    let (alice, mut events) = connect(&server).await;
    assert!(matches!(log_in(&server, &alice).await, Event::Authenticated));
    within("the SDK's status", alice.set_presence(MsnpStatus::Online)).await.unwrap();
    let music = r"\0Music\01\0{0} - {1}\0Teardrop\0Massive Attack\0Mezzanine\0\0";
    until_shown(
        &mut events,
        &[(ANN, "Online", "(Y) at the lake", ""), (BEN, "Idle", "", music), (CLEO, "Busy", "Playing Chess", "")],
    )
    .await;

    let chat = ann.direct(&relay);
    let switchboard = within("the SDK to call Ann", alice.create_session(ANN)).await.unwrap();
    let mut talk = attend(&switchboard);
    says(&switchboard, "hello Ann").await;
    // The SDK writes in bold here.
    let hello = chat.wait_for_text("**Alice**: **hello Ann**").await;
    ann.replies(&hello, "hi Alice");
    hears(&mut talk, ANN, "> hello Ann\nhi Alice").await;

    let switchboard = within("the SDK to call the channel", alice.create_session(GENERAL)).await.unwrap();
    let mut talk = attend(&switchboard);
    says(&switchboard, "hello all").await;
    let hello = general.wait_for_text("**hello all**").await;
    assert_eq!(hello.author.webhook_name(), Some("Alice"));
    ben.says(&general, "welcome");
    hears(&mut talk, GENERAL, "ben: welcome").await;
    double.finish();
}
