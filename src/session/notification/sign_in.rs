//! From the first command to a session.

use std::sync::Arc;

use domain::Moment;
use msnp::{
    code::ErrorCode,
    dialect::Dialect,
    notification::{
        client::{ClientCommand, Cvr, Usr},
        server::ServerCommand,
    },
    profile::Profile,
};

use super::{Notification, Phase, Request, SILENCE, SignInRefusal, SignedIn};
use crate::{Action, Closing};

/// What a client passes on to the sign-in service. Servers read nothing in it; clients need it to be there, without a space.
const POLICY: &str = "ct=1,rver=1,wp=FS_40SEC_0_COMPACT,lc=1,id=1";

/// American English.
const LOCALE: u32 = 1033;

impl Notification {
    /// A command before sign-in.
    pub(super) fn introduce(&mut self, command: ClientCommand, actions: &mut Vec<Action>) {
        match command {
            ClientCommand::Ver(ver) if self.dialect.is_none() => {
                self.dialect = Dialect::negotiate(ver.dialects.iter().map(String::as_str));
                self.send(&ServerCommand::Ver { transaction: ver.transaction, dialect: self.dialect }, actions);
                if self.dialect.is_none() {
                    actions.push(Action::Close(Closing::Refused));
                }
            }
            ClientCommand::Ver(ver) => {
                self.refuse(ver.transaction, ErrorCode::NOT_EXPECTED, actions);
                actions.push(Action::Close(Closing::Forbidden));
            }
            ClientCommand::Cvr(cvr) => self.recommend(cvr, actions),
            ClientCommand::Usr(Usr::Initiate { transaction, passport }) if self.dialect.is_some() => {
                // Whether the account exists is not told here: that would let anybody ask for names.
                match passport.split_once('@') {
                    Some((_, "")) => {
                        self.refuse(transaction, ErrorCode::DOMAIN_MISSING, actions);
                        actions.push(Action::Close(Closing::Refused));
                    }
                    Some(_) => {
                        actions.push(Action::Notification(Request::Admit { passport: passport.clone() }));
                        self.phase = Phase::Admitting { transaction, passport };
                    }
                    None => self.fail(transaction, actions),
                }
            }
            ClientCommand::Usr(Usr::Ticket { transaction, ticket }) => match (&self.phase, self.dialect) {
                (Phase::Named { passport }, Some(dialect)) => {
                    let (passport, ticket) = (passport.clone(), bare_ticket(&ticket).to_owned());
                    actions.push(Action::Notification(Request::SignIn { passport, ticket, dialect }));
                    self.phase = Phase::Proving { transaction };
                }
                (
                    Phase::Opening
                    | Phase::Named { .. }
                    | Phase::Admitting { .. }
                    | Phase::Proving { .. }
                    | Phase::SignedIn { .. },
                    _,
                ) => self.fail(transaction, actions),
            },
            ClientCommand::Usr(Usr::Initiate { transaction, .. }) => self.fail(transaction, actions),
            ClientCommand::Png => {
                let command = ServerCommand::Qng { seconds: super::NEXT_PING };
                self.send(&command, actions);
            }
            ClientCommand::Out => {
                self.send(&ServerCommand::Out(None), actions);
                actions.push(Action::Close(Closing::Left));
            }
            other => {
                self.refuse(super::requests::transaction(&other), ErrorCode::NOT_LOGGED_IN, actions);
                actions.push(Action::Close(Closing::Forbidden));
            }
        }
    }

    /// Recommends the client's own version to it: no client is made to upgrade.
    pub(super) fn recommend(&self, cvr: Cvr, actions: &mut Vec<Action>) {
        let information = self.settings.web.to_string();
        let command = ServerCommand::Cvr {
            transaction: cvr.transaction,
            client_version: cvr.client_version,
            download: information.clone(),
            information,
        };
        self.send(&command, actions);
    }

    pub(super) fn admitted(&mut self, redirect: Option<Arc<str>>, actions: &mut Vec<Action>) {
        let Phase::Admitting { transaction, passport } = &self.phase else { return };
        let (transaction, passport) = (*transaction, passport.clone());
        if let Some(address) = redirect {
            let address = address.to_string();
            let command = ServerCommand::XfrNotification { transaction, current: address.clone(), address };
            self.send(&command, actions);
            actions.push(Action::Close(Closing::Redirected));
            return;
        }
        self.phase = Phase::Named { passport };
        self.send(&ServerCommand::UsrPolicy { transaction, policy: POLICY.to_owned() }, actions);
    }

    pub(super) fn signed_in(
        &mut self,
        moment: &Moment,
        outcome: Result<SignedIn, SignInRefusal>,
        actions: &mut Vec<Action>,
    ) {
        let Phase::Proving { transaction } = self.phase else { return };
        let client = match outcome {
            Ok(client) => client,
            Err(SignInRefusal::Ticket) => return self.fail(transaction, actions),
            Err(SignInRefusal::Unavailable) => {
                self.refuse(transaction, ErrorCode::SERVER_BUSY, actions);
                actions.push(Action::Close(Closing::Refused));
                return;
            }
        };
        self.phase = Phase::SignedIn { passport: client.passport.clone(), member: client.member };
        self.until = moment.instant + SILENCE;
        let passport = client.passport.to_string();
        self.send(&ServerCommand::UsrOk { transaction, passport, verified: true }, actions);
        self.send(&ServerCommand::Sbs { transaction: 0 }, actions);
        let profile = Profile {
            login_time: u64::try_from(moment.wall.seconds()).unwrap_or_default(),
            email_enabled: self.settings.mail,
            member_id: client.member,
            locale: LOCALE,
            ticket: format!("t={}&p=", client.ticket),
            client_address: client.address.ip(),
            client_port: Some(client.address.port()),
        };
        self.send(&ServerCommand::Message { payload: profile.to_payload().into() }, actions);
    }

    fn fail(&self, transaction: u32, actions: &mut Vec<Action>) {
        self.refuse(transaction, ErrorCode::AUTHENTICATION_FAILED, actions);
        actions.push(Action::Close(Closing::Refused));
    }
}

/// One ticket arrives in many dresses: bare, `t=TICKET`, `t=TICKET&p=PROFILE`.
fn bare_ticket(dressed: &str) -> &str {
    let undressed = dressed.strip_prefix("t=").unwrap_or(dressed);
    undressed.split('&').next().unwrap_or(undressed)
}

#[cfg(test)]
mod tests {
    use super::bare_ticket;

    #[test]
    fn a_ticket_is_known_in_every_dress() {
        for dressed in ["abc", "t=abc", "t=abc&p=", "t=abc&p=profile", "abc&p=x"] {
            assert_eq!(bare_ticket(dressed), "abc");
        }
    }
}
