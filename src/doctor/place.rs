//! A host and a port.

use std::{fmt, net::IpAddr, str::FromStr};

/// Where something is reached: a name or an address, and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// A name or an address; one of IPv6 without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What was written is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address: write host:port, such as msn.example:1863")]
pub struct PlaceFault(String);

impl Place {
    /// The place of a host and a port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// The place on this machine of something that listens on every address of it; any other stays as it is.
    #[must_use]
    pub fn as_reached_from_here(&self) -> Self {
        let host = match self.ip() {
            Some(IpAddr::V4(ip)) if ip.is_unspecified() => "127.0.0.1",
            Some(IpAddr::V6(ip)) if ip.is_unspecified() => "::1",
            Some(_) | None => &self.host,
        };
        Self::new(host, self.port)
    }

    /// The address, where the host is no name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl FromStr for Place {
    type Err = PlaceFault;

    fn from_str(text: &str) -> Result<Self, PlaceFault> {
        let fault = || PlaceFault(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(fault)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().map_err(|_| fault())?;
        let is_fit = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"/@[]?#".contains(&byte));
        is_fit.then(|| Self::new(host, port)).ok_or_else(fault)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(formatter, "[{host}]:{port}") } else { write!(formatter, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        for text in ["msn.example:1863", "203.0.113.5:443", "[::1]:1863"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in ["", "msn.example", "msn.example:", "msn.example:99999", ":1863", "http://msn.example:80", "a b:1"]
        {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_listens_everywhere_is_reached_on_this_machine() {
        for (listen, reached) in [
            ("0.0.0.0:1863", "127.0.0.1:1863"),
            ("[::]:80", "[::1]:80"),
            ("192.0.2.1:5", "192.0.2.1:5"),
            ("a.b:5", "a.b:5"),
        ] {
            assert_eq!(listen.parse::<Place>().unwrap().as_reached_from_here().to_string(), reached);
        }
    }

    proptest! {
        #[test]
        fn a_place_comes_back(text in "\\[?[a-z0-9.:%-]{0,20}\\]?:[0-9]{1,5}|\\PC{0,20}") {
            if let Ok(place) = text.parse::<Place>() {
                prop_assert_eq!(place.to_string().parse(), Ok(place));
            }
        }
    }
}
