//! Invitations to rooms: who asked, whether it was answered, and how often an account is told.

use domain::{Passport, Timestamp};
use sqlx::AnyConnection;

use crate::{StoreFault, clock, entry, pruning::PORTION, word};

/// How many invitations of one account may wait for an answer; beyond them the oldest are closed.
const MOST_OPEN: i64 = 100;

/// Within how long it is counted what is told, in milliseconds: an hour.
const COUNTED: i64 = 60 * 60 * 1000;

/// Whether the account is asked into the room and has not answered.
pub(crate) async fn is_open(
    connection: &mut AnyConnection,
    owner: &Passport,
    room: &Passport,
) -> Result<bool, StoreFault> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT asker FROM room_invitation WHERE owner = $1 AND contact = $2 AND answered = 0")
            .bind(owner.as_str())
            .bind(room.as_str())
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

/// How an invitation reaches its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// By itself, `times` within the hour.
    Alone {
        /// How often the room was told with less than an hour between, with this time. What is told again is not shown once more as
        /// somebody who wants to be a contact: a network could ask and take back for ever.
        times: i64,
    },
    /// By a line that says that there are more than were told.
    Summed,
    /// Not at all: it is found by whoever asks.
    Not,
}

/// How a new invitation into this room is told. Within the time that is counted at most `most` are told by themselves, and one line
/// says that there are more.
pub(crate) async fn telling(
    connection: &mut AnyConnection,
    owner: &Passport,
    room: &Passport,
    most: u32,
    now: Timestamp,
) -> Result<Telling, StoreFault> {
    let since = now.0 - COUNTED;
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT contact, prompted, told, summed FROM room_invitation
         WHERE owner = $1 AND (prompted > $2 OR summed > $2)",
    )
    .bind(owner.as_str())
    .bind(since)
    .fetch_all(connection)
    .await?;
    // What an earlier version told, it did not count.
    let told =
        || rows.iter().filter(|(_, prompted, ..)| *prompted > since).map(|(room, _, told, _)| (room, (*told).max(1)));
    Ok(if told().map(|(_, times)| times).sum::<i64>() < i64::from(most) {
        let times = told().find_map(|(told, times)| (told == room.as_str()).then_some(times));
        Telling::Alone { times: times.unwrap_or(0) + 1 }
    } else if rows.iter().all(|(.., summed)| *summed <= since) {
        Telling::Summed
    } else {
        Telling::Not
    })
}

/// Notes that the account is asked into the room, and how it is told. Gives the rooms whose invitations are closed for that: those
/// that wait longest, where too many do.
pub(crate) async fn open(
    connection: &mut AnyConnection,
    owner: &Passport,
    room: &Passport,
    asker: &str,
    telling: Telling,
    now: Timestamp,
) -> Result<Vec<Passport>, StoreFault> {
    let (prompted, told, summed) = match telling {
        Telling::Alone { times } => (now.0, times, 0),
        Telling::Summed => (0, 0, now.0),
        Telling::Not => (0, 0, 0),
    };
    sqlx::query(
        "INSERT INTO room_invitation (owner, contact, asker, asked, prompted, told, summed, answered)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
         ON CONFLICT (owner, contact) DO UPDATE SET asker = excluded.asker, asked = excluded.asked, answered = 0,
         prompted = CASE WHEN excluded.prompted > 0 THEN excluded.prompted ELSE room_invitation.prompted END,
         told = CASE WHEN excluded.told > 0 THEN excluded.told ELSE room_invitation.told END,
         summed = CASE WHEN excluded.summed > 0 THEN excluded.summed ELSE room_invitation.summed END",
    )
    .bind(owner.as_str())
    .bind(room.as_str())
    .bind(word::text(asker))
    .bind(now.0)
    .bind(prompted)
    .bind(told)
    .bind(summed)
    .execute(&mut *connection)
    .await?;
    let closed: Vec<String> = sqlx::query_scalar(
        "UPDATE room_invitation SET answered = 1 WHERE owner = $1 AND contact IN (
             SELECT contact FROM room_invitation WHERE owner = $1 AND answered = 0 AND contact <> $2
             ORDER BY asked DESC, contact DESC LIMIT $3 OFFSET $4)
         RETURNING contact",
    )
    .bind(owner.as_str())
    .bind(room.as_str())
    .bind(MOST_OPEN)
    .bind(MOST_OPEN - 1)
    .fetch_all(&mut *connection)
    .await?;
    // A network that asks and takes back all the time leaves no rows behind.
    sqlx::query("DELETE FROM room_invitation WHERE owner = $1 AND answered = 1 AND prompted <= $2 AND summed <= $2")
        .bind(owner.as_str())
        .bind(now.0 - COUNTED)
        .execute(connection)
        .await?;
    closed.iter().map(|room| word::passport("room_invitation", room)).collect()
}

/// Notes that nothing is asked any more; says whether something was.
pub(crate) async fn close(
    connection: &mut AnyConnection,
    owner: &Passport,
    room: &Passport,
) -> Result<bool, StoreFault> {
    let done =
        sqlx::query("UPDATE room_invitation SET answered = 1 WHERE owner = $1 AND contact = $2 AND answered = 0")
            .bind(owner.as_str())
            .bind(room.as_str())
            .execute(connection)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Closes a portion of what was asked before `oldest` and never answered: that stands on no list any more. Says how much that was.
pub(crate) async fn close_stale(
    connection: &mut AnyConnection,
    oldest: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreFault> {
    let stale: Vec<(String, String)> = sqlx::query_as(
        "UPDATE room_invitation SET answered = 1 WHERE (owner, contact) IN
         (SELECT owner, contact FROM room_invitation WHERE answered = 0 AND asked < $1 ORDER BY asked LIMIT $2)
         RETURNING owner, contact",
    )
    .bind(oldest.0)
    .bind(i64::from(PORTION))
    .fetch_all(&mut *connection)
    .await?;
    for (owner, room) in &stale {
        let (owner, room) = (word::passport("room_invitation", owner)?, word::passport("room_invitation", room)?);
        entry::set_reverse(connection, &owner, &room, false, (clock::guid(), ""), now).await?;
    }
    Ok(stale.len() as u64)
}

/// Forgets a portion of what was answered and counts for nothing any more; says how much that was.
pub(crate) async fn prune(connection: &mut AnyConnection, now: Timestamp) -> Result<u64, StoreFault> {
    let done = sqlx::query(
        "DELETE FROM room_invitation WHERE (owner, contact) IN
         (SELECT owner, contact FROM room_invitation WHERE answered = 1 AND prompted <= $1 AND summed <= $1 LIMIT $2)",
    )
    .bind(now.0 - COUNTED)
    .bind(i64::from(PORTION))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
