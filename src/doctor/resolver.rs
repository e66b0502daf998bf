//! Who knows the addresses of names.

use std::{io, net::IpAddr};

use async_trait::async_trait;

/// Knows the addresses of names.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of a name; none, or an error, where nobody knows it.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Of the addresses of a name, those that Messenger goes to: it knows IPv4 alone. Those of IPv6 only where there are no others.
pub(crate) fn those_for_messenger(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    if addresses.iter().any(IpAddr::is_ipv4) {
        addresses.retain(IpAddr::is_ipv4);
    }
    addresses
}

/// The system: its hosts file, then its name servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut addresses: Vec<IpAddr> =
            tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip().to_canonical()).collect();
        addresses.dedup();
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messenger_goes_by_ipv4_wherever_there_is_one() {
        let [six, four, other]: [IpAddr; 3] =
            ["2001:db8::1", "192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        assert_eq!(those_for_messenger(vec![six, four, other]), [four, other]);
        assert_eq!(those_for_messenger(vec![six]), [six], "so that something can be said of it");
        assert_eq!(those_for_messenger(Vec::new()), [] as [IpAddr; 0]);
    }
}
