//! Looking in a place for what an earlier attempt may have said there.

use bridge::Failure;
use domain::{Passport, Timestamp};

use super::{Spot, composing::Part, said::SaidLast};
use crate::{
    bots::Voice,
    echoes::{GUARD, Speaker},
    model::{Message, MessageId},
    rest::Around,
    running::Running,
};

/// How many messages are looked through at most: more are not said in a place between two attempts.
const PAGES: usize = 5;
const PAGE: u8 = 100;
/// How much earlier than the order a message may have been said by Discord's clock, in milliseconds.
const SLACK: i64 = 2 * 60 * 1000;

/// What is looked for.
pub(super) struct Sought<'a> {
    pub(super) owner: &'a Passport,
    pub(super) part: &'a Part,
    /// When the account's user said it.
    pub(super) since: Timestamp,
    /// What is known to be something else.
    pub(super) said: &'a SaidLast,
}

impl Sought<'_> {
    /// Whether this message, without the words that name the account, is it.
    fn is(&self, message: &Message, speaker: &Speaker) -> bool {
        *speaker == Speaker::Account(self.owner.clone())
            && !self.said.contains(message.id)
            && self.is_late_enough(message)
            && says(&message.content, &self.part.words)
            && match (&self.part.file, &*message.attachments) {
                (None, []) => true,
                (Some(file), [only]) => only.size == file.size,
                (_, _) => false,
            }
    }

    const fn is_late_enough(&self, message: &Message) -> bool {
        message.id.made().0 >= self.since.0 - SLACK
    }
}

/// Whether this says the words, or quotes something and says them.
fn says(content: &str, words: &str) -> bool {
    let (content, words) = (bare(content), bare(words));
    content == words
        || (content.starts_with("> ") && content.split_once('\n').is_some_and(|(_, said)| bare(said) == words))
}

/// Without blanks and their guards at both ends.
fn bare(words: &str) -> &str {
    words.trim_matches(|letter: char| letter.is_whitespace() || letter == GUARD)
}

impl Running {
    /// The first message that was said for this in a place, and for nothing else that is known.
    pub(super) async fn look_back(
        &self,
        voice: &Voice,
        spot: &Spot,
        sought: &Sought<'_>,
    ) -> Result<Option<MessageId>, Failure> {
        let mut around = Around::Latest;
        let mut found = None;
        for _ in 0..PAGES {
            let page = voice.rest.history(spot.channel, around, PAGE).await;
            let page = match page {
                Ok(page) => page,
                // Where nothing can be read, nothing can be found: it may be said twice, but it is said.
                Err(failure) if failure.code().is_some() => {
                    tracing::warn!(bot = %voice.bot, channel = %spot.channel, %failure, "what was said cannot be looked for");
                    return Ok(None);
                }
                Err(failure) => return Err(self.failure(voice, &failure)),
            };
            let is_it = |message: &&Message| {
                let mut message = (*message).clone();
                let speaker = self.speaker(&mut message);
                sought.is(&message, &speaker)
            };
            found = page.iter().find(is_it).map(|message| message.id).or(found);
            match page.first() {
                Some(oldest) if page.len() >= usize::from(PAGE) && sought.is_late_enough(oldest) => {
                    around = Around::Before(oldest.id);
                }
                _ => break,
            }
        }
        if let Some(message) = found {
            tracing::info!(bot = %voice.bot, channel = %spot.channel, %message, "was said by an earlier attempt");
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use domain::media::{Attachment, BlobId, Source};

    use super::*;
    use crate::model::File;

    fn carol() -> Passport {
        "carol@msn.example".parse().unwrap()
    }

    #[test]
    fn only_the_accounts_own_words_that_are_nobodys_yet_are_found() {
        let (owner, said) = (carol(), {
            let mut said = SaidLast::default();
            said.add("another order", 0, MessageId(7 << 22));
            said
        });
        let part = Part { words: "ok".into(), ..Part::default() };
        let since = MessageId(5 << 22).made();
        let sought = Sought { owner: &owner, part: &part, since, said: &said };
        let message = |number: u64, content: &str| Message {
            id: MessageId(number << 22),
            content: content.into(),
            ..Message::default()
        };
        let hers = Speaker::Account(owner.clone());
        assert!(sought.is(&message(6, "ok"), &hers));
        assert!(sought.is(&message(6, "> **Ann**: lunch? https://discord.com/channels/1/2/3\nok"), &hers));
        assert!(!sought.is(&message(6, "ok"), &Speaker::Stranger));
        assert!(!sought.is(&message(6, "not ok"), &hers) && !sought.is(&message(6, "so\nok"), &hers));
        assert!(!sought.is(&message(7, "ok"), &hers), "that is another order's");
        let later = Sought { since: Timestamp(since.0 + SLACK + 10_000), ..sought };
        assert!(!later.is(&message(6, "ok"), &hers), "it was said before");
    }

    #[test]
    fn a_file_is_known_by_its_size() {
        let (owner, said) = (carol(), SaidLast::default());
        let file = Attachment {
            name: "a b.txt".into(),
            media_type: "text/plain".into(),
            size: 3,
            source: Source::Blob(BlobId([0; 32])),
            link: None,
        };
        let part = Part { file: Some(file), ..Part::default() };
        let sought = Sought { owner: &owner, part: &part, since: Timestamp(0), said: &said };
        let sent = |size| Message {
            id: MessageId(1 << 22),
            attachments: vec![File { size, filename: "a_b.txt".into(), ..File::default() }],
            ..Message::default()
        };
        let hers = Speaker::Account(owner.clone());
        assert!(sought.is(&sent(3), &hers) && !sought.is(&sent(4), &hers));
        assert!(!sought.is(&Message { id: MessageId(1 << 22), ..Message::default() }, &hers));
    }
}
