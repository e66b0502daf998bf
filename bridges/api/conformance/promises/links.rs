//! Links that accounts make themselves.

use std::collections::HashSet;

use super::{Stage, done, within};
use crate::{Failure, Host, LinkAnswers, LinkStep, Through};

/// What is nobody's secret, and no name of anything.
const NONSENSE: &str = "nonsense-4711";

impl Stage<'_> {
    /// What is asked can be driven by whoever drives it.
    pub(super) fn what_links_ask_is_well_formed(&self) {
        let (mut names, mut asked) = (HashSet::new(), HashSet::new());
        for way in self.network.link_ways() {
            assert!(names.insert(way.key), "two ways are called {}", way.key);
            is_well_formed(way.key, &way.says, &way.steps);
            assert!(!way.steps.is_empty(), "the way {} asks for nothing", way.key);
            let mut keys: Vec<&str> = way.steps.iter().map(|step| step.key).collect();
            match way.through {
                Through::Answers => {}
                Through::Browser { returned } => {
                    assert!(!returned.is_empty() && !keys.contains(&returned), "{returned:?} is what a browser brings");
                    keys.push(returned);
                }
            }
            keys.sort_unstable();
            assert!(asked.insert(keys), "the way {} asks for the same as another", way.key);
        }
    }

    /// A link is made, is there, keeps its secret, and ends; at last it is made again, for all that follows.
    pub(super) async fn accounts_link_themselves(&self, way: &str, answers: &LinkAnswers) {
        let owner = &self.owner.passport;
        let ways = self.network.link_ways();
        let Some(taken) = ways.iter().find(|taken| taken.key == way) else { panic!("there is no way {way}") };
        let secrets: Vec<&str> = taken.steps.iter().filter(|step| step.secret).map(|step| step.key).collect();
        assert_eq!(within("linked", self.network.linked(owner)).await, None, "nobody is linked before they link");
        assert_eq!(
            within("tasks", self.network.link_tasks(owner)).await,
            [],
            "where no link is, nothing is to be done"
        );
        let mut wrong = answers.clone();
        for (key, answer) in &mut wrong {
            if secrets.contains(&key.as_str()) {
                NONSENSE.clone_into(answer);
            }
        }
        let refused = within("link", self.network.link(owner, way, &wrong)).await;
        let is_refused = matches!(&refused, Err(Failure::Refused { reason }) if !reason.contains(NONSENSE));
        assert!(is_refused, "a wrong secret is refused, and not repeated: {refused:?}");
        let unknown = within("link", self.network.link(owner, NONSENSE, answers)).await;
        let is_refused = matches!(&unknown, Err(failure) if !failure.is_passing());
        assert!(is_refused, "nobody is linked in a way that there is not: {unknown:?}");
        assert_eq!(self.host.secrets(), Vec::<String>::new(), "a wrong secret is not kept");

        let status = done("link", self.network.link(owner, way, answers)).await;
        assert!(!status.identity.is_empty(), "a link is as somebody");
        let linked = within("linked", self.network.linked(owner)).await;
        assert_eq!(linked.map(|linked| linked.identity), Some(status.identity), "the link is there");
        let kept = self.host.list("").await.unwrap_or_default();
        for answer in answers.iter().filter(|(key, _)| secrets.contains(&key.as_str())).map(|(_, answer)| answer) {
            assert!(!format!("{kept:?}").contains(answer), "a secret stands nowhere but among the secrets");
        }
        let mut names = HashSet::new();
        for task in within("tasks", self.network.link_tasks(owner)).await {
            assert!(names.insert(task.key), "two tasks are called {}", task.key);
            is_well_formed(task.key, &task.says, &task.steps);
        }
        let unknown = within("perform", self.network.perform(owner, NONSENSE, &LinkAnswers::new())).await;
        let is_refused = matches!(&unknown, Err(failure) if !failure.is_passing());
        assert!(is_refused, "a task that there is not cannot be done: {unknown:?}");

        assert!(done("unlink", self.network.unlink(owner)).await, "the link ends");
        assert_eq!(within("linked", self.network.linked(owner)).await, None, "it is there no more");
        assert_eq!(within("tasks", self.network.link_tasks(owner)).await, [], "and nothing is to be done with it");
        assert_eq!(self.host.secrets(), Vec::<String>::new(), "its secrets are forgotten");
        assert!(!done("unlink again", self.network.unlink(owner)).await, "a link that is not there cannot end");
        done("link again", self.network.link(owner, way, answers)).await;
    }
}

/// Of a way or a task.
fn is_well_formed(key: &str, says: &str, steps: &[LinkStep]) {
    let is_name = |name: &str| {
        let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        !name.is_empty() && name.chars().all(is_plain)
    };
    let is_sentence = |words: &str| words.ends_with(['.', '?', '!']);
    assert!(is_name(key), "{key:?} is no name");
    assert!(is_sentence(says), "{says:?} is no whole sentence");
    for (place, step) in steps.iter().enumerate() {
        assert!(is_name(step.key), "{:?} is no name of an answer", step.key);
        assert!(steps.iter().skip(place + 1).all(|other| other.key != step.key), "{} is asked twice", step.key);
        assert!(is_sentence(&step.ask), "{:?} is no whole sentence", step.ask);
    }
    assert!(steps.iter().filter(|step| step.secret).count() <= 1, "{key} asks for one secret at most");
}
