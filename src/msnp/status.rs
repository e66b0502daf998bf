//! Presence: the status words and the capability bits.

use std::fmt;

/// A presence status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// `NLN`.
    Online,
    /// `BSY`.
    Busy,
    /// `IDL`, set by the client itself after some minutes without input.
    Idle,
    /// `BRB`.
    BeRightBack,
    /// `AWY`.
    Away,
    /// `PHN`.
    OnThePhone,
    /// `LUN`.
    OutToLunch,
    /// `HDN`: signed in, offline to everybody else.
    Hidden,
    /// `FLN`: never set by a client.
    Offline,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 9] = [
        Status::Online,
        Status::Busy,
        Status::Idle,
        Status::BeRightBack,
        Status::Away,
        Status::OnThePhone,
        Status::OutToLunch,
        Status::Hidden,
        Status::Offline,
    ];

    /// The three letters on the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Status::Online => "NLN",
            Status::Busy => "BSY",
            Status::Idle => "IDL",
            Status::BeRightBack => "BRB",
            Status::Away => "AWY",
            Status::OnThePhone => "PHN",
            Status::OutToLunch => "LUN",
            Status::Hidden => "HDN",
            Status::Offline => "FLN",
        }
    }

    /// Reads the three letters, in either case.
    #[must_use]
    pub fn parse(code: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.code().eq_ignore_ascii_case(code))
    }
}

/// What a client can do, as a set of bits. The highest four bits are a number: the generation of the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(pub u32);

impl Capabilities {
    /// A mobile device.
    pub const MOBILE: Capabilities = Capabilities(0x1);
    /// Reads ink as GIF.
    pub const INK_GIF: Capabilities = Capabilities(0x4);
    /// Reads ink as ISF.
    pub const INK_ISF: Capabilities = Capabilities(0x8);
    /// Has a webcam.
    pub const WEBCAM: Capabilities = Capabilities(0x10);
    /// Reads messages in several chunks.
    pub const CHUNKS: Capabilities = Capabilities(0x20);
    /// Can be paged on a mobile device.
    pub const PAGING: Capabilities = Capabilities(0x40);
    /// Web Messenger.
    pub const WEB: Capabilities = Capabilities(0x200);
    /// Has a space (blog).
    pub const SPACE: Capabilities = Capabilities(0x1000);
    /// Media Center.
    pub const MEDIA_CENTER: Capabilities = Capabilities(0x2000);
    /// Direct connections.
    pub const DIRECT: Capabilities = Capabilities(0x4000);
    /// Winks.
    pub const WINKS: Capabilities = Capabilities(0x8000);
    /// Shared search.
    pub const SHARED_SEARCH: Capabilities = Capabilities(0x1_0000);
    /// A bot.
    pub const BOT: Capabilities = Capabilities(0x2_0000);
    /// Voice clips.
    pub const VOICE_CLIPS: Capabilities = Capabilities(0x4_0000);
    /// The generation of Messenger 7.0.
    pub const MESSENGER_7_0: Capabilities = Capabilities(0x4000_0000);
    /// The generation of Messenger 7.5.
    pub const MESSENGER_7_5: Capabilities = Capabilities(0x5000_0000);

    /// These and those.
    #[must_use]
    pub const fn with(self, more: Capabilities) -> Capabilities {
        Capabilities(self.0 | more.0)
    }

    /// Whether all of those bits are set. Not meant for the generations, which are numbers.
    #[must_use]
    pub fn has(self, wanted: Capabilities) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// The client's generation: 4 is Messenger 7.0, 5 is 7.5.
    #[must_use]
    pub fn generation(self) -> u32 {
        self.0 >> 28
    }

    /// Reads `N`, `N:M` (aMSN, later clients) or `caps:N`. What cannot be read counts as no capability.
    #[must_use]
    pub fn parse(text: &str) -> Capabilities {
        let number = text.strip_prefix("caps:").unwrap_or(text);
        let number = number.split(':').next().unwrap_or(number);
        let bits = number.parse::<u32>().or_else(|_| number.parse::<i32>().map(i32::cast_unsigned));
        Capabilities(bits.unwrap_or(0))
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn capabilities_come_in_three_forms() {
        assert_eq!(Capabilities::parse("1342472236"), Capabilities(1_342_472_236));
        assert_eq!(Capabilities::parse("2147778596:0"), Capabilities(2_147_778_596));
        assert_eq!(Capabilities::parse("caps:268435456"), Capabilities(0x1000_0000));
        assert_eq!(Capabilities::parse(""), Capabilities(0));
        assert_eq!(Capabilities::parse("-2147483648"), Capabilities(0x8000_0000));
    }

    #[test]
    fn the_generation_is_a_number() {
        assert_eq!(Capabilities(1_342_488_620).generation(), 5);
        assert!(Capabilities(1_342_488_620).has(Capabilities::VOICE_CLIPS.with(Capabilities::WINKS)));
    }

    proptest! {
        #[test]
        fn anything_can_be_read(text in any::<String>(), bits in any::<u32>()) {
            let _ = (Capabilities::parse(&text), Status::parse(&text));
            prop_assert_eq!(Capabilities::parse(&Capabilities(bits).to_string()), Capabilities(bits));
        }
    }
}
