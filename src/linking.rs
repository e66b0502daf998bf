//! `chrysalis link`: the links that accounts make themselves, by way of the running server, whose networks make them.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write as _};

use bridge::LinkState;
use server::{
    LinkLine,
    control::{Answer, AskedStep, Client, Request},
};

use crate::{configuration::Configuration, running::Outcome};

/// Connects to the running server.
async fn connect(configuration: &Configuration) -> Result<Client, Outcome> {
    let directory = configuration.data_directory.display();
    match Client::connect(&configuration.data_directory).await {
        Ok(Some(client)) => Ok(client),
        Ok(None) => Err(Outcome::Unusable(format!(
            "no server runs on {directory}, and links are made by the running server: start it with `chrysalis run`"
        ))),
        Err(fault) => Err(Outcome::Unusable(format!(
            "cannot speak to the server that runs on {directory}: {fault}; run this as the user who runs it"
        ))),
    }
}

/// Asks, and sorts out what is no answer to it.
async fn ask(client: &mut Client, request: &Request) -> Result<Answer, Outcome> {
    let faulty = |fault: String| Err(Outcome::Faulty(vec![fault]));
    match client.ask(request).await {
        Ok(Answer::Failed(fault)) => faulty(fault),
        Ok(Answer::NotUnderstood(_)) => faulty(another_version()),
        Ok(answer) => Ok(answer),
        Err(fault) => faulty(format!("the running server did not answer: {fault}; look at its log")),
    }
}

fn another_version() -> String {
    "the running server is of another version; restart it".to_owned()
}

/// Links an account by its answers: `given` are `KEY=VALUE`, and `from_input` names the one that stands on standard input.
pub(crate) async fn add(
    configuration: &Configuration,
    passport: String,
    network: String,
    given: &[String],
    from_input: Option<String>,
) -> Outcome {
    match try_to_add(configuration, passport, network, given, from_input).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn try_to_add(
    configuration: &Configuration,
    passport: String,
    network: String,
    given: &[String],
    from_input: Option<String>,
) -> Result<Outcome, Outcome> {
    let mut client = connect(configuration).await?;
    let Answer::Steps(steps) = ask(&mut client, &Request::LinkSteps { network: network.clone() }).await? else {
        return Err(Outcome::Faulty(vec![another_version()]));
    };
    // Looked at before the secret is read: nobody types one in vain.
    let mut answers = answers(&steps, given, from_input.as_deref()).map_err(Outcome::Unusable)?;
    if let Some(key) = from_input {
        answers.insert(key, first_line()?);
    }
    let linked = ask(&mut client, &Request::Link { passport: passport.clone(), network, answers }).await?;
    let Answer::Links(lines) = linked else { return Err(Outcome::Faulty(vec![another_version()])) };
    let mut out = io::stdout().lock();
    for LinkLine { network, status } in lines {
        let _ = writeln!(out, "{passport} is linked to {network} as {}", status.identity);
        for note in status.notes {
            let _ = writeln!(out, "{note}");
        }
    }
    Ok(Outcome::Done)
}

/// The answers that are given as they are; or in one line what is missing, or given where it should not be.
fn answers(
    steps: &[AskedStep],
    given: &[String],
    from_input: Option<&str>,
) -> Result<BTreeMap<String, String>, String> {
    let asked = |key: &str| {
        let step = steps.iter().find(|step| step.key == key);
        step.ok_or_else(|| {
            let keys: Vec<&str> = steps.iter().map(|step| step.key.as_str()).collect();
            format!("this network does not ask for {key}; it asks for {}", keys.join(", "))
        })
    };
    let mut answers = BTreeMap::new();
    for answer in given {
        let (key, value) = answer
            .split_once('=')
            .ok_or("--answer: has no `=`; write the name of what is asked, `=`, and the answer".to_owned())?;
        if asked(key)?.secret {
            return Err(format!(
                "{key} is a secret, and what stands on a command line is seen by others: give it by --{key}-stdin"
            ));
        }
        answers.insert(key.to_owned(), value.to_owned());
    }
    if let Some(key) = from_input {
        asked(key)?;
    }
    let is_given = |step: &&AskedStep| answers.contains_key(&step.key) || from_input == Some(step.key.as_str());
    match steps.iter().find(|step| !is_given(step)) {
        None => Ok(answers),
        Some(AskedStep { key, ask, secret: true }) => Err(format!("{ask} Give it by --{key}-stdin")),
        Some(AskedStep { key, ask, secret: false }) => Err(format!("{ask} Give it by --answer {key}=…")),
    }
}

fn first_line() -> Result<String, Outcome> {
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(_) => Ok(line.trim().to_owned()),
        Err(fault) => Err(Outcome::Unusable(format!("cannot read the answer from standard input: {fault}"))),
    }
}

