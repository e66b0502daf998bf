//! What a certificate says.

use std::net::IpAddr;

use x509_cert::{
    der::{Decode, oid::db::rfc4519::COMMON_NAME},
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// What of a certificate matters to a client of the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// From when on it is good, in seconds of Unix.
    pub(crate) from: i64,
    /// Until when.
    pub(crate) until: i64,
    /// For whom, in lower case.
    pub(crate) names: Vec<String>,
}

impl Certificate {
    /// Reads one in DER.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?.tbs_certificate;
        let seconds = |time: &x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).ok();
        let others = certificate.get::<SubjectAltName>().ok()?.map(|(_, names)| names.0).unwrap_or_default();
        let mut names: Vec<String> = others.iter().filter_map(name).collect();
        if names.is_empty() {
            // Clients take the common name only where there are no others.
            let parts = certificate.subject.0.iter().flat_map(|part| part.0.iter());
            let common = parts.filter(|part| part.oid == COMMON_NAME);
            names.extend(common.map(|part| String::from_utf8_lossy(part.value.value()).to_ascii_lowercase()));
        }
        let validity = &certificate.validity;
        Some(Self { from: seconds(&validity.not_before)?, until: seconds(&validity.not_after)?, names })
    }

    /// Whether it is for that host.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(domain) => host.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && rest == domain),
            None => *name == host,
        })
    }
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let short = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            short.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        // Of other people's kinds, which no client of the time compares with a host.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_one_part_of_a_name() {
        let names = ["*.msn.example", "login.live.com", "203.0.113.5"].map(str::to_owned).to_vec();
        let certificate = Certificate { from: 0, until: 0, names };
        for host in ["chat.msn.example", "CHAT.MSN.example", "login.live.com", "203.0.113.5"] {
            assert!(certificate.is_for(host), "{host}");
        }
        for host in ["msn.example", "a.b.msn.example", ".msn.example", "live.com", "203.0.113.6", ""] {
            assert!(!certificate.is_for(host), "{host}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(der: Vec<u8>) {
            let _ = Certificate::read(&der);
        }
    }
}
