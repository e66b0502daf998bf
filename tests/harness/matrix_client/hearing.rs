//! What the syncs bring, and waiting for it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use matrix_sdk::{
    Client, Room,
    deserialized_responses::{EncryptionInfo, ShieldState, TimelineEvent, TimelineEventKind},
    ruma::{events::room::encrypted::OriginalSyncRoomEncryptedEvent, serde::Raw},
    sync::SyncResponse,
};
use serde_json::Value;
use tokio::sync::watch;

use super::{MatrixClient, PATIENCE};

/// An event of a room, as a client shows it.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Its room.
    pub room: String,
    /// The whole event: in clear if it could be decrypted.
    pub event: Value,
    /// How it came.
    pub sealing: Sealing,
}

/// How an event came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sealing {
    /// Encrypted; with what a client's red or grey shield says of it, if it shows one.
    Sealed(Option<String>),
    /// In clear, in a room that is not encrypted, or as what is never encrypted.
    Open,
    /// In clear, though its room is encrypted: clients show a red shield.
    OpenInSealedRoom,
    /// Encrypted, and its key has not come.
    Unreadable(String),
}

impl Heard {
    /// Its id.
    pub fn id(&self) -> &str {
        self.event["event_id"].as_str().unwrap()
    }

    /// Its content.
    pub fn content(&self) -> &Value {
        &self.event["content"]
    }

    /// Whether it was encrypted, and could be read.
    pub const fn is_sealed(&self) -> bool {
        matches!(self.sealing, Sealing::Sealed(_))
    }

    /// Whether clients show a shield beside it.
    pub const fn is_flagged(&self) -> bool {
        matches!(self.sealing, Sealing::Sealed(Some(_)) | Sealing::OpenInSealedRoom)
    }

    fn says(&self, who: &str, text: &str) -> bool {
        self.event["type"] == "m.room.message" && self.event["sender"] == who && self.content()["body"] == text
    }
}

/// All that has been heard.
#[derive(Default)]
pub(super) struct Journal {
    told: Mutex<Told>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
pub(super) struct Told {
    pub(super) syncs: u64,
    entries: Vec<Entry>,
    /// Rooms that somebody has asked the user into, with who did.
    pub(super) invitations: Vec<(String, String)>,
    /// Verifications that were asked for: by whom, and which.
    pub(super) requests: Vec<(String, String)>,
    fault: Option<String>,
}

struct Entry {
    heard: Heard,
    raw: TimelineEvent,
    /// Each is waited for once.
    is_taken: bool,
}

impl Journal {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }

    pub(super) fn syncs(&self) -> u64 {
        self.told().syncs
    }

    pub(super) fn fails(&self, fault: &str) {
        self.told().fault = Some(fault.to_owned());
        self.changed.send_replace(());
    }

    /// Takes in what a sync has brought, and looks anew at what could not be read or was flagged: keys and devices come later.
    pub(super) async fn take(&self, client: &Client, response: SyncResponse) {
        let earlier: Vec<(usize, String, TimelineEvent)> = {
            let told = self.told();
            let uncertain =
                told.entries.iter().enumerate().filter(|(_, entry)| {
                    matches!(entry.heard.sealing, Sealing::Unreadable(_) | Sealing::Sealed(Some(_)))
                });
            uncertain.map(|(place, entry)| (place, entry.heard.room.clone(), entry.raw.clone())).collect()
        };
        let mut again = Vec::new();
        for (place, id, raw) in earlier {
            let Some(room) = room_of(client, &id) else { continue };
            let raw = look_again(&room, raw).await;
            again.push((place, Heard { room: id, event: json_of(&raw), sealing: sealing_of(&room, &raw).await }, raw));
        }
        let mut came = Vec::new();
        for (id, update) in response.rooms.joined {
            let Some(room) = client.get_room(&id) else { continue };
            for raw in update.timeline.events {
                let sealing = sealing_of(&room, &raw).await;
                let heard = Heard { room: id.to_string(), event: json_of(&raw), sealing };
                came.push(Entry { heard, raw, is_taken: false });
            }
        }
        let mut told = self.told();
        for (place, heard, raw) in again {
            (told.entries[place].heard, told.entries[place].raw) = (heard, raw);
        }
        // A room comes as a whole once more when one enters it anew.
        for entry in came {
            if !told.entries.iter().any(|known| known.heard.id() == entry.heard.id()) {
                told.entries.push(entry);
            }
        }
        for (id, update) in &response.rooms.invited {
            let events =
                update.invite_state.events.iter().filter_map(|event| event.deserialize_as_unchecked::<Value>().ok());
            let me = client.user_id().unwrap();
            for event in
                events.filter(|event| event["content"]["membership"] == "invite" && event["state_key"] == me.as_str())
            {
                told.invitations.push((id.to_string(), event["sender"].as_str().unwrap().to_owned()));
            }
        }
        for event in &response.to_device {
            let event: Value = event.as_raw().deserialize_as_unchecked().unwrap_or_default();
            if event["type"] == "m.key.verification.request" {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                told.requests.push((text(&event["sender"]), text(&event["content"]["transaction_id"])));
            }
        }
        told.syncs += 1;
        told.fault = None;
        drop(told);
        self.changed.send_replace(());
    }

