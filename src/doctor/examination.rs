//! One examination: what a Messenger does to sign in, step by step.

mod conversation;
mod encryption;
mod names;
mod sign_in;
mod web;

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use url::Url;

use crate::{
    Check, Finding, Resolver, Subject,
    cause::Cause,
    mirror::{self, MIRROR_PATH, Shown},
    request::{Answer, AskFault, Request, ask},
};

/// How long an examination takes at most. Each of its steps has a bound of its own, of 15 seconds at most; this is for all of them.
const LONGEST: Duration = Duration::from_mins(2);

/// How many findings may wait for whoever is told.
const QUEUE: usize = 8;

/// Examines one subject.
#[derive(Clone)]
pub struct Doctor {
    subject: Arc<Subject>,
    resolver: Arc<dyn Resolver>,
}

impl Doctor {
    /// A doctor for that subject, who asks names of that resolver.
    pub fn new(subject: Subject, resolver: Arc<dyn Resolver>) -> Self {
        Self { subject: Arc::new(subject), resolver }
    }

    /// What is examined.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Who is asked for the addresses of names.
    #[must_use]
    pub fn resolver(&self) -> &Arc<dyn Resolver> {
        &self.resolver
    }

    /// Examines, in two minutes at most and mostly within a second, and hands each finding over as it is made. Checks come in no
    /// certain order; one can come several times, where there are several public addresses.
    pub async fn examine(&self, mut told: impl FnMut(Finding)) {
        let (sender, mut findings) = mpsc::channel(QUEUE);
        let run = Run { subject: &self.subject, resolver: &*self.resolver, nonce: mirror::nonce(), told: sender };
        let working = async {
            // Ends the stream of findings with the work.
            let run = run;
            let _ = tokio::time::timeout(LONGEST, Box::pin(run.everything())).await;
        };
        let listening = async {
            while let Some(finding) = findings.recv().await {
                told(finding);
            }
        };
        tokio::join!(working, listening);
    }

    /// As [`Doctor::examine`]; all findings, in the order of [`Check`].
    pub async fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.examine(|finding| findings.push(finding)).await;
        findings.sort_by_key(|finding| finding.check);
        findings
    }
}

/// An examination under way.
struct Run<'a> {
    subject: &'a Subject,
    resolver: &'a dyn Resolver,
    nonce: String,
    told: mpsc::Sender<Finding>,
}

impl Run<'_> {
    async fn everything(&self) {
        match self.here().await {
            Ok(here) => {
                tokio::join!(self.names(), self.conversations(), self.web(here.as_ref()));
            }
            Err(fault) => {
                self.tell(fault).await;
                let why = "no server runs here that could be reached";
                let rest = Check::ALL.into_iter().filter(|check| *check != Check::Here);
                self.tell_untested(rest, why).await;
            }
        }
    }

    /// The server on this machine, if there is to be one: what it shows.
    async fn here(&self) -> Result<Option<Shown>, Finding> {
        let Some(local) = &self.subject.local else { return Ok(None) };
        let place = local.web.as_reached_from_here();
        let fault = |seen: String| Finding::fault(Check::Here, Cause::NotRunning, seen);
        let url = Url::parse(&format!("http://{place}")).map_err(|problem| fault(format!("{place}: {problem}")))?;
        match self.reflect(&url).await {
            Ok((_, Some(shown))) => {
                self.tell(Finding::well(Check::Here, format!("it answers at {place}"))).await;
                Ok(Some(shown))
            }
            Ok((answer, None)) => Err(fault(format!("something else answers at {place}, with {}", answer.status))),
            Err(problem) => Err(fault(problem.seen(&url))),
        }
    }

    /// Has a server show itself.
    async fn reflect(&self, url: &Url) -> Result<(Answer, Option<Shown>), AskFault> {
        let path = format!("{MIRROR_PATH}?nonce={}", self.nonce);
        let answer = ask(self.resolver, url, Request::get(&path)).await?;
        let shown = Some(&answer).filter(|answer| answer.status == 200).and_then(|answer| Shown::read(&answer.body));
        Ok((answer, shown))
    }

    fn is_skipped(&self, check: Check) -> bool {
        self.subject.skipped.contains(&check)
    }

    async fn tell(&self, finding: Finding) {
        if !self.is_skipped(finding.check) {
            // Whoever does not listen any more need not hear it.
            let _ = self.told.send(finding).await;
        }
    }

    async fn tell_untested(&self, checks: impl IntoIterator<Item = Check>, why: &str) {
        for check in checks {
            self.tell(Finding::untested(check, why)).await;
        }
    }
}
