//! How what was said is answered: typing first, the bytes kept, then all lines handed in together with the errand's end.

use std::{sync::Arc, time::Duration};

use bridge::{Arrival, Batch, HostFault, RemoteProfile, Write};
use domain::{Content, Passport, RemoteMessage, contact::RemoteTarget};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    desk::Errand,
    echo::{self, Mood, Sight},
    lines::Line,
    parlour::{Parlour, TYPING},
    pictures, room,
};

/// How long to wait after the host first failed; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest such wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is answered to one errand.
struct Reply {
    lines: Vec<(RemoteProfile, Line)>,
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
                self.host.typing(&owner, &errand.place, &errand.typist(), true);
                sleep(TYPING).await;
                let answered = self.answer(&errand).await;
                self.host.typing(&owner, &errand.place, &errand.typist(), false);
                answered?;
            }
            Ok::<(), HostFault>(())
        };
        match end.run_until_cancelled(answering).await {
            Some(Ok(())) => return,
            Some(Err(fault)) => tracing::debug!(%owner, %fault, "answering has stopped"),
            None => {
                if let Some(errand) = self.at_desk(&owner, |desk| desk.errands.front().cloned()) {
                    self.host.typing(&owner, &errand.place, &errand.typist(), false);
                }
            }
        }
        self.at_desk(&owner, |desk| desk.worker = None);
    }

    /// Hands in the answer, and the errand's end with it.
    async fn answer(&self, errand: &Errand) -> Result<(), HostFault> {
        let owner = &errand.owner;
        let reply = self.reply(errand);
        let mut patience = Patience::default();
        let arrivals = loop {
            match self.arrivals(errand, &reply.lines).await {
                Ok(arrivals) => break arrivals,
                Err(fault) => patience.bear(fault).await?,
            }
        };
        self.hand_in(&Batch { arrivals, writes: vec![Write::Delete(errand.key())] }).await?;
        self.at_desk(owner, |desk| {
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
                let (before, account) = self.at_desk(&errand.owner, |desk| (desk.mood.clone(), desk.sees.clone()));
                let mut mood = before.clone();
                let room = room::address(self.host.as_ref());
                let answer = mood.answer(&errand.told, Sight { account: account.as_ref(), room: room.as_deref() });
                Reply {
                    lines: answer.lines.into_iter().map(|line| (echo::profile(), line)).collect(),
                    mood: (mood != before).then_some(mood),
                    next_picture: answer.next_picture,
                }
            }
            RemoteTarget::Room(_) => {
                let replies = room::replies(&errand.told);
                let lines = [Some(replies.first), replies.second].into_iter().flatten();
                Reply {
                    lines: lines.map(|(person, line)| (person.profile(), line)).collect(),
                    mood: None,
                    next_picture: false,
                }
            }
        }
    }

    /// The lines as they arrive. Tried again, they get the same ids.
    async fn arrivals(&self, errand: &Errand, lines: &[(RemoteProfile, Line)]) -> Result<Vec<Arrival>, HostFault> {
        let mut arrivals = Vec::with_capacity(lines.len());
        for (part, (author, line)) in lines.iter().enumerate() {
            arrivals.push(Arrival::Message {
                owner: errand.owner.clone(),
                place: errand.place.clone(),
                author: author.clone(),
                id: RemoteMessage(format!("answer/{}/{part}", errand.order)),
                sent: self.host.now(),
                content: line.content(self.host.as_ref()).await?,
                reply: None,
                addressed: true,
            });
        }
        Ok(arrivals)
    }

    /// Something that Echo says to `owner` alone.
    pub(crate) fn said(&self, owner: &Passport, id: RemoteMessage, content: Content) -> Arrival {
        let sent = self.host.now();
        let (owner, place, author) = (owner.clone(), echo::place(), echo::profile());
        Arrival::Message { owner, place, author, id, sent, content, reply: None, addressed: true }
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
            HostFault::Store(_) | HostFault::TooLarge { .. } | HostFault::Media(_) => {
                tracing::warn!(%fault, "what was said on the network in memory was not taken, and is handed in again");
                sleep(self.pause).await;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                Ok(())
            }
        }
    }
}
