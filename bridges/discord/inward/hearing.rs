//! Who hears what, from whom, and in which words.

use bridge::{Arrival, RemoteProfile};
use domain::{
    Content, Passport, RemoteUser,
    content::{Quote, bounded_name},
};

use super::{
    Place,
    arrivals::{Spoken, reply},
    authors::somebody,
    media::OfKind,
    taking::Kind,
};
use crate::{
    bots::{Voice, Whose},
    contacts,
    echoes::{self, Speaker},
    model::{ChannelId, GuildId, Message, MessageId},
    remote_ids,
    running::{Running, Stopping},
    words::{self, Part, Wording},
};

impl Running {
    /// Who of this server said it, if anybody did; see [`echoes::speaker`].
    pub(crate) fn speaker(&self, message: &mut Message) -> Speaker {
        echoes::speaker(message, &self.bots, &self.webhooks.own, &self.names)
    }

    /// A message as what each of these accounts hears.
    pub(super) async fn arrivals(
        &self,
        voice: &Voice,
        kind: Kind,
        message: Message,
        speaker: &Speaker,
        owners: &[Passport],
    ) -> Result<Vec<Arrival>, Stopping> {
        if owners.is_empty() {
            return Ok(Vec::new());
        }
        let target = kind.target(message.channel_id);
        let answered = message.referenced_message.as_deref().map(|answered| self.speaker(&mut answered.clone()));
        let is_addressed = |owner: &Passport| {
            let is_answered = matches!(&answered, Some(Speaker::Account(account)) if account == owner);
            matches!(kind, Kind::Direct(_)) || is_answered || self.bots.is_addressed(voice.bot, owner, &message)
        };
        let addressed: Vec<bool> = owners.iter().map(is_addressed).collect();
        let spoken = self.spoken(voice, kind, message, speaker).await?;
        self.authors.note(spoken.message, &spoken.author);
        let told = owners.iter().zip(addressed);
        Ok(told.flat_map(|(owner, addressed)| spoken.arrivals(owner, &target, addressed)).collect())
    }

    /// A message in words of ours, with its files fetched.
    pub(super) async fn spoken(
        &self,
        voice: &Voice,
        kind: Kind,
        message: Message,
        speaker: &Speaker,
    ) -> Result<Spoken, Stopping> {
        let names = self.people.names(kind.guild());
        let author = self.author(&message, kind.guild(), speaker);
        let reply = reply(&message, message.referenced_message.as_deref().map(|answered| self.quote(answered, kind)));
        let parts = words::inward(&message, &names).parts;
        let mut contents = Vec::with_capacity(parts.len());
        for part in parts {
            contents.push(match part {
                Part::Text(wording) => self.pictured(wording).await?,
                Part::Emote(text) => Content::Emote { text },
                Part::Picture(file) => self.fetched(voice, &file, OfKind::Picture).await?,
                Part::Voice(file) => self.fetched(voice, &file, OfKind::Voice).await?,
                Part::File(file) => self.fetched(voice, &file, OfKind::File).await?,
                Part::Sticker(sticker) => self.sticker(&sticker).await?,
            });
        }
        Ok(Spoken { channel: message.channel_id, message: message.id, author, contents, reply })
    }

    /// A text with the pictures of its custom emojis, as far as they can be fetched.
    async fn pictured(&self, wording: Wording) -> Result<Content, Stopping> {
        let mut pictures = Vec::with_capacity(wording.wanted.len());
        for emoji in &wording.wanted {
            if let Some(picture) = self.emoji(emoji).await? {
                pictures.push((emoji.id, picture));
            }
        }
        let picture = |id| pictures.iter().find(|(fetched, _)| *fetched == id).map(|(_, picture)| picture.clone());
        Ok(Content::Text(wording.pictured(|emoji| picture(emoji.id))))
    }

    /// What a message that is answered said, and who.
    pub(crate) fn quote_in(&self, answered: &Message, guild: Option<GuildId>) -> Quote {
        let mut answered = answered.clone();
        let speaker = self.speaker(&mut answered);
        let mut quote = words::quote(&answered, &self.people.names(guild));
        if let Speaker::Account(account) = speaker {
            quote.author = bounded_name(&self.bots.called(&account));
        }
        quote
    }

