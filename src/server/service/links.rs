//! The words about links that accounts make themselves. What follows them may be a secret: it is handed to the network, and neither
//! said again nor kept.

mod wording;

use std::sync::Arc;

use bridge::{LinkAnswers, LinkStep, LinkWay, Through};
use domain::{Content, NetworkName, Passport};

use super::command::{Command, Errand, Private, split_word};
use crate::{
    core::Core,
    linking::{LinkFault, LinkLine, Linking},
};
use wording::{asked, described, listed, told, ways_in_words};

/// The networks to which accounts link themselves.
pub(super) fn networks(core: &Arc<Core>) -> Vec<NetworkName> {
    Linking::of(core).networks()
}

/// Whether what was said to the server is for nobody but the server: it may hold a secret.
pub(crate) fn is_private(core: &Arc<Core>, content: &Content) -> bool {
    may_be_secret(content, &networks(core))
}

fn may_be_secret(content: &Content, networks: &[NetworkName]) -> bool {
    let Content::Text(text) = content else { return false };
    let command = Command::of(&text.text, networks);
    matches!(command, Some(Command::Errand(Errand::Link(_) | Errand::Task { .. })))
}

/// Links the account, or says what has to be answered.
pub(super) async fn link(core: &Arc<Core>, owner: &Passport, words: &Private) -> String {
    let linking = Linking::of(core);
    let (network, rest) = split_word(&words.0);
    let ways = match linking.ways(network) {
        Ok(ways) => ways,
        Err(fault) => return told(&fault, network),
    };
    match answered_way(&ways, rest) {
        None => {
            let page = page(&linking, owner, network, true);
            ways_in_words(network, &ways, page.as_deref())
        }
        Some((way, answers)) => match linking.link(owner, network, Some(way.key), answers).await {
            Ok(status) => {
                let more = more(&linking, owner, network).await;
                format!("You are linked to {network}: {}{more}", described(&status))
            }
            Err(fault) => told(&fault, network),
        },
    }
}

/// Says what can be done with the account's link to a network, or does it.
pub(super) async fn task(core: &Arc<Core>, owner: &Passport, network: &NetworkName, words: &Private) -> String {
    let (linking, name) = (Linking::of(core), network.as_str());
    let tasks = match linking.tasks(owner, name).await {
        Ok(tasks) => tasks,
        Err(fault) => return told(&fault, name),
    };
    let (word, rest) = split_word(&words.0);
    let meant = tasks.iter().find(|task| task.key.eq_ignore_ascii_case(word));
    let Some(meant) = meant else {
        let page = if tasks.is_empty() { None } else { page(&linking, owner, name, false) };
        return listed(name, &tasks, page.as_deref());
    };
    match answers(&meant.steps, rest) {
        None => asked(&meant.steps, &format!("{name} {}", meant.key)),
        Some(answers) => match linking.perform(owner, name, meant.key, answers).await {
            Ok(said) => said,
            Err(fault) => told(&fault, name),
        },
    }
}

/// The address of a page for that, where pages keep what is typed into them.
fn page(linking: &Linking, owner: &Passport, network: &str, links: bool) -> Option<String> {
    let network = network.to_lowercase().parse::<NetworkName>().ok()?;
    linking.page_address(owner, &network, links)
}

/// A line that says how to hear what can be done with a link; nothing where there is nothing.
async fn more(linking: &Linking, owner: &Passport, network: &str) -> String {
    match linking.tasks(owner, network).await {
        Ok(tasks) if !tasks.is_empty() => format!("\nSay \"{network}\" for what you can do with that link."),
        Ok(_) | Err(_) => String::new(),
    }
}

/// As whom the account is linked, a line for each network.
pub(super) async fn list(core: &Arc<Core>, owner: &Passport) -> String {
    let linking = Linking::of(core);
    match linking.links(owner).await {
        Ok(links) if links.is_empty() => match linking.networks().first() {
            Some(network) => format!("You are linked to no network. Say \"link {network}\" to begin."),
            None => told(&LinkFault::NoNetwork(Vec::new()), ""),
        },
        Ok(links) => {
            let mut lines = Vec::new();
            for LinkLine { network, status } in &links {
                lines.push(format!("{network}: {}{}", described(status), more(&linking, owner, network).await));
            }
            lines.join("\n")
        }
        Err(fault) => told(&fault, ""),
    }
}

/// Ends a link.
pub(super) async fn unlink(core: &Arc<Core>, owner: &Passport, network: &str) -> String {
    match Linking::of(core).unlink(owner, network).await {
        Ok(()) => format!("You are no longer linked to {network}."),
        Err(fault) => told(&fault, network),
    }
}

