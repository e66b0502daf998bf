//! A strict switchboard client.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use msnp::{dialect::Dialect, frame::Side, switchboard::server::ServerCommand};

use crate::{
    Ended, Wire,
    p2p::{Exchange, addressee, head_and_body},
};

/// The longest payload that a switchboard takes or gives, in bytes (hypothetic.org).
const LONGEST_PAYLOAD: usize = 1664;

/// One client's switchboard connection.
pub struct Room {
    wire: Wire,
    dialect: Dialect,
    account: String,
    transaction: u32,
    pub(crate) passed: VecDeque<ServerCommand>,
    /// What it knows of its transfers.
    pub(crate) exchange: Exchange,
}

impl Room {
    /// Connects, and says nothing yet.
    pub async fn connect(address: &str, account: &str, dialect: Dialect) -> Self {
        let wire = Wire::connect(address.parse().unwrap(), Side::Switchboard).await;
        Self {
            wire,
            dialect,
            account: account.to_owned(),
            transaction: 0,
            passed: VecDeque::new(),
            exchange: Exchange::default(),
        }
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// From now on it waits so long for whatever the server says next: something may have to come over a network that is only just
    /// there again.
    pub const fn wait_for(&mut self, patience: Duration) {
        self.wire.wait_for(patience);
    }

    /// Enters to call somebody.
    pub async fn enter(&mut self, cookie: &str) {
        let account = self.account.clone();
        let entered = self.ask("USR", &format!("{account} {cookie}")).await;
        assert!(matches!(&entered, ServerCommand::UsrOk { passport, .. } if *passport == account), "{entered:?}");
    }

    /// Calls somebody, and waits until it rings.
    pub async fn call(&mut self, callee: &str) {
        let ringing = self.ask("CAL", callee).await;
        assert!(matches!(ringing, ServerCommand::Cal { .. }), "{ringing:?}");
    }

    /// Answers a ring, and says who is there already.
    pub async fn answer(&mut self, cookie: &str, session: &str) -> Vec<String> {
        let transaction = self.send("ANS", &format!("{} {cookie} {session}", self.account)).await;
        let mut roster = Vec::new();
        loop {
            match self.next("the answer to be taken").await {
                ServerCommand::Iro { transaction: number, index, total, passport, .. } => {
                    roster.push(passport);
                    assert_eq!((number, index), (transaction, roster.len()));
                    assert!(index <= total);
                }
                ServerCommand::AnsOk { transaction: number } => {
                    assert_eq!(number, transaction);
                    return roster;
                }
                other => panic!("{other:?} before the answer was taken"),
            }
        }
    }

    /// The connection below.
    pub const fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Sends a command with a number of its own, which is returned.
    pub async fn send(&mut self, command: &str, rest: &str) -> u32 {
        self.transaction += 1;
        self.wire.send(format!("{command} {} {rest}\r\n", self.transaction)).await;
        self.transaction
    }

    /// Says something with an acknowledgement of that class: `A`, `D`, `N`, `S` or `U`.
    pub async fn say(&mut self, class: &str, payload: impl AsRef<[u8]>) -> u32 {
        self.transaction += 1;
        let payload = payload.as_ref();
        let mut bytes = format!("MSG {} {class} {}\r\n", self.transaction, payload.len()).into_bytes();
        bytes.extend_from_slice(payload);
        self.wire.send(bytes).await;
        self.transaction
    }

    /// Says something that has to be acknowledged, and waits until it is.
    pub async fn tell(&mut self, payload: impl AsRef<[u8]>) {
        let transaction = self.say("A", payload).await;
        let taken = self.reply("MSG", transaction).await;
        assert_eq!(taken, ServerCommand::Ack { transaction });
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

    /// Waits until somebody has come in.
    pub async fn joined(&mut self, who: &str) -> ServerCommand {
        self.find(&format!("{who} to join"), |command| match command {
            ServerCommand::Joi { passport, .. } if passport == who => Some(command.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until somebody has gone.
    pub async fn left(&mut self, who: &str) {
        self.find(&format!("{who} to leave"), |command| {
            matches!(command, ServerCommand::Bye { passport, .. } if passport == who).then_some(())
        })
        .await;
    }

    /// Waits for the next message of somebody: its bytes.
    pub async fn hear(&mut self, who: &str) -> Bytes {
        self.find(&format!("a message of {who}"), |command| match command {
            ServerCommand::Msg { passport, payload, .. } if passport == who => Some(payload.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for the next text of somebody, and gives what stands after its headers. Packets of transfers stay for later;
    /// whatever else comes before it is dropped.
    pub async fn hear_text(&mut self, who: &str) -> String {
        loop {
            let payload = self.hear_that(who, "a text", |payload| addressee(payload).is_none()).await;
            let (headers, body) = head_and_body(&payload);
            if headers.contains("text/plain") {
                return String::from_utf8(body.to_vec()).unwrap();
            }
        }
    }

    /// Waits for the first payload of somebody that is wanted. Others stay for later.
    pub async fn hear_that(&mut self, who: &str, what: &str, wanted: impl Fn(&Bytes) -> bool) -> Bytes {
        self.find(&format!("{what} of {who}"), |command| match command {
            ServerCommand::Msg { passport, payload, .. } if passport == who && wanted(payload) => Some(payload.clone()),
            _ => None,
        })
        .await
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

    /// Shows that all that was heard has come: what a client says may have crossed what it was sent, what it says once more
    /// after an answer cannot have.
    pub async fn prove(&mut self) {
        for _ in 0..2 {
            let refused = self.ask("XYZ", "").await;
            assert!(matches!(refused, ServerCommand::Error { .. }), "{refused:?}");
        }
    }

    /// Leaves, and waits until the connection is closed: what came before it.
    pub async fn leave(mut self) -> Vec<ServerCommand> {
        self.wire.send("OUT\r\n").await;
        self.rest().await
    }

    /// Waits until the server has closed, and says what it sent before.
    pub async fn rest(&mut self) -> Vec<ServerCommand> {
        let mut rest: Vec<_> = std::mem::take(&mut self.passed).into();
        while let Ok(command) = self.read("the server to close").await {
            rest.push(command);
        }
        rest
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

    async fn read(&mut self, waiting_for: &str) -> Result<ServerCommand, Ended> {
        let frame = self.wire.next(waiting_for).await?;
        let mut came = Vec::new();
        frame.write(&mut came);
        let command = ServerCommand::parse(frame);
        assert!(!matches!(command, ServerCommand::Other(_)), "not a command of a switchboard: {command:?}");
        let mut understood = Vec::new();
        command.write(self.dialect, &mut understood);
        let (came, understood) = (String::from_utf8_lossy(&came), String::from_utf8_lossy(&understood));
        assert_eq!(came, understood, "it does not have the form of {:?}", self.dialect);
        if let ServerCommand::Msg { payload, .. } = &command {
            assert!(payload.len() <= LONGEST_PAYLOAD, "a payload of {} bytes", payload.len());
            let addressee = addressee(payload).unwrap_or_else(|| self.account.clone());
            assert!(addressee.eq_ignore_ascii_case(&self.account), "a packet for {addressee} came to {}", self.account);
        }
        if let Some(number) = reply_to(&command) {
            assert!(number <= self.transaction, "a reply to nothing: {command:?}");
        }
        Ok(command)
    }
}

impl Drop for Room {
    /// What a failed test had not looked at often says why it failed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} has not looked at {:?}", self.account, self.passed);
        }
    }
}

fn reply_to(command: &ServerCommand) -> Option<u32> {
    match command {
        ServerCommand::UsrOk { transaction, .. }
        | ServerCommand::AnsOk { transaction }
        | ServerCommand::Cal { transaction, .. }
        | ServerCommand::Ack { transaction }
        | ServerCommand::Nak { transaction }
        | ServerCommand::Error { transaction, .. } => Some(*transaction),
        ServerCommand::Iro { .. }
        | ServerCommand::Joi { .. }
        | ServerCommand::Msg { .. }
        | ServerCommand::Bye { .. }
        | ServerCommand::Other(_) => None,
    }
}

/// A text as Messenger sends it.
pub fn text(body: &str) -> String {
    format!(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
         X-MMS-IM-Format: FN=Microsoft%20Sans%20Serif; EF=; CO=0; CS=0; PF=22\r\n\r\n{body}"
    )
}

/// That somebody types.
pub fn typing(account: &str) -> String {
    format!("MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: {account}\r\n\r\n\r\n")
}

/// A nudge.
pub const fn nudge() -> &'static str {
    "MIME-Version: 1.0\r\nContent-Type: text/x-msnmsgr-datacast\r\n\r\nID: 1\r\n\r\n"
}
