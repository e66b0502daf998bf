//! Why a connection ended, and what is done then.

use std::time::Duration;

use serenity::gateway::GatewayError;

use crate::rest::RestFailure;

/// Why a connection ended, or did not come to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The bot is taken away.
    Wanted,
    /// The session cannot go on, by Discord's word or because serenity could not bring it back: a new one is needed.
    Over,
    /// Close codes 4003, 4010 and 4011, and whatever else serenity goes round in circles at: it was taken out of it.
    Stuck,
    /// Nothing came for too long.
    Silent,
    /// It could not be connected.
    Unreachable { reason: String },
    /// The token is no longer taken (close code 4004, status 401).
    Unauthorized,
    /// An intent is not allowed to this bot (close code 4014).
    IntentsRefused,
    /// An intent that Discord does not know any more (close code 4013).
    IntentsUnknown,
    /// Discord wants more than one connection of this bot.
    TooManyGuilds { shards: u32 },
    /// All sessions of the day are used up.
    NoneLeft { resets_after: Duration },
}

/// What is done after a connection has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    End,
    /// After the usual wait, or at least so long.
    Again {
        reason: String,
        least: Option<Duration>,
    },
    /// At once, with fewer intents.
    AskLess,
    /// Somebody has to mend something first.
    Stop {
        reason: String,
        mend: String,
    },
}

impl Ending {
    /// What became of serenity's runner.
    pub(super) fn of_runner(result: Result<(), serenity::Error>) -> Self {
        match result {
            Ok(()) => Self::Over,
            Err(serenity::Error::Gateway(GatewayError::InvalidAuthentication)) => Self::Unauthorized,
            Err(serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents)) => Self::IntentsRefused,
            Err(serenity::Error::Gateway(GatewayError::InvalidGatewayIntents)) => Self::IntentsUnknown,
            Err(other) => Self::Unreachable { reason: other.to_string() },
        }
    }

    /// What came of asking the API before.
    pub(super) fn of_asking(failure: &RestFailure) -> Self {
        match failure {
            RestFailure::Unauthorized => Self::Unauthorized,
            RestFailure::NotSent { .. }
            | RestFailure::Unknown { .. }
            | RestFailure::Limited { .. }
            | RestFailure::Refused { .. } => Self::Unreachable { reason: failure.to_string() },
        }
    }

    /// What is done then.
    pub(super) fn next(self) -> Next {
        let again = |reason: &str| Next::Again { reason: reason.into(), least: None };
        let stop = |reason: String, mend: &str| Next::Stop { reason, mend: mend.into() };
        match self {
            Self::Wanted => Next::End,
            Self::Over => again("Discord ended the session"),
            Self::Stuck => again("Discord ended the connection for a reason that it gives only to programs at fault"),
            Self::Silent => again("nothing came from Discord for a while"),
            Self::Unreachable { reason } => Next::Again { reason, least: None },
            Self::NoneLeft { resets_after } => Next::Again {
                reason: "this bot has begun too many sessions with Discord today".into(),
                least: Some(resets_after),
            },
            Self::Unauthorized => stop(
                "Discord no longer takes this bot's token".into(),
                "make a new one on the page \"Bot\" of its application at https://discord.com/developers and link it again",
            ),
            Self::IntentsRefused => Next::AskLess,
            Self::IntentsUnknown => stop(
                "Discord no longer knows something that this program asks it to tell".into(),
                "update this program",
            ),
            Self::TooManyGuilds { shards } => stop(
                format!("the bot is in so many servers that Discord wants {shards} connections of it"),
                "take it out of servers, or link a bot of your own that is in fewer than 2,500",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_leads_somewhere() {
        let of = |error| Ending::of_runner(Err(serenity::Error::Gateway(error)));
        assert_eq!(of(GatewayError::DisallowedGatewayIntents).next(), Next::AskLess);
        assert!(matches!(of(GatewayError::InvalidAuthentication).next(), Next::Stop { .. }));
        assert!(matches!(of(GatewayError::InvalidGatewayIntents).next(), Next::Stop { .. }));
        assert!(matches!(of(GatewayError::HeartbeatFailed).next(), Next::Again { least: None, .. }));
        assert!(matches!(Ending::of_runner(Ok(())).next(), Next::Again { .. }));
        assert_eq!(Ending::of_asking(&RestFailure::Unauthorized), Ending::Unauthorized);
        let limited = RestFailure::Limited { after: Duration::from_secs(5) };
        assert!(matches!(Ending::of_asking(&limited).next(), Next::Again { .. }));
        let hour = Duration::from_hours(1);
        let none_left = Ending::NoneLeft { resets_after: hour }.next();
        assert!(matches!(none_left, Next::Again { least: Some(least), .. } if least == hour));
        assert_eq!(Ending::Wanted.next(), Next::End);
    }
}
