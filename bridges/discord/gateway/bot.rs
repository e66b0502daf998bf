//! The life of one bot's connection: opening it, keeping it, opening it again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serenity::model::gateway::GatewayIntents;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    time::{sleep, sleep_until},
};
use url::Url;

use super::{
    Ask, Connection, Intent, Shown, Told,
    asking::{Asking, TooSoon},
    ear::Ear,
    ending::{Ending, Next},
    pace::{Pace, Sessions},
    presence::Showing,
    pulse::Pulse,
    session::{Idle, Opening, Session},
};
use crate::{
    configuration::{Settings, Token, is_loopback},
    model::{Application, GuildId},
    rest::BotRest,
};

/// What is heard of everybody: no moderation, no voice, no invitations.
const USUAL_INTENTS: GatewayIntents = GatewayIntents::GUILDS
    .union(GatewayIntents::GUILD_EMOJIS_AND_STICKERS)
    .union(GatewayIntents::GUILD_WEBHOOKS)
    .union(GatewayIntents::GUILD_MESSAGES)
    .union(GatewayIntents::GUILD_MESSAGE_REACTIONS)
    .union(GatewayIntents::GUILD_MESSAGE_TYPING)
    .union(GatewayIntents::DIRECT_MESSAGES)
    .union(GatewayIntents::DIRECT_MESSAGE_REACTIONS)
    .union(GatewayIntents::DIRECT_MESSAGE_TYPING);
/// What is heard only where the bot's owner has switched it on.
const PRIVILEGED: [Intent; 3] = [Intent::Members, Intent::Presences, Intent::MessageContent];
/// Below so many sessions that Discord has left to a bot, none is begun: their owner may need some.
const SPARED_SESSIONS: u32 = 50;
/// How often is looked whether serenity still goes on.
const LOOK: Duration = Duration::from_secs(5);

/// What all bots share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) pace: Pace,
    pub(super) pulse: Arc<Pulse>,
    pub(super) idle: Idle,
    /// How many may be connecting at once.
    pub(super) connecting: Semaphore,
}

/// One bot.
pub(super) struct Bot {
    pub(super) shared: Arc<Shared>,
    pub(super) token: Token,
    pub(super) rest: BotRest,
    pub(super) ear: Arc<Ear>,
    /// What is to be shown; closed when the bot is to be taken away.
    pub(super) wanted: watch::Receiver<Shown>,
    pub(super) asks: mpsc::Receiver<(GuildId, Ask)>,
    pub(super) too_soon: mpsc::Receiver<TooSoon>,
}

/// What is known after Discord was asked how to connect.
struct Plan {
    url: Url,
    missing: Vec<Intent>,
    /// Whether Discord has told what is allowed.
    told: bool,
}

/// A connection that was just opened.
struct Opened {
    session: Session,
    /// What it shows from its beginning.
    shown: Shown,
    greetings: watch::Receiver<u64>,
}

/// What lasts from one connection to the next.
struct History {
    sessions: Sessions,
    failures: u32,
    missing: Vec<Intent>,
    told: bool,
    /// Discord refused what it had told to be allowed: nothing privileged is asked for any more.
    distrust: bool,
}

impl Bot {
    /// Keeps the bot connected until it is taken away, or until that is of no use any more.
    pub(super) async fn keep(mut self) {
        let mut history = History {
            sessions: Sessions::new(Instant::now()),
            failures: 0,
            missing: Vec::new(),
            told: false,
            distrust: false,
        };
        loop {
            let ending = self.connection(&mut history).await;
            tracing::info!(bot = %self.token.bot(), ?ending, sessions = history.sessions.begun, "discord: a connection ended");
            match ending.next() {
                Next::End => return,
                Next::Stop { reason, mend } => {
                    return self.tell(Connection::Stopped { reason, mend });
                }
                Next::AskLess => history.distrust |= history.told,
                Next::Again { reason, least } => {
                    history.failures = history.failures.saturating_add(1);
                    let pause = self.shared.pace.pause(history.failures, rand::random());
                    let spaced = history.sessions.next(Instant::now(), self.shared.pace.spacing);
                    let again_in = pause.max(least.unwrap_or_default()).max(spaced.duration_since(Instant::now()));
                    self.tell(Connection::Lost { reason, again_in });
                    if !self.wait(again_in).await {
                        return;
                    }
                }
            }
        }
    }

    /// One connection, from its beginning to its end.
    async fn connection(&mut self, history: &mut History) -> Ending {
        self.tell(Connection::Connecting);
        let mut wanted = self.wanted.clone();
        let opened = tokio::select! {
            opened = self.open(history) => opened,
            () = gone(&mut wanted) => return Ending::Wanted,
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(ending) => return ending,
        };
        let begun = Instant::now();
        let ending = self.attend(opened, &history.missing).await;
        if begun.elapsed() >= self.shared.pace.held {
            history.failures = 0;
        }
        ending
    }

