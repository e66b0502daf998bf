//! Taking in what was said in one place, in its order.

use bridge::{Arrival, Batch, Write};
use domain::{Passport, contact::RemoteTarget};

use super::{Cursors, Place, Utterance, relayed::Unsure};
use crate::{
    bots::Whose,
    echoes::Speaker,
    model::{ChannelId, EmojiSign, GuildId, Message, MessageId, UserId},
    remote_ids,
    running::{FIRST_WAIT, Running, Stopping},
    words,
};

/// How long an application may think of its answer to a command, in milliseconds (Discord's documentation, "Receiving and
/// Responding to Interactions").
const LONGEST_THOUGHT: u64 = 15 * 60 * 1000;

/// What kind of place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A chat with one person.
    Direct(UserId),
    /// A channel or a thread of a guild.
    Room(GuildId),
}

impl Kind {
    pub(crate) const fn guild(self) -> Option<GuildId> {
        match self {
            Self::Direct(_) => None,
            Self::Room(guild) => Some(guild),
        }
    }

    pub(super) fn target(self, channel: ChannelId) -> RemoteTarget {
        match self {
            Self::Direct(user) => remote_ids::direct(user),
            Self::Room(_) => RemoteTarget::Room(remote_ids::room(channel)),
        }
    }
}

/// What is committed together.
#[derive(Default)]
struct Taken {
    arrivals: Vec<Arrival>,
    writes: Vec<Write>,
    /// The last message of it.
    last: Option<MessageId>,
    /// Whose conversation with the relay goes on by it.
    talker: Option<UserId>,
}

impl Running {
    /// Takes in what was said in a place.
    pub(super) async fn take(&self, place: Place, utterance: Utterance) -> Result<(), Stopping> {
        match utterance {
            Utterance::Said(message) => {
                self.meet(place, &message).await?;
                self.take_messages(place, vec![*message], false).await
            }
            Utterance::Changed(message) => self.take_change(place, *message).await,
            Utterance::Deleted { guild, messages } => self.take_deletions(place, guild, &messages).await,
            Utterance::Signed { guild, message, user, emoji, added } => {
                self.take_reaction(place, guild, (message, user, &emoji), added).await
            }
        }
    }

    /// Takes in messages of a place, oldest first, all in one commit. What was taken before is passed over by whoever commits it.
    /// `after_gap`: between what was taken last and the first of these, more was said than is known.
    pub(crate) async fn take_messages(
        &self,
        place: Place,
        messages: Vec<Message>,
        mut after_gap: bool,
    ) -> Result<(), Stopping> {
        let Some(voice) = self.bots.get(place.bot) else { return Ok(()) };
        let mut taken = Taken::default();
        let mut unsure = Unsure::default();
        for mut message in messages {
            taken.last = taken.last.max(Some(message.id));
            if message.is_thinking() {
                continue;
            }
            let Some(kind) = self.kind_of(place, message.guild_id) else { continue };
            let speaker = self.speaker(&mut message);
            let owners: Vec<Passport> = match (&speaker, kind, &voice.whose) {
                // In a direct chat nobody but the account itself can have spoken.
                (Speaker::Relay, _, _) | (Speaker::Account(_), Kind::Direct(_), _) => continue,
                (Speaker::Stranger, Kind::Direct(person), Whose::Relay) => {
                    taken.talker = Some(person);
                    self.meant(&voice, person, &message, &mut unsure).await?.into_iter().collect()
                }
                (Speaker::Stranger | Speaker::Account(_), _, _) => self.hearers(place, kind, &speaker),
            };
            if std::mem::take(&mut after_gap) {
                // In a chat with the relay it is nobody else's affair.
                let concerned = match kind {
                    Kind::Direct(_) => owners.clone(),
                    Kind::Room(_) => self.hearers(place, kind, &Speaker::Stranger),
                };
                taken.arrivals.extend(self.gap(place, kind, &message, concerned));
            }
            if let (Kind::Direct(_), Some(author)) = (kind, &message.author) {
                for owner in &owners {
                    self.people.met(place.bot, owner, author);
                }
            }
            if let Kind::Room(_) = kind {
                self.list(place, &owners).await?;
            }
            taken.arrivals.extend(self.arrivals(&voice, kind, message, &speaker, &owners).await?);
        }
        self.commit(place, taken).await?;
        self.explain(&voice, place.channel, unsure).await;
        Ok(())
    }

    /// Commits what was taken, and how far that is.
    async fn commit(&self, place: Place, taken: Taken) -> Result<(), Stopping> {
        let Taken { arrivals, mut writes, last, talker } = taken;
        // What comes late never takes back how far that was.
        let last = last.filter(|last| self.cursors.seen(place).is_none_or(|seen| seen < *last));
        writes.extend(last.map(|last| Cursors::write(place, last)));
        // Held until it is committed, so that what is written of a conversation is never older than what was.
        let talks = match talker {
            Some(_) => Some(self.directs.talks.lock().await),
            None => None,
        };
        writes.extend(talker.zip(talks.as_deref()).and_then(|(talker, talks)| talks.write(talker)));
        if arrivals.is_empty() && writes.is_empty() {
            return Ok(());
        }
        self.hand_in(Batch { arrivals, writes }).await?;
        if let Some(last) = last {
            self.cursors.committed(place, last);
        }
        Ok(())
    }

