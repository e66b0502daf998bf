//! What accounts say, on its way out: each order once, whatever became of earlier attempts.
//!
//! An order becomes messages, one after another. Which message was said for which part of an order is kept with the account and the
//! place; where that is not known, and an earlier attempt may have said it, it is looked for in the place before it is said again.

mod composing;
mod looking;
mod manner;
mod said;
mod showing;

use std::{io, sync::Arc};

use bridge::{Action, Failure, HostFault, Order, Receipt, Write};
use domain::{Content, Passport, RemoteMessage, Timestamp, contact::RemoteTarget, media::Attachment};

use composing::{Part, parts, too_large};
use looking::Sought;
use manner::Manner;
use said::SaidLast;
pub(crate) use showing::Showing;

use crate::{
    bots::{Voice, Whose},
    inward::{Cursors, Place},
    model::{ChannelId, ChannelKind, GuildId, MessageId, UserId},
    remote_ids,
    rest::{Opener, RestFailure, Said, Saying, Upload, code},
    running::{Running, host_failure},
    words::LONGEST_MESSAGE,
};

/// What was said last is kept under this, the account and the channel.
const SAID: &str = "sent/";
/// The largest file of a direct chat, in bytes (Discord's documentation, "Uploading Files").
pub(crate) const LARGEST_FILE: u64 = 10 * 1024 * 1024;

/// How much room is left for the first words of what is answered and where it is, in UTF-16 units.
const LONGEST_LEAD: usize = 500;

/// Where something is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The channel, thread or direct chat.
    pub(crate) channel: ChannelId,
    /// Of a direct chat: with whom.
    pub(crate) person: Option<UserId>,
    pub(crate) guild: Option<GuildId>,
    /// Of a thread: the channel that it is in, which has the webhooks.
    pub(crate) parent: Option<ChannelId>,
}

/// An order to say something, where it is said and by whom.
struct Errand<'a> {
    owner: &'a Passport,
    voice: &'a Voice,
    spot: &'a Spot,
    key: &'a str,
    sent: Timestamp,
    reply: Option<MessageId>,
}

impl Running {
    /// Says what an order says: what an earlier attempt has not said yet.
    pub(crate) async fn say(&self, owner: &Passport, order: &Order) -> Result<Receipt, Failure> {
        let Action::Say { content, sent, reply, .. } = &order.action else { return Ok(Receipt::default()) };
        let voice = self.voice(owner)?;
        let spot = self.spot(&voice, &order.to).await?;
        if let (Some(person), Whose::Relay) = (spot.person, &voice.whose) {
            self.directs.speaks(&*self.host, owner, person).await.map_err(|fault| host_failure(&fault))?;
        }
        let reply = reply.as_ref().and_then(remote_ids::read_message);
        let reply = reply.filter(|(channel, _)| *channel == spot.channel).map(|(_, message)| message);
        let errand = Errand { owner, voice: &voice, spot: &spot, key: &order.key, sent: *sent, reply };
        let messages = self.carry_out(&errand, content, order.attempt > 0).await;
        if messages.is_ok() {
            self.people.has_said(voice.bot, spot.channel);
        }
        Ok(Receipt { messages: messages? })
    }

    async fn carry_out(
        &self,
        errand: &Errand<'_>,
        content: &Content,
        mut may_be_said: bool,
    ) -> Result<Vec<RemoteMessage>, Failure> {
        let Errand { owner, voice, spot, .. } = errand;
        let mut manner = self.manner(voice, owner, spot).await?;
        let known = self.people.people(spot.guild);
        let quoted = if errand.reply.is_some() && !manner.can_reply() { LONGEST_LEAD } else { 0 };
        let parts = parts(content, &known, LONGEST_MESSAGE.saturating_sub(manner.reserved() + quoted));
        if parts.is_empty() {
            return Err(Failure::refused("Discord has no empty messages"));
        }
        let key = format!("{SAID}{owner}/{}", spot.channel);
        let kept = self.host.get(&key).await.map_err(|fault| host_failure(&fault))?;
        let mut said: SaidLast = kept.as_deref().unwrap_or_default().parse().unwrap_or_default();
        let mut messages = Vec::with_capacity(parts.len());
        for (number, part) in parts.iter().enumerate() {
            let known = said.find(errand.key, number);
            let mut message = known;
            if message.is_none() && may_be_said {
                message = self.look_for(errand, part, &said).await?;
            }
            if message.is_none() {
                // What comes behind a part that was never said was never said either.
                may_be_said = false;
                message = self.say_part(errand, &mut manner, part, number, &said).await?;
            }
            let Some(message) = message else { continue };
            if known.is_none() {
                said.add(errand.key, number, message);
                let kept = Write::Put(key.clone(), said.to_string());
                self.host.write(vec![kept]).await.map_err(|fault| host_failure(&fault))?;
                self.was_said(errand, message).await;
            }
            messages.push(remote_ids::message(spot.channel, message));
        }
        Ok(messages)
    }

