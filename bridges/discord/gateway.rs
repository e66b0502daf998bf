//! Hearing what happens on Discord: its gateway, by serenity.
//!
//! All bots are heard on one thread with a runtime of its own: serenity hands each event to a task of its own, and on one thread
//! these begin in the order in which the events came. Of serenity, only the runner of a connection is used. It resumes a session
//! by itself; whenever it wants a new one, it ends here, so that new sessions are begun with a back-off and counted.

mod asking;
mod bot;
mod ear;
mod ending;
mod pace;
mod presence;
mod pulse;
mod reading;
mod session;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use bridge::Failure;
use serenity::model::gateway::GatewayIntents;
use tokio::{
    runtime::{self, Handle},
    sync::{Semaphore, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use self::{
    bot::{Bot, Shared},
    ear::Ear,
    pace::Pace,
    pulse::Pulse,
    session::Idle,
};
use crate::{
    configuration::{Settings, Token},
    event::Happening,
    model::{GuildId, UserId},
    rest::Rest,
};

pub(crate) use reading::check as check_event;

/// How many bots may be connecting at once.
const CONNECTING_AT_ONCE: usize = 5;
/// How many questions about members one bot can be given at once.
const QUESTIONS: usize = 256;
/// How many questions that Discord wants again later are handed on at once.
const QUESTIONS_BACK: usize = 16;
/// How long farewells may take when the program stops.
const FAREWELLS: Duration = Duration::from_secs(5);

/// All bots' connections.
pub(crate) struct Gateway {
    shared: Arc<Shared>,
    rest: Rest,
    heard: mpsc::Sender<Heard>,
    runtime: Handle,
    seats: Mutex<HashMap<UserId, Seat>>,
    /// The end of the thread.
    end: CancellationToken,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

/// One bot's place.
struct Seat {
    token: Token,
    /// Dropped when the bot is to be taken away.
    wanted: watch::Sender<Shown>,
    asks: mpsc::Sender<(GuildId, Ask)>,
    life: JoinHandle<()>,
}

impl Gateway {
    /// Starts the thread; nobody is connected yet. What is heard goes into `heard`, in order for each bot.
    pub(crate) fn start(settings: &Settings, rest: &Rest, heard: mpsc::Sender<Heard>) -> Result<Self, Failure> {
        Self::start_at(Pace::default(), settings, rest, heard)
    }

    fn start_at(pace: Pace, settings: &Settings, rest: &Rest, heard: mpsc::Sender<Heard>) -> Result<Self, Failure> {
        let failed = |fault: std::io::Error| Failure::retry(format!("no thread for Discord can be started: {fault}"));
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let end = CancellationToken::new();
        let ended = end.clone();
        let thread = thread::Builder::new().name("discord".into()).spawn(move || {
            runtime.block_on(ended.cancelled());
            // A look-up of a name may still be under way; nobody waits for it.
            runtime.shutdown_background();
        });
        let shared = Shared {
            settings: settings.clone(),
            pace,
            pulse: Pulse::start().map_err(failed)?,
            idle: Idle::new(),
            connecting: Semaphore::new(CONNECTING_AT_ONCE),
        };
        Ok(Self {
            shared: Arc::new(shared),
            rest: rest.clone(),
            heard,
            runtime: handle,
            seats: Mutex::default(),
            end,
            thread: Mutex::new(Some(thread.map_err(failed)?)),
        })
    }

    /// Connects a bot, or shows `shown` if it is connected with this token; another token of the same bot takes its place. After
    /// [`Connection::Stopped`] the bot is not tried again until this is called.
    pub(crate) fn connect(&self, token: Token, shown: Shown) {
        let mut seats = self.seats();
        if let Some(seat) = seats.get(&token.bot()).filter(|seat| seat.token == token && !seat.life.is_finished()) {
            seat.wanted.send_replace(shown);
            return;
        }
        seats.insert(token.bot(), self.seat(token, shown));
    }

    /// Takes a bot away: it goes offline at once.
    pub(crate) fn disconnect(&self, bot: UserId) {
        self.seats().remove(&bot);
    }

    /// Shows something of the bot; within Discord's limits, the last value wins.
    pub(crate) fn show(&self, bot: UserId, shown: Shown) {
        if let Some(seat) = self.seats().get(&bot) {
            seat.wanted.send_if_modified(|wanted| {
                let differs = *wanted != shown;
                *wanted = shown;
                differs
            });
        }
    }

    /// Asks for members of a guild; they are told as [`Happening::Members`]. What is asked while the bot is not connected is passed
    /// over.
    pub(crate) fn ask_members(&self, bot: UserId, guild: GuildId, ask: Ask) {
        if self.seats().get(&bot).is_some_and(|seat| seat.asks.try_send((guild, ask)).is_err()) {
            tracing::warn!(%bot, %guild, "discord: a question about members is left out, for too many wait");
        }
    }

    /// Takes all bots away and ends the thread.
    pub(crate) async fn stop(&self) {
        let seats: Vec<Seat> = self.seats().drain().map(|(_, seat)| seat).collect();
        let lives: Vec<JoinHandle<()>> = seats.into_iter().map(|seat| seat.life).collect();
        let farewells = futures_util::future::join_all(lives);
        if timeout(FAREWELLS, farewells).await.is_err() {
            tracing::warn!("discord: some bots could not say farewell; they look online for some minutes");
        }
        self.end.cancel();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    fn seat(&self, token: Token, shown: Shown) -> Seat {
        let (wanted, wanting) = watch::channel(shown);
        let (asks, asked) = mpsc::channel(QUESTIONS);
        let (too_soon, later) = mpsc::channel(QUESTIONS_BACK);
        let (hears, hearing) = mpsc::channel(ear::WAITING);
        let ear = Arc::new(Ear::new(token.bot(), hears, too_soon));
        self.runtime.spawn(hand_on(hearing, self.heard.clone(), Arc::downgrade(&ear)));
        let bot = Bot {
            shared: Arc::clone(&self.shared),
            token: token.clone(),
            rest: self.rest.of(token.clone()),
            ear,
            wanted: wanting,
            asks: asked,
            too_soon: later,
        };
        Seat { token, wanted, asks, life: self.runtime.spawn(bot.keep()) }
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<UserId, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gateway").field("bots", &self.seats().len()).finish_non_exhaustive()
    }
}

/// Hands on what one bot hears, as fast as it is taken.
async fn hand_on(mut hearing: mpsc::Receiver<Heard>, heard: mpsc::Sender<Heard>, ear: Weak<Ear>) {
    while let Some(something) = hearing.recv().await {
        if heard.send(something).await.is_err() {
            return;
        }
        if hearing.is_empty()
            && let Some(ear) = ear.upgrade()
        {
            ear.tell_gap();
        }
    }
}

/// What a bot shows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    pub(crate) status: ShownStatus,
    /// A custom status, of which Discord takes 128 characters.
    pub(crate) line: Option<String>,
    /// What it listens to.
    pub(crate) listening: Option<String>,
}

/// Whether a bot is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ShownStatus {
    #[default]
    Online,
    Idle,
    DoNotDisturb,
    Invisible,
}

/// Which members of a guild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// All of them. Discord gives them about once in 30 seconds, and only with the privileged intent.
    All,
    Those(Vec<UserId>),
}

/// What one bot has heard.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) bot: UserId,
    pub(crate) what: Told,
}

