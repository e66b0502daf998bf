//! Codes by which people make themselves accounts: made by those who run the server, shown once, kept as a hash.

use domain::{Passport, Timestamp};
use rand::Rng;
use store::{Invite, StoreFault};
use tracing::info;

use super::Oversight;
use crate::{core::wall, portal::digest};

/// What a code is made of: nothing that is read or heard as something else.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// How many letters a code has: about 100 bits of chance.
const LENGTH: usize = 20;

/// How many of them stand together.
const GROUP: usize = 5;

/// The longest note that is kept with a code, in characters.
const LONGEST_NOTE: usize = 100;

/// How many accounts one code makes at most.
const MOST_USES: u32 = 100;

/// For how many days a code is good at most.
const MOST_DAYS: u32 = 365;

/// How many codes may be good at once.
const MOST_CODES: usize = 1000;

/// A day, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// A code that was made, and is not shown any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteLine {
    /// What it is known by; no secret.
    pub id: String,
    /// Who made it.
    pub maker: Passport,
    /// For whom, in its maker's words.
    pub note: String,
    /// From when on it is good no more.
    pub expires: Timestamp,
    /// How many accounts may still be made by it.
    pub remaining: u32,
}

/// Why no code was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteFault {
    /// It would be good for too much, or for nothing.
    #[error("A code makes 1 to {MOST_USES} accounts, and is good for 1 to {MOST_DAYS} days.")]
    Unfit,
    /// So many are good already that nobody oversees them.
    #[error("{MOST_CODES} codes are good already. Take some back first.")]
    TooMany,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl Oversight {
    /// Makes a code by which so many accounts can be made within so many days; it is shown only now. What made it is the server's own
    /// contact where nobody is named.
    pub async fn make_invite(
        &self,
        maker: Option<&Passport>,
        note: &str,
        uses: u32,
        days: u32,
    ) -> Result<(String, InviteLine), InviteFault> {
        if !(1..=MOST_USES).contains(&uses) || !(1..=MOST_DAYS).contains(&days) {
            return Err(InviteFault::Unfit);
        }
        let (code, now) = (fresh(), wall());
        if self.core.store.invites(now).await?.len() >= MOST_CODES {
            return Err(InviteFault::TooMany);
        }
        let note = note.chars().filter(|each| !each.is_control()).take(LONGEST_NOTE).collect();
        let invite = Invite {
            hash: digest(&plain(&code)),
            maker: maker.cloned().unwrap_or_else(|| self.core.settings.realm.service()),
            note,
            made: now,
            expires: Timestamp(now.0.saturating_add(i64::from(days) * DAY)),
            remaining: uses,
        };
        self.core.store.add_invite(invite.clone(), now).await?;
        info!(maker = %invite.maker, uses, days, "an invite code was made");
        Ok((code, InviteLine::from(invite)))
    }

    /// The codes by which accounts can be made now, the newest first.
    pub async fn invites(&self) -> Result<Vec<InviteLine>, StoreFault> {
        Ok(self.core.store.invites(wall()).await?.into_iter().map(InviteLine::from).collect())
    }

    /// Takes a code back; says whether there was one.
    pub async fn revoke_invite(&self, id: &str) -> Result<bool, StoreFault> {
        self.core.store.revoke_invite(id).await
    }
}

impl From<Invite> for InviteLine {
    fn from(Invite { hash, maker, note, expires, remaining, .. }: Invite) -> Self {
        Self { id: hash, maker, note, expires, remaining }
    }
}

fn fresh() -> String {
    let mut chance = rand::rng();
    let mut code = String::with_capacity(LENGTH + LENGTH / GROUP);
    for place in 0..LENGTH {
        if place > 0 && place.is_multiple_of(GROUP) {
            code.push('-');
        }
        let letter = LETTERS.get(chance.random_range(0..LETTERS.len())).copied().unwrap_or(b'a');
        code.push(char::from(letter));
    }
    code
}

/// A code without what people put between its letters, or get wrong when they copy it.
pub(crate) fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(LENGTH * 2).map(|each| each.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_long_different_and_read_as_they_are_copied() {
        let (one, other) = (fresh(), fresh());
        assert_ne!(one, other);
        assert_eq!((one.len(), plain(&one).len()), (23, 20), "{one}");
        assert_eq!(plain(&format!(" {} ", one.to_uppercase().replace('-', " "))), plain(&one));
        assert!(!one.contains(['0', 'o', '1', 'l', 'i']), "{one}");
    }
}
