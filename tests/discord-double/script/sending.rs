//! What people of the script write.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::constants::permissions;
use crate::id::Id;
use crate::rest::{poll_json, snapshot};
use crate::script::channel::Channel;
use crate::script::person::Person;
use crate::world::message::{Attachment, Author, IS_VOICE_MESSAGE, Message, MessageKind, Reference, Sticker};
use crate::world::posting::Change;
use crate::world::records::ChannelKind;
use crate::world::{Draft, World, keeping};

impl Person {
    /// They write a text.
    pub fn says(&self, channel: &Channel, text: &str) -> Message {
        self.sends(channel, Draft::text(text))
    }

    /// They write a text with embeds, as Discord makes them of links.
    pub fn says_with_embeds(&self, channel: &Channel, text: &str, embeds: Vec<Value>) -> Message {
        self.sends(channel, Draft { embeds, ..Draft::text(text) })
    }

    /// They answer a message, in its channel.
    pub fn replies(&self, to: &Message, text: &str) -> Message {
        let channel = Channel::new(Arc::clone(&self.shared), to.channel);
        let guild = self.shared.look(|world| world.guild_of(to.channel));
        let reference = Reference { forward: false, guild, channel: to.channel, message: Some(to.id) };
        self.sends(&channel, Draft { kind: MessageKind::Reply, reference: Some(reference), ..Draft::text(text) })
    }

    /// They change what they wrote.
    pub fn edits(&self, message: &Message, text: &str) -> Message {
        self.must_have_written(message);
        let change = Change { content: Some(text.into()), edited: true, ..Change::default() };
        self.shared
            .change(|world| world.change_message(message.channel, message.id, change))
            .expect("a message that is edited is there")
    }

    /// They take back what they wrote.
    pub fn deletes(&self, message: &Message) {
        self.must_have_written(message);
        assert!(self.shared.change(|world| world.delete_message(message.channel, message.id)), "it is there");
    }

    /// They take away what somebody else wrote.
    pub fn removes(&self, message: &Message) {
        assert!(self.shared.change(|world| world.delete_message(message.channel, message.id)), "it is there");
    }

    fn must_have_written(&self, message: &Message) {
        assert_eq!(message.author.id(), self.id, "people change what they wrote themselves");
    }

    /// They react with an emoji: a character, or `name:id`.
    pub fn reacts(&self, message: &Message, emoji: &str) {
        let changed = self.shared.change(|world| world.react(message.channel, message.id, self.id, emoji, true));
        assert!(changed, "who reacts to a message has not done so already");
    }

    /// They take a reaction back.
    pub fn unreacts(&self, message: &Message, emoji: &str) {
        let changed = self.shared.change(|world| world.react(message.channel, message.id, self.id, emoji, false));
        assert!(changed, "who takes a reaction back has reacted");
    }

    /// They send a file.
    pub fn sends_file(&self, channel: &Channel, name: &str, bytes: impl Into<Bytes>) -> Message {
        self.sends_files(channel, "", &[(name, bytes.into())])
    }

    /// They send files with a text.
    pub fn sends_files(&self, channel: &Channel, text: &str, files: &[(&str, Bytes)]) -> Message {
        let attachments = files.iter().map(|(name, bytes)| self.attachment(name, bytes)).collect();
        self.sends(channel, Draft { attachments, ..Draft::text(text) })
    }

    /// They send a voice message, in Ogg with Opus, of so many seconds.
    pub fn sends_voice(&self, channel: &Channel, bytes: impl Into<Bytes>, seconds: f64) -> Message {
        let mut attachment = self.attachment("voice-message.ogg", &bytes.into());
        attachment.voice = Some((seconds, "AAAAAAAAAAAA".into()));
        self.sends(channel, Draft { attachments: vec![attachment], flags: IS_VOICE_MESSAGE, ..Draft::default() })
    }

    fn attachment(&self, name: &str, bytes: &Bytes) -> Attachment {
        let name = keeping::address_name(name);
        Attachment {
            id: self.shared.change(World::id),
            content_type: keeping::content_type(&name).map(str::to_owned),
            description: None,
            size: keeping::picture_size(bytes),
            voice: None,
            bytes: bytes.clone(),
            name,
        }
    }

