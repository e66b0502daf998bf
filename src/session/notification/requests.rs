//! What a signed-in client commands.

use std::sync::Arc;

use domain::{
    Guid, Moment, Passport, PersonalMessage, Telephone,
    account::{self, GroupRef, Prompt, Who},
    policy::Privacy,
};
use msnp::{
    code::ErrorCode,
    dialect::Dialect,
    list::List,
    notification::{
        client::{Adc, ClientCommand, Rem, Target, Usr},
        server::ServerCommand,
    },
    percent, profile,
};

use super::{NEXT_PING, Notification, Request, pages};
use crate::{Action, Closing, translation};

/// The longest line under a name that is taken, in bytes; the rest is cut.
const LONGEST_PERSONAL_MESSAGE: usize = 1024;

impl Notification {
    pub(super) fn obey(&mut self, moment: &Moment, command: ClientCommand, actions: &mut Vec<Action>) {
        if !is_spoken(self.dialect(), &command) {
            return self.refuse(transaction(&command), ErrorCode::COMMAND_DISABLED, actions);
        }
        match command {
            ClientCommand::Png => self.send(&ServerCommand::Qng { seconds: NEXT_PING }, actions),
            ClientCommand::Out => {
                self.send(&ServerCommand::Out(None), actions);
                actions.push(Action::Close(Closing::Left));
            }
            ClientCommand::Syn(syn) => ask(syn.transaction, account::Request::Synchronize, actions),
            ClientCommand::Chg(chg) => {
                let request = account::Request::ChangeStatus {
                    status: translation::status(chg.status),
                    capabilities: chg.capabilities.0,
                    object: chg.object.map(Arc::from),
                };
                ask(chg.transaction, request, actions);
            }
            ClientCommand::Uux(uux) => {
                let line = msnp::personal_message::PersonalMessage::parse(&uux.document);
                let request = account::Request::ChangePersonalMessage(PersonalMessage {
                    text: shortened(line.text),
                    current_media: shortened(line.current_media),
                });
                ask(uux.transaction, request, actions);
            }
            ClientCommand::Adc(Adc { transaction, list: List::Reverse | List::Pending, .. })
            | ClientCommand::Rem(Rem { transaction, list: List::Reverse | List::Pending, .. })
                if !self.dialect().has_pending_list() =>
            {
                self.refuse(transaction, ErrorCode::INVALID_PARAMETER, actions);
                actions.push(Action::Close(Closing::Forbidden));
            }
            ClientCommand::Adc(adc) => match (who(adc.target), group(adc.group)) {
                (Ok(who), Ok(group)) => {
                    let request =
                        account::Request::AddContact { list: translation::list(adc.list), who, name: adc.name, group };
                    ask(adc.transaction, request, actions);
                }
                (Err(code), _) | (_, Err(code)) => self.refuse(adc.transaction, code, actions),
            },
            ClientCommand::Rem(Rem { transaction, list: List::Forward, target: Target::Guid(text), .. })
                if text.parse::<Guid>().is_err() =>
            {
                self.refuse(transaction, ErrorCode::ADDRESS_BOOK, actions);
            }
            ClientCommand::Rem(rem) => match (who(rem.target), group(rem.group)) {
                (Ok(who), Ok(group)) => {
                    let request = account::Request::RemoveContact { list: translation::list(rem.list), who, group };
                    ask(rem.transaction, request, actions);
                }
                (Err(code), _) | (_, Err(code)) => self.refuse(rem.transaction, code, actions),
            },
            ClientCommand::Adg(adg) => {
                ask(adg.transaction, account::Request::AddGroup { name: adg.name }, actions);
            }
            ClientCommand::Rmg(rmg) => {
                let group = if let Ok(guid) = rmg.group.parse() {
                    GroupRef::Guid(guid)
                } else {
                    let once = percent::decode(&rmg.group);
                    let twice = percent::decode(&once);
                    GroupRef::Name([once, twice])
                };
                ask(rmg.transaction, account::Request::RemoveGroup { group }, actions);
            }
            ClientCommand::Reg(reg) => match reg.group.parse() {
                Ok(group) => ask(reg.transaction, account::Request::RenameGroup { group, name: reg.name }, actions),
                Err(_) => self.refuse(reg.transaction, ErrorCode::INVALID_GROUP, actions),
            },
            ClientCommand::Sbp(sbp) => match sbp.contact.parse() {
                Ok(contact) => {
                    let request = account::Request::ChangeContact { contact, key: sbp.key, value: sbp.value };
                    ask(sbp.transaction, request, actions);
                }
                Err(_) => self.refuse(sbp.transaction, ErrorCode::INVALID_USER_NAME, actions),
            },
            ClientCommand::Prp(prp) if prp.key == "HSB" && !self.dialect().has_spaces() => {
                self.refuse(prp.transaction, ErrorCode::NOT_EXPECTED, actions);
            }
            ClientCommand::Prp(prp) => {
                ask(prp.transaction, account::Request::ChangeProperty { key: prp.key, value: prp.value }, actions);
            }
            ClientCommand::Blp(blp) => {
                let privacy = if blp.allow_unknown { Privacy::Everybody } else { Privacy::OnlyAllowed };
                ask(blp.transaction, account::Request::ChangePrivacy(privacy), actions);
            }
            ClientCommand::Gtc(gtc) => {
                let prompt = if gtc.ask { Prompt::Ask } else { Prompt::Never };
                ask(gtc.transaction, account::Request::ChangePrompt(prompt), actions);
            }
            ClientCommand::Xfr(xfr) if xfr.target == "SB" => {
                ask(xfr.transaction, account::Request::OpenSwitchboard, actions);
            }
            ClientCommand::Xfr(xfr) => self.refuse(xfr.transaction, ErrorCode::INVALID_PARAMETER, actions),
            ClientCommand::Gcf(gcf) => {
                let document = profile::shields().into();
                self.send(&ServerCommand::Gcf { transaction: gcf.transaction, file: gcf.file, document }, actions);
            }
            ClientCommand::Chl { transaction } => self.challenge(moment, transaction, actions),
            ClientCommand::Qry(qry) => self.judge(qry.transaction, &qry.product_id, &qry.digest, actions),
            ClientCommand::Url(url) => {
                let web = &self.settings.web;
                let path = pages::page(web, &url.service, url.parameter.as_deref());
                let command =
                    ServerCommand::Url { transaction: url.transaction, path, login: pages::login(web), site: 1 };
                self.send(&command, actions);
            }
            ClientCommand::Ims(ims) => {
                self.send(&ServerCommand::Ims { transaction: ims.transaction, enabled: ims.enabled }, actions);
            }
            ClientCommand::Sdc(sdc) => self.send(&ServerCommand::SdcOk { transaction: sdc.transaction }, actions),
            ClientCommand::Snd(snd) => self.send(&ServerCommand::SndOk { transaction: snd.transaction }, actions),
            ClientCommand::Gsb { transaction } => self.send(&ServerCommand::Sbs { transaction }, actions),
            ClientCommand::Lkp(lkp) => match lkp.telephone.parse() {
                Ok(telephone) => ask(lkp.transaction, account::Request::LookUp(telephone), actions),
                Err(_) => self.refuse(lkp.transaction, ErrorCode::INVALID_PARAMETER, actions),
            },
            ClientCommand::Pgd(pgd) => self.refuse(pgd.transaction, ErrorCode::NOT_EXPECTED, actions),
            ClientCommand::Usr(usr) => {
                self.refuse(transaction(&ClientCommand::Usr(usr)), ErrorCode::ALREADY_LOGGED_IN, actions);
            }
            ClientCommand::Ver(ver) => {
                self.refuse(ver.transaction, ErrorCode::NOT_EXPECTED, actions);
                actions.push(Action::Close(Closing::Forbidden));
            }
            // Answered as before sign-in: a client may say it again.
            ClientCommand::Cvr(cvr) => self.recommend(cvr, actions),
            // Messages belong to switchboards; the original service hung up on one here.
            ClientCommand::Unknown { command, .. } if command.as_str() == "MSG" => {
                actions.push(Action::Close(Closing::Forbidden));
            }
            ClientCommand::Unknown { transaction: Some(transaction), .. } => {
                self.refuse(transaction, ErrorCode::COMMAND_DISABLED, actions);
            }
            // Without a number there is nothing to answer to.
            ClientCommand::Unknown { transaction: None, .. } => {}
        }
    }
}

