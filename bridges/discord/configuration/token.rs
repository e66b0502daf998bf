//! The secrets that bots show Discord.

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::model::UserId;

/// Longer than any token that was ever seen.
const LONGEST: usize = 256;

/// A bot's token. It never shows itself in a log.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    text: String,
    bot: UserId,
}

impl Token {
    /// Reads what somebody gives as their bot's token, with or without `Bot` before it; else why it is none: a phrase that can be
    /// shown, without the token.
    ///
    /// Tokens of people have the same form as those of bots. What tells them apart is that Discord refuses them where we say that
    /// a bot speaks, which we always do.
    pub(crate) fn parse(given: &str) -> Result<Self, String> {
        let given = given.trim().trim_matches('"');
        let text = given.strip_prefix("Bot ").unwrap_or(given).trim();
        if text.starts_with("mfa.") {
            return Err("that is the token of a person: Discord forbids programs to speak as people and closes such \
                        accounts; make a bot at https://discord.com/developers and give its token"
                .into());
        }
        if text.starts_with("Bearer ") {
            return Err("that is a token of an application's user (Bearer); give the bot's own token, from the page \
                        \"Bot\" of the application"
                .into());
        }
        let none = "that is no bot token: it has three parts with dots between them, and stands on the page \"Bot\" of the \
                    application at https://discord.com/developers (not the application's id, public key or client secret)";
        if text.len() > LONGEST {
            return Err(none.into());
        }
        let mut parts = text.split('.');
        let (Some(first), Some(second), Some(third), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(none.into());
        };
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let bot = bot_of(first).filter(|_| plain(second) && plain(third)).ok_or(none)?;
        Ok(Self { text: text.to_owned(), bot })
    }

    /// Whose it is: the first part of a token is the bot's id.
    pub(crate) const fn bot(&self) -> UserId {
        self.bot
    }

    /// The secret itself, for Discord only.
    pub(crate) fn secret(&self) -> &str {
        &self.text
    }
}

/// The id that is written, in base64, as the first part of a token.
fn bot_of(part: &str) -> Option<UserId> {
    let form = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let digits = GeneralPurpose::new(&alphabet::URL_SAFE, form).decode(part).ok()?;
    let digits = std::str::from_utf8(&digits).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|id| *id != UserId(0))
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("bot", &self.bot.0).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A token of this bot's, as good as any to look at.
    pub(crate) fn token(bot: u64) -> Token {
        let form = GeneralPurpose::new(&alphabet::URL_SAFE, base64::engine::general_purpose::NO_PAD);
        Token::parse(&format!("{}.Gabcde.secret-of-the_bot", form.encode(bot.to_string()))).unwrap()
    }

    #[test]
    fn a_token_tells_its_bot_and_hides_itself() {
        let token = Token::parse(" Bot MTAwMA.Gabcde.secret-of-the_bot\n").unwrap();
        assert_eq!((token.bot(), token.secret()), (UserId(1000), "MTAwMA.Gabcde.secret-of-the_bot"));
        assert_eq!(format!("{token:?}"), "Token { bot: 1000, .. }");
        assert_eq!(Token::parse("\"MTAwMA==.a.b\"").unwrap().bot(), UserId(1000));
    }

    #[test]
    fn what_is_no_bot_token_is_refused_with_the_reason() {
        assert!(Token::parse("mfa.abcdef").unwrap_err().contains("token of a person"));
        assert!(Token::parse("Bearer abc").unwrap_err().contains("Bearer"));
        for none in
            ["", "abc", "MTAwMA.a", "MTAwMA.a.b.c", "MTAwMA..b", "MTAwMA.a b.c", "YWJj.a.b", "MA.a.b", "LTE.a.b"]
        {
            let why = Token::parse(none).unwrap_err();
            assert!(why.contains("no bot token"), "{none}: {why}");
        }
        let secret = format!("MTAwMA.a.{}", "s".repeat(300));
        assert!(!Token::parse(&secret).unwrap_err().contains("ssss"));
    }

    proptest! {
        #[test]
        fn neither_a_token_nor_why_it_is_none_shows_it(
            begins in prop::sample::select(vec!["", "Bot ", "Bearer ", "mfa.", "MTAwMA.a.", "\"MTAwMA.a."]),
            before in "[A-Za-z0-9=._-]{0,12}",
            after in "[ -~é]{0,12}",
        ) {
            let given = format!("{begins}{before}hunter2hunter2{after}");
            let shown = match Token::parse(&given) {
                Ok(token) => format!("{token:?}"),
                Err(why) => why,
            };
            prop_assert!(!shown.contains("hunter2"), "{shown}");
        }

        #[test]
        fn every_bots_token_tells_whose_it_is(bot in 1_u64..) {
            prop_assert_eq!(token(bot).bot(), UserId(bot));
        }
    }
}
