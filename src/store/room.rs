//! Rooms as contacts: what they are called and about, and which an account has.

use bridge::{Action, RoomProfile};
use domain::{Lists, NetworkName, Passport, contact::RemoteTarget};
use sqlx::AnyConnection;

use crate::{Attention, Store, StoreFault, clock, entry, invitation, outbox, word};

/// A room that an account has as a contact, or is asked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEntry {
    /// Its address.
    pub passport: Passport,
    /// The name it shows; empty if none is known.
    pub name: String,
    /// What it is about; empty if that is not known.
    pub topic: String,
    /// The lists it stands on; none for an invitation that was not shown as somebody who wants to be a contact.
    pub lists: Lists,
    /// How much of what is said there the account wants to see.
    pub attention: Attention,
    /// By whose name the account is asked into it, as long as it has not answered.
    pub asker: Option<String>,
}

impl Store {
    /// The rooms that `owner` has as contacts or is asked into, of networks that are on, in the order of their addresses.
    pub async fn rooms(&self, owner: &Passport) -> Result<Vec<RoomEntry>, StoreFault> {
        type Row = (String, String, String, String, Option<i64>, Option<String>, Option<String>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT address.passport, address.network, address.name, address.topic, contact.lists,
                    contact_setting.value, room_invitation.asker
             FROM (SELECT passport FROM contact WHERE owner = $1
                   UNION SELECT contact FROM room_invitation WHERE owner = $1 AND answered = 0) AS mine
             JOIN address ON address.passport = mine.passport AND address.kind = 'room'
             LEFT JOIN contact ON contact.owner = $1 AND contact.passport = mine.passport
             LEFT JOIN contact_setting ON contact_setting.owner = $1 AND contact_setting.passport = mine.passport
                                       AND contact_setting.key = 'attention'
             LEFT JOIN room_invitation ON room_invitation.owner = $1 AND room_invitation.contact = mine.passport
                                       AND room_invitation.answered = 0
             ORDER BY address.passport",
        )
        .bind(owner.as_str())
        .fetch_all(&self.readers)
        .await?;
        let networks = self.networks.now();
        let mut rooms = Vec::with_capacity(rows.len());
        for (passport, network, name, topic, lists, attention, asker) in rows {
            if networks.bits.contains_key(&word::network("address", &network)?) {
                rooms.push(RoomEntry {
                    passport: word::passport("address", &passport)?,
                    name,
                    topic,
                    lists: lists.map_or(Ok(Lists::NONE), word::lists)?,
                    attention: Attention::of(attention.as_deref()),
                    asker,
                });
            }
        }
        Ok(rooms)
    }

    /// Sets the name and the topic that a room shows; says whether one of them changed. Nothing happens to one without an address.
    pub async fn profile_room(&self, network: &NetworkName, room: &RoomProfile) -> Result<bool, StoreFault> {
        let (network, room) = (network.clone(), room.clone().bounded());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let done = sqlx::query(
                        "UPDATE address SET name = $3, topic = $4
                         WHERE network = $1 AND kind = 'room' AND target = $2 AND (name <> $3 OR topic <> $4)",
                    )
                    .bind(network.as_str())
                    .bind(word::text(room.room.as_str()))
                    .bind(word::text(&room.name))
                    .bind(word::text(&room.topic))
                    .execute(connection)
                    .await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    /// `owner` stays away from a room that it is asked into: the order to say so is in the outbox, and nothing of the invitation
    /// is left on the list. `false` if there is no such invitation.
    pub async fn decline_room(&self, owner: &Passport, room: &Passport) -> Result<bool, StoreFault> {
        let (owner, room) = (owner.clone(), room.clone());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    if !invitation::is_open(connection, &owner, &room).await? {
                        return Ok(false);
                    }
                    outbox::enqueue(connection, &owner, &room, None, &Action::TurnAway).await?;
                    entry::set_reverse(connection, &owner, &room, false, (clock::guid(), ""), clock::now()).await?;
                    Ok(true)
                })
            })
            .await
    }
}

/// Takes over what is known now of a room that has an address already; an invitation may know less than was known before.
pub(crate) async fn learn(
    connection: &mut AnyConnection,
    network: &NetworkName,
    target: &RemoteTarget,
    (name, topic): (&str, &str),
) -> Result<(), StoreFault> {
    let (kind, id) = word::target_words(target);
    sqlx::query(
        "UPDATE address SET name = CASE WHEN $4 = '' THEN name ELSE $4 END,
                            topic = CASE WHEN $5 = '' THEN topic ELSE $5 END
         WHERE network = $1 AND kind = $2 AND target = $3
         AND ((name <> $4 AND $4 <> '') OR (topic <> $5 AND $5 <> ''))",
    )
    .bind(network.as_str())
    .bind(kind)
    .bind(id)
    .bind(word::text(name))
    .bind(word::text(topic))
    .execute(connection)
    .await?;
    Ok(())
}
