//! By which address somebody is counted.

use std::net::{IpAddr, Ipv6Addr};

/// How much of an IPv6 address says who has it: a connection to the internet is given 64 bits at least to choose the rest from
/// (RFC 6177), so that a single address would be no limit.
const NETWORK: u128 = !(u64::MAX as u128);

/// The address by which whoever comes from this one is counted: an IPv4 address as it is, also where it is written as one of IPv6;
/// of an IPv6 address the network of 64 bits.
#[must_use]
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        whole @ IpAddr::V4(_) => whole,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_network_of_ipv6_counts_once_and_each_address_of_ipv4_by_itself() {
        for (address, wanted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ] {
            assert_eq!(subscriber(address.parse().unwrap()), wanted.parse::<IpAddr>().unwrap(), "{address}");
        }
    }
}
