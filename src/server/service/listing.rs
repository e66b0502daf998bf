//! What the server's own contact tells of rooms.

use std::fmt::Write;
use std::sync::Arc;

use domain::{Passport, contact::RemoteTarget};
use store::{Attention, StoreFault};

use super::{
    naming::{Meant, Named, Room, label, named},
    outcome::Undone,
};
use crate::core::Core;

/// How many rooms and invitations are listed.
const MOST_LISTED: usize = 60;

/// How much of what a room is about stands in a list, in characters.
const LONGEST_TOPIC: usize = 100;

/// The rooms that an account is in or asked into.
pub(super) async fn rooms(core: &Core, owner: &Passport) -> Result<Vec<Room>, StoreFault> {
    let rooms = core.store.rooms(owner).await?.into_iter().map(Room::of);
    Ok(rooms.filter(|room| room.is_entered() || room.entry.asker.is_some()).collect())
}

/// The rooms of an account, a line or two each.
pub(super) async fn list(core: &Core, owner: &Passport) -> Result<String, StoreFault> {
    let (mut entered, mut asked): (Vec<Room>, Vec<Room>) =
        rooms(core, owner).await?.into_iter().partition(Room::is_entered);
    if entered.is_empty() && asked.is_empty() {
        return Ok("You are in no room. Say \"search WORDS\" to look for one, or \"join ADDRESS\".".to_owned());
    }
    let waiting = core.store.waiting_peers(owner).await?;
    let more = (entered.len() + asked.len()).saturating_sub(MOST_LISTED);
    entered.truncate(MOST_LISTED);
    asked.truncate(MOST_LISTED - entered.len());
    let mut list = String::new();
    if !entered.is_empty() {
        list.push_str("Your rooms:");
    }
    for (number, room) in (1..).zip(&entered) {
        let _ = write!(list, "\n{number}. {} - {}", room.name, room.passport);
        if let Some(waiting) = waiting.iter().find(|waiting| waiting.peer == room.passport) {
            let _ = write!(list, ", {} unread", waiting.count);
        }
        list.push_str(match room.entry.attention {
            Attention::All => "",
            Attention::Mentions => ", only what speaks to you",
            Attention::Nothing => ", muted",
        });
        about(&mut list, room);
    }
    if !asked.is_empty() {
        list.push_str(if entered.is_empty() { "You are asked into:" } else { "\nYou are asked into:" });
    }
    for (number, room) in (entered.len() + 1..).zip(&asked) {
        let asker = room.entry.asker.as_deref().unwrap_or_default();
        let _ = write!(list, "\n{number}. {} - {}, by {}", room.name, room.passport, label(asker, &room.passport));
        about(&mut list, room);
    }
    if !asked.is_empty() {
        list.push_str("\nSay \"join NUMBER\" or \"decline NUMBER\".");
    }
    if more > 0 {
        let _ = write!(list, "\nand {more} more, which stand on your contact list");
    }
    core.service.note_listed(owner, entered.into_iter().chain(asked).map(|room| room.passport).collect());
    Ok(list)
}

fn about(list: &mut String, room: &Room) {
    if !room.entry.topic.trim().is_empty() {
        let topic: String = label(&room.entry.topic, &room.passport).chars().take(LONGEST_TOPIC).collect();
        let _ = write!(list, "\n    {topic}");
    }
}

/// That somebody asks an account into a room, and how that is answered.
pub(crate) fn invitation((room, name, topic): (&Passport, &str, &str), asker: &str) -> String {
    let (name, asker) = (label(name, room), label(asker, room));
    let about = if topic.trim().is_empty() { String::new() } else { format!(" ({})", label(topic, room)) };
    format!("{asker} asks you into the room {name}{about}. Say \"join {room}\" or \"decline {room}\".")
}

/// The room that an account means by these words; or what to answer when that is not clear.
pub(super) async fn choose(core: &Core, owner: &Passport, words: &str) -> Result<Result<Room, Undone>, StoreFault> {
    let (rooms, numbers) = (rooms(core, owner).await?, core.service.listed(owner));
    Ok(match named(&rooms, &numbers, words) {
        Meant::One(room, _) => Ok(room.clone()),
        Meant::Several(several) => Err(which(&several).into()),
        Meant::Nothing => Err(no_room(words)),
    })
}

/// Asks back which of several is meant.
pub(super) fn which<Entry>(several: &[&Named<Entry>]) -> String {
    let mut answer = String::from("Which of them do you mean?");
    for one in several.iter().take(MOST_LISTED) {
        let _ = write!(answer, "\n{} - {}", one.name, one.passport);
    }
    answer
}

/// That an account is in no such room.
pub(super) fn no_room(words: &str) -> Undone {
    match words.trim() {
        "" => Undone::saying("Which room?", "Say its name or address after the word; \"rooms\" lists yours."),
        words => Undone::saying(format!("You are in no room \"{words}\"."), "Say \"rooms\" for those you are in."),
    }
}

/// An account stays away from a room into which it is asked.
pub(super) async fn decline(core: &Arc<Core>, owner: &Passport, words: &str) -> Result<String, StoreFault> {
    let room = match choose(core, owner, words).await? {
        Ok(room) => room,
        Err(undone) => return Ok(undone.told()),
    };
    if !core.store.decline_room(owner, &room.passport).await? {
        return Ok(format!("Nobody asks you into {}; say \"leave {}\" to go out of it.", room.name, room.passport));
    }
    let gone = domain::account::Cause::Listed { by: room.passport.clone(), name: room.name.clone(), listed: false };
    core.directory.post(owner, gone);
    core.outbox.kick(core, owner.clone(), room.passport.clone());
    Ok(format!("You stay away from {}.", room.name))
}

/// How much of a room is shown from now on.
pub(super) async fn attend(
    core: &Core,
    owner: &Passport,
    attention: Attention,
    words: &str,
) -> Result<String, StoreFault> {
    let room = match choose(core, owner, words).await? {
        Ok(room) => room,
        Err(undone) => return Ok(undone.told()),
    };
    core.store.set_attention(owner, &room.passport, attention).await?;
    Ok(match attention {
        Attention::All => format!("All that is said in {} is shown.", room.name),
        Attention::Mentions => format!("Only what speaks to you in {} is shown.", room.name),
        Attention::Nothing => format!("{} is muted. Say \"unmute {}\" to hear it again.", room.name, room.passport),
    })
}

/// The place of a room on its network.
pub(super) fn place_of(target: &RemoteTarget) -> Option<&domain::RemoteRoom> {
    match target {
        RemoteTarget::Room(room) => Some(room),
        RemoteTarget::Person(_) => None,
    }
}
