//! Why Discord did not do what it was asked.

use std::time::Duration;

use bridge::Failure;

/// Why a request came to nothing, told apart by what it may have done. Never a token or a message's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RestFailure {
    /// It had no effect, surely: it never got there, or only asked for something.
    #[error("Discord could not be reached: {reason}")]
    NotSent { reason: String },
    /// It may have had its effect; what was to be said must be looked for before it is said again.
    #[error("Discord gave no clear answer: {reason}")]
    Unknown { reason: String },
    /// Discord's limits do not allow it for so long; it had no effect.
    #[error("Discord asks to wait for {} seconds", after.as_secs_f32().ceil())]
    Limited { after: Duration },
    /// Discord's no.
    #[error("Discord refused it ({status}, code {code}): {message}")]
    Refused { status: u16, code: u32, message: String },
    /// The token is worth nothing any more: the bot must be stopped at once, for such answers count against this computer's address.
    #[error("Discord no longer takes this bot's token")]
    Unauthorized,
}

/// Discord's numbers for what is wrong (its documentation: "JSON error codes").
pub(crate) mod code {
    pub(crate) const UNKNOWN_CHANNEL: u32 = 10003;
    pub(crate) const UNKNOWN_MEMBER: u32 = 10007;
    pub(crate) const UNKNOWN_MESSAGE: u32 = 10008;
    pub(crate) const UNKNOWN_USER: u32 = 10013;
    pub(crate) const UNKNOWN_WEBHOOK: u32 = 10015;
    pub(crate) const TOO_MANY_WEBHOOKS: u32 = 30007;
    pub(crate) const OPENING_TOO_FAST: u32 = 40003;
    pub(crate) const TOO_LARGE: u32 = 40005;
    pub(crate) const NO_ACCESS: u32 = 50001;
    pub(crate) const CANNOT_WRITE_TO_PERSON: u32 = 50007;
    pub(crate) const NOT_A_TEXT_CHANNEL: u32 = 50008;
    pub(crate) const NO_PERMISSION: u32 = 50013;
    pub(crate) const THREAD_ARCHIVED: u32 = 50083;
    pub(crate) const NO_MUTUAL_GUILDS: u32 = 50278;
    pub(crate) const BLOCKED_BY_GUILD: u32 = 200_000;
    pub(crate) const BLOCKED_BY_GUILD_TITLE: u32 = 200_001;
}

impl RestFailure {
    /// Discord's number for what is wrong, where it gave one.
    pub(crate) const fn code(&self) -> Option<u32> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::NotSent { .. } | Self::Unknown { .. } | Self::Limited { .. } | Self::Unauthorized => None,
        }
    }

    /// The same in people's words, with what to do next.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::NotSent { .. } | Self::Unknown { .. } => Failure::retry(self.to_string()),
            Self::Limited { after } => Failure::Retry { after: Some(*after), reason: self.to_string() },
            Self::Refused { status, code, message } => Failure::refused(refusal(*status, *code, message)),
            Self::Unauthorized => Failure::SignedOut {
                reason: "Discord no longer takes this bot's token: make a new one on the page \"Bot\" of its application and \
                         link it again"
                    .into(),
            },
        }
    }
}

fn refusal(status: u16, number: u32, message: &str) -> String {
    let known = match number {
        code::UNKNOWN_CHANNEL => "this channel is no longer there",
        code::UNKNOWN_MEMBER | code::UNKNOWN_USER => "Discord knows nobody of that name there",
        code::UNKNOWN_MESSAGE => "that message is no longer there",
        code::UNKNOWN_WEBHOOK => "the webhook of this channel was deleted",
        code::TOO_MANY_WEBHOOKS => {
            "this channel has as many webhooks as Discord allows; somebody must delete one there"
        }
        code::OPENING_TOO_FAST => "Discord lets a bot begin only so many direct chats in a short time; try again later",
        code::TOO_LARGE => "the file is larger than Discord takes here",
        code::NO_ACCESS => "the bot cannot see this channel; it needs the permission \"View Channel\" there",
        code::CANNOT_WRITE_TO_PERSON => {
            "they take no direct messages from this bot; they must allow messages from people of a server that both are in"
        }
        code::NO_MUTUAL_GUILDS => "they are in no server that the bot is in, so that it cannot write to them",
        code::NOT_A_TEXT_CHANNEL => "nothing can be said in this kind of channel",
        code::NO_PERMISSION => "the bot lacks a permission for that in this channel",
        code::THREAD_ARCHIVED => "this thread is closed",
        code::BLOCKED_BY_GUILD | code::BLOCKED_BY_GUILD_TITLE => "a rule of this server blocks such messages",
        _ if status == 413 => "the file is larger than Discord takes here",
        _ => return format!("Discord refused it: {}", message_or_number(status, number, message)),
    };
    known.into()
}

fn message_or_number(status: u16, number: u32, message: &str) -> String {
    if message.is_empty() { format!("status {status}, code {number}") } else { format!("{message} (code {number})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_said_in_peoples_words() {
        let refused = |status, code, message: &str| RestFailure::Refused { status, code, message: message.into() };
        let of_person = refused(403, 50007, "Cannot send messages to this user").failure();
        assert!(of_person.to_string().contains("no direct messages from this bot") && !of_person.is_passing());
        assert_eq!(refused(413, 0, "").failure().to_string(), "the file is larger than Discord takes here");
        assert_eq!(
            refused(400, 50035, "Invalid Form Body").failure(),
            Failure::refused("Discord refused it: Invalid Form Body (code 50035)")
        );
        assert_eq!(refused(418, 0, "").failure(), Failure::refused("Discord refused it: status 418, code 0"));
        assert!(matches!(RestFailure::Unauthorized.failure(), Failure::SignedOut { .. }));
        let limited = RestFailure::Limited { after: Duration::from_millis(1500) };
        assert_eq!(limited.to_string(), "Discord asks to wait for 2 seconds");
        assert!(matches!(limited.failure(), Failure::Retry { after: Some(_), .. }));
        assert!(RestFailure::Unknown { reason: "it took too long".into() }.failure().is_passing());
    }
}