/// The way that these words take, and its answers: the one whose name stands before the last answer, else the first. `None` if
/// something is not answered.
fn answered_way<'a>(ways: &'a [LinkWay], words: &str) -> Option<(&'a LinkWay, LinkAnswers)> {
    let mut said = ways.iter().filter(|way| way.through == Through::Answers);
    let named = said.clone().find_map(|way| {
        let (last, first) = way.steps.split_last()?;
        let (mut taken, rest) = in_order(first, words)?;
        let (word, rest) = split_word(rest);
        let is_meant = word.eq_ignore_ascii_case(way.key) && !rest.is_empty();
        is_meant.then(|| {
            taken.insert(last.key.to_owned(), rest.to_owned());
            (way, taken)
        })
    });
    named.or_else(|| {
        let first = said.next()?;
        Some((first, answers(&first.steps, words)?))
    })
}

/// The answers in the order of the steps: a word to each, and all the rest to the last. `None` if something is not answered.
fn answers(steps: &[LinkStep], words: &str) -> Option<LinkAnswers> {
    let Some((last, first)) = steps.split_last() else { return words.is_empty().then(LinkAnswers::new) };
    let (mut answers, rest) = in_order(first, words)?;
    answers.insert(last.key.to_owned(), rest.to_owned());
    (!rest.is_empty()).then_some(answers)
}

/// A word to each of these steps, and what stands after them.
fn in_order<'a>(steps: &[LinkStep], words: &'a str) -> Option<(LinkAnswers, &'a str)> {
    let (mut answers, mut rest) = (LinkAnswers::new(), words.trim());
    for step in steps {
        let (answer, after) = split_word(rest);
        if answer.is_empty() {
            return None;
        }
        answers.insert(step.key.to_owned(), answer.to_owned());
        rest = after;
    }
    Some((answers, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(key: &'static str) -> LinkStep {
        LinkStep { key, ask: format!("What is the {key}?"), secret: key == "token" }
    }

    fn pair(key: &str, answer: &str) -> (String, String) {
        (key.to_owned(), answer.to_owned())
    }

    #[test]
    fn answers_stand_in_the_order_of_the_steps() {
        let of = |steps: &[LinkStep], words: &str| {
            answers(steps, words).map(|answers| answers.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(of(&[step("token")], " s3cret "), Some(vec![pair("token", "s3cret")]));
        assert_eq!(of(&[step("token")], ""), None);
        let two = [step("token"), step("where")];
        assert_eq!(
            of(&two, "s3cret  my own place"),
            Some(vec![pair("token", "s3cret"), pair("where", "my own place")])
        );
        assert_eq!(of(&two, "s3cret"), None, "the second is not answered");
        assert_eq!(of(&[], ""), Some(Vec::new()), "nothing is asked");
        assert_eq!(of(&[], "please"), None);
    }

    #[test]
    fn a_way_is_named_before_the_last_answer() {
        let way = |key, steps: &[&'static str], through| {
            let steps = steps.iter().map(|key| step(key)).collect();
            LinkWay { key, says: "So.".to_owned(), steps, through }
        };
        let ways = [
            way("password", &["user", "password"], Through::Answers),
            way("token", &["user", "token"], Through::Answers),
            way("sso", &["user"], Through::Browser { returned: "loginToken" }),
        ];
        let of = |words: &str| {
            answered_way(&ways, words).map(|(way, answers)| (way.key, answers.into_iter().collect::<Vec<_>>()))
        };
        let by = |way, key: &str, answer: &str| Some((way, vec![pair(key, answer), pair("user", "@ann:a.example")]));
        assert_eq!(of("@ann:a.example hunter 2"), by("password", "password", "hunter 2"));
        assert_eq!(of("@ann:a.example  Password hunter2"), by("password", "password", "hunter2"));
        let token = Some(("token", vec![pair("token", "syt_1"), pair("user", "@ann:a.example")]));
        assert_eq!(of("@ann:a.example TOKEN syt_1"), token);
        assert_eq!(of("@ann:a.example token"), by("password", "password", "token"), "that is a password");
        assert_eq!(
            (of("@ann:a.example"), of(""), of("@ann:a.example sso").map(|(way, _)| way)),
            (None, None, Some("password"))
        );
        assert_eq!(
            answered_way(&ways[2..], "@ann:a.example").map(|(way, _)| way.key),
            None,
            "a browser has to do that"
        );
    }

    #[test]
    fn what_begins_a_link_is_private() {
        let networks = ["net".parse().unwrap()];
        for said in ["link net s3cret", " LINK\tnet", "Link", "lin\u{212a} net s3cret", "net", "Net recovery s3cret"] {
            assert!(may_be_secret(&Content::text(said), &networks), "{said:?}");
        }
        for said in ["links", "unlink net", "linker", "", "network recovery", "the net"] {
            assert!(!may_be_secret(&Content::text(said), &networks), "{said:?}");
        }
        assert!(!may_be_secret(&Content::Nudge, &networks));
    }
}
