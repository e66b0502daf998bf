//! What the server itself tells a client: the profile, the shields, mail and maintenance.

use std::net::IpAddr;

use crate::dialect::Dialect;
use crate::mime::Headers;

/// The facts of the profile message that follows sign-in. It has no `kv`, `Wallet` or other values of Microsoft's shops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// When the user signed in, in seconds since 1970.
    pub login_time: u64,
    /// Whether the client shows its mail buttons.
    pub email_enabled: bool,
    /// The account's number, sent in two halves.
    pub member_id: u64,
    /// The user's language as a Windows locale number; 1033 is American English.
    pub locale: u32,
    /// The ticket with which the client signs in to web pages.
    pub ticket: String,
    /// The client's address as the server sees it.
    pub client_address: IpAddr,
    /// The client's port as the server sees it; none over the HTTP gateway.
    pub client_port: Option<u16>,
}

impl Profile {
    /// The payload: headers and nothing else.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        // The port is written as the number that its two bytes in network order make on a little-endian machine.
        let port = self.client_port.map_or(0, u16::swap_bytes);
        let headers = Headers::new()
            .with("MIME-Version", "1.0")
            .with("Content-Type", "text/x-msmsgsprofile; charset=UTF-8")
            .with("LoginTime", &self.login_time.to_string())
            .with("EmailEnabled", if self.email_enabled { "1" } else { "0" })
            .with("MemberIdHigh", &(self.member_id >> 32).to_string())
            .with("MemberIdLow", &(self.member_id & 0xffff_ffff).to_string())
            .with("lang_preference", &self.locale.to_string())
            .with("preferredEmail", "")
            .with("country", "")
            .with("PostalCode", "")
            .with("Gender", "")
            .with("Kid", "0")
            .with("Age", "")
            .with("BDayPre", "")
            .with("Birthday", "")
            .with("Wallet", "")
            .with("Flags", FLAGS)
            .with("sid", SITE_ID)
            .with("MSPAuth", &self.ticket)
            .with("ClientIP", &self.client_address.to_string())
            .with("ClientPort", &port.to_string())
            // From MSNP11 on clients know lists with guids only, which this announces.
            .with("ABCHMigrated", "1");
        payload(&headers, "")
    }
}

/// What revival servers send for years now without harm.
const FLAGS: &str = "536872513";

/// Messenger's number among the sites of Passport.
const SITE_ID: &str = "507";

/// The shields document, 144 bytes: nothing is denied to any build of Messenger 7.5.
#[must_use]
pub fn shields() -> &'static [u8] {
    b"<?xml version=\"1.0\" encoding=\"utf-8\" ?><config><shield>\
      <cli maj=\"7\" min=\"5\" minbld=\"0\" maxbld=\"9999\" deny=\"\" /></shield><block></block></config>"
}

/// The message that follows the first `CHG` and says that there is no mail.
#[must_use]
pub fn initial_mail(dialect: Dialect) -> Vec<u8> {
    if dialect.has_mail_document() {
        let headers = mail_headers("text/x-msmsgsinitialmdatanotification; charset=UTF-8");
        payload(
            &headers,
            "Mail-Data: <MD><E><I>0</I><IU>0</IU><O>0</O><OU>0</OU></E><Q><QTM>409600</QTM><QNM>204800</QNM></Q></MD>\r\n",
        )
    } else {
        let headers = mail_headers("text/x-msmsgsinitialemailnotification; charset=UTF-8");
        payload(&headers, "Inbox-Unread: 0\r\nFolders-Unread: 0\r\nInbox-URL: /\r\nFolders-URL: /\r\nPost-URL: /\r\n")
    }
}

/// The message that the server goes down in so many minutes.
#[must_use]
pub fn maintenance(minutes: u32) -> Vec<u8> {
    let headers = mail_headers("application/x-msmsgssystemmessage");
    payload(&headers, &format!("Type: 1\r\nArg1: {minutes}\r\n"))
}

fn mail_headers(content_type: &str) -> Headers {
    Headers::new().with("MIME-Version", "1.0").with("Content-Type", content_type)
}

fn payload(headers: &Headers, body: &str) -> Vec<u8> {
    let mut out = Vec::new();
    headers.write(&mut out);
    out.extend_from_slice(body.as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::mime;

    #[test]
    fn the_shields_are_144_bytes() {
        assert_eq!(shields().len(), 144);
        assert!(shields().ends_with(b"<block></block></config>"));
    }

    #[test]
    fn no_mail_is_195_bytes() {
        assert_eq!(initial_mail(Dialect::Msnp12).len(), 195);
        assert!(initial_mail(Dialect::Msnp10).ends_with(b"Post-URL: /\r\n"));
    }

    #[test]
    fn the_profile_is_headers_only() {
        let profile = Profile {
            login_time: 1_795_368_011,
            email_enabled: false,
            member_id: (3_482_049_491 << 32) + 1_415_262_695,
            locale: 1033,
            ticket: "ticket\r\nInjected: 1".to_owned(),
            client_address: Ipv4Addr::LOCALHOST.into(),
            client_port: Some(1863),
        };
        let payload = profile.to_payload();
        assert!(payload.starts_with(b"MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\n"));
        assert!(payload.ends_with(b"ABCHMigrated: 1\r\n\r\n"));
        let (headers, body) = mime::parse(&payload.into()).unwrap_or_default();
        assert!(body.is_empty());
        assert_eq!(headers.get("MemberIdHigh"), Some("3482049491"));
        assert_eq!(headers.get("MemberIdLow"), Some("1415262695"));
        assert_eq!(headers.get("ClientPort"), Some("18183"));
        assert_eq!(headers.get("Injected"), None);
    }

    #[test]
    fn maintenance_names_the_minutes() {
        let expected =
            "MIME-Version: 1.0\r\nContent-Type: application/x-msmsgssystemmessage\r\n\r\nType: 1\r\nArg1: 5\r\n";
        assert_eq!(maintenance(5), expected.as_bytes());
    }
}
