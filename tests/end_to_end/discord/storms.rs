//! Everything goes wrong that can between the server and Discord, while numbered lines go both ways: nothing may be lost, doubled
//! or come in another order. And what does not change must not be shown as if it did.

mod disorder;
mod lines;
mod tally;
mod toasts;

use std::time::Duration;

use chrysalis_discord_double::{Bot, Channel, Double, EventFault, Fault, Person, Route, permissions};
use chrysalis_test_harness::{Messenger, Room};
use msnp::dialect::Dialect;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{ANN, CAROL, DAVE, GENERAL, Setup, window};
use lines::{Ears, Line};
use tally::Tally;

/// Chance is the same at every run; what the machine makes of it is not.
const SEED: u64 = 4014;

/// How many storms there are in the long form of the test: with `CHRYSALIS_LONG=1`, `scripts/test --long`.
const LONG: u64 = 12;

/// How many lines each says in each round.
const EACH: u32 = 20;

/// How long the last lines may take once nothing goes wrong any more.
const PEACE: Duration = Duration::from_secs(100);

/// Both sides: Carol speaks through her own bot to Ann and in the channel, Dave through the relay in the channel, and Ann to both.
struct Storm {
    setup: Setup,
    bots: [Bot; 2],
    ann: Person,
    chat: Channel,
    general: Channel,
    chance: StdRng,
    /// What the Messenger users said and was acknowledged, and what Ann said.
    said: Vec<Line>,
    next: u32,
    carol: Ears,
    dave: Ears,
}

/// The windows of one round.
struct Windows {
    carol: Messenger,
    dave: Messenger,
    direct: Room,
    hers: Room,
    his: Room,
}

impl Storm {
    async fn gather(seed: u64) -> Self {
        let double = Double::start().await;
        let (own, relay, guild) = (double.bot("carols-bot"), double.bot("relay"), double.guild("Tea"));
        own.joins(&guild);
        relay.joins_with(&guild, permissions::BRIDGE);
        let ann = double.person("ann");
        ann.set_global_name("Ann");
        ann.joins(&guild);
        let general = guild.channel("general");
        // As fast as the storm needs, and limits all the same.
        for route in [Route::CreateMessage, Route::ExecuteWebhook] {
            double.limit(route, 20, Duration::from_secs(1));
        }
        let setup = Setup::beside(double, &[CAROL, DAVE], &format!("token = \"{}\"", relay.token()));
        setup.allow_restarts();
        setup.link(&own);
        for account in [CAROL, DAVE] {
            let mut early = Messenger::online(&setup.server, account, Dialect::Msnp12).await;
            early.until_listed(GENERAL).await;
            early.until_listed(ANN).await;
        }
        let chat = ann.direct(&own);
        let chance = StdRng::seed_from_u64(seed);
        let (said, next, carol, dave) = (Vec::new(), 0, Ears::default(), Ears::default());
        Self { setup, bots: [own, relay], ann, chat, general, chance, said, next, carol, dave }
    }

    async fn windows(&self) -> Windows {
        let online = |account| Messenger::online(&self.setup.server, account, Dialect::Msnp12);
        let (mut carol, mut dave) = (online(CAROL).await, online(DAVE).await);
        let (direct, hers) = (window(&mut carol, ANN).await, window(&mut carol, GENERAL).await);
        let his = window(&mut dave, GENERAL).await;
        Windows { carol, dave, direct, hers, his }
    }

    /// From now on every seventh request and every thirtieth event meets something.
    fn breaks_loose(&self, seed: u64) {
        let retry_after = Duration::from_millis(300);
        let requests = [
            Fault::RateLimited { retry_after, global: false },
            Fault::Status(500),
            Fault::Status(502),
            Fault::Status(503),
            Fault::StatusAfterEffect(502),
            Fault::AnswerLost,
            Fault::Cut,
            Fault::Delay(Duration::from_millis(150)),
            Fault::LateAnswer(Duration::from_millis(150)),
            Fault::Truncated,
            Fault::Unreadable,
            Fault::WrongType("id".into()),
        ];
        self.setup.double.strike(seed, 150, &requests);
        let events = [
            EventFault::Duplicated,
            EventFault::Malformed("timestamp".into()),
            EventFault::Reconnect,
            EventFault::Cut,
            EventFault::Closed(4000),
            EventFault::Invalidated(true),
        ];
        self.setup.double.strike_events(seed, 30, &events);
    }

