//! What a client is told.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Timestamp;
use quick_xml::escape::escape;
use sha2::{Digest, Sha256};

use super::request::{BROWSER_SERVICE, TokenRequest};
use crate::Ticket;

/// The longest envelope, in bytes: msn-pecan never finishes reading an answer of 8192 bytes or more, its head included.
pub(super) const LONGEST_ENVELOPE: usize = 7600;

const FAULT: &str = "http://schemas.microsoft.com/Passport/SoapServices/SOAPFault";
const OPENING: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
    <S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\">";
const COLLECTION: &str = "<S:Body><wst:RequestSecurityTokenResponseCollection \
    xmlns:wst=\"http://schemas.xmlsoap.org/ws/2004/04/trust\" \
    xmlns:wsse=\"http://schemas.xmlsoap.org/ws/2003/06/secext\" \
    xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
    xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2002/12/policy\" \
    xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/03/addressing\">";
const CLOSING: &str = "</wst:RequestSecurityTokenResponseCollection></S:Body></S:Envelope>";

/// One token for each address, in the order of the request; every service is given the same ticket. What would make the
/// answer longer than clients read is left out at the end.
pub(super) fn granted(request: &TokenRequest, ticket: &Ticket, now: Timestamp) -> String {
    let mut envelope = format!("{OPENING}{}{COLLECTION}", state("0x48803", "0x0", &puid(&request.passport), now));
    let mut number = 0;
    for address in &request.addresses {
        let token = if address == BROWSER_SERVICE {
            browser_token(ticket, now)
        } else {
            number += 1;
            compact_token(address, number, ticket, now)
        };
        if envelope.len() + token.len() + CLOSING.len() > LONGEST_ENVELOPE {
            tracing::debug!(asked = request.addresses.len(), "not all tokens fit into one answer");
            break;
        }
        envelope.push_str(&token);
    }
    envelope.push_str(CLOSING);
    envelope
}

/// The account or the password is wrong.
pub(super) fn failed(now: Timestamp) -> String {
    // 0x80048821: the member name or the password is not right.
    let state = state("0x80048800", "0x80048821", "0000000000000000", now);
    format!(
        "{OPENING}{state}<S:Fault><faultcode xmlns:wsse=\"http://schemas.xmlsoap.org/ws/2003/06/secext\">\
         wsse:FailedAuthentication</faultcode><faultstring>Authentication Failure</faultstring></S:Fault></S:Envelope>"
    )
}

/// The request cannot be read.
pub(super) fn malformed() -> String {
    format!(
        "{OPENING}<S:Fault><faultcode>S:Client</faultcode><faultstring>Invalid Request</faultstring></S:Fault></S:Envelope>"
    )
}

/// The header that every answer of Passport has.
fn state(authentication: &str, request: &str, puid: &str, now: Timestamp) -> String {
    format!(
        "<S:Header><psf:pp xmlns:psf=\"{FAULT}\"><psf:serverVersion>1</psf:serverVersion><psf:PUID>{puid}</psf:PUID>\
         <psf:configVersion>3.0.869.0</psf:configVersion><psf:uiVersion>3.0.869.0</psf:uiVersion>\
         <psf:authstate>{authentication}</psf:authstate><psf:reqstatus>{request}</psf:reqstatus>\
         <psf:serverInfo Path=\"Live1\" RollingUpgradeState=\"ExclusiveNew\" LocVersion=\"0\" ServerTime=\"{time}\">\
         Chrysalis</psf:serverInfo><psf:cookies/><psf:response/></psf:pp></S:Header>",
        time = utc(now),
    )
}

/// The token of a browser session. Nothing here takes it back, so its contents mean nothing; they are made of the ticket
/// one way, as the client expects different ones each time.
fn browser_token(ticket: &Ticket, now: Timestamp) -> String {
    format!(
        "{opening}<EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\" Id=\"BinaryDAToken0\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\">\
         <EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#tripledes-cbc\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:KeyName>http://Passport.NET/STS</ds:KeyName>\
         </ds:KeyInfo><CipherData><CipherValue>{cipher}</CipherValue></CipherData></EncryptedData>\
         </wst:RequestedSecurityToken><wst:RequestedTokenReference><wsse:KeyIdentifier ValueType=\"urn:passport\"/>\
         <wsse:Reference URI=\"#BinaryDAToken0\"/></wst:RequestedTokenReference><wst:RequestedProofToken>\
         <wst:BinarySecret>{secret}</wst:BinarySecret></wst:RequestedProofToken></wst:RequestSecurityTokenResponse>",
        opening = token_opening("urn:passport:legacy", BROWSER_SERVICE, ticket, now),
        cipher = STANDARD.encode(digest("cipher", ticket)),
        secret = STANDARD.encode(digest("secret", ticket).get(..24).unwrap_or_default()),
    )
}

