//! What is at the public URL, and what stands before the server there.

use std::time::SystemTime;

use url::Url;

use super::{Run, encryption::Knock};
use crate::{
    Cause, Check, Finding, Passage,
    mirror::{COMPARED_HEADERS, Shown},
    request::{Answer, AskFault, DialFault},
};

/// How far clocks may be apart, in seconds: more than that, and certificates and tickets are taken for old.
const CLOCKS_APART: i64 = 300;

/// What nobody can say of a server that is not reached.
const WITHIN: [Check; 7] =
    [Check::Nexus, Check::Login, Check::Rst, Check::Gateway, Check::Headers, Check::Proxy, Check::Clock];

impl Run<'_> {
    pub(super) async fn web(&self, here: Option<&Shown>) {
        let Some(url) = &self.subject.url else {
            let checks = [Check::Web, Check::Tls, Check::Certificate].into_iter().chain(WITHIN);
            self.tell_untested(checks, "no URL was given: --url names it").await;
            return;
        };
        let (reflected, knock) = tokio::join!(self.reflect(url), self.knock_unless_skipped(url));
        let is_only_old = knock.as_ref().is_some_and(Knock::is_answered);
        let finding = reachability(url, here, &reflected, is_only_old);
        let is_reached = match finding.verdict {
            crate::Verdict::Well => true,
            crate::Verdict::Fault(_) => false,
            crate::Verdict::Untested => reflected.is_ok(),
        };
        let is_blamed = finding.verdict.cause().is_some() && reflected.is_err();
        let why = if is_reached { "" } else { "the public URL does not lead to the server, or not by TLS of today" };
        self.tell(finding).await;

        let clock = reflected.as_ref().ok().filter(|_| is_reached).and_then(|(answer, _)| seconds_ahead(answer));
        let is_clock_off = clock.is_some_and(|ahead| ahead.abs() > CLOCKS_APART);
        if let Some(knock) = &knock {
            self.judge_tls(url, knock, is_blamed).await;
        }
        let shown_today = reflected.as_ref().ok().and_then(|(answer, _)| answer.certificate.as_deref());
        let certificate = knock.as_ref().and_then(Knock::certificate).or(shown_today);
        self.judge_certificate(url, certificate, is_clock_off).await;

        let Some((mirror, shown)) = reflected.ok().filter(|_| is_reached) else {
            self.tell_untested(WITHIN, why).await;
            return;
        };
        let mut answers = self.sign_in(url, &mirror, shown.is_some()).await;
        let is_whole = shown.is_some();
        answers.insert(0, mirror);
        self.tell(spelling(&answers, is_whole)).await;
        self.tell(passage(shown.as_ref())).await;
        self.tell(clocks(clock)).await;
    }

    async fn knock_unless_skipped(&self, url: &Url) -> Option<Knock> {
        if self.is_skipped(Check::Tls) { None } else { self.knock(url).await }
    }
}

/// Whether the URL leads to this very server.
fn reachability(
    url: &Url,
    here: Option<&Shown>,
    reflected: &Result<(Answer, Option<Shown>), AskFault>,
    is_only_old: bool,
) -> Finding {
    let fault = |cause, seen: String| Finding::fault(Check::Web, cause, seen);
    match reflected {
        Ok((_, Some(shown))) => match here {
            Some(here) if here.proof != shown.proof => {
                fault(Cause::UrlOtherServer, format!("another Chrysalis answers at {url}"))
            }
            Some(_) => Finding::well(Check::Web, format!("{url} leads here")),
            None => Finding::well(Check::Web, format!("a Chrysalis answers at {url}")),
        },
        Ok((answer, None)) if matches!(answer.status, 502..=504) => {
            fault(Cause::ProxyCannotReach, format!("{url} answers {}", answer.status))
        }
        Ok((answer, None)) if here.is_some() => {
            fault(Cause::UrlOtherServer, format!("{url} answers {} where this server shows itself", answer.status))
        }
        Ok(_) => Finding::untested(Check::Web, format!("{url} answers, and does not show which server it is")),
        Err(AskFault::Tls(_)) if is_only_old => {
            let why = format!("{url} speaks the TLS of old clients alone, which goes no further here");
            Finding::untested(Check::Web, why)
        }
        Err(problem) => {
            let cause = match problem {
                AskFault::Dial(DialFault::Unresolved) => Cause::UrlUnresolved,
                AskFault::Dial(DialFault::Refused(_) | DialFault::Silent) | AskFault::Silent => Cause::UrlUnreachable,
                AskFault::Tls(_) => Cause::UrlNotTls,
                AskFault::NotHttp(_) => Cause::UrlNotHttp,
            };
            fault(cause, problem.seen(url))
        }
    }
}

