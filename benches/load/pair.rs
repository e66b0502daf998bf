//! Two clients in one switchboard, and what they say.

use tokio::task::JoinSet;

use crate::{
    CHEAP_PASSWORD,
    client::{Addresses, Client, Fault},
    program::Home,
};

/// What is said: a line of chat as Messenger sends it.
pub(crate) const PAYLOAD: &str = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
                                  X-MMS-IM-Format: FN=MS%20Shell%20Dlg; EF=; CO=0; CS=0; PF=0\r\n\r\n\
                                  See you at eight then, in front of the cinema.";

/// How many pairs meet at the same time.
const AT_ONCE: usize = 8;

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
        let mut calling = Client::arrive(addresses, &one, CHEAP_PASSWORD).await?;
        let mut called = Client::arrive(addresses, &other, CHEAP_PASSWORD).await?;
        let mut caller = calling.call(addresses.messenger, &one, &other).await?;
        let callee = called.answer(addresses.messenger, &other).await?;
        caller.hear("JOI ").await?;
        Ok(Self { caller, callee, next: 3, _sessions: [calling, called] })
    }
}

/// Brings `count` pairs together; they are the accounts that are called talkers.
pub(crate) async fn open(home: &Home, count: usize) -> Result<Vec<Pair>, Fault> {
    let (mut pairs, mut opening) = (Vec::with_capacity(count), JoinSet::new());
    for number in 0..count {
        if opening.len() >= AT_ONCE
            && let Some(pair) = opening.join_next().await
        {
            pairs.push(pair.map_err(|fault| fault.to_string())??);
        }
        let [one, other] = [0, 1].map(|which| Home::passport("talker", 2 * number + which));
        opening.spawn(Pair::open(home.addresses(), one, other));
    }
    while let Some(pair) = opening.join_next().await {
        pairs.push(pair.map_err(|fault| fault.to_string())??);
    }
    Ok(pairs)
}
