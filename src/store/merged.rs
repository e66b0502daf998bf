//! The same person on several networks: entries of a list that are shown as another one.
//!
//! Each keeps a row of its own among the contacts, on the lists of the one that it is shown as. What its network brings is shown in the
//! window of that one, and what is said there goes to the one that is spoken to. An entry whose network is off shows nothing.

use domain::{NetworkName, Passport, contact::List};
use sqlx::AnyConnection;

use crate::{Store, StoreFault, address::Networks, word};

/// A person of another network on an account's contact list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEntry {
    /// Their address.
    pub passport: Passport,
    /// The name they show; empty if none is known.
    pub name: String,
    /// Their network.
    pub network: NetworkName,
    /// The entry that this one is shown as; `None` for itself.
    pub whole: Option<Passport>,
    /// Whether what is said to that entry goes here.
    pub is_spoken: bool,
}

impl Store {
    /// The people of networks that are on who stand on the contact list of `owner`, merged or not, in the order of their addresses.
    pub async fn people(&self, owner: &Passport) -> Result<Vec<PersonEntry>, StoreFault> {
        type Row = (String, String, String, Option<String>, Option<i64>, i64);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT address.passport, address.name, address.network, merged.whole, merged.spoken, contact.lists
             FROM contact
             JOIN address ON address.passport = contact.passport AND address.kind = 'person'
             LEFT JOIN merged ON merged.owner = contact.owner AND merged.passport = contact.passport
             WHERE contact.owner = $1 ORDER BY address.passport",
        )
        .bind(owner.as_str())
        .fetch_all(&self.readers)
        .await?;
        let networks = self.networks.now();
        let mut people = Vec::with_capacity(rows.len());
        for (passport, name, network, whole, spoken, lists) in rows {
            let network = word::network("address", &network)?;
            if word::lists(lists)?.contains(List::Forward) && networks.bits.contains_key(&network) {
                people.push(PersonEntry {
                    passport: word::passport("contact", &passport)?,
                    name,
                    network,
                    whole: whole.map(|whole| word::passport("merged", &whole)).transpose()?,
                    is_spoken: spoken == Some(1),
                });
            }
        }
        let here: Vec<Passport> = people.iter().map(|person| person.passport.clone()).collect();
        for person in &mut people {
            person.whole.take_if(|whole| !here.contains(whole));
        }
        Ok(people)
    }

    /// In whose window `owner` reads what `contact` says: that of the entry it is shown as, which is itself for most.
    pub async fn window(&self, owner: &Passport, contact: &Passport) -> Result<Passport, StoreFault> {
        self.readers.read(async |reader| window(reader, &self.networks.now(), owner, contact).await).await
    }

    /// Whom `owner` speaks to in the window of `contact`: one that is merged into it, or itself.
    pub async fn spoken(&self, owner: &Passport, contact: &Passport) -> Result<Passport, StoreFault> {
        let found: Option<String> =
            sqlx::query_scalar("SELECT passport FROM merged WHERE owner = $1 AND whole = $2 AND spoken = 1")
                .bind(owner.as_str())
                .bind(contact.as_str())
                .fetch_optional(&self.readers)
                .await?;
        found.map_or_else(|| Ok(contact.clone()), |spoken| word::passport("merged", &spoken))
    }

    /// `contact`, and those that `owner` has merged into it.
    pub async fn identities(&self, owner: &Passport, contact: &Passport) -> Result<Vec<Passport>, StoreFault> {
        let merged: Vec<String> =
            sqlx::query_scalar("SELECT passport FROM merged WHERE owner = $1 AND whole = $2 ORDER BY passport")
                .bind(owner.as_str())
                .bind(contact.as_str())
                .fetch_all(&self.readers)
                .await?;
        let merged = merged.iter().map(|merged| word::passport("merged", merged));
        std::iter::once(Ok(contact.clone())).chain(merged).collect()
    }
}

