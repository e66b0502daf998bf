//! The connections of one bot, and what befalls them.

use std::sync::Arc;

use crate::id::Id;
use crate::shared::Shared;
use crate::world::World;
use crate::world::session::{Order, Session};

/// All connections of a bot to the gateway.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
    bot: Id,
}

impl Gateway {
    pub(crate) const fn new(shared: Arc<Shared>, bot: Id) -> Self {
        Self { shared, bot }
    }

    /// How many of its sessions are on a connection.
    pub fn connected(&self) -> usize {
        self.shared.look(|world| connected(world, self.bot))
    }

    /// Waits until it has a session on a connection.
    pub async fn wait_until_connected(&self) {
        let what = "a session of the bot";
        self.shared.wait(what, |world| (connected(world, self.bot) > 0).then_some(())).await;
    }

    /// Waits until none of its sessions is on a connection.
    pub async fn wait_until_disconnected(&self) {
        let what = "the end of the bot's connection";
        self.shared.wait(what, |world| (connected(world, self.bot) == 0).then_some(())).await;
    }

    /// Op 7: it is asked to connect again and to resume.
    pub fn asks_to_reconnect(&self) {
        self.order(Order::Reconnect);
    }

    /// Op 9: its session is not good any more; whether a resume is possible.
    pub fn invalidates(&self, resumable: bool) {
        self.order(Order::Invalidate(resumable));
    }

    /// It is closed with this code.
    pub fn closes(&self, code: u16) {
        self.order(Order::Close(code));
    }

    /// It ends without a word.
    pub fn cuts(&self) {
        self.order(Order::Cut);
    }

    /// Heartbeats are answered no longer, until it resumes or identifies.
    pub fn stops_acknowledging(&self) {
        self.change(|session| session.acknowledges = false);
    }

    /// The next so many of its resumes are refused, with op 9.
    pub fn refuses_resumes(&self, times: u32) {
        self.shared.change(|world| world.faults.refuse_resumes(self.bot, times));
    }

    /// Its sessions are forgotten: those that are not on a connection cannot be resumed.
    pub fn forgets_lost_sessions(&self) {
        self.shared.change(|world| {
            world.sessions.retain(|_, session| session.bot != self.bot || session.connection.is_some());
        });
    }

    fn order(&self, order: Order) {
        self.change(|session| {
            if session.connection.is_some() {
                session.orders.push_back(order);
            }
        });
    }

    fn change(&self, change: impl Fn(&mut Session)) {
        self.shared
            .change(|world| world.sessions.values_mut().filter(|session| session.bot == self.bot).for_each(change));
    }
}

fn connected(world: &World, bot: Id) -> usize {
    world.sessions.values().filter(|session| session.bot == bot && session.connection.is_some()).count()
}
