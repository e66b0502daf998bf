//! Changing what is kept of an account.

use bridge::Action;
use domain::{
    Contact, Group, Guid, Lists, Passport, Timestamp,
    account::{Change, ContactIntent},
    contact::List,
};
use sqlx::AnyConnection;

use crate::{
    Store, StoreFault, account, clock,
    entry::{self, ALLOW_AND_BLOCK, Entry, OWN, REVERSE},
    merged, outbox, word,
};

impl Store {
    /// Commits the changes together. When one of them fails, none is kept.
    pub async fn change(&self, owner: &Passport, changes: Vec<Change>) -> Result<(), StoreFault> {
        let owner = owner.clone();
        self.writer.run(move |connection| Box::pin(async move { apply_all(connection, &owner, changes).await })).await
    }
}

async fn apply_all(connection: &mut AnyConnection, owner: &Passport, changes: Vec<Change>) -> Result<(), StoreFault> {
    if account::name(connection, owner).await?.is_none() {
        return Err(StoreFault::UnknownAccount(owner.clone()));
    }
    let list_changed = changes.iter().rev().find_map(|change| match change {
        Change::ListChanged(at) => Some(*at),
        Change::Contact(_)
        | Change::Merged { .. }
        | Change::Split { .. }
        | Change::Spoken { .. }
        | Change::Mirror { .. }
        | Change::Name(_)
        | Change::Privacy(_)
        | Change::Prompt(_)
        | Change::Property { .. }
        | Change::Group(_)
        | Change::GroupRemoved(_)
        | Change::Order { .. }
        | Change::SettingsChanged(_) => None,
    });
    let at = list_changed.unwrap_or_else(clock::now);
    for change in changes {
        apply(connection, owner, change, at).await?;
    }
    Ok(())
}

async fn apply(
    connection: &mut AnyConnection,
    owner: &Passport,
    change: Change,
    at: Timestamp,
) -> Result<(), StoreFault> {
    let owner_text = owner.as_str();
    let query = match change {
        Change::Contact(contact) => return put_contact(connection, owner, &contact).await,
        Change::Merged { contact, into } => return merged::merge(connection, owner, &contact, &into).await,
        Change::Split { contact } => return merged::split(connection, owner, &contact).await.map(drop),
        Change::Spoken { contact, on } => return merged::speak(connection, owner, &contact, &on).await,
        Change::Mirror { of, listed, guid, most } => {
            return mirror(connection, owner, &of, listed, (guid, most), at).await;
        }
        Change::Order { contact, intent } => {
            let action = match intent {
                ContactIntent::Befriend => Action::Befriend,
                ContactIntent::Welcome => Action::Welcome,
                ContactIntent::TurnAway => Action::TurnAway,
                ContactIntent::Unfriend => Action::Unfriend,
            };
            return outbox::enqueue(connection, owner, &contact, None, &action).await.map(drop);
        }
        Change::Group(group) => return put_group(connection, owner, &group).await,
        Change::Name(name) => {
            sqlx::query("UPDATE account SET name = $2 WHERE passport = $1").bind(owner_text).bind(word::text(&name))
        }
        Change::Privacy(privacy) => sqlx::query("UPDATE account SET privacy = $2 WHERE passport = $1")
            .bind(owner_text)
            .bind(word::privacy_word(privacy)),
        Change::Prompt(prompt) => sqlx::query("UPDATE account SET prompt = $2 WHERE passport = $1")
            .bind(owner_text)
            .bind(word::prompt_word(prompt)),
        Change::Property { key, value: Some(value) } => sqlx::query(
            "INSERT INTO property (owner, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value",
        )
        .bind(owner_text)
        .bind(word::text(&key))
        .bind(word::text(&value)),
        Change::Property { key, value: None } => {
            sqlx::query("DELETE FROM property WHERE owner = $1 AND key = $2").bind(owner_text).bind(word::text(&key))
        }
        Change::GroupRemoved(guid) => {
            sqlx::query("DELETE FROM list_group WHERE owner = $1 AND guid = $2").bind(owner_text).bind(guid.to_string())
        }
        // Others move this time as well, and it must not go back: two different lists would have had the same time.
        Change::ListChanged(at) => sqlx::query(
            "UPDATE account SET list_changed = CASE WHEN list_changed > $2 THEN list_changed ELSE $2 END
             WHERE passport = $1",
        )
        .bind(owner_text)
        .bind(at.0),
        Change::SettingsChanged(at) => {
            sqlx::query("UPDATE account SET settings_changed = $2 WHERE passport = $1").bind(owner_text).bind(at.0)
        }
    };
    query.execute(connection).await?;
    Ok(())
}

