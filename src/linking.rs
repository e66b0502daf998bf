//! `chrysalis link`: the links that accounts make themselves, by way of the running server, whose networks make them.

use std::io::{self, BufRead, Write as _};

use bridge::{LinkAnswers, LinkState};
use server::{
    LinkLine,
    control::{Answer, Asked, AskedStep, Client, Request},
};

use crate::{
    answering,
    command_line::Answers,
    configuration::Configuration,
    running::Outcome,
    saying::{say, say_text},
    terminal,
};

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

/// Links an account by its answers, in the way of that name or in that which asks for them.
pub(crate) async fn add(
    configuration: &Configuration,
    passport: String,
    network: String,
    way: Option<String>,
    answers: Answers,
) -> Outcome {
    let attempt = async {
        let mut client = connect(configuration).await?;
        let ways = asked(&mut client, Request::LinkWays { network: network.clone() }).await?;
        // Looked at before the secret is read: nobody types one in vain.
        let chosen = answering::way(&ways, way.as_deref(), &answers).map_err(Outcome::Unusable)?;
        let answers = read(&chosen.steps, &answers)?;
        let request = Request::Link { passport: passport.clone(), network, way: Some(chosen.key.clone()), answers };
        let Answer::Links(lines) = ask(&mut client, &request).await? else {
            return Err(Outcome::Faulty(vec![another_version()]));
        };
        let mut out = io::stdout().lock();
        for LinkLine { network, status } in lines {
            let says = format!("{passport} is linked to {network} as {}", status.identity);
            let _ = writeln!(out, "{}", terminal::line(&says));
            if let LinkState::Waiting { ask } = &status.state {
                let _ = writeln!(out, "{}", terminal::lines(ask));
            }
            for note in status.notes {
                let _ = writeln!(out, "{}", terminal::lines(&note));
            }
        }
        Ok(Outcome::Done)
    };
    either(attempt.await)
}

/// Does something with an account's link, or lists what can be done.
pub(crate) async fn perform(
    configuration: &Configuration,
    passport: String,
    network: String,
    task: Option<String>,
    answers: Answers,
) -> Outcome {
    let attempt = async {
        let mut client = connect(configuration).await?;
        let request = Request::LinkTasks { passport: passport.clone(), network: network.clone() };
        let tasks = asked(&mut client, request).await?;
        let Some(task) = task else {
            if tasks.is_empty() {
                say!(
                    "there is nothing to do with a link of {passport} to {network}; `chrysalis link list` shows what it has"
                );
            } else {
                say_text!("{}", terminal::lines(&answering::described(&tasks)));
            }
            return Ok(Outcome::Done);
        };
        let chosen = answering::task(&tasks, &task, &answers).map_err(Outcome::Unusable)?;
        let answers = read(&chosen.steps, &answers)?;
        let request = Request::Perform { passport, network, task: chosen.key.clone(), answers };
        let Answer::Said(said) = ask(&mut client, &request).await? else {
            return Err(Outcome::Faulty(vec![another_version()]));
        };
        say!("{}", terminal::lines(&said));
        Ok(Outcome::Done)
    };
    either(attempt.await)
}

/// Lists the ways in which accounts are linked to a network.
pub(crate) async fn ways(configuration: &Configuration, network: String) -> Outcome {
    let attempt = async {
        let mut client = connect(configuration).await?;
        let ways = asked(&mut client, Request::LinkWays { network }).await?;
        say_text!("{}", terminal::lines(&answering::described(&ways)));
        Ok(Outcome::Done)
    };
    either(attempt.await)
}

fn either(outcome: Result<Outcome, Outcome>) -> Outcome {
    match outcome {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

/// What the server says can be done.
async fn asked(client: &mut Client, request: Request) -> Result<Vec<Asked>, Outcome> {
    match ask(client, &request).await? {
        Answer::Asked(asked) => Ok(asked),
        _ => Err(Outcome::Faulty(vec![another_version()])),
    }
}

/// All answers to these steps, with the one that stands on standard input.
fn read(steps: &[AskedStep], given: &Answers) -> Result<LinkAnswers, Outcome> {
    let mut answers = answering::answers(steps, given).map_err(Outcome::Unusable)?;
    if let Some(key) = &given.answer_stdin {
        answers.insert(key.clone(), first_line()?);
    }
    Ok(answers)
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
    let none = format!("{passport} has made no links; `chrysalis link ways NETWORK` says how one is made");
    let lines = match ask(&mut client, &Request::Links { passport }).await {
        Ok(Answer::Links(lines)) => lines,
        Ok(_) => return Outcome::Faulty(vec![another_version()]),
        Err(outcome) => return outcome,
    };
    let mut out = io::stdout().lock();
    let written = if json {
        serde_json::to_string_pretty(&lines)
            .map_err(io::Error::other)
            .and_then(|text| writeln!(out, "{}", terminal::json(&text)))
    } else if lines.is_empty() {
        writeln!(out, "{none}")
    } else {
        lines.iter().try_for_each(|LinkLine { network, status }| {
            let (identity, state) = (&status.identity, word_of(&status.state));
            writeln!(out, "{}\t{}\t{}", terminal::line(network), terminal::line(identity), terminal::line(&state))?;
            status.notes.iter().try_for_each(|note| writeln!(out, "\t{}", terminal::line(note)))
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
        LinkState::Waiting { ask } => format!("waiting: {ask}"),
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
            say!("{done}");
            Outcome::Done
        }
        Err(outcome) => outcome,
    }
}
