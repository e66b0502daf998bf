//! What is asked of whoever sets this network up.

use async_trait::async_trait;
use bridge::{Setup, SetupAnswers, SetupStep, Stands};

use crate::configuration::Token;

/// How Discord is set up.
#[derive(Debug, Clone, Copy)]
pub struct ByBots;

const STEPS: [SetupStep; 1] = [SetupStep {
    key: "token",
    ask: "Token of the relay, the bot through which everybody speaks who has none of their own (from the page \"Bot\" of its \
          application at https://discord.com/developers; docs/discord.md tells how it is made):",
    says: "The relay: one bot through which all accounts speak that have none of their own. Without it, everybody links a bot.",
    secret: true,
    examine: |text| Token::parse(text).map(drop),
}];

#[async_trait]
impl Setup for ByBots {
    fn says(&self) -> &'static str {
        "people and channels of Discord, by bots"
    }

    fn steps(&self) -> &'static [SetupStep] {
        &STEPS
    }

    async fn stands(&self, _key: &str, _answers: &SetupAnswers) -> Stands {
        Stands::Optional
    }
}
