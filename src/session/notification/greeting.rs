//! What follows the first status a moment later: how much mail there is, and a challenge.

use std::time::{Duration, Instant};

use domain::Moment;
use msnp::{
    challenge::{self, Verdict},
    code::ErrorCode,
    notification::server::ServerCommand,
    profile,
};

use super::Notification;
use crate::{Action, Closing, settings::Challenges};

/// How long after the first status: by then the client has been told who else is there.
const AFTER_FIRST_STATUS: Duration = Duration::from_secs(1);

/// How long a client has to answer a challenge, when it must.
const ANSWER: Duration = Duration::from_secs(50);

/// How far a client has been greeted.
#[derive(Debug)]
pub(super) enum Greeting {
    /// It has not said its first status.
    Awaited,
    /// It has, and the rest follows then.
    Due(Instant),
    /// Everything was said.
    Done,
}

/// A challenge that is out.
#[derive(Debug)]
pub(super) struct Challenge {
    text: String,
    until: Instant,
}

impl Notification {
    /// When the greeting goes on, or a challenge runs out.
    pub(super) fn next_of_greeting(&self) -> Option<Instant> {
        let due = match self.greeting {
            Greeting::Due(at) => Some(at),
            Greeting::Awaited | Greeting::Done => None,
        };
        due.into_iter().chain(self.challenge.as_ref().map(|challenge| challenge.until)).min()
    }

    /// The client has said a status.
    pub(super) fn begin_greeting(&mut self, moment: &Moment) {
        if let Greeting::Awaited = self.greeting {
            let anything = self.settings.mail || self.settings.challenges != Challenges::Off;
            let due = moment.instant + AFTER_FIRST_STATUS;
            self.greeting = if anything { Greeting::Due(due) } else { Greeting::Done };
        }
    }

    /// Says what is due.
    pub(super) fn go_on_greeting(&mut self, moment: &Moment, actions: &mut Vec<Action>) {
        if let Greeting::Due(at) = self.greeting
            && at <= moment.instant
        {
            self.greeting = Greeting::Done;
            if self.settings.mail {
                let payload = profile::initial_mail(self.dialect()).into();
                self.send(&ServerCommand::Message { payload }, actions);
            }
            self.challenge(moment, 0, actions);
        }
        if self.challenge.as_ref().is_some_and(|challenge| challenge.until <= moment.instant) {
            self.challenge = None;
            if self.settings.challenges == Challenges::Strict {
                self.refuse(0, ErrorCode::CHALLENGE_FAILED, actions);
                actions.push(Action::Close(Closing::Silent));
            }
        }
    }

    /// Sends a challenge.
    pub(super) fn challenge(&mut self, moment: &Moment, transaction: u32, actions: &mut Vec<Action>) {
        if self.settings.challenges == Challenges::Off {
            return;
        }
        // Twenty digits, as the original service sent.
        let text = format!("{:020}", moment.chance % 100_000_000_000_000_000_000);
        self.send(&ServerCommand::Chl { transaction, challenge: text.clone() }, actions);
        self.challenge = Some(Challenge { text, until: moment.instant + ANSWER });
    }

    /// Takes the answer to a challenge.
    pub(super) fn judge(&mut self, transaction: u32, product_id: &str, digest: &str, actions: &mut Vec<Action>) {
        let verdict = match self.challenge.take() {
            Some(sent) => challenge::verify(self.dialect(), &sent.text, product_id, digest),
            None => Verdict::Wrong,
        };
        let taken = match self.settings.challenges {
            Challenges::Off | Challenges::Lenient => digest.len() == 32,
            Challenges::Strict => verdict == Verdict::Right,
        };
        if taken {
            self.send(&ServerCommand::Qry { transaction }, actions);
        } else {
            self.refuse(transaction, ErrorCode::CHALLENGE_FAILED, actions);
            actions.push(Action::Close(Closing::Refused));
        }
    }
}