/// Whether the names of headers come as they were written. `is_whole`: the first of the answers has all of them.
fn spelling(answers: &[Answer], is_whole: bool) -> Finding {
    let headers = || answers.iter().flat_map(|answer| &answer.headers);
    let respelled: Vec<&str> = COMPARED_HEADERS
        .iter()
        .filter_map(|(wanted, _)| {
            let other = headers().find(|(name, _)| name.eq_ignore_ascii_case(wanted) && name != wanted);
            other.map(|(name, _)| name.as_str())
        })
        .collect();
    if !respelled.is_empty() {
        let seen = format!("spelled {}", respelled.join(", "));
        return Finding::fault(Check::Headers, Cause::HeadersRespelled, seen);
    }
    let missing = answers.first().filter(|_| is_whole).map(|mirror| {
        let gone = COMPARED_HEADERS.iter().map(|(name, _)| *name).filter(|name| mirror.header(name).is_none());
        gone.collect::<Vec<&str>>()
    });
    match missing {
        Some(gone) if !gone.is_empty() => {
            Finding::fault(Check::Headers, Cause::HeadersRemoved, format!("gone: {}", gone.join(", ")))
        }
        Some(_) => Finding::well(Check::Headers, "all come letter by letter"),
        None => Finding::well(Check::Headers, "those that were seen come letter by letter"),
    }
}

fn passage(shown: Option<&Shown>) -> Finding {
    match shown.map(|shown| shown.passage) {
        Some(Passage::Untrusted) => {
            let seen = "it says for whom it asks (X-Forwarded-For), and is none of web.trusted_proxies";
            Finding::fault(Check::Proxy, Cause::ProxyNotTrusted, seen)
        }
        Some(Passage::Trusted) => Finding::well(Check::Proxy, "it is believed when it says for whom it asks"),
        Some(Passage::Direct) => Finding::well(Check::Proxy, "nothing says for whom it asks"),
        None => Finding::untested(Check::Proxy, "the server does not show what it sees of it"),
    }
}

fn clocks(ahead: Option<i64>) -> Finding {
    match ahead {
        Some(ahead) if ahead.abs() > CLOCKS_APART => {
            let (apart, where_to) = (ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" });
            let seen = format!("the server's is {} {where_to} that of this machine", duration(apart));
            Finding::fault(Check::Clock, Cause::ClockOff, seen)
        }
        Some(_) => Finding::well(Check::Clock, "both say the same"),
        None => Finding::untested(Check::Clock, "the answer has no date"),
    }
}

/// By how many seconds the clock of whoever answered is ahead of ours.
fn seconds_ahead(answer: &Answer) -> Option<i64> {
    let theirs = jiff::fmt::rfc2822::parse(answer.header("date")?).ok()?.timestamp();
    let ours = jiff::Timestamp::try_from(SystemTime::now()).ok()?;
    Some(theirs.as_second() - ours.as_second())
}

fn duration(seconds: i64) -> String {
    match seconds / 60 {
        minutes if minutes >= 120 => format!("{} hours", minutes / 60),
        minutes => format!("{minutes} minutes"),
    }
}
