//! How links, ways to make them, and what can be done with them are put into words.

use bridge::{LinkState, LinkStatus, LinkStep, LinkTask, LinkWay, Through};
use domain::NetworkName;

use super::super::{NO_DATABASE, errands::in_vain};
use crate::linking::LinkFault;

/// What has to be answered, and how: `words` begin what is to be said.
pub(super) fn asked(steps: &[LinkStep], words: &str) -> String {
    if steps.is_empty() {
        return format!("Nothing is asked for that. Say just: {words}");
    }
    let asks: Vec<&str> = steps.iter().map(|step| step.ask.as_str()).collect();
    format!("{}\nSay then: {words} {}", asks.join("\n"), places(steps))
}

/// What stands for the answers where it is shown how they are said.
fn places(steps: &[LinkStep]) -> String {
    steps.iter().map(|step| step.key.to_uppercase()).collect::<Vec<_>>().join(" ")
}

/// The ways to link, and how each is gone; `page` is a web page where all of them can be.
pub(super) fn ways_in_words(network: &str, ways: &[LinkWay], page: Option<&str>) -> String {
    let said: Vec<&LinkWay> = ways.iter().filter(|way| way.through == Through::Answers).collect();
    let on_page = |begin: &str| match page {
        Some(page) => {
            format!("{begin} on this page, which is for you alone, for a quarter of an hour, and links once:\n{page}")
        }
        None => format!("{begin} in these ways:"),
    };
    match (said.as_slice(), page) {
        ([], None) => {
            return format!(
                "Links to {network} are made on a web page, and this server's pages are not reached by https: ask whoever runs it."
            );
        }
        ([], Some(_)) => return on_page(&format!("You are linked to {network}")),
        ([way], _) if ways.len() == 1 => {
            let asked = asked(&way.steps, &format!("link {network}"));
            return if page.is_some() { format!("{asked}\n{}", on_page("Or answer")) } else { asked };
        }
        _ => {}
    }
    let mut lines = vec![on_page(&format!("You can be linked to {network}"))];
    if page.is_some() {
        lines.push("Or tell me here:".to_owned());
    }
    for (place, way) in said.into_iter().enumerate() {
        // The first is what is meant where no way is named.
        let words = match way.steps.split_last() {
            Some((last, first)) if place > 0 => {
                let words = [places(first), way.key.to_owned(), last.key.to_uppercase()];
                words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
            }
            Some(_) | None => places(&way.steps),
        };
        lines.push(format!("- {} Say: link {network} {words}", way.says));
        lines.extend(way.steps.iter().map(|step| format!("  {}: {}", step.key.to_uppercase(), step.ask)));
    }
    lines.join("\n")
}

/// What can be done with a link; `page` is a web page where it can be, too.
pub(super) fn listed(network: &str, tasks: &[LinkTask], page: Option<&str>) -> String {
    if tasks.is_empty() {
        return format!(
            "There is nothing to do with a link to {network}. Say \"links\" to see yours, or \"link {network}\" to make one."
        );
    }
    let mut lines = vec![format!("With your link to {network} you can say:")];
    for LinkTask { key, says, steps, .. } in tasks {
        let words = if steps.is_empty() { String::new() } else { format!(" {}", places(steps)) };
        lines.push(format!("{network} {key}{words} - {says}"));
    }
    if let Some(page) = page {
        lines.push(format!("Or do it on this page, which is for you alone, for a quarter of an hour:\n{page}"));
    }
    lines.join("\n")
}

/// As whom, how it is, and what works less well than it could.
pub(super) fn described(status: &LinkStatus) -> String {
    let state = match &status.state {
        LinkState::Connecting => "it connects.".to_owned(),
        LinkState::Connected => "it works.".to_owned(),
        LinkState::Waiting { ask } => format!("it waits. {ask}"),
        LinkState::Failed { reason } => format!("it has stopped, because {reason}; link anew."),
    };
    let mut lines = vec![format!("as {}; {state}", status.identity)];
    lines.extend(status.notes.iter().cloned());
    lines.join("\n")
}

