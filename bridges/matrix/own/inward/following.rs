//! Rooms that are replaced by others (Matrix, "Room upgrades"): a linked account goes along, once the new room names the old one too.

use std::time::Duration;

use bridge::{Arrival, Batch, Failure};
use domain::RemoteRoom;
use futures_util::FutureExt as _;
use matrix_sdk::RoomState;
use ruma::{
    OwnedRoomId, RoomId, RoomOrAliasId,
    api::client::{membership::leave_room, state::get_state_event_for_key},
    events::StateEventType,
};
use serde::Deserialize;

use crate::{
    appservice::host_failure,
    chores::Chore,
    homeserver::Trouble,
    own::{
        OwnAccount,
        lists::GROUP,
        rooms::{Kind, Moved, OwnRoom, profile},
        trouble::failure,
    },
    portal::{Followed, Place},
    timeline::Timeline,
};

/// How long it takes until what failed is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// Follows wherever a room of an account goes on.
pub(super) async fn follow(account: &OwnAccount) {
    loop {
        let mut has_failed = false;
        for (old, kept, moved) in account.rooms.moved() {
            if let Err(failure) = follow_one(account, &old, &kept, &moved).boxed().await {
                tracing::debug!(owner = %account.owner, room = %old, %failure, "a room is followed later");
                has_failed = true;
            }
        }
        tokio::select! {
            () = account.rooms.moving.notified() => {}
            () = tokio::time::sleep(AGAIN), if has_failed => {}
        }
    }
}

async fn follow_one(account: &OwnAccount, old: &RoomId, kept: &OwnRoom, moved: &Moved) -> Result<(), Failure> {
    let has_followed = match enter(account, old, moved).await {
        Ok(has_followed) => has_followed,
        // Whoever may not come in by themselves is asked in, or stays.
        Err(trouble) if trouble.is_final() => false,
        Err(trouble) => return Err(failure(trouble)),
    };
    if has_followed && let Kind::Direct { user, .. } = &kept.kind {
        account.note_direct(user, &moved.to).await.map_err(failure)?;
    }
    if has_followed {
        take_ghost_along(account, old, moved).await?;
    }
    let mut draft = account.rooms.begin().await;
    let Some(known) = draft.known(old) else { return Ok(()) };
    known.moved = None;
    let mut arrivals = Vec::new();
    if has_followed && known.listed && known.kind == Kind::Room {
        // Of what is still said there nothing comes any more; its place on the list is the new room's.
        known.listed = false;
        // Whoever wanted the old one wants the new one, whatever else comes onto the list by itself.
        let wanted = if known.muted { known.chosen } else { Some(true) };
        known.chosen = Some(false);
        arrivals.push(Arrival::RoomLost { owner: account.owner.clone(), room: RemoteRoom(old.to_string()) });
        let new = draft.room(&moved.to, || OwnRoom::invited(Kind::Room));
        new.chosen = wanted;
        if new.is_joined() && !new.listed && wanted == Some(true) {
            // A sync has told of it before it was known to be wanted.
            (new.listed, new.timeline) = (true, Timeline::unread());
            let profile = account.client.get_room(&moved.to).map(|room| profile(&room, &account.me));
            arrivals.push(Arrival::Room {
                owner: account.owner.clone(),
                room: profile.unwrap_or_default().of_room(&moved.to),
                group: Some(GROUP.to_owned()),
            });
        }
    }
    let writes = draft.writes();
    account.host.accept(Batch { arrivals, writes }).await.map_err(|fault| host_failure(&fault))?;
    draft.committed();
    account.rooms.bell.notify_one();
    tracing::info!(owner = %account.owner, %old, new = %moved.to, has_followed, "a room goes on elsewhere");
    Ok(())
}

/// Has the account's ghost go on in the new room where it is in the old one, so that only the new one is left on the list.
async fn take_ghost_along(account: &OwnAccount, old: &RoomId, moved: &Moved) -> Result<(), Failure> {
    let appservice = account.appservice()?;
    if !super::ghosts(account, &appservice).contains(old) {
        return Ok(());
    }
    let new = Place { owner: account.owner.clone(), room: moved.to.clone() };
    let from = Followed { room: old.to_owned(), by: moved.by.clone() };
    appservice.change_portal(&new, |portal| portal.follow(from)).await?;
    appservice.chores.add(Chore::Portal(new));
    match appservice.leave_room(&account.owner, old).await {
        // It is noted that it has to leave.
        Err(failure) if failure.is_passing() => Ok(()),
        left => left,
    }
}

/// Goes into the new room, and out of it again where it knows nothing of the old one: anybody may say of a room that it goes on in
/// another. Says whether the account is in.
async fn enter(account: &OwnAccount, old: &RoomId, moved: &Moved) -> Result<bool, Trouble> {
    let (client, new) = (&account.client, &*moved.to);
    // Many of its rooms are none of this program's.
    let was_in = client.get_room(new).is_some_and(|room| room.state() == RoomState::Joined);
    let ways = [moved.by.server_name().to_owned()];
    client.join_room_by_id_or_alias(<&RoomOrAliasId>::from(new), &ways).boxed().await?;
    let request = get_state_event_for_key::v3::Request::new(new.to_owned(), StateEventType::RoomCreate, String::new());
    let made = client.send(request).await?.event_or_content;
    let made = serde_json::from_str::<Made>(made.get());
    let takes_its_place = made.is_ok_and(|made| made.predecessor.room_id == *old);
    if !takes_its_place && !was_in {
        client.send(leave_room::v3::Request::new(new.to_owned())).await?;
    }
    Ok(takes_its_place)
}

/// How a room was made, as far as it took another's place.
#[derive(Deserialize)]
struct Made {
    predecessor: Predecessor,
}

#[derive(Deserialize)]
struct Predecessor {
    room_id: OwnedRoomId,
}
