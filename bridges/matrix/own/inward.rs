//! What a linked account hears: one sync after another, each committed with its token.
//!
//! `piece` reads an event, `intake` takes a sync in, `unread` and `gap` say what of the past is told, `reading` reads a room back where
//! something has to be read, decrypted or fetched first, `carrying` sees to it that this is done, `following`
//! goes along where a room is replaced by another.

mod carrying;
mod fetching;
mod following;
mod gap;
mod intake;
mod piece;
mod reading;
#[cfg(test)]
mod tests;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use bridge::{Batch, Failure, Write};
use futures_util::FutureExt as _;
use matrix_sdk::{
    Room,
    sync::{InvitedRoomUpdate, JoinedRoomUpdate, State, SyncResponse},
};
use ruma::{OwnedRoomId, OwnedUserId, UserId, events::GlobalAccountDataEventType};
use serde_json::{Value, value::RawValue};

use self::{
    intake::{Asked, Intake, Known, News},
    piece::{Listener, Piece, in_room},
};
use super::{
    OwnAccount,
    rooms::{Facts, Kind, OwnRoom, Passing, muted},
    stores,
};
use crate::{
    appservice::{Appservice, host_failure},
    chat::Pair,
    event::{Event, Invitation, shown_name},
    homeserver::Trouble,
    portal::Place,
    transaction::{Happening, signal, value},
};

pub(super) use self::unread::MOST_UNREAD;

/// Sees to everything that a sync leaves to be done, for as long as a session lasts.
pub(super) async fn carry_on(account: &OwnAccount) {
    tokio::join!(carrying::carry_on(account), following::follow(account));
}

/// Everything that one sync brought.
struct Brought {
    joined: Vec<(OwnedRoomId, News)>,
    asked: Vec<Asked>,
    left: Vec<(OwnedRoomId, Vec<Piece>)>,
    seen: Vec<Happening>,
}

/// Commits everything that one sync brought, with its token. It can be called again with the same response. `is_whole`: it was not asked
/// what is new, but what there is.
pub(crate) async fn take(account: &OwnAccount, response: SyncResponse, is_whole: bool) -> Result<(), Failure> {
    let appservice = account.appservice()?;
    let token = response.next_batch.clone();
    account.rooms.made().await;
    let mut brought = brought(account, &appservice, response).await?;
    let draft = account.rooms.begin().await;
    if is_whole {
        // What is not there any more is not said by itself.
        let there: BTreeSet<&OwnedRoomId> =
            brought.joined.iter().map(|(room, _)| room).chain(brought.asked.iter().map(|asked| &asked.room)).collect();
        let gone = account.rooms.all().into_iter().map(|(room, _)| room).filter(|room| !there.contains(room));
        let gone: Vec<OwnedRoomId> = gone.collect();
        brought.left.extend(gone.into_iter().map(|room| (room, Vec::new())));
    }
    let left: Vec<(OwnedRoomId, OwnRoom)> =
        brought.left.iter().filter_map(|(room, _)| Some((room.clone(), account.rooms.get(room)?))).collect();
    let (draft, arrivals, signals, unasked) = {
        let called = appservice.called().get(&account.owner).cloned().unwrap_or_default();
        let ghosts = ghosts(account, &appservice);
        let ghost = appservice.configuration.names.ghost(&account.owner);
        let linked = &account.configuration.linked;
        let Passing { typing, .. } = &mut *account.rooms.passing();
        let known = Known {
            owner: &account.owner,
            listener: Listener {
                me: &account.me,
                ghost: ghost.as_deref(),
                show_joins: account.configuration.show_joins,
            },
            names: &account.configuration.names,
            policy: linked.rooms,
            most_rooms: linked.most_rooms,
            called: &called,
            ghosts: &ghosts,
            is_met_by_ghost: &|user: &UserId| {
                let pair = Pair { owner: account.owner.clone(), user: user.to_owned() };
                appservice.chats.get(&pair).is_reachable()
            },
            is_first: !account.rooms.has_begun(),
            speakers: &mut appservice.speakers(),
            typing,
        };
        let mut intake = Intake::new(draft, known);
        brought.left.iter().for_each(|(room, pieces)| intake.left(room, pieces));
        brought.asked.into_iter().for_each(|asked| intake.asked(asked));
        intake.joined(&brought.joined);
        brought.seen.into_iter().for_each(|seen| intake.seen(seen));
        let Intake { draft, arrivals, signals, unasked, .. } = intake;
        (draft, arrivals, signals, unasked)
    };
    let mut writes = draft.writes();
    writes.push(Write::Put(stores::since(&account.owner), token));
    let (count, rooms) = (arrivals.len(), brought.joined.len());
    account.host.accept(Batch { arrivals, writes }).await.map_err(|fault| host_failure(&fault))?;
    draft.committed_with_sync();
    tracing::debug!(owner = %account.owner, rooms, count, "a sync of a linked account was taken");
    for signal in signals {
        appservice.signal(signal);
    }
    appservice.hand_over(&account.owner, left).await;
    if unasked > 0 {
        let line = format!("{unasked} more invitations of your Matrix account wait: another client of it shows them.");
        account.host.notify(&account.owner, line);
    }
    account.rooms.bell.notify_one();
    account.rooms.moving.notify_one();
    Ok(())
}

/// The rooms of several people that the account's ghost is in.
fn ghosts(account: &OwnAccount, appservice: &Appservice) -> BTreeSet<OwnedRoomId> {
    let places = appservice.portals.of(&account.owner).into_iter();
    let joined = places.filter(|place| {
        let portal = appservice.portals.get(place);
        portal.is_joined() && portal.is_listed()
    });
    joined.map(|place| place.room).collect()
}

