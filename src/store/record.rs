//! Reading what is kept of an account.

use std::collections::{BTreeMap, HashMap};

use domain::{
    Contact, Group, Guid, Passport, Telephone, Timestamp,
    account::{ContactProperty, Record},
    contact::RemoteIdentity,
};
use sqlx::{AnyConnection, Connection as _};

use crate::{Store, StoreFault, address::Networks, word};

impl Store {
    /// What is kept of an account, as of one instant; `None` if there is no such account. Contacts of networks that are off
    /// are kept, but left out here.
    pub async fn load(&self, passport: &Passport) -> Result<Option<Record>, StoreFault> {
        let load = async |reader: &mut AnyConnection| {
            // One transaction sees one state, however many statements it takes to read it.
            let mut reading = reader.begin().await?;
            let record = read(&mut reading, passport, &self.networks.now()).await?;
            reading.commit().await?;
            Ok(record)
        };
        self.readers.read(load).await
    }
}

impl Store {
    /// What `of` shows of itself to `owner`: nothing unless it allows the owner by name, and the owner has it on the contact
    /// list.
    pub async fn properties_shown(&self, owner: &Passport, of: &Passport) -> Result<Vec<ContactProperty>, StoreFault> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT property.key, property.value
             FROM contact JOIN property ON property.owner = contact.owner AND property.key <> 'MBE'
             WHERE contact.owner = $1 AND contact.passport = $2 AND contact.lists & 10 = 10
             ORDER BY property.key",
        )
        .bind(of.as_str())
        .bind(owner.as_str())
        .fetch_all(&self.readers)
        .await?;
        let shown =
            rows.into_iter().map(|(key, value)| ContactProperty { contact: of.clone(), key, value: Some(value) });
        Ok(shown.collect())
    }

    /// Whether an account here has this number as its mobile phone.
    pub async fn is_mobile(&self, telephone: &Telephone) -> Result<bool, StoreFault> {
        let numbers: Vec<String> =
            sqlx::query_scalar("SELECT value FROM property WHERE key = 'PHM'").fetch_all(&self.readers).await?;
        // People write numbers in more ways than a query can compare.
        Ok(numbers.iter().any(|written| telephone.is_written(written)))
    }
}

async fn read(
    connection: &mut AnyConnection,
    passport: &Passport,
    networks: &Networks,
) -> Result<Option<Record>, StoreFault> {
    let row: Option<(String, String, String, i64, i64)> =
        sqlx::query_as("SELECT name, privacy, prompt, list_changed, settings_changed FROM account WHERE passport = $1")
            .bind(passport.as_str())
            .fetch_optional(&mut *connection)
            .await?;
    let Some((name, privacy, prompt, list_changed, settings_changed)) = row else { return Ok(None) };
    Ok(Some(Record {
        passport: passport.clone(),
        name,
        privacy: word::privacy(&privacy)?,
        prompt: word::prompt(&prompt)?,
        properties: properties(connection, passport).await?,
        contacts: contacts(connection, passport, networks).await?,
        contact_properties: contact_properties(connection, passport).await?,
        groups: groups(connection, passport).await?,
        list_changed: Timestamp(list_changed),
        settings_changed: Timestamp(settings_changed),
    }))
}

async fn properties(connection: &mut AnyConnection, owner: &Passport) -> Result<BTreeMap<String, String>, StoreFault> {
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT key, value FROM property WHERE owner = $1")
        .bind(owner.as_str())
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// What accounts on the owner's contact list show to those whom they allow by name, the owner among them.
async fn contact_properties(
    connection: &mut AnyConnection,
    owner: &Passport,
) -> Result<Vec<ContactProperty>, StoreFault> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT property.owner, property.key, property.value
         FROM contact AS mine
         JOIN contact AS theirs ON theirs.owner = mine.passport AND theirs.passport = mine.owner AND theirs.lists & 2 = 2
         JOIN property ON property.owner = mine.passport AND property.key <> 'MBE'
         WHERE mine.owner = $1 AND mine.lists & 1 = 1
         ORDER BY property.owner, property.key",
    )
    .bind(owner.as_str())
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(contact, key, value)| {
            Ok(ContactProperty { contact: word::passport("property", &contact)?, key, value: Some(value) })
        })
        .collect()
}

async fn groups(connection: &mut AnyConnection, owner: &Passport) -> Result<Vec<Group>, StoreFault> {
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT guid, name FROM list_group WHERE owner = $1 ORDER BY id")
        .bind(owner.as_str())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|(guid, name)| Ok(Group { guid: word::guid("list_group", &guid)?, name })).collect()
}

/// An entry, and its place on another network: network, kind, target, name there.
type Row = (String, String, i64, String, Option<String>, Option<String>, Option<String>, Option<String>);

