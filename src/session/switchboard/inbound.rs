//! What a conversation says, as the client hears it.

use domain::{
    Moment,
    conversation::{Body, CallRefusal, MessageId, Party, SeatEvent, Speaker},
};
use msnp::{code::ErrorCode, message, status::Capabilities, switchboard::server::ServerCommand};

use super::{
    Phase, Switchboard, late,
    spoken::{Spoken, one_line},
};
use crate::Action;

/// A message older than this, in milliseconds, is shown with its time.
const LATE: u64 = 90_000;

impl Switchboard {
    pub(super) fn tell(&mut self, moment: &Moment, event: SeatEvent, actions: &mut Vec<Action>) {
        let command = match event {
            SeatEvent::Welcome { tag, roster } => {
                let total = roster.len();
                for (index, party) in roster.into_iter().enumerate() {
                    self.speech.audience.came(&party);
                    self.send(
                        &ServerCommand::Iro {
                            transaction: tag,
                            index: index + 1,
                            total,
                            passport: party.passport.to_string(),
                            name: self.party_name(&party),
                            capabilities: Capabilities(party.capabilities),
                        },
                        actions,
                    );
                }
                ServerCommand::AnsOk { transaction: tag }
            }
            SeatEvent::Calling { tag } => ServerCommand::Cal { transaction: tag, session: SESSION.to_owned() },
            SeatEvent::NotCalling { tag, reason } => {
                let code = match reason {
                    CallRefusal::AlreadyThere => ErrorCode::ALREADY_THERE,
                    CallRefusal::Unreachable => ErrorCode::NOT_ONLINE,
                    CallRefusal::Full => ErrorCode::TOO_ACTIVE,
                };
                ServerCommand::Error { transaction: tag, code }
            }
            SeatEvent::Joined(party) => {
                self.speech.audience.came(&party);
                ServerCommand::Joi {
                    passport: party.passport.to_string(),
                    name: self.party_name(&party),
                    capabilities: Capabilities(party.capabilities),
                }
            }
            SeatEvent::Left(passport) => {
                self.speech.audience.went(&passport);
                ServerCommand::Bye { passport: passport.to_string(), idle: false }
            }
            SeatEvent::Message { from, name, speaker, sent, body, id } => {
                let late = id.is_some() && moment.wall.since(sent) > LATE;
                let (voice, name, speaker) = match speaker {
                    None => (from.to_string(), name, None),
                    Some(Speaker::Named(speaker)) => (from.to_string(), name, Some(speaker)),
                    Some(Speaker::Seated { passport, name }) => (passport.to_string(), name, None),
                };
                let name = match &body {
                    Body::Payload(_) => name,
                    Body::Content(_) | Body::Ink(_) => self.name_of_network(&name),
                };
                let spoken = Spoken {
                    from: &from,
                    name: &name,
                    speaker: speaker.as_deref(),
                    time: &if late { late::time(sent, self.time_zone()) } else { String::new() },
                    now: moment.instant,
                    chance: moment.chance,
                    capabilities: self.capabilities(),
                };
                for payload in spoken.payloads(body, &self.settings, &mut self.nudges) {
                    let command = ServerCommand::Msg { passport: voice.clone(), name: name.clone(), payload };
                    self.send(&command, actions);
                }
                self.gave(id);
                return;
            }
            SeatEvent::Typing { from, name } => {
                let payload = message::typing(from.as_str()).into();
                ServerCommand::Msg { passport: from.to_string(), name: self.name_of_network(&name), payload }
            }
            SeatEvent::Taken { tag } => ServerCommand::Ack { transaction: tag },
            SeatEvent::NotTaken { tag } => ServerCommand::Nak { transaction: tag },
        };
        self.send(&command, actions);
    }

    /// The name that somebody comes in under.
    fn party_name(&self, party: &Party) -> String {
        if party.is_remote() { self.name_of_network(&party.name) } else { party.name.clone() }
    }

    /// A name of another network as the client shows it: one that was put into Messenger's words before stays as it is.
    fn name_of_network(&self, name: &str) -> String {
        self.settings.emoji.inward(&one_line(name)).into_owned()
    }

    /// The time zone of the client's user.
    fn time_zone(&self) -> Option<&str> {
        match &self.phase {
            Phase::Seated(admission) => admission.time_zone.as_deref(),
            Phase::Opening { .. } | Phase::Redeeming { .. } => None,
        }
    }

    const fn capabilities(&self) -> Capabilities {
        match &self.phase {
            Phase::Seated(admission) => Capabilities(admission.capabilities),
            Phase::Opening { .. } | Phase::Redeeming { .. } => Capabilities(0),
        }
    }

    fn gave(&mut self, id: Option<MessageId>) {
        self.fresh.extend(id);
    }
}

/// The number of a session that a caller is told; nothing refers to it.
const SESSION: &str = "1";
