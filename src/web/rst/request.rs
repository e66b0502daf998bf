//! What a client asks for.

use quick_xml::{
    Reader,
    events::{BytesRef, Event},
};

/// How many tokens are looked at; Messenger 7.5 asks for two to five, and further ones are passed over.
pub(super) const MOST_TOKENS: usize = 8;
/// The longest address of a token, in bytes; the longest seen has under forty.
pub(super) const LONGEST_ADDRESS: usize = 128;
/// How deep elements may lie in each other; a real request has nine levels.
const DEEPEST: usize = 32;

/// The service whose token is for browsers, and is not counted.
pub(super) const BROWSER_SERVICE: &str = "http://Passport.NET/tb";

/// A request for tokens. Prefixes, order, policies and everything else in it do not matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenRequest {
    /// The account, as it was written.
    pub(super) passport: String,
    /// The password, unescaped, with its blanks.
    pub(super) password: String,
    /// The services that a token is asked for, in their order; not empty.
    pub(super) addresses: Vec<String>,
}

/// Why a request cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    /// It is no XML in UTF-8.
    Xml,
    /// Its elements lie too deep.
    Depth,
    /// Account, password or token addresses are missing.
    Missing,
    /// An address is longer than can be given back.
    Address,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Xml => "not XML in UTF-8",
            Self::Depth => "elements too deep",
            Self::Missing => "no account, password or address of a token",
            Self::Address => "an address too long",
        })
    }
}

/// The elements whose text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Username,
    Password,
    Address,
    Other,
}

impl Part {
    /// What an element is, by its own name and its parents'.
    fn of(name: &[u8], parents: &[Vec<u8>]) -> Self {
        let within = |parent: &[u8]| parents.iter().any(|each| each == parent);
        match name {
            b"Username" if within(b"UsernameToken") => Self::Username,
            b"Password" if within(b"UsernameToken") => Self::Password,
            b"Address" if within(b"RequestSecurityToken") => Self::Address,
            _ => Self::Other,
        }
    }
}

impl TokenRequest {
    /// Reads a request body.
    pub(super) fn read(body: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(body).map_err(|_| Malformed::Xml)?;
        let mut reader = Reader::from_str(text);
        let mut found = Found::default();
        let mut path: Vec<Vec<u8>> = Vec::new();
        let mut part = Part::Other;
        let mut words = String::new();
        loop {
            match reader.read_event().map_err(|_| Malformed::Xml)? {
                Event::Start(start) => {
                    let name = start.local_name().as_ref().to_vec();
                    part = Part::of(&name, &path);
                    words.clear();
                    path.push(name);
                    if path.len() > DEEPEST {
                        return Err(Malformed::Depth);
                    }
                }
                Event::Empty(empty) => found.take(Part::of(empty.local_name().as_ref(), &path), String::new())?,
                Event::End(_) => {
                    found.take(part, std::mem::take(&mut words))?;
                    part = Part::Other;
                    path.pop();
                }
                Event::Text(text) => words.push_str(&text.decode().map_err(|_| Malformed::Xml)?),
                Event::CData(data) => words.push_str(&data.decode().map_err(|_| Malformed::Xml)?),
                Event::GeneralRef(reference) => words.push(resolve(&reference)?),
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
                Event::Eof if path.is_empty() => return found.finish(),
                Event::Eof => return Err(Malformed::Xml),
            }
        }
    }
}

/// The character that `&name;` or `&#number;` stands for. Entities of a document's own are never expanded.
pub(super) fn resolve(reference: &BytesRef<'_>) -> Result<char, Malformed> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| Malformed::Xml)? {
        return Ok(character);
    }
    match reference.as_ref() {
        b"amp" => Ok('&'),
        b"lt" => Ok('<'),
        b"gt" => Ok('>'),
        b"quot" => Ok('"'),
        b"apos" => Ok('\''),
        _ => Err(Malformed::Xml),
    }
}

#[derive(Default)]
struct Found {
    passport: Option<String>,
    password: Option<String>,
    addresses: Vec<String>,
}