/// As which other entry an entry is shown, and whether it is the one that is spoken to.
type MergedRow = (String, String, i64);

async fn contacts(
    connection: &mut AnyConnection,
    owner: &Passport,
    networks: &Networks,
) -> Result<Vec<Contact>, StoreFault> {
    let mut memberships = memberships(connection, owner).await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT contact.passport, contact.guid, contact.lists, contact.name,
                address.network, address.kind, address.target, address.name
         FROM contact LEFT JOIN address ON address.passport = contact.passport
         WHERE contact.owner = $1 ORDER BY contact.passport",
    )
    .bind(owner.as_str())
    .fetch_all(&mut *connection)
    .await?;
    let mut contacts = Vec::with_capacity(rows.len());
    for row in rows {
        let groups = memberships.remove(&row.0).unwrap_or_default();
        contacts.extend(read_contact(row, groups, networks)?);
    }
    let merged: Vec<MergedRow> =
        sqlx::query_as("SELECT passport, whole, spoken FROM merged WHERE owner = $1 ORDER BY passport")
            .bind(owner.as_str())
            .fetch_all(connection)
            .await?;
    Ok(gathered(contacts, &merged))
}

/// The entries as they are shown: those that were merged into another one within that, unless its network is off.
fn gathered(contacts: Vec<Contact>, merged: &[MergedRow]) -> Vec<Contact> {
    let of = |passport: &Passport| merged.iter().find(|(merged, ..)| merged == passport.as_str());
    let (parts, mut wholes): (Vec<Contact>, Vec<Contact>) =
        contacts.into_iter().partition(|contact| of(&contact.passport).is_some());
    let mut alone = Vec::new();
    for part in parts {
        let found = of(&part.passport).and_then(|(_, whole, spoken)| {
            let whole = wholes.iter_mut().find(|contact| contact.passport.as_str() == whole)?;
            Some((whole, *spoken == 1))
        });
        match found {
            Some((whole, is_spoken)) => {
                if is_spoken {
                    whole.spoken = Some(part.passport.clone());
                }
                whole.merged.push(part);
            }
            None => alone.push(part),
        }
    }
    wholes.extend(alone);
    wholes
}

/// One entry of the owner's list, as [`Store::load`] shows it.
pub(crate) async fn contact(
    connection: &mut AnyConnection,
    owner: &Passport,
    passport: &Passport,
    networks: &Networks,
) -> Result<Option<Contact>, StoreFault> {
    let groups: Vec<String> =
        sqlx::query_scalar("SELECT list_group FROM membership WHERE owner = $1 AND passport = $2 ORDER BY list_group")
            .bind(owner.as_str())
            .bind(passport.as_str())
            .fetch_all(&mut *connection)
            .await?;
    let groups = groups.iter().map(|group| word::guid("membership", group)).collect::<Result<_, _>>()?;
    let row: Option<Row> = sqlx::query_as(
        "SELECT contact.passport, contact.guid, contact.lists, contact.name,
                address.network, address.kind, address.target, address.name
         FROM contact LEFT JOIN address ON address.passport = contact.passport
         WHERE contact.owner = $1 AND contact.passport = $2",
    )
    .bind(owner.as_str())
    .bind(passport.as_str())
    .fetch_optional(connection)
    .await?;
    row.map_or(Ok(None), |row| read_contact(row, groups, networks))
}

/// `None` for a contact of a network that is off.
fn read_contact(row: Row, groups: Vec<Guid>, networks: &Networks) -> Result<Option<Contact>, StoreFault> {
    let (passport, guid, lists, kept_name, network, kind, target, shown_name) = row;
    let remote = match (network, kind, target) {
        (Some(network), Some(kind), Some(target)) => {
            let network = word::network("address", &network)?;
            let Some(bit) = networks.bits.get(&network).copied() else { return Ok(None) };
            Some(RemoteIdentity { network, bit, target: word::target(&kind, target)? })
        }
        _ => None,
    };
    Ok(Some(Contact {
        passport: word::passport("contact", &passport)?,
        guid: word::guid("contact", &guid)?,
        lists: word::lists(lists)?,
        name: shown_name.filter(|name| !name.is_empty()).unwrap_or(kept_name),
        groups,
        remote,
        merged: Vec::new(),
        spoken: None,
    }))
}

async fn memberships(
    connection: &mut AnyConnection,
    owner: &Passport,
) -> Result<HashMap<String, Vec<Guid>>, StoreFault> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT passport, list_group FROM membership WHERE owner = $1 ORDER BY list_group")
            .bind(owner.as_str())
            .fetch_all(connection)
            .await?;
    let mut memberships: HashMap<String, Vec<Guid>> = HashMap::new();
    for (passport, group) in rows {
        memberships.entry(passport).or_default().push(word::guid("membership", &group)?);
    }
    Ok(memberships)
}
