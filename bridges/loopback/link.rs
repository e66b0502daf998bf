//! One account's link.

use std::sync::Arc;

use async_trait::async_trait;
use bridge::{Action, Arrival, Batch, Failure, Farewell, Found, Link, Order, Receipt, Write};
use domain::{
    Content, Passport, RemoteMessage, RemoteRoom, RemoteUser, contact::RemoteTarget, content::in_bytes,
    conversation::is_gathering, presence::OwnPresence,
};

use crate::{
    echo,
    lines::LARGEST_FILE,
    linking::{link_key, mended_key},
    network::friend_key,
    parlour::Parlour,
    room::{self, Person},
    seeking,
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
        if *to == echo::place() || self.parlour.gathering(to).is_some() {
            self.parlour.at_desk(&self.owner, |desk| desk.sees_typing = typing);
        }
    }

    async fn deliver(&self, order: &Order) -> Result<Receipt, Failure> {
        if let RemoteTarget::Room(room) = &order.to
            && is_gathering(room)
        {
            return self.deliver_to_gathering(room, order).await;
        }
        is_reached(&order.to)?;
        match &order.action {
            Action::Gather { .. } => Err(Failure::refused("this room was not made for a group conversation")),
            Action::Say { content, reply, .. } => self.say(order, content, reply.as_ref()).await,
            Action::Befriend | Action::Welcome => self.come_in(&order.to).await,
            Action::TurnAway => self.stay_away(order).await,
            // Echo is everybody's friend, and the room is open, whatever is done about it.
            Action::Unfriend => Ok(Receipt::default()),
        }
    }

    fn read(&self, _place: &RemoteTarget, message: &RemoteMessage) {
        self.parlour.at_desk(&self.owner, |desk| desk.read = Some(message.clone()));
    }

    async fn search(&self, words: &str) -> Result<Vec<Found>, Failure> {
        Ok(seeking::search(words, &self.parlour.room()))
    }

    async fn invite(&self, room: &RemoteRoom, user: &RemoteUser) -> Result<(), Failure> {
        is_reached(&RemoteTarget::Room(room.clone()))?;
        if let Some(person) = Person::of(user) {
            return Err(Failure::refused(format!("{} is there already", person.name())));
        }
        is_reached(&RemoteTarget::Person(user.clone()))?;
        let (id, sent) = (self.parlour.fresh_id(), self.parlour.host.now());
        let thanks = Arrival::Message {
            owner: self.owner.clone(),
            place: room::place(),
            author: echo::profile(),
            id,
            sent,
            content: Content::text("Thank you for asking me."),
            reply: None,
            addressed: true,
        };
        self.accept(thanks).await
    }

    async fn topic(&self, room: &RemoteRoom, topic: Option<&str>) -> Result<String, Failure> {
        is_reached(&RemoteTarget::Room(room.clone()))?;
        if let Some(topic) = topic {
            self.parlour.change_topic(topic);
        }
        Ok(self.parlour.room().topic)
    }

    async fn close(&self, farewell: Farewell) {
        self.parlour.at_desk(&self.owner, |desk| desk.open = false);
        self.parlour.rest(&self.owner).await;
        match farewell {
            Farewell::Stopping => {}
            Farewell::Removed => {
                if let Err(failure) = self.parlour.leave(&self.owner, None).await {
                    tracing::warn!(owner = %self.owner, %failure, "a removed account is left over in group conversations");
                }
                let mut writes = self.parlour.forget(&self.owner);
                let keys = [friend_key, link_key, mended_key].map(|key| key(&self.owner));
                writes.extend(keys.map(Write::Delete));
                self.parlour.unfriend(&self.owner);
                if let Err(fault) = self.parlour.host.write(writes).await {
                    tracing::warn!(owner = %self.owner, %fault, "what was kept of a removed account is left over");
                }
            }
        }
    }
}

impl LoopbackLink {
    async fn say(&self, order: &Order, content: &Content, reply: Option<&RemoteMessage>) -> Result<Receipt, Failure> {
        if content.attachment().is_some_and(|attachment| attachment.size > LARGEST_FILE) {
            return Err(Failure::refused(format!("it is larger than {}", in_bytes(LARGEST_FILE))));
        }
        self.parlour.hear(&self.owner, order, content, reply).await
    }

    async fn deliver_to_gathering(&self, room: &RemoteRoom, order: &Order) -> Result<Receipt, Failure> {
        match &order.action {
            Action::Gather { .. } => self.parlour.gather(order).await,
            Action::Say { content, reply, .. } => {
                self.parlour.is_in_gathering(&self.owner, &order.to)?;
                self.say(order, content, reply.as_ref()).await
            }
            // Whoever is in it need not come in.
            Action::Befriend | Action::Welcome => Ok(Receipt::default()),
            Action::TurnAway | Action::Unfriend => {
                self.parlour.leave(&self.owner, Some(room)).await.map(|()| Receipt::default())
            }
        }
    }

    /// Nobody has to be asked here, and whoever goes into the room is in it.
    async fn come_in(&self, to: &RemoteTarget) -> Result<Receipt, Failure> {
        match to {
            RemoteTarget::Person(_) => {}
            RemoteTarget::Room(_) => {
                self.accept(Arrival::Room { owner: self.owner.clone(), room: self.parlour.room(), group: None })
                    .await?;
            }
        }
        Ok(Receipt::default())
    }

    /// Echo, who asks into the room, hears that nobody comes.
    async fn stay_away(&self, order: &Order) -> Result<Receipt, Failure> {
        match order.to {
            RemoteTarget::Person(_) => {}
            RemoteTarget::Room(_) => {
                let id = RemoteMessage(format!("away/{}", order.key));
                let regret = Content::text("Another time, then.");
                self.accept(self.parlour.said(&self.owner, id, regret, None)).await?;
            }
        }
        Ok(Receipt::default())
    }

    async fn accept(&self, arrival: Arrival) -> Result<(), Failure> {
        let batch = Batch { arrivals: vec![arrival], writes: Vec::new() };
        self.parlour.host.accept(batch).await.map(drop).map_err(|fault| Failure::retry(fault.to_string()))
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
