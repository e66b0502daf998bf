//! The words about links that accounts make themselves. What follows them may be a secret: it is handed to the network, and neither
//! said again nor kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use bridge::{LinkState, LinkStatus, LinkStep};
use domain::{Content, NetworkName, Passport};

use super::{
    command::{Command, Errand, Private},
    errands::in_vain,
};
use crate::{
    core::Core,
    linking::{LinkFault, LinkLine, Linking},
};

/// Whether there is any network to which accounts link themselves.
pub(super) fn has_any(core: &Arc<Core>) -> bool {
    !Linking::of(core).networks().is_empty()
}

/// Whether what was said to the server is for nobody but the server: it may hold a secret.
pub(crate) fn is_private(content: &Content) -> bool {
    let Content::Text(text) = content else { return false };
    matches!(Command::of(&text.text), Some(Command::Errand(Errand::Link(_))))
}

/// Links the account, or says what has to be answered.
pub(super) async fn link(core: &Arc<Core>, owner: &Passport, words: &Private) -> String {
    let linking = Linking::of(core);
    let (network, rest) = words.0.split_once(char::is_whitespace).unwrap_or((&words.0, ""));
    let steps = match linking.steps(network) {
        Ok(steps) => steps,
        Err(fault) => return told(&fault, network),
    };
    match answers(&steps, rest) {
        None => asked(network, &steps),
        Some(answers) => match linking.link(owner, network, answers).await {
            Ok(status) => format!("You are linked to {network}: {}", described(&status)),
            Err(fault) => told(&fault, network),
        },
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
            let line = |LinkLine { network, status }: &LinkLine| format!("{network}: {}", described(status));
            links.iter().map(line).collect::<Vec<_>>().join("\n")
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

/// The answers in the order of the steps: a word to each, and all the rest to the last. `None` if something is not answered.
fn answers(steps: &[LinkStep], words: &str) -> Option<BTreeMap<String, String>> {
    let mut rest = words.trim();
    let (last, first) = steps.split_last()?;
    let mut answers = BTreeMap::new();
    for step in first {
        let (answer, after) = rest.split_once(char::is_whitespace)?;
        answers.insert(step.key.to_owned(), answer.to_owned());
        rest = after.trim_start();
    }
    answers.insert(last.key.to_owned(), rest.to_owned());
    (!rest.is_empty()).then_some(answers)
}

/// What has to be answered, and how.
fn asked(network: &str, steps: &[LinkStep]) -> String {
    let asks: Vec<&str> = steps.iter().map(|step| step.ask.as_str()).collect();
    let words: Vec<String> = steps.iter().map(|step| step.key.to_uppercase()).collect();
    format!("{}\nSay then: link {network} {}", asks.join("\n"), words.join(" "))
}

/// As whom, how it is, and what works less well than it could.
fn described(status: &LinkStatus) -> String {
    let state = match &status.state {
        LinkState::Connecting => "it connects".to_owned(),
        LinkState::Connected => "it works".to_owned(),
        LinkState::Failed { reason } => format!("it has stopped, because {reason}; link anew"),
    };
    let mut lines = vec![format!("as {}; {state}.", status.identity)];
    lines.extend(status.notes.iter().cloned());
    lines.join("\n")
}

/// Why it was not done. What the user said is not in it: they may have put the secret anywhere.
fn told(fault: &LinkFault, network: &str) -> String {
    match fault {
        LinkFault::NoNetwork(names) if names.is_empty() => {
            "Nobody links to the networks of this server by hand.".to_owned()
        }
        LinkFault::NoNetwork(names) => {
            let names: Vec<&str> = names.iter().map(NetworkName::as_str).collect();
            format!("Say to which network first, one of: {}.", names.join(", "))
        }
        LinkFault::Failed(failure) => match network.parse::<NetworkName>() {
            Ok(network) => in_vain(&network, failure),
            Err(_) => format!("That did not work: {failure}."),
        },
        LinkFault::NotLinked(network) => format!("You are not linked to {network}."),
        LinkFault::Unanswered(step) => step.ask.clone(),
        LinkFault::UnderWay => "You are just being linked or unlinked there; wait for what comes of it.".to_owned(),
        LinkFault::TooOften => "You try that too often: wait a minute.".to_owned(),
        LinkFault::TooSlow => "The network did not answer in time; say \"links\" a little later.".to_owned(),
        LinkFault::Store(_) | LinkFault::NoAccount(_) => super::NO_DATABASE.to_owned(),
        LinkFault::TooLong(_) | LinkFault::NotAsked { .. } => format!("That did not work: {fault}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(key: &'static str) -> LinkStep {
        LinkStep { key, ask: format!("What is the {key}?"), secret: key == "token" }
    }

    #[test]
    fn answers_stand_in_the_order_of_the_steps() {
        let of = |steps: &[LinkStep], words: &str| {
            answers(steps, words).map(|answers| answers.into_iter().collect::<Vec<_>>())
        };
        let pair = |key: &str, answer: &str| (key.to_owned(), answer.to_owned());
        assert_eq!(of(&[step("token")], " s3cret "), Some(vec![pair("token", "s3cret")]));
        assert_eq!(of(&[step("token")], ""), None);
        let two = [step("token"), step("where")];
        assert_eq!(
            of(&two, "s3cret  my own place"),
            Some(vec![pair("token", "s3cret"), pair("where", "my own place")])
        );
        assert_eq!(of(&two, "s3cret"), None, "the second is not answered");
        assert_eq!(asked("net", &two), "What is the token?\nWhat is the where?\nSay then: link net TOKEN WHERE");
    }

    #[test]
    fn what_begins_a_link_is_private() {
        for said in ["link net s3cret", " LINK\tnet", "Link", "lin\u{212a} net s3cret"] {
            assert!(is_private(&Content::text(said)), "{said:?}");
        }
        for said in ["links", "unlink net", "linker", ""] {
            assert!(!is_private(&Content::text(said)), "{said:?}");
        }
        assert!(!is_private(&Content::Nudge));
    }

    #[test]
    fn a_status_names_who_how_and_what_is_less() {
        let state = LinkState::Failed { reason: "the token was taken back".to_owned() };
        let status = LinkStatus { identity: "bot#1".to_owned(), state, notes: vec!["Nobody is seen.".to_owned()] };
        let wanted = "as bot#1; it has stopped, because the token was taken back; link anew.\nNobody is seen.";
        assert_eq!(described(&status), wanted);
    }
}
