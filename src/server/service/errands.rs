//! What takes a while: networks are asked, and accounts change their lists. Each errand is a task of its own, a few for each account
//! at once, and has a limited time.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use bridge::{Failure, Found};
use domain::{
    Content, Passport,
    account::{Cause, Refusal, Resolution},
    address::Residence,
    contact::RemoteTarget,
    conversation,
};
use store::{Introduction, RemoteContact, StoreFault};
use tracing::{Instrument, info_span, warn};

use super::{
    NO_DATABASE,
    command::Errand,
    links,
    listing::{choose, no_room, place_of, rooms, which},
    merging,
    naming::{Meant, Room, label, named, named_first},
    outcome::{Outcome, Undone, told},
};
use crate::{
    conversation::{ConversationHandle, ToConversation},
    core::Core,
    links::NetworkEntry,
};

/// How long an errand may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many are found on one network.
const MOST_FOUND: usize = 10;

/// Begins an errand, whose answer comes by itself in the conversation where it was told; the answer is at hand at once where an account
/// has too many under way.
pub(super) fn begin(
    core: &Arc<Core>,
    owner: &Passport,
    conversation: &ConversationHandle,
    errand: Errand,
) -> Option<String> {
    if !core.service.set_out(owner) {
        return Some("I am still busy with what you told me before; wait for its answer.".to_owned());
    }
    let span = info_span!(parent: None, "errand", %owner);
    let tasks = core.tasks.clone();
    let (core, owner, conversation) = (Arc::clone(core), owner.clone(), conversation.clone());
    let task = async move {
        let answer = tokio::select! {
            answered = tokio::time::timeout(PATIENCE, run(&core, &owner, errand)) => match answered {
                Ok(Ok(answer)) => answer,
                Ok(Err(fault)) => {
                    warn!(%fault, "a word to the server cannot be obeyed");
                    NO_DATABASE.to_owned()
                }
                Err(_) => "The network did not answer in time; try again later.".to_owned(),
            },
            () = core.stop.cancelled() => return,
        };
        core.service.come_back(&owner);
        // Where the window was closed meanwhile nobody reads it.
        let line = Content::text(answer);
        conversation.try_send(ToConversation::Cause(conversation::Cause::Told { owner, line }));
    };
    tasks.spawn(task.instrument(span));
    None
}

/// An errand of an account, until it has ended, however it ends: a browser that waits for it may go away.
pub(crate) struct UnderWay<'a>(&'a Core, &'a Passport);

impl<'a> UnderWay<'a> {
    /// `None` if too many are under way.
    pub(crate) fn begin(core: &'a Core, owner: &'a Passport) -> Option<Self> {
        // Not made where it is refused: its end would be counted.
        core.service.set_out(owner).then(|| Self(core, owner))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.service.come_back(self.1);
    }
}

/// An account goes into a room, or adds a person, whom these words mean: for somebody who waits for the answer on a page.
pub(crate) async fn join_from_page(core: &Arc<Core>, owner: &Passport, words: &str) -> Result<Outcome, StoreFault> {
    awaited(core, owner, join(core, owner, words.trim())).await
}

/// An account goes out of a room: for somebody who waits for the answer on a page.
pub(crate) async fn leave_from_page(
    core: &Arc<Core>,
    owner: &Passport,
    room: &Passport,
) -> Result<Outcome, StoreFault> {
    awaited(core, owner, leave(core, owner, room.as_str())).await
}

/// As [`begin`] does it, for whoever waits.
async fn awaited(
    core: &Arc<Core>,
    owner: &Passport,
    errand: impl Future<Output = Result<Outcome, StoreFault>>,
) -> Result<Outcome, StoreFault> {
    let Some(_under_way) = UnderWay::begin(core, owner) else {
        return Ok(Err("What you asked for before is still under way; wait for it.".into()));
    };
    let answered = tokio::time::timeout(PATIENCE, errand).await;
    answered.unwrap_or_else(|_| Ok(Err("The network did not answer in time; try again later.".into())))
}

