//! How the whole server is, on a page for those who run it.

use std::time::Duration;

use bridge::{Action, Standing};
use domain::{Passport, Timestamp};
use store::{OrderId, ParkedFilter, ParkedOrder};

use super::{Portal, PortalFault, Visit, admin::is_for};
use crate::{
    administration::AccountLine,
    core::wall,
    limit::Limit,
    oversight::{AilingLink, NetworkLine, Oversight},
    settings::SignUpPolicy,
};

/// How long a network may take to say what is wrong with it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many links that do not work are shown, and how many orders that were given up.
const MOST_SHOWN: u32 = 50;

/// How the whole server is.
#[derive(Debug, Clone)]
pub struct Overview {
    /// When that was.
    pub at: Timestamp,
    /// All accounts, in the order of their addresses.
    pub accounts: Vec<AccountLine>,
    /// How many accounts are in memory: signed in, or so just now.
    pub awake: usize,
    /// The networks that are on, in the order in which they came, and those that are off where something waits for them.
    pub networks: Vec<NetworkHealth>,
    /// The first 50 links that do not work now, those first for which somebody has to do something.
    pub ailing: Vec<AilingLink>,
    /// How many more there are.
    pub more_ailing: usize,
    /// The first 50 orders that were given up within 30 days, the oldest first.
    pub given_up: Vec<GivenUpLine>,
    /// How many more there are.
    pub more_given_up: u64,
    /// Who makes themselves an account.
    pub sign_up: SignUpPolicy,
    /// How much of everything there may be, in the order of the keys, and last what no key sets.
    pub limits: Vec<LimitLine>,
}

/// How one network is.
#[derive(Debug, Clone)]
pub struct NetworkHealth {
    /// The network, and how much waits for it.
    pub line: NetworkLine,
    /// What is wrong with it: a line each.
    pub faults: Vec<String>,
    /// How many links to it accounts have made themselves.
    pub own_links: usize,
    /// How many links to it do not work now.
    pub ailing: usize,
}

/// Something that was to be done on a network, and was given up. What a message says is not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUpLine {
    /// Its number.
    pub id: OrderId,
    /// Whose order it is.
    pub owner: Passport,
    /// The network that was to do it.
    pub network: String,
    /// What was to be done, with whom or what: "a message to zoe@net.msn.example".
    pub deed: String,
    /// Why it was given up.
    pub reason: String,
    /// When; `None` if that is not known.
    pub given_up: Option<Timestamp>,
}

/// A limit, and how often it was reached since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitLine {
    /// The key of `[limits]`, or what the limit is called that no key sets: that one is told of only where it was reached.
    pub key: String,
    /// What the configuration says; `None` where no key sets it.
    pub most: Option<u64>,
    /// How often it was reached, by whomever.
    pub times: u64,
    /// Whether other keys are counted with it.
    pub is_counted_with_others: bool,
}

impl From<ParkedOrder> for GivenUpLine {
    fn from(ParkedOrder { id, owner, contact, network, action, reason, given_up }: ParkedOrder) -> Self {
        let deed = match action {
            Action::Say { .. } => "a message to",
            Action::Gather { .. } => "a conversation of several in",
            Action::Befriend => "adding, or going into,",
            Action::Welcome => "letting in, or going into,",
            Action::TurnAway => "turning away, or staying away from,",
            Action::Unfriend => "removing, or leaving,",
        };
        Self { id, owner, network: network.to_string(), deed: format!("{deed} {contact}"), reason, given_up }
    }
}

impl Portal {
    /// How the whole server is.
    pub async fn overview(&self, visit: &Visit) -> Result<Overview, PortalFault> {
        is_for(visit)?;
        let (oversight, core) = (Oversight::of(&self.core), &self.core);
        let accounts = core.store.accounts().await?.into_iter().map(AccountLine::from).collect();
        let (own, mut ailing) = oversight.ailing().await;
        let health = oversight.networks().await?.into_iter().map(async |line| NetworkHealth {
            faults: self.faults_of(&line).await,
            own_links: own.iter().find(|(network, _)| *network == line.name).map_or(0, |(_, count)| *count),
            ailing: ailing.iter().filter(|link| link.network == line.name).count(),
            line,
        });
        let networks = futures_util::future::join_all(health).await;
        let more_ailing = ailing.len().saturating_sub(MOST_SHOWN as usize);
        ailing.truncate(MOST_SHOWN as usize);
        let given_up = oversight.parked(&ParkedFilter::default(), OrderId(0), MOST_SHOWN).await?;
        let all_given_up: u64 = networks.iter().map(|network| network.line.parked).sum();
        Ok(Overview {
            at: wall(),
            accounts,
            awake: oversight.awake(),
            networks,
            ailing,
            more_ailing,
            more_given_up: all_given_up.saturating_sub(given_up.len() as u64),
            given_up: given_up.into_iter().map(GivenUpLine::from).collect(),
            sign_up: core.settings.portal.sign_up,
            limits: core.settings.limits.written.iter().map(limit).chain(unwritten()).collect(),
        })
    }

    /// What is wrong with a network: a line each.
    async fn faults_of(&self, line: &NetworkLine) -> Vec<String> {
        let Some(entry) = self.core.links.network(&line.name) else { return Vec::new() };
        match tokio::time::timeout(PATIENCE, entry.network.check(Standing::Running)).await {
            Ok(faults) => faults.iter().map(ToString::to_string).collect(),
            Err(_) => vec!["it did not answer in time".to_owned()],
        }
    }
}

fn limit((key, most): (&String, &u64)) -> LimitLine {
    let limit = Limit::ALL.into_iter().find(|limit| limit.keys().contains(&key.as_str()));
    LimitLine {
        key: key.clone(),
        most: Some(*most),
        times: limit.map_or(0, Limit::times),
        is_counted_with_others: limit.is_some_and(|limit| limit.keys().len() > 1),
    }
}

fn unwritten() -> impl Iterator<Item = LimitLine> {
    let reached = Limit::ALL.into_iter().filter(|limit| limit.keys().is_empty() && limit.times() > 0);
    reached.map(|limit| LimitLine {
        key: limit.key().to_owned(),
        most: None,
        times: limit.times(),
        is_counted_with_others: false,
    })
}
