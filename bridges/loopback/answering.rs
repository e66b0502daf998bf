//! How what was said is answered: typing first, the bytes kept, then all lines handed in together with the errand's end.

use std::{sync::Arc, time::Duration};

use bridge::{Arrival, Batch, HostFault, RemoteProfile, Write};
use domain::{Passport, RemoteMessage, contact::RemoteTarget};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    deeds::Deed,
    desk::Errand,
    echo::{self, Mood, Sight},
    parlour::{Parlour, TYPING},
    pictures, room,
};

/// How long to wait after the host first failed; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest such wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is answered to one errand.
struct Reply {
    deeds: Vec<(RemoteProfile, Deed)>,
    /// Echo's new mood, if it changes.
    mood: Option<Mood>,
    next_picture: bool,
}

impl Parlour {
    /// Answers what waits for `owner`, one after the other, until nothing waits or `end` comes.
    pub(crate) async fn answer_all(self: Arc<Self>, owner: Passport, end: CancellationToken) {
        let answering = async {
            // Leaving and finding nothing to do are one step, so that no errand comes in between.
            while let Some(errand) = self.at_desk(&owner, |desk| {
                let errand = desk.errands.front().cloned();
                if errand.is_none() {
                    desk.worker = None;
                }
                errand
            }) {
                self.show_typing(&errand, true);
                sleep(TYPING).await;
                let answered = self.answer(&errand).await;
                self.show_typing(&errand, false);
                answered?;
            }
            Ok::<(), HostFault>(())
        };
        match end.run_until_cancelled(answering).await {
            Some(Ok(())) => return,
            Some(Err(fault)) => tracing::debug!(%owner, %fault, "answering has stopped"),
            None => {
                if let Some(errand) = self.at_desk(&owner, |desk| desk.errands.front().cloned()) {
                    self.show_typing(&errand, false);
                }
            }
        }
        self.at_desk(&owner, |desk| desk.worker = None);
    }

    /// Hands in the answer, and the errand's end with it.
    async fn answer(&self, errand: &Errand) -> Result<(), HostFault> {
        let owner = &errand.owner;
        let reply = self.reply(errand);
        let signs = self.at_desk(owner, |desk| desk.signs.clone());
        let mut patience = Patience::default();
        let arrivals = loop {
            match self.heard_by_all(errand, &reply.deeds, &signs).await {
                Ok(arrivals) => break arrivals,
                Err(fault) => patience.bear(fault).await?,
            }
        };
        let batch = Batch { arrivals, writes: vec![Write::Delete(errand.key())] };
        self.hand_in(&batch).await?;
        self.at_desk(owner, |desk| {
            desk.note(&batch.arrivals, owner);
            if let Some(mood) = &reply.mood {
                desk.mood = mood.clone();
            }
            desk.errands.pop_front();
        });
        if let Some(mood) = reply.mood {
            self.host.presence(owner, &echo::user(), mood.presence(self.host.now()));
        }
        if reply.next_picture {
            pictures::show(self.host.as_ref(), &echo::place(), self.echos_picture(true)).await;
        }
        Ok(())
    }

    fn reply(&self, errand: &Errand) -> Reply {
        match errand.place {
            RemoteTarget::Person(_) => {
                let (before, account, read) = self.at_desk(&errand.owner, |desk| {
                    (desk.mood.clone(), desk.sees.clone(), desk.read_words().map(str::to_owned))
                });
                let mut mood = before.clone();
                let room = room::address(self.host.as_ref());
                let sight = Sight {
                    account: account.as_ref(),
                    room: room.as_deref(),
                    is_answer: errand.answers.is_some(),
                    read: read.as_deref(),
                };
                let answer = mood.answer(&errand.told, sight);
                Reply {
                    deeds: answer.deeds.into_iter().map(|deed| (echo::profile(), deed)).collect(),
                    mood: (mood != before).then_some(mood),
                    next_picture: answer.next_picture,
                }
            }
            RemoteTarget::Room(_) if let Some(gathering) = self.gathering(&errand.place) => {
                Reply { deeds: gathering.replies(&errand.told), mood: None, next_picture: false }
            }
            RemoteTarget::Room(_) => {
                let replies = room::replies(&errand.told).into_iter();
                let deeds = replies.map(|(person, deed)| (person.profile(), deed)).collect();
                Reply { deeds, mood: None, next_picture: false }
            }
        }
    }

    /// What arrives for everybody who is there.
    async fn heard_by_all(
        &self,
        errand: &Errand,
        deeds: &[(RemoteProfile, Deed)],
        signs: &[RemoteMessage],
    ) -> Result<Vec<Arrival>, HostFault> {
        let Some(gathering) = self.gathering(&errand.place) else { return self.arrivals(errand, deeds, signs).await };
        let mut arrivals = self.relayed(errand, &gathering).await?;
        for owner in gathering.accounts {
            arrivals.extend(self.arrivals(&Errand { owner, ..errand.clone() }, deeds, signs).await?);
        }
        Ok(arrivals)
    }

    /// Everybody who is there sees who is about to answer.
    fn show_typing(&self, errand: &Errand, typing: bool) {
        match self.gathering(&errand.place) {
            Some(gathering) => {
                let typist = gathering.typist(&errand.told);
                for owner in &gathering.accounts {
                    self.host.typing(owner, &errand.place, &typist, typing);
                }
            }
            None => self.host.typing(&errand.owner, &errand.place, &errand.typist(), typing),
        }
    }

    /// Hands in `batch`, again and again until the host has taken it or stops.
    pub(crate) async fn hand_in(&self, batch: &Batch) -> Result<(), HostFault> {
        let mut patience = Patience::default();
        loop {
            match self.host.accept(batch.clone()).await {
                Ok(_) => return Ok(()),
                Err(fault) => patience.bear(fault).await?,
            }
        }
    }
}

/// How long a failing host is waited for.
struct Patience {
    pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { pause: FIRST_PAUSE }
    }
}

impl Patience {
    /// Waits before the next attempt, longer each time. A host that stops is not waited for.
    async fn bear(&mut self, fault: HostFault) -> Result<(), HostFault> {
        match fault {
            HostFault::Stopping => Err(fault),
            HostFault::Store(_)
            | HostFault::Secrets(_)
            | HostFault::TooLarge { .. }
            | HostFault::Full
            | HostFault::Media(_) => {
                tracing::warn!(%fault, "what was said on the network in memory was not taken, and is handed in again");
                sleep(self.pause).await;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                Ok(())
            }
        }
    }
}