async fn run(core: &Arc<Core>, owner: &Passport, errand: Errand) -> Result<String, StoreFault> {
    match errand {
        Errand::Join(words) => join(core, owner, words.trim()).await.map(told),
        Errand::Leave(words) => leave(core, owner, &words).await.map(told),
        Errand::Invite { whom, room } => invite(core, owner, &whom, &room).await,
        Errand::Topic(words) => topic(core, owner, &words).await,
        Errand::Search(words) => search(core, owner, &words).await,
        Errand::Merge(words) => merging::merge(core, owner, &words).await,
        Errand::Split(words) => merging::split(core, owner, &words).await,
        Errand::Speak { network, whom } => merging::speak(core, owner, &network, &whom).await,
        Errand::Link(words) => Ok(links::link(core, owner, &words).await),
        Errand::Links => Ok(links::list(core, owner).await),
        Errand::Unlink(network) => Ok(links::unlink(core, owner, &network).await),
        Errand::Task { network, words } => Ok(links::task(core, owner, &network, &words).await),
    }
}

/// An account goes into a room, or adds a person.
async fn join(core: &Arc<Core>, owner: &Passport, words: &str) -> Result<Outcome, StoreFault> {
    let undone = |why: String| Ok(Err(Undone::from(why)));
    if words.is_empty() {
        let next = "Say an address after the word, such as those that \"search WORDS\" finds.";
        return Ok(Err(Undone::saying("Where to?", next)));
    }
    let (passport, name, identity) = match destination(core, owner, words).await? {
        Ok(Resolution::Remote { passport, name, identity }) => (passport, name, identity),
        Ok(Resolution::Account { .. }) => {
            return undone(format!("{words} is somebody of this server: add them to your contacts."));
        }
        Ok(Resolution::Nobody) => {
            let why = format!("Nobody and nothing is called \"{words}\".");
            return Ok(Err(Undone::saying(why, "Say \"search WORDS\" to look for it.")));
        }
        Ok(Resolution::Unknown) => return undone("The network does not answer now; try again later.".to_owned()),
        Err(why) => return undone(why),
    };
    let is_room = matches!(identity.target, RemoteTarget::Room(_));
    let name = label(&name, &passport);
    let wish = Cause::Wanted { passport: passport.clone(), name: name.clone(), identity };
    let why = match (core.directory.wish(core, owner, wish).await, is_room) {
        (Ok(()), true) => return Ok(Ok(format!("You go into {name} ({passport}). {}", on_the_list(core)))),
        (Ok(()), false) => return Ok(Ok(format!("{name} ({passport}) is asked. {}", on_the_list(core)))),
        (Err(Refusal::Blocked), _) => format!("You block {name} ({passport}): unblock it first."),
        (Err(Refusal::OnList), true) => format!("You are in {name} ({passport}) already."),
        (Err(Refusal::OnList), false) => format!("{name} ({passport}) is on your list already."),
        (Err(refusal), _) => refused(refusal).to_owned(),
    };
    undone(why)
}

/// When a client sees what came on its list.
fn on_the_list(core: &Core) -> &'static str {
    if core.settings.live_list {
        "It stands on your list now."
    } else {
        "It stands on your list from your next sign-in on."
    }
}

/// Who or what an account wants to go to; or what to answer when that is not clear.
async fn destination(core: &Core, owner: &Passport, words: &str) -> Result<Result<Resolution, String>, StoreFault> {
    let (known, numbers) = (rooms(core, owner).await?, core.service.listed(owner));
    let number = words.parse::<usize>().ok().and_then(|number| numbers.get(number.checked_sub(1)?));
    let typed = number.cloned().or_else(|| words.parse::<Passport>().ok());
    if let Some(passport) = typed
        && is_of_here(core, &passport).await?
    {
        let entered = known.iter().find(|room| room.passport == passport && room.is_entered());
        return Ok(match entered {
            Some(room) => Err(already(room)),
            None => Ok(core.resolve(&passport).await),
        });
    }
    match named(&known, &numbers, words) {
        Meant::One(room, _) if room.is_entered() => Ok(Err(already(room))),
        Meant::One(room, _) => Ok(Ok(core.resolve(&room.passport).await)),
        Meant::Several(several) => Ok(Err(which(&several))),
        Meant::Nothing => spelt(core, words).await,
    }
}

fn already(room: &Room) -> String {
    format!("You are in {} ({}) already.", room.name, room.passport)
}

