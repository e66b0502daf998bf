//! A strict notification client.

use std::collections::VecDeque;
use std::net::SocketAddr;

use msnp::{challenge, dialect::Dialect, frame::Side, notification::server::ServerCommand, status::Status};

use crate::{Ended, Room, Server, Wire, passport};

/// What Messenger 7.5 says that it can do: handwriting of both kinds, messages in parts, direct connections, winks, voice clips.
pub const CAPABILITIES: u32 = 0x5004_C02C;

/// A group that no account has.
const NO_GROUP: &str = "00000000-0000-4000-8000-000000000000";

/// What a client of the time says that it is, and the key that goes with it.
const PRODUCT: &str = "PROD0090YUAUV{2B";
const PRODUCT_KEY: &str = "YMM8C_H7KCQ2S_KL";

/// The number under which a client answers challenges by itself; far from those of what it asks.
const ANSWER: u32 = 4_000_000_000;

/// One signed-in client, or one on its way there.
pub struct Messenger {
    wire: Wire,
    dialect: Dialect,
    account: String,
    transaction: u32,
    /// What came while something else was waited for.
    passed: VecDeque<ServerCommand>,
    /// Whether it answers challenges by itself, whenever they come.
    solves: bool,
}

impl Messenger {
    /// Connects, and says nothing yet.
    pub async fn connect(address: SocketAddr, account: &str, dialect: Dialect) -> Self {
        let wire = Wire::connect(address, Side::Notification).await;
        Self { wire, dialect, account: account.to_owned(), transaction: 0, passed: VecDeque::new(), solves: false }
    }

    /// Signs in; the client is on nobody's screen before its first status.
    pub async fn sign_in(server: &Server, account: &str, dialect: Dialect) -> Self {
        let ticket = passport::ticket(server.web(), account).await;
        let mut client = Self::connect(server.address(), account, dialect).await;
        client.introduce().await;
        client.prove(&ticket).await;
        client
    }

    /// Signs in, reads the list and is online. The challenge that comes a moment later is answered when it is met, and not
    /// shown.
    pub async fn online(server: &Server, account: &str, dialect: Dialect) -> Self {
        let mut client = Self::sign_in(server, account, dialect).await;
        client.list().await;
        client.solves = true;
        client.status("NLN").await;
        client
    }

    /// Waits for a challenge.
    pub async fn challenge(&mut self) -> String {
        self.find("a challenge", |command| match command {
            ServerCommand::Chl { transaction: 0, challenge } => Some(challenge.clone()),
            _ => None,
        })
        .await
    }

    /// Gives the right answer to a challenge.
    pub async fn solve(&mut self, asked: &str) {
        let digest = self.digest(asked);
        let transaction = self.send_payload("QRY", PRODUCT, &digest).await;
        assert_eq!(self.reply("QRY", transaction).await, ServerCommand::Qry { transaction });
    }

    fn digest(&self, asked: &str) -> String {
        match self.dialect {
            Dialect::Msnp10 => challenge::plain_answer(asked, PRODUCT_KEY),
            Dialect::Msnp11 | Dialect::Msnp12 => challenge::answer(asked, PRODUCT, PRODUCT_KEY),
        }
    }

    /// Agrees on the dialect and names the account.
    pub async fn introduce(&mut self) {
        let offered = self.dialect.name();
        let chosen = self.ask("VER", &format!("{offered} CVR0")).await;
        assert_eq!(chosen, ServerCommand::Ver { transaction: self.transaction, dialect: Some(self.dialect) });
        let account = self.account.clone();
        let version = self.ask("CVR", &format!("0x0409 winnt 5.1 i386 MSNMSGR 7.5.0324 msmsgs {account}")).await;
        assert!(
            matches!(&version, ServerCommand::Cvr { client_version, .. } if client_version == "7.5.0324"),
            "{version:?}"
        );
        let policy = self.ask("USR", &format!("TWN I {account}")).await;
        assert!(matches!(&policy, ServerCommand::UsrPolicy { policy, .. } if policy.contains('=')), "{policy:?}");
    }

