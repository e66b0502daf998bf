//! What is done about messages, and who asks the bot in: receipts, redactions, invitations.

use ruma::{
    EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId,
    api::client::{
        receipt::create_receipt::v3 as create_receipt, redact::redact_event, sync::sync_events::v3 as sync_events,
    },
    presence::PresenceState,
};
use serde_json::{Value, json};

use super::{Intent, done};
use crate::homeserver::Trouble;

/// How long the homeserver may take over what it has: nothing new is waited for.
const AT_ONCE: std::time::Duration = std::time::Duration::ZERO;

impl Intent<'_> {
    /// Takes an event out of a room.
    pub(crate) async fn redact(&self, room: &RoomId, event: &EventId, reason: &str) -> Result<OwnedEventId, Trouble> {
        // The same event is redacted once, however often it is asked for.
        let transaction = format!("chrysalis-redact-{event}");
        let mut request = redact_event::v3::Request::new(room.to_owned(), event.to_owned(), transaction.into());
        request.reason = Some(reason.to_owned());
        Ok(self.ask(request).await?.event_id)
    }

    /// Shows that this user has read an event, and so all before it.
    pub(crate) async fn show_read(&self, room: &RoomId, event: &EventId) -> Result<(), Trouble> {
        let kind = create_receipt::ReceiptType::Read;
        done(self.ask(create_receipt::Request::new(room.to_owned(), kind, event.to_owned())).await)
    }

    /// The rooms that this user is asked into, and by whom.
    pub(crate) async fn invitations(&self) -> Result<Vec<(OwnedRoomId, OwnedUserId)>, Trouble> {
        // Nothing of the rooms that the user is in is wanted.
        let nothing = json!({ "limit": 0, "types": [] });
        let filter = json!({
            "presence": nothing, "account_data": nothing,
            "room": { "timeline": nothing, "state": nothing, "ephemeral": nothing, "account_data": nothing },
        });
        let mut request = sync_events::Request::new();
        request.filter = serde_json::from_value(filter).ok().map(sync_events::Filter::FilterDefinition);
        request.timeout = Some(AT_ONCE);
        request.set_presence = PresenceState::Offline;
        let answer = self.ask(request).await?;
        let asked = answer.rooms.invite.into_iter().filter_map(|(room, invited)| {
            let mut events = invited.invite_state.events.iter();
            let by = events.find_map(|event| inviter(&event.deserialize_as_unchecked().ok()?, self.user))?;
            Some((room, by))
        });
        Ok(asked.collect())
    }
}

/// Who invited `user`, if this is that event.
fn inviter(event: &Value, user: &UserId) -> Option<OwnedUserId> {
    let is_it = event.get("type")? == "m.room.member"
        && event.get("state_key")? == user.as_str()
        && event.get("content")?.get("membership")? == "invite";
    if is_it { UserId::parse(event.get("sender")?.as_str()?).ok() } else { None }
}
