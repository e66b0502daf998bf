//! What is wrong with the set-up, for `chrysalis check`.

use std::time::Duration;

use bridge::{Admission, Fault};

use crate::{
    bots::lack,
    configuration::Settings,
    gateway::Intent,
    rest::{BotRest, Rest, RestFailure},
};

/// How long all questions together may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// What to do when it cannot be reached.
const REACH: &str = "see whether this computer reaches the internet, and api_base";

/// Everything that is wrong. Without a relay there is nothing to ask.
pub(crate) async fn check(settings: &Settings, rest: &Rest) -> Vec<Fault> {
    let Some(token) = settings.relay.clone() else { return Vec::new() };
    let asked = tokio::time::timeout(PATIENCE, ask(&rest.of(token))).await;
    asked.unwrap_or_else(|_| vec![fault("api_base", "Discord does not answer".to_owned(), REACH)])
}

/// Whether Discord takes the relay's token. Without a relay there is nothing to ask.
pub(crate) async fn admission(settings: &Settings, rest: &Rest) -> Admission {
    let Some(token) = settings.relay.clone() else { return Admission::Given };
    let relay = rest.of(token);
    match tokio::time::timeout(PATIENCE, relay.me()).await {
        Ok(Ok(_)) => Admission::Given,
        Ok(Err(failure @ RestFailure::Unauthorized)) => Admission::Refused(stranger(&failure)),
        Ok(Err(failure)) => Admission::Unreachable(stranger(&failure)),
        Err(_) => Admission::Unreachable(fault("api_base", "Discord does not answer".to_owned(), REACH)),
    }
}

/// What it means when Discord does not say who the relay is.
fn stranger(failure: &RestFailure) -> Fault {
    match failure {
        RestFailure::Unauthorized => {
            let mend =
                "copy the bot's token anew from the page \"Bot\" of its application at https://discord.com/developers";
            fault("token", "Discord does not take it".to_owned(), mend)
        }
        RestFailure::NotSent { .. }
        | RestFailure::Unknown { .. }
        | RestFailure::Limited { .. }
        | RestFailure::Refused { .. } => fault("api_base", failure.to_string(), REACH),
    }
}

async fn ask(relay: &BotRest) -> Vec<Fault> {
    let me = match relay.me().await {
        Ok(me) => me,
        Err(failure) => return vec![stranger(&failure)],
    };
    let mut faults = Vec::new();
    if !me.bot {
        faults.push(fault("token", "it is a person's".to_owned(), "make a bot, and give its token"));
    }
    match relay.application().await {
        Ok(application) => {
            let allowed = [
                (Intent::Members, application.may_see_members()),
                (Intent::Presences, application.may_see_presences()),
                (Intent::MessageContent, application.may_read()),
            ];
            for (intent, _) in allowed.into_iter().filter(|(_, is_allowed)| !is_allowed) {
                let mend = "switch it on, or live without";
                faults.push(fault("token", lack(intent).trim_end_matches('.').to_owned(), mend));
            }
        }
        Err(failure) => faults.push(fault("token", failure.to_string(), "try again later")),
    }
    match relay.gateway().await {
        Ok(gateway) if gateway.shards > 1 => {
            let problem = format!("the bot is in so many servers that it needs {} connections", gateway.shards);
            faults.push(fault("token", problem, "use a bot of fewer servers: one connection is all that is made here"));
        }
        Ok(_) => {}
        Err(failure) => faults.push(fault("token", failure.to_string(), "try again later")),
    }
    faults
}

fn fault(subject: &str, problem: String, mend: &str) -> Fault {
    Fault { subject: subject.to_owned(), problem, mend: mend.to_owned() }
}
