//! What a request to the gateway wants, by its query.

use std::{fmt, str::FromStr, time::Duration};

use url::form_urlencoded;

/// What a session is called: its number, and the part that changes with every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionId {
    /// Which session.
    pub(super) number: u32,
    /// What the last answer said, and nobody else knows.
    pub(super) key: u64,
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.number, self.key)
    }
}

impl FromStr for SessionId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, key) = text.split_once('.').ok_or(())?;
        let number = number.parse().map_err(drop)?;
        Ok(Self { number, key: key.parse().map_err(drop)? })
    }
}

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// A new session. To which kind of server is told by its first command, and the address that it names is our own.
    Open,
    /// To hand in commands.
    Commands {
        /// Of which session.
        id: SessionId,
    },
    /// To hear what there is.
    Poll {
        /// Of which session.
        id: SessionId,
        /// How long to wait for something; not at all if the client does not say.
        lifespan: Duration,
    },
}

impl Order {
    /// Reads a query such as `Action=poll&SessionID=954547325.13160`.
    pub(super) fn read(query: &str) -> Option<Self> {
        let value = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then(|| value.into_owned()))
        };
        // Whoever hands back more of the header than the session's name still has it.
        let id = || value("SessionID").and_then(|id| id.split(';').next()?.trim().parse().ok());
        match value("Action").map(|action| action.to_ascii_lowercase()).as_deref() {
            Some("open") => {
                let server = value("Server")?;
                ["NS", "SB"].iter().any(|kind| server.eq_ignore_ascii_case(kind)).then_some(Self::Open)
            }
            Some("poll") => {
                let lifespan = value("Lifespan").and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
                Some(Self::Poll { id: id()?, lifespan: Duration::from_secs(lifespan) })
            }
            None => Some(Self::Commands { id: id()? }),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: SessionId = SessionId { number: 954_547_325, key: 13_160 };

    #[test]
    fn each_query_is_understood() {
        for (query, order) in [
            ("Action=open&Server=NS&IP=messenger.hotmail.com", Some(Order::Open)),
            ("action=open&server=sb&IP=127.0.0.1", Some(Order::Open)),
            ("SessionID=954547325.13160", Some(Order::Commands { id: ID })),
            ("Action=poll&SessionID=954547325.13160", Some(Order::Poll { id: ID, lifespan: Duration::ZERO })),
            (
                "Action=poll&Lifespan=45&SessionID=954547325.13160;%20GW-IP=x",
                Some(Order::Poll { id: ID, lifespan: Duration::from_secs(45) }),
            ),
            ("", None),
            ("Action=open", None),
            ("Action=open&Server=XX", None),
            ("Action=close&SessionID=954547325.13160", None),
            ("Action=poll", None),
            ("SessionID=954547325", None),
            ("SessionID=954547325.13160.1", None),
            ("SessionID=-1.5", None),
        ] {
            assert_eq!(Order::read(query), order, "{query}");
        }
    }

    proptest! {
        #[test]
        fn an_id_survives_its_text(number: u32, key: u64) {
            let id = SessionId { number, key };
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(Order::read(&format!("SessionID={id}")), Some(Order::Commands { id }));
        }

        #[test]
        fn reading_never_panics(query in "\\PC*") {
            let _ = Order::read(&query);
        }
    }
}
