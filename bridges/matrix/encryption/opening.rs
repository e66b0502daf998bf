//! Decrypting what others say, by whichever machine can.

use std::time::Duration;

use matrix_sdk_crypto::types::events::room::encrypted::EncryptedEvent;
use ruma::{OwnedUserId, RoomId, UserId, serde::Raw};
use serde_json::{Value, value::to_raw_value};
use tokio::time::Instant;

use super::{Encryption, Opened, fault::MachineFault, machine::Tried, patience::Verdict};

/// How many machines are tried with one event: one of them can nearly always, and each may have to be opened.
const MOST_TRIED: usize = 12;
/// After which time without its key what was missed is fetched: mostly the key comes by itself a moment later.
const FETCH_AFTER: Duration = Duration::from_millis(1500);
/// The longest id of a session, in bytes: those that there are have 43, and whoever writes an event chooses what is remembered of it.
const LONGEST_SESSION: usize = 64;

impl Encryption {
    /// Decrypts an event of type `m.room.encrypted` for whichever of these users of ours, who are in its room, can. Returns soon: what is
    /// missing is fetched in the background, and [`Encryption::keys_came`] tells when it came.
    pub(crate) async fn open(&self, room: &RoomId, event: &Value, readers: &[OwnedUserId]) -> Opened {
        if !self.is_on {
            return Opened::Never;
        }
        let Some((session, raw)) = ciphertext(event) else { return Opened::Never };
        let opener = self.patience.opener(room);
        let (first, others): (Vec<_>, Vec<_>) = readers.iter().partition(|reader| Some(*reader) == opener.as_ref());
        let (mut tried, mut lacking, mut broken, mut is_hindered) = (0, Vec::new(), None, false);
        for reader in first.into_iter().chain(others) {
            match self.try_to_open(reader, room, &raw).await {
                Ok(Some(Tried::Clear(clear))) => {
                    self.patience.opened(room, session, reader);
                    return Opened::Clear(clear);
                }
                Ok(Some(Tried::Missing)) => lacking.push(reader),
                Ok(Some(Tried::Broken(fault))) => broken = Some(fault),
                Ok(None) => {
                    // It had no device yet; whoever speaks next gives it their keys.
                    self.agenda.attend(reader, Instant::now());
                    continue;
                }
                Err(fault) => {
                    tracing::warn!(user = %reader, %fault, "a machine cannot be used");
                    is_hindered = true;
                    lacking.push(reader);
                }
            }
            tried += 1;
            if tried >= MOST_TRIED {
                break;
            }
        }
        let id = event.get("event_id").and_then(Value::as_str).unwrap_or_default();
        if let (true, Some(fault)) = (lacking.is_empty(), broken) {
            tracing::warn!(%room, event = id, fault, "an encrypted event cannot be shown");
            return Opened::Never;
        }
        let now = Instant::now();
        let has_looked =
            |since: Instant| !is_hindered && lacking.iter().all(|reader| self.agenda.has_looked(reader, since));
        match self.patience.lacks(room, session, now, has_looked) {
            Verdict::Wait => {
                for reader in lacking {
                    self.agenda.catch_up(reader, now + FETCH_AFTER);
                }
                Opened::Later
            }
            Verdict::GiveUp => {
                tracing::info!(%room, event = id, "the key to an encrypted event never came");
                Opened::Never
            }
        }
    }

    async fn try_to_open(
        &self,
        reader: &UserId,
        room: &RoomId,
        event: &Raw<EncryptedEvent>,
    ) -> Result<Option<Tried>, MachineFault> {
        match self.machines.of(reader).await? {
            Some(machine) => machine.decrypt(room, event).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The id of the session that an event was encrypted with, and the event as a machine reads it; `None` for one that no machine reads.
fn ciphertext(event: &Value) -> Option<(&str, Raw<EncryptedEvent>)> {
    let content = event.get("content")?;
    if content.get("algorithm")?.as_str()? != "m.megolm.v1.aes-sha2" {
        return None;
    }
    let session = content.get("session_id")?.as_str().filter(|session| session.len() <= LONGEST_SESSION)?;
    Some((session, Raw::from_json(to_raw_value(event).ok()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_machine_reads_is_told_at_once() {
        let event = |content: Value| json!({ "type": "m.room.encrypted", "event_id": "$e", "content": content });
        let megolm = event(json!({ "algorithm": "m.megolm.v1.aes-sha2", "session_id": "s", "ciphertext": "x" }));
        assert_eq!(ciphertext(&megolm).map(|(session, _)| session), Some("s"));
        let long = "s".repeat(LONGEST_SESSION + 1);
        let endless = json!({ "algorithm": "m.megolm.v1.aes-sha2", "session_id": long });
        for content in [json!({}), json!({ "algorithm": "rot13", "session_id": "s" }), json!(3), endless] {
            assert!(ciphertext(&event(content)).is_none());
        }
    }
}