/// The token of a service. Clients find theirs by the number in its id, and cut it at `&p=`: one crashes where that is
/// missing.
fn compact_token(address: &str, number: usize, ticket: &Ticket, now: Timestamp) -> String {
    format!(
        "{opening}<wsse:BinarySecurityToken Id=\"Compact{number}\">t={value}&amp;p=x</wsse:BinarySecurityToken>\
         </wst:RequestedSecurityToken><wst:RequestedTokenReference>\
         <wsse:KeyIdentifier ValueType=\"urn:passport:compact\"/><wsse:Reference URI=\"#Compact{number}\"/>\
         </wst:RequestedTokenReference></wst:RequestSecurityTokenResponse>",
        opening = token_opening("urn:passport:compact", address, ticket, now),
        value = escape(ticket.value.as_str()),
    )
}

fn token_opening(kind: &str, address: &str, ticket: &Ticket, now: Timestamp) -> String {
    format!(
        "<wst:RequestSecurityTokenResponse><wst:TokenType>{kind}</wst:TokenType><wsp:AppliesTo><wsa:EndpointReference>\
         <wsa:Address>{address}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo><wst:LifeTime>\
         <wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wst:LifeTime>\
         <wst:RequestedSecurityToken>",
        address = escape(address),
        created = utc(now),
        expires = utc(ticket.expires),
    )
}

fn digest(purpose: &str, ticket: &Ticket) -> [u8; 32] {
    Sha256::new().chain_update(purpose).chain_update(&ticket.value).finalize().into()
}

/// Passport's unique id of an account: sixteen hexadecimal digits, the same at every sign-in.
fn puid(passport: &str) -> String {
    Sha256::digest(passport.to_ascii_lowercase()).iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// `YYYY-MM-DDTHH:MM:SSZ`; a time beyond the calendar is its beginning.
fn utc(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_second(time.seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_368_011_999);

    fn ticket(length: usize) -> Ticket {
        Ticket { value: "x".repeat(length), expires: Timestamp(NOW.0 + 86_400_000) }
    }

    fn grant(addresses: &[&str], ticket: &Ticket) -> String {
        let addresses = addresses.iter().copied().map(str::to_owned).collect();
        granted(&TokenRequest { passport: "a@b.c".into(), password: "x".into(), addresses }, ticket, NOW)
    }

    fn assert_is_xml(envelope: &str) {
        let mut reader = quick_xml::NsReader::from_str(envelope);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    }

    #[test]
    fn ids_count_the_services_after_the_browsers() {
        let envelope = grant(&[BROWSER_SERVICE, "messenger.msn.com", "contacts.msn.com"], &ticket(43));
        assert_is_xml(&envelope);
        let token = format!("t={}&amp;p=x</wsse:BinarySecurityToken>", "x".repeat(43));
        let first = envelope.find(&format!("<wsse:BinarySecurityToken Id=\"Compact1\">{token}")).unwrap();
        let second = envelope.find(&format!("<wsse:BinarySecurityToken Id=\"Compact2\">{token}")).unwrap();
        assert!(envelope.find("BinaryDAToken0").unwrap() < first && first < second);
        assert!(envelope[..first].contains("<wsa:Address>messenger.msn.com</wsa:Address>"));
        assert!(envelope.contains("<wsu:Created>2026-11-22T17:20:11Z</wsu:Created>"), "{envelope}");
        assert!(envelope.contains("<wsu:Expires>2026-11-23T17:20:11Z</wsu:Expires>"));
    }

    #[test]
    fn eight_tokens_fit_and_what_does_not_is_left_out() {
        let long = "contacts.messenger.msn.example.org";
        let envelope = grant(&[BROWSER_SERVICE, long, long, long, long, long, long, long], &ticket(43));
        assert!(envelope.contains("Compact7") && envelope.len() <= LONGEST_ENVELOPE, "{}", envelope.len());
        let worst = grant(&["&".repeat(128).as_str(); 8], &ticket(100));
        assert!(worst.contains("Compact1") && worst.len() <= LONGEST_ENVELOPE, "{}", worst.len());
        assert_is_xml(&worst);
    }

    #[test]
    fn addresses_are_escaped() {
        let envelope = grant(&["<x>&\"y\""], &ticket(1));
        assert!(envelope.contains("<wsa:Address>&lt;x&gt;&amp;&quot;y&quot;</wsa:Address>"));
    }

    #[test]
    fn faults_are_xml() {
        assert_is_xml(&failed(NOW));
        assert_is_xml(&malformed());
    }
}
