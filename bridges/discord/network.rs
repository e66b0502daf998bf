//! The network itself: its life, and what is asked of it beside the accounts' links.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bridge::{
    Admission, Failure, Fault, Features, Found, Host, Link, LinkAnswers, LinkOwner, LinkStatus, LinkWay, Network,
    Reach, RemoteProfile, RoomProfile, Section, SectionFault, Standing,
};
use domain::Passport;

use crate::{
    check, configuration::Settings, link::BotLink, linking, outward::LARGEST_FILE, rest::Rest, running::Running,
};

/// What Discord carries. A text that is too long for one message becomes several; a larger file goes as a link.
const FEATURES: Features = Features {
    formatting: true,
    emoticons: true,
    emote: true,
    typing: true,
    presence: true,
    keeps_messages: true,
    largest_file: LARGEST_FILE,
    ..Features::PLAIN
};

/// How long the end of all tasks is waited for.
const ENDING: Duration = Duration::from_secs(5);

/// Discord, as a section of the configuration sets it up.
pub(crate) struct Discord {
    settings: Settings,
    state: Mutex<State>,
}

/// Where the network is in its life.
enum State {
    Built,
    Running(Arc<Running>),
    Stopped,
}

impl Discord {
    pub(crate) fn new(section: &Section) -> Result<Self, SectionFault> {
        let settings = Settings::read(section)?;
        // Whether connections can be made is known now; they are made when the network is started.
        Rest::new(&settings)?;
        Ok(Self { settings, state: Mutex::new(State::Built) })
    }

    fn running(&self) -> Result<Arc<Running>, Failure> {
        match &*self.lock() {
            State::Running(running) => Ok(Arc::clone(running)),
            State::Built => Err(Failure::retry("the network was not started")),
            State::Stopped => Err(Failure::retry("the server is stopping")),
        }
    }

    fn rest(&self) -> Result<Rest, Failure> {
        Rest::new(&self.settings).map_err(|fault| Failure::refused(fault.to_string()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Network for Discord {
    fn features(&self) -> Features {
        FEATURES
    }

    async fn start(&self, host: Arc<dyn Host>) -> Result<(), Failure> {
        if !matches!(*self.lock(), State::Built) {
            return Err(Failure::refused("this network was started before"));
        }
        let (running, heard) = Running::load(host, self.settings.clone(), self.rest()?).await?;
        *self.lock() = State::Running(Arc::clone(&running));
        running.tasks.spawn(Arc::clone(&running.people).run(running.stopping.clone()));
        running.tasks.spawn(Arc::clone(&running).listen(heard));
        running.connect_all().await
    }

    async fn open(&self, owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        let running = self.running()?;
        if running.bots.account(&owner.passport, &owner.name) {
            running.owners_changed();
        }
        Ok(Arc::new(BotLink::new(running, owner.passport)))
    }

    fn link_ways(&self) -> Vec<LinkWay> {
        linking::ways()
    }

    async fn link(&self, owner: &Passport, way: &str, answers: &LinkAnswers) -> Result<LinkStatus, Failure> {
        self.running()?.link(owner, way, answers).await
    }

    async fn unlink(&self, owner: &Passport) -> Result<bool, Failure> {
        self.running()?.unlink(owner).await
    }

    async fn linked(&self, owner: &Passport) -> Option<LinkStatus> {
        self.running().ok()?.status(owner)
    }

    fn reach(&self) -> Reach {
        self.running().map_or(Reach::Unknown, |running| running.bots.reach())
    }

    async fn resolve(&self, name: &str, _server: Option<&str>) -> Result<Option<RemoteProfile>, Failure> {
        Ok(self.running()?.people.resolve(name))
    }

    async fn resolve_room(&self, name: &str, _server: Option<&str>) -> Result<Option<RoomProfile>, Failure> {
        Ok(self.running()?.people.resolve_room(name))
    }

    async fn find(&self, words: &str) -> Result<Option<Found>, Failure> {
        Ok(self.running()?.people.find(words))
    }

    async fn check(&self, _standing: Standing) -> Vec<Fault> {
        match self.rest() {
            Ok(rest) => check::check(&self.settings, &rest).await,
            Err(failure) => vec![Fault {
                subject: "api_base".to_owned(),
                problem: failure.to_string(),
                mend: "mend what it says".to_owned(),
            }],
        }
    }

    async fn admission(&self) -> Admission {
        match self.rest() {
            Ok(rest) => check::admission(&self.settings, &rest).await,
            Err(failure) => Admission::Refused(Fault {
                subject: "api_base".to_owned(),
                problem: failure.to_string(),
                mend: "mend what it says".to_owned(),
            }),
        }
    }

    async fn stop(&self) {
        // Held by nobody else than links from here on, so that its connections end with it.
        let State::Running(running) = std::mem::replace(&mut *self.lock(), State::Stopped) else { return };
        running.stopping.cancel();
        // Every bot says good-bye, so that it is offline at once.
        running.gateway.stop().await;
        running.tasks.close();
        if tokio::time::timeout(ENDING, running.tasks.wait()).await.is_err() {
            tracing::warn!(left = running.tasks.len(), "tasks of the bridge did not end in time");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_example_is_taken() {
        let example = include_str!("../../config/examples/networks/discord.toml");
        let mut example: Value = toml::from_str(example).unwrap();
        let mut values = example["networks"]["discord"].take().as_object().unwrap().clone();
        for for_all in ["enabled", "network_bit"] {
            values.remove(for_all).unwrap();
        }
        let section = Section {
            name: "discord".parse().unwrap(),
            bit: 128.try_into().unwrap(),
            values,
            base: "/nowhere".into(),
            data_directory: "/nowhere".into(),
        };
        assert!(Discord::new(&section).is_ok());
    }
}
