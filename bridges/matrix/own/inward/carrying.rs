//! Rooms of a linked account of which something has to be read: seen to until they are up to date, and what is told anew at each start.

use std::{collections::BTreeMap, pin::Pin, time::Duration};

use bridge::Failure;
use domain::RemoteUser;
use futures_util::{
    FutureExt as _, Stream, StreamExt as _,
    stream::{self, FuturesUnordered},
};
use ruma::{OwnedRoomId, api::client::presence::get_presence};
use tokio::time::Instant;

use super::reading::{Reader, Step};
use crate::{
    appservice::Appservice,
    chores::at,
    homeserver::Trouble,
    own::{
        OwnAccount,
        rooms::{Kind, OwnRoom, profile},
    },
    presence,
};

/// How many rooms of one account are read at once: pictures that take long to fetch must not hold up all others.
const AT_ONCE: usize = 4;
/// The longest wait before the next try.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait before it is looked again whether keys have come, of which nobody has told.
const LONGEST_LOOK: Duration = Duration::from_secs(8);

/// When a room is read again.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Instant,
    /// How often it was tried without getting further.
    tries: u32,
    /// Whether it waits for keys: when some come, it is tried at once.
    for_keys: bool,
}

impl Due {
    /// After another try, of which `outcome` came; `None` where nothing is left to be done.
    fn next(before: Option<Self>, outcome: &Result<Step, Failure>, now: Instant) -> Option<Self> {
        let tries = before.map_or(0, |before| before.tries);
        let growing = |first: u64, longest: Duration| Duration::from_secs(first << tries.min(5)).min(longest);
        match outcome {
            Ok(Step::Done) => None,
            Ok(Step::Waits(until)) => {
                let at = (*until).min(now + growing(2, LONGEST_LOOK));
                Some(Self { at, tries: tries.saturating_add(1), for_keys: true })
            }
            // Where it is refused for good the room is lost, and the next sync says so; or the session has ended.
            Err(failure) => {
                let asked = if let Failure::Retry { after, .. } = failure { *after } else { None };
                let wait = asked.unwrap_or(growing(1, LONGEST_WAIT)).min(LONGEST_WAIT);
                Some(Self { at: now + wait, tries: tries.saturating_add(1), for_keys: false })
            }
        }
    }
}

/// Reads whatever room of an account is behind, for as long as its session lasts.
pub(crate) async fn carry_on(account: &OwnAccount) {
    let Ok(appservice) = account.appservice() else { return };
    let reader = Reader::new(account, &appservice);
    let mut keys = keys(account).await;
    let mut waiting: BTreeMap<OwnedRoomId, Due> = BTreeMap::new();
    let mut running: BTreeMap<OwnedRoomId, Option<Due>> = BTreeMap::new();
    let mut working = FuturesUnordered::new();
    let mut showing = Box::pin(show_anew(account, &appservice));
    let mut has_shown = false;
    loop {
        let now = Instant::now();
        // Before its first sync a new device knows of none.
        let behind = if account.rooms.has_begun() { account.rooms.behind() } else { Vec::new() };
        for room in behind {
            if running.len() >= AT_ONCE {
                break;
            }
            if running.contains_key(&room) || waiting.get(&room).is_some_and(|due| due.at > now) {
                continue;
            }
            running.insert(room.clone(), waiting.remove(&room));
            let reader = &reader;
            working.push(async move {
                let outcome = reader.read_on(&room).await;
                (room, outcome)
            });
        }
        let next = waiting.values().map(|due| due.at).filter(|due| *due > now).min();
        tokio::select! {
            () = account.rooms.bell.notified() => {}
            Some(()) = keys.next() => {
                // Whichever they are of: a try that comes to nothing costs little.
                waiting.values_mut().filter(|due| due.for_keys).for_each(|due| due.at = now);
            }
            Some((room, outcome)) = working.next(), if !working.is_empty() => {
                if let Err(failure) = &outcome {
                    tracing::debug!(owner = %account.owner, %room, %failure, "a room of a linked account is read later");
                }
                let before = running.remove(&room).flatten();
                waiting.extend(Due::next(before, &outcome, Instant::now()).map(|due| (room, due)));
            }
            () = &mut showing, if !has_shown => has_shown = true,
            () = at(next) => {}
        }
        waiting.retain(|room, _| account.rooms.hears_in(room));
    }
}

/// Something whenever keys of rooms have come.
async fn keys(account: &OwnAccount) -> Pin<Box<dyn Stream<Item = ()> + Send>> {
    match account.client.encryption().room_keys_received_stream().boxed().await {
        // One that fell behind has missed some: that is news as well.
        Some(keys) => Box::pin(keys.map(drop).chain(stream::pending())),
        None => Box::pin(stream::pending()),
    }
}

/// Tells the host anew what rooms and people show: what was told just before a crash may be lost.
async fn show_anew(account: &OwnAccount, appservice: &std::sync::Arc<Appservice>) {
    let heard = account.rooms.all().into_iter().filter(|(_, room)| room.is_heard());
    for (id, kept) in heard {
        let Some(room) = account.client.get_room(&id) else { continue };
        let target = kept.target(&id);
        match &kept.kind {
            Kind::Room => {
                let profile = profile(&room, &account.me);
                account.host.room(profile.of_room(&id));
                appservice.look_at(target, profile.avatar);
            }
            Kind::Direct { user, .. } => {
                if let Ok(Some(member)) = room.get_member_no_sync(user).boxed().await {
                    appservice.look_at(target, member.avatar_url().map(ToOwned::to_owned));
                }
                show_presence(account, &kept).await;
            }
        }
    }
}

/// Asks for a person's presence: a sync tells only of changes.
async fn show_presence(account: &OwnAccount, kept: &OwnRoom) {
    let Some(user) = kept.kind.person() else { return };
    match account.client.send(get_presence::v3::Request::new(user.to_owned())).await {
        Ok(answer) => {
            let ago = answer.last_active_ago.and_then(|ago| u64::try_from(ago.as_millis()).ok());
            let presence =
                presence::seen(answer.presence.as_str(), ago, answer.status_msg.as_deref(), account.host.now());
            account.host.presence(&account.owner, &RemoteUser(user.to_string()), presence);
        }
        Err(error) => {
            let trouble = Trouble::from(error);
            tracing::debug!(owner = %account.owner, %user, %trouble, "nothing is known of somebody's presence");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_tried_less_and_less_often_and_for_keys_never_later_than_they_are_waited_for() {
        let now = Instant::now();
        let failed = Err(Failure::retry("away"));
        let (mut due, mut waits) = (None, Vec::new());
        for _ in 0..7 {
            due = Due::next(due, &failed, now);
            waits.push((due.unwrap().at - now).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        let until = now + Duration::from_secs(3);
        let first = Due::next(None, &Ok(Step::Waits(until)), now).unwrap();
        assert_eq!((first.at - now, first.for_keys), (Duration::from_secs(2), true));
        assert_eq!(Due::next(Some(first), &Ok(Step::Waits(until)), now).unwrap().at, until);
        assert!(Due::next(due, &Ok(Step::Done), now).is_none());
    }
}
