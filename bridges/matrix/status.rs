//! Telling people on Matrix what became of their messages: by an event that some clients show, a read receipt, or a line.
//!
//! Which of them is the section's choice. What is reported waits in a bounded queue and is told by one task, many at once, so
//! that it never holds up a transaction; what is lost does no harm, as it says nothing about the message itself.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{appservice::Appservice, message::Written};

/// The type of the event by which clients of Beeper's show what became of a message.
const STATUS: &str = "com.beeper.message_send_status";
/// How many reports may wait.
const WAITING: usize = 1024;
/// How many are told together.
const TOGETHER: usize = 256;
/// How long is waited after each round, so that a flood of reports becomes few lines.
const PAUSE: Duration = Duration::from_secs(1);

/// What is told, as the section says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Switches {
    /// An event for each message.
    pub(crate) events: bool,
    /// A read receipt of the bot for the last message that was taken.
    pub(crate) receipts: bool,
    /// A line about messages that could not be taken.
    pub(crate) notices: bool,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is kept for the account, and will be shown.
    Kept,
    /// It will never be shown, for this reason: a phrase.
    Failed(String),
    /// Its author may not write to accounts here.
    Forbidden,
}

/// Why a message that cannot be decrypted is never shown: a phrase.
pub(crate) const UNREAD: &str = "it cannot be decrypted here; write it once more, or in a chat that is not encrypted";

impl Outcome {
    /// What is said of a failure; `None` for a success.
    fn reason(&self) -> Option<&str> {
        match self {
            Self::Kept => None,
            Self::Failed(reason) => Some(reason),
            Self::Forbidden => {
                Some("you may not write to Messenger users here; ask the administrator of the homeserver")
            }
        }
    }
}

/// A report about one message.
#[derive(Debug)]
pub(crate) struct Report {
    room: OwnedRoomId,
    event: OwnedEventId,
    outcome: Outcome,
}

/// The reports that wait.
pub(crate) struct Statuses {
    reports: mpsc::Sender<Report>,
    waiting: Mutex<Option<mpsc::Receiver<Report>>>,
}

impl Statuses {
    /// None yet.
    pub(crate) fn new() -> Self {
        let (reports, waiting) = mpsc::channel(WAITING);
        Self { reports, waiting: Mutex::new(Some(waiting)) }
    }
}

impl Appservice {
    /// Has it told what became of a message. Returns at once.
    pub(crate) fn report_status(&self, room: OwnedRoomId, event: OwnedEventId, outcome: Outcome) {
        let switches = self.configuration.message_status;
        let is_told = match &outcome {
            Outcome::Kept => switches.events || switches.receipts,
            Outcome::Failed(_) | Outcome::Forbidden => switches.events || switches.notices,
        };
        if is_told && self.statuses.reports.try_send(Report { room, event, outcome }).is_err() {
            tracing::debug!("too many reports wait; what became of a message is not told");
        }
    }