    fn quote(&self, answered: &Message, kind: Kind) -> Quote {
        self.quote_in(answered, kind.guild())
    }

    /// Who said it, as others see them.
    fn author(&self, message: &Message, guild: Option<GuildId>, speaker: &Speaker) -> RemoteProfile {
        let Some(author) = &message.author else { return somebody() };
        if let Speaker::Account(account) = speaker {
            let own = self.bots.own(account);
            return RemoteProfile {
                user: own.map_or_else(|| RemoteUser(format!("account/{account}")), remote_ids::user),
                name: self.bots.called(account),
                login: account.local().to_owned(),
                server: None,
                account: Some(account.clone()),
            };
        }
        if let Some(webhook) = message.webhook_id.filter(|_| !message.answers_command()) {
            // Another bridge, perhaps: each of its names is somebody else.
            return RemoteProfile {
                user: RemoteUser(format!("{webhook}/{}", author.username)),
                name: author.username.clone(),
                login: author.username.clone(),
                server: None,
                account: None,
            };
        }
        let nick = message.member.as_ref().and_then(|member| member.nick.clone()).filter(|nick| !nick.is_empty());
        let name = nick.or_else(|| self.roster.name(author.id, guild));
        RemoteProfile {
            user: remote_ids::user(author.id),
            name: name.unwrap_or_else(|| author.shown_name().to_owned()),
            login: author.username.clone(),
            server: None,
            account: None,
        }
    }

    /// The accounts that hear what this one says in a place.
    pub(super) fn hearers(&self, place: Place, kind: Kind, speaker: &Speaker) -> Vec<Passport> {
        let listens = |owner: &&Passport| match kind {
            Kind::Direct(_) => *speaker == Speaker::Stranger,
            Kind::Room(_) => {
                let is_own = matches!(speaker, Speaker::Account(account) if account == *owner);
                !is_own && !self.departures.has_left(owner, place.channel)
            }
        };
        if kind.guild().is_some_and(|guild| !self.is_wanted(guild)) {
            return Vec::new();
        }
        self.bots.owners(place.bot).iter().filter(listens).cloned().collect()
    }

    /// The accounts that are told what concerns an earlier message.
    pub(super) async fn concerned(
        &self,
        place: Place,
        kind: Kind,
        message: MessageId,
    ) -> Result<Vec<Passport>, Stopping> {
        match (kind, self.bots.whose(place.bot)) {
            (Kind::Direct(person), Some(Whose::Relay)) => Ok(self.talker(person, message).await?.into_iter().collect()),
            (Kind::Direct(_) | Kind::Room(_), _) => Ok(self.hearers(place, kind, &Speaker::Stranger)),
        }
    }

    /// Whether the configuration wants what is said in a guild.
    pub(crate) fn is_wanted(&self, guild: GuildId) -> bool {
        let name = self.roster.guild_name(guild).unwrap_or_default();
        contacts::is_wanted(&self.settings.contacts, guild, &name)
    }

    /// The line, for these accounts, that stands for what was said before a message and could not be fetched.
    pub(super) fn gap(&self, place: Place, kind: Kind, first: &Message, owners: Vec<Passport>) -> Vec<Arrival> {
        let link = jump(kind.guild(), place.channel, first.id);
        let author = match kind {
            Kind::Direct(user) => self.people.profile(user, None),
            Kind::Room(_) => RemoteProfile {
                user: remote_ids::user(place.bot),
                name: "Discord".to_owned(),
                login: "discord".to_owned(),
                server: None,
                account: None,
            },
        };
        let line = |owner| Arrival::Message {
            owner,
            place: kind.target(place.channel),
            author: author.clone(),
            id: remote_ids::gap_before(place.channel, first.id),
            sent: first.id.made(),
            content: Content::text(format!("(More was said here meanwhile than could be fetched: {link})")),
            reply: None,
            addressed: false,
        };
        owners.into_iter().map(line).collect()
    }
}

/// Where a message is seen on Discord.
pub(crate) fn jump(guild: Option<GuildId>, channel: ChannelId, message: MessageId) -> String {
    let guild = guild.map_or_else(|| "@me".to_owned(), |guild| guild.to_string());
    format!("https://discord.com/channels/{guild}/{channel}/{message}")
}
