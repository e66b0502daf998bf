//! What the bot does with accounts: finds them, makes them, asks them for a chat.

use std::fmt::Write as _;

use bridge::{Arrival, Batch, Bound, Failure, LinkOwner, Registration};
use domain::Passport;
use ruma::{OwnedEventId, RoomId, UserId};

use crate::{
    appservice::{Appservice, host_failure},
    chat::{Membership, Pair, profile},
    chores::Chore,
    intent::rooms::Occasion,
};

/// How many accounts a search tells of.
const FOUND: usize = 20;

impl Appservice {
    /// Makes an account, where the server lets networks do so.
    pub(super) async fn register(&self, address: &Passport, password: &str) -> Result<String, Failure> {
        let outcome = self.host.register(address, password).await.map_err(|fault| host_failure(&fault))?;
        Ok(match outcome {
            Registration::Made => {
                tracing::info!(account = %address, "an account was made through the bot");
                format!("The account `{address}` is yours. Sign in to Messenger with it and your password.")
            }
            Registration::Refused(reason) => format!("There is no new account: {reason}."),
        })
    }

    /// The accounts that words may mean.
    pub(super) async fn search_accounts(&self, words: &str) -> Result<String, Failure> {
        let owners = self.host.owners().await.map_err(|fault| host_failure(&fault))?;
        let (found, more) = matching(owners, words);
        if found.is_empty() {
            return Ok("Nobody on Messenger here is called that. Try a part of the name, or of the address.".into());
        }
        let mut text = String::from("On Messenger here:");
        for owner in &found {
            text.push_str("\n- ");
            text.push_str(&described(owner));
        }
        if more > 0 {
            // Writing into a string cannot fail.
            let _ = write!(text, "\nand {more} more: say more of the name.");
        }
        text.push_str("\nSay `start-chat ADDRESS` to talk to one of them.");
        Ok(text)
    }

    /// Who an account is on Matrix.
    pub(super) async fn resolve_account(&self, address: &Passport) -> Result<String, Failure> {
        let ghost = self.ghost(address)?;
        let owners = self.host.owners().await.map_err(|fault| host_failure(&fault))?;
        Ok(match owners.into_iter().find(|owner| owner.passport == *address) {
            Some(owner) => {
                format!("{} is {}\n{}", described(&owner), ghost, ghost.matrix_to_uri())
            }
            None => format!("There is no account `{address}` here. If there were, it would be {ghost}"),
        })
    }

