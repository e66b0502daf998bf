//! Links that accounts make themselves.

use std::collections::BTreeMap;

use super::{Stage, done, within};
use crate::{Failure, Host};

/// What is nobody's secret.
const NONSENSE: &str = "nonsense-4711";

impl Stage<'_> {
    /// What is asked can be driven by whoever drives it.
    pub(super) fn what_links_ask_is_well_formed(&self) {
        let steps = self.network.link_steps();
        for (place, step) in steps.iter().enumerate() {
            let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
            assert!(!step.key.is_empty() && step.key.chars().all(is_plain), "{:?} is no name of an answer", step.key);
            assert!(steps.iter().skip(place + 1).all(|other| other.key != step.key), "{} is asked twice", step.key);
            assert!(step.ask.ends_with(['.', '?', '!']), "{:?} is no whole sentence", step.ask);
        }
        assert!(steps.iter().filter(|step| step.secret).count() <= 1, "only one secret is asked");
    }

    /// A link is made, is there, keeps its secret, and ends; at last it is made again, for all that follows.
    pub(super) async fn accounts_link_themselves(&self, answers: &BTreeMap<String, String>) {
        let owner = &self.owner.passport;
        let secrets: Vec<&str> =
            self.network.link_steps().iter().filter(|step| step.secret).map(|step| step.key).collect();
        assert_eq!(within("linked", self.network.linked(owner)).await, None, "nobody is linked before they link");
        let mut wrong = answers.clone();
        for (key, answer) in &mut wrong {
            if secrets.contains(&key.as_str()) {
                NONSENSE.clone_into(answer);
            }
        }
        let refused = within("link", self.network.link(owner, &wrong)).await;
        let is_refused = matches!(&refused, Err(Failure::Refused { reason }) if !reason.contains(NONSENSE));
        assert!(is_refused, "a wrong secret is refused, and not repeated: {refused:?}");
        assert_eq!(self.host.secrets(), Vec::<String>::new(), "a wrong secret is not kept");

        let status = done("link", self.network.link(owner, answers)).await;
        assert!(!status.identity.is_empty(), "a link is as somebody");
        let linked = within("linked", self.network.linked(owner)).await;
        assert_eq!(linked.map(|linked| linked.identity), Some(status.identity), "the link is there");
        let kept = self.host.list("").await.unwrap_or_default();
        for answer in answers.iter().filter(|(key, _)| secrets.contains(&key.as_str())).map(|(_, answer)| answer) {
            assert!(!format!("{kept:?}").contains(answer), "a secret stands nowhere but among the secrets");
        }

        assert!(done("unlink", self.network.unlink(owner)).await, "the link ends");
        assert_eq!(within("linked", self.network.linked(owner)).await, None, "it is there no more");
        assert_eq!(self.host.secrets(), Vec::<String>::new(), "its secrets are forgotten");
        assert!(!done("unlink again", self.network.unlink(owner)).await, "a link that is not there cannot end");
        done("link again", self.network.link(owner, answers)).await;
    }
}