    /// Tells what is reported, until everything ends.
    pub(crate) async fn tell_statuses(self: Arc<Self>) {
        let Some(mut waiting) = self.statuses.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        let telling = async {
            let mut reports = Vec::new();
            while waiting.recv_many(&mut reports, TOGETHER).await > 0 {
                for (room, told) in by_room(std::mem::take(&mut reports)) {
                    self.tell_room(&room, told).await;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let _ = self.stopping.run_until_cancelled(telling).await;
    }

    async fn tell_room(&self, room: &RoomId, reports: Vec<(OwnedEventId, Outcome)>) {
        let switches = self.configuration.message_status;
        if switches.receipts
            && self.bot.is_in(room)
            && let Some((last, _)) = reports.iter().rev().find(|(_, outcome)| *outcome == Outcome::Kept)
            && let Err(trouble) = self.bot().show_read(room, last).await
        {
            tracing::debug!(%room, %trouble, "a receipt is not shown");
        }
        let Some(speaker) = self.speaker_in(room) else { return };
        if switches.events {
            for (event, outcome) in &reports {
                let transaction = format!("chrysalis-status-{event}");
                let written = Written { kind: STATUS, content: status(event, outcome) };
                if let Err(unsaid) = self.speak(&speaker, room, &transaction, &written, None).await {
                    tracing::debug!(%room, %unsaid, "a status is not told");
                }
            }
        }
        if switches.notices {
            for (reason, events) in by_reason(&reports) {
                let Some((line, transaction)) = notice(reason, &events) else { continue };
                if let Err(unsaid) = self.speak(&speaker, room, &transaction, &line, None).await {
                    tracing::debug!(%room, %unsaid, "a failure is not told");
                }
            }
        }
    }

    /// Who speaks about messages in a room: the bot where it is, else the ghost that is written to.
    fn speaker_in(&self, room: &RoomId) -> Option<OwnedUserId> {
        if self.bot.is_in(room) {
            return Some(self.configuration.names.bot().to_owned());
        }
        let mut pairs = self.chats.in_room(room).into_iter();
        let pair = pairs.find(|pair| self.chats.get(pair).rooms.iter().any(|shared| shared.room == room))?;
        self.configuration.names.ghost(&pair.owner)
    }
}

/// The reports of each room, in the order in which they came.
fn by_room(reports: Vec<Report>) -> BTreeMap<OwnedRoomId, Vec<(OwnedEventId, Outcome)>> {
    let mut rooms: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for Report { room, event, outcome } in reports {
        rooms.entry(room).or_default().push((event, outcome));
    }
    rooms
}

/// The failed messages by what is said of them.
fn by_reason(reports: &[(OwnedEventId, Outcome)]) -> BTreeMap<&str, Vec<&OwnedEventId>> {
    let mut reasons: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (event, outcome) in reports {
        if let Some(reason) = outcome.reason() {
            reasons.entry(reason).or_default().push(event);
        }
    }
    reasons
}

/// The line about failed messages, which answers the last of them, and its transaction.
fn notice(reason: &str, events: &[&OwnedEventId]) -> Option<(Written, String)> {
    let last = events.last()?;
    let body = match events.len() {
        1 => format!("Not delivered: {reason}."),
        many => format!("{many} messages were not delivered: {reason}."),
    };
    let relation = json!({ "m.in_reply_to": { "event_id": last } });
    let content = json!({ "msgtype": "m.notice", "body": body, "m.relates_to": relation });
    Some((Written { kind: "m.room.message", content }, format!("chrysalis-undelivered-{last}")))
}

/// The event that says what became of one message.
fn status(event: &OwnedEventId, outcome: &Outcome) -> Value {
    let relation = json!({ "rel_type": "m.reference", "event_id": event });
    let mut content = json!({ "network": "msn", "m.relates_to": relation, "status": "SUCCESS" });
    let reason = match outcome {
        Outcome::Kept => return content,
        Outcome::Failed(_) => "m.foreign_network_error",
        Outcome::Forbidden => "m.no_permission",
    };
    if let (Some(fields), Some(said)) = (content.as_object_mut(), outcome.reason()) {
        fields.insert("status".into(), "FAIL_PERMANENT".into());
        fields.insert("reason".into(), reason.into());
        fields.insert("message".into(), said.into());
    }
    content
}

#[cfg(test)]
mod tests {
    use ruma::owned_room_id;

    use super::*;

    fn event(number: u32) -> OwnedEventId {
        OwnedEventId::try_from(format!("$e{number}")).unwrap()
    }

    #[test]
    fn a_status_says_what_became_of_which_message() {
        let kept = status(&event(1), &Outcome::Kept);
        assert_eq!((&kept["status"], &kept["m.relates_to"]["event_id"]), (&json!("SUCCESS"), &json!("$e1")));
        assert_eq!(kept.get("reason"), None);
        let failed = status(&event(1), &Outcome::Failed("the account was removed".into()));
        assert_eq!(failed["status"], "FAIL_PERMANENT");
        assert_eq!(
            (&failed["reason"], &failed["message"]),
            (&json!("m.foreign_network_error"), &json!("the account was removed"))
        );
        assert_eq!(status(&event(1), &Outcome::Forbidden)["reason"], "m.no_permission");
    }

    #[test]
    fn many_failures_become_one_line() {
        let (one, other) = (owned_room_id!("!a"), owned_room_id!("!b"));
        let report = |room: &OwnedRoomId, number, outcome| Report { room: room.clone(), event: event(number), outcome };
        let rooms = by_room(vec![
            report(&one, 1, Outcome::Forbidden),
            report(&other, 2, Outcome::Kept),
            report(&one, 3, Outcome::Failed("it is full".into())),
            report(&one, 4, Outcome::Forbidden),
        ]);
        assert_eq!(by_reason(&rooms[&other]), BTreeMap::new());
        let reasons = by_reason(&rooms[&one]);
        let lines: Vec<Value> = reasons
            .iter()
            .filter_map(|(reason, events)| notice(reason, events))
            .map(|(line, _)| line.content)
            .collect();
        assert_eq!(lines[0]["body"], "Not delivered: it is full.");
        assert!(lines[1]["body"].as_str().unwrap().starts_with("2 messages were not delivered: you may not"));
        assert_eq!(lines[1]["m.relates_to"]["m.in_reply_to"]["event_id"], "$e4");
    }
}
