//! Sending messages as one user of ours, and finding those that were sent.

use std::collections::BTreeMap;

use domain::Timestamp;
use ruma::{
    MilliSecondsSinceUnixEpoch, OwnedEventId, RoomId, UInt,
    api::client::message::{get_message_events, send_message_event},
    events::AnyMessageLikeEventContent,
    serde::Raw,
};

use super::{Intent, raw};
use crate::{homeserver::Trouble, message::Sent, speaking::Sealed};

/// How many of its own messages a ghost's room is searched through at once for what an earlier attempt sent.
const PAGE: u32 = 50;
/// How often, at most.
const PAGES: u32 = 6;

impl Intent<'_> {
    /// Sends an event, as [`Appservice::speak`](crate::appservice::Appservice::speak) has it. `transaction` is the same at every
    /// attempt; `sent` is when it was said, where that is not now. `None` when the homeserver took it without our being able to
    /// read its id.
    pub(crate) async fn send(
        &self,
        room: &RoomId,
        transaction: &str,
        sealed: &Sealed,
        sent: Option<Timestamp>,
    ) -> Result<Option<OwnedEventId>, Trouble> {
        let content: Raw<AnyMessageLikeEventContent> = raw(sealed.content())?.cast_unchecked();
        let kind = sealed.kind().into();
        let mut request = send_message_event::v3::Request::new_raw(room.to_owned(), transaction.into(), kind, content);
        let sent = sent.and_then(|sent| u64::try_from(sent.0).ok()).and_then(|sent| UInt::try_from(sent).ok());
        request.timestamp = sent.map(MilliSecondsSinceUnixEpoch);
        match self.ask(request).await {
            Ok(answer) => Ok(Some(answer.event_id)),
            Err(Trouble::Unreadable(_)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The user's own messages in a room that carry out parts of this order, which was given at `sent`. A homeserver remembers
    /// transaction ids in memory only for a sender without a device, so after a lost answer this is what tells. Looked through
    /// are the user's own messages back to that time: they are dated with when they were said, and orders of one room are
    /// carried out in turn.
    pub(crate) async fn parts_of(
        &self,
        room: &RoomId,
        order: &str,
        sent: Timestamp,
    ) -> Result<BTreeMap<u64, OwnedEventId>, Trouble> {
        let mut found = BTreeMap::new();
        let mut from = None;
        for _ in 0..PAGES {
            let mut request = get_message_events::v3::Request::backward(room.to_owned());
            request.limit = PAGE.into();
            request.filter.senders = Some(vec![self.user.to_owned()]);
            request.from = from;
            let page = self.ask(request).await?;
            let events = page.chunk.iter().filter_map(|event| event.deserialize_as_unchecked::<Sent>().ok());
            // Not every homeserver looks at the filter.
            let events: Vec<Sent> = events.filter(|event| event.sender == self.user).collect();
            for event in &events {
                if let Some(part) = event.part_of(order) {
                    found.insert(part, event.event_id.clone());
                }
            }
            from = page.end;
            if from.is_none() || events.iter().any(|event| event.is_before(sent)) {
                break;
            }
        }
        Ok(found)
    }
}