    /// Asks an account for a chat with somebody, as if they had invited its ghost. The ghost makes the room, as nobody else can
    /// bring both into one; but the account is not in it before it has agreed.
    pub(super) async fn start_chat(
        &self,
        address: &Passport,
        by: &UserId,
        command: &OwnedEventId,
    ) -> Result<String, Failure> {
        if !self.has_account(address).await.map_err(|fault| host_failure(&fault))? {
            return Ok(format!("There is no account `{address}` here. Say `search WORDS` to find one."));
        }
        let pair = Pair { owner: address.clone(), user: by.to_owned() };
        let ghost_id = self.ghost(address)?;
        let ghost = self.homeserver.acting_as(&ghost_id);
        let chat = self.chats.latest(&pair).await;
        if let Some(shared) = chat.current() {
            if shared.person == Membership::Joined {
                return Ok(format!("You have a chat with `{address}` already: {}", link(&shared.room)));
            }
            match ghost.invite(&shared.room, by).await {
                Ok(()) => self.change(&pair, |chat| chat.place(&shared.room, Membership::Invited)).await?,
                // They may be there already; else they cannot be asked in again.
                Err(trouble) if trouble.is_final() => {
                    let there = ghost.member(&shared.room, by).await?.membership;
                    self.change(&pair, |chat| chat.place(&shared.room, there)).await?;
                    return Ok(match there {
                        Membership::Joined => {
                            format!("You have a chat with `{address}` already: {}", link(&shared.room))
                        }
                        Membership::Invited | Membership::Left => {
                            format!(
                                "`{address}` cannot ask you into your chat again ({trouble}): {}",
                                link(&shared.room)
                            )
                        }
                    });
                }
                Err(trouble) => return Err(trouble.into()),
            }
            return Ok(format!("You are invited to your chat with `{address}`: {}", link(&shared.room)));
        }
        if let Some(room) = chat.invited.last() {
            return Ok(format!("`{address}` was asked already, and has not answered yet: {}", link(room)));
        }
        let now = self.host.now();
        if !self.bot.requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner).admits(by, command, now) {
            self.host.reached(Bound::Invitations, by.as_str());
            return Ok("You have asked for too many chats within an hour. Wait a while, and ask again.".into());
        }
        // Nothing may fail between the making of the room and the question: who asks again would wait for an answer in vain.
        let name = ghost.name_of(by).await?.unwrap_or_default();
        // Told of by the homeserver before it is noted here, the room would be asked about without the person's name.
        let turn = self.receiving.lock().await;
        let room = self.make_room(address, by, Occasion::Asked).await?;
        let mut draft = self.chats.begin().await;
        let chat = draft.chat(&pair);
        let is_open = chat.is_open();
        // The homeserver may have told of the room before this: then the account is asked already.
        let is_asked = chat.has(&room);
        chat.invite(&room);
        chat.name.clone_from(&name);
        let writes = draft.writes();
        let arrivals = if is_open || is_asked {
            Vec::new()
        } else {
            vec![Arrival::Invitation { owner: address.clone(), from: profile(by, &name) }]
        };
        self.host.accept(Batch { arrivals, writes }).await.map_err(|fault| host_failure(&fault))?;
        draft.committed();
        drop(turn);
        if is_open {
            self.chores.add(Chore::Settle(pair));
        }
        Ok(format!(
            "`{address}` is asked whether they want to talk to you. You are invited to the room for it: {}\n\
             What you write there reaches them once they have agreed.",
            link(&room)
        ))
    }
}

/// The accounts whose name or address holds all words, the first of them by address; and how many more there are.
fn matching(owners: Vec<LinkOwner>, words: &str) -> (Vec<LinkOwner>, usize) {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let fits = |owner: &LinkOwner| {
        let name = owner.name.to_lowercase();
        words.iter().all(|word| name.contains(word) || owner.passport.as_str().contains(word))
    };
    let mut found: Vec<LinkOwner> = owners.into_iter().filter(fits).collect();
    found.sort_by(|one, other| one.passport.cmp(&other.passport));
    let more = found.len().saturating_sub(FOUND);
    found.truncate(FOUND);
    (found, more)
}

/// An account in words.
pub(super) fn described(owner: &LinkOwner) -> String {
    if owner.name.is_empty() {
        format!("`{}`", owner.passport)
    } else {
        format!("`{}`, {}", owner.passport, owner.name)
    }
}

fn link(room: &RoomId) -> String {
    room.matrix_to_uri().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_name_and_address() {
        let owner = |address: &str, name: &str| LinkOwner { passport: address.parse().unwrap(), name: name.into() };
        let owners = vec![owner("dave@msn.example", "David K\u{d6}nig"), owner("carol@msn.example", "Carol")];
        let found = |words: &str| {
            let (found, more) = matching(owners.clone(), words);
            assert_eq!(more, 0);
            found.into_iter().map(|owner| owner.passport.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("CAROL"), ["carol@msn.example"]);
        assert_eq!(found("msn.example"), ["carol@msn.example", "dave@msn.example"]);
        assert_eq!(found("k\u{f6}nig dave@"), ["dave@msn.example"]);
        assert_eq!(found("k\u{f6}nig carol"), [""; 0]);
        let many = (0..25).map(|number| owner(&format!("user{number}@msn.example"), "")).collect();
        let (found, more) = matching(many, "user");
        assert_eq!((found.len(), more), (FOUND, 5));
    }
}
