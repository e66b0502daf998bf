//! Writing of server commands.

use super::{OutReason, PresenceLine, ServerCommand};
use crate::dialect::Dialect;
use crate::line::Line;
use crate::list::List;

impl ServerCommand {
    /// Appends the command in the form that a client of that dialect understands.
    pub fn write(&self, dialect: Dialect, out: &mut Vec<u8>) {
        match self {
            ServerCommand::Ver { transaction, dialect: chosen } => {
                let name = chosen.map_or("0", Dialect::name);
                Line::new(out, "VER").number(transaction).word(name).end();
            }
            ServerCommand::Cvr { transaction, client_version, download, information } => Line::new(out, "CVR")
                .number(transaction)
                .word(client_version)
                .word(client_version)
                .word(client_version)
                .word(download)
                .word(information)
                .end(),
            ServerCommand::UsrPolicy { transaction, policy } => {
                Line::new(out, "USR").number(transaction).word("TWN").word("S").word(policy).end();
            }
            ServerCommand::UsrOk { transaction, passport, verified } => {
                let line = Line::new(out, "USR").number(transaction).word("OK").word(passport);
                line.number(u8::from(*verified)).number(0).end();
            }
            ServerCommand::XfrNotification { transaction, address, current } => {
                Line::new(out, "XFR").number(transaction).word("NS").word(address).number(0).word(current).end();
            }
            ServerCommand::XfrSwitchboard { transaction, address, cookie } => {
                Line::new(out, "XFR").number(transaction).word("SB").word(address).word("CKI").word(cookie).end();
            }
            ServerCommand::Sbs { transaction } => {
                if dialect.has_subscription() {
                    Line::new(out, "SBS").number(transaction).word("null").end();
                }
            }
            ServerCommand::Message { payload } => {
                Line::new(out, "MSG").word("Hotmail").word("Hotmail").payload(payload);
            }
            ServerCommand::Syn { transaction, list_timestamp, settings_timestamp, counts } => {
                let line = Line::new(out, "SYN").number(transaction).word(list_timestamp).word(settings_timestamp);
                match counts {
                    Some((contacts, groups)) => line.number(contacts).number(groups).end(),
                    None => line.end(),
                }
            }
            ServerCommand::Gtc { transaction, ask } => {
                maybe_reply(out, "GTC", *transaction).word(if *ask { "A" } else { "N" }).end();
            }
            ServerCommand::Blp { transaction, allow_unknown } => {
                maybe_reply(out, "BLP", *transaction).word(if *allow_unknown { "AL" } else { "BL" }).end();
            }
            ServerCommand::Prp { transaction, key, value } => {
                let line = maybe_reply(out, "PRP", *transaction).word(key);
                match (transaction, value) {
                    // A client compares a reply with what it sent, which it had encoded strictly.
                    (Some(_), Some(value)) => line.strict(value).end(),
                    (None, Some(value)) => line.name(value).end(),
                    (_, None) => line.end(),
                }
            }
            ServerCommand::Lsg { name, guid } => Line::new(out, "LSG").name(name).word(guid).end(),
            ServerCommand::Lst { passport, name, guid, lists, network, groups } => {
                let forward = lists & List::Forward.bit() != 0;
                let line = Line::new(out, "LST").prefixed("N=", passport);
                let line = with_name(line, name.as_deref());
                let line = with_guid(line, guid.as_deref().filter(|_| forward)).number(lists);
                let line = if dialect.has_network_ids() { line.number(network) } else { line };
                if forward && !groups.is_empty() {
                    line.word(&groups.join(",")).end();
                } else {
                    line.end();
                }
            }
            ServerCommand::Bpr { passport, key, value } => {
                let line = Line::new(out, "BPR").optional(passport.as_deref()).word(key);
                with_value(line, value.as_deref()).end();
            }
            ServerCommand::Adc { transaction, list, passport, name, guid } => {
                let line = Line::new(out, "ADC").number(transaction).word(list.code()).prefixed("N=", passport);
                with_guid(with_name(line, name.as_deref()), guid.as_deref()).end();
            }
            ServerCommand::AdcGroup { transaction, contact, group } => {
                let line = Line::new(out, "ADC").number(transaction).word(List::Forward.code());
                line.prefixed("C=", contact).word(group).end();
            }
            ServerCommand::Rem { transaction, list, target, group } => {
                let line = Line::new(out, "REM").number(transaction).word(list.code()).word(target);
                line.optional(group.as_deref()).end();
            }
            ServerCommand::Adg { transaction, name, guid } => {
                group_reply(out, "ADG", *transaction, dialect).strict(name).word(guid).end();
            }
            ServerCommand::Rmg { transaction, guid } => {
                group_reply(out, "RMG", *transaction, dialect).word(guid).end();
            }
            ServerCommand::Reg { transaction, guid, name } => {
                let line = group_reply(out, "REG", *transaction, dialect);
                if has_versioned_groups(dialect) {
                    line.strict(name).word(guid).number(0).end();
                } else {
                    line.word(guid).strict(name).end();
                }
            }
            ServerCommand::Sbp { transaction, contact, key, value } => {
                Line::new(out, "SBP").number(transaction).word(contact).word(key).strict(value).end();
            }
            ServerCommand::Gcf { transaction, file, document } => {
                Line::new(out, "GCF").number(transaction).word(file).payload(document);
            }
            ServerCommand::Chg { transaction, status, capabilities, object } => {
                let line = Line::new(out, "CHG").number(transaction).word(status.code()).number(capabilities);
                line.optional(object.as_deref()).end();
            }
            ServerCommand::Iln { transaction, presence } => {
                with_presence(Line::new(out, "ILN").number(transaction), presence).end();
            }
            ServerCommand::Nln { presence } => with_presence(Line::new(out, "NLN"), presence).end(),
            ServerCommand::Fln { passport } => Line::new(out, "FLN").word(passport).end(),
            ServerCommand::Ubx { passport, document } => {
                if dialect.has_personal_messages() {
                    Line::new(out, "UBX").word(passport).payload(document);
                }
            }
            ServerCommand::Uux { transaction } => Line::new(out, "UUX").number(transaction).number(0).end(),
            ServerCommand::Qng { seconds } => Line::new(out, "QNG").number(seconds).end(),
            ServerCommand::Chl { transaction, challenge } => {
                Line::new(out, "CHL").number(transaction).word(challenge).end();
            }
            ServerCommand::Qry { transaction } => Line::new(out, "QRY").number(transaction).end(),
            ServerCommand::Rng { session, address, cookie, passport, name } => Line::new(out, "RNG")
                .word(session)
                .word(address)
                .word("CKI")
                .word(cookie)
                .word(passport)
                .name(name)
                .end(),
            ServerCommand::Url { transaction, path, login, site } => {
                Line::new(out, "URL").number(transaction).word(path).word(login).number(site).end();
            }
            ServerCommand::Lkp { transaction, telephone } => {
                Line::new(out, "LKP").number(transaction).word(telephone).end();
            }
            ServerCommand::Ims { transaction, enabled } => {
                Line::new(out, "IMS").number(transaction).number(0).word(if *enabled { "ON" } else { "OFF" }).end();
            }
            ServerCommand::SdcOk { transaction } => Line::new(out, "SDC").number(transaction).word("OK").end(),
            ServerCommand::SndOk { transaction } => Line::new(out, "SND").number(transaction).word("OK").end(),
            ServerCommand::Not { payload } => Line::new(out, "NOT").payload(payload),
            ServerCommand::Out(reason) => with_reason(Line::new(out, "OUT"), *reason, dialect).end(),
            ServerCommand::Error { transaction, code } => Line::new(out, &code.to_string()).number(transaction).end(),
            ServerCommand::Other(frame) => frame.write(out),
        }
    }
}