/// Whether an address can be somebody's here; others may mean something to a network.
async fn is_of_here(core: &Core, passport: &Passport) -> Result<bool, StoreFault> {
    match core.settings.realm.residence(passport) {
        Residence::Person(_) | Residence::Room(_) | Residence::Service | Residence::Reserved => Ok(true),
        Residence::Local => Ok(core.store.account_name(passport).await?.is_some()),
    }
}

/// Whom or what the networks say that these words mean in their own spelling.
async fn spelt(core: &Core, words: &str) -> Result<Result<Resolution, String>, StoreFault> {
    let mut trouble = None;
    for entry in core.links.networks() {
        match entry.network.find(words).await {
            Ok(Some(found)) => return core.introduce(&entry, introduction(found)).await.map(Ok),
            Ok(None) => {}
            Err(failure) => trouble = Some(in_vain(&entry.name, &failure)),
        }
    }
    Ok(trouble.map_or(Ok(Resolution::Nobody), Err))
}

pub(crate) fn introduction(found: Found) -> Introduction {
    match found {
        Found::Person(person) => person.into(),
        Found::Room(room) => room.into(),
    }
}

/// An account goes out of a room.
async fn leave(core: &Arc<Core>, owner: &Passport, words: &str) -> Result<Outcome, StoreFault> {
    let room = match choose(core, owner, words).await? {
        Ok(room) => room,
        Err(undone) => return Ok(Err(undone)),
    };
    if !room.is_entered() {
        let next = format!("Say \"decline {}\" to stay away.", room.passport);
        return Ok(Err(Undone::saying(format!("You are not in {}.", room.name), next)));
    }
    Ok(match core.directory.wish(core, owner, Cause::Unwanted(room.passport.clone())).await {
        Ok(()) if core.settings.live_list => Ok(format!("You go out of {}.", room.name)),
        Ok(()) => Ok(format!("You go out of {}. It stands on your list until your next sign-in.", room.name)),
        Err(refusal) => Err(refused(refusal).into()),
    })
}

/// An account asks somebody into a room.
async fn invite(core: &Arc<Core>, owner: &Passport, whom: &str, words: &str) -> Result<String, StoreFault> {
    if whom.is_empty() || words.is_empty() {
        return Ok("Say whom, and where to: invite PERSON to ROOM.".to_owned());
    }
    let room = match choose(core, owner, words).await? {
        Ok(room) => room,
        Err(undone) => return Ok(undone.told()),
    };
    let Some((remote, entry)) = whereabouts(core, &room).await? else { return Ok(switched_off(&room)) };
    let (Some(link), Some(place)) = (core.links.link(owner, &remote.network), place_of(&remote.target)) else {
        return Ok(switched_off(&room));
    };
    let person = match person(core, &entry, whom).await? {
        Ok(Some(person)) => person,
        Ok(None) => return Ok(format!("Nobody of that network is called \"{whom}\". Say \"search WORDS\" to look.")),
        Err(failure) => return Ok(in_vain(&entry.name, &failure)),
    };
    Ok(match link.invite(place, &person).await {
        Ok(()) => format!("{whom} is asked into {}.", room.name),
        Err(failure) => in_vain(&entry.name, &failure),
    })
}

/// The person of a network that words mean: by the address here, or in the network's own spelling.
async fn person(
    core: &Core,
    entry: &NetworkEntry,
    whom: &str,
) -> Result<Result<Option<domain::RemoteUser>, Failure>, StoreFault> {
    if let Ok(passport) = whom.parse::<Passport>()
        && let Resolution::Remote { identity, .. } = core.resolve(&passport).await
        && identity.network == entry.name
        && let RemoteTarget::Person(user) = identity.target
    {
        return Ok(Ok(Some(user)));
    }
    Ok(entry.network.find(whom).await.map(|found| match found {
        Some(Found::Person(person)) => Some(person.user),
        Some(Found::Room(_)) | None => None,
    }))
}

