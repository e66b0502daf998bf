//! TLS as an old client meets it, and the certificate that it is shown.

use std::time::{SystemTime, UNIX_EPOCH};

use url::Url;

use super::Run;
use crate::{
    Cause, Check, Finding, Place,
    certificate::Certificate,
    old_client::{Reply, knock},
    request::{DialFault, dial, place_of},
    services::SIGN_IN,
};

/// What came of knocking as Windows XP does.
pub(super) struct Knock {
    place: Place,
    reply: Result<Reply, DialFault>,
}

impl Knock {
    /// Whether an old client gets further there than one of today.
    pub(super) const fn is_answered(&self) -> bool {
        matches!(self.reply, Ok(Reply::Chosen { .. }))
    }

    /// The certificate that was shown.
    pub(super) fn certificate(&self) -> Option<&[u8]> {
        match &self.reply {
            Ok(Reply::Chosen { certificate, .. }) => certificate.as_deref(),
            Ok(Reply::Alert(_) | Reply::Ended | Reply::Silent | Reply::NotTls) | Err(_) => None,
        }
    }
}

impl Run<'_> {
    /// Knocks where Messenger signs in.
    pub(super) async fn knock(&self, url: &Url) -> Option<Knock> {
        let own = place_of(url)?;
        let place = match &self.subject.sign_in {
            Some(place) => place.clone(),
            None if url.scheme() == "https" => own,
            None => Place::new(own.host, 443),
        };
        let reply = match dial(self.resolver, &place).await {
            Ok(stream) => Ok(knock(stream).await),
            Err(fault) => Err(fault),
        };
        Some(Knock { place, reply })
    }

    /// Judges TLS. `is_blamed`: that there is none at the URL, is said already.
    pub(super) async fn judge_tls(&self, url: &Url, knock: &Knock, is_blamed: bool) {
        let Knock { place, reply } = knock;
        let is_the_url = self.subject.sign_in.is_none() && url.scheme() == "https";
        let is_wanted = self.subject.sign_in.is_some();
        let fault = |cause, seen: String| Finding::fault(Check::Tls, cause, seen);
        let finding = match reply {
            Ok(reply @ Reply::Chosen { .. }) => Finding::well(Check::Tls, format!("{place}: {}", reply.seen())),
            _ if is_the_url && is_blamed => Finding::untested(Check::Tls, "there is no TLS at the public URL"),
            Ok(reply @ Reply::NotTls) => fault(Cause::TlsAbsent, format!("{place}: {}", reply.seen())),
            Ok(reply @ (Reply::Alert(_) | Reply::Ended | Reply::Silent)) => {
                fault(Cause::TlsRefusesOldClients, format!("{place}: {}", reply.seen()))
            }
            Err(problem) if is_wanted => fault(Cause::TlsAbsent, problem.seen(place)),
            Err(problem) => {
                let why = "Messenger as it was sold signs in there; patched ones and other programs need not";
                Finding::untested(Check::Tls, format!("{}: {why}", problem.seen(place)))
            }
        };
        self.tell(finding).await;
    }

    /// Judges a certificate. `is_clock_off`: nobody can say what its dates mean here.
    pub(super) async fn judge_certificate(&self, url: &Url, der: Option<&[u8]>, is_clock_off: bool) {
        let Some(der) = der else {
            self.tell(Finding::untested(Check::Certificate, "none was shown")).await;
            return;
        };
        let Some(certificate) = Certificate::read(der) else {
            self.tell(Finding::untested(Check::Certificate, "it cannot be read")).await;
            return;
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let host = place_of(url).map(|place| place.host).unwrap_or_default();
        let names = certificate.names.join(", ");
        let fault = |cause, seen: String| Finding::fault(Check::Certificate, cause, seen);
        let finding = if !certificate.is_for(&host) && !certificate.is_for(SIGN_IN) {
            let seen = format!("it is for {names}, and neither for {host} nor for {SIGN_IN}");
            fault(Cause::CertificateForAnotherName, seen)
        } else if is_clock_off {
            Finding::untested(Check::Certificate, "the clocks differ, so that its dates say nothing")
        } else if now > certificate.until {
            fault(Cause::CertificateOutdated, format!("it was good until {}", day(certificate.until)))
        } else if now < certificate.from {
            fault(Cause::CertificateTooEarly, format!("it is good from {} on", day(certificate.from)))
        } else {
            Finding::well(Check::Certificate, format!("for {names}, until {}", day(certificate.until)))
        };
        self.tell(finding).await;
    }
}

fn day(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
