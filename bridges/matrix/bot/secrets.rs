//! Lines that hold a password: they are taken out of their rooms, whatever else becomes of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bridge::Failure;
use ruma::{OwnedEventId, OwnedRoomId};
use tokio::{sync::Notify, time::Instant};

use super::answers;
use crate::{appservice::Appservice, chores::at};

/// How many lines may wait to be taken out. They go as fast as the homeserver answers.
const MOST: usize = 1024;
/// The wait before the next attempt.
const AGAIN: Duration = Duration::from_secs(5);

const HIDDEN: &str = "I have deleted your line with the password. The homeserver and its administrators have seen it: take \
                      another one where that matters.";
const SHOWN: &str = "I may not delete your line with the password here: delete it yourself. The homeserver and its \
                     administrators have seen it.";

/// A line, by where it was said.
pub(super) type Line = (OwnedRoomId, OwnedEventId);

/// The lines that have to go.
#[derive(Default)]
pub(super) struct Secrets {
    /// Each with whether its sender is told.
    waiting: Mutex<BTreeMap<Line, bool>>,
    bell: Notify,
}

impl Secrets {
    /// Has a line taken out soon; `told`: its sender is told what became of it.
    pub(super) fn note(&self, line: Line, told: bool) {
        let mut waiting = self.lock();
        if waiting.len() >= MOST {
            tracing::error!(room = %line.0, event = %line.1, "too many lines with passwords: one stays in its room; delete it there");
            return;
        }
        waiting.insert(line, told);
        drop(waiting);
        self.bell.notify_one();
    }

    /// Whether a line still has to go.
    pub(super) fn has(&self, line: &Line) -> bool {
        self.lock().contains_key(line)
    }

    fn all(&self) -> BTreeMap<Line, bool> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Line, bool>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Appservice {
    /// Takes lines with passwords out of their rooms until everything ends, each until that is done or cannot be.
    pub(crate) async fn hide_secrets(self: Arc<Self>) {
        loop {
            let mut next = None;
            for (line, told) in self.bot.secrets.all() {
                match self.stopping.run_until_cancelled(self.hide(&line, told)).await {
                    None => return,
                    Some(Ok(())) => {}
                    Some(Err(failure)) => {
                        tracing::warn!(room = %line.0, %failure, "a line with a password stands there still; it is tried again");
                        next = Some(Instant::now() + AGAIN);
                    }
                }
            }
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = self.bot.secrets.bell.notified() => {}
                () = at(next) => {}
            }
        }
    }

    /// Takes a line with a password out of its room, and says so. Done twice at once, it is done once.
    pub(super) async fn hide(&self, line: &Line, told: bool) -> Result<(), Failure> {
        let (room, event) = line;
        let said = match self.bot().redact(room, event, "it held a password").await {
            Ok(_) => HIDDEN,
            Err(trouble) if trouble.is_final() => {
                tracing::warn!(%room, %trouble, "a line with a password cannot be taken out");
                SHOWN
            }
            Err(trouble) => return Err(trouble.into()),
        };
        if told {
            let content = answers::notice(said, self.bot.manages(room).is_none().then_some(event));
            let (bot, transaction) = (self.configuration.names.bot(), format!("chrysalis-hidden-{event}"));
            match self.speak(bot, room, &transaction, &content, None).await {
                Err(unsaid) if !unsaid.is_final() => return Err(unsaid.into()),
                Ok(_) | Err(_) => {}
            }
        }
        self.bot.secrets.lock().remove(line);
        Ok(())
    }
}
