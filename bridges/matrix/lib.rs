//! Matrix for Chrysalis: an appservice whose ghosts are the accounts of this server.
//!
//! In: `listener` takes a transaction, `transaction` and `event` read what happened, `opening` decrypts what came encrypted, `intake`
//! decides what it is to whom, `arrival` words it, `receiving` commits it before the homeserver is told so. What has to be fetched or
//! decrypted first, or was missed, makes a room's `timeline` fall behind, and `reading` reads on there; `tails` finds what the
//! homeserver lost. Out: `link` takes an order, `rooms` finds or makes the room, `sending` says it once with its `media` uploaded,
//! `speaking` is the one door by which anything is said, encrypted where the room is, `intent` acts as the ghost, `homeserver` asks.
//! `keeper` shows each ghost's name, picture and presence, `looks` shows people's avatars, `activity` who is
//! there where the homeserver does not tell. `chores` does what is left to be done, `chats` knows who shares which direct room,
//! `portals` who is in which room of several people (`entering` goes in and out, `gathering` has rooms for Messenger's group
//! conversations), `speakers` who spoke there. `bot` answers
//! whoever asks it, `directory` finds people and rooms, `making` makes rooms, `status` tells what became of messages.

// The futures of matrix-sdk's sync are nested more deeply than the compiler follows by itself.
#![recursion_limit = "256"]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod activity;
mod appservice;
mod arrival;
mod bot;
mod chat;
mod chats;
mod check;
mod chores;
mod configuration;
mod directory;
mod encryption;
mod entering;
mod event;
mod flights;
mod gathering;
mod homeserver;
mod intake;
mod intent;
mod invitations;
mod keeper;
mod link;
mod listener;
mod looks;
mod making;
mod matrix_to;
mod measures;
mod media;
mod message;
mod names;
mod opening;
mod own;
mod permissions;
mod places;
mod portal;
mod portals;
mod presence;
mod reading;
mod receiving;
mod registration;
mod rooms;
mod sending;
mod setup;
mod speakers;
mod speaking;
mod status;
mod succession;
mod tails;
mod timeline;
mod transaction;
mod voice;

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use bridge::{
    Admission, Failure, Fault, Features, Found, Host, Link, LinkAnswers, LinkOwner, LinkStatus, LinkTask, LinkWay,
    Network, Reach, RemoteProfile, RoomProfile, Section, SectionFault, Standing, Write,
};
use domain::Passport;
use ruma::{RoomAliasId, UserId};
use tokio::sync::OnceCell;

use crate::{
    appservice::{Appservice, host_failure},
    chores::{Chore, FAREWELL},
    configuration::Configuration,
    directory::Address,
    homeserver::Homeserver,
    link::AccountLink,
};

pub use setup::AsAppservice;

