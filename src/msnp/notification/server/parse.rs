//! Reading of server commands, for clients in tests.

use super::{OutReason, PresenceLine, ServerCommand};
use crate::code::ErrorCode;
use crate::dialect::Dialect;
use crate::frame::Frame;
use crate::list::List;
use crate::percent;
use crate::status::{Capabilities, Status};

impl ServerCommand {
    /// Understands a frame of a server that speaks that dialect. What is not understood is [`ServerCommand::Other`].
    #[must_use]
    pub fn parse(dialect: Dialect, frame: Frame) -> ServerCommand {
        understand(dialect, &frame).unwrap_or(ServerCommand::Other(frame))
    }
}

/// The arguments of a frame, by place.
struct Words<'a>(&'a [String]);

impl<'a> Words<'a> {
    fn at(&self, place: usize) -> Option<&'a str> {
        self.0.get(place).map(String::as_str)
    }

    fn text(&self, place: usize) -> Option<String> {
        self.0.get(place).cloned()
    }

    fn decoded(&self, place: usize) -> Option<String> {
        self.at(place).map(percent::decode)
    }

    fn number(&self, place: usize) -> Option<u32> {
        self.at(place)?.parse().ok()
    }

    /// The value of the first argument with that prefix.
    fn prefixed(&self, prefix: &str) -> Option<&'a str> {
        self.0.iter().find_map(|word| word.strip_prefix(prefix))
    }
}

fn understand(dialect: Dialect, frame: &Frame) -> Option<ServerCommand> {
    let words = Words(&frame.arguments);
    let payload = frame.payload.clone();
    if let Some(number) = frame.command.error_number() {
        return Some(ServerCommand::Error { transaction: words.number(0)?, code: ErrorCode(number) });
    }
    match frame.command.as_str() {
        "VER" => Some(ServerCommand::Ver { transaction: words.number(0)?, dialect: Dialect::parse(words.at(1)?) }),
        "CVR" => Some(ServerCommand::Cvr {
            transaction: words.number(0)?,
            client_version: words.text(1)?,
            download: words.text(4)?,
            information: words.text(5)?,
        }),
        "USR" => sign_in(&words),
        "XFR" => transfer(&words),
        "SBS" => Some(ServerCommand::Sbs { transaction: words.number(0)? }),
        "MSG" => Some(ServerCommand::Message { payload: payload? }),
        "SYN" => Some(ServerCommand::Syn {
            transaction: words.number(0)?,
            list_timestamp: words.text(1)?,
            settings_timestamp: words.text(2)?,
            counts: words
                .number(3)
                .and_then(|contacts| Some((usize::try_from(contacts).ok()?, usize::try_from(words.number(4)?).ok()?))),
        }),
        "GTC" => Some(ServerCommand::Gtc { transaction: frame.transaction(), ask: frame.arguments.last()? == "A" }),
        "BLP" => Some(ServerCommand::Blp {
            transaction: frame.transaction(),
            allow_unknown: frame.arguments.last()? == "AL",
        }),
        "PRP" => {
            let transaction = frame.transaction();
            let place = usize::from(transaction.is_some());
            Some(ServerCommand::Prp { transaction, key: words.text(place)?, value: words.decoded(place + 1) })
        }
        "LSG" => Some(ServerCommand::Lsg { name: words.decoded(0)?, guid: words.text(1)? }),
        "LST" => contact(dialect, &words),
        "BPR" => {
            // The two forms are told apart by the length of the first argument: no passport has three characters.
            let within_list = words.at(0)?.len() == 3;
            let place = usize::from(!within_list);
            Some(ServerCommand::Bpr {
                passport: words.text(0).filter(|_| !within_list),
                key: words.text(place)?,
                value: words.decoded(place + 1),
            })
        }
        "ADC" => addition(&words),
        "REM" => Some(ServerCommand::Rem {
            transaction: words.number(0)?,
            list: List::parse(words.at(1)?)?,
            target: words.at(2).map(|target| target.strip_prefix("N=").unwrap_or(target).to_owned())?,
            group: words.text(3),
        }),
        "ADG" | "RMG" | "REG" => group(dialect, frame.command.as_str(), &words),
        "SBP" => Some(ServerCommand::Sbp {
            transaction: words.number(0)?,
            contact: words.text(1)?,
            key: words.text(2)?,
            value: words.decoded(3)?,
        }),
        "GCF" => Some(ServerCommand::Gcf { transaction: words.number(0)?, file: words.text(1)?, document: payload? }),
        "CHG" => Some(ServerCommand::Chg {
            transaction: words.number(0)?,
            status: Status::parse(words.at(1)?)?,
            capabilities: Capabilities::parse(words.at(2)?),
            object: words.text(3),
        }),
        "ILN" => Some(ServerCommand::Iln { transaction: words.number(0)?, presence: presence(&words, 1)? }),
        "NLN" => Some(ServerCommand::Nln { presence: presence(&words, 0)? }),
        "FLN" => Some(ServerCommand::Fln { passport: words.text(0)? }),
        "UBX" => Some(ServerCommand::Ubx { passport: words.text(0)?, document: payload? }),
        "UUX" => Some(ServerCommand::Uux { transaction: words.number(0)? }),
        "QNG" => Some(ServerCommand::Qng { seconds: words.number(0)? }),
        "CHL" => Some(ServerCommand::Chl { transaction: words.number(0)?, challenge: words.text(1)? }),
        "QRY" => Some(ServerCommand::Qry { transaction: words.number(0)? }),
        "RNG" => Some(ServerCommand::Rng {
            session: words.text(0)?,
            address: words.text(1)?,
            cookie: words.text(3)?,
            passport: words.text(4)?,
            name: words.decoded(5)?,
        }),
        "URL" => Some(ServerCommand::Url {
            transaction: words.number(0)?,
            path: words.text(1)?,
            login: words.text(2)?,
            site: words.number(3)?,
        }),
        "LKP" => Some(ServerCommand::Lkp { transaction: words.number(0)?, telephone: words.text(1)? }),
        "IMS" => Some(ServerCommand::Ims { transaction: words.number(0)?, enabled: words.at(2)? == "ON" }),
        "SDC" => Some(ServerCommand::SdcOk { transaction: words.number(0)? }),
        "SND" => Some(ServerCommand::SndOk { transaction: words.number(0)? }),
        "NOT" => Some(ServerCommand::Not { payload: payload? }),
        "OUT" => match words.at(0) {
            None => Some(ServerCommand::Out(None)),
            Some("OTH") => Some(ServerCommand::Out(Some(OutReason::Other))),
            Some("SSD") => Some(ServerCommand::Out(Some(OutReason::Ssd))),
            Some("RCT") => Some(ServerCommand::Out(Some(OutReason::Rct(words.number(1)?)))),
            Some(_) => None,
        },
        _ => None,
    }
}

