//! What was said, as arrivals for the accounts that hear it. Pure.

use bridge::{Arrival, RemoteProfile, Reply};
use domain::{Content, Passport, RemoteMessage, Timestamp, contact::RemoteTarget, content::Quote};

use crate::{
    model::{ChannelId, Message, MessageId, MessageKind, ReferenceKind},
    remote_ids,
};

/// A message, ready to be told to anybody.
pub(super) struct Spoken {
    pub(super) channel: ChannelId,
    pub(super) message: MessageId,
    pub(super) author: RemoteProfile,
    /// Its parts, with their files fetched.
    pub(super) contents: Vec<Content>,
    pub(super) reply: Option<Reply>,
}

impl Spoken {
    /// The arrivals for one account: one for each part, in their order.
    pub(super) fn arrivals(&self, owner: &Passport, place: &RemoteTarget, addressed: bool) -> Vec<Arrival> {
        let parts = self.contents.iter().enumerate();
        let arrivals = parts.map(|(part, content)| Arrival::Message {
            owner: owner.clone(),
            place: place.clone(),
            author: self.author.clone(),
            id: remote_ids::part(self.channel, self.message, part),
            sent: self.message.made(),
            content: content.clone(),
            // The first part is the answer; what follows belongs to it.
            reply: self.reply.clone().filter(|_| part == 0),
            addressed,
        });
        arrivals.collect()
    }

    /// The change of what was said, for one account; none if there are no words now.
    pub(super) fn edit(&self, owner: &Passport, place: &RemoteTarget, edited: &str, now: Timestamp) -> Option<Arrival> {
        let words = |content: &&Content| matches!(content, Content::Text(_) | Content::Emote { .. });
        Some(Arrival::Edit {
            owner: owner.clone(),
            place: place.clone(),
            author: self.author.clone(),
            id: remote_ids::change(self.channel, self.message, edited),
            of: remote_ids::message(self.channel, self.message),
            sent: now,
            content: self.contents.iter().find(words)?.clone(),
        })
    }
}

/// What a message answers, and what that said. A forward speaks of a message as well, and a pin: they answer none.
pub(super) fn reply(message: &Message, quoted: Option<Quote>) -> Option<Reply> {
    let reference = message.message_reference.as_ref()?;
    let is_answer = matches!(message.kind, MessageKind::Reply | MessageKind::Command);
    if !is_answer || reference.kind != ReferenceKind::Reply {
        return None;
    }
    let channel = reference.channel_id.unwrap_or(message.channel_id);
    let to: RemoteMessage = remote_ids::message(channel, reference.message_id?);
    Some(Reply { to, quoted: quoted.filter(|quoted| !quoted.words.is_empty()) })
}

#[cfg(test)]
mod tests {
    use domain::media::{Attachment, BlobId, Source};
    use serde_json::json;

    use super::*;
    use crate::{inward::authors::somebody, model::UserId};

    fn message(value: serde_json::Value) -> Message {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn each_part_has_an_id_of_its_own_and_the_first_that_of_the_message() {
        let (owner, place): (Passport, _) = ("carol@msn.example".parse().unwrap(), remote_ids::direct(UserId(7)));
        let picture = Attachment {
            name: "a.png".into(),
            media_type: "image/png".into(),
            size: 1,
            source: Source::Blob(BlobId([0; 32])),
            link: None,
        };
        let answer = Reply { to: remote_ids::message(ChannelId(5), MessageId(9)), quoted: None };
        let spoken = Spoken {
            channel: ChannelId(5),
            message: MessageId(10),
            author: somebody(),
            contents: vec![Content::Image(picture), Content::text("see")],
            reply: Some(answer.clone()),
        };
        let arrivals = spoken.arrivals(&owner, &place, true);
        let told: Vec<_> = arrivals
            .iter()
            .map(|arrival| match arrival {
                Arrival::Message { id, reply, .. } => (id.as_str(), reply.clone()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, [("5/10", Some(answer)), ("5/10/1", None)]);
        let edit = spoken.edit(&owner, &place, "2026", Timestamp(1)).unwrap();
        assert!(matches!(edit, Arrival::Edit { of, content, .. }
            if of.as_str() == "5/10" && content == Content::text("see")));
        let silent = Spoken { contents: Vec::new(), ..spoken };
        assert_eq!(silent.edit(&owner, &place, "2026", Timestamp(1)), None);
    }

    #[test]
    fn only_an_answer_answers() {
        let quote = |words: &str| Some(Quote { author: "Ann".into(), words: words.into() });
        let answer = message(json!({ "id": "10", "channel_id": "5", "type": 19,
            "message_reference": { "message_id": "9", "channel_id": "5" } }));
        let to = remote_ids::message(ChannelId(5), MessageId(9));
        assert_eq!(reply(&answer, quote("lunch?")), Some(Reply { to: to.clone(), quoted: quote("lunch?") }));
        assert_eq!(reply(&answer, quote("")), Some(Reply { to, quoted: None }));
        let forward = message(json!({ "id": "10", "channel_id": "5", "type": 0,
            "message_reference": { "type": 1, "message_id": "9", "channel_id": "6" } }));
        assert_eq!(reply(&forward, None), None);
        let pin = message(json!({ "id": "10", "channel_id": "5", "type": 6,
            "message_reference": { "message_id": "9", "channel_id": "5" } }));
        assert_eq!(reply(&pin, None), None);
    }
}
