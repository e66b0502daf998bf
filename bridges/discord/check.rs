//! What is wrong with the set-up, for `chrysalis check`.

use std::time::Duration;

use bridge::Fault;

use crate::{
    bots::lack,
    configuration::Settings,
    gateway::Intent,
    rest::{BotRest, Rest, RestFailure},
};

/// How long all questions together may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that is wrong. Without a relay there is nothing to ask.
pub(crate) async fn check(settings: &Settings, rest: &Rest) -> Vec<Fault> {
    let Some(token) = settings.relay.clone() else { return Vec::new() };
    let asked = tokio::time::timeout(PATIENCE, ask(&rest.of(token))).await;
    asked.unwrap_or_else(|_| {
        let mend = "see whether this computer reaches the internet, and api_base";
        vec![fault("api_base", "Discord does not answer".to_owned(), mend)]
    })
}

async fn ask(relay: &BotRest) -> Vec<Fault> {
    let me = match relay.me().await {
        Ok(me) => me,
        Err(RestFailure::Unauthorized) => {
            let mend =
                "copy the bot's token anew from the page \"Bot\" of its application at https://discord.com/developers";
            return vec![fault("token", "Discord does not take it".to_owned(), mend)];
        }
        Err(failure) => {
            let mend = "see whether this computer reaches the internet, and api_base";
            return vec![fault("api_base", failure.to_string(), mend)];
        }
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