    /// Shows the ticket, and takes what follows a sign-in.
    pub async fn prove(&mut self, ticket: &str) {
        let admitted = self.ask("USR", &format!("TWN S {ticket}")).await;
        let (transaction, passport) = (self.transaction, self.account.clone());
        assert_eq!(admitted, ServerCommand::UsrOk { transaction, passport, verified: true });
        if self.dialect.has_subscription() {
            assert_eq!(self.next("SBS").await, ServerCommand::Sbs { transaction: 0 });
        }
        let profile = self.next("the profile").await;
        let ServerCommand::Message { payload } = &profile else { panic!("{profile:?}") };
        let profile = String::from_utf8(payload.to_vec()).unwrap();
        for line in ["Content-Type: text/x-msmsgsprofile; charset=UTF-8\r\n", "MSPAuth: ", "ClientIP: 127.0.0.1\r\n"] {
            assert!(profile.contains(line), "{profile}");
        }
        assert!(profile.ends_with("\r\n\r\n"), "{profile:?}");
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The dialect.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The connection below.
    pub const fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Sends a command with a number of its own, which is returned.
    pub async fn send(&mut self, command: &str, rest: &str) -> u32 {
        self.transaction += 1;
        let space = if rest.is_empty() { "" } else { " " };
        let line = format!("{command} {}{space}{rest}\r\n", self.transaction);
        self.wire.send(line).await;
        self.transaction
    }

    /// Sends a command with a payload.
    pub async fn send_payload(&mut self, command: &str, rest: &str, payload: &str) -> u32 {
        self.transaction += 1;
        let space = if rest.is_empty() { "" } else { " " };
        let line = format!("{command} {}{space}{rest} {}\r\n{payload}", self.transaction, payload.len());
        self.wire.send(line).await;
        self.transaction
    }

    /// Sends bytes of a recording, up to and with the command of that number.
    pub async fn send_recorded(&mut self, bytes: &[u8], last: Option<u32>) {
        self.transaction = last.unwrap_or(self.transaction);
        self.wire.send(bytes).await;
    }

    /// Sends a command and waits for the reply that carries its number.
    pub async fn ask(&mut self, command: &str, rest: &str) -> ServerCommand {
        let transaction = self.send(command, rest).await;
        self.reply(command, transaction).await
    }

    /// Waits for the reply to that number.
    pub async fn reply(&mut self, command: &str, transaction: u32) -> ServerCommand {
        let waiting = format!("the reply to {command} {transaction}");
        self.find(&waiting, |reply| (reply_to(reply) == Some(transaction)).then(|| reply.clone())).await
    }

    /// The next command, whatever it is.
    pub async fn next(&mut self, waiting_for: &str) -> ServerCommand {
        if let Some(command) = self.passed.pop_front() {
            return command;
        }
        match self.read(waiting_for).await {
            Ok(command) => command,
            Err(Ended) => panic!("the server closed instead of {waiting_for}"),
        }
    }

    /// The first command in which `wanted` finds something; what came before stays for later.
    pub async fn find<T>(&mut self, waiting_for: &str, wanted: impl Fn(&ServerCommand) -> Option<T>) -> T {
        for (place, command) in self.passed.iter().enumerate() {
            if let Some(found) = wanted(command) {
                self.passed.remove(place);
                return found;
            }
        }
        loop {
            let Ok(command) = self.read(waiting_for).await else {
                panic!("the server closed instead of {waiting_for}, after {:?}", self.passed)
            };
            if let Some(found) = wanted(&command) {
                return found;
            }
            self.passed.push_back(command);
        }
    }

    /// Waits until the server has closed, and says what it sent before.
    pub async fn rest(&mut self) -> Vec<ServerCommand> {
        let mut rest: Vec<_> = std::mem::take(&mut self.passed).into();
        while let Ok(command) = self.read("the server to close").await {
            rest.push(command);
        }
        rest
    }

    /// Everything that was sent until the account has dealt with all that came before: a command without effect fences it.
    pub async fn settled(&mut self) -> Vec<ServerCommand> {
        let refused = self.ask("RMG", NO_GROUP).await;
        let transaction = self.transaction;
        assert_eq!(refused, ServerCommand::Error { transaction, code: msnp::code::ErrorCode::INVALID_GROUP });
        std::mem::take(&mut self.passed).into()
    }

    /// Says its status. The challenge that the first one brings, and contacts who are there are left for later.
    pub async fn status(&mut self, status: &str) -> u32 {
        let reply = self.ask("CHG", &format!("{status} {CAPABILITIES}")).await;
        let wanted = Status::parse(status).unwrap();
        assert!(matches!(&reply, ServerCommand::Chg { status, .. } if *status == wanted), "{reply:?}");
        self.transaction
    }

    /// Says its status, and what picture it has: the object in the form of presence, or nothing.
    pub async fn picture(&mut self, status: &str, object: &str) {
        let space = if object.is_empty() { "" } else { " " };
        let reply = self.ask("CHG", &format!("{status} {CAPABILITIES}{space}{object}")).await;
        let wanted = (!object.is_empty()).then(|| object.to_owned());
        assert!(matches!(&reply, ServerCommand::Chg { object, .. } if *object == wanted), "{reply:?}");
    }

    /// Says the line under its name.
    pub async fn personal_message(&mut self, text: &str) {
        let document = format!("<Data><PSM>{text}</PSM><CurrentMedia></CurrentMedia></Data>");
        let transaction = self.send_payload("UUX", "", &document).await;
        assert_eq!(self.reply("UUX", transaction).await, ServerCommand::Uux { transaction });
    }

    /// Reads the whole list: `SYN` itself, and exactly as many lines as it announces, in their order.
    pub async fn list(&mut self) -> Vec<ServerCommand> {
        let syn = self.ask("SYN", "0 0").await;
        let ServerCommand::Syn { counts: Some((contacts, groups)), .. } = syn else { panic!("{syn:?}") };
        let earlier = std::mem::take(&mut self.passed);
        let mut lines = vec![syn];
        // Settings, of which only the account's own are of unknown number; then groups; then contacts.
        let (mut seen_contacts, mut seen_groups, mut settings) = (0, 0, 0);
        while seen_contacts < contacts || seen_groups < groups || settings < 3 {
            let line = self.next("the list to end").await;
            match &line {
                ServerCommand::Lst { .. } => seen_contacts += 1,
                ServerCommand::Lsg { .. } if seen_contacts == 0 => seen_groups += 1,
                ServerCommand::Gtc { transaction: None, .. }
                | ServerCommand::Blp { transaction: None, .. }
                | ServerCommand::Prp { transaction: None, .. }
                    if seen_contacts + seen_groups == 0 =>
                {
                    settings += 1;
                }
                // What a contact shows of itself follows its line and is not counted.
                ServerCommand::Bpr { passport: None, .. } if seen_contacts > 0 => {}
                other => panic!("{other:?} stands in the list after {lines:?}"),
            }
            lines.push(line);
        }
        // One line too many would come before anything else.
        let further = self.settled().await;
        self.passed = earlier;
        for further in further {
            match further {
                ServerCommand::Lst { .. } | ServerCommand::Lsg { .. } => {
                    panic!("beyond the announced {contacts} and {groups}: {further:?}")
                }
                ServerCommand::Prp { transaction: None, .. } | ServerCommand::Bpr { passport: None, .. } => {
                    lines.push(further);
                }
                other => self.passed.push_back(other),
            }
        }
        lines
    }

    /// Puts somebody on the forward and the allow list, as Messenger does.
    pub async fn add(&mut self, contact: &str) -> String {
        let allowed = self.ask("ADC", &format!("AL N={contact}")).await;
        assert!(matches!(&allowed, ServerCommand::Adc { passport, .. } if passport == contact), "{allowed:?}");
        let added = self.ask("ADC", &format!("FL N={contact} F={contact}")).await;
        let ServerCommand::Adc { passport, guid: Some(guid), .. } = added else { panic!("{added:?}") };
        assert_eq!(passport, contact);
        guid
    }

    /// Calls somebody: a switchboard of one's own, with the call ringing.
    pub async fn call(&mut self, callee: &str) -> Room {
        let mut room = self.open().await;
        room.call(callee).await;
        room
    }

    /// Calls another client, who answers: the two switchboards of a conversation in which both are.
    pub async fn meet(&mut self, other: &mut Self) -> (Room, Room) {
        let mut mine = self.call(other.account()).await;
        let theirs = other.answer(self.account()).await;
        mine.joined(other.account()).await;
        (mine, theirs)
    }

    /// Opens a switchboard with nobody in it.
    pub async fn open(&mut self) -> Room {
        let (address, cookie) = self.switchboard().await;
        let mut room = Room::connect(&address, &self.account, self.dialect).await;
        room.enter(&cookie).await;
        room
    }

    /// Asks for a switchboard: its address, and what admits there.
    pub async fn switchboard(&mut self) -> (String, String) {
        let reply = self.ask("XFR", "SB").await;
        let ServerCommand::XfrSwitchboard { address, cookie, .. } = reply else { panic!("{reply:?}") };
        (address, cookie)
    }

    /// Waits to be rung by somebody, and answers.
    pub async fn answer(&mut self, caller: &str) -> Room {
        let (session, address, cookie) = self.ring(caller).await;
        let mut room = Room::connect(&address, &self.account, self.dialect).await;
        room.answer(&cookie, &session).await;
        room
    }

    /// Waits to be rung by somebody: session, address and cookie.
    pub async fn ring(&mut self, caller: &str) -> (String, String, String) {
        let waiting = format!("{} to be rung by {caller}", self.account);
        self.find(&waiting, |command| match command {
            ServerCommand::Rng { session, address, cookie, passport, .. } if passport == caller => {
                Some((session.clone(), address.clone(), cookie.clone()))
            }
            _ => None,
        })
        .await
    }

    /// The next command that is not about a challenge which the client answers by itself.
    async fn read(&mut self, waiting_for: &str) -> Result<ServerCommand, Ended> {
        loop {
            let command = self.hear(waiting_for).await?;
            match &command {
                ServerCommand::Chl { transaction: 0, challenge } if self.solves => {
                    let digest = self.digest(challenge);
                    self.wire.offer(format!("QRY {ANSWER} {PRODUCT} {}\r\n{digest}", digest.len())).await;
                }
                ServerCommand::Qry { transaction: ANSWER } => {}
                _ => return Ok(command),
            }
        }
    }

    async fn hear(&mut self, waiting_for: &str) -> Result<ServerCommand, Ended> {
        let frame = self.wire.next(waiting_for).await?;
        let mut came = Vec::new();
        frame.write(&mut came);
        let command = ServerCommand::parse(self.dialect, frame);
        assert!(!matches!(command, ServerCommand::Other(_)), "not a command of {:?}: {command:?}", self.dialect);
        let mut understood = Vec::new();
        command.write(self.dialect, &mut understood);
        let (came, understood) = (String::from_utf8_lossy(&came), String::from_utf8_lossy(&understood));
        assert_eq!(came, understood, "it does not have the form of {:?}", self.dialect);
        if let Some(number) = reply_to(&command) {
            assert!(number <= self.transaction || number == ANSWER, "a reply to nothing: {command:?}");
        }
        Ok(command)
    }
}

/// The number a command replies to, if it replies to anything.
pub fn reply_to(command: &ServerCommand) -> Option<u32> {
    match command {
        ServerCommand::Ver { transaction, .. }
        | ServerCommand::Cvr { transaction, .. }
        | ServerCommand::UsrPolicy { transaction, .. }
        | ServerCommand::UsrOk { transaction, .. }
        | ServerCommand::XfrNotification { transaction, .. }
        | ServerCommand::XfrSwitchboard { transaction, .. }
        | ServerCommand::Syn { transaction, .. }
        | ServerCommand::Adg { transaction, .. }
        | ServerCommand::Rmg { transaction, .. }
        | ServerCommand::Reg { transaction, .. }
        | ServerCommand::Sbp { transaction, .. }
        | ServerCommand::Gcf { transaction, .. }
        | ServerCommand::Chg { transaction, .. }
        | ServerCommand::Uux { transaction }
        | ServerCommand::Qry { transaction }
        | ServerCommand::Url { transaction, .. }
        | ServerCommand::Lkp { transaction, .. }
        | ServerCommand::Ims { transaction, .. }
        | ServerCommand::SdcOk { transaction }
        | ServerCommand::SndOk { transaction }
        | ServerCommand::AdcGroup { transaction, .. }
        | ServerCommand::Error { transaction, .. } => Some(*transaction),
        // Zero when nobody asked.
        ServerCommand::Adc { transaction, .. }
        | ServerCommand::Rem { transaction, .. }
        | ServerCommand::Sbs { transaction }
        | ServerCommand::Chl { transaction, .. } => Some(*transaction).filter(|transaction| *transaction != 0),
        ServerCommand::Gtc { transaction, .. }
        | ServerCommand::Blp { transaction, .. }
        | ServerCommand::Prp { transaction, .. } => *transaction,
        // Part of a status' answer, not the answer.
        ServerCommand::Iln { .. }
        | ServerCommand::Nln { .. }
        | ServerCommand::Fln { .. }
        | ServerCommand::Ubx { .. }
        | ServerCommand::Message { .. }
        | ServerCommand::Lsg { .. }
        | ServerCommand::Lst { .. }
        | ServerCommand::Bpr { .. }
        | ServerCommand::Qng { .. }
        | ServerCommand::Rng { .. }
        | ServerCommand::Not { .. }
        | ServerCommand::Out(_)
        | ServerCommand::Other(_) => None,
    }
}