    /// Everybody says their lines, in turns, and meanwhile something happens.
    async fn round(&mut self, windows: &mut Windows, calamity: impl Fn(&Self)) {
        let at = self.chance.random_range(2..EACH - 2);
        for number in 0..EACH {
            self.next += 1;
            for (who, room) in
                [("carol-direct", &mut windows.direct), ("carol", &mut windows.hers), ("dave", &mut windows.his)]
            {
                let line = Line::new(who, self.next);
                lines::tell(room, line).await;
                self.said.push(line);
            }
            for (who, channel) in [("ann-direct", &self.chat), ("ann", &self.general)] {
                let line = Line::new(who, self.next);
                self.ann.says(channel, &line.to_string());
                self.said.push(line);
            }
            if number == at {
                calamity(self);
            }
            // So that what happens meets lines on their way, and not only those that wait.
            tokio::time::sleep(Duration::from_millis(self.chance.random_range(0..40))).await;
        }
    }

    /// Ann speaks while nobody listens.
    fn speaks_to_nobody(&mut self) {
        self.next += 1;
        for (who, channel) in [("ann-direct", &self.chat), ("ann", &self.general)] {
            let line = Line::new(who, self.next);
            self.ann.says(channel, &line.to_string());
            self.said.push(line);
        }
    }

    /// All connections end, and what came over them is written down.
    async fn end(&mut self, mut windows: Windows) {
        self.carol.ends("direct", windows.direct.rest().await);
        self.carol.ends("general", windows.hers.rest().await);
        self.dave.ends("general", windows.his.rest().await);
        windows.carol.rest().await;
        windows.dave.rest().await;
    }

    /// Waits until the last lines have come everywhere.
    async fn make_peace(&mut self, windows: &mut Windows) {
        self.setup.double.rest();
        for room in [&mut windows.direct, &mut windows.hers, &mut windows.his] {
            room.wait_for(PEACE);
        }
        let last = self.next;
        let arriving = async {
            let says = |channel: &Channel, who| {
                let line = Line::new(who, last).to_string();
                channel.messages().iter().any(|message| message.content == line)
            };
            while !(says(&self.chat, "carol-direct") && says(&self.general, "carol") && says(&self.general, "dave")) {
                // The double waits for no more than one thing at a time, and not so long.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let arrived = tokio::time::timeout(PEACE, arriving).await;
        assert!(arrived.is_ok(), "the last lines do not come to Discord:\n{}", self.table());
        self.carol.hears(&mut windows.direct, "direct", &[Line::new("ann-direct", last)]).await;
        self.carol.hears(&mut windows.hers, "general", &[Line::new("ann", last), Line::new("dave", last)]).await;
        self.dave.hears(&mut windows.his, "general", &[Line::new("ann", last), Line::new("carol", last)]).await;
    }

    /// Everybody leaves; whatever came twice has come before.
    async fn part(&mut self, windows: Windows) {
        let Windows { mut direct, mut hers, mut his, .. } = windows;
        for room in [&mut direct, &mut hers, &mut his] {
            room.prove().await;
        }
        self.carol.ends("direct", direct.leave().await);
        self.carol.ends("general", hers.leave().await);
        self.dave.ends("general", his.leave().await);
    }

    fn tallies(&self) -> Vec<(&'static str, Tally)> {
        let on_discord = |channel: &Channel, who| {
            let lines = channel.messages().into_iter().filter_map(|message| Line::read(&message.content));
            Tally::of(&self.said, who, lines.map(|line| (0, line)))
        };
        vec![
            ("Carol to Ann", on_discord(&self.chat, "carol-direct")),
            ("Carol to the channel", on_discord(&self.general, "carol")),
            ("Dave to the channel", on_discord(&self.general, "dave")),
            ("Ann to Carol", Tally::of(&self.said, "ann-direct", self.carol.heard("direct"))),
            ("the channel to Carol", Tally::of(&self.said, "ann", self.carol.heard("general"))),
            ("Dave to Carol", Tally::of(&self.said, "dave", self.carol.heard("general"))),
            ("the channel to Dave", Tally::of(&self.said, "ann", self.dave.heard("general"))),
            ("Carol to Dave", Tally::of(&self.said, "carol", self.dave.heard("general"))),
        ]
    }

    fn table(&self) -> String {
        let [own, relay] = &self.bots;
        let (table, double) = (tally::table(&self.tallies()), &self.setup.double);
        format!(
            "{table}identifies: {} of Carol's bot, {} of the relay; resumes: {} and {}; faults met: {}; requests: {}, of which {} \
             were not allowed\n",
            own.identifies(),
            relay.identifies(),
            own.resumes(),
            relay.resumes(),
            double.faults_met(),
            double.all_requests(),
            double.invalid_requests()
        )
    }
}

/// What happens in the midst of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Calamity {
    /// The connections of both bots end without a word.
    Cut,
    /// Op 7.
    Reconnect,
    /// Op 9: new sessions have to begin.
    Invalidated,
    /// Somebody takes the webhook away.
    WebhookLost,
    /// At the end of the round, the server is killed in the midst of whatever it does.
    ServerKilled,
}

impl Calamity {
    const ALL: [Self; 7] = [
        Self::Cut,
        Self::ServerKilled,
        Self::Invalidated,
        Self::WebhookLost,
        Self::ServerKilled,
        Self::Reconnect,
        Self::ServerKilled,
    ];