/// A line that answers a command, or stands within the contact list.
fn maybe_reply<'a>(out: &'a mut Vec<u8>, command: &str, transaction: Option<u32>) -> Line<'a> {
    let line = Line::new(out, command);
    match transaction {
        Some(transaction) => line.number(transaction),
        None => line,
    }
}

/// Whether group replies carry a list version, as msnp11-sdk waits for. MSNP10 and MSNP12 clients read them without.
fn has_versioned_groups(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Msnp11 => true,
        Dialect::Msnp10 | Dialect::Msnp12 => false,
    }
}

fn group_reply<'a>(out: &'a mut Vec<u8>, command: &str, transaction: u32, dialect: Dialect) -> Line<'a> {
    let line = Line::new(out, command).number(transaction);
    if has_versioned_groups(dialect) { line.number(1) } else { line }
}

fn with_name<'a>(line: Line<'a>, name: Option<&str>) -> Line<'a> {
    match name {
        Some(name) => line.prefixed_name("F=", name),
        None => line,
    }
}

fn with_guid<'a>(line: Line<'a>, guid: Option<&str>) -> Line<'a> {
    match guid {
        Some(guid) => line.prefixed("C=", guid),
        None => line,
    }
}

fn with_value<'a>(line: Line<'a>, value: Option<&str>) -> Line<'a> {
    match value {
        Some(value) => line.name(value),
        None => line,
    }
}

fn with_presence<'a>(line: Line<'a>, presence: &PresenceLine) -> Line<'a> {
    line.word(presence.status.code())
        .word(&presence.passport)
        .name(&presence.name)
        .number(presence.capabilities)
        .optional(presence.object.as_deref())
}

fn with_reason(line: Line<'_>, reason: Option<OutReason>, dialect: Dialect) -> Line<'_> {
    match reason {
        Some(OutReason::Other) => line.word("OTH"),
        Some(OutReason::Ssd | OutReason::Rct(_)) if !dialect.has_sign_out_reasons() => line,
        Some(OutReason::Ssd) => line.word("SSD"),
        Some(OutReason::Rct(minutes)) => line.word("RCT").number(minutes),
        None => line,
    }
}
