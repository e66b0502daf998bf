//! A connection to a switchboard: one client in one conversation.

mod audience;
mod enclosed;
mod inbound;
mod late;
mod outbound;
mod pace;
mod spoken;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{
    Allowance, Moment, Passport,
    conversation::{MessageId, Saying, SeatEvent, Wish},
};
use msnp::{
    code::ErrorCode,
    dialect::Dialect,
    frame::Frame,
    switchboard::{client::ClientCommand, server::ServerCommand},
};

use crate::{Action, Closing, Settings};
use outbound::Speech;
use pace::NudgePace;

/// How long a client may take to show its cookie.
const ADMISSION: Duration = Duration::from_mins(1);

/// How many packets for another client may be under way: one that hands over a file faster than it is taken is not read from.
const MOST_PACKETS: usize = 64;

/// What happened to a switchboard connection, beside the client's own commands.
#[derive(Debug)]
pub enum Input {
    /// The answer to [`Request::Redeem`]; `None` when the cookie is not good for that.
    Admitted(Option<Admission>),
    /// The client's call cannot go out: nobody is there under that address, or nobody can find out now.
    NotCallable {
        /// The transaction.
        tag: u32,
    },
    /// The conversation tells something.
    Seat(SeatEvent),
    /// The conversation, or the server, has ended.
    Over,
}

/// A client whose cookie was good.
#[derive(Debug, Clone)]
pub struct Admission {
    /// Its account.
    pub passport: Passport,
    /// The account's friendly name.
    pub name: String,
    /// What its client can do, as MSN's capability bits.
    pub capabilities: u32,
    /// What its notification connection speaks; there is no negotiation here.
    pub dialect: Dialect,
    /// The user's time zone, by its name in the IANA database; `None` if it is not known.
    pub time_zone: Option<String>,
}

/// What a switchboard connection wants of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Is this cookie good for this account, to call from, or to answer this ring? It is used up either way.
    Redeem {
        /// The account, as typed.
        passport: String,
        /// The cookie.
        cookie: String,
        /// The session that is answered, and the transaction; `None` for a caller.
        answering: Option<(String, u32)>,
    },
    /// Bring somebody into the conversation; the first call makes it.
    Call {
        /// The transaction.
        tag: u32,
        /// Whom.
        passport: Passport,
    },
    /// Say something in the conversation.
    Say {
        /// The transaction.
        tag: u32,
        /// What the client wants to hear of it.
        wish: Wish,
        /// What it says.
        saying: Saying,
    },
    /// The client has shown that it got these.
    Shown(Vec<MessageId>),
    /// The client did something more often than it may, which was refused.
    Overran(Pace),
}

/// What a client may do so often in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Call people.
    Calls,
    /// Send messages.
    Messages,
}

/// A connection to a switchboard.
#[derive(Debug)]
pub struct Switchboard {
    settings: Arc<Settings>,
    phase: Phase,
    /// Messages the client was given before it was last heard, and has not shown that it got.
    unproven: Vec<MessageId>,
    /// Messages it was given since. What it says next may have been on its way before they were.
    fresh: Vec<MessageId>,
    /// What is remembered of what it said.
    speech: Speech,
    /// Who of other networks has nudged it.
    nudges: NudgePace,
    calls: Allowance,
    messages: Allowance,
    /// Packets for another client that are not answered yet.
    packets: BTreeSet<u32>,
}

#[derive(Debug)]
enum Phase {
    /// Before the cookie.
    Opening { until: Instant },
    /// The cookie is being looked at. Somebody who calls is answered here, somebody who answers by the conversation.
    Redeeming { transaction: u32, calls: bool },
    /// In.
    Seated(Admission),
}

impl Switchboard {
    pub(crate) fn new(settings: Arc<Settings>, now: Instant) -> Self {
        Self {
            calls: Allowance::new(settings.calls_per_minute),
            messages: Allowance::new(settings.messages_per_minute),
            speech: Speech::new(settings.emoji),
            settings,
            phase: Phase::Opening { until: now + ADMISSION },
            unproven: Vec::new(),
            fresh: Vec::new(),
            packets: BTreeSet::new(),
            nudges: NudgePace::default(),
        }
    }

