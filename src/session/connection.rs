//! One client on one socket, from its first byte.

use std::time::{Duration, Instant};
use std::{mem, sync::Arc};

use domain::Moment;
use msnp::frame::{Decoder, Frame, FrameFault, Limits, Side};

use crate::{
    Settings,
    notification::{self, Notification},
    switchboard::{self, Switchboard},
};

/// How long a client may take to say its first command whole.
const FIRST_COMMAND: Duration = Duration::from_mins(1);

/// How long a client may take to finish a command it has begun.
const WHOLE_COMMAND: Duration = Duration::from_mins(1);

/// How much is taken of somebody who has not signed in: nobody has a payload to send before that.
const STRANGER: Limits = Limits { line: 8192, payload: 1024, personal_message: 1024 };

/// What happened to a connection.
#[derive(Debug)]
pub enum Input<'a> {
    /// The client sent these.
    Bytes(&'a [u8]),
    /// The client sent these, or, by way of the HTTP gateway, none. They prove nothing about what it got, of which the kernel or the
    /// gateway knows better; but the client lives.
    Relayed(&'a [u8]),
    /// The client's machine has everything that was sent: the kernel or the gateway says so.
    Arrived,
    /// The deadline has come.
    Tick,
    /// Something for a notification connection.
    Notification(notification::Input),
    /// Something for a switchboard connection.
    Switchboard(switchboard::Input),
}

/// What a connection wants done, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes to the client.
    Send(Vec<u8>),
    /// A notification connection wants something of the server.
    Notification(notification::Request),
    /// A switchboard connection wants something of the server.
    Switchboard(switchboard::Request),
    /// Send what is left and close.
    Close(Closing),
}

/// Why a connection ends; for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closing {
    /// The client signed out or left.
    #[error("the client left")]
    Left,
    /// What it sent is not the protocol.
    #[error("the client broke the protocol: {0}")]
    Fault(#[from] FrameFault),
    /// A command that the protocol punishes so.
    #[error("the client sent a command that ends the connection")]
    Forbidden,
    /// It could not prove who it is.
    #[error("sign-in was refused")]
    Refused,
    /// It was silent where it had to speak.
    #[error("the client was silent for too long")]
    Silent,
    /// It was sent to another address.
    #[error("the client was sent to another address")]
    Redirected,
    /// The server ended it.
    #[error("the server ended the session")]
    Dismissed,
}

/// One client on one socket.
#[derive(Debug)]
pub struct Connection {
    settings: Arc<Settings>,
    decoder: Decoder,
    part: Part,
    /// Until when the command that has begun must be whole.
    whole: Option<Instant>,
    closed: bool,
}

#[derive(Debug)]
enum Part {
    Opening { until: Instant },
    Notification(Box<Notification>),
    Switchboard(Box<Switchboard>),
}

impl Connection {
    /// A client that has just connected.
    #[must_use]
    pub fn new(settings: Arc<Settings>, now: Instant) -> Self {
        Self {
            settings,
            decoder: Decoder::new(Side::Notification, STRANGER),
            part: Part::Opening { until: now + FIRST_COMMAND },
            whole: None,
            closed: false,
        }
    }