/// Why it was not done. What the user said is not in it: they may have put the secret anywhere.
pub(super) fn told(fault: &LinkFault, network: &str) -> String {
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
        LinkFault::Unanswered { step, .. } => step.ask.clone(),
        LinkFault::UnderWay => "You are just being linked or unlinked there; wait for what comes of it.".to_owned(),
        LinkFault::TooOften => "You try that too often: wait a minute.".to_owned(),
        LinkFault::TooSlow => "The network did not answer in time; say \"links\" a little later.".to_owned(),
        LinkFault::Store(_) | LinkFault::NoAccount(_) => NO_DATABASE.to_owned(),
        LinkFault::TooLong(_)
        | LinkFault::NotAsked { .. }
        | LinkFault::WhichWay(_)
        | LinkFault::Browser(_)
        | LinkFault::NoTask(_)
        | LinkFault::NoPage
        | LinkFault::PageUsed
        | LinkFault::NothingBrought => format!("That did not work: {fault}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(key: &'static str) -> LinkStep {
        LinkStep { key, ask: format!("What is the {key}?"), secret: key == "token" }
    }

    fn way(key: &'static str, steps: &[&'static str], through: Through) -> LinkWay {
        LinkWay { key, says: format!("By {key}."), steps: steps.iter().map(|key| step(key)).collect(), through }
    }

    #[test]
    fn one_way_is_asked_for_and_several_are_listed() {
        let ways = [
            way("password", &["user", "password"], Through::Answers),
            way("token", &["user", "token"], Through::Answers),
            way("sso", &["user"], Through::Browser { returned: "loginToken" }),
        ];
        let one = ways_in_words("net", &ways[..1], None);
        assert_eq!(one, "What is the user?\nWhat is the password?\nSay then: link net USER PASSWORD");
        let paged = ways_in_words("net", &ways[..1], Some("https://x"));
        assert!(
            paged.starts_with(&format!("{one}\nOr answer on this page,")) && paged.ends_with(":\nhttps://x"),
            "{paged}"
        );
        let both = "- By password. Say: link net USER PASSWORD\n  USER: What is the user?\n  PASSWORD: What is the password?\n\
                    - By token. Say: link net USER token TOKEN\n  USER: What is the user?\n  TOKEN: What is the token?";
        let told = ways_in_words("net", &ways, None);
        assert_eq!(told, format!("You can be linked to net in these ways:\n{both}"));
        let told = ways_in_words("net", &ways, Some("https://a.example/link/x"));
        assert!(told.starts_with("You can be linked to net on this page,"), "{told}");
        assert!(told.ends_with(&format!(":\nhttps://a.example/link/x\nOr tell me here:\n{both}")), "{told}");
        let told = ways_in_words("net", &ways[2..], Some("https://a.example/link/x"));
        assert!(told.ends_with("https://a.example/link/x"), "{told}");
        assert!(ways_in_words("net", &ways[2..], None).contains("not reached by https"));
    }

    #[test]
    fn what_can_be_done_is_listed_with_how_it_is_said() {
        let task = |key, steps: &[&'static str]| {
            let steps = steps.iter().map(|key| step(key)).collect();
            LinkTask::plain(key, "Do", format!("Does {key}.")).asking(steps)
        };
        let tasks = [task("verify", &[]), task("recovery", &["key"])];
        assert_eq!(
            listed("net", &tasks, None),
            "With your link to net you can say:\nnet verify - Does verify.\nnet recovery KEY - Does recovery."
        );
        assert!(listed("net", &tasks, Some("https://x")).ends_with("hour:\nhttps://x"));
        assert!(listed("net", &[], None).contains("\"link net\" to make one"));
        assert_eq!(asked(&tasks[1].steps, "net recovery"), "What is the key?\nSay then: net recovery KEY");
        assert_eq!(asked(&[], "net verify"), "Nothing is asked for that. Say just: net verify");
    }

    #[test]
    fn a_status_names_who_how_and_what_is_less() {
        let of = |state| {
            described(&LinkStatus { identity: "bot#1".to_owned(), state, notes: vec!["Nobody is seen.".to_owned()] })
        };
        let wanted = "as bot#1; it has stopped, because the token was taken back; link anew.\nNobody is seen.";
        assert_eq!(of(LinkState::Failed { reason: "the token was taken back".to_owned() }), wanted);
        let waits = of(LinkState::Waiting { ask: "Somebody has to let you in.".to_owned() });
        assert_eq!(waits, "as bot#1; it waits. Somebody has to let you in.\nNobody is seen.");
    }
}