/// Lists an account's links.
pub(crate) async fn list(configuration: &Configuration, passport: String, json: bool) -> Outcome {
    let mut client = match connect(configuration).await {
        Ok(client) => client,
        Err(outcome) => return outcome,
    };
    let lines = match ask(&mut client, &Request::Links { passport }).await {
        Ok(Answer::Links(lines)) => lines,
        Ok(_) => return Outcome::Faulty(vec![another_version()]),
        Err(outcome) => return outcome,
    };
    let mut out = io::stdout().lock();
    let written = if json {
        serde_json::to_string_pretty(&lines).map_err(io::Error::other).and_then(|text| writeln!(out, "{text}"))
    } else {
        lines.iter().try_for_each(|LinkLine { network, status }| {
            writeln!(out, "{network}\t{}\t{}", status.identity, word_of(&status.state))?;
            status.notes.iter().try_for_each(|note| writeln!(out, "\t{note}"))
        })
    };
    match written {
        Ok(()) => Outcome::Done,
        Err(fault) => Outcome::Unusable(format!("cannot write the list: {fault}")),
    }
}

fn word_of(state: &LinkState) -> String {
    match state {
        LinkState::Connecting => "connecting".to_owned(),
        LinkState::Connected => "connected".to_owned(),
        LinkState::Failed { reason } => format!("failed: {reason}"),
    }
}

/// Ends an account's link.
pub(crate) async fn remove(configuration: &Configuration, passport: String, network: String) -> Outcome {
    let mut client = match connect(configuration).await {
        Ok(client) => client,
        Err(outcome) => return outcome,
    };
    let done = format!("{passport} is no longer linked to {network}");
    match ask(&mut client, &Request::Unlink { passport, network }).await {
        Ok(_) => {
            println!("{done}");
            Outcome::Done
        }
        Err(outcome) => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(key: &str, secret: bool) -> AskedStep {
        AskedStep { key: key.to_owned(), ask: format!("What is the {key}?"), secret }
    }

    #[test]
    fn a_secret_comes_from_standard_input_and_the_rest_from_the_line() {
        let steps = [step("token", true), step("place", false)];
        let of = |given: &[&str], from_input| {
            let given: Vec<String> = given.iter().map(ToString::to_string).collect();
            answers(&steps, &given, from_input)
        };
        let given = of(&["place=here = there"], Some("token")).unwrap();
        assert_eq!(given.into_iter().collect::<Vec<_>>(), [("place".to_owned(), "here = there".to_owned())]);
        assert!(of(&["place=here"], None).unwrap_err().ends_with("What is the token? Give it by --token-stdin"));
        assert!(of(&[], Some("token")).unwrap_err().ends_with("--answer place=…"));
        assert!(of(&["place"], Some("token")).unwrap_err().contains("has no `=`"));
        assert!(of(&["plaec=x"], Some("token")).unwrap_err().ends_with("it asks for token, place"));
        let fault = of(&["token=s3cret"], None).unwrap_err();
        assert!(fault.contains("--token-stdin") && !fault.contains("s3cret"), "{fault}");
    }
}