    async fn take_change(&self, place: Place, mut message: Message) -> Result<(), Stopping> {
        let Some(edited) = message.edited_timestamp.clone() else {
            // Only a preview came, and nobody changed anything; or the words of one who had been thinking.
            let is_new = message.answers_command() && self.host.now().since(message.id.made()) <= LONGEST_THOUGHT;
            return if is_new { self.take_messages(place, vec![message], false).await } else { Ok(()) };
        };
        let Some(voice) = self.bots.get(place.bot) else { return Ok(()) };
        let Some(kind) = self.kind_of(place, message.guild_id) else { return Ok(()) };
        let speaker = self.speaker(&mut message);
        if speaker != Speaker::Stranger || message.author.is_none() {
            return Ok(());
        }
        let owners = self.concerned(place, kind, message.id).await?;
        if owners.is_empty() {
            return Ok(());
        }
        let spoken = self.spoken(&voice, kind, message, &speaker).await?;
        let (target, now) = (kind.target(place.channel), self.host.now());
        let arrivals = owners.iter().filter_map(|owner| spoken.edit(owner, &target, &edited, now)).collect();
        self.commit(place, Taken { arrivals, ..Taken::default() }).await
    }

    async fn take_deletions(
        &self,
        place: Place,
        guild: Option<GuildId>,
        messages: &[MessageId],
    ) -> Result<(), Stopping> {
        let Some(kind) = self.kind_of(place, guild) else { return Ok(()) };
        let (target, sent) = (kind.target(place.channel), self.host.now());
        let mut arrivals = Vec::with_capacity(messages.len());
        for message in messages {
            let author = match kind {
                Kind::Direct(person) => self.people.profile(person, None),
                Kind::Room(_) => self.authors.of(*message),
            };
            let owners = self.concerned(place, kind, *message).await?;
            // Nobody is told of what they said themselves.
            let owners = owners.into_iter().filter(|owner| author.account.as_ref() != Some(owner));
            arrivals.extend(owners.map(|owner| Arrival::Removal {
                owner,
                place: target.clone(),
                author: author.clone(),
                id: remote_ids::deletion(place.channel, *message),
                of: remote_ids::message(place.channel, *message),
                sent,
            }));
        }
        self.commit(place, Taken { arrivals, ..Taken::default() }).await
    }

    async fn take_reaction(
        &self,
        place: Place,
        guild: Option<GuildId>,
        (message, user, emoji): (MessageId, UserId, &EmojiSign),
        added: bool,
    ) -> Result<(), Stopping> {
        let Some(kind) = self.kind_of(place, guild) else { return Ok(()) };
        if self.bots.whose(user).is_some() {
            return Ok(());
        }
        let profile = self.people.profile(user, kind.guild());
        let on = remote_ids::message(place.channel, message);
        let reaction = remote_ids::reaction(place.channel, message, user, emoji);
        let (target, sent) = (kind.target(place.channel), self.host.now());
        let arrival = |owner: Passport| {
            let (place, author) = (target.clone(), profile.clone());
            if added {
                let (id, to) = (reaction.clone(), on.clone());
                Arrival::Reaction { owner, place, author, id, to, sent, sign: words::sign(emoji) }
            } else {
                let id = remote_ids::withdrawal(&reaction);
                Arrival::Removal { owner, place, author, id, of: reaction.clone(), sent }
            }
        };
        let arrivals = self.concerned(place, kind, message).await?.into_iter().map(arrival).collect();
        self.commit(place, Taken { arrivals, ..Taken::default() }).await
    }

    /// What kind of place it is; `None` where nobody can say.
    pub(crate) fn kind_of(&self, place: Place, guild: Option<GuildId>) -> Option<Kind> {
        let guild = guild.or_else(|| self.roster.channel(place.channel).map(|facts| facts.guild));
        guild.map(Kind::Room).or_else(|| self.directs.with(place).map(Kind::Direct))
    }

    /// A message of a direct chat that was not known: its author is whom the chat is with. What they said there while nobody
    /// listened comes first. Only the gateway's word makes a chat: what is fetched does not say whether it is of a guild.
    async fn meet(&self, place: Place, message: &Message) -> Result<(), Stopping> {
        let author = message.author.as_ref().filter(|author| author.id != place.bot && message.webhook_id.is_none());
        let (Some(author), None) = (author, self.kind_of(place, message.guild_id)) else { return Ok(()) };
        let begin = self.begin_of_chat(place, Some(MessageId(message.id.0.saturating_sub(1))));
        let mut writes = vec![Cursors::write(place, begin)];
        writes.extend(self.directs.add(place, author.id));
        self.hand_in(Batch { arrivals: Vec::new(), writes }).await?;
        self.cursors.committed(place, begin);
        self.catch_up(place, Some(MessageId(message.id.0.saturating_sub(1)))).await
    }

    /// The room stands on the lists of these accounts before something is said in it: its address is made of its name.
    async fn list(&self, place: Place, owners: &[Passport]) -> Result<(), Stopping> {
        for owner in owners {
            let mut wait = FIRST_WAIT;
            while let Err(fault) = self.people.list_room(place.bot, owner, place.channel).await {
                tracing::warn!(%fault, "a room cannot be put on a list; it is tried again");
                self.pause(&mut wait).await?;
            }
        }
        Ok(())
    }
}
