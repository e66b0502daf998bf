//! What a network asks of whoever links an account, as options of the command line.

use std::fmt::Write as _;

use bridge::LinkAnswers;
use server::control::{Asked, AskedStep};

use crate::command_line::Answers;

/// The way of that name, or without one the only way that asks for all that is answered; in an error, how an answer is given.
pub(crate) fn way<'a>(ways: &'a [Asked], name: Option<&str>, given: &Answers) -> Result<&'a Asked, String> {
    let keys = keys(given)?;
    if let Some(key) = keys.iter().find(|key| ways.iter().all(|way| !asks(way, key))) {
        return Err(format!("this network does not ask for {key}; the ways are:\n{}", described(ways).trim_end()));
    }
    let which = || format!("say in which way it is to be linked:\n{}", described(ways).trim_end());
    let chosen = if let Some(name) = name {
        ways.iter().find(|way| way.key == name).ok_or_else(which)?
    } else {
        let fitting = || ways.iter().filter(|way| !way.in_browser && keys.iter().all(|key| asks(way, key)));
        let exact = fitting().find(|way| way.steps.len() == keys.len());
        let only = fitting().next().filter(|_| fitting().nth(1).is_none());
        exact.or(only).ok_or_else(which)?
    };
    if chosen.in_browser {
        return Err(format!(
            "{} goes by a web page alone: say \"link\" and the network to Chrysalis in Messenger, and open the page it names",
            chosen.key
        ));
    }
    Ok(chosen)
}

/// The task of that name; in an error, what there is to do.
pub(crate) fn task<'a>(tasks: &'a [Asked], name: &str, given: &Answers) -> Result<&'a Asked, String> {
    keys(given)?;
    if tasks.is_empty() {
        return Err("there is nothing to do with this link".to_owned());
    }
    let unknown = || format!("there is nothing called {name} to do; there is:\n{}", described(tasks).trim_end());
    tasks.iter().find(|task| task.key == name).ok_or_else(unknown)
}

/// The answers that are given as they are; or what is missing, or given where it should not be.
pub(crate) fn answers(steps: &[AskedStep], given: &Answers) -> Result<LinkAnswers, String> {
    let mut answers = LinkAnswers::new();
    for answer in &given.answer {
        let (key, value) = pair(answer)?;
        if step(steps, key)?.secret {
            return Err(format!(
                "{key} is a secret, and what stands on a command line is seen by others: give it by --{key}-stdin"
            ));
        }
        answers.insert(key.to_owned(), value.to_owned());
    }
    let from_input = given.answer_stdin.as_deref();
    if let Some(key) = from_input {
        step(steps, key)?;
    }
    let is_given = |step: &&AskedStep| answers.contains_key(&step.key) || from_input == Some(step.key.as_str());
    match steps.iter().find(|step| !is_given(step)) {
        None => Ok(answers),
        Some(missing) => Err(format!("{} Give it by {}", missing.ask, option(missing))),
    }
}

/// Ways or tasks, each with the options by which its answers are given.
pub(crate) fn described(asked: &[Asked]) -> String {
    let mut text = String::new();
    for Asked { key, says, steps, in_browser } in asked {
        let place = if *in_browser { " (on a web page alone)" } else { "" };
        let _ = writeln!(text, "{key}{place}: {says}");
        for step in steps.iter().filter(|_| !in_browser) {
            let _ = writeln!(text, "    {}  {}", option(step), step.ask);
        }
    }
    text
}

fn option(AskedStep { key, secret, .. }: &AskedStep) -> String {
    if *secret { format!("--{key}-stdin") } else { format!("--{key} …") }
}

fn asks(asked: &Asked, key: &str) -> bool {
    asked.steps.iter().any(|step| step.key == key)
}

fn step<'a>(steps: &'a [AskedStep], key: &str) -> Result<&'a AskedStep, String> {
    let step = steps.iter().find(|step| step.key == key);
    step.ok_or_else(|| {
        if steps.is_empty() {
            return format!("{key} is not asked, and nothing else is");
        }
        let keys: Vec<&str> = steps.iter().map(|step| step.key.as_str()).collect();
        format!("{key} is not asked; what is asked is {}", keys.join(", "))
    })
}

