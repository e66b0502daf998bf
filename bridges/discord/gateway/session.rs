//! One connection of a bot: a runner of serenity, and what is sent over it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;
use serenity::{
    client::RawEventHandler,
    gateway::{
        ConnectionStage, Shard, ShardManager, ShardManagerOptions, ShardMessenger, ShardRunner, ShardRunnerInfo,
        ShardRunnerOptions,
    },
    http::{Http, HttpBuilder},
    model::{
        gateway::{GatewayIntents, ShardInfo},
        id::ShardId,
    },
    prelude::{RwLock, TypeMap},
};
use tokio::{task::JoinHandle, time::timeout};
use tokio_tungstenite::tungstenite::Message;
use tracing::{instrument::WithSubscriber as _, subscriber::NoSubscriber};
use url::Url;

use super::{Shown, ear::Ear, ending::Ending, presence, pulse::Pulse};
use crate::configuration::Token;

/// How long connecting may take.
const OPENING: Duration = Duration::from_secs(20);
/// How long a farewell may take.
const CLOSING: Duration = Duration::from_secs(2);
/// The only connection of a bot.
const ONLY: ShardId = ShardId(0);
/// A connection that there is not.
const NONE: ShardId = ShardId(1);

/// A connection that is open, or was until a moment ago.
pub(super) struct Session {
    messenger: ShardMessenger,
    last_turn: Arc<Mutex<Instant>>,
    runner: JoinHandle<Ending>,
}

/// What serenity's connections need but never use here.
#[derive(Clone)]
pub(super) struct Idle {
    http: Arc<Http>,
}

impl Idle {
    /// An HTTP client that is never used. If serenity used it all the same, it would reach nobody: without its limiter it keeps to the
    /// base, which is a port of this computer where nobody listens.
    pub(super) fn new() -> Self {
        let http = HttpBuilder::new("").proxy("http://127.0.0.1:9").ratelimiter_disabled(true).build();
        Self { http: Arc::new(http) }
    }

    /// The client, to see that it reaches nobody.
    #[cfg(test)]
    pub(super) fn http(&self) -> &Http {
        &self.http
    }
}

/// What a connection is opened with.
pub(super) struct Opening<'o> {
    pub(super) url: &'o Url,
    pub(super) token: &'o Token,
    pub(super) intents: GatewayIntents,
    pub(super) shown: &'o Shown,
}

impl Session {
    /// Connects; the bot says who it is as soon as it is greeted.
    pub(super) async fn open(
        opening: Opening<'_>,
        ear: Arc<Ear>,
        idle: &Idle,
        pulse: &Arc<Pulse>,
    ) -> Result<Self, Ending> {
        let Opening { url, token, intents, shown } = opening;
        let unreachable = |reason: String| Ending::Unreachable { reason };
        let shard = Shard::new(
            Arc::new(serenity::prelude::Mutex::new(url.to_string())),
            token.secret(),
            ShardInfo { id: ONLY, total: 1 },
            intents,
            Some(presence::beginning(shown)),
        );
        let shard = timeout(OPENING, shard)
            .await
            .map_err(|_| unreachable("Discord's gateway does not answer".into()))?
            .map_err(|fault| unreachable(format!("Discord's gateway cannot be reached: {fault}")))?;
        let data = Arc::new(RwLock::new(TypeMap::new()));
        let (manager, _) = ShardManager::new(ShardManagerOptions {
            data: Arc::clone(&data),
            event_handlers: Vec::new(),
            raw_event_handlers: Vec::new(),
            shard_index: 0,
            shard_init: 0,
            shard_total: 1,
            ws_url: Arc::default(),
            http: Arc::clone(&idle.http),
            intents,
            presence: None,
        });
        let mut runner = ShardRunner::new(ShardRunnerOptions {
            data,
            event_handlers: Vec::new(),
            raw_event_handlers: vec![ear as Arc<dyn RawEventHandler>],
            manager: Arc::clone(&manager),
            shard,
            http: Arc::clone(&idle.http),
        });
        let messenger = ShardMessenger::new(&runner);
        disarm(&manager, &messenger).await;
        let running = async move { Box::pin(runner.run()).await };
        // serenity writes whole events into its logs, what people say included: nothing of that is let out. What matters is told by
        // the end of the runner and by the ear, which is not within it.
        let running = pulse.mark(messenger.clone(), running.with_subscriber(NoSubscriber::default()));
        let last_turn = running.last_turn();
        let runner = tokio::spawn(async move {
            let (result, interrupted) = running.await;
            if interrupted { Ending::Stuck } else { Ending::of_runner(result) }
        });
        Ok(Self { messenger, last_turn, runner })
    }

