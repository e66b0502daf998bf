//! One account's link.

use std::sync::Arc;

use async_trait::async_trait;
use bridge::{Action, Failure, Farewell, Link, Order, Receipt, Write};
use domain::{Passport, contact::RemoteTarget, presence::OwnPresence};

use crate::{
    echo::{self, ECHO},
    network::friend_key,
    parlour::Parlour,
};

/// One account, as Echo knows it.
pub(crate) struct LoopbackLink {
    pub(crate) owner: Passport,
    pub(crate) parlour: Arc<Parlour>,
}

#[async_trait]
impl Link for LoopbackLink {
    fn show(&self, presence: OwnPresence) {
        self.parlour.at_desk(&self.owner, |desk| desk.sees = Some(presence));
    }

    fn typing(&self, to: &RemoteTarget, typing: bool) {
        if *to == RemoteTarget::Person(echo::user()) {
            self.parlour.at_desk(&self.owner, |desk| desk.sees_typing = typing);
        }
    }

    async fn deliver(&self, order: &Order) -> Result<Receipt, Failure> {
        match &order.to {
            RemoteTarget::Person(user) if user.as_str() == ECHO => {}
            RemoteTarget::Person(_) | RemoteTarget::Room(_) => {
                return Err(Failure::refused("there is nobody here but Echo"));
            }
        }
        match &order.action {
            Action::Say { content, .. } => self.parlour.hear(&self.owner, order, content).await,
            // Echo is everybody's friend, whatever is done about it.
            Action::Befriend | Action::Welcome | Action::TurnAway | Action::Unfriend => Ok(Receipt::default()),
        }
    }

    async fn close(&self, farewell: Farewell) {
        self.parlour.at_desk(&self.owner, |desk| desk.open = false);
        self.parlour.rest(&self.owner).await;
        match farewell {
            Farewell::Stopping => {}
            Farewell::Removed => {
                let mut writes = self.parlour.forget(&self.owner);
                writes.push(Write::Delete(friend_key(&self.owner)));
                self.parlour.unfriend(&self.owner);
                if let Err(fault) = self.parlour.host.write(writes).await {
                    tracing::warn!(owner = %self.owner, %fault, "what Echo kept of a removed account is left over");
                }
            }
        }
    }
}
