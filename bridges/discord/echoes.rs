//! Who of this server said a message, if anybody did: what accounts say comes back from Discord like everything else.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::Passport;

use crate::{
    bots::{Bots, Whose},
    model::{Message, UserId, WebhookId},
    stage_names::StageNames,
};

/// Stands at the ends of a message that begins or ends with a blank.
pub(crate) const GUARD: char = '\u{200b}';

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// Somebody of Discord.
    Stranger,
    /// An account of this server, by its own bot or by the relay.
    Account(Passport),
    /// The relay itself: what it explains is for people on Discord alone.
    Relay,
}

/// The webhooks that are ours.
#[derive(Default)]
pub(crate) struct OwnWebhooks {
    ids: Mutex<HashSet<WebhookId>>,
}

impl OwnWebhooks {
    pub(crate) fn add(&self, webhook: WebhookId) {
        self.lock().insert(webhook);
    }

    pub(crate) fn contains(&self, webhook: WebhookId) -> bool {
        self.lock().contains(&webhook)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<WebhookId>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who said `message`. Of what an account said, what was put there on its way out is taken off: the words in front that name the
/// account, where the relay said it as itself, and what guards blanks.
pub(crate) fn speaker(message: &mut Message, bots: &Bots, webhooks: &OwnWebhooks, names: &StageNames) -> Speaker {
    let speaker = named_speaker(message, bots, webhooks, names);
    if let Speaker::Account(_) = speaker {
        message.content = message.content.trim_matches(GUARD).to_owned();
    }
    speaker
}

fn named_speaker(message: &mut Message, bots: &Bots, webhooks: &OwnWebhooks, names: &StageNames) -> Speaker {
    let Some(author) = &message.author else { return Speaker::Stranger };
    if let Some(webhook) = message.webhook_id {
        if !webhooks.contains(webhook) {
            return Speaker::Stranger;
        }
        return names.whose(&author.username).map_or(Speaker::Relay, Speaker::Account);
    }
    match bots.whose(author.id) {
        None => Speaker::Stranger,
        Some(Whose::Account(owner)) => Speaker::Account(owner),
        Some(Whose::Relay) => match said_for(&message.content, names) {
            Some((account, words)) => {
                message.content = words.to_owned();
                Speaker::Account(account)
            }
            None => Speaker::Relay,
        },
    }
}

/// The account for which the relay said this as itself, if it is a message of the relay.
pub(crate) fn account_behind(message: &Message, relay: UserId, names: &StageNames) -> Option<Passport> {
    let is_relays = message.author.as_ref().is_some_and(|author| author.id == relay);
    said_for(&message.content, names).filter(|_| is_relays).map(|(account, _)| account)
}

/// The words that name an account in front of what the relay says for it as itself: `**Carol**: `.
pub(crate) fn name_line(name: &str) -> String {
    let escaped = name.chars().fold(String::with_capacity(name.len() + 8), |mut line, letter| {
        if letter.is_ascii_punctuation() {
            line.push('\\');
        }
        line.push(letter);
        line
    });
    format!("**{escaped}**: ")
}

/// The account that is named in front, and what it said.
fn said_for<'a>(content: &'a str, names: &StageNames) -> Option<(Passport, &'a str)> {
    let (escaped, words) = content.strip_prefix("**")?.split_once("**:")?;
    let mut name = String::with_capacity(escaped.len());
    let mut letters = escaped.chars();
    while let Some(letter) = letters.next() {
        name.push(if letter == '\\' { letters.next()? } else { letter });
    }
    // Discord takes blanks off the end of a message that is nothing but this.
    Some((names.whose(&name)?, words.strip_prefix(' ').unwrap_or(words)))
}

#[cfg(test)]
mod tests {
    use bridge::conformance::FakeHost;

    use super::*;

    #[tokio::test]
    async fn the_words_in_front_name_the_account_whatever_it_is_called() {
        let host = FakeHost::new("discord".parse().unwrap(), Vec::new());
        let names = StageNames::load(&*host).await.unwrap();
        let carol: Passport = "carol@msn.example".parse().unwrap();
        for called in ["Carol", "*~ Ca**rol** ~*", "a\\b", "[x](y): **: ", "🦋 é"] {
            let name = names.of(&*host, &carol, called).await.unwrap();
            let line = name_line(&name);
            assert_eq!(said_for(&format!("{line}hello **: there"), &names), Some((carol.clone(), "hello **: there")));
            assert_eq!(said_for(line.trim_end(), &names), Some((carol.clone(), "")));
        }
        assert_eq!(said_for("**Mallory**: hello", &names), None);
        assert_eq!(said_for("hello", &names), None);
    }
}
