//! As whom an account speaks in a place: as its own bot, through the relay's webhook, or as the relay with its name in front.

use bridge::Failure;
use domain::{Passport, content::Text};

use super::{Errand, Spot, composing::length};
use crate::{
    bots::{Voice, Whose},
    echoes::name_line,
    inward::jump,
    model::{Permissions, Webhook},
    rest::{RestFailure, Said, Saying},
    running::{Running, host_failure},
    words::{Nobody, outward},
};

/// As whom an account speaks.
pub(super) enum Manner {
    /// As its own bot.
    Itself,
    /// Through a webhook, under its name and with its picture.
    Webhook { webhook: Box<Webhook>, name: String, picture: Option<String> },
    /// As the relay, with this in front of everything.
    Named(String),
}

impl Manner {
    /// What stands in front of every message.
    pub(super) fn each(&self) -> String {
        match self {
            Self::Itself | Self::Webhook { .. } => String::new(),
            Self::Named(line) => line.clone(),
        }
    }

    /// How much room what stands in front may need, in UTF-16 units: a webhook may turn out to be gone.
    pub(super) fn reserved(&self) -> usize {
        match self {
            Self::Itself => 0,
            Self::Webhook { name, .. } => length(&name_line(name)),
            Self::Named(line) => length(line),
        }
    }

    /// Whether Discord itself shows what is answered.
    pub(super) const fn can_reply(&self) -> bool {
        match self {
            Self::Itself | Self::Named(_) => true,
            Self::Webhook { .. } => false,
        }
    }

    /// Says something so.
    pub(super) async fn say(&self, voice: &Voice, spot: &Spot, saying: Saying) -> Result<Said, RestFailure> {
        match self {
            Self::Itself | Self::Named(_) => voice.rest.say(spot.channel, &saying).await,
            Self::Webhook { webhook, name, picture } => {
                let (name, picture) = (Some(name.clone()), picture.clone());
                let saying = Saying { nonce: None, reply: None, name, picture, ..saying };
                voice.rest.execute(webhook, &saying, spot.parent.map(|_| spot.channel)).await
            }
        }
    }
}

impl Running {
    /// As whom the account speaks there.
    pub(super) async fn manner(&self, voice: &Voice, owner: &Passport, spot: &Spot) -> Result<Manner, Failure> {
        if let Whose::Account(_) = voice.whose {
            return Ok(Manner::Itself);
        }
        let called = self.bots.called(owner);
        let name = self.names.of(&*self.host, owner, &called).await.map_err(|fault| host_failure(&fault))?;
        if spot.person.is_some() {
            return Ok(Manner::Named(name_line(&name)));
        }
        let home = spot.parent.unwrap_or(spot.channel);
        // A channel that was not told of yet is tried.
        let is_forbidden =
            self.roster.channel(home).is_some() && !self.roster.may(voice.bot, home, Permissions::MANAGE_WEBHOOKS);
        let found = if is_forbidden {
            Err("its bot lacks the permission \"Manage Webhooks\" there".to_owned())
        } else {
            self.webhooks.of(&*self.host, voice, home).await.inspect_err(|failure| {
                if matches!(failure, Failure::SignedOut { .. }) {
                    self.is_refused(voice);
                }
            })?
        };
        match found {
            Ok(webhook) => {
                let picture = self.showing.published(&*self.host, owner).await;
                Ok(Manner::Webhook { webhook: Box::new(webhook), name, picture })
            }
            Err(reason) => {
                if self.webhooks.is_news(owner, home) {
                    let room = self.people.room(spot.channel).name;
                    let line = format!(
                        "In {room} on Discord you speak as this server's bot, with your name in front of what you say: {reason}."
                    );
                    self.host.notify(owner, line);
                }
                Ok(Manner::Named(name_line(&name)))
            }
        }
    }

    /// What stands in front of an answer where Discord cannot show what it answers: its first words, and where it is.
    pub(super) async fn lead(&self, errand: &Errand<'_>, manner: &Manner) -> String {
        let Some(answered) = errand.reply.filter(|_| !manner.can_reply()) else { return String::new() };
        let spot = errand.spot;
        let link = jump(spot.guild, spot.channel, answered);
        // It can be understood without.
        let Ok(message) = errand.voice.rest.message(spot.channel, answered).await else {
            return format!("> {link}\n");
        };
        let quote = self.quote_in(&message, spot.guild);
        let plain = |words: &str| outward(&Text::plain(words), &Nobody).content.replace('\n', " ");
        let (author, words) = (plain(&quote.author), plain(&quote.words));
        let author = if author.is_empty() { author } else { format!("**{author}**: ") };
        format!("> {author}{words} {link}\n")
    }
}