/// The names of all that is answered.
fn keys(given: &Answers) -> Result<Vec<&str>, String> {
    let mut keys = given.answer.iter().map(|answer| pair(answer).map(|(key, _)| key)).collect::<Result<Vec<_>, _>>()?;
    keys.extend(given.answer_stdin.as_deref());
    Ok(keys)
}

fn pair(answer: &str) -> Result<(&str, &str), String> {
    answer.split_once('=').ok_or_else(|| format!("--{answer} has no answer: write it after it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(key: &str, steps: &[&str]) -> Asked {
        let step = |key: &&str| AskedStep {
            key: (*key).to_owned(),
            ask: format!("What is the {key}?"),
            secret: matches!(*key, "token" | "password"),
        };
        let (steps, in_browser) = (steps.iter().map(step).collect(), key == "sso");
        Asked { key: key.to_owned(), says: format!("By {key}."), steps, in_browser }
    }

    fn given(answer: &[&str], from_input: Option<&str>) -> Answers {
        let answer = answer.iter().map(ToString::to_string).collect();
        Answers { answer, answer_stdin: from_input.map(str::to_owned) }
    }

    #[test]
    fn a_way_is_chosen_before_a_secret_is_read() {
        let ways =
            [asked("password", &["user", "password"]), asked("token", &["user", "token"]), asked("sso", &["user"])];
        let of = |name: Option<&str>, answer: &[&str], from_input| {
            way(&ways, name, &given(answer, from_input)).map(|way| way.key.as_str())
        };
        assert_eq!(of(None, &["user=ann"], Some("token")), Ok("token"));
        assert_eq!(of(None, &[], Some("password")), Ok("password"), "what is missing is said later");
        assert_eq!(of(Some("token"), &["user=ann"], None), Ok("token"));
        let which = of(None, &["user=ann"], None).unwrap_err();
        assert!(
            which.contains("token: By token.\n    --user …  What is the user?\n    --token-stdin  What"),
            "{which}"
        );
        assert!(which.ends_with("sso (on a web page alone): By sso."), "{which}");
        assert_eq!(of(Some("pigeon"), &[], None).unwrap_err(), of(None, &[], None).unwrap_err());
        assert!(
            of(None, &["tokn=x"], None).unwrap_err().starts_with("this network does not ask for tokn; the ways are:\n")
        );
        assert!(of(Some("sso"), &["user=ann"], None).unwrap_err().contains("web page alone"));
        assert_eq!(of(None, &["user"], None).unwrap_err(), "--user has no answer: write it after it");
    }

    #[test]
    fn a_secret_comes_from_standard_input_and_the_rest_from_the_line() {
        let steps = asked("t", &["token", "place"]).steps;
        let of = |answer: &[&str], from_input| answers(&steps, &given(answer, from_input));
        let read = of(&["place=here = there"], Some("token")).unwrap();
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("place".to_owned(), "here = there".to_owned())]);
        assert_eq!(of(&["place=here"], None).unwrap_err(), "What is the token? Give it by --token-stdin");
        assert!(of(&[], Some("token")).unwrap_err().ends_with("--place …"));
        assert!(of(&["plaec=x"], Some("token")).unwrap_err().ends_with("what is asked is token, place"));
        let fault = of(&["token=s3cret"], None).unwrap_err();
        assert!(fault.contains("--token-stdin") && !fault.contains("s3cret"), "{fault}");
    }

    #[test]
    fn a_task_is_named() {
        let tasks = [asked("wave", &[]), asked("recover", &["token"])];
        assert_eq!(task(&tasks, "recover", &given(&[], None)).unwrap().key, "recover");
        let fault = task(&tasks, "dance", &given(&[], None)).unwrap_err();
        assert!(fault.starts_with("there is nothing called dance to do; there is:\nwave: By wave."), "{fault}");
        assert_eq!(answers(&tasks[0].steps, &given(&[], None)), Ok(LinkAnswers::new()));
        assert_eq!(
            answers(&tasks[0].steps, &given(&["a=b"], None)).unwrap_err(),
            "a is not asked, and nothing else is"
        );
    }
}
