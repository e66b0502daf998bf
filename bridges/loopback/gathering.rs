//! Group conversations of several accounts with Echo and the people of the room of five: everybody reads everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::MutexGuard;

use bridge::{Action, Arrival, Failure, Host, HostFault, Order, Receipt, RemoteProfile, Write};
use domain::{Content, Passport, RemoteRoom, RemoteUser, contact::RemoteTarget, conversation::is_gathering};
use serde::{Deserialize, Serialize};

use crate::{
    deeds::{Deed, told_id},
    desk::Errand,
    echo,
    lines::Line,
    parlour::Parlour,
    room::{self, Person},
};

/// Where gatherings are kept: under their own ids, which begin so.
const KEPT: &str = "gathering/";

/// All gatherings of the network, by their ids.
pub(crate) type Gatherings = BTreeMap<String, Gathering>;

/// Who is in one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gathering {
    people: BTreeSet<RemoteUser>,
    pub(crate) accounts: BTreeSet<Passport>,
}

impl Gathering {
    /// The gatherings that `host` kept. One that cannot be read is passed over: it is made again when it is ordered again.
    pub(crate) async fn kept(host: &dyn Host) -> Result<Gatherings, HostFault> {
        let values = host.list(KEPT).await?;
        Ok(values.into_iter().filter_map(|(id, value)| Some((id, serde_json::from_str(&value).ok()?))).collect())
    }

    /// Who is seen typing before `told` is answered.
    pub(crate) fn typist(&self, told: &Content) -> RemoteUser {
        self.replies(told).first().map_or_else(echo::user, |(author, _)| author.user.clone())
    }

    /// What is answered to `told`: Echo repeats it, the others answer as they do in their own room.
    pub(crate) fn replies(&self, told: &Content) -> Vec<(RemoteProfile, Deed)> {
        let echo = (echo::profile(), Deed::Say(Line::Repeated(told.clone())));
        let others = room::replies(told).into_iter().map(|(person, deed)| (person.profile(), deed));
        let spoken = others.filter(|(_, deed)| matches!(deed, Deed::Say(_)));
        std::iter::once(echo).chain(spoken).filter(|(author, _)| self.people.contains(&author.user)).collect()
    }
}

impl Parlour {
    /// The gathering of this id; `None` if it was never made.
    pub(crate) fn gathering(&self, place: &RemoteTarget) -> Option<Gathering> {
        let RemoteTarget::Room(room) = place else { return None };
        self.gatherings().get(room.as_str()).cloned()
    }

    /// Whether `owner` can speak there.
    pub(crate) fn is_in_gathering(&self, owner: &Passport, place: &RemoteTarget) -> Result<(), Failure> {
        match self.gathering(place) {
            Some(gathering) if gathering.accounts.contains(owner) => Ok(()),
            Some(_) | None => Err(Failure::refused("this group conversation is over")),
        }
    }

    /// Makes a gathering, or lets more in.
    pub(crate) async fn gather(&self, order: &Order) -> Result<Receipt, Failure> {
        let (RemoteTarget::Room(room), Action::Gather { people, accounts, .. }) = (&order.to, &order.action) else {
            return Err(Failure::refused("a group conversation is no person"));
        };
        if !is_gathering(room) {
            return Err(Failure::refused("this room was not made for a group conversation"));
        }
        if let Some(stranger) = people.iter().find(|user| **user != echo::user() && Person::of(user).is_none()) {
            return Err(Failure::refused(format!("there is no {stranger} here")));
        }
        let _order = self.regrouping.lock().await;
        let mut gathering = self.gathering(&order.to).unwrap_or_default();
        gathering.people.extend(people.iter().cloned());
        gathering.accounts.extend(accounts.iter().cloned());
        let write = written(room.as_str(), &gathering)?;
        self.host.write(vec![write]).await.map_err(|fault| Failure::retry(fault.to_string()))?;
        self.gatherings().insert(room.as_str().to_owned(), gathering);
        Ok(Receipt::default())
    }

    /// `owner` is in no gathering any more, or not in this one.
    pub(crate) async fn leave(&self, owner: &Passport, room: Option<&RemoteRoom>) -> Result<(), Failure> {
        let _order = self.regrouping.lock().await;
        let is_meant = |id: &str| room.is_none_or(|room| room.as_str() == id);
        let mut left = self.gatherings().clone();
        left.retain(|id, gathering| is_meant(id) && gathering.accounts.remove(owner));
        if left.is_empty() {
            return Ok(());
        }
        let write = |(id, gathering): (&String, &Gathering)| {
            let is_over = gathering.accounts.is_empty();
            if is_over { Ok(Write::Delete(id.clone())) } else { written(id, gathering) }
        };
        let writes = left.iter().map(write).collect::<Result<_, _>>()?;
        self.host.write(writes).await.map_err(|fault| Failure::retry(fault.to_string()))?;
        let mut gatherings = self.gatherings();
        gatherings.extend(left);
        gatherings.retain(|_, gathering| !gathering.accounts.is_empty());
        Ok(())
    }

    /// What is told in a gathering, as those of the accounts there hear it who have not heard it from Messenger.
    pub(crate) async fn relayed(&self, errand: &Errand, gathering: &Gathering) -> Result<Vec<Arrival>, HostFault> {
        let mut relayed = Vec::new();
        let has_heard = |account: &&Passport| **account == errand.owner || errand.heard.contains(account);
        for owner in gathering.accounts.iter().filter(|account| !has_heard(account)) {
            relayed.push(Arrival::Message {
                owner: owner.clone(),
                place: errand.place.clone(),
                author: self.likeness(&errand.owner),
                id: told_id(&errand.order),
                sent: self.host.now(),
                content: Line::Repeated(errand.told.clone()).content(self.host.as_ref()).await?,
                reply: None,
                addressed: false,
            });
        }
        Ok(relayed)
    }

    /// An account as others see it here.
    fn likeness(&self, account: &Passport) -> RemoteProfile {
        let name = self.at_desk(account, |desk| desk.sees.as_ref().map(|seen| seen.name.clone()));
        let login = account.local().to_owned();
        RemoteProfile {
            user: RemoteUser(format!("account/{account}")),
            name: name.unwrap_or_else(|| login.clone()),
            login,
            server: None,
            account: Some(account.clone()),
        }
    }

    fn gatherings(&self) -> MutexGuard<'_, Gatherings> {
        self.gatherings.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn written(id: &str, gathering: &Gathering) -> Result<Write, Failure> {
    let value =
        serde_json::to_string(gathering).map_err(|fault| Failure::refused(format!("it cannot be kept: {fault}")))?;
    Ok(Write::Put(id.to_owned(), value))
}