    /// Says one part. `None`: it is said, and nobody knows as which message.
    async fn say_part(
        &self,
        errand: &Errand<'_>,
        manner: &mut Manner,
        part: &Part,
        number: usize,
        said: &SaidLast,
    ) -> Result<Option<MessageId>, Failure> {
        let Errand { voice, spot, .. } = errand;
        let upload = match &part.file {
            Some(file) => Some(self.upload(spot, file)?),
            None => None,
        };
        let mut outcome = Err(RestFailure::Unknown { reason: "it was not tried".into() });
        // A webhook that somebody deleted is made anew, once.
        for _ in 0..2 {
            let lead = if number == 0 { self.lead(errand, manner).await } else { String::new() };
            let mut content = format!("{lead}{}{}", manner.each(), part.words);
            if part.words.is_empty() {
                content.truncate(content.trim_end().len());
            }
            let saying = Saying {
                content,
                reply: errand.reply.filter(|_| number == 0 && manner.can_reply()),
                nonce: Some(said::nonce(errand.key, number)),
                mentions: part.mentions.clone(),
                files: upload.clone().into_iter().collect(),
                name: None,
                picture: None,
            };
            outcome = manner.say(voice, spot, saying).await;
            let is_gone = matches!(manner, Manner::Webhook { .. })
                && matches!(
                    outcome,
                    Err(RestFailure::Unauthorized | RestFailure::Refused { code: code::UNKNOWN_WEBHOOK, .. })
                );
            if !is_gone {
                break;
            }
            tracing::info!(channel = %spot.channel, "the channel's webhook is gone");
            self.webhooks.is_gone(&*self.host, spot.parent.unwrap_or(spot.channel)).await?;
            *manner = self.manner(voice, errand.owner, spot).await?;
        }
        match outcome {
            Ok(Said::Message(message)) => Ok(Some(message.id)),
            // It must not be said again, whether or not it is found.
            Ok(Said::Unread) => Ok(self.look_for(errand, part, said).await.ok().flatten()),
            Err(RestFailure::Refused { code: code::CANNOT_WRITE_TO_PERSON | code::NO_MUTUAL_GUILDS, .. }) => {
                Err(self.unwelcome(voice, spot))
            }
            Err(RestFailure::Unauthorized) if matches!(manner, Manner::Webhook { .. }) => {
                Err(Failure::retry("the channel's webhook is gone"))
            }
            Err(failure) => Err(self.failure(voice, &failure)),
        }
    }

