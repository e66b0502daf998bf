//! The gateway against the double of Discord.

use std::time::Instant;

use chrysalis_discord_double::{Bot, Channel, Double, Guild, Person, intents};
use serde_json::json;

use super::*;
use crate::configuration::tests::read;

/// How long something may take that needs no wait by Discord's rules; far more than it takes.
const SOON: Duration = Duration::from_secs(30);

/// A guild with one person and one channel, and a gateway that hears it.
struct Stage {
    double: Double,
    guild: Guild,
    general: Channel,
    ann: Person,
    gateway: Gateway,
    hearing: mpsc::Receiver<Heard>,
}

impl Stage {
    async fn new() -> Self {
        let double = Double::start().await;
        let guild = double.guild("Tea");
        let general = guild.channel("general");
        let ann = double.person("ann");
        ann.joins(&guild);
        let settings = read(json!({ "api_base": double.api_base(), "cdn_base": double.cdn_base() })).unwrap();
        let rest = Rest::new(&settings).unwrap();
        let (heard, hearing) = mpsc::channel(16);
        let gateway = Gateway::start(&settings, &rest, heard).unwrap();
        Self { double, guild, general, ann, gateway, hearing }
    }

    fn bot(&self, name: &str) -> Bot {
        let bot = self.double.bot(name);
        bot.joins(&self.guild);
        bot
    }

    /// Connects a bot and waits until it has seen the guild.
    async fn connect(&mut self, bot: &Bot) {
        self.gateway.connect(token(bot), Shown::default());
        self.heard(bot, |told| matches!(told, Told::Happened(Happening::Guild(_)))).await;
    }

    /// What a bot hears next that fits; what is heard before it is passed over.
    async fn heard(&mut self, bot: &Bot, fits: impl Fn(&Told) -> bool) -> Told {
        let id = UserId(bot.id().get());
        let mut passed_over = Vec::new();
        let hearing = async {
            loop {
                let heard = self.hearing.recv().await.expect("the gateway goes on");
                if heard.bot == id && fits(&heard.what) {
                    return heard.what;
                }
                passed_over.push(heard);
            }
        };
        let Ok(told) = timeout(SOON, hearing).await else {
            panic!("nothing of that kind was heard, but {passed_over:#?}")
        };
        told
    }

    async fn hears(&mut self, bot: &Bot, text: &str) {
        let is_it =
            |told: &Told| matches!(told, Told::Happened(Happening::Message(message)) if message.content == text);
        self.heard(bot, is_it).await;
    }

    async fn connection(&mut self, bot: &Bot, fits: impl Fn(&Connection) -> bool) -> Connection {
        let told = self.heard(bot, |told| matches!(told, Told::Connection(connection) if fits(connection))).await;
        let Told::Connection(connection) = told else { panic!("{told:?}") };
        connection
    }

    async fn ready(&mut self, bot: &Bot) {
        self.heard(bot, |told| matches!(told, Told::Happened(Happening::Ready { .. }))).await;
    }

    async fn finish(self) {
        self.gateway.stop().await;
        self.double.finish();
    }
}

