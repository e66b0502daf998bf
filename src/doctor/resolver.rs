//! Who knows the addresses of names.

use std::{io, net::IpAddr};

use async_trait::async_trait;

/// Knows the addresses of names.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of a name; none, or an error, where nobody knows it.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
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
