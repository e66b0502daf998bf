//! Messages kept and messages delivered, many in few statements: this is what happens at every line that somebody says.
//!
//! A message that is delivered in the same group in which it was to be kept is never written.

use std::collections::{HashMap, HashSet};

use bridge::Action;
use domain::{
    Passport,
    conversation::{Draft, Gather, MessageId},
};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    StoreFault,
    rows::{places, portions},
    word,
};

/// A message that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: MessageId,
    /// Those of its recipients for whom nothing waits: they are not here any more, or too much waits for them from its author.
    pub left_out: Vec<Passport>,
    /// For how many of those too much waits.
    pub crowded: usize,
    /// The contacts of its author to whom a network is to say it now. Of a recipient into whom others were merged it is the one that
    /// is spoken to.
    pub ordered: Vec<Passport>,
}

/// A message to keep.
pub(crate) struct Letter {
    pub(crate) draft: Draft,
    /// How many messages of its author may wait for one recipient.
    pub(crate) most_waiting: u32,
}

/// Messages that an account has now.
pub(crate) struct Delivery {
    pub(crate) owner: Passport,
    pub(crate) messages: Vec<MessageId>,
}

/// What became of each letter; in their order.
pub(crate) type Outcomes = Vec<Result<Kept, StoreFault>>;

/// Whether anything of this has to be written.
pub(crate) fn needs_writing(letters: &[Letter], deliveries: &[Delivery]) -> bool {
    let shown = shown(deliveries);
    let ours: HashSet<MessageId> = letters.iter().map(|letter| letter.draft.id).collect();
    let is_shown = |letter: &Letter| {
        let Draft { id, accounts, remotes, .. } = &letter.draft;
        remotes.is_empty() && accounts.iter().all(|account| shown.contains(&(account, *id)))
    };
    !letters.iter().all(is_shown) || shown.iter().any(|(_, message)| !ours.contains(message))
}

/// Writes the letters, and takes away what was delivered; none of it when it fails. An error within the outcomes is of one letter
/// alone, of which nothing is kept.
pub(crate) async fn write(
    connection: &mut AnyConnection,
    letters: &[Letter],
    deliveries: &[Delivery],
) -> Result<Outcomes, StoreFault> {
    let shown = shown(deliveries);
    let ours: HashSet<MessageId> = letters.iter().map(|letter| letter.draft.id).collect();
    let before: Vec<_> = shown.iter().copied().filter(|(_, message)| !ours.contains(message)).collect();
    take_away(connection, &before).await?;

    let mut sorting = Sorting::prepare(connection, letters, &shown).await?;
    let outcomes = letters.iter().map(|letter| sorting.sort(letter)).collect();
    let Rows { messages, deliveries, orders } = sorting.rows;
    insert_messages(connection, &messages).await?;
    insert_deliveries(connection, &deliveries).await?;
    insert_orders(connection, &orders).await?;
    Ok(outcomes)
}

/// Who has which message.
fn shown(deliveries: &[Delivery]) -> HashSet<(&Passport, MessageId)> {
    deliveries.iter().flat_map(|delivery| delivery.messages.iter().map(|id| (&delivery.owner, *id))).collect()
}

/// A message for a recipient, from its author.
type Awaiting<'a> = (&'a Passport, MessageId, &'a Passport);

/// What is to be written of the letters.
#[derive(Default)]
struct Rows<'a> {
    /// The drafts, and the names of their authors.
    messages: Vec<(&'a Draft, String)>,
    deliveries: Vec<Awaiting<'a>>,
    orders: Vec<OrderRow<'a>>,
}

struct OrderRow<'a> {
    owner: &'a Passport,
    contact: Passport,
    /// The message it says; `None` for the room that is made for it.
    message: Option<MessageId>,
    action: String,
}