    /// Waits until something holds, or is found, in what was told.
    pub(super) async fn find<T>(&self, mut wanted: impl FnMut(&mut Told) -> Option<T>, what: impl Fn() -> String) -> T {
        let mut changes = self.changed.subscribe();
        let waiting = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = wanted(&mut self.told()) {
                    return found;
                }
                changes.changed().await.expect("the journal is here");
            }
        };
        let Ok(found) = tokio::time::timeout(PATIENCE, waiting).await else { panic!("waited in vain for {}", what()) };
        found
    }

    pub(super) async fn until(&self, holds: impl Fn(&Told) -> bool, what: impl Fn() -> String) {
        self.find(|told| holds(told).then_some(()), what).await;
    }
}

/// What was not waited for, for whoever has to find a fault.
impl fmt::Display for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(told) = self.told.lock() else { return Ok(()) };
        writeln!(formatter, "{} syncs; the last fault: {:?}", told.syncs, told.fault)?;
        for Entry { heard, .. } in told.entries.iter().filter(|entry| !entry.is_taken) {
            let Heard { room, event, sealing } = heard;
            let (kind, sender, content) = (&event["type"], &event["sender"], &event["content"]);
            writeln!(formatter, "{room} {kind} {sender} {sealing:?} {content}")?;
        }
        Ok(())
    }
}

impl MatrixClient {
    /// Waits for an event of a room that is wanted and was not waited for before; whatever could not be read does not count.
    pub async fn until_event(&self, room: &str, what: &str, wanted: impl Fn(&Heard) -> bool) -> Heard {
        let is_wanted =
            |heard: &Heard| heard.room == room && !matches!(heard.sealing, Sealing::Unreadable(_)) && wanted(heard);
        let find = |told: &mut Told| {
            let entry = told.entries.iter_mut().find(|entry| !entry.is_taken && is_wanted(&entry.heard))?;
            entry.is_taken = true;
            Some(entry.heard.clone())
        };
        self.journal.find(find, || format!("{what}, as {} in {room}", self.id)).await
    }

    /// Waits until somebody says something in a room.
    pub async fn until_said(&self, room: &str, who: &str, text: &str) -> Heard {
        self.until_event(room, &format!("{who} to say {text:?}"), |heard| heard.says(who, text)).await
    }

    /// Waits until somebody's membership of a room is this.
    pub async fn until_member(&self, room: &str, who: &str, membership: &str) {
        self.until_event(room, &format!("{who} {membership}"), |heard| {
            heard.event["type"] == "m.room.member"
                && heard.event["state_key"] == who
                && heard.content()["membership"] == membership
        })
        .await;
    }

