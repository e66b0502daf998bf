//! Whether the names that Messenger asks for lead here.

use std::{collections::HashSet, net::IpAddr, time::Duration};

use futures_util::future::join_all;
use tokio::time::timeout;

use super::Run;
use crate::{
    Cause, Check, Finding, Place, SERVICES, Service,
    greeting::greet,
    mirror::{nobody, nonce},
    request::place_of,
    resolver::those_for_messenger,
};

/// How long the look for a name may take.
const TIME: Duration = Duration::from_secs(5);

/// Where a name leads.
enum Lead {
    Nowhere,
    Here,
    Elsewhere(IpAddr),
}

impl Run<'_> {
    pub(super) async fn names(&self) {
        if self.is_skipped(Check::Names) {
            return;
        }
        let ours = self.own_addresses().await;
        let pages = self.own_pages().await;
        let leads = join_all(SERVICES.iter().map(|service| self.lead(service, &ours, pages.as_deref()))).await;
        let leads: Vec<(Service, Lead)> = SERVICES.into_iter().zip(leads).collect();
        let any_here = leads.iter().any(|(_, lead)| matches!(lead, Lead::Here));
        if !any_here && !self.subject.asks_as_messenger {
            let why = "none of them leads here from this machine, which need not say anything of Messenger's: ask there, or on a machine with the \
                       same name server, with --names; /connect has the lines for its hosts file";
            self.tell(Finding::untested(Check::Names, why)).await;
            return;
        }
        let needed = || leads.iter().filter(|(service, _)| service.needed);
        let unknown: Vec<&str> =
            needed().filter_map(|(service, lead)| matches!(lead, Lead::Nowhere).then_some(service.name)).collect();
        let elsewhere: Vec<String> = needed()
            .filter_map(|(service, lead)| match lead {
                Lead::Elsewhere(ip) => Some(format!("{} leads to {ip}", service.name)),
                Lead::Nowhere | Lead::Here => None,
            })
            .collect();
        if !unknown.is_empty() {
            self.tell(Finding::fault(Check::Names, Cause::NameUnknown, unknown.join(", "))).await;
        }
        if !elsewhere.is_empty() {
            self.tell(Finding::fault(Check::Names, Cause::NameElsewhere, elsewhere.join(", "))).await;
        }
        if unknown.is_empty() && elsewhere.is_empty() {
            let others: Vec<&str> = leads
                .iter()
                .filter_map(|(service, lead)| (!matches!(lead, Lead::Here)).then_some(service.name))
                .collect();
            let but = if others.is_empty() {
                "all of them lead here".to_owned()
            } else {
                format!("those that signing in needs lead here; these do not: {}", others.join(", "))
            };
            self.tell(Finding::well(Check::Names, but)).await;
        }
    }

    /// The addresses at which this server is to be found.
    async fn own_addresses(&self) -> HashSet<IpAddr> {
        let url = self.subject.url.as_ref().and_then(place_of);
        let places = self.subject.addresses.iter().chain(&self.subject.sign_in).chain(&url);
        let found = join_all(places.map(|place| async {
            match place.ip() {
                Some(ip) => vec![ip],
                None => self.addresses(&place.host).await,
            }
        }));
        found.await.into_iter().flatten().collect()
    }

    /// What the server that is meant tells clients of its pages.
    async fn own_pages(&self) -> Option<String> {
        let listener = self.subject.local.as_ref().and_then(|local| local.messenger.first());
        match listener {
            Some(listener) => {
                let greeting = greet(self.resolver, &listener.as_reached_from_here(), &nobody(&nonce())).await;
                greeting.ok().map(|greeting| greeting.pages)
            }
            None => self.subject.url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()),
        }
    }

    async fn lead(&self, service: &Service, ours: &HashSet<IpAddr>, pages: Option<&str>) -> Lead {
        let addresses = self.addresses(service.name).await;
        let Some(first) = addresses.first() else { return Lead::Nowhere };
        if addresses.iter().any(|ip| ours.contains(ip)) {
            return Lead::Here;
        }
        // From within a house this server may have an address of its own.
        let place = Place::new(first.to_string(), 1863);
        let greeting = if self.subject.asks_as_messenger {
            greet(self.resolver, &place, &nobody(&nonce())).await.ok()
        } else {
            // What strangers are asked, they are asked by somebody who wants it.
            None
        };
        match greeting {
            Some(greeting) if pages == Some(greeting.pages.as_str()) => Lead::Here,
            Some(_) | None => Lead::Elsewhere(*first),
        }
    }

    async fn addresses(&self, name: &str) -> Vec<IpAddr> {
        match timeout(TIME, self.resolver.resolve(name)).await {
            Ok(Ok(addresses)) => those_for_messenger(addresses),
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}
