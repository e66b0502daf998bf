//! Attachments that everybody may fetch from this server's web pages, where those can be reached from everywhere.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{
    Timestamp,
    media::{Attachment, Source},
};
use url::{Host, Url};

use crate::{core::Core, core::wall, media::MediaFault};

/// Of how many attachments it is remembered under which address they are.
const MEMORY: usize = 1000;

/// The addresses that were given out, each with the end of the time for which it is given again: who is shown something often, a
/// picture beside each line, need not fetch it each time.
#[derive(Default)]
pub(crate) struct Publications(Mutex<HashMap<Source, (String, Timestamp)>>);

impl Publications {
    fn known(&self, source: Source, now: Timestamp) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&source).filter(|(_, until)| now < *until).map(|(address, _)| address.clone())
    }

    fn note(&self, source: Source, address: String, until: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MEMORY {
            known.clear();
        }
        known.insert(source, (address, until));
    }
}

/// Under which address everybody can fetch the attachment; `None` if nobody outside reaches this server's pages, or it is not kept.
pub(crate) async fn publish(core: &Core, attachment: &Attachment) -> Result<Option<String>, MediaFault> {
    let pages = &core.settings.session.web;
    if !is_reachable(pages) {
        return Ok(None);
    }
    let now = wall();
    // It may have ended before its time: links make room where there is none.
    if let Some(address) = core.publications.known(attachment.source, now)
        && let Some(token) = address.rsplit('/').nth(1)
        && core.media.linked(token).await.is_some()
    {
        return Ok(Some(address));
    }
    if core.media.open_file(&attachment.source).await?.is_none() {
        return Ok(None);
    }
    // A place of its own: where the attachment has one already, that may end sooner.
    let mut published = Attachment { link: None, ..attachment.clone() };
    core.media.link(&mut published).await?;
    let Some(link) = published.link else { return Ok(None) };
    let address = format!("{pages}/{link}");
    core.publications.note(attachment.source, address.clone(), half_way(now, core.settings.limits.media_links_last));
    Ok(Some(address))
}

/// Until when an address that lasts so long is given to others as well.
fn half_way(now: Timestamp, lasts: Duration) -> Timestamp {
    let half = i64::try_from((lasts / 2).as_millis()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_add(half))
}

/// Whether pages at this address can be fetched from everywhere, as far as the address tells.
fn is_reachable(pages: &str) -> bool {
    let Ok(url) = Url::parse(pages) else { return false };
    let Some(host) = url.host().filter(|_| url.scheme() == "https") else { return false };
    match host {
        Host::Domain(name) => is_public_name(name),
        Host::Ipv4(address) => is_public(address.into()),
        Host::Ipv6(address) => is_public(address.to_canonical()),
    }
}

/// Whether a name is not one of those that mean something on one machine or in one house alone (RFC 6761, 6762, 8375, 9476).
fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let inner = ["localhost", "local", "internal", "home.arpa", "test", "invalid", "alt"];
    name.contains('.') && !inner.iter().any(|inner| name.strip_suffix(inner).is_some_and(|rest| rest.ends_with('.')))
}

/// Whether an address is not one of those that belong to one machine or one house alone (RFC 6890, 6598).
fn is_public(address: IpAddr) -> bool {
    let is_inner = match address {
        IpAddr::V4(address) => {
            let is_shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
            let is_nowhere = address.octets()[0] == 0 || address == Ipv4Addr::BROADCAST;
            address.is_private() || address.is_loopback() || address.is_link_local() || is_shared || is_nowhere
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    };
    !is_inner
}

#[cfg(test)]
mod tests {
    use domain::media::BlobId;

    use super::*;

    #[test]
    fn only_what_everybody_reaches_is_given_out() {
        for pages in
            ["https://msn.example", "https://msn.example:8443/chat", "https://203.0.113.7", "https://[2001:db8::1]"]
        {
            assert!(is_reachable(pages), "{pages}");
        }
        for pages in [
            "http://msn.example",
            "https://localhost",
            "https://pc",
            "https://msn.local",
            "https://a.localhost:8443",
            "https://nas.home.arpa",
            "https://127.0.0.1",
            "https://10.1.2.3",
            "https://172.20.0.1",
            "https://192.168.1.1",
            "https://100.64.0.1",
            "https://169.254.1.1",
            "https://0.0.0.0",
            "https://[::1]",
            "https://[::ffff:10.0.0.1]",
            "https://[fd00::1]",
            "https://[fe80::1]",
            "nonsense",
        ] {
            assert!(!is_reachable(pages), "{pages}");
        }
    }

    #[test]
    fn an_address_is_given_again_for_a_while() {
        let (publications, source) = (Publications::default(), Source::Blob(BlobId([1; 32])));
        publications.note(source, "https://a.example".to_owned(), Timestamp(10));
        assert_eq!(publications.known(source, Timestamp(9)).as_deref(), Some("https://a.example"));
        assert_eq!(publications.known(source, Timestamp(10)), None);
        assert_eq!(publications.known(Source::Blob(BlobId([2; 32])), Timestamp(9)), None);
    }
}
