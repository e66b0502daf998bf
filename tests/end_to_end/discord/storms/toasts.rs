//! What does not change is not shown as if it did, whatever becomes of the connection.

use chrysalis_discord_double::{Activity, Bot, Person, Status as Shown};
use chrysalis_test_harness::Messenger;
use msnp::{notification::server::ServerCommand, status::Status};

use crate::discord::{ANN, CAROL, GENERAL, Setup, tea};

const BEN: &str = "ben@discord.msn.example";

/// Of whom it says how present they are, or what they do.
fn shown(told: Vec<ServerCommand>) -> Vec<String> {
    let who = |command| match command {
        ServerCommand::Nln { presence } | ServerCommand::Iln { presence, .. } => Some(presence.passport),
        ServerCommand::Fln { passport } | ServerCommand::Ubx { passport, .. } => Some(passport),
        _ => None,
    };
    told.into_iter().filter_map(who).collect()
}

/// Ben becomes this after whatever happened; gives who else was shown until then.
async fn meanwhile(carol: &mut Messenger, ben: &Person, (status, seen): (Shown, Status)) -> Vec<String> {
    ben.set_presence(status, &[]);
    carol.sees(BEN, seen).await;
    let mut others = shown(carol.settled().await);
    // What stands under his name comes with his status.
    others.retain(|other| other != BEN);
    others
}

/// How a connection breaks.
#[derive(Debug, Clone, Copy)]
enum Break {
    Reconnect,
    Cut,
    Closed,
    /// A new session has to begin.
    Invalidated,
}

impl Break {
    /// Breaks the connection, and waits until it is there again.
    async fn befalls(self, bot: &Bot) {
        let (resumes, identifies, gateway) = (bot.resumes(), bot.identifies(), bot.gateway());
        match self {
            Self::Reconnect => gateway.asks_to_reconnect(),
            Self::Cut => gateway.cuts(),
            Self::Closed => gateway.closes(4000),
            Self::Invalidated => gateway.invalidates(false),
        }
        match self {
            Self::Reconnect | Self::Cut | Self::Closed => bot.wait_for_resumes(resumes + 1).await,
            Self::Invalidated => bot.wait_for_identifies(identifies + 1).await,
        }
        gateway.wait_until_connected().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_reconnects_show_no_toasts() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, guild, ann) = tea(&setup.double);
    let general = guild.channel("general");
    ann.set_presence(Shown::Online, &[Activity::custom("at the lake")]);
    let ben = setup.double.person("ben");
    ben.joins(&guild);
    ben.set_presence(Shown::Online, &[]);
    for number in 0..20 {
        let somebody = setup.double.person(&format!("somebody{number}"));
        somebody.joins(&guild);
        somebody.set_presence(Shown::Online, &[Activity::playing("Chess")]);
    }
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN, BEN, GENERAL, "somebody19@discord.msn.example"]).await;
    carol.sees(BEN, Status::Online).await;
    meanwhile(&mut carol, &ben, (Shown::Busy, Status::Busy)).await;

    let statuses = [(Shown::Idle, Status::Idle), (Shown::Busy, Status::Busy)];
    let breaks = [Break::Reconnect, Break::Cut, Break::Closed, Break::Invalidated];
    for (what, status) in breaks.into_iter().zip(statuses.into_iter().cycle()) {
        what.befalls(&bot).await;
        let told = meanwhile(&mut carol, &ben, status).await;
        assert!(told.is_empty(), "after {what:?}: {told:?}");
    }
    // What was said meanwhile is there, once.
    ann.says(&general, "all well?");
    let mut talk = carol.answer(GENERAL).await;
    assert_eq!(talk.hear_text(GENERAL).await, "Ann: all well?");
    assert!(bot.identifies() <= 2, "{} sessions", bot.identifies());
    setup.finish();
}
