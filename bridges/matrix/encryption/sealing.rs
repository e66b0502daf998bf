//! Encrypting what our users say.

use bridge::Failure;
use ruma::{RoomId, UserId, events::AnyMessageLikeEventContent, serde::Raw};
use serde_json::{Map, Value, value::to_raw_value};
use tokio::time::Instant;

use super::{Encryption, fault::MachineFault};
use crate::{
    homeserver::Trouble,
    message::{IN_CLEAR, Written},
};

/// What an encrypted event is of.
const ENCRYPTED: &str = "m.room.encrypted";
/// The longest event, as canonical JSON in bytes (the Matrix specification, "Size limits").
const LONGEST_EVENT: usize = 65_536;
/// What stands in it around the ciphertext and what of the content is in clear, at most: the room's and the sender's ids, the events
/// before it, hashes, signatures, and whose key it was encrypted with.
const AROUND: usize = 6 * 1024;
/// What a ciphertext has more than the content, at most, beside the room's id and the type, before it becomes text: these fields' names,
/// what fills the last block, the message's number, its hash and its signature.
const WITH_CONTENT: usize = 192;

impl Encryption {
    /// What is to be sent in this room, encrypted by `user`'s own machine where the room is encrypted; as it is where it is not.
    ///
    /// Where anything fails it is an error, and the plain content is never given for a room that is encrypted or may be.
    pub(crate) async fn seal(&self, user: &UserId, room: &RoomId, written: Written) -> Result<Written, Failure> {
        if !self.is_encrypted(user, room).await? {
            return Ok(written);
        }
        if !self.is_on {
            return Err(Failure::refused(
                "the room is encrypted, and encryption is switched off here (networks.matrix.encryption.ghosts)",
            ));
        }
        if written.content.get("url").is_some() {
            // Its file stands on the homeserver for all to read; uploaded once more, it will not.
            return Err(Failure::retry("the room has become encrypted while a file for it was on its way"));
        }
        let beside = in_clear(&written.content);
        let longest = longest_content(room, written.kind, &beside);
        let Some(content) = fitting(written.content, longest) else {
            return Err(Failure::refused("the message is too long for an encrypted room; send it in parts"));
        };
        let content = to_raw_value(&content).map_err(|fault| Failure::refused(fault.to_string()))?;
        let content: Raw<AnyMessageLikeEventContent> = Raw::from_json(content);
        let mut sealed = match self.encrypt(user, room, written.kind, content).await {
            Ok(sealed) => sealed,
            Err(MachineFault::Lost(device)) => {
                self.lost(user, &device).await;
                return Err(MachineFault::Lost(device).into());
            }
            // As it would be of the message itself: who is not in the room, say, cannot speak there.
            Err(MachineFault::Homeserver(trouble @ Trouble::Refused { status: 403, .. })) => return Err(trouble.into()),
            Err(fault) => return Err(fault.into()),
        };
        let Some(object) = sealed.as_object_mut() else {
            return Err(Failure::retry("the encrypted content is none"));
        };
        object.extend(beside);
        Ok(Written { kind: ENCRYPTED, content: sealed })
    }

    async fn encrypt(
        &self,
        user: &UserId,
        room: &RoomId,
        kind: &'static str,
        content: Raw<AnyMessageLikeEventContent>,
    ) -> Result<Value, MachineFault> {
        let machine = self.ready(user).await?;
        self.agenda.engage(user, Instant::now());
        if !machine.is_up_to_date(&self.homeserver) {
            // Else a device that was made meanwhile could not read it.
            let keys = machine.catch_up(&self.homeserver).await?;
            self.patience.came(&keys);
        }
        let audience = self.rooms.audience(&self.homeserver, user, room).await?;
        let to = (audience.members.as_slice(), audience.settings.clone());
        machine.encrypt(&self.homeserver, room, to, (kind, content)).await
    }
}

/// What of a content stands in clear beside its ciphertext.
fn in_clear(content: &Value) -> Vec<(String, Value)> {
    let parts = IN_CLEAR.iter().filter_map(|key| Some(((*key).to_owned(), content.get(key)?.clone())));
    parts.collect()
}

/// How long a content may be, as JSON in bytes, so that its event fits once it is encrypted.
fn longest_content(room: &RoomId, kind: &str, beside: &[(String, Value)]) -> usize {
    let in_clear: usize = beside.iter().map(|(key, value)| key.len() + value.to_string().len() + "\"\":,".len()).sum();
    // Three bytes become four letters.
    let ciphertext = LONGEST_EVENT.saturating_sub(AROUND + in_clear) / 4 * 3;
    ciphertext.saturating_sub(WITH_CONTENT + room.as_str().len() + kind.len())
}

/// The content, without its formatting where it is too long with it; `None` where it is too long anyway.
fn fitting(mut content: Value, longest: usize) -> Option<Value> {
    if content.to_string().len() <= longest {
        return Some(content);
    }
    let object = content.as_object_mut()?;
    without_formatting(object);
    object.get_mut("m.new_content").and_then(Value::as_object_mut).map(without_formatting);
    (content.to_string().len() <= longest).then_some(content)
}

fn without_formatting(content: &mut Map<String, Value>) {
    content.remove("format");
    content.remove("formatted_body");
}

#[cfg(test)]
mod tests;
