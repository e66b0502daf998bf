//! The ids by which the server knows Discord's things: people and rooms by their digits, messages with the channel that they are in,
//! so that whatever is said of one later finds it there.

use domain::{RemoteMessage, RemoteRoom, RemoteUser, contact::RemoteTarget};

use crate::model::{ChannelId, EmojiSign, MessageId, UserId};

/// A person.
pub(crate) fn user(user: UserId) -> RemoteUser {
    RemoteUser(user.to_string())
}

/// The person of an id.
pub(crate) fn read_user(user: &RemoteUser) -> Option<UserId> {
    user.as_str().parse().ok()
}

/// A channel or thread of a guild.
pub(crate) fn room(channel: ChannelId) -> RemoteRoom {
    RemoteRoom(channel.to_string())
}

/// The channel of an id.
pub(crate) fn read_room(room: &RemoteRoom) -> Option<ChannelId> {
    room.as_str().parse().ok()
}

/// A chat with a person.
pub(crate) fn direct(person: UserId) -> RemoteTarget {
    RemoteTarget::Person(user(person))
}

/// A part of a message: the first has the message's own id, `channel/message`.
pub(crate) fn part(channel: ChannelId, message: MessageId, part: usize) -> RemoteMessage {
    RemoteMessage(if part == 0 { format!("{channel}/{message}") } else { format!("{channel}/{message}/{part}") })
}

/// A message.
pub(crate) fn message(channel: ChannelId, message: MessageId) -> RemoteMessage {
    part(channel, message, 0)
}

/// The message that an id is of, whatever part of it is meant.
pub(crate) fn read_message(id: &RemoteMessage) -> Option<(ChannelId, MessageId)> {
    let mut words = id.as_str().split('/');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// A change of a message, of the moment that Discord gives for it.
pub(crate) fn change(channel: ChannelId, message: MessageId, edited: &str) -> RemoteMessage {
    RemoteMessage(format!("{channel}/{message}/edited {edited}"))
}

/// The deletion of a message.
pub(crate) fn deletion(channel: ChannelId, message: MessageId) -> RemoteMessage {
    RemoteMessage(format!("{channel}/{message}/deleted"))
}

/// A sign of somebody on a message.
pub(crate) fn reaction(channel: ChannelId, message: MessageId, by: UserId, sign: &EmojiSign) -> RemoteMessage {
    let name = sign.name.as_deref().unwrap_or_default();
    let sign = sign.id.map_or_else(|| name.to_owned(), |id| id.to_string());
    RemoteMessage(format!("{channel}/{message}/{by}/{sign}"))
}

/// A sign that is taken back.
pub(crate) fn withdrawal(reaction: &RemoteMessage) -> RemoteMessage {
    RemoteMessage(format!("{reaction}/taken back"))
}

/// The line that stands for what was said before this message and could not be fetched.
pub(crate) fn gap_before(channel: ChannelId, message: MessageId) -> RemoteMessage {
    RemoteMessage(format!("{channel}/{message}/before"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whatever_speaks_of_a_message_finds_it() {
        let (channel, said) = (ChannelId(55), MessageId(1234));
        assert_eq!(message(channel, said).as_str(), "55/1234");
        let thumb = EmojiSign { name: Some("👍".into()), ..EmojiSign::default() };
        let sign = reaction(channel, said, UserId(7), &thumb);
        assert_eq!(sign.as_str(), "55/1234/7/👍");
        for id in [part(channel, said, 3), deletion(channel, said), withdrawal(&sign), sign] {
            assert_eq!(read_message(&id), Some((channel, said)), "{id}");
        }
        for none in ["", "55", "55/", "/1", "a/b"] {
            assert_eq!(read_message(&RemoteMessage(none.to_owned())), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn every_id_leads_back(channel: u64, said: u64, person: u64, number in 0..20_usize, edited in "[0-9:T/.+-]{0,20}") {
            let (channel, said, person) = (ChannelId(channel), MessageId(said), UserId(person));
            for id in [part(channel, said, number), change(channel, said, &edited), gap_before(channel, said)] {
                prop_assert_eq!(read_message(&id), Some((channel, said)), "{}", id);
            }
            prop_assert_eq!(read_user(&user(person)), Some(person));
            prop_assert_eq!(read_room(&room(channel)), Some(channel));
        }
    }
}
