//! What can be done with a link that is there.

mod verification;

use std::sync::Arc;

use bridge::{Failure, LinkAnswers, LinkStep, LinkTask, TaskStage};
use domain::Passport;
use futures_util::FutureExt as _;
use matrix_sdk::encryption::{
    VerificationState,
    recovery::{RecoveryError, RecoveryState},
    secret_storage::SecretStorageError,
};
use ruma::events::GlobalAccountDataEventType;
use serde_json::Value;
use tokio::runtime::Handle;

use self::verification::Stage;
use super::{
    OwnAccount, OwnAccounts,
    lists::{self, Choice},
    trouble,
};
use crate::{appservice::host_failure, homeserver::Trouble};

pub(super) use verification::Verification;

const KEY: &str = "key";
const SHOWN: &str = "shown";
const ROOM: &str = "room";
/// How often a passphrase is hashed to make a recovery key of it, at the most: Element does it half a million times.
const MOST_ROUNDS: u64 = 2_000_000;
/// Told in the conversation and on pages, so in words for both.
const UNCONFIRMED: &str = "This session is not confirmed by another one of yours, so others may be warned of it, and what was said \
                           before in encrypted rooms stays closed: compare emoji with another session, or use your recovery key.";
/// How many rooms are listed at once.
const LISTED: usize = 100;

impl OwnAccounts {
    /// What can be done with the account's link.
    pub(crate) fn tasks(&self, owner: &Passport) -> Vec<LinkTask> {
        let Some(account) = self.entry(owner).and_then(|link| link.account()) else { return Vec::new() };
        let verify = |says: &str| LinkTask::plain("verify", "Compare emoji", says);
        let mut tasks = Vec::new();
        match account.verification.stage() {
            Stage::Idle => tasks.push(verify("Lets another session of your Matrix account confirm this one, by comparing seven emoji.")),
            Stage::Offered(_) => tasks.push(verify("Another session of your Matrix account asks whether this one is yours: agrees to compare seven emoji.")),
            Stage::Waiting => tasks.push(LinkTask { button: "Begin anew", ..verify("Waits until another session of your Matrix account agrees to compare seven emoji. Once more: begins anew.") }.at(TaskStage::WaitsElsewhere)),
            Stage::Comparing { shown, .. } => {
                tasks.push(LinkTask::plain("verify-yes", "They match", format!("The other session shows the same: {shown}.")).at(TaskStage::WaitsHere));
                tasks.push(LinkTask::plain("verify-no", "They differ", "The other session shows something else.").at(TaskStage::WaitsHere));
            }
            Stage::Confirmed => tasks.push(LinkTask { button: "Begin anew", ..verify("Waits until the other session confirms as well. Once more: begins anew.") }.at(TaskStage::WaitsElsewhere)),
        }
        let key = LinkStep {
            key: KEY,
            ask: "What is the recovery key of your Matrix account, or the passphrase for it? Another session of yours has shown it once.".into(),
            secret: true,
        };
        let says = "Opens what was said before in encrypted rooms, and confirms this session.";
        tasks.push(LinkTask::plain("recovery", "Use recovery key", says).asking(vec![key]));
        let room = |ask: &str| vec![LinkStep { key: ROOM, ask: ask.to_owned(), secret: false }];
        let says = "Lists the rooms of your Matrix account, with their numbers and whether they are on your list.";
        tasks.push(LinkTask::plain("rooms", "List rooms", says));
        let ask = room("Which room? Write its number in the list of rooms, or its name.");
        tasks.push(
            LinkTask::plain("room-add", "Add a room", "Puts a room on your list, from its next sign-in on.")
                .asking(ask),
        );
        let ask = room("Which room is to go? Write its number in the list of rooms, or its name.");
        let says = "Takes a room off your list; your Matrix account stays in it.";
        tasks.push(LinkTask::plain("room-remove", "Remove a room", says).asking(ask));
        let shown = if account.shows_presence() { "It is shown now." } else { "It is not shown now." };
        let says = format!("Shows on Matrix, as you yourself, whether you are on Messenger, or does not. {shown}");
        let ask = LinkStep { key: SHOWN, ask: "Is it to be shown? Write on or off.".into(), secret: false };
        tasks.push(LinkTask::plain("presence", "Show presence", says).asking(vec![ask]));
        tasks
    }