/// Puts a response into what it brought, with what matrix-sdk knows of its rooms.
async fn brought(account: &OwnAccount, appservice: &Appservice, response: SyncResponse) -> Result<Brought, Failure> {
    let names = &account.configuration.names;
    let rules = account.client.account().account_data_raw(GlobalAccountDataEventType::PushRules).boxed().await;
    let rules = rules.map_err(|error| Failure::from(Trouble::from(error)))?;
    let muted = rules.and_then(|rules| value(rules.json())).map(|rules| muted(&rules)).unwrap_or_default();
    let mut updates: BTreeMap<OwnedRoomId, JoinedRoomUpdate> = response.rooms.joined;
    let changes = |kind: &str| response.account_data.iter().any(|data| kind_of(data.json()).as_deref() == Some(kind));
    if changes("m.direct") || changes("m.push_rules") {
        // Any room may be something else now.
        for (room, _) in account.rooms.all().into_iter().filter(|(_, kept)| kept.is_joined()) {
            updates.entry(room).or_default();
        }
    }
    let (mut joined, of) = (Vec::new(), updates.len());
    for (number, (id, update)) in updates.into_iter().enumerate() {
        account.first_sync.has_read(number, of);
        // Whoever has left meanwhile is told so by the next sync.
        let Some(room) = account.client.get_room(&id) else { continue };
        let news = news(account, appservice, &room, update, &muted).await.map_err(Failure::from)?;
        joined.push((id, news));
    }
    let asked = response.rooms.invited.into_iter();
    let asked = asked.filter_map(|(room, update)| asked_in(account, room, &update)).collect();
    let left = response.rooms.left.into_iter().map(|(room, update)| {
        let pieces = update.timeline.events.iter();
        let pieces = pieces.filter_map(|event| Piece::of(event, &room, &account.me, names)).collect();
        (room, pieces)
    });
    let left = left.collect();
    let now = account.host.now();
    let seen = response.presence.iter().filter_map(|seen| signal(names, &value(seen.json())?, now)).collect();
    Ok(Brought { joined, asked, left, seen })
}

async fn news(
    account: &OwnAccount,
    appservice: &Appservice,
    room: &Room,
    update: JoinedRoomUpdate,
    muted: &BTreeSet<OwnedRoomId>,
) -> Result<News, Trouble> {
    let (names, id) = (&account.configuration.names, room.room_id());
    let kept = account.rooms.get(id);
    let pieces = update.timeline.events.iter();
    let pieces: Vec<Piece> = pieces.filter_map(|event| Piece::of(event, id, &account.me, names)).collect();
    let (State::Before(state) | State::After(state)) = &update.state;
    let state = state.iter().filter_map(|event| Event::read(&in_room(event.json(), id)?, names)).collect();
    let now = account.host.now();
    let passing = update.ephemeral.iter().filter_map(|event| signal(names, &in_room(event.json(), id)?, now));
    let was_direct = kept.as_ref().and_then(|kept| kept.kind.person()).map(ToOwned::to_owned);
    let direct: Option<OwnedUserId> = pieces.iter().rev().find_map(|piece| piece.direct.clone()).or(was_direct);
    let place = Place { owner: account.owner.clone(), room: id.to_owned() };
    let ghost = appservice.portals.get(&place);
    let before = kept.as_ref().map(|kept| kept.kind.clone());
    if kept.is_some_and(|kept| kept.is_heard() && kept.kind == Kind::Room) {
        learn_names(appservice, room, &pieces).await?;
    }
    let facts = Facts::of(room, &account.me, direct.as_deref(), before.as_ref(), muted).await?;
    Ok(News {
        facts: Facts { is_gathering: ghost.is_joined() && !ghost.is_listed(), ..facts },
        pieces,
        limited: update.timeline.limited,
        state,
        passing: passing.collect(),
        ghost: (ghost.is_joined() && ghost.is_listed()).then_some(ghost.timeline),
    })
}

/// Looks up the names of those who speak, as far as they are known here.
async fn learn_names(appservice: &Appservice, room: &Room, pieces: &[Piece]) -> Result<(), Trouble> {
    let id = room.room_id();
    let speakers: BTreeSet<&OwnedUserId> = pieces.iter().map(|piece| &piece.event.sender).collect();
    for user in speakers {
        if appservice.speakers().name(id, user).is_some() {
            continue;
        }
        if let Some(member) = room.get_member_no_sync(user).boxed().await? {
            appservice.speakers().learn(id, user, &shown_name(member.display_name().unwrap_or_default()));
        }
    }
    Ok(())
}

/// What stands in an invitation: the room's state, as far as it is shown to whoever is asked in.
fn asked_in(account: &OwnAccount, room: OwnedRoomId, update: &InvitedRoomUpdate) -> Option<Asked> {
    let state: Vec<Value> = update.invite_state.events.iter().filter_map(|event| value(event.json())).collect();
    let is_mine = |event: &&Value| {
        let field = |name: &str| event.get(name).and_then(Value::as_str);
        field("type") == Some("m.room.member") && field("state_key") == Some(account.me.as_str())
    };
    let mine = state.iter().find(is_mine)?;
    let by = OwnedUserId::try_from(mine.get("sender")?.as_str()?).ok()?;
    let content = mine.get("content")?;
    let invitation = Invitation::of(&by, content, &state);
    let says_direct = content.get("is_direct") == Some(&Value::Bool(true));
    Some(Asked { room, by, invitation, says_direct })
}

fn kind_of(event: &RawValue) -> Option<String> {
    value(event)?.get("type")?.as_str().map(str::to_owned)
}