    /// When [`Input::Tick`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let part = match &self.part {
            Part::Opening { until } => Some(*until),
            Part::Notification(notification) => Some(notification.deadline()),
            Part::Switchboard(switchboard) => switchboard.deadline(),
        };
        part.into_iter().chain(self.whole).min()
    }

    /// Whether the client's further bytes can be taken now. While the server finds something out that the next command depends
    /// on, they stay with the kernel.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match &self.part {
            Part::Opening { .. } => true,
            Part::Notification(notification) => notification.is_ready(),
            Part::Switchboard(switchboard) => switchboard.is_ready(),
        }
    }

    /// Takes what happened, and says what is to be done about it.
    #[must_use]
    pub fn process(&mut self, moment: &Moment, input: Input<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.closed {
            // What the client got before it left, it got.
            if let (Input::Arrived, Part::Switchboard(switchboard)) = (input, &mut self.part) {
                switchboard.prove(&mut actions);
            }
            return actions;
        }
        match (input, &mut self.part) {
            (Input::Bytes(bytes), part) => {
                if let Part::Switchboard(switchboard) = part {
                    switchboard.heard(&mut actions);
                }
                self.decoder.push(bytes);
                self.decode(moment, &mut actions);
            }
            (Input::Relayed(bytes), part) => {
                if let Part::Notification(notification) = part {
                    notification.heard(moment.instant);
                }
                self.decoder.push(bytes);
                self.decode(moment, &mut actions);
            }
            (Input::Tick, part) => {
                let late = self.whole.is_some_and(|until| until <= moment.instant);
                match part {
                    _ if late => actions.push(Action::Close(Closing::Silent)),
                    Part::Opening { until } if *until <= moment.instant => actions.push(Action::Close(Closing::Silent)),
                    Part::Opening { .. } => {}
                    Part::Notification(notification) => notification.tick(moment, &mut actions),
                    Part::Switchboard(switchboard) => switchboard.tick(moment, &mut actions),
                }
            }
            (Input::Notification(input), Part::Notification(notification)) => {
                notification.process(moment, input, &mut actions);
                if notification.is_signed_in() {
                    self.decoder.turn(Side::Notification, Limits::default());
                }
                self.decode(moment, &mut actions);
            }
            (Input::Switchboard(input), Part::Switchboard(switchboard)) => {
                switchboard.process(moment, input, &mut actions);
                self.decode(moment, &mut actions);
            }
            (Input::Arrived, Part::Switchboard(switchboard)) => switchboard.prove(&mut actions),
            (Input::Arrived | Input::Notification(_) | Input::Switchboard(_), _) => {}
        }
        self.closed = actions.iter().any(|action| matches!(action, Action::Close(_)));
        join(actions)
    }

    fn decode(&mut self, moment: &Moment, actions: &mut Vec<Action>) {
        while self.is_ready() && !actions.iter().any(|action| matches!(action, Action::Close(_))) {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => {
                    self.whole = None;
                    self.take(moment, frame, actions);
                }
                Ok(None) => {
                    let began = || self.whole.unwrap_or(moment.instant + WHOLE_COMMAND);
                    self.whole = self.decoder.is_amid_frame().then(began);
                    return;
                }
                Err(fault) => {
                    actions.push(Action::Close(fault.into()));
                    return;
                }
            }
        }
    }

    fn take(&mut self, moment: &Moment, frame: Frame, actions: &mut Vec<Action>) {
        if let Part::Opening { .. } = self.part {
            self.part = if opens_switchboard(&frame) {
                self.decoder.turn(Side::Switchboard, Limits::switchboard());
                Part::Switchboard(Box::new(Switchboard::new(Arc::clone(&self.settings), moment.instant)))
            } else {
                Part::Notification(Box::new(Notification::new(Arc::clone(&self.settings), moment.instant)))
            };
        }
        match &mut self.part {
            Part::Opening { .. } => {}
            Part::Notification(notification) => notification.take(moment, frame, actions),
            Part::Switchboard(switchboard) => switchboard.take(moment, frame, actions),
        }
    }
}

/// Both kinds of connection come to one port. A switchboard's first command is `ANS`, or a `USR` that does not begin a Passport
/// sign-in; a notification connection begins with `VER`.
fn opens_switchboard(frame: &Frame) -> bool {
    match frame.command.as_str() {
        "ANS" => true,
        "USR" => frame.arguments.get(1).is_some_and(|package| package != "TWN"),
        _ => false,
    }
}

/// Puts neighbouring bytes together, so that they are one segment on the wire.
fn join(actions: Vec<Action>) -> Vec<Action> {
    let mut joined: Vec<Action> = Vec::with_capacity(actions.len());
    for action in actions {
        match (joined.last_mut(), action) {
            (Some(Action::Send(before)), Action::Send(mut bytes)) => before.append(&mut bytes),
            (_, action) => joined.push(action),
        }
    }
    mem::take(&mut joined)
}
