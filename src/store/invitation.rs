//! Invitations to rooms: who asked, whether it was answered, and how often an account is prompted.

use domain::{Passport, Timestamp};
use sqlx::AnyConnection;

use crate::StoreFault;

/// Within how long prompts are counted, in milliseconds: an hour.
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

/// Whether another invitation, of this room, may be shown to the account as somebody who wants to be a contact. One room does so
/// once within the time that is counted: a network could ask and take back for ever.
pub(crate) async fn may_prompt(
    connection: &mut AnyConnection,
    owner: &Passport,
    room: &Passport,
    most: u32,
    now: Timestamp,
) -> Result<bool, StoreFault> {
    let prompted: Vec<String> =
        sqlx::query_scalar("SELECT contact FROM room_invitation WHERE owner = $1 AND prompted > $2 LIMIT $3")
            .bind(owner.as_str())
            .bind(now.0 - COUNTED)
            .bind(i64::from(most))
            .fetch_all(connection)
            .await?;
    let is_free = prompted.len() < usize::try_from(most).unwrap_or(usize::MAX);
    Ok(is_free && prompted.iter().all(|prompted| prompted != room.as_str()))
}

/// Notes that the account is asked into the room, and whether it is prompted.
pub(crate) async fn open(
    connection: &mut AnyConnection,
    owner: &Passport,
    room: &Passport,
    asker: &str,
    prompts: bool,
    now: Timestamp,
) -> Result<(), StoreFault> {
    sqlx::query(
        "INSERT INTO room_invitation (owner, contact, asker, asked, prompted, answered) VALUES ($1, $2, $3, $4, $5, 0)
         ON CONFLICT (owner, contact) DO UPDATE SET asker = excluded.asker, asked = excluded.asked, answered = 0,
         prompted = CASE WHEN excluded.prompted > 0 THEN excluded.prompted ELSE room_invitation.prompted END",
    )
    .bind(owner.as_str())
    .bind(room.as_str())
    .bind(asker)
    .bind(now.0)
    .bind(if prompts { now.0 } else { 0 })
    .execute(connection)
    .await?;
    Ok(())
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

/// Forgets what was answered and counts for nothing any more.
pub(crate) async fn prune(connection: &mut AnyConnection, now: Timestamp) -> Result<(), StoreFault> {
    sqlx::query("DELETE FROM room_invitation WHERE answered = 1 AND prompted <= $1")
        .bind(now.0 - COUNTED)
        .execute(connection)
        .await?;
    Ok(())
}