/// The other entries that are one person with this one.
pub(crate) async fn others(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
) -> Result<Vec<Passport>, StoreFault> {
    let whole: Option<String> = sqlx::query_scalar("SELECT whole FROM merged WHERE owner = $1 AND passport = $2")
        .bind(owner.as_str())
        .bind(contact.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let whole = whole.unwrap_or_else(|| contact.as_str().to_owned());
    let mut group: Vec<String> =
        sqlx::query_scalar("SELECT passport FROM merged WHERE owner = $1 AND whole = $2 ORDER BY passport")
            .bind(owner.as_str())
            .bind(&whole)
            .fetch_all(connection)
            .await?;
    group.push(whole);
    group.retain(|other| other != contact.as_str());
    group.iter().map(|other| word::passport("merged", other)).collect()
}

/// As [`Store::window`].
pub(crate) async fn window(
    connection: &mut AnyConnection,
    networks: &Networks,
    owner: &Passport,
    contact: &Passport,
) -> Result<Passport, StoreFault> {
    let row: Option<(String, String)> = sqlx::query_as(
        "SELECT merged.whole, address.network FROM merged JOIN address ON address.passport = merged.whole
         WHERE merged.owner = $1 AND merged.passport = $2",
    )
    .bind(owner.as_str())
    .bind(contact.as_str())
    .fetch_optional(connection)
    .await?;
    let Some((whole, network)) = row else { return Ok(contact.clone()) };
    whole_of(networks, contact.clone(), Some((whole, network)))
}

/// The entry that is shown for `contact`: the one that it is merged into, with its network, unless that is off.
pub(crate) fn whole_of(
    networks: &Networks,
    contact: Passport,
    whole: Option<(String, String)>,
) -> Result<Passport, StoreFault> {
    let Some((whole, network)) = whole else { return Ok(contact) };
    let is_on = networks.bits.contains_key(&word::network("address", &network)?);
    if is_on { word::passport("merged", &whole) } else { Ok(contact) }
}

/// Shows an entry as another one from now on, which is shown as itself; what was shown as that entry is so no more. Which one is
/// spoken to stays as it is where it is shown so already.
pub(crate) async fn merge(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
    into: &Passport,
) -> Result<(), StoreFault> {
    // Nothing is merged into an entry that is merged itself. What the owner sees merged into this one is merged anew after it; the rest
    // is of networks that are off.
    sqlx::query("DELETE FROM merged WHERE owner = $1 AND (passport = $3 OR whole = $2)")
        .bind(owner.as_str())
        .bind(contact.as_str())
        .bind(into.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO merged (owner, passport, whole, spoken) VALUES ($1, $2, $3, 0)
         ON CONFLICT (owner, passport) DO UPDATE
         SET spoken = CASE WHEN merged.whole = excluded.whole THEN merged.spoken ELSE 0 END, whole = excluded.whole",
    )
    .bind(owner.as_str())
    .bind(contact.as_str())
    .bind(into.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Shows an entry as itself; says whether it was shown as another one.
pub(crate) async fn split(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
) -> Result<bool, StoreFault> {
    let done = sqlx::query("DELETE FROM merged WHERE owner = $1 AND passport = $2")
        .bind(owner.as_str())
        .bind(contact.as_str())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// What is said to `contact` goes to `on` from now on. What was said before stays where it was to go.
pub(crate) async fn speak(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
    on: &Passport,
) -> Result<(), StoreFault> {
    sqlx::query("UPDATE merged SET spoken = CASE WHEN passport = $3 THEN 1 ELSE 0 END WHERE owner = $1 AND whole = $2")
        .bind(owner.as_str())
        .bind(contact.as_str())
        .bind(on.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Nobody is spoken to any more on a network that is off: what is said would wait for it though the person can be reached.
pub(crate) async fn leave_networks_that_are_off(
    connection: &mut AnyConnection,
    networks: &Networks,
) -> Result<(), StoreFault> {
    let spoken: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT merged.owner, merged.passport, address.network
         FROM merged JOIN address ON address.passport = merged.passport WHERE merged.spoken = 1",
    )
    .fetch_all(&mut *connection)
    .await?;
    for (owner, passport, network) in spoken {
        if !networks.bits.contains_key(&word::network("address", &network)?) {
            sqlx::query("UPDATE merged SET spoken = 0 WHERE owner = $1 AND passport = $2")
                .bind(owner)
                .bind(passport)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}