fn token(bot: &Bot) -> Token {
    Token::parse(bot.token()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_heard_in_order() {
    let mut stage = Stage::new().await;
    let bot = stage.bot("bridge");
    stage.connect(&bot).await;
    for number in 0..2000 {
        stage.ann.says(&stage.general, &number.to_string());
    }
    for number in 0..2000 {
        let told = stage.heard(&bot, |told| matches!(told, Told::Gap | Told::Happened(Happening::Message(_)))).await;
        let Told::Happened(Happening::Message(message)) = told else { panic!("a gap before {number}") };
        assert_eq!(message.content, number.to_string());
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_resumed_and_nothing_is_missed() {
    let mut stage = Stage::new().await;
    let bot = stage.bot("bridge");
    stage.connect(&bot).await;
    for (round, breaks) in [
        (1, (|bot: &Bot| bot.gateway().asks_to_reconnect()) as fn(&Bot)),
        (2, |bot| bot.gateway().cuts()),
        (3, |bot| bot.gateway().closes(4000)),
        (4, |bot| bot.gateway().invalidates(true)),
    ] {
        breaks(&bot);
        let text = format!("after break {round}");
        stage.ann.says(&stage.general, &text);
        stage.hears(&bot, &text).await;
        bot.wait_for_resumes(round).await;
    }
    assert_eq!(bot.identifies(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn a_session_that_is_lost_is_begun_anew_no_sooner_than_discord_allows() {
    let mut stage = Stage::new().await;
    let bot = stage.bot("bridge");
    stage.connect(&bot).await;
    bot.gateway().invalidates(false);
    let lost = stage.connection(&bot, |connection| matches!(connection, Connection::Lost { .. })).await;
    assert!(matches!(lost, Connection::Lost { again_in, .. } if again_in > Duration::from_secs(3)), "{lost:?}");
    stage.ready(&bot).await;
    stage.ann.says(&stage.general, "again");
    stage.hears(&bot, "again").await;
    assert_eq!(bot.identifies(), 2);
    stage.finish().await;
}

#[tokio::test]
async fn a_lost_token_stops_the_bot_until_it_is_linked_again() {
    let mut stage = Stage::new().await;
    let bot = stage.bot("bridge");
    stage.connect(&bot).await;
    bot.loses_its_token();
    let stopped = |connection: &Connection| matches!(connection, Connection::Stopped { .. });
    let Connection::Stopped { reason, mend } = stage.connection(&bot, stopped).await else { panic!("it is stopped") };
    assert!(reason.contains("token") && mend.contains("link it again"), "{reason}: {mend}");
    assert!(!reason.contains(bot.token()) && !mend.contains(bot.token()));
    // Told again with the same token, it is tried once, by a request that costs no session.
    stage.gateway.connect(token(&bot), Shown::default());
    stage.connection(&bot, stopped).await;
    assert_eq!((bot.identifies(), stage.double.invalid_requests()), (1, 1));
    bot.regains_its_token();
    stage.gateway.connect(token(&bot), Shown::default());
    stage.ready(&bot).await;
    stage.gateway.stop().await;
}

#[tokio::test]
async fn what_a_bot_is_not_allowed_is_left_away_and_told() {
    let mut stage = Stage::new().await;
    let bot = stage.bot("bridge").without_intents(intents::GUILD_PRESENCES);
    stage.gateway.connect(token(&bot), Shown::default());
    let lessened = |connection: &Connection| matches!(connection, Connection::Lessened { .. });
    let told = stage.connection(&bot, lessened).await;
    assert_eq!(told, Connection::Lessened { missing: vec![Intent::Presences] });
    stage.ready(&bot).await;
    assert_eq!(bot.identifies(), 1, "the flags tell it before");
    stage.finish().await;
}

#[tokio::test]
async fn a_refusal_of_intents_that_the_flags_allow_is_taken_at_its_word() {
    let mut stage = Stage::new().await;
    let bot = stage.bot("bridge");
    stage.connect(&bot).await;
    bot.gateway().closes(4014);
    let told = stage.connection(&bot, |connection| matches!(connection, Connection::Lessened { .. })).await;
    assert_eq!(
        told,
        Connection::Lessened { missing: vec![Intent::Members, Intent::Presences, Intent::MessageContent] }
    );
    stage.ready(&bot).await;
    assert_eq!(bot.identifies(), 2);
    stage.finish().await;
}

#[tokio::test]
async fn close_codes_at_which_serenity_turns_in_circles_hold_nobody_up() {
    let mut stage = Stage::new().await;
    let (bot, other) = (stage.bot("bridge"), stage.bot("other"));
    stage.connect(&bot).await;
    stage.connect(&other).await;
    for (round, code) in [(2, 4010), (3, 4003), (4, 4011)] {
        let (begun, cpu) = (Instant::now(), cpu_time());
        bot.gateway().closes(code);
        stage.connection(&bot, |connection| matches!(connection, Connection::Lost { .. })).await;
        let text = format!("after {code}");
        stage.ann.says(&stage.general, &text);
        stage.hears(&other, &text).await;
        let (took, burnt) = (begun.elapsed(), cpu_time().saturating_sub(cpu));
        assert!(took < Duration::from_secs(10) && burnt < Duration::from_secs(5), "{code}: {took:?}, {burnt:?} of CPU");
        bot.wait_for_identifies(round).await;
        stage.ready(&bot).await;
    }
    assert_eq!(other.identifies(), 1);
    stage.finish().await;
}

/// The CPU time of this process, in the kernel's ticks of a hundredth of a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

#[tokio::test]
async fn heartbeats_that_are_not_answered_end_the_connection() {
    let mut stage = Stage::new().await;
    stage.double.set_rules(|rules| rules.heartbeat = Duration::from_secs(1));
    let bot = stage.bot("bridge");
    stage.connect(&bot).await;
    bot.gateway().stops_acknowledging();
    stage.connection(&bot, |connection| matches!(connection, Connection::Lost { .. })).await;
    stage.ready(&bot).await;
    stage.finish().await;
}

#[tokio::test]
async fn an_outage_is_survived() {
    let mut stage = Stage::new().await;
    let bot = stage.bot("bridge");
    stage.connect(&bot).await;
    stage.double.goes_away();
    stage.connection(&bot, |connection| matches!(connection, Connection::Lost { .. })).await;
    stage.double.comes_back();
    stage.ready(&bot).await;
    stage.finish().await;
}

#[tokio::test]
async fn what_is_shown_changes_no_more_often_than_discord_allows() {
    let mut stage = Stage::new().await;
    let bot = stage.bot("bridge");
    stage.connect(&bot).await;
    let id = UserId(bot.id().get());
    for number in 0..=100 {
        stage.gateway.show(
            id,
            Shown {
                status: ShownStatus::Idle,
                line: Some(format!("line {number}")),
                listening: Some("Ride - Twisterella".into()),
            },
        );
    }
    let shown = bot.wait_for_presence(|shown| format!("{shown:?}").contains("line 100")).await;
    assert_eq!((shown.status.as_str(), shown.activities.len()), ("idle", 2), "{shown:?}");
    assert!(bot.presences_sent() <= 3, "{}", bot.presences_sent());
    stage.finish().await;
}

#[tokio::test]
async fn members_of_a_large_guild_are_told_in_pieces() {
    let mut stage = Stage::new().await;
    stage.guild.populate("crowd", 1500);
    let bot = stage.bot("bridge");
    stage.connect(&bot).await;
    let (id, guild) = (UserId(bot.id().get()), GuildId(stage.guild.id().get()));
    stage.gateway.ask_members(id, guild, Ask::All);
    let mut count = 0;
    loop {
        let told = stage.heard(&bot, |told| matches!(told, Told::Happened(Happening::Members { .. }))).await;
        let Told::Happened(Happening::Members { members, last, .. }) = told else { panic!("{told:?}") };
        count += members.len();
        if last {
            break;
        }
    }
    assert_eq!(count, stage.guild.member_count());
    stage.gateway.ask_members(id, guild, Ask::Those(vec![UserId(stage.ann.id().get())]));
    let told = stage.heard(&bot, |told| matches!(told, Told::Happened(Happening::Members { .. }))).await;
    assert!(matches!(told, Told::Happened(Happening::Members { members, .. }) if members.len() == 1));
    stage.finish().await;
}

#[tokio::test]
async fn a_bot_that_is_taken_away_is_offline_at_once() {
    let mut stage = Stage::new().await;
    let (bot, other) = (stage.bot("bridge"), stage.bot("other"));
    stage.connect(&bot).await;
    stage.connect(&other).await;
    stage.gateway.disconnect(UserId(bot.id().get()));
    bot.gateway().wait_until_disconnected().await;
    assert!(bot.shown().is_none(), "without a farewell it would wait to be resumed");
    stage.gateway.stop().await;
    assert!(other.shown().is_none());
    stage.double.finish();
}

#[tokio::test]
async fn a_bot_in_too_many_guilds_is_not_even_connected() {
    let mut stage = Stage::new().await;
    let bot = stage.bot("bridge");
    bot.set_shards(2);
    stage.gateway.connect(token(&bot), Shown::default());
    let told = stage.connection(&bot, |connection| matches!(connection, Connection::Stopped { .. })).await;
    assert!(matches!(&told, Connection::Stopped { reason, .. } if reason.contains("2 connections")), "{told:?}");
    assert_eq!(bot.identifies(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn tests_never_dial_discord() {
    let settings = read(json!({})).unwrap();
    let (heard, mut hearing) = mpsc::channel(16);
    let gateway = Gateway::start(&settings, &Rest::new(&settings).unwrap(), heard).unwrap();
    gateway.connect(crate::configuration::token(1000), Shown::default());
    let lost = loop {
        if let Told::Connection(Connection::Lost { reason, .. }) = hearing.recv().await.unwrap().what {
            break reason;
        }
    };
    assert!(lost.contains("tests stay on this computer"), "{lost}");
    gateway.stop().await;
}

/// Whoever answers here knows nothing of TLS: what counts is that serenity's connections can begin it, beside the other TLS of this
/// program.
#[tokio::test]
async fn a_gateway_with_tls_can_be_dialled() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://{}", listener.local_addr().unwrap());
    let double = Double::start().await;
    let settings = read(json!({ "api_base": double.api_base(), "gateway_url": url })).unwrap();
    let (heard, mut hearing) = mpsc::channel(16);
    let gateway = Gateway::start(&settings, &Rest::new(&settings).unwrap(), heard).unwrap();
    gateway.connect(token(&double.bot("bridge")), Shown::default());
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut hello = [0; 3];
    tokio::io::AsyncReadExt::read_exact(&mut socket, &mut hello).await.unwrap();
    assert_eq!(hello, [22, 3, 1], "a handshake of TLS");
    tokio::io::AsyncWriteExt::write_all(&mut socket, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    let lost = loop {
        if let Told::Connection(Connection::Lost { reason, .. }) = hearing.recv().await.unwrap().what {
            break reason;
        }
    };
    assert!(lost.contains("cannot be reached"), "{lost}");
    gateway.stop().await;
}

#[tokio::test]
async fn what_serenity_has_of_http_reaches_nobody() {
    let fault = Idle::new().http().get_gateway().await.unwrap_err();
    let serenity::Error::Http(serenity::http::HttpError::Request(fault)) = &fault else { panic!("{fault:?}") };
    let url = fault.url().expect("a request has an address");
    assert_eq!((url.host_str(), url.port()), (Some("127.0.0.1"), Some(9)));
}
