//! The names that Messenger asks for.

/// One host of the old service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Its name, as it stands in Messenger.
    pub name: &'static str,
    /// The port that Messenger connects to.
    pub port: u16,
    /// What is there.
    pub what: &'static str,
    /// Whether Messenger 7.5 cannot sign in without it.
    pub needed: bool,
    /// In which file of Messenger 7.5 the name stands as a text, where one may write over it.
    pub file: Option<&'static str>,
}

const fn service(
    name: &'static str,
    port: u16,
    what: &'static str,
    needed: bool,
    file: Option<&'static str>,
) -> Service {
    Service { name, port, what, needed, file }
}

/// The host by which a conversation server is known.
pub(crate) const CONVERSATION: &str = "messenger.hotmail.com";

/// The host that Messenger 7.5 signs in at, as far as is known: it names others beside, and which it asks first was never seen.
pub(crate) const SIGN_IN: &str = "loginnet.passport.com";

/// All that this server stands in for.
pub const SERVICES: [Service; 10] = [
    service(CONVERSATION, 1863, "the conversation itself", true, Some("msnmsgr.exe")),
    service("gateway.messenger.hotmail.com", 80, "the same by HTTP, where 1863 is closed", false, Some("msnmsgr.exe")),
    service(SIGN_IN, 443, "sign-in of 7.5 (RST)", true, Some("msidcrl.dll")),
    service("login.live.com", 443, "sign-in of 7.5 (RST)", true, Some("msidcrl.dll")),
    service("login.passport.net", 443, "sign-in of 7.5 (RST)", true, Some("msidcrl.dll")),
    service("nexus.passport.com", 443, "sign-in of 5.0 to 7.0 (Passport 1.4)", false, Some("msnmsgr.exe")),
    service("login.passport.com", 443, "sign-in of 5.0 to 7.0 (Passport 1.4)", false, None),
    service("config.messenger.msn.com", 80, "tabs and the Today window", false, Some("msnmsgr.exe")),
    service("g.msn.com", 80, "the links in menus", false, Some("msnmsgr.exe")),
    service("rad.msn.com", 80, "advertisements; here an empty page", false, Some("msnmsgr.exe")),
];