    /// Does one of these tasks; says what came of it.
    pub(crate) async fn perform(&self, owner: &Passport, task: &str, answers: &LinkAnswers) -> Result<String, Failure> {
        let link = self.entry(owner).ok_or_else(|| Failure::refused("no Matrix account is linked; link one first"))?;
        let account = link.account().ok_or_else(|| match link.state().0 {
            bridge::LinkState::Failed { .. } => trouble::signed_out(),
            bridge::LinkState::Connecting | bridge::LinkState::Connected | bridge::LinkState::Waiting { .. } => {
                Failure::retry("your Matrix account is not connected yet; try again in a minute")
            }
        })?;
        let answer = |key: &str| answers.get(key).map(|answer| answer.trim()).filter(|answer| !answer.is_empty());
        let missing = |what: &str| Failure::refused(format!("{what} is missing"));
        match task {
            "verify" => account.verification.begin(&account).await,
            "verify-yes" => account.verification.confirm().await,
            "verify-no" => account.verification.deny().await,
            "recovery" => account.recover(answer(KEY).ok_or_else(|| missing("the recovery key"))?).await,
            "rooms" => Ok(listed(&account.choices())),
            "room-add" => account.choose_room(answer(ROOM).ok_or_else(|| missing("the room"))?, true).await,
            "room-remove" => account.choose_room(answer(ROOM).ok_or_else(|| missing("the room"))?, false).await,
            "presence" => {
                let shown = match answer(SHOWN) {
                    Some("on" | "On" | "ON" | "yes") => true,
                    Some("off" | "Off" | "OFF" | "no") => false,
                    Some(_) | None => return Err(Failure::refused("that is neither on nor off")),
                };
                let _turn = self.turn.lock().await;
                if self.entry(owner).is_none_or(|now| !Arc::ptr_eq(&now, &link)) {
                    return Err(Failure::refused("the link was changed meanwhile"));
                }
                link.keep(&*self.host, |kept| kept.presence = shown).await.map_err(|fault| host_failure(&fault))?;
                Ok(if shown {
                    "Matrix is shown whether you are on Messenger, from the next change on.".into()
                } else {
                    "Matrix is not shown any more whether you are on Messenger.".into()
                })
            }
            _ => Err(Failure::Unsupported { reason: "there is nothing of that name to do".into() }),
        }
    }
}

impl OwnAccount {
    /// What it is still busy with, what works less well than it could, and what to do.
    pub(super) fn hints(&self) -> Vec<String> {
        let mut hints = Vec::from_iter(self.first_sync.line());
        match self.client.encryption().verification_state().get() {
            VerificationState::Unverified => hints.push(UNCONFIRMED.to_owned()),
            VerificationState::Verified | VerificationState::Unknown => {}
        }
        hints
    }

    async fn choose_room(&self, words: &str, wanted: bool) -> Result<String, Failure> {
        let choices = self.choices();
        let choice = lists::find(&choices, words)?;
        self.choose(&choice.room, wanted).await?;
        Ok(if wanted {
            format!("{} is on your list when you sign in next.", choice.name)
        } else {
            format!("{} is not on your list any more.", choice.name)
        })
    }

