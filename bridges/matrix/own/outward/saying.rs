//! Saying something as a linked account, once, whatever became of earlier attempts. matrix-sdk encrypts it where the room is encrypted.

use std::collections::{BTreeMap, HashMap};

use bridge::{Failure, Order, Receipt};
use domain::{
    Content, RemoteMessage, Timestamp,
    media::{Attachment, Source},
};
use futures_util::FutureExt as _;
use matrix_sdk::{Room, RoomMemberships, RoomState, room::MessagesOptions};
use ruma::{OwnedEventId, OwnedUserId, RoomId, TransactionId, UserId};

use crate::{
    homeserver::Trouble,
    message::{self, Sent, Uploaded, Written},
    own::{OwnAccount, trouble::failure},
    sending::{Saying, taken, transaction, without_looks},
    voice::Target,
};

/// How many of its own messages a room is searched through at once for what an earlier attempt said.
const PAGE: u32 = 50;
/// How often, at most.
const PAGES: u32 = 6;
/// In how many people's keys it is looked whether they are still those of whom the account's user has verified.
const LOOKED_AT: usize = 50;

/// The events of an order that are in a room, by their part.
type Said = BTreeMap<u64, OwnedEventId>;

impl OwnAccount {
    /// Says something to somebody, or where they are: what an earlier attempt did not say there yet.
    pub(crate) async fn say(&self, target: &Target, order: &Order) -> Result<Receipt, Failure> {
        if let Some(receipt) = self.said_before(target, order).await? {
            return Ok(receipt);
        }
        let room = match target {
            Target::Room(place) => place.room.clone(),
            Target::Person(pair) => match self.rooms.direct(&pair.user) {
                Some(room) => room,
                // Whoever left is not pulled back by a word.
                None if !self.deserted_by(&pair.user).is_empty() => {
                    let reason = format!("{} is not in the chat any more; add them again to ask them in", pair.user);
                    return Err(Failure::refused(reason));
                }
                None => self.befriend(&pair.user, order.attempt > 0).await?,
            },
        };
        self.say_in(&room, order, Said::new()).await
    }

    /// What an earlier attempt at an order said, if it said anything; the rest of it is said now. It may have gone to another room than
    /// this one would.
    pub(crate) async fn said_before(&self, target: &Target, order: &Order) -> Result<Option<Receipt>, Failure> {
        let Some(saying) = Saying::of(order).filter(|_| order.attempt > 0) else { return Ok(None) };
        let rooms = match target {
            Target::Person(pair) => self.chats_with(&pair.user).into_iter().rev().map(|(room, _)| room).collect(),
            Target::Room(place) => vec![place.room.clone()],
        };
        for room in rooms {
            let said = self.said_in(&room, order, saying.sent).await?;
            if said.is_empty() {
                continue;
            }
            tracing::debug!(owner = %self.owner, %room, order = order.key, parts = said.len(), "was sent by an earlier attempt");
            match self.say_in(&room, order, said).await {
                // The account cannot speak there any more: all of it is said where it can.
                Err(Failure::Refused { .. }) => {}
                outcome => return outcome.map(Some),
            }
        }
        Ok(None)
    }

    /// The parts of an order that the account has said in a room, which was given at `sent`. They are looked for by their marks, which are
    /// as secret as the words: matrix-sdk reads what this device has written.
    async fn said_in(&self, room: &RoomId, order: &Order, sent: Timestamp) -> Result<Said, Failure> {
        let mut said = Said::new();
        // A room that the account has left shows nothing.
        let Some(room) = self.client.get_room(room).filter(|room| room.state() == RoomState::Joined) else {
            return Ok(said);
        };
        let mut from = None;
        for _ in 0..PAGES {
            let mut options = MessagesOptions::backward();
            options.limit = PAGE.into();
            options.filter.senders = Some(vec![self.me.clone()]);
            options.from = from;
            let page = match room.messages(options).boxed().await.map_err(Trouble::from) {
                Ok(page) => page,
                Err(trouble) if trouble.is_final() => return Ok(said),
                Err(trouble) => return Err(failure(trouble)),
            };
            let events = page.chunk.iter().filter_map(|event| event.raw().deserialize_as_unchecked::<Sent>().ok());
            // Not every homeserver looks at the filter.
            let events: Vec<Sent> = events.filter(|event| event.sender == self.me).collect();
            for event in &events {
                said.extend(event.part_of(&order.key).map(|part| (part, event.event_id.clone())));
            }
            from = page.end;
            if from.is_none() || events.iter().any(|event| event.is_before(sent)) {
                break;
            }
        }
        Ok(said)
    }