/// Sorts letters into rows, by what the database says of those whom they concern.
struct Sorting<'a> {
    shown: &'a HashSet<(&'a Passport, MessageId)>,
    /// The accounts that are here, and their names.
    accounts: HashMap<String, String>,
    /// The contacts of other networks that have an address.
    contacts: HashSet<String>,
    /// Whom the first speaks to in the window of the second, where that is one that was merged into it.
    spoken: HashMap<(String, String), Passport>,
    /// How many messages wait for the first from the second.
    waiting: HashMap<(&'a Passport, &'a Passport), u32>,
    rows: Rows<'a>,
}

impl<'a> Sorting<'a> {
    async fn prepare(
        connection: &mut AnyConnection,
        letters: &'a [Letter],
        shown: &'a HashSet<(&'a Passport, MessageId)>,
    ) -> Result<Self, StoreFault> {
        let (mut people, mut contacts, mut pairs) = (HashSet::new(), HashSet::new(), HashSet::new());
        for Letter { draft, .. } in letters {
            let Draft { id, author, accounts, remotes, content, .. } = draft;
            let awaiting = || accounts.iter().filter(|account| !shown.contains(&(*account, *id)));
            pairs.extend(awaiting().map(|account| (account, author)));
            people.extend(awaiting());
            if content.is_some() {
                contacts.extend(remotes);
            }
            if awaiting().next().is_some() || !remotes.is_empty() {
                people.insert(author);
            }
        }
        let pairs: Vec<_> = pairs.into_iter().collect();
        let (contacts, spoken) = known_contacts(connection, &contacts.into_iter().collect::<Vec<_>>()).await?;
        Ok(Self {
            shown,
            accounts: names(connection, &people.into_iter().collect::<Vec<_>>()).await?,
            contacts,
            spoken,
            waiting: pairs.iter().copied().zip(count_waiting(connection, &pairs).await?).collect(),
            rows: Rows::default(),
        })
    }

    fn sort(&mut self, letter: &'a Letter) -> Result<Kept, StoreFault> {
        let Letter { draft, most_waiting } = letter;
        // Whoever was removed says nothing any more.
        let is_gone = !self.accounts.contains_key(draft.author.as_str());
        let mut left_out: Vec<Passport> = Vec::new();
        let mut crowded = 0;
        let mut awaited = Vec::new();
        for recipient in &draft.accounts {
            if self.shown.contains(&(recipient, draft.id)) || awaited.contains(&recipient) {
                continue;
            }
            let waiting = self.waiting.entry((recipient, &draft.author)).or_insert(0);
            let is_here = !is_gone && self.accounts.contains_key(recipient.as_str());
            if is_here && *waiting < *most_waiting {
                *waiting += 1;
                awaited.push(recipient);
            } else {
                crowded += usize::from(is_here);
                left_out.push(recipient.clone());
            }
        }
        let orders = self.orders(draft, &left_out)?;
        if !awaited.is_empty() {
            let name = self.accounts.get(draft.author.as_str()).filter(|name| !name.is_empty());
            self.rows.messages.push((draft, name.map_or_else(|| draft.author.to_string(), Clone::clone)));
        }
        self.rows.deliveries.extend(awaited.into_iter().map(|recipient| (recipient, draft.id, &draft.author)));
        if draft.content.is_some() {
            let unknown = draft.remotes.iter().filter(|contact| !self.contacts.contains(contact.as_str()));
            left_out.extend(unknown.cloned());
        }
        let ordered =
            orders.iter().filter(|order| order.message.is_some()).map(|order| order.contact.clone()).collect();
        self.rows.orders.extend(orders);
        Ok(Kept { id: draft.id, left_out, crowded, ordered })
    }

    /// What other networks are to say of it, each gathering after it has been seen to. What only Messenger understands orders nothing.
    fn orders(&self, draft: &'a Draft, left_out: &[Passport]) -> Result<Vec<OrderRow<'a>>, StoreFault> {
        let Some(content) = draft.content.as_ref().filter(|_| !draft.remotes.is_empty()) else { return Ok(Vec::new()) };
        if !self.accounts.contains_key(draft.author.as_str()) {
            return Err(StoreFault::UnknownAccount(draft.author.clone()));
        }
        let heard = draft.accounts.iter().filter(|account| !left_out.contains(account)).cloned().collect();
        let says = Action::Say { content: content.clone(), sent: draft.sent, reply: None, heard };
        let says = word::action_json(&says)?;
        let mut orders = Vec::with_capacity(draft.remotes.len());
        for contact in draft.remotes.iter().filter(|contact| self.contacts.contains(contact.as_str())) {
            let spoken = self.spoken.get(&(draft.author.to_string(), contact.to_string())).unwrap_or(contact);
            let order = |message, action| OrderRow { owner: &draft.author, contact: spoken.clone(), message, action };
            for Gather { people, accounts, name, .. } in draft.gathers.iter().filter(|room| room.contact == *contact) {
                let (people, accounts, name) = (people.clone(), accounts.clone(), name.clone());
                orders.push(order(None, word::action_json(&Action::Gather { people, accounts, name })?));
            }
            orders.push(order(Some(draft.id), says.clone()));
        }
        Ok(orders)
    }
}