/// Whether a dialect has the command: what came with a later one is refused to a client that has agreed on an earlier one.
fn is_spoken(dialect: Dialect, command: &ClientCommand) -> bool {
    let telephone = |target: &Target| matches!(target, Target::Telephone(_));
    match command {
        ClientCommand::Uux(_) => dialect.has_personal_messages(),
        ClientCommand::Gcf(_) => dialect.has_shields(),
        ClientCommand::Gsb { .. } => dialect.has_subscription(),
        ClientCommand::Lkp(_) => dialect.has_telephones(),
        ClientCommand::Adc(adc) => dialect.has_telephones() || !telephone(&adc.target),
        ClientCommand::Rem(rem) => dialect.has_telephones() || !telephone(&rem.target),
        ClientCommand::Ver(_)
        | ClientCommand::Cvr(_)
        | ClientCommand::Usr(_)
        | ClientCommand::Syn(_)
        | ClientCommand::Chg(_)
        | ClientCommand::Png
        | ClientCommand::Qry(_)
        | ClientCommand::Chl { .. }
        | ClientCommand::Adg(_)
        | ClientCommand::Rmg(_)
        | ClientCommand::Reg(_)
        | ClientCommand::Sbp(_)
        | ClientCommand::Prp(_)
        | ClientCommand::Blp(_)
        | ClientCommand::Gtc(_)
        | ClientCommand::Xfr(_)
        | ClientCommand::Url(_)
        | ClientCommand::Ims(_)
        | ClientCommand::Sdc(_)
        | ClientCommand::Snd(_)
        | ClientCommand::Pgd(_)
        | ClientCommand::Out
        | ClientCommand::Unknown { .. } => true,
    }
}