    fn befalls(self, storm: &Storm) {
        match self {
            Self::Cut => storm.bots.iter().for_each(|bot| bot.gateway().cuts()),
            Self::Reconnect => storm.bots.iter().for_each(|bot| bot.gateway().asks_to_reconnect()),
            Self::Invalidated => storm.bots.iter().for_each(|bot| bot.gateway().invalidates(false)),
            Self::WebhookLost => {
                storm.general.webhooks().iter().for_each(|(webhook, _, _)| storm.general.loses_webhook(*webhook));
            }
            Self::ServerKilled => {}
        }
    }
}

/// All of it, over one server and one Discord.
async fn storm(seed: u64) {
    let mut storm = Storm::gather(seed).await;
    storm.breaks_loose(seed);
    let mut windows = storm.windows().await;
    for calamity in Calamity::ALL {
        let sessions = storm.bots.each_ref().map(Bot::identifies);
        storm.round(&mut windows, |storm| calamity.befalls(storm)).await;
        match calamity {
            Calamity::ServerKilled => {
                storm.setup.server.kill();
                storm.end(windows).await;
                storm.speaks_to_nobody();
                storm.setup.server.run();
                windows = storm.windows().await;
                // Of a channel in which more was said meanwhile than anybody reads, only the newest is fetched.
                for bot in &storm.bots {
                    bot.gateway().wait_until_connected().await;
                }
            }
            Calamity::Invalidated => {
                for (bot, before) in storm.bots.iter().zip(sessions) {
                    bot.wait_for_identifies(before + 1).await;
                }
            }
            Calamity::Cut | Calamity::Reconnect | Calamity::WebhookLost => {}
        }
    }
    storm.round(&mut windows, |_| {}).await;
    storm.make_peace(&mut windows).await;
    storm.part(windows).await;
    println!("\nstorm {seed}\n{}", storm.table());
    let reports = [storm.carol.reports(), storm.dave.reports()].concat();
    assert!(reports.is_empty(), "{reports:#?}");
    for (way, tally) in storm.tallies() {
        tally.must_be_clean(way);
    }
    for bot in &storm.bots {
        assert!(bot.identifies() <= 12, "{} sessions", bot.identifies());
    }
    storm.setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_storms_lose_nothing_and_double_nothing() {
    let storms = if std::env::var("CHRYSALIS_LONG").is_ok_and(|value| value != "0") { LONG } else { 1 };
    for seed in SEED..SEED + storms {
        storm(seed).await;
    }
}
