//! The page by which a running server shows that it is the one that is asked, and what a proxy has made of request and answer.

use rand::RngCore;
use sha2::{Digest, Sha256};

/// Where a server answers for itself: `?nonce=` and up to 64 letters or digits.
pub const MIRROR_PATH: &str = "/doctor/mirror";

/// The domain of the account by which is asked: of a kind that is nobody's (RFC 6761).
const NOBODYS_DOMAIN: &str = "doctor.invalid";

/// The longest nonce.
const LONGEST_NONCE: usize = 64;

/// The headers of which old clients compare the letters, with what the mirror gives in each.
pub(crate) const COMPARED_HEADERS: [(&str, &str); 4] = [
    ("PassportURLs", "DALogin=doctor.invalid/login2.srf"),
    ("WWW-Authenticate", "Passport1.4 da-status=failed"),
    ("Authentication-Info", "Passport1.4 da-status=failed"),
    ("X-MSN-Messenger", "SessionID=0.0"),
];

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// Nothing says that there was a proxy.
    Direct,
    /// By a proxy that is believed.
    Trusted,
    /// By a proxy that says for whom it asks, and is not believed.
    Untrusted,
}

impl Passage {
    const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Trusted => "trusted",
            Self::Untrusted => "untrusted",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Direct, Self::Trusted, Self::Untrusted].into_iter().find(|passage| passage.word() == word)
    }
}

/// What a running server answers by: whoever gives the same answer to a nonce as it, is it. Nobody else can, and nothing else can be learnt
/// from it.
#[derive(Debug)]
pub struct Mirror {
    secret: [u8; 32],
}

impl Default for Mirror {
    fn default() -> Self {
        let mut secret = [0; 32];
        rand::rng().fill_bytes(&mut secret);
        Self { secret }
    }
}

impl Mirror {
    /// The body of the answer; `None` where that is no nonce.
    #[must_use]
    pub fn answer(&self, nonce: &str, passage: Passage) -> Option<String> {
        let is_fit =
            (1..=LONGEST_NONCE).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let shown = || {
            let proof = Sha256::new().chain_update(self.secret).chain_update(nonce).finalize();
            format!("chrysalis {proof:x} {}\n", passage.word())
        };
        is_fit.then(shown)
    }

    /// The headers of the answer.
    pub fn headers() -> impl Iterator<Item = (&'static str, &'static str)> {
        COMPARED_HEADERS.into_iter()
    }
}

/// What a server has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Which it is: the same for the same nonce of the same process alone.
    pub(crate) proof: String,
    /// How the request came.
    pub(crate) passage: Passage,
}

impl Shown {
    /// Reads the body of an answer, in chunks or not.
    pub(crate) fn read(body: &str) -> Option<Self> {
        let line = body.lines().find_map(|line| line.strip_prefix("chrysalis "))?;
        let (proof, passage) = line.trim_end().split_once(' ')?;
        let is_proof = proof.len() == 64 && proof.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(Self { proof: is_proof.then(|| proof.to_owned())?, passage: Passage::of(passage)? })
    }
}

/// A word that nobody guesses and that was never used.
pub(crate) fn nonce() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// An account that nobody has, for one examination.
pub(crate) fn nobody(nonce: &str) -> String {
    format!("{nonce}@{NOBODYS_DOMAIN}")
}

/// Whether that is an account that nobody has: its password is wrong without being looked at, so that an examination takes no one's tries from
/// them, and no time.
#[must_use]
pub fn is_nobody(passport: &str) -> bool {
    passport.rsplit_once('@').is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(NOBODYS_DOMAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_answer_and_only_by_that() {
        let (one, other) = (Mirror::default(), Mirror::default());
        let shown =
            |mirror: &Mirror, nonce: &str| Shown::read(&mirror.answer(nonce, Passage::Trusted).unwrap()).unwrap();
        assert_eq!(shown(&one, "a1"), shown(&one, "a1"));
        assert_ne!(shown(&one, "a1").proof, shown(&other, "a1").proof);
        assert_ne!(shown(&one, "a1").proof, shown(&one, "a2").proof);
        assert_eq!(shown(&one, "a1").passage, Passage::Trusted);
        for nonce in ["", "a b", "a\r\nX: y", &"a".repeat(65)] {
            assert_eq!(one.answer(nonce, Passage::Direct), None, "{nonce}");
        }
    }

    #[test]
    fn what_another_server_says_is_no_answer() {
        for body in ["", "<html>", "chrysalis", "chrysalis zz direct", "chrysalis \u{e9} direct"] {
            assert_eq!(Shown::read(body), None, "{body}");
        }
        let chunked = format!("50\r\n{}\r\n0\r\n\r\n", Mirror::default().answer("n", Passage::Untrusted).unwrap());
        assert_eq!(Shown::read(&chunked).unwrap().passage, Passage::Untrusted);
    }

    #[test]
    fn nobody_is_nobody_and_everybody_else_is_somebody() {
        assert!(is_nobody(&nobody(&nonce())) && is_nobody("x@DOCTOR.INVALID"));
        assert!(!is_nobody("doctor.invalid") && !is_nobody("ann@msn.example") && !is_nobody("a@b.doctor.invalid"));
    }
}