fn ask(tag: u32, request: account::Request, actions: &mut Vec<Action>) {
    actions.push(Action::Notification(Request::Ask { tag, request }));
}

fn who(target: Target) -> Result<Who, ErrorCode> {
    match target {
        Target::Passport(text) => match text.parse::<Passport>() {
            Ok(passport) => Ok(Who::Passport(passport)),
            Err(_) => Err(ErrorCode::INVALID_PARAMETER),
        },
        Target::Guid(text) => text.parse::<Guid>().map(Who::Guid).map_err(|_| ErrorCode::INVALID_USER_NAME),
        Target::Telephone(number) => match format!("tel:{number}").parse::<Telephone>() {
            Ok(telephone) => Ok(Who::Passport(telephone.into())),
            Err(_) => Err(ErrorCode::INVALID_PARAMETER),
        },
    }
}

fn group(text: Option<String>) -> Result<Option<Guid>, ErrorCode> {
    text.map(|text| text.parse().map_err(|_| ErrorCode::INVALID_GROUP)).transpose()
}

fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_PERSONAL_MESSAGE));
    text
}

/// The number to answer a command with; 0 where it has none.
pub(super) fn transaction(command: &ClientCommand) -> u32 {
    match command {
        ClientCommand::Ver(ver) => ver.transaction,
        ClientCommand::Cvr(cvr) => cvr.transaction,
        ClientCommand::Usr(Usr::Initiate { transaction, .. } | Usr::Ticket { transaction, .. })
        | ClientCommand::Chl { transaction }
        | ClientCommand::Gsb { transaction } => *transaction,
        ClientCommand::Syn(syn) => syn.transaction,
        ClientCommand::Gcf(gcf) => gcf.transaction,
        ClientCommand::Chg(chg) => chg.transaction,
        ClientCommand::Uux(uux) => uux.transaction,
        ClientCommand::Qry(qry) => qry.transaction,
        ClientCommand::Adc(adc) => adc.transaction,
        ClientCommand::Rem(rem) => rem.transaction,
        ClientCommand::Adg(adg) => adg.transaction,
        ClientCommand::Rmg(rmg) => rmg.transaction,
        ClientCommand::Reg(reg) => reg.transaction,
        ClientCommand::Sbp(sbp) => sbp.transaction,
        ClientCommand::Prp(prp) => prp.transaction,
        ClientCommand::Blp(blp) => blp.transaction,
        ClientCommand::Gtc(gtc) => gtc.transaction,
        ClientCommand::Xfr(xfr) => xfr.transaction,
        ClientCommand::Lkp(lkp) => lkp.transaction,
        ClientCommand::Url(url) => url.transaction,
        ClientCommand::Ims(ims) => ims.transaction,
        ClientCommand::Sdc(sdc) => sdc.transaction,
        ClientCommand::Snd(snd) => snd.transaction,
        ClientCommand::Pgd(pgd) => pgd.transaction,
        ClientCommand::Unknown { transaction, .. } => transaction.unwrap_or(0),
        ClientCommand::Png | ClientCommand::Out => 0,
    }
}