    /// Sends a frame. It is lost if the connection just broke, which then ends.
    pub(super) fn send(&self, frame: &Value) {
        self.messenger.websocket_message(Message::Text(frame.to_string()));
    }

    /// Waits until the connection has ended.
    pub(super) async fn ended(&mut self) -> Ending {
        match (&mut self.runner).await {
            Ok(ending) => ending,
            Err(fault) => Ending::Unreachable { reason: format!("serenity failed: {fault}") },
        }
    }

    /// For how long serenity has done nothing at all, while it should look twice a second.
    pub(super) fn silence(&self) -> Duration {
        self.last_turn.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Says farewell, so that the bot is offline at once.
    pub(super) async fn close(mut self) {
        self.messenger.shutdown_clean();
        // After a farewell nothing more can be sent: at this the runner ends. If it was asked to end instead, it would wait for the
        // answer to the farewell, and turn in circles for ever where none can come.
        self.messenger.websocket_message(Message::Pong(Vec::new()));
        let _ = timeout(CLOSING, self.ended()).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.runner.abort();
    }
}

/// Takes from a manager the queue that begins new sessions, so that a runner that wants one ends instead.
async fn disarm(manager: &Arc<ShardManager>, messenger: &ShardMessenger) {
    // The queue ends when all connections that the manager knows are to end: it is told of one that there is not, and that this has
    // ended already. The runner passes over what is meant for another connection than its own.
    let info = ShardRunnerInfo { latency: None, runner_tx: messenger.clone(), stage: ConnectionStage::Disconnected };
    manager.runners.lock().await.insert(NONE, info);
    manager.shutdown_finished(NONE);
    manager.shutdown_all().await;
    // When the runner wants a new session it waits for the end of the old one, which is itself.
    manager.shutdown_finished(ONLY);
}

#[cfg(test)]
mod tests {
    use std::io;

    use chrysalis_discord_double::Double;
    use tokio::sync::mpsc;
    use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

    use super::*;
    use crate::{event::Happening, gateway::Told, model::UserId};

    /// All that is logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'w> MakeWriter<'w> for Log {
        type Writer = Self;

        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }

    #[tokio::test]
    async fn neither_what_is_said_nor_the_token_is_ever_logged() {
        let log = Log::default();
        let everything = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::NEW)
            .with_writer(log.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(everything);
        let double = Double::start().await;
        let (guild, bot, ann) = (double.guild("Tea"), double.bot("bridge"), double.person("ann"));
        let general = guild.channel("general");
        ann.joins(&guild);
        bot.joins(&guild);
        let (heard, mut hearing) = mpsc::channel(64);
        let (too_soon, _later) = mpsc::channel(1);
        let ear = Arc::new(Ear::new(UserId(bot.id().get()), heard, too_soon));
        let (url, token) = (double.gateway_url().parse().unwrap(), Token::parse(bot.token()).unwrap());
        let opening = Opening {
            url: &url,
            token: &token,
            intents: GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGES | GatewayIntents::MESSAGE_CONTENT,
            shown: &Shown { line: Some("a line of a status".into()), ..Shown::default() },
        };
        let session = Session::open(opening, ear, &Idle::new(), &Pulse::start().unwrap()).await.unwrap();
        loop {
            match hearing.recv().await.unwrap().what {
                Told::Happened(Happening::Guild(_)) => drop(ann.says(&general, "what nobody else may read")),
                Told::Happened(Happening::Message(_)) => break,
                _ => {}
            }
        }
        session.close().await;
        tracing::info!("the log is kept");
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("the log is kept"));
        for secret in ["what nobody else may read", "a line of a status", bot.token()] {
            assert!(!log.contains(secret), "{secret:?} is logged");
        }
    }
}
