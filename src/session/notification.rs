//! A connection to the notification server: sign-in, the list, presence, the way to a switchboard.

mod answers;
mod greeting;
mod pages;
mod requests;
mod sign_in;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{
    Moment, Passport,
    account::{self, Answer, Dismissal, Event, SessionId},
};
use msnp::{
    code::ErrorCode,
    dialect::Dialect,
    frame::Frame,
    notification::{
        client::ClientCommand,
        server::{OutReason, ServerCommand},
    },
};

use self::greeting::{Challenge, Greeting};
use crate::{Action, Closing, Settings};

/// How long a client may take to sign in.
const SIGN_IN: Duration = Duration::from_mins(2);

/// After this much silence a client is taken for dead. Clients are asked to speak every fifty seconds.
const SILENCE: Duration = Duration::from_mins(30);

/// When a client is to send its next sign of life, in seconds. Some libraries divide by this less five.
const NEXT_PING: u32 = 50;

/// What happened to a notification connection, beside the client's own commands.
#[derive(Debug)]
pub enum Input {
    /// The answer to [`Request::Admit`].
    Admitted {
        /// Where the client has to go instead; `None` lets it stay.
        redirect: Option<Arc<str>>,
    },
    /// The answer to [`Request::SignIn`].
    SignedIn(Result<SignedIn, SignInRefusal>),
    /// The account answers.
    Answer {
        /// The transaction.
        tag: u32,
        /// What.
        answer: Answer,
    },
    /// The account tells something.
    Event(Event),
    /// The client has to go.
    Dismissed(Dismissal),
    /// The server stops.
    Stopping,
}

/// A client that has proven who it is.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Its account.
    pub passport: Passport,
    /// Its number.
    pub session: SessionId,
    /// A number made of the account's name, which clients show nowhere but want.
    pub member: u64,
    /// The ticket it signed in with.
    pub ticket: String,
    /// Where it connects from.
    pub address: SocketAddr,
}

/// Why a client cannot sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInRefusal {
    /// Its ticket is not valid for the account.
    Ticket,
    /// The server cannot tell now.
    Unavailable,
}

/// What a notification connection wants of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// May this account be served here, or has it to be sent to another address first?
    Admit {
        /// The account, as typed.
        passport: String,
    },
    /// Is this the account's ticket?
    SignIn {
        /// The account, as typed.
        passport: String,
        /// The ticket, bare.
        ticket: String,
        /// What the client speaks.
        dialect: Dialect,
    },
    /// Something of the account.
    Ask {
        /// The transaction.
        tag: u32,
        /// What.
        request: account::Request,
    },
}

/// A connection to the notification server.
#[derive(Debug)]
pub struct Notification {
    settings: Arc<Settings>,
    phase: Phase,
    dialect: Option<Dialect>,
    /// When the client is taken for dead.
    until: Instant,
    greeting: Greeting,
    challenge: Option<Challenge>,
}

#[derive(Debug)]
enum Phase {
    /// Before the account is named.
    Opening,
    /// The server is asked whether the account is served here.
    Admitting { transaction: u32, passport: String },
    /// The account is named, its ticket awaited.
    Named { passport: String },
    /// The ticket is being looked at.
    Proving { transaction: u32 },
    /// Signed in.
    SignedIn { passport: Passport, member: u64 },
}

impl Notification {
    pub(crate) fn new(settings: Arc<Settings>, now: Instant) -> Self {
        Self {
            settings,
            phase: Phase::Opening,
            dialect: None,
            until: now + SIGN_IN,
            greeting: Greeting::Awaited,
            challenge: None,
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.next_of_greeting().map_or(self.until, |next| next.min(self.until))
    }

    pub(crate) const fn is_ready(&self) -> bool {
        match self.phase {
            Phase::Admitting { .. } | Phase::Proving { .. } => false,
            Phase::Opening | Phase::Named { .. } | Phase::SignedIn { .. } => true,
        }
    }

    pub(crate) const fn is_signed_in(&self) -> bool {
        matches!(self.phase, Phase::SignedIn { .. })
    }

    pub(crate) fn tick(&mut self, moment: &Moment, actions: &mut Vec<Action>) {
        self.go_on_greeting(moment, actions);
        if self.until <= moment.instant {
            actions.push(Action::Close(Closing::Silent));
        }
    }

    /// A signed-in client lives, whatever it sent.
    pub(crate) fn heard(&mut self, now: Instant) {
        if self.is_signed_in() {
            self.until = now + SILENCE;
        }
    }

    /// The client sent a command.
    pub(crate) fn take(&mut self, moment: &Moment, frame: Frame, actions: &mut Vec<Action>) {
        let command = match ClientCommand::parse(frame) {
            Ok(command) => command,
            Err(fault) => {
                self.refuse(fault.transaction, fault.code, actions);
                if fault.fatal {
                    actions.push(Action::Close(Closing::Forbidden));
                }
                return;
            }
        };
        match self.phase {
            Phase::SignedIn { .. } => {
                self.until = moment.instant + SILENCE;
                self.obey(moment, command, actions);
            }
            Phase::Opening | Phase::Named { .. } => self.introduce(command, actions),
            // Not reached: no command is decoded until the server has answered.
            Phase::Admitting { .. } | Phase::Proving { .. } => {}
        }
    }

    /// The server has something for the client.
    pub(crate) fn process(&mut self, moment: &Moment, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::Admitted { redirect } => self.admitted(redirect, actions),
            Input::SignedIn(outcome) => self.signed_in(moment, outcome, actions),
            Input::Answer { tag, answer } => self.answer(moment, tag, answer, actions),
            Input::Event(event) => self.tell(event, actions),
            Input::Dismissed(dismissal) => {
                let reason = match dismissal {
                    Dismissal::SignedInElsewhere => Some(OutReason::Other),
                    Dismissal::PasswordChanged | Dismissal::Removed => None,
                };
                self.send(&ServerCommand::Out(reason), actions);
                actions.push(Action::Close(Closing::Dismissed));
            }
            Input::Stopping => {
                self.send(&ServerCommand::Out(Some(OutReason::Ssd)), actions);
                actions.push(Action::Close(Closing::Dismissed));
            }
        }
    }

    /// What the client speaks; the oldest dialect until it has said so.
    fn dialect(&self) -> Dialect {
        self.dialect.unwrap_or(Dialect::Msnp10)
    }

    fn send(&self, command: &ServerCommand, actions: &mut Vec<Action>) {
        let mut bytes = Vec::new();
        command.write(self.dialect(), &mut bytes);
        actions.push(Action::Send(bytes));
    }

    fn refuse(&self, transaction: u32, code: ErrorCode, actions: &mut Vec<Action>) {
        self.send(&ServerCommand::Error { transaction, code }, actions);
    }
}