async fn names(connection: &mut AnyConnection, people: &[&Passport]) -> Result<HashMap<String, String>, StoreFault> {
    let mut names = HashMap::with_capacity(people.len());
    for portion in portions(people) {
        let text =
            format!("SELECT passport, name FROM account WHERE passport IN (VALUES {})", places(portion.len(), 1));
        let query = sqlx::query_as::<_, (String, String)>(AssertSqlSafe(text));
        let query = portion.iter().fold(query, |query, passport| query.bind(passport.as_str()));
        names.extend(query.fetch_all(&mut *connection).await?);
    }
    Ok(names)
}

/// Those of these contacts that have an address; and who is spoken to in their windows, by account and contact, where that is one
/// that was merged into them.
async fn known_contacts(
    connection: &mut AnyConnection,
    contacts: &[&Passport],
) -> Result<(HashSet<String>, HashMap<(String, String), Passport>), StoreFault> {
    let (mut known, mut spoken) = (HashSet::with_capacity(contacts.len()), HashMap::new());
    for portion in portions(contacts) {
        let text = format!(
            "SELECT address.passport, merged.owner, merged.passport
             FROM address LEFT JOIN merged ON merged.whole = address.passport AND merged.spoken = 1
             WHERE address.passport IN (VALUES {})",
            places(portion.len(), 1)
        );
        let query = sqlx::query_as::<_, (String, Option<String>, Option<String>)>(AssertSqlSafe(text));
        let query = portion.iter().fold(query, |query, contact| query.bind(contact.as_str()));
        for (contact, owner, merged) in query.fetch_all(&mut *connection).await? {
            if let Some((owner, merged)) = owner.zip(merged) {
                spoken.insert((owner, contact.clone()), word::passport("merged", &merged)?);
            }
            known.insert(contact);
        }
    }
    Ok((known, spoken))
}

/// How many messages wait for the first of each pair from the second.
async fn count_waiting(
    connection: &mut AnyConnection,
    pairs: &[(&Passport, &Passport)],
) -> Result<Vec<u32>, StoreFault> {
    let mut counts = Vec::with_capacity(pairs.len());
    for portion in portions(pairs) {
        let text = format!(
            "SELECT (SELECT COUNT(*) FROM delivery WHERE owner = pair.column1 AND peer = pair.column2)
             FROM (VALUES {}) AS pair",
            places(portion.len(), 2)
        );
        let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(text));
        let query = portion.iter().fold(query, |query, (owner, peer)| query.bind(owner.as_str()).bind(peer.as_str()));
        let found = query.fetch_all(&mut *connection).await?;
        counts.extend(found.into_iter().map(|count| u32::try_from(count).unwrap_or(u32::MAX)));
    }
    Ok(counts)
}