    pub(crate) const fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Opening { until } => Some(until),
            Phase::Redeeming { .. } | Phase::Seated(_) => None,
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        !matches!(self.phase, Phase::Redeeming { .. }) && self.packets.len() < MOST_PACKETS
    }

    pub(crate) fn tick(&mut self, moment: &Moment, actions: &mut Vec<Action>) {
        if self.deadline().is_some_and(|until| until <= moment.instant) {
            actions.push(Action::Close(Closing::Silent));
        }
    }

    /// Whatever the client was given, it has: the kernel says so.
    pub(crate) fn prove(&mut self, actions: &mut Vec<Action>) {
        self.unproven.append(&mut self.fresh);
        self.heard(actions);
    }

    /// The client is heard: what it was given before it was last heard, it has.
    pub(crate) fn heard(&mut self, actions: &mut Vec<Action>) {
        if !self.unproven.is_empty() {
            actions.push(Action::Switchboard(Request::Shown(std::mem::take(&mut self.unproven))));
        }
        self.unproven = std::mem::take(&mut self.fresh);
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
        let seated = matches!(self.phase, Phase::Seated(_));
        match command {
            ClientCommand::Usr(usr) if !seated => {
                let request = Request::Redeem { passport: usr.passport, cookie: usr.cookie, answering: None };
                actions.push(Action::Switchboard(request));
                self.phase = Phase::Redeeming { transaction: usr.transaction, calls: true };
            }
            ClientCommand::Ans(ans) if !seated => {
                let answering = Some((ans.session, ans.transaction));
                let request = Request::Redeem { passport: ans.passport, cookie: ans.cookie, answering };
                actions.push(Action::Switchboard(request));
                self.phase = Phase::Redeeming { transaction: ans.transaction, calls: false };
            }
            ClientCommand::Usr(msnp::switchboard::client::Usr { transaction, .. })
            | ClientCommand::Ans(msnp::switchboard::client::Ans { transaction, .. }) => {
                self.refuse(transaction, ErrorCode::AUTHENTICATION_FAILED, actions);
                actions.push(Action::Close(Closing::Refused));
            }
            ClientCommand::Out => actions.push(Action::Close(Closing::Left)),
            ClientCommand::Cal(cal) if seated && !self.calls.take(moment.instant) => {
                actions.push(Action::Switchboard(Request::Overran(Pace::Calls)));
                self.refuse(cal.transaction, ErrorCode::TOO_ACTIVE, actions);
            }
            ClientCommand::Cal(cal) if seated => match cal.passport.parse() {
                Ok(passport) => actions.push(Action::Switchboard(Request::Call { tag: cal.transaction, passport })),
                Err(_) => self.refuse(cal.transaction, ErrorCode::INVALID_USER_NAME, actions),
            },
            ClientCommand::Msg(msg) if seated => self.said(moment, &msg, actions),
            // Whatever the server merely lacks must not cost anybody a conversation.
            ClientCommand::Unknown { transaction, .. } if seated => {
                if let Some(transaction) = transaction {
                    self.refuse(transaction, ErrorCode::COMMAND_DISABLED, actions);
                }
            }
            ClientCommand::Cal(_) | ClientCommand::Msg(_) | ClientCommand::Unknown { .. } => {
                actions.push(Action::Close(Closing::Forbidden));
            }
        }
    }

    /// The server has something for the client.
    pub(crate) fn process(&mut self, moment: &Moment, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::Admitted(admission) => self.admitted(admission, actions),
            Input::NotCallable { tag } => self.refuse(tag, ErrorCode::NOT_ONLINE, actions),
            Input::Seat(event) => {
                if let SeatEvent::Taken { tag } | SeatEvent::NotTaken { tag } = &event {
                    self.packets.remove(tag);
                }
                self.tell(moment, event, actions);
            }
            Input::Over => actions.push(Action::Close(Closing::Dismissed)),
        }
    }

    fn admitted(&mut self, admission: Option<Admission>, actions: &mut Vec<Action>) {
        let Phase::Redeeming { transaction, calls } = self.phase else { return };
        let Some(admission) = admission else {
            self.refuse(transaction, ErrorCode::AUTHENTICATION_FAILED, actions);
            actions.push(Action::Close(Closing::Refused));
            return;
        };
        let (passport, name) = (admission.passport.to_string(), admission.name.clone());
        self.phase = Phase::Seated(admission);
        if calls {
            self.send(&ServerCommand::UsrOk { transaction, passport, name }, actions);
        }
    }

    const fn dialect(&self) -> Dialect {
        match &self.phase {
            Phase::Seated(admission) => admission.dialect,
            Phase::Opening { .. } | Phase::Redeeming { .. } => Dialect::Msnp12,
        }
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