/// What a room is about, or is to be about.
async fn topic(core: &Arc<Core>, owner: &Passport, words: &str) -> Result<String, StoreFault> {
    let (known, numbers) = (rooms(core, owner).await?, core.service.listed(owner));
    let (room, topic) = match named_first(&known, &numbers, words) {
        Meant::One(room, topic) => (room, topic),
        Meant::Several(several) => return Ok(which(&several)),
        Meant::Nothing => return Ok(no_room(words).told()),
    };
    let Some((remote, entry)) = whereabouts(core, room).await? else { return Ok(switched_off(room)) };
    let (Some(link), Some(place)) = (core.links.link(owner, &remote.network), place_of(&remote.target)) else {
        return Ok(switched_off(room));
    };
    let wanted = (!topic.is_empty()).then_some(topic);
    Ok(match link.topic(place, wanted).await {
        Ok(_) if wanted.is_some() => format!("{} is about that now.", room.name),
        Ok(topic) if topic.trim().is_empty() => format!("{} has no topic.", room.name),
        Ok(topic) => format!("{}: {}", room.name, topic.trim()),
        Err(failure) => in_vain(&entry.name, &failure),
    })
}

/// People and rooms of all networks, with addresses at which they can be added.
async fn search(core: &Arc<Core>, owner: &Passport, words: &str) -> Result<String, StoreFault> {
    let words = words.trim();
    if words.is_empty() {
        return Ok("Whom or what? Say a part of a name after the word.".to_owned());
    }
    let (mut lines, mut listed) = (String::new(), Vec::new());
    let asked =
        core.links.networks().into_iter().filter_map(|entry| Some((core.links.link(owner, &entry.name)?, entry)));
    let answers = futures_util::future::join_all(asked.map(async |(link, entry)| (entry, link.search(words).await)));
    for (entry, answer) in answers.await {
        let found = match answer {
            Ok(found) => found,
            Err(Failure::Unsupported { .. }) => continue,
            Err(failure) => {
                let _ = write!(lines, "\n{}", in_vain(&entry.name, &failure));
                continue;
            }
        };
        for found in found.into_iter().take(MOST_FOUND) {
            let kind = if matches!(found, Found::Room(_)) { ", a room" } else { "" };
            // One whose id makes no address cannot be added.
            let Ok(Resolution::Remote { passport, name, .. }) = core.introduce(&entry, introduction(found)).await
            else {
                continue;
            };
            listed.push(passport.clone());
            let _ = write!(lines, "\n{}. {}{kind} - {passport}", listed.len(), label(&name, &passport));
        }
    }
    if listed.is_empty() {
        return Ok(format!("Nobody and nothing that I may see is called \"{words}\".{lines}"));
    }
    core.service.note_listed(owner, listed);
    Ok(format!("Found:{lines}\nSay \"join NUMBER\", or add the address to your contacts."))
}

/// Where a room is; `None` where its network is switched off.
async fn whereabouts(core: &Core, room: &Room) -> Result<Option<(RemoteContact, NetworkEntry)>, StoreFault> {
    let remote = core.store.remote(&room.passport).await?;
    Ok(remote.and_then(|remote| {
        let entry = core.links.network(&remote.network)?;
        Some((remote, entry))
    }))
}

fn switched_off(room: &Room) -> String {
    format!("The network of {} is switched off on this server.", room.name)
}

/// Why a network did not do what it was asked, and what to do.
pub(super) fn in_vain(network: &domain::NetworkName, failure: &Failure) -> String {
    let mend = match failure {
        Failure::Retry { .. } => "; try again later",
        Failure::SignedOut { .. } => "; sign in there again",
        Failure::Refused { .. } | Failure::Unsupported { .. } => "",
    };
    format!("That did not work on {network}: {failure}{mend}.")
}

/// Why an account does not change its list.
pub(super) const fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::ListFull => "Your list is full: remove somebody first.",
        Refusal::TooFast => "You change your list too often: wait a minute.",
        Refusal::NotOnList => "That is not on your list.",
        Refusal::OnList => "That is on your list already.",
        Refusal::Blocked => "You block that: unblock it first.",
        Refusal::Oneself
        | Refusal::NoSuchPerson
        | Refusal::NoSuchGroup
        | Refusal::NotInGroup
        | Refusal::GroupExists
        | Refusal::TooManyGroups
        | Refusal::Hidden
        | Refusal::NoSuchProperty
        | Refusal::UnfitName
        | Refusal::UnfitValue
        | Refusal::NoSuchNumber
        | Refusal::SameNetwork
        | Refusal::NotMerged
        | Refusal::NotYours
        | Refusal::Unavailable => NO_DATABASE,
    }
}