    /// Says those parts of an order in a room that are not in `said`. Files are uploaded first.
    async fn say_in(&self, room: &RoomId, order: &Order, said: Said) -> Result<Receipt, Failure> {
        let Some(saying) = Saying::of(order) else { return Ok(Receipt::default()) };
        // Only words are ever cut, and a file that was sent need not be here any more.
        let is_cut = matches!(saying.content, Content::Text(_) | Content::Emote { .. });
        if !is_cut && !said.is_empty() {
            return Ok(Receipt { messages: said.into_values().map(|id| RemoteMessage(id.to_string())).collect() });
        }
        let room = self.room(room)?;
        let state = room.latest_encryption_state().boxed().await.map_err(failure)?;
        if state.is_encrypted() {
            self.trusts(&room).await?;
        }
        let uploads = self.enclose(&room, state.is_encrypted(), saying.content).await?;
        let enclosed = |attachment: &Attachment| uploads.get(&attachment.source).cloned();
        let names = &self.configuration.names;
        let heard: Vec<OwnedUserId> = saying.heard.iter().filter_map(|account| names.ghost(account)).collect();
        let parts = message::write(saying.content, &order.key, &enclosed, saying.reply).into_iter();
        let parts: Vec<Written> = parts.map(|part| part.heard_by(&heard)).collect();
        let mut ids = Vec::new();
        for (part, written) in (0..).zip(&parts) {
            let id = match said.get(&part) {
                Some(id) => id.clone(),
                None => send(&room, &transaction(&order.key, part), written).await?,
            };
            ids.push(RemoteMessage(id.to_string()));
        }
        Ok(Receipt { messages: ids })
    }

    /// Uploads whatever belongs to a message. What it can be understood without may be missing. Emoticons stand in clear even where the
    /// room is encrypted: there is no other form for them.
    async fn enclose(
        &self,
        room: &Room,
        is_encrypted: bool,
        content: &Content,
    ) -> Result<HashMap<Source, Uploaded>, Failure> {
        let locked_for = is_encrypted.then(|| room.room_id());
        let (file, is_needed, emoticons) = match content {
            Content::Text(text) => (None, false, text.emoticons.as_slice()),
            Content::Wink { thumbnail, .. } => (thumbnail.as_ref(), false, [].as_slice()),
            Content::File(file) | Content::Image(file) | Content::Voice(file) | Content::Ink(file) => {
                (Some(file), true, [].as_slice())
            }
            Content::Emote { .. } | Content::Nudge => (None, false, [].as_slice()),
        };
        let mut uploads = HashMap::new();
        if let Some(file) = file {
            uploads.extend(taken(&self.me, file, self.upload(locked_for, file).await, is_needed)?);
        }
        for emoticon in emoticons {
            let uploaded = self.upload(None, &emoticon.picture).await;
            uploads.extend(taken(&self.me, &emoticon.picture, uploaded, false)?);
        }
        Ok(uploads)
    }

    /// Whether everybody in an encrypted room has the keys that they had when the account's user verified them. matrix-sdk would write to
    /// whatever keys there are.
    async fn trusts(&self, room: &Room) -> Result<(), Failure> {
        if room.active_members_count() > LOOKED_AT as u64 {
            return Ok(());
        }
        // All of them: the keys are given to those who have said nothing lately as well.
        let members = room.members(RoomMemberships::ACTIVE).boxed().await.map_err(failure)?;
        for member in members.iter().map(|member| member.user_id()).filter(|user| **user != *self.me) {
            if self.has_other_keys(member).await? {
                return Err(Failure::refused(format!(
                    "the keys of {member} are no longer those that you have verified, so somebody may read along in their place; ask them \
                     in another way whether they have new ones, and verify them again in another client of your Matrix account"
                )));
            }
        }
        Ok(())
    }

    async fn has_other_keys(&self, user: &UserId) -> Result<bool, Failure> {
        let identity = self.client.encryption().get_user_identity(user).boxed().await;
        let identity =
            identity.map_err(|fault| Failure::retry(format!("the keys of {user} cannot be read: {fault}")))?;
        Ok(identity.is_some_and(|identity| identity.has_verification_violation()))
    }
}

/// Sends one event; without its looks if it is too large with them. A homeserver takes a transaction of the same device once.
async fn send(room: &Room, transaction: &str, written: &Written) -> Result<OwnedEventId, Failure> {
    let is_too_large = |trouble: &Trouble| trouble.is("M_TOO_LARGE");
    let mut outcome = send_once(room, transaction, written).await;
    if outcome.as_ref().is_err_and(is_too_large)
        && let Some(plain) = without_looks(written)
    {
        outcome = send_once(room, transaction, &plain).await;
    }
    outcome.map_err(|trouble| {
        if is_too_large(&trouble) {
            Failure::refused("the homeserver takes no message of this length; send it in parts")
        } else if trouble.is("M_FORBIDDEN") {
            Failure::refused("your Matrix account may not speak in this room")
        } else {
            failure(trouble)
        }
    })
}

async fn send_once(room: &Room, transaction: &str, written: &Written) -> Result<OwnedEventId, Trouble> {
    let transaction = <&TransactionId>::from(transaction);
    let sending = room.send_raw(written.kind, written.content.clone());
    match sending.with_transaction_id(transaction).await {
        Ok(sent) => Ok(sent.response.event_id),
        Err(matrix_sdk::Error::WrongRoomState(_)) => Err(Trouble::Refused {
            status: 0,
            errcode: "M_FORBIDDEN".into(),
            message: "the account is not in this room".into(),
        }),
        Err(error) => Err(error.into()),
    }
}
