//! Whether serenity's runners still go on.
//!
//! After some close codes (4003, 4010, 4011) a runner of serenity 0.12.5 goes round in circles without ever giving the thread
//! back, until its heartbeat fails: up to 41 seconds in which no bot on the thread hears anything. Nothing on the thread itself can
//! end that. So each turn of a runner is marked, and a second thread looks whether one lasts too long; a frame that it hands to that
//! runner cannot be sent on the closed connection, at which the runner ends. For one that only had much to do, it is a pong, which
//! means nothing.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use serenity::gateway::ShardMessenger;
use tokio_tungstenite::tungstenite::Message;

/// How often is looked. A turn that spans two looks is too long.
const LOOK: Duration = Duration::from_millis(250);

/// The turns of all runners; they take place one at a time.
#[derive(Debug)]
pub(super) struct Pulse {
    /// Odd while a turn lasts.
    turn: AtomicU64,
    /// Whose turn it is.
    whose: AtomicU64,
    /// The turn in which a runner was last interrupted.
    interrupted: AtomicU64,
    serial: AtomicU64,
    runners: Mutex<HashMap<u64, ShardMessenger>>,
}

impl Pulse {
    /// Starts the thread that looks; it ends with the pulse.
    pub(super) fn start() -> std::io::Result<Arc<Self>> {
        let pulse = Arc::new(Self {
            turn: AtomicU64::new(0),
            whose: AtomicU64::new(0),
            interrupted: AtomicU64::new(0),
            serial: AtomicU64::new(0),
            runners: Mutex::default(),
        });
        let looking = Arc::downgrade(&pulse);
        thread::Builder::new().name("discord-pulse".into()).spawn(move || look(&looking))?;
        Ok(pulse)
    }

    /// Marks the turns of a runner.
    pub(super) fn mark<F: Future>(self: &Arc<Self>, messenger: ShardMessenger, runner: F) -> Marked<F> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed) + 1;
        self.runners().insert(serial, messenger);
        Marked { pulse: Arc::clone(self), serial, last: Arc::new(Mutex::new(Instant::now())), runner: Box::pin(runner) }
    }

    fn interrupt(&self, turn: u64) {
        let whose = self.whose.load(Ordering::SeqCst);
        if self.turn.load(Ordering::SeqCst) != turn {
            return;
        }
        if let Some(messenger) = self.runners().get(&whose) {
            self.interrupted.store(turn, Ordering::SeqCst);
            messenger.websocket_message(Message::Pong(Vec::new()));
        }
    }

    fn runners(&self) -> std::sync::MutexGuard<'_, HashMap<u64, ShardMessenger>> {
        self.runners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look(pulse: &Weak<Pulse>) {
    let mut last = 0;
    loop {
        thread::sleep(LOOK);
        let Some(pulse) = pulse.upgrade() else { return };
        let turn = pulse.turn.load(Ordering::SeqCst);
        if turn % 2 == 1 && turn == last {
            pulse.interrupt(turn);
        }
        last = turn;
    }
}

/// A runner whose turns are marked. It tells, beside what it gives, whether its last turn had to be interrupted.
pub(super) struct Marked<F> {
    pulse: Arc<Pulse>,
    serial: u64,
    last: Arc<Mutex<Instant>>,
    runner: Pin<Box<F>>,
}

impl<F> Marked<F> {
    /// When it last had a turn.
    pub(super) fn last_turn(&self) -> Arc<Mutex<Instant>> {
        Arc::clone(&self.last)
    }
}

impl<F: Future> Future for Marked<F> {
    type Output = (F::Output, bool);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let pulse = Arc::clone(&self.pulse);
        pulse.whose.store(self.serial, Ordering::SeqCst);
        let turn = pulse.turn.fetch_add(1, Ordering::SeqCst) + 1;
        let polled = self.runner.as_mut().poll(context);
        pulse.turn.fetch_add(1, Ordering::SeqCst);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        polled.map(|given| (given, pulse.interrupted.load(Ordering::SeqCst) == turn))
    }
}

impl<F> Drop for Marked<F> {
    fn drop(&mut self) {
        self.pulse.runners().remove(&self.serial);
    }
}