    /// Why a person is not written to.
    fn unwelcome(&self, voice: &Voice, spot: &Spot) -> Failure {
        let name = spot.person.map(|person| self.people.profile(person, None).name).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "this person".to_owned());
        let bot = match voice.whose {
            Whose::Account(_) => "your bot",
            Whose::Relay => "this server's bot",
        };
        Failure::refused(format!(
            "{name} does not take direct messages from {bot}: they have to share a server with it and allow direct messages from \
             people there, and must not have blocked it"
        ))
    }

    /// A file on its way out.
    fn upload(&self, spot: &Spot, file: &Attachment) -> Result<Upload, Failure> {
        let limit = spot.guild.map_or(LARGEST_FILE, |guild| self.roster.file_limit(guild));
        if file.size > limit {
            return Err(Failure::refused(too_large(file, limit)));
        }
        let (host, source) = (Arc::clone(&self.host), file.source);
        let open: Opener = Arc::new(move || {
            let host = Arc::clone(&host);
            Box::pin(async move {
                let opened = host.open_media(source).await.map_err(io::Error::other)?;
                opened.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "its bytes are no longer kept"))
            })
        });
        Ok(Upload { name: file.name.clone(), media_type: file.media_type.clone(), size: file.size, open })
    }

    /// Something was said as this message.
    async fn was_said(&self, errand: &Errand<'_>, message: MessageId) {
        let (Some(person), Whose::Relay) = (errand.spot.person, &errand.voice.whose) else { return };
        let mut talks = self.directs.talks.lock().await;
        if let Ok(talk) = talks.of(&*self.host, person).await {
            // Kept with the next change: until then its words tell whose it is.
            talk.says(errand.owner, Some(message));
        }
    }

    /// The writes that forget what an account has said.
    pub(crate) async fn said_by(&self, owner: &Passport) -> Result<Vec<Write>, HostFault> {
        let kept = self.host.list(&format!("{SAID}{owner}/")).await?;
        Ok(kept.into_iter().map(|(key, _)| Write::Delete(key)).collect())
    }

    /// The message of an earlier attempt at a part, if there is one.
    async fn look_for(&self, errand: &Errand<'_>, part: &Part, said: &SaidLast) -> Result<Option<MessageId>, Failure> {
        let sought = Sought { owner: errand.owner, part, since: errand.sent, said };
        self.look_back(errand.voice, errand.spot, &sought).await
    }

    /// Where somebody or something is spoken to; a direct chat is begun if there is none.
    async fn spot(&self, voice: &Voice, to: &RemoteTarget) -> Result<Spot, Failure> {
        match to {
            RemoteTarget::Person(user) => {
                let Some(person) = remote_ids::read_user(user) else {
                    return Err(Failure::refused(format!("{user} is nobody on Discord who can be written to")));
                };
                let channel = self.direct_chat(voice, person).await?;
                Ok(Spot { channel, person: Some(person), guild: None, parent: None })
            }
            RemoteTarget::Room(room) => {
                let Some(channel) = remote_ids::read_room(room) else {
                    return Err(Failure::refused(format!("{room} is no channel on Discord")));
                };
                self.room(voice, channel).await
            }
        }
    }

    /// A bot's chat with somebody.
    async fn direct_chat(&self, voice: &Voice, person: UserId) -> Result<ChannelId, Failure> {
        if let Some(channel) = self.directs.channel(voice.bot, person) {
            return Ok(channel);
        }
        let spot = Spot { channel: ChannelId(0), person: Some(person), guild: None, parent: None };
        let opened = voice.rest.open_direct(person).await.map_err(|failure| match failure.code() {
            Some(code::CANNOT_WRITE_TO_PERSON | code::NO_MUTUAL_GUILDS) => self.unwelcome(voice, &spot),
            _ => self.failure(voice, &failure),
        })?;
        let place = Place { bot: voice.bot, channel: opened.id };
        // Heard from here on, even should the connection end before anything of it is told.
        let begin = self.cursors.seen(place).unwrap_or_else(|| self.begin_of_chat(place, opened.last_message_id));
        let mut writes = vec![Cursors::write(place, begin)];
        writes.extend(self.directs.add(place, person));
        self.host.write(writes).await.map_err(|fault| host_failure(&fault))?;
        self.cursors.committed(place, begin);
        Ok(opened.id)
    }

    /// A channel or thread of a guild.
    async fn room(&self, voice: &Voice, channel: ChannelId) -> Result<Spot, Failure> {
        let thread = |is_thread: bool, parent| if is_thread { parent } else { None };
        if let Some(facts) = self.roster.channel(channel) {
            let parent = thread(facts.kind == ChannelKind::Thread, facts.parent);
            return Ok(Spot { channel, person: None, guild: Some(facts.guild), parent });
        }
        // A thread that is archived is not told of; speaking in it brings it back.
        let told = voice.rest.channel(channel).await.map_err(|failure| self.failure(voice, &failure))?;
        let Some(guild) = told.guild_id else {
            return Err(Failure::refused("this is no channel of a Discord server"));
        };
        let parent = thread(told.kind == ChannelKind::Thread, told.parent_id);
        Ok(Spot { channel, person: None, guild: Some(guild), parent })
    }
}
