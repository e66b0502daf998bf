//! Discord's ids: snowflakes, which grow with time.

use std::{fmt, num::ParseIntError, str::FromStr};

use domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The first second of 2015 in milliseconds of Unix time, from which snowflakes count.
const EPOCH: u64 = 1_420_070_400_000;

macro_rules! snowflakes {
    ($($(#[$about:meta])* $name:ident),* $(,)?) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub(crate) struct $name(pub(crate) u64);

        impl $name {
            /// When the thing was made.
            #[allow(dead_code, reason = "of use for messages above all, and the same for every id")]
            pub(crate) const fn made(self) -> Timestamp {
                Timestamp(((self.0 >> 22) + EPOCH) as i64)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Digits).map(Self)
            }
        }
    )*};
}

snowflakes! {
    /// A person's or a bot's.
    UserId,
    /// A guild's.
    GuildId,
    /// A channel's, a thread's or a direct chat's.
    ChannelId,
    /// A message's.
    MessageId,
    /// A role's; that of everybody is the guild's.
    RoleId,
    /// A custom emoji's.
    EmojiId,
    /// A sticker's.
    StickerId,
    /// A webhook's: the author of what is said through it.
    WebhookId,
    /// An attachment's.
    AttachmentId,
    /// An application's: the one that a bot belongs to.
    ApplicationId,
}

/// Ids are texts of digits; some libraries write numbers.
struct Digits;

impl de::Visitor<'_> for Digits {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a snowflake")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_text_of_digits_that_tells_its_time() {
        let id: MessageId = serde_json::from_str("\"175928847299117063\"").unwrap();
        assert_eq!(serde_json::from_str::<MessageId>("175928847299117063").unwrap(), id);
        assert_eq!(id.made(), Timestamp(1_462_015_105_796));
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"175928847299117063\"");
        assert!(serde_json::from_str::<MessageId>("\"a\"").is_err());
    }
}
