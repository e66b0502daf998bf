//! Which addresses may be gone to because somebody else named them: public ones, and those that whoever runs this server allows.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::IpNet;

/// Addresses that may be reached. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    private: Arc<[IpNet]>,
}

impl Reach {
    /// Public addresses, and these.
    pub(super) fn beyond_the_public(private: &[IpNet]) -> Self {
        Self { private: private.into() }
    }

    /// Whether this one may be reached.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        let inner = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => embedded(address).map(IpAddr::V4),
        };
        is_public(address) || self.private.iter().any(|network| network.contains(&inner.unwrap_or(address)))
    }
}

/// Whether an address is one of the public internet (RFC 6890 and the registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = match first {
        0 | 240..=255 => true,
        // Shared by the customers of a provider.
        100 => second & 0xc0 == 64,
        192 => second == 0 && third == 0,
        // Benchmarks.
        198 => second & 0xfe == 18,
        _ => false,
    };
    !(is_special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only these are given out to the public, and in them are some for documentation and protocols.
    first & 0xe000 == 0x2000 && !(first == 0x2001 && (second == 0x0db8 || second < 0x0200)) && first != 0x3fff
}

/// The address of the older kind that one of the newer kind leads to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] if high != 0 || low > 1 => Some(of(high, low)),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_reached_where_they_are_allowed() {
        let reach = Reach::beyond_the_public(&["10.1.0.0/16".parse().unwrap(), "fd00::7/128".parse().unwrap()]);
        for allowed in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7", "1.1.1.1"] {
            assert!(reach.has(allowed.parse().unwrap()), "{allowed}");
        }
        for refused in ["10.2.0.1", "::ffff:10.2.0.1", "fd00::8", "127.0.0.1", "169.254.169.254"] {
            assert!(!reach.has(refused.parse().unwrap()), "{refused}");
        }
    }

    #[test]
    fn public_addresses() {
        for public in ["1.1.1.1", "8.8.8.8", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inner in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            assert!(!is_public(inner.parse().unwrap()), "{inner}");
        }
    }
}
