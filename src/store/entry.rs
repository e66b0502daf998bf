//! Single entries of the contact lists, as rows.

use domain::{Guid, Lists, Passport, Timestamp, contact::List};
use sqlx::AnyConnection;

use crate::{StoreFault, word};

/// The reverse list, which is never the owner's to change.
pub(crate) const REVERSE: u8 = Lists::NONE.with(List::Reverse).bits();
/// The lists that are the owner's own.
pub(crate) const OWN: u8 = !REVERSE;

/// The lists that say who may see and write to the owner.
pub(crate) const ALLOW_AND_BLOCK: u8 = Lists::NONE.with(List::Allow).bits() | Lists::NONE.with(List::Block).bits();

/// An entry as it is kept.
pub(crate) struct Entry {
    pub(crate) guid: Guid,
    pub(crate) lists: Lists,
    pub(crate) name: String,
}

impl Entry {
    /// Whether the owner blocks this contact.
    pub(crate) const fn is_blocked(&self) -> bool {
        self.lists.contains(List::Block)
    }

    /// Whether this contact added the owner.
    pub(crate) const fn is_reverse(&self) -> bool {
        self.lists.bits() & REVERSE != 0
    }
}

pub(crate) async fn find(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
) -> Result<Option<Entry>, StoreFault> {
    let row: Option<(String, i64, String)> =
        sqlx::query_as("SELECT guid, lists, name FROM contact WHERE owner = $1 AND passport = $2")
            .bind(owner.as_str())
            .bind(contact.as_str())
            .fetch_optional(connection)
            .await?;
    row.map(|(guid, lists, name)| Ok(Entry { guid: word::guid("contact", &guid)?, lists: word::lists(lists)?, name }))
        .transpose()
}

/// Writes the entry as it now is; on no list, it is forgotten.
pub(crate) async fn put(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
    entry: &Entry,
) -> Result<(), StoreFault> {
    if entry.lists.is_empty() {
        sqlx::query("DELETE FROM contact WHERE owner = $1 AND passport = $2")
            .bind(owner.as_str())
            .bind(contact.as_str())
            .execute(connection)
            .await?;
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO contact (owner, passport, guid, lists, name) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (owner, passport) DO UPDATE SET guid = excluded.guid, lists = excluded.lists, name = excluded.name",
    )
    .bind(owner.as_str())
    .bind(contact.as_str())
    .bind(entry.guid.to_string())
    .bind(i64::from(entry.lists.bits()))
    .bind(word::text(&entry.name))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the entry out of the groups that it is in.
pub(crate) async fn leave_groups(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
) -> Result<(), StoreFault> {
    sqlx::query("DELETE FROM membership WHERE owner = $1 AND passport = $2")
        .bind(owner.as_str())
        .bind(contact.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// How many have the owner on their list.
pub(crate) async fn admirers(connection: &mut AnyConnection, owner: &Passport) -> Result<usize, StoreFault> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM contact WHERE owner = $1 AND lists & 8 = 8")
        .bind(owner.as_str())
        .fetch_one(connection)
        .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Moves the list's time of change to `at`, or by the smallest step when it is there already: a client that knows the old
/// time must see that it is not the same list.
pub(crate) async fn touch(connection: &mut AnyConnection, owner: &Passport, at: Timestamp) -> Result<(), StoreFault> {
    sqlx::query(
        "UPDATE account SET list_changed = CASE WHEN list_changed >= $2 THEN list_changed + 1 ELSE $2 END
         WHERE passport = $1",
    )
    .bind(owner.as_str())
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets or clears the reverse bit of the entry, making or forgetting the entry, and moves the list's time; says whether
/// anything changed.
pub(crate) async fn set_reverse(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
    listed: bool,
    fresh: (Guid, &str),
    at: Timestamp,
) -> Result<bool, StoreFault> {
    let (guid, name) = fresh;
    let entry = find(connection, owner, contact).await?;
    let mut entry = entry.unwrap_or_else(|| Entry { guid, lists: Lists::NONE, name: name.to_owned() });
    if entry.is_reverse() == listed {
        return Ok(false);
    }
    entry.lists = Lists::from_bits(entry.lists.bits() ^ REVERSE);
    put(connection, owner, contact, &entry).await?;
    touch(connection, owner, at).await?;
    Ok(true)
}