    /// They send a sticker: 1 PNG, 2 APNG, 3 Lottie, 4 GIF.
    pub fn sends_sticker(&self, channel: &Channel, name: &str, format: u8, bytes: impl Into<Bytes>) -> Message {
        let bytes = bytes.into();
        let id = self.shared.change(|world| {
            let id = world.id();
            world.blobs.insert(format!("stickers/{id}"), bytes);
            id
        });
        let sticker = Sticker { id, name: name.into(), format };
        self.sends(channel, Draft { stickers: vec![sticker], ..Draft::default() })
    }

    /// They forward a message into another channel.
    pub fn forwards(&self, message: &Message, channel: &Channel) -> Message {
        let (guild, snapshot) = self.shared.look(|world| (world.guild_of(message.channel), snapshot(world, message)));
        let reference = Reference { forward: true, guild, channel: message.channel, message: Some(message.id) };
        self.sends(channel, Draft { reference: Some(reference), snapshot: Some(snapshot), ..Draft::default() })
    }

    /// They ask everybody.
    pub fn polls(&self, channel: &Channel, question: &str, answers: &[&str]) -> Message {
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        self.sends(channel, Draft { poll: Some(poll_json(question, &answers)), ..Draft::default() })
    }

    /// They pin a message, which a line in its channel tells.
    pub fn pins(&self, message: &Message) -> Message {
        let channel = Channel::new(Arc::clone(&self.shared), message.channel);
        let guild = self.shared.look(|world| world.guild_of(message.channel));
        self.shared.change(|world| {
            let messages = world.messages.get_mut(&message.channel);
            if let Some(message) = messages.and_then(|messages| messages.get_mut(&message.id)) {
                message.pinned = true;
            }
        });
        let reference = Reference { forward: false, guild, channel: message.channel, message: Some(message.id) };
        self.sends(&channel, Draft { kind: MessageKind::Pin, reference: Some(reference), ..Draft::default() })
    }

    /// They open a thread below a channel, which a line in the channel tells.
    pub fn opens_thread(&self, channel: &Channel, name: &str) -> Channel {
        let thread = self.thread(channel, None, name);
        let guild = self.shared.look(|world| world.guild_of(channel.id()));
        let reference = Reference { forward: false, guild, channel: thread.id(), message: None };
        let draft = Draft { kind: MessageKind::ThreadCreated, reference: Some(reference), ..Draft::text(name) };
        self.sends(channel, draft);
        thread
    }

    /// They open a thread from a message.
    pub fn opens_thread_from(&self, message: &Message, name: &str) -> Channel {
        let channel = Channel::new(Arc::clone(&self.shared), message.channel);
        self.thread(&channel, Some(message.id), name)
    }

    /// They write a post in a forum: a thread, whose first message has its id.
    pub fn opens_post(&self, forum: &Channel, name: &str, text: &str) -> Channel {
        let thread = self.thread(forum, None, name);
        self.shared.change(|world| {
            world.post_numbered(thread.id(), thread.id(), Author::User(self.id), Draft::text(text));
        });
        thread
    }

    fn thread(&self, parent: &Channel, id: Option<Id>, name: &str) -> Channel {
        let thread = self.shared.change(|world| {
            let news = world.channels.get(&parent.id()).is_some_and(|one| one.kind == ChannelKind::Announcement);
            let kind = if news { ChannelKind::AnnouncementThread } else { ChannelKind::PublicThread };
            world.make_thread(parent.id(), id, name, self.id, kind)
        });
        Channel::new(Arc::clone(&self.shared), thread)
    }

    /// They call in a direct conversation.
    pub fn calls(&self, channel: &Channel) -> Message {
        self.sends(channel, Draft { kind: MessageKind::Call, ..Draft::default() })
    }

    fn sends(&self, channel: &Channel, draft: Draft) -> Message {
        self.shared.change(|world| {
            let granted = world.permissions(channel.id(), self.id);
            let sees = granted & permissions::VIEW_CHANNEL != 0;
            assert!(sees, "{} does not see the channel they write in", world.username(self.id));
            world.post(channel.id(), Author::User(self.id), draft)
        })
    }
}