fn sign_in(words: &Words<'_>) -> Option<ServerCommand> {
    let transaction = words.number(0)?;
    match (words.at(1)?, words.at(2)?) {
        ("OK", passport) => {
            let verified = words.at(3).is_some_and(|verified| verified == "1");
            Some(ServerCommand::UsrOk { transaction, passport: passport.to_owned(), verified })
        }
        ("TWN", "S") => Some(ServerCommand::UsrPolicy { transaction, policy: words.text(3)? }),
        _ => None,
    }
}

fn transfer(words: &Words<'_>) -> Option<ServerCommand> {
    let (transaction, address) = (words.number(0)?, words.text(2)?);
    match words.at(1)? {
        "NS" => Some(ServerCommand::XfrNotification { transaction, address, current: words.text(4)? }),
        "SB" => Some(ServerCommand::XfrSwitchboard { transaction, address, cookie: words.text(4)? }),
        _ => None,
    }
}

fn contact(dialect: Dialect, words: &Words<'_>) -> Option<ServerCommand> {
    let mut plain = words.0.iter().filter(|word| !["N=", "F=", "C="].iter().any(|prefix| word.starts_with(prefix)));
    let lists = plain.next()?.parse().ok()?;
    let network = if dialect.has_network_ids() { plain.next()?.parse().ok()? } else { 1 };
    Some(ServerCommand::Lst {
        passport: words.prefixed("N=")?.to_owned(),
        name: words.prefixed("F=").map(percent::decode),
        guid: words.prefixed("C=").map(str::to_owned),
        lists,
        network,
        groups: plain.next().map(|groups| groups.split(',').map(str::to_owned).collect()).unwrap_or_default(),
    })
}

fn addition(words: &Words<'_>) -> Option<ServerCommand> {
    let (transaction, list) = (words.number(0)?, List::parse(words.at(1)?)?);
    let guid = words.prefixed("C=").map(str::to_owned);
    match words.prefixed("N=") {
        Some(passport) => Some(ServerCommand::Adc {
            transaction,
            list,
            passport: passport.to_owned(),
            name: words.prefixed("F=").map(percent::decode),
            guid,
        }),
        None => Some(ServerCommand::AdcGroup { transaction, contact: guid?, group: words.text(3)? }),
    }
}

fn group(dialect: Dialect, command: &str, words: &Words<'_>) -> Option<ServerCommand> {
    let transaction = words.number(0)?;
    let versioned = dialect == Dialect::Msnp11;
    let first = 1 + usize::from(versioned);
    match command {
        "ADG" => Some(ServerCommand::Adg { transaction, name: words.decoded(first)?, guid: words.text(first + 1)? }),
        "RMG" => Some(ServerCommand::Rmg { transaction, guid: words.text(first)? }),
        _ if versioned => {
            Some(ServerCommand::Reg { transaction, name: words.decoded(first)?, guid: words.text(first + 1)? })
        }
        _ => Some(ServerCommand::Reg { transaction, guid: words.text(first)?, name: words.decoded(first + 1)? }),
    }
}

fn presence(words: &Words<'_>, first: usize) -> Option<PresenceLine> {
    Some(PresenceLine {
        status: Status::parse(words.at(first)?)?,
        passport: words.text(first + 1)?,
        name: words.decoded(first + 2)?,
        capabilities: words.at(first + 3).map(Capabilities::parse).unwrap_or_default(),
        object: words.text(first + 4),
    })
}
