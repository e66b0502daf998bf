//! MSNP at each public address.

use super::Run;
use crate::{
    Cause, Check, Finding, Place,
    greeting::{Greeting, GreetingFault, greet},
    mirror::{nobody, nonce},
    request::DialFault,
};

impl GreetingFault {
    const fn cause(&self) -> Cause {
        match self {
            Self::Dial(DialFault::Unresolved) => Cause::AddressUnresolved,
            Self::Dial(DialFault::Refused(_)) => Cause::PortClosed,
            Self::Dial(DialFault::Silent) | Self::Silent => Cause::PortSilent,
            Self::Ended => Cause::ConnectionEnded,
            Self::NotMsnp(_) => Cause::NotMsnp,
            Self::Dialect(_) => Cause::DialectRefused,
            Self::Refused(_) => Cause::ServerRefuses,
        }
    }

    /// What was seen, at that place.
    fn seen(&self, place: &Place) -> String {
        match self {
            Self::Dial(fault) => fault.seen(place),
            Self::Silent => format!("{place} accepts connections, and says nothing"),
            Self::Ended => format!("{place} hangs up"),
            Self::NotMsnp(said) | Self::Dialect(said) | Self::Refused(said) => format!("{place} answers {said}"),
        }
    }
}

impl Run<'_> {
    pub(super) async fn conversations(&self) {
        for (index, address) in self.subject.addresses.iter().enumerate() {
            let listener = self.subject.local.as_ref().and_then(|local| local.messenger.get(index));
            self.conversation(address, listener).await;
        }
    }

    async fn conversation(&self, address: &Place, listener: Option<&Place>) {
        let passport = nobody(&nonce());
        let greeting = match greet(self.resolver, address, &passport).await {
            Ok(greeting) => greeting,
            Err(fault) => {
                self.tell(Finding::fault(Check::Conversation, fault.cause(), fault.seen(address))).await;
                let why = "nobody is served at the public address";
                self.tell_untested([Check::Redirect, Check::Address], why).await;
                return;
            }
        };
        self.tell(Finding::well(Check::Conversation, format!("{} at {address}", greeting.dialect))).await;
        let is_other = self.identity(address, listener, &greeting).await;
        if is_other {
            self.tell_untested([Check::Redirect], "another server answers at the public address").await;
        } else {
            self.redirect(address, &greeting, &passport).await;
        }
    }

    /// Whether the public address is that of another server.
    async fn identity(&self, address: &Place, listener: Option<&Place>, greeting: &Greeting) -> bool {
        let Some(listener) = listener else {
            let why = format!(
                "no server on this machine to compare with; it tells clients of its pages at {}",
                greeting.pages
            );
            self.tell(Finding::untested(Check::Address, why)).await;
            return false;
        };
        let own = greet(self.resolver, &listener.as_reached_from_here(), &nobody(&nonce())).await;
        let (finding, is_other) = match own {
            Ok(own) if own.pages == greeting.pages => (
                Finding::well(
                    Check::Address,
                    format!("{address} and {listener} tell of the same pages, {}", own.pages),
                ),
                false,
            ),
            Ok(own) => {
                let seen = format!("{address} tells clients of {}, and {listener} of {}", greeting.pages, own.pages);
                (Finding::fault(Check::Address, Cause::AddressOtherServer, seen), true)
            }
            Err(fault) => (Finding::untested(Check::Address, fault.seen(listener)), false),
        };
        self.tell(finding).await;
        is_other
    }

    async fn redirect(&self, address: &Place, greeting: &Greeting, passport: &str) {
        let Some(onward) = &greeting.onward else {
            self.tell(Finding::well(Check::Redirect, format!("{address} serves clients itself"))).await;
            return;
        };
        let fault = |seen: String| Finding::fault(Check::Redirect, Cause::RedirectUnreachable, seen);
        // Our own server sends nobody anywhere but to its public addresses, and nobody else is to send us through our own network.
        if self.subject.local.is_some() && !self.subject.addresses.contains(onward) {
            self.tell(fault(format!("{address} sends clients on to {onward}, which is none of its public addresses")))
                .await;
            return;
        }
        let finding = match greet(self.resolver, onward, passport).await {
            Ok(Greeting { onward: None, .. }) => Finding::well(Check::Redirect, format!("{onward} serves them")),
            Ok(Greeting { onward: Some(again), .. }) => fault(format!("{onward} sends them on again, to {again}")),
            Err(problem) => fault(problem.seen(onward)),
        };
        self.tell(finding).await;
    }
}