/// What there is to hear.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Happened(Happening),
    Connection(Connection),
    /// Events were left out here, since they came faster than they were taken: what they told must be asked for.
    Gap,
}

/// How a bot's connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Connection {
    /// It is being connected, for the first time or again; [`Happening::Ready`] or [`Happening::Resumed`] tells when it is.
    Connecting,
    /// It broke, and is tried again after a while.
    Lost { reason: String, again_in: Duration },
    /// It is over, and connecting again is of no use before somebody mends it: a sentence for the owner, and what to do.
    Stopped { reason: String, mend: String },
    /// It connects with less than it wants, since the bot's owner has not allowed these on Discord's pages; each says what is
    /// missed. Told again when it changes; empty when nothing is missing any more.
    Lessened { missing: Vec<Intent> },
}

/// Something that Discord tells a bot only if its owner has switched it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Intent {
    /// Who is in a guild, who comes and goes.
    Members,
    /// Who is online, and what they show.
    Presences,
    /// What is said in guilds.
    MessageContent,
}

impl Intent {
    /// What it is called on the page "Bot" of the application.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Members => "Server Members Intent",
            Self::Presences => "Presence Intent",
            Self::MessageContent => "Message Content Intent",
        }
    }

    /// What is missing without it: a phrase.
    pub(crate) const fn cost(self) -> &'static str {
        match self {
            Self::Members => "people of a server are seen only once they write, and changes of their names go unseen",
            Self::Presences => "nobody's status is seen",
            Self::MessageContent => "messages in channels come empty, but for those that mention the bot",
        }
    }

    /// The same for serenity.
    const fn bits(self) -> GatewayIntents {
        match self {
            Self::Members => GatewayIntents::GUILD_MEMBERS,
            Self::Presences => GatewayIntents::GUILD_PRESENCES,
            Self::MessageContent => GatewayIntents::MESSAGE_CONTENT,
        }
    }
}
