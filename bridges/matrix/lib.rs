//! Matrix for Chrysalis: an appservice whose ghosts are the accounts of this server.
//!
//! In: `listener` takes a transaction, `transaction` reads what happened, `receiving` commits it before the homeserver is
//! told so. Out: `link` takes an order, `rooms` finds or makes the room, `intent` acts as the ghost, `homeserver` asks.
//! `keeper` shows each ghost's name and presence, `chores` does what is left to be done, `chats` knows who shares which room.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod appservice;
mod chat;
mod chats;
mod check;
mod chores;
mod configuration;
mod history;
mod homeserver;
mod intent;
mod invitations;
mod keeper;
mod link;
mod listener;
mod message;
mod names;
mod presence;
mod receiving;
mod registration;
mod rooms;
mod succession;
mod transaction;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bridge::{
    Failure, Fault, Features, Host, Link, LinkOwner, Network, RemoteProfile, Section, SectionFault, Standing, Write,
};
use ruma::UserId;
use tokio::sync::OnceCell;

use crate::{
    appservice::{Appservice, host_failure},
    chores::{Chore, FAREWELL},
    configuration::Configuration,
    homeserver::Homeserver,
    link::GhostLink,
};

/// What Matrix carries. An event may have 64 KiB, of which escapes in JSON can take several bytes a character.
const FEATURES: Features = Features {
    longest_text: 16 * 1024,
    nudge: true,
    emote: true,
    typing: true,
    presence: true,
    keeps_messages: true,
    ..Features::PLAIN
};

/// How long the end of all tasks is waited for.
const ENDING: Duration = Duration::from_secs(5);

/// The network of a section of kind `matrix`. Tokens that the section does not give are made once, into files in the data
/// directory.
pub fn network(section: &Section) -> Result<Arc<dyn Network>, SectionFault> {
    let configuration = Configuration::read(section)?;
    let homeserver = Homeserver::new(&configuration).map_err(|fault| {
        SectionFault::new(
            "homeserver_url",
            format!("no connection can be set up ({fault}); see the system's certificates"),
        )
    })?;
    Ok(Arc::new(Matrix {
        configuration: Arc::new(configuration),
        homeserver: Arc::new(homeserver),
        running: OnceCell::new(),
    }))
}

struct Matrix {
    configuration: Arc<Configuration>,
    homeserver: Arc<Homeserver>,
    running: OnceCell<Arc<Appservice>>,
}

#[async_trait]
impl Network for Matrix {
    fn features(&self) -> Features {
        FEATURES
    }

    async fn start(&self, host: Arc<dyn Host>) -> Result<(), Failure> {
        let address = self.configuration.listen;
        let listener = listener::bind(address).await.map_err(|fault| {
            Failure::refused(format!(
                "appservice.listen: {address} cannot be listened on ({fault}); write another address, or end the program that has it"
            ))
        })?;
        let load = Appservice::load(Arc::clone(&self.configuration), Arc::clone(&self.homeserver), host);
        let appservice = Arc::new(load.await.map_err(|fault| host_failure(&fault))?);
        if self.running.set(Arc::clone(&appservice)).is_err() {
            return Err(Failure::refused("this network was started before"));
        }
        let tasks = &appservice.tasks;
        tasks.spawn(listener::serve(Arc::clone(&appservice), listener, appservice.stopping.clone()));
        tasks.spawn(Arc::clone(&appservice).announce());
        tasks.spawn(Arc::clone(&appservice).keep_ghosts());
        tasks.spawn(Arc::clone(&appservice).do_chores());
        Ok(())
    }

    async fn open(&self, owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        let appservice = Arc::clone(self.running()?);
        let ghost = appservice.ghost(&owner.passport)?;
        let farewell = Chore::Farewell(owner.passport.clone());
        // An account of a removed one's name: it must not be taken out of its new rooms.
        if appservice.chores.cancel(&farewell) {
            let gone = vec![Write::Delete(format!("{FAREWELL}{}", owner.passport))];
            appservice.host.write(gone).await.map_err(|fault| host_failure(&fault))?;
        }
        appservice.account_opened(&owner.passport);
        appservice.keeper.add(&owner.passport, ghost.clone(), &owner.name);
        for pair in appservice.chats.of(&owner.passport) {
            appservice.chores.add(Chore::Look(pair));
        }
        Ok(Arc::new(GhostLink::new(appservice, owner.passport, ghost)))
    }

    async fn resolve(&self, name: &str, server: Option<&str>) -> Result<Option<RemoteProfile>, Failure> {
        let names = &self.configuration.names;
        let server = server.unwrap_or_else(|| names.server().as_str());
        let Ok(user) = UserId::parse(format!("@{name}:{server}")) else { return Ok(None) };
        if names.is_ours(&user) {
            return Ok(None);
        }
        let found = self.homeserver.acting_as(names.bot()).name_of(&user).await?;
        Ok(found.map(|name| chat::profile(&user, &name)))
    }

    async fn check(&self, standing: Standing) -> Vec<Fault> {
        check::check(&self.configuration, &self.homeserver, standing).await
    }

    fn registration(&self) -> Option<String> {
        Some(registration::registration(&self.configuration))
    }

    async fn stop(&self) {
        let Ok(appservice) = self.running() else { return };
        appservice.stopping.cancel();
        appservice.tasks.close();
        if tokio::time::timeout(ENDING, appservice.tasks.wait()).await.is_err() {
            tracing::warn!(left = appservice.tasks.len(), "tasks of the bridge did not end in time");
        }
        // Only now, as nobody shows anything else any more.
        appservice.keeper.all_offline(&self.homeserver).await;
        self.homeserver.hang_up();
    }
}

impl Matrix {
    fn running(&self) -> Result<&Arc<Appservice>, Failure> {
        self.running.get().ok_or_else(|| Failure::retry("the network was not started"))
    }
}
