//! Saying something in a room, once, whatever became of earlier attempts.

use std::collections::{BTreeMap, HashMap};

use bridge::{Action, Failure, Order, Receipt};
use domain::{
    Content, Passport, RemoteMessage, Timestamp,
    media::{Attachment, Source},
};
use ruma::{EventId, OwnedEventId, OwnedUserId, RoomId, UserId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    appservice::Appservice,
    message::{self, Uploaded, Written},
    speaking::Unsaid,
};

/// The events of an order that are in a room, by their part.
type Said = BTreeMap<u64, OwnedEventId>;

impl Appservice {
    /// Says something in a room where the ghost is: what an earlier attempt did not say there yet, in order. Files are uploaded
    /// first.
    pub(crate) async fn say(&self, ghost: &UserId, room: &RoomId, order: &Order) -> Result<Receipt, Failure> {
        let Some(saying) = Saying::of(order) else { return Ok(Receipt::default()) };
        let said = self.said_in(ghost, room, order, saying.sent).await?;
        self.say_rest(ghost, room, order, saying, said).await
    }

    /// What an earlier attempt at an order said in a room, if it said anything there; the rest of it is said there now.
    pub(crate) async fn said_before(
        &self,
        ghost: &UserId,
        room: &RoomId,
        order: &Order,
    ) -> Result<Option<Receipt>, Failure> {
        let Some(saying) = Saying::of(order) else { return Ok(None) };
        let said = self.said_in(ghost, room, order, saying.sent).await?;
        if said.is_empty() {
            return Ok(None);
        }
        tracing::debug!(%ghost, %room, order = order.key, parts = said.len(), "was sent by an earlier attempt");
        match self.say_rest(ghost, room, order, saying, said).await {
            // The ghost cannot speak there any more: all of it is said where it can.
            Err(Failure::Refused { .. }) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// The events of an order that are in a room already.
    async fn said_in(&self, ghost: &UserId, room: &RoomId, order: &Order, sent: Timestamp) -> Result<Said, Failure> {
        if order.attempt == 0 {
            return Ok(Said::new());
        }
        match self.homeserver.acting_as(ghost).parts_of(room, &order.key, sent).await {
            Ok(said) => Ok(said),
            // A room that the ghost may not look into any more shows nothing.
            Err(trouble) if trouble.is_final() => Ok(Said::new()),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Says those parts of an order that are not in `said`.
    async fn say_rest(
        &self,
        ghost: &UserId,
        room: &RoomId,
        order: &Order,
        saying: Saying<'_>,
        said: Said,
    ) -> Result<Receipt, Failure> {
        // Only words are ever cut, and a file that was sent need not be here any more.
        let is_cut = matches!(saying.content, Content::Text(_) | Content::Emote { .. });
        if !is_cut && !said.is_empty() {
            return Ok(Receipt { messages: said.into_values().map(|id| RemoteMessage(id.to_string())).collect() });
        }
        let uploads = self.enclose(ghost, room, saying.content).await?;
        let enclosed = |attachment: &Attachment| uploads.get(&attachment.source).cloned();
        let names = &self.configuration.names;
        let heard: Vec<OwnedUserId> = saying.heard.iter().filter_map(|account| names.ghost(account)).collect();
        let parts = message::write(saying.content, &order.key, &enclosed, saying.reply).into_iter();
        let parts: Vec<Written> = parts.map(|part| part.heard_by(&heard)).collect();
        let mut ids = Vec::new();
        for (part, written) in (0..).zip(&parts) {
            let id = match said.get(&part) {
                Some(id) => Some(id.clone()),
                None => self.send(ghost, room, &transaction(&order.key, part), written, saying.sent).await?,
            };
            ids.extend(id.map(|id| RemoteMessage(id.to_string())));
        }
        Ok(Receipt { messages: ids })
    }

    /// Uploads whatever belongs to a message. What a message can be understood without may be missing. Emoticons stand in clear
    /// even where the room is encrypted: there is no other form for them.
    async fn enclose(
        &self,
        ghost: &UserId,
        room: &RoomId,
        content: &Content,
    ) -> Result<HashMap<Source, Uploaded>, Failure> {
        let (file, emoticons): (Option<&Attachment>, Vec<&Attachment>) = match content {
            Content::Text(text) => (None, text.emoticons.iter().map(|emoticon| &emoticon.picture).collect()),
            Content::Wink { thumbnail, .. } => (thumbnail.as_ref(), Vec::new()),
            Content::File(attachment)
            | Content::Image(attachment)
            | Content::Voice(attachment)
            | Content::Ink(attachment) => (Some(attachment), Vec::new()),
            Content::Emote { .. } | Content::Nudge => (None, Vec::new()),
        };
        let is_needed = !matches!(content, Content::Wink { .. });
        let mut uploads = HashMap::new();
        if let Some(file) = file {
            let uploaded = if self.encryption.is_encrypted(ghost, room).await? {
                self.upload_for(ghost, room, file).await
            } else {
                self.upload(ghost, file).await
            };
            uploads.extend(taken(ghost, file, uploaded, is_needed)?);
        }
        for picture in emoticons {
            let uploaded = self.upload(ghost, picture).await;
            uploads.extend(taken(ghost, picture, uploaded, false)?);
        }
        Ok(uploads)
    }

    /// Sends one event; without its looks if it is too large with them.
    async fn send(
        &self,
        ghost: &UserId,
        room: &RoomId,
        transaction: &str,
        written: &Written,
        sent: Timestamp,
    ) -> Result<Option<OwnedEventId>, Failure> {
        let mut outcome = self.speak(ghost, room, transaction, written, Some(sent)).await;
        if outcome.as_ref().is_err_and(Unsaid::is_too_large)
            && let Some(plain) = without_looks(written)
        {
            outcome = self.speak(ghost, room, transaction, &plain, Some(sent)).await;
        }
        outcome.map_err(|unsaid| {
            if unsaid.is_too_large() {
                Failure::refused("the homeserver takes no message of this length; send it in parts")
            } else {
                unsaid.into()
            }
        })
    }
}

/// What was uploaded, by its source; nothing where that failed for good and the message can do without it.
pub(crate) fn taken(
    ghost: &UserId,
    attachment: &Attachment,
    uploaded: Result<Uploaded, Failure>,
    is_needed: bool,
) -> Result<Option<(Source, Uploaded)>, Failure> {
    match uploaded {
        Ok(uploaded) => Ok(Some((attachment.source, uploaded))),
        Err(failure) if is_needed || failure.is_passing() => Err(failure),
        Err(failure) => {
            tracing::info!(%ghost, %failure, "a message goes without one of its pictures");
            Ok(None)
        }
    }
}

/// What is said.
#[derive(Clone, Copy)]
pub(crate) struct Saying<'a> {
    /// The words, or the file.
    pub(crate) content: &'a Content,
    /// When the user said it.
    pub(crate) sent: Timestamp,
    /// What it answers.
    pub(crate) reply: Option<&'a EventId>,
    /// Whose ghosts need not hear it.
    pub(crate) heard: &'a [Passport],
}

impl<'a> Saying<'a> {
    /// What an order says; `None` if it is to do something else.
    pub(crate) fn of(order: &'a Order) -> Option<Self> {
        let Action::Say { content, sent, reply, heard } = &order.action else { return None };
        let reply = reply.as_ref().and_then(|reply| <&EventId>::try_from(reply.as_str()).ok());
        Some(Self { content, sent: *sent, reply, heard })
    }
}

/// The same without HTML; `None` if it has none.
pub(crate) fn without_looks(written: &Written) -> Option<Written> {
    let mut plain = written.clone();
    let fields = plain.content.as_object_mut()?;
    fields.remove("format");
    let had_looks = fields.remove("formatted_body").as_ref().is_some_and(Value::is_string);
    had_looks.then_some(plain)
}

/// The transaction id of a part of an order. A homeserver takes the same one of the same sender once, as long as it remembers.
pub(crate) fn transaction(order: &str, part: u64) -> String {
    use std::fmt::Write as _;
    let mut digest = Sha256::new_with_prefix(order.as_bytes());
    if part > 0 {
        digest.update(format!("\0{part}").as_bytes());
    }
    digest.finalize().iter().take(16).fold(String::from("chrysalis-"), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_part_has_a_transaction_of_its_own_which_is_the_same_at_every_attempt() {
        assert_eq!(transaction("o1", 0), transaction("o1", 0));
        assert_eq!(transaction("o1", 0).len(), "chrysalis-".len() + 32);
        let all: std::collections::BTreeSet<String> =
            ["o1", "o2"].iter().flat_map(|order| (0..3).map(|part| transaction(order, part))).collect();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn a_message_that_is_too_large_goes_without_its_looks() {
        let content = json!({ "msgtype": "m.text", "body": "hi", "format": "org.matrix.custom.html", "formatted_body": "<b>hi</b>" });
        let plain = without_looks(&Written { kind: "m.room.message", content }).unwrap();
        assert_eq!(plain.content, json!({ "msgtype": "m.text", "body": "hi" }));
        assert_eq!(without_looks(&plain), None);
    }
}
