//! The end of a connection: what is told to whom, and what the client has got by then.

use std::time::Duration;

use domain::{account, conversation};
use session::{Closing, Input, notification, switchboard};

use super::{Ending, Place, Task};
use crate::{conversation::ToConversation, core::moment, mailbox::ToAccount};

/// How long a client that the server parts from is given to have got what was sent to it.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// How long after a look the next is taken then.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long nothing may have been said or told before the server parts from a client: what it had said already is read, kept and
/// answered first.
const QUIET: Duration = Duration::from_millis(150);

/// How long a client that does not stop talking is listened to all the same.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// When the server parts from a client.
pub(super) struct Parting {
    quiet: tokio::time::Instant,
    latest: tokio::time::Instant,
}

impl Parting {
    pub(super) fn begin() -> Self {
        let now = tokio::time::Instant::now();
        Self { quiet: now + QUIET, latest: now + LAST_WORDS }
    }

    /// Something was said or told just now.
    pub(super) fn put_off(&mut self) {
        self.quiet = tokio::time::Instant::now() + QUIET;
    }

    pub(super) fn due(&self) -> tokio::time::Instant {
        self.quiet.min(self.latest)
    }
}

impl Task {
    pub(super) async fn stop(&mut self) -> Result<(), Ending> {
        self.see_arrival().await?;
        let input = match self.place {
            Place::Account(..) | Place::Nowhere => Input::Notification(notification::Input::Stopping),
            Place::Lobby(_) | Place::Conversation { .. } => Input::Switchboard(switchboard::Input::Over),
        };
        let actions = self.connection.process(&moment(), input);
        self.carry_out(actions).await?;
        self.flush()?;
        Err(Closing::Dismissed.into())
    }

    /// Waits a moment for what was sent to arrive, so that it need not be shown again after the next start.
    async fn see_arrival(&mut self) -> Result<(), Ending> {
        self.flush()?;
        if self.ask_arrival.take().is_none() {
            return Ok(());
        }
        let until = tokio::time::Instant::now() + LAST_LOOK;
        while !self.has_arrived() {
            if tokio::time::Instant::now() >= until {
                return Ok(());
            }
            // The kernel tells it only when it is asked.
            tokio::time::sleep(LOOK_AGAIN).await;
            self.write()?;
        }
        let actions = self.connection.process(&moment(), Input::Arrived);
        self.carry_out(actions).await
    }

    /// Tells whoever has to know that the client is gone.
    pub(super) async fn leave(&mut self, ending: &Ending) {
        // An orderly end lets it be said once more what arrived; a broken one cannot.
        let orderly = matches!(ending, Ending::HungUp | Ending::Closing(Closing::Left));
        if orderly && self.ask_arrival.is_some() && self.has_arrived() {
            let actions = self.connection.process(&moment(), Input::Arrived);
            let _ = self.carry_out(actions).await;
        }
        match std::mem::replace(&mut self.place, Place::Nowhere) {
            Place::Nowhere | Place::Lobby(_) => {}
            Place::Account(session, account) => {
                let cause = account::Cause::SignedOut(session);
                let _ = account.send(Box::new(ToAccount::Cause(cause))).await;
            }
            Place::Conversation { seat, conversation } => {
                let cause = conversation::Cause::Left(seat);
                let _ = conversation.send(Box::new(ToConversation::Cause(cause))).await;
            }
        }
    }
}
