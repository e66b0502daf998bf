//! What is asked of whoever sets this network up: nothing.

use async_trait::async_trait;
use bridge::{Setup, SetupAnswers, SetupStep, Stands};

/// How the network in memory is set up.
#[derive(Debug, Clone, Copy)]
pub struct InMemory;

#[async_trait]
impl Setup for InMemory {
    fn says(&self) -> &'static str {
        "Echo, a contact who repeats what is said, to try things out with"
    }

    fn steps(&self) -> &'static [SetupStep] {
        &[]
    }

    async fn stands(&self, _key: &str, _answers: &SetupAnswers) -> Stands {
        Stands::Optional
    }
}