    /// Waits until an event that was heard shows no shield: one stays until the sender's devices are known.
    pub async fn until_unflagged(&self, heard: &Heard) {
        let entry = |told: &Told| {
            told.entries.iter().find(|entry| entry.heard.id() == heard.id()).map(|entry| entry.heard.clone())
        };
        let is_clean = |told: &Told| entry(told).is_some_and(|heard| !heard.is_flagged());
        self.journal.until(is_clean, || format!("no shield beside {:?}: {:?}", heard.content(), heard.sealing)).await;
    }

    /// Waits until somebody has asked this user into a room; gives the room.
    pub async fn until_invited_by(&self, other: &str) -> String {
        let find = |told: &mut Told| {
            let place = told.invitations.iter().position(|(_, who)| who == other)?;
            Some(told.invitations.remove(place).0)
        };
        self.journal.find(find, || format!("an invitation of {other} for {}", self.id)).await
    }

    /// The texts of all that somebody has said in a room, as they came; what cannot be read is `None`.
    pub fn said_by(&self, room: &str, who: &str) -> Vec<Option<String>> {
        let told = self.journal.told();
        let theirs = told.entries.iter().map(|entry| &entry.heard).filter(|heard| {
            heard.room == room
                && heard.event["sender"] == who
                && ["m.room.message", "m.room.encrypted"].map(Value::from).contains(&heard.event["type"])
        });
        theirs.map(|heard| heard.content()["body"].as_str().map(str::to_owned)).collect()
    }

    /// All that was heard in a room, as it came.
    pub fn heard_in(&self, room: &str) -> Vec<Heard> {
        let told = self.journal.told();
        told.entries.iter().filter(|entry| entry.heard.room == room).map(|entry| entry.heard.clone()).collect()
    }
}

fn room_of(client: &Client, id: &str) -> Option<Room> {
    client.get_room(&matrix_sdk::ruma::RoomId::parse(id).ok()?)
}

fn json_of(raw: &TimelineEvent) -> Value {
    raw.raw().deserialize_as_unchecked().unwrap()
}

/// Decrypts once more, or asks once more who has sent it.
async fn look_again(room: &Room, mut raw: TimelineEvent) -> TimelineEvent {
    match &mut raw.kind {
        TimelineEventKind::UnableToDecrypt { event, .. } => {
            let event: Raw<OriginalSyncRoomEncryptedEvent> = event.clone().cast_unchecked();
            room.decrypt_event(&event, None).await.unwrap_or(raw)
        }
        TimelineEventKind::Decrypted(decrypted) => {
            let info = Arc::clone(&decrypted.encryption_info);
            let session = info.session_id().unwrap_or_default();
            if let Some(info) = room.get_encryption_info(session, &info.sender).await {
                decrypted.encryption_info = info;
            }
            raw
        }
        TimelineEventKind::PlainText { .. } => raw,
    }
}

async fn sealing_of(room: &Room, raw: &TimelineEvent) -> Sealing {
    match &raw.kind {
        TimelineEventKind::Decrypted(decrypted) => Sealing::Sealed(flag(&decrypted.encryption_info)),
        TimelineEventKind::UnableToDecrypt { utd_info, .. } => Sealing::Unreadable(format!("{:?}", utd_info.reason)),
        TimelineEventKind::PlainText { event } => {
            let kind = event.get_field::<String>("type").ok().flatten().unwrap_or_default();
            let is_to_be_sealed = kind == "m.room.message" || kind == "m.sticker";
            let is_redacted = json_of(raw)["unsigned"].get("redacted_because").is_some();
            let is_sealed_room = room.latest_encryption_state().await.is_ok_and(|state| state.is_encrypted());
            if is_to_be_sealed && is_sealed_room && !is_redacted { Sealing::OpenInSealedRoom } else { Sealing::Open }
        }
    }
}

/// What the shield says that clients show by default.
fn flag(info: &Arc<EncryptionInfo>) -> Option<String> {
    match info.verification_state.to_shield_state_lax() {
        ShieldState::Red { message, .. } => Some(format!("red: {message}")),
        ShieldState::Grey { message, .. } => Some(format!("grey: {message}")),
        ShieldState::None => None,
    }
}