/// What Matrix carries, beside files as large as the configuration lets them be. A text that is too long for one event becomes
/// several.
const FEATURES: Features = Features {
    formatting: true,
    emoticons: true,
    nudge: true,
    emote: true,
    typing: true,
    presence: true,
    keeps_messages: true,
    gathers: true,
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

/// Whether a section of kind `matrix` can be taken; nothing is made.
pub fn examine(section: &Section) -> Result<(), SectionFault> {
    Configuration::examine(section).map(|_| ())
}

/// A door for the fuzz target alone: reads any text as the HTML of a message, and as something that was typed, and panics where a promise of
/// that is broken.
#[doc(hidden)]
pub fn check_words(text: &str) {
    message::check(text);
}

/// A door for the fuzz target alone: reads any bytes as what a homeserver pushes, and panics where a promise of that is broken. Says whether
/// they were understood.
#[doc(hidden)]
#[must_use]
pub fn check_transaction(body: &[u8]) -> bool {
    transaction::check(body)
}

struct Matrix {
    configuration: Arc<Configuration>,
    homeserver: Arc<Homeserver>,
    running: OnceCell<Arc<Appservice>>,
}

#[async_trait]
impl Network for Matrix {
    fn features(&self) -> Features {
        Features { largest_file: self.configuration.largest_file, ..FEATURES }
    }

    async fn start(&self, host: Arc<dyn Host>) -> Result<(), Failure> {
        let address = self.configuration.listen;
        let listener = listener::bind(address).await.map_err(|fault| {
            // It may pass by itself: the address of a tunnel comes after the system has begun, and another program ends.
            Failure::retry(format!(
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
        tasks.spawn(Arc::clone(&appservice).compare_tails());
        tasks.spawn(Arc::clone(&appservice).look_at_avatars());
        tasks.spawn(Arc::clone(&appservice).derive_presence());
        tasks.spawn(Arc::clone(&appservice).run_bot());
        tasks.spawn(Arc::clone(&appservice).hide_secrets());
        tasks.spawn(Arc::clone(&appservice).tell_statuses());
        tasks.spawn(Arc::clone(&appservice).show_own_presence());
        let engaged = appservice.in_encrypted_rooms();
        appservice.encryption.expect(appservice.configuration.names.bot());
        tasks.spawn(Arc::clone(&appservice.encryption).keep_up(engaged, appservice.stopping.clone()));
        tasks.spawn(Arc::clone(&appservice).await_keys());
        tasks.spawn(Arc::clone(&appservice).open_for_bot());
        appservice.own.begin(&appservice).await;
        Ok(())
    }

    async fn open(&self, owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        let appservice = Arc::clone(self.running()?);
        let ghost = appservice.ghost(&owner.passport)?;
        let farewell = Chore::Farewell(owner.passport.clone());
        // An account of a removed one's name: it must not be who the removed one was, whatever fails here at first, nor be taken out of
        // its new rooms.
        if appservice.chores.has(&farewell) {
            appservice.own.unlink(&owner.passport).await?;
            let gone = vec![Write::Delete(format!("{FAREWELL}{}", owner.passport))];
            appservice.host.write(gone).await.map_err(|fault| host_failure(&fault))?;
            appservice.chores.cancel(&farewell);
        }
        appservice.account_is_called(&owner.passport, &owner.name);
        appservice.keeper.add(&owner.passport, ghost.clone(), &owner.name);
        for pair in appservice.chats.of(&owner.passport) {
            appservice.chores.add(Chore::Look(pair));
        }
        appservice.show_rooms(&owner.passport);
        Ok(Arc::new(AccountLink::new(appservice, owner.passport, ghost)))
    }

    async fn resolve(&self, name: &str, server: Option<&str>) -> Result<Option<RemoteProfile>, Failure> {
        let names = &self.configuration.names;
        let server = server.unwrap_or_else(|| names.server().as_str());
        let Ok(user) = UserId::parse(format!("@{name}:{server}")) else { return Ok(None) };
        directory::person(&self.homeserver, names, &user).await
    }

    async fn resolve_room(&self, name: &str, server: Option<&str>) -> Result<Option<RoomProfile>, Failure> {
        let server = server.unwrap_or_else(|| self.configuration.names.server().as_str());
        let Ok(alias) = RoomAliasId::parse(format!("#{name}:{server}")) else { return Ok(None) };
        self.running()?.room_behind(&alias).await
    }

    async fn find(&self, words: &str) -> Result<Option<Found>, Failure> {
        match Address::read(words) {
            Some(address) => self.running()?.find(address).await,
            None => Ok(None),
        }
    }

    fn link_ways(&self) -> Vec<LinkWay> {
        own::ways(&self.configuration)
    }

    async fn link(&self, owner: &Passport, way: &str, answers: &LinkAnswers) -> Result<LinkStatus, Failure> {
        self.running()?.own.link(owner, way, answers).await
    }

    async fn link_address(
        &self,
        _: &Passport,
        way: &str,
        answers: &LinkAnswers,
        back: &str,
    ) -> Result<String, Failure> {
        self.running()?.own.address(way, answers, back).await
    }

    async fn link_tasks(&self, owner: &Passport) -> Vec<LinkTask> {
        match self.running() {
            Ok(appservice) => appservice.own.tasks(owner),
            Err(_) => Vec::new(),
        }
    }

    async fn perform(&self, owner: &Passport, task: &str, answers: &LinkAnswers) -> Result<String, Failure> {
        self.running()?.own.perform(owner, task, answers).await
    }

    async fn unlink(&self, owner: &Passport) -> Result<bool, Failure> {
        self.running()?.own.unlink(owner).await
    }

    async fn linked(&self, owner: &Passport) -> Option<LinkStatus> {
        self.running().ok()?.own.status(owner)
    }

    async fn check(&self, standing: Standing) -> Vec<Fault> {
        let running = self.running().ok().map(|appservice| &*appservice.encryption);
        check::check(&self.configuration, &self.homeserver, standing, running).await
    }

    fn reach(&self) -> Reach {
        match self.homeserver.answers() {
            None => Reach::Unknown,
            Some(true) => Reach::Answers,
            Some(false) => Reach::Away,
        }
    }

    fn reload(&self, section: &Section) -> Result<&'static [&'static str], SectionFault> {
        let fresh = Configuration::examine(section)?;
        self.configuration.permissions.take_over(&fresh.permissions);
        Ok(&["permissions"])
    }

    fn registration(&self) -> Option<String> {
        Some(registration::registration(&self.configuration))
    }

    fn double_puppet_registration(&self) -> Result<Option<String>, Failure> {
        let made = self.configuration.linked.double_puppet.token_for_registration();
        let token =
            made.map_err(|fault| Failure::refused(format!("linked.double_puppet_token cannot be kept: {fault}")))?;
        Ok(Some(registration::double_puppet(&self.configuration, &token)))
    }

    async fn admission(&self) -> Admission {
        check::admission(&self.configuration, &self.homeserver).await
    }

    fn admission_steps(&self, registration: &Path) -> Vec<String> {
        setup::admission_steps(registration)
    }

    async fn stop(&self) {
        let Ok(appservice) = self.running() else { return };
        appservice.stopping.cancel();
        appservice.own.end().await;
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