impl Found {
    fn take(&mut self, part: Part, words: String) -> Result<(), Malformed> {
        match part {
            Part::Username => self.passport = Some(words.trim().to_owned()),
            Part::Password => self.password = Some(words),
            Part::Address if words.len() > LONGEST_ADDRESS => return Err(Malformed::Address),
            Part::Address if self.addresses.len() < MOST_TOKENS => self.addresses.push(words.trim().to_owned()),
            Part::Address | Part::Other => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<TokenRequest, Malformed> {
        match self {
            Self { passport: Some(passport), password: Some(password), addresses } if !addresses.is_empty() => {
                Ok(TokenRequest { passport, password, addresses })
            }
            Self { .. } => Err(Malformed::Missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope(password: &str, tokens: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"x\"><s:Header><Security><w:UsernameToken Id='user'>\
             <w:Username>\n carol@example.com </w:Username><w:Password>{password}</w:Password></w:UsernameToken></Security>\
             </s:Header><s:Body>{tokens}</s:Body></s:Envelope>"
        )
    }

    fn token(address: &str) -> String {
        format!(
            "<RequestSecurityToken><a:Address>{address}</a:Address><PolicyReference URI='?id=507'/></RequestSecurityToken>"
        )
    }

    fn password(written: &str) -> Result<String, Malformed> {
        TokenRequest::read(envelope(written, &token("messenger.msn.com")).as_bytes()).map(|request| request.password)
    }

    #[test]
    fn any_prefix_order_and_lone_token_will_do() {
        let request = TokenRequest::read(envelope("x", &token("messenger.msn.com")).as_bytes()).unwrap();
        assert_eq!(request.passport, "carol@example.com");
        assert_eq!(request.addresses, ["messenger.msn.com"]);
    }

    #[test]
    fn passwords_are_unescaped_exactly() {
        assert_eq!(password("a&lt;b&gt;&amp;&quot;&apos;&#233;&#x20AC;"), Ok("a<b>&\"'é€".to_owned()));
        assert_eq!(password("<![CDATA[a<&b]]>c"), Ok("a<&bc".to_owned()));
        assert_eq!(password(" a, 100% "), Ok(" a, 100% ".to_owned()));
        assert_eq!(password("naïve<!-- no -->té"), Ok("naïveté".to_owned()));
        assert_eq!(password(""), Ok(String::new()));
        assert_eq!(password("&unknown;"), Err(Malformed::Xml));
        assert_eq!(password("&#xD800;"), Err(Malformed::Xml));
    }

    #[test]
    fn further_tokens_are_passed_over_and_missing_ones_refused() {
        let many = token("messenger.msn.com").repeat(MOST_TOKENS + 5);
        assert_eq!(TokenRequest::read(envelope("x", &many).as_bytes()).unwrap().addresses.len(), MOST_TOKENS);
        let read = |tokens: &str| TokenRequest::read(envelope("x", tokens).as_bytes());
        assert_eq!(read(""), Err(Malformed::Missing));
        assert_eq!(read("<Address>not.of.a.token</Address>"), Err(Malformed::Missing));
        assert_eq!(read(&token(&"a".repeat(LONGEST_ADDRESS + 1))), Err(Malformed::Address));
        assert_eq!(read(&"<a>".repeat(1000)), Err(Malformed::Depth));
        assert_eq!(read("<a>"), Err(Malformed::Xml));
        assert_eq!(TokenRequest::read(b"\xff\xfe<"), Err(Malformed::Xml));
        assert_eq!(TokenRequest::read(b""), Err(Malformed::Missing));
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>";
        let whole = envelope("&b;", &token("messenger.msn.com"));
        assert_eq!(TokenRequest::read(format!("{bomb}{whole}").as_bytes()), Err(Malformed::Xml));
    }

    proptest! {
        #[test]
        fn reading_never_panics(body: Vec<u8>) {
            let _ = TokenRequest::read(&body);
        }

        #[test]
        fn a_damaged_request_never_panics(at in 0..400_usize, put in "\\PC{0,4}", drop in 0..8_usize) {
            let mut text: Vec<char> = envelope("a&amp;b", &token("messenger.msn.com")).chars().collect();
            let at = at.min(text.len());
            let end = (at + drop).min(text.len());
            text.splice(at..end, put.chars());
            let _ = TokenRequest::read(text.into_iter().collect::<String>().as_bytes());
        }

        #[test]
        fn every_password_survives(word in "[^\u{0}-\u{1f}\u{fffe}\u{ffff}]*") {
            let written = word.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            prop_assert_eq!(password(&written), Ok(word));
        }
    }
}