/// Lets another account's reverse list follow.
async fn mirror(
    connection: &mut AnyConnection,
    owner: &Passport,
    of: &Passport,
    listed: bool,
    (guid, most): (Guid, usize),
    at: Timestamp,
) -> Result<(), StoreFault> {
    // People of other networks keep their lists elsewhere.
    if account::name(connection, of).await?.is_none() {
        return Ok(());
    }
    let name = account::name(connection, owner).await?.unwrap_or_default();
    let changed = entry::set_reverse(connection, of, owner, listed, (guid, &name), at).await?;
    if changed && listed && entry::admirers(connection, of).await? > most {
        return Err(StoreFault::Full(of.clone()));
    }
    Ok(())
}

async fn put_group(connection: &mut AnyConnection, owner: &Passport, group: &Group) -> Result<(), StoreFault> {
    sqlx::query(
        "INSERT INTO list_group (owner, guid, name) VALUES ($1, $2, $3)
         ON CONFLICT (owner, guid) DO UPDATE SET name = excluded.name",
    )
    .bind(owner.as_str())
    .bind(group.guid.to_string())
    .bind(word::text(&group.name))
    .execute(connection)
    .await?;
    Ok(())
}

async fn put_contact(connection: &mut AnyConnection, owner: &Passport, contact: &Contact) -> Result<(), StoreFault> {
    let before = entry::find(connection, owner, &contact.passport).await?.map_or(Lists::NONE, |entry| entry.lists);
    let lists = Lists::from_bits((contact.lists.bits() & OWN) | (before.bits() & REVERSE));
    let after = Entry { guid: contact.guid, lists, name: contact.name.clone() };
    entry::put(connection, owner, &contact.passport, &after).await?;
    entry::leave_groups(connection, owner, &contact.passport).await?;
    if !lists.is_empty() {
        for group in &contact.groups {
            sqlx::query(
                "INSERT INTO membership (owner, passport, list_group) VALUES ($1, $2, $3)
                 ON CONFLICT (owner, passport, list_group) DO NOTHING",
            )
            .bind(owner.as_str())
            .bind(contact.passport.as_str())
            .bind(group.to_string())
            .execute(&mut *connection)
            .await?;
        }
    }
    follow(connection, owner, &contact.passport, lists).await?;
    match (before.contains(List::Forward), lists.contains(List::Forward)) {
        (true, false) => mark_departed(connection, owner, &contact.passport).await,
        (_, true) => unmark_departed(connection, owner, &contact.passport).await,
        (false, false) => Ok(()),
    }
}

/// Whoever is shown as the same person is blocked and allowed as this entry is: those whose network is off, too, which nobody sees.
async fn follow(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
    lists: Lists,
) -> Result<(), StoreFault> {
    for other in merged::others(connection, owner, contact).await? {
        let Some(entry) = entry::find(connection, owner, &other).await? else { continue };
        let followed = Lists::from_bits((entry.lists.bits() & !ALLOW_AND_BLOCK) | (lists.bits() & ALLOW_AND_BLOCK));
        if followed != entry.lists {
            entry::put(connection, owner, &other, &Entry { lists: followed, ..entry }).await?;
        }
    }
    Ok(())
}

/// Remembers that the owner took a remote contact off the list, so that its network does not bring it back.
async fn mark_departed(connection: &mut AnyConnection, owner: &Passport, contact: &Passport) -> Result<(), StoreFault> {
    sqlx::query(
        "INSERT INTO departed (owner, passport) SELECT $1, passport FROM address WHERE passport = $2
         ON CONFLICT (owner, passport) DO NOTHING",
    )
    .bind(owner.as_str())
    .bind(contact.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

async fn unmark_departed(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
) -> Result<(), StoreFault> {
    sqlx::query("DELETE FROM departed WHERE owner = $1 AND passport = $2")
        .bind(owner.as_str())
        .bind(contact.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