async fn insert_messages(connection: &mut AnyConnection, messages: &[(&Draft, String)]) -> Result<(), StoreFault> {
    for portion in portions(messages) {
        let places = places(portion.len(), 4);
        let text = format!("INSERT INTO message (id, author_name, sent, payload) VALUES {places}");
        let query = portion.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, (draft, name)| {
            query.bind(draft.id.0).bind(name).bind(draft.sent.0).bind(draft.payload.as_ref())
        });
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn insert_deliveries(connection: &mut AnyConnection, deliveries: &[Awaiting<'_>]) -> Result<(), StoreFault> {
    for portion in portions(deliveries) {
        let text = format!("INSERT INTO delivery (owner, message, peer) VALUES {}", places(portion.len(), 3));
        let query = portion.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, (owner, message, peer)| {
            query.bind(owner.as_str()).bind(message.0).bind(peer.as_str())
        });
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn insert_orders(connection: &mut AnyConnection, orders: &[OrderRow<'_>]) -> Result<(), StoreFault> {
    for portion in portions(orders) {
        // The sixth value is the same for all.
        let places = places(portion.len(), 6);
        let text = format!("INSERT INTO outbox (key, owner, contact, message, action, attempt) VALUES {places}");
        let query = portion.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, order| {
            query
                // Of chance, as every order's key.
                .bind(uuid::Uuid::new_v4().simple().to_string())
                .bind(order.owner.as_str())
                .bind(order.contact.as_str())
                .bind(order.message.map(|id| id.0))
                .bind(&order.action)
                .bind(0_i64)
        });
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Takes away what was delivered, and the messages that wait for nobody any more.
async fn take_away(connection: &mut AnyConnection, delivered: &[(&Passport, MessageId)]) -> Result<(), StoreFault> {
    for portion in portions(delivered) {
        let text = removal(portion.len());
        let query = portion.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, (owner, message)| {
            query.bind(owner.as_str()).bind(message.0)
        });
        query.execute(&mut *connection).await?;
        let text = format!(
            "DELETE FROM message WHERE id IN (VALUES {})
             AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.message = message.id)",
            places(portion.len(), 1)
        );
        let query = portion.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, (_, message)| query.bind(message.0));
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// The statement that takes away deliveries. Pairs alone are not looked up in an index, so their second halves are named as well.
fn removal(rows: usize) -> String {
    let messages: Vec<_> = (1..=rows).map(|row| format!("(${})", row * 2)).collect();
    let (messages, pairs) = (messages.join(", "), places(rows, 2));
    format!("DELETE FROM delivery WHERE message IN (VALUES {messages}) AND (owner, message) IN (VALUES {pairs})")
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::dialect::Dialect;

    /// An index is used by a server only where it is worth it.
    async fn fill(connection: &mut AnyConnection) {
        for statement in [
            "INSERT INTO account VALUES ('carol@msn.example', '', '', 0, 'everybody', 'ask', 0, 0)",
            "INSERT INTO message (id, author_name, sent, content) SELECT id, '', 0, '' FROM generate_series(1, 20000) AS id",
            "INSERT INTO delivery SELECT 'carol@msn.example', id, 'dave@msn.example' FROM message",
            "ANALYZE",
        ] {
            sqlx::query(statement).execute(&mut *connection).await.unwrap();
        }
    }

    /// What many wait for a database to have looked through would take the longer the more messages wait.
    #[tokio::test]
    async fn deliveries_are_taken_away_by_an_index() {
        let (mut writer, _readers, _trial) = crate::trial::open().await;
        let connection = writer.connection().unwrap();
        let (explain, column, wanted) = match Dialect::of(connection) {
            Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail", "SEARCH delivery USING"),
            Dialect::Postgres => ("EXPLAIN", "QUERY PLAN", "delivery_by_message"),
        };
        if Dialect::of(connection) == Dialect::Postgres {
            fill(connection).await;
        }
        for rows in [1, 64] {
            let mut query = sqlx::query(AssertSqlSafe(format!("{explain} {}", removal(rows))));
            for row in 0..rows {
                query = query.bind("carol@msn.example").bind(i64::try_from(row).unwrap());
            }
            let plan = query.fetch_all(&mut *connection).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get(column)).collect();
            assert!(plan.iter().any(|line| line.contains(wanted)), "{plan:?}");
        }
    }
}