    async fn open(&self, history: &mut History) -> Result<Opened, Ending> {
        sleep_until(history.sessions.next(Instant::now(), self.shared.pace.spacing).into()).await;
        // Never closed, so that this cannot fail.
        let _permit = self.shared.connecting.acquire().await;
        let Plan { url, missing, told } = self.plan(history.distrust).await?;
        history.told = told;
        if missing != history.missing {
            history.missing.clone_from(&missing);
            self.tell(Connection::Lessened { missing: missing.clone() });
        }
        let allowed = PRIVILEGED.into_iter().filter(|intent| !missing.contains(intent));
        let intents = allowed.fold(USUAL_INTENTS, |intents, intent| intents | intent.bits());
        let shown = self.wanted.borrow().clone();
        let greetings = self.ear.greetings();
        let opening = Opening { url: &url, token: &self.token, intents, shown: &shown };
        let session = Session::open(opening, Arc::clone(&self.ear), &self.shared.idle, &self.shared.pulse).await?;
        history.sessions.begin(Instant::now());
        Ok(Opened { session, shown, greetings })
    }

    /// Asks where to connect, and with what.
    async fn plan(&self, distrust: bool) -> Result<Plan, Ending> {
        let info = self.rest.gateway().await.map_err(|failure| Ending::of_asking(&failure))?;
        if info.shards > 1 {
            return Err(Ending::TooManyGuilds { shards: info.shards });
        }
        if info.remaining < SPARED_SESSIONS {
            return Err(Ending::NoneLeft { resets_after: info.resets_after });
        }
        let url = self.shared.settings.gateway_url.clone().unwrap_or(info.url);
        if !self.shared.settings.may_dial(&url) || (cfg!(test) && !is_loopback(&url)) {
            let host = url.host_str().unwrap_or_default();
            let reason = format!(
                "the API names a gateway at {host}, which is another place than its own; set gateway_url if that is right"
            );
            return Err(Ending::Unreachable { reason });
        }
        if distrust {
            return Ok(Plan { url, missing: PRIVILEGED.to_vec(), told: true });
        }
        // Without its word, what is refused will show itself.
        let application = self.rest.application().await.ok();
        Ok(Plan { url, missing: application.as_ref().map(missing).unwrap_or_default(), told: application.is_some() })
    }

    /// Attends to a connection until it ends.
    async fn attend(&mut self, opened: Opened, missing: &[Intent]) -> Ending {
        let Opened { mut session, shown, mut greetings } = opened;
        let begun = Instant::now();
        let mut greeted = false;
        let mut showing = Showing::new(self.wanted.borrow_and_update().clone());
        showing.begun_with(shown);
        let mut asking = Asking::default();
        loop {
            let now = Instant::now();
            if greeted {
                if let Some(frame) = showing.take(now) {
                    session.send(&frame);
                }
                if let Some(frame) = asking.take(now, !missing.contains(&Intent::Presences)) {
                    session.send(&frame);
                }
            }
            let due = [showing.due(now), asking.due(now)].into_iter().flatten().min().filter(|_| greeted);
            let due = due.unwrap_or(now + LOOK).min(now + LOOK);
            tokio::select! {
                ending = session.ended() => return ending,
                changed = self.wanted.changed() => {
                    if changed.is_err() {
                        session.close().await;
                        return Ending::Wanted;
                    }
                    showing.want(self.wanted.borrow_and_update().clone());
                }
                Some((guild, ask)) = self.asks.recv() => {
                    // Without the intent, nobody is told who all the members are.
                    if ask != Ask::All || !missing.contains(&Intent::Members) {
                        asking.want(guild, ask);
                    }
                }
                Some(told) = self.too_soon.recv() => asking.too_soon(Instant::now(), &told),
                Ok(()) = greetings.changed() => greeted = true,
                () = sleep_until(due.into()) => {}
            }
            let late = !greeted && begun.elapsed() > self.shared.pace.connecting;
            if late || session.silence() > self.shared.pace.silence {
                return Ending::Silent;
            }
        }
    }

    /// Waits before connecting again; whether the bot is still wanted. Questions about members are passed over meanwhile: they are
    /// asked anew once there is a session.
    async fn wait(&mut self, pause: Duration) -> bool {
        let mut wanted = self.wanted.clone();
        tokio::select! {
            () = sleep(pause) => true,
            () = gone(&mut wanted) => false,
            () = async { while self.asks.recv().await.is_some() {} std::future::pending().await } => false,
        }
    }

    fn tell(&self, connection: Connection) {
        self.ear.tell(Told::Connection(connection));
    }
}

/// Waits until the bot is no longer wanted.
async fn gone(wanted: &mut watch::Receiver<Shown>) {
    while wanted.changed().await.is_ok() {}
}

/// Which privileged intents are not allowed to the bot of this application.
fn missing(application: &Application) -> Vec<Intent> {
    let allowed = |intent: Intent| match intent {
        Intent::Members => application.may_see_members(),
        Intent::Presences => application.may_see_presences(),
        Intent::MessageContent => application.may_read(),
    };
    PRIVILEGED.into_iter().filter(|&intent| !allowed(intent)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intents_are_those_that_are_needed() {
        let all = PRIVILEGED.into_iter().fold(USUAL_INTENTS, |intents, intent| intents | intent.bits());
        assert_eq!(all.bits(), 65_323);
        let application = Application { flags: 1 << 13 | 1 << 18, ..Application::default() };
        assert_eq!(missing(&application), [Intent::Members]);
        assert_eq!(missing(&Application::default()), PRIVILEGED);
    }
}
