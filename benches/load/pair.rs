//! Two clients in one switchboard, and what they say.

use crate::{
    CHEAP_PASSWORD,
    client::{self, Addresses, Client, Fault},
    program::Home,
};

/// What is said: a line of chat as Messenger sends it.
pub(crate) const PAYLOAD: &str = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
                                  X-MMS-IM-Format: FN=MS%20Shell%20Dlg; EF=; CO=0; CS=0; PF=0\r\n\r\n\
                                  See you at eight then, in front of the cinema.";

/// Two clients in one switchboard.
pub(crate) struct Pair {
    pub(crate) caller: Client,
    pub(crate) callee: Client,
    /// The transaction of the caller's next command.
    next: u32,
    /// Their notification connections, without which nobody may talk.
    _sessions: [Client; 2],
}

impl Pair {
    /// Appends the caller's next line in that class of acknowledgement; gives its transaction.
    pub(crate) fn line(&mut self, class: char, out: &mut Vec<u8>) -> u32 {
        let tag = self.next;
        self.next += 1;
        out.extend(format!("MSG {tag} {class} {}\r\n", PAYLOAD.len()).into_bytes());
        out.extend(PAYLOAD.as_bytes());
        tag
    }

    async fn open(addresses: Addresses, one: String, other: String) -> Result<Self, Fault> {
        let arriving = [&one, &other].map(|passport| Client::arrive(addresses, passport, CHEAP_PASSWORD));
        let [calling, called] = arriving;
        let (mut calling, mut called) = tokio::try_join!(calling, called)?;
        let mut caller = calling.call(addresses.messenger, &one, &other).await?;
        let callee = called.answer(addresses.messenger, &other).await?;
        caller.hear("JOI ").await?;
        Ok(Self { caller, callee, next: 3, _sessions: [calling, called] })
    }
}

/// Brings `count` pairs together; they are the accounts that are called talkers.
pub(crate) async fn open(home: &Home, count: usize) -> Result<Vec<Pair>, Fault> {
    client::all((0..count).map(|number| {
        let [one, other] = [0, 1].map(|which| Home::passport("talker", 2 * number + which));
        Pair::open(home.addresses(), one, other)
    }))
    .await
}
