//! The network.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bridge::{
    Arrival, Batch, Failure, Fault, Features, Found, Host, HostFault, Link, LinkAnswers, LinkOwner, LinkStatus,
    LinkTask, LinkWay, Network, Reach, RemoteProfile, RoomProfile, Section, SectionFault, Standing, Write,
};
use domain::Passport;
use serde::Deserialize;

use crate::{
    desk::Desk,
    echo::{self, ECHO},
    gathering::Gathering,
    lines::LARGEST_FILE,
    link::LoopbackLink,
    linking,
    parlour::Parlour,
    room::{self, ROOM},
    seeking,
};

/// Under which it is remembered that an account has Echo as a contact.
const FRIEND: &str = "friend/";

pub(crate) fn friend_key(owner: &Passport) -> String {
    format!("{FRIEND}{owner}")
}

/// The network in memory.
#[derive(Default)]
pub struct Loopback {
    /// Whether accounts link themselves.
    linking: bool,
    /// There from start to stop.
    parlour: Mutex<Option<Arc<Parlour>>>,
}

/// The section's own keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    linking: bool,
}

impl Loopback {
    /// The network that `section` sets up.
    pub fn new(section: &Section) -> Result<Self, SectionFault> {
        let Keys { linking } = section.read()?;
        Ok(Self { linking, ..Self::default() })
    }

    pub(crate) fn parlour(&self) -> Option<Arc<Parlour>> {
        self.parlour.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The network's state, where accounts link themselves.
    fn linked_by_hand(&self) -> Result<Arc<Parlour>, Failure> {
        if !self.linking {
            return Err(Failure::Unsupported { reason: "accounts are linked to this network by themselves".into() });
        }
        self.parlour().ok_or_else(|| Failure::retry("the network is not started"))
    }

    /// The room of five, as it is now.
    fn room(&self) -> RoomProfile {
        self.parlour().map_or_else(|| room::profile(room::TOPIC), |parlour| parlour.room())
    }

    fn replace(&self, parlour: Option<Arc<Parlour>>) -> Option<Arc<Parlour>> {
        std::mem::replace(&mut *self.parlour.lock().unwrap_or_else(PoisonError::into_inner), parlour)
    }
}

#[async_trait]
impl Network for Loopback {
    fn features(&self) -> Features {
        Features {
            longest_text: 64 * 1024,
            largest_file: LARGEST_FILE,
            formatting: true,
            emoticons: true,
            nudge: true,
            emote: true,
            typing: true,
            presence: true,
            keeps_messages: true,
            gathers: true,
        }
    }

    async fn start(&self, host: Arc<dyn Host>) -> Result<(), Failure> {
        let passing = |fault: HostFault| Failure::retry(fault.to_string());
        let friends = host.list(FRIEND).await.map_err(passing)?;
        let friends: HashSet<String> = friends.into_iter().map(|(key, _)| key).collect();
        let waiting = Desk::kept(host.as_ref()).await.map_err(passing)?;
        let gatherings = Gathering::kept(host.as_ref()).await.map_err(passing)?;
        let parlour = Arc::new(Parlour::new(host, friends, waiting, gatherings));
        parlour.show_pictures().await;
        self.replace(Some(parlour));
        Ok(())
    }

    async fn open(&self, owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        let Some(parlour) = self.parlour() else { return Err(Failure::retry("the network is not started")) };
        let owner = owner.passport;
        if !self.linking {
            parlour.befriend(&owner).await.map_err(|fault| Failure::retry(fault.to_string()))?;
        }
        let mood = parlour.at_desk(&owner, |desk| {
            desk.open = true;
            desk.mood.clone()
        });
        parlour.host.profile(echo::profile());
        parlour.host.presence(&owner, &echo::user(), mood.presence(parlour.host.now()));
        parlour.work(&owner);
        Ok(Arc::new(LoopbackLink { owner, parlour }))
    }

    fn link_ways(&self) -> Vec<LinkWay> {
        if self.linking { linking::ways() } else { Vec::new() }
    }

    async fn link(&self, owner: &Passport, way: &str, answers: &LinkAnswers) -> Result<LinkStatus, Failure> {
        self.linked_by_hand()?.link(owner, way, answers).await
    }

    async fn link_address(
        &self,
        _owner: &Passport,
        way: &str,
        answers: &LinkAnswers,
        back: &str,
    ) -> Result<String, Failure> {
        self.linked_by_hand()?;
        linking::address(way, answers, back)
    }

    async fn link_tasks(&self, owner: &Passport) -> Vec<LinkTask> {
        match self.linked_by_hand() {
            Ok(parlour) => parlour.link_tasks(owner).await,
            Err(_) => Vec::new(),
        }
    }

    async fn perform(&self, owner: &Passport, task: &str, answers: &LinkAnswers) -> Result<String, Failure> {
        self.linked_by_hand()?.perform(owner, task, answers).await
    }

    async fn unlink(&self, owner: &Passport) -> Result<bool, Failure> {
        self.linked_by_hand()?.unlink(owner).await
    }

    async fn linked(&self, owner: &Passport) -> Option<LinkStatus> {
        self.linked_by_hand().ok()?.linked(owner).await
    }

    fn reach(&self) -> Reach {
        if self.parlour().is_some() { Reach::Answers } else { Reach::Away }
    }

    async fn resolve(&self, name: &str, server: Option<&str>) -> Result<Option<RemoteProfile>, Failure> {
        Ok((name.eq_ignore_ascii_case(ECHO) && server.is_none()).then(echo::profile))
    }

    async fn resolve_room(&self, name: &str, server: Option<&str>) -> Result<Option<RoomProfile>, Failure> {
        Ok((name.eq_ignore_ascii_case(ROOM) && server.is_none()).then(|| self.room()))
    }

    async fn find(&self, words: &str) -> Result<Option<Found>, Failure> {
        Ok(seeking::spelt(words, &self.room()))
    }

    async fn check(&self, _standing: Standing) -> Vec<Fault> {
        Vec::new()
    }

    async fn stop(&self) {
        if let Some(parlour) = self.replace(None) {
            parlour.stop.cancel();
            parlour.tasks.close();
            parlour.tasks.wait().await;
        }
    }
}

impl Parlour {
    /// Makes Echo a contact of `owner`, once.
    async fn befriend(&self, owner: &Passport) -> Result<(), HostFault> {
        let key = friend_key(owner);
        if self.friends().contains(&key) {
            return Ok(());
        }
        let arrivals = vec![Arrival::Friend { owner: owner.clone(), who: echo::profile(), group: None }];
        self.host.accept(Batch { arrivals, writes: vec![Write::Put(key.clone(), String::new())] }).await?;
        self.friends().insert(key);
        Ok(())
    }

    pub(crate) fn unfriend(&self, owner: &Passport) {
        self.friends().remove(&friend_key(owner));
    }
}