    /// Refuses a recovery key that takes too long to be made of its passphrase: whoever has the account says how often that is hashed.
    async fn is_soon_hashed(&self) -> Result<(), Failure> {
        let failed = |error: matrix_sdk::Error| trouble::failure(Trouble::from(error));
        let id = self.client.encryption().secret_storage().fetch_default_key_id().boxed().await.map_err(failed)?;
        let Some(id) = id.and_then(|id| id.deserialize().ok()) else { return Ok(()) };
        let kind = GlobalAccountDataEventType::SecretStorageKey(id.key_id);
        let info = self.client.account().fetch_account_data(kind).boxed().await.map_err(failed)?;
        let info = info.and_then(|info| serde_json::from_str::<Value>(info.json().get()).ok());
        let rounds = info.and_then(|info| info.get("passphrase")?.get("iterations")?.as_u64());
        match rounds {
            Some(rounds) if rounds > MOST_ROUNDS => Err(Failure::refused(format!(
                "the passphrase of this recovery key is hashed {rounds} times, and {MOST_ROUNDS} are taken; make a new recovery key in \
                 another Matrix client"
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes the account's keys by its recovery key.
    async fn recover(&self, key: &str) -> Result<String, Failure> {
        self.is_soon_hashed().await?;
        // Hashing a passphrase is hard work, for which nothing else must wait.
        let (recovery, key, runtime) = (self.client.encryption().recovery(), key.to_owned(), Handle::current());
        let recovering = tokio::task::spawn_blocking(move || {
            runtime.block_on(async move {
                let outcome = recovery.recover(&key).boxed().await;
                (outcome, recovery.state())
            })
        });
        let (outcome, state) =
            recovering.await.map_err(|_| Failure::retry("taking the keys was broken off; try once more"))?;
        outcome.map_err(|error| match error {
            RecoveryError::Sdk(error) | RecoveryError::SecretStorage(SecretStorageError::Sdk(error)) => {
                trouble::failure(Trouble::from(error))
            }
            RecoveryError::SecretStorage(SecretStorageError::MissingKeyInfo { .. }) => Failure::refused(
                "this account has no recovery key; set up \"secure backup\" or \"recovery\" in another Matrix client first",
            ),
            RecoveryError::SecretStorage(SecretStorageError::SecretStorageKey(_)) => {
                Failure::refused("that is not the recovery key of this account, nor its passphrase")
            }
            error @ (RecoveryError::SecretStorage(_) | RecoveryError::BackupExistsOnServer) => {
                // Its words name secrets, and never hold them.
                tracing::warn!(owner = %self.owner, %error, "the keys of a linked account cannot be taken");
                Failure::refused("the keys of this account cannot be used; look into another Matrix client whether they are complete")
            }
        })?;
        Ok(match state {
            RecoveryState::Incomplete => {
                "The key is right, but some of the account's keys are not kept with it: look into another Matrix client.".into()
            }
            RecoveryState::Enabled | RecoveryState::Disabled | RecoveryState::Unknown => {
                "This session is confirmed, and opens what was said before as it comes to it.".into()
            }
        })
    }
}

/// Rooms as lines, with the numbers by which they can be called.
fn listed(choices: &[Choice]) -> String {
    if choices.is_empty() {
        return "Your Matrix account is in no rooms of several people.".into();
    }
    let line = |(at, choice): (usize, &Choice)| {
        let mark = if choice.is_listed { ", on your list" } else { "" };
        format!("{}. {}{mark}", at + 1, choice.name)
    };
    let mut lines: Vec<String> = choices.iter().take(LISTED).enumerate().map(line).collect();
    if choices.len() > LISTED {
        lines.push(format!("And {} more, which are called by their names.", choices.len() - LISTED));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use ruma::owned_room_id;

    use super::*;

    #[test]
    fn rooms_are_numbered_as_they_are_called() {
        let choice = |name: &str, is_listed| Choice {
            room: owned_room_id!("!a"),
            name: name.into(),
            alias: String::new(),
            is_listed,
        };
        let few = [choice("Rust", true), choice("Tea", false)];
        assert_eq!(listed(&few), "1. Rust, on your list\n2. Tea");
        assert_eq!(listed(&[]), "Your Matrix account is in no rooms of several people.");
        let many: Vec<Choice> = (0..LISTED + 2).map(|_| choice("x", false)).collect();
        assert!(listed(&many).ends_with("And 2 more, which are called by their names."));
    }
}
