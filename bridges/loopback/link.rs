//! One account's link.

use std::sync::Arc;

use async_trait::async_trait;
use bridge::{Action, Failure, Farewell, Link, Order, Receipt, Write};
use domain::{Passport, contact::RemoteTarget, content::in_bytes, presence::OwnPresence};

use crate::{
    echo,
    lines::LARGEST_FILE,
    network::friend_key,
    parlour::Parlour,
    room::{self, Person},
};

/// One account, as it is known here.
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
        if *to == echo::place() {
            self.parlour.at_desk(&self.owner, |desk| desk.sees_typing = typing);
        }
    }

    async fn deliver(&self, order: &Order) -> Result<Receipt, Failure> {
        is_reached(&order.to)?;
        match &order.action {
            Action::Say { content, .. } => {
                if content.attachment().is_some_and(|attachment| attachment.size > LARGEST_FILE) {
                    return Err(Failure::refused(format!("it is larger than {}", in_bytes(LARGEST_FILE))));
                }
                self.parlour.hear(&self.owner, order, content).await
            }
            // Echo is everybody's friend, and the room is open, whatever is done about it.
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
                    tracing::warn!(owner = %self.owner, %fault, "what was kept of a removed account is left over");
                }
            }
        }
    }
}

/// Whether somebody is there who answers.
fn is_reached(target: &RemoteTarget) -> Result<(), Failure> {
    match target {
        RemoteTarget::Person(user) if *user == echo::user() => Ok(()),
        RemoteTarget::Room(room) if *room == room::id() => Ok(()),
        RemoteTarget::Person(user) => Err(match Person::of(user) {
            Some(person) => Failure::refused(format!("{} speaks in the room of five only", person.name())),
            None => Failure::refused("there is nobody here but Echo"),
        }),
        RemoteTarget::Room(_) => Err(Failure::refused("there is no room here but the room of five")),
    }
}
