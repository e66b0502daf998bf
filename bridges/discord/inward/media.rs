//! The files, stickers and custom emojis of messages: fetched once, however many bots and accounts they are for, and kept by the host.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use bridge::HostFault;
use domain::{Content, content::in_bytes, media::Attachment};
use tokio::time::Instant;

use crate::{
    bots::Voice,
    model::{File, Sticker},
    rest::{BotRest, RestFailure},
    running::{FIRST_WAIT, Running, Stopping},
    words::WantedEmoji,
};

/// The largest file that is fetched, in bytes: what Discord takes from whoever pays most is 500 MB.
const LARGEST_FILE: u64 = 512 * 1024 * 1024;
/// The largest custom emoji or sticker, in bytes; Discord takes no more than half of it.
const LARGEST_PICTURE: u64 = 1024 * 1024;
/// How often a file that breaks off is begun anew.
const ATTEMPTS: u32 = 4;
/// How many files are remembered, and for how long: the host forgets what no message speaks of, but not so soon.
const REMEMBERED: usize = 512;
const REMEMBERED_FOR: Duration = Duration::from_hours(1);

/// What was fetched of late, by its address without what signs it.
#[derive(Default)]
pub(crate) struct Media(Mutex<Known>);

#[derive(Default)]
struct Known {
    files: HashMap<String, (Instant, Attachment)>,
    order: VecDeque<String>,
}

impl Media {
    fn get(&self, address: &str) -> Option<Attachment> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched, file) = known.files.get(address)?;
        (fetched.elapsed() < REMEMBERED_FOR).then(|| file.clone())
    }

    fn put(&self, address: &str, file: Attachment) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.files.insert(address.to_owned(), (Instant::now(), file)).is_none() {
            known.order.push_back(address.to_owned());
        }
        if known.order.len() > REMEMBERED
            && let Some(oldest) = known.order.pop_front()
        {
            known.files.remove(&oldest);
        }
    }
}

impl Running {
    /// A file as what it was sent, where its bytes are of that kind; words for it, where it cannot be fetched.
    pub(super) async fn fetched(&self, voice: &Voice, file: &File, of_kind: OfKind) -> Result<Content, Stopping> {
        let fetched = match self.fetch(&file.url, &file.filename, LARGEST_FILE).await? {
            // The address may have run out while the message waited.
            Err(reason) => match self.fresh_address(voice, &file.url).await? {
                Some(fresh) => self.fetch(&fresh, &file.filename, LARGEST_FILE).await?,
                None => Err(reason),
            },
            fetched => fetched,
        };
        Ok(match fetched {
            Ok(attachment) => match of_kind {
                OfKind::Picture if attachment.media_type.starts_with("image/") => Content::Image(attachment),
                OfKind::Voice if attachment.media_type.starts_with("audio/") => Content::Voice(attachment),
                OfKind::Voice if attachment.media_type == "application/ogg" => Content::Voice(attachment),
                OfKind::Picture | OfKind::Voice | OfKind::File => Content::File(attachment),
            },
            Err(reason) => Content::text(format!(
                "[{}: {} ({}), which could not be fetched: {reason}]",
                of_kind.word(),
                file.filename,
                in_bytes(file.size)
            )),
        })
    }

    /// A sticker as a picture; words for it, where it cannot be fetched.
    pub(super) async fn sticker(&self, sticker: &Sticker) -> Result<Content, Stopping> {
        let words = || Content::text(format!("[sticker: {}]", sticker.name));
        let Some(url) = self.rest.cdn().sticker(sticker.id, sticker.format) else { return Ok(words()) };
        let ending = url.path().rsplit_once('.').map_or("png", |(_, ending)| ending);
        let fetched = self.fetch(url.as_str(), &format!("{}.{ending}", sticker.name), LARGEST_PICTURE).await?;
        Ok(fetched.map_or_else(|_| words(), Content::Image))
    }

    /// A custom emoji's picture, if it can be fetched.
    pub(super) async fn emoji(&self, emoji: &WantedEmoji) -> Result<Option<Attachment>, Stopping> {
        let url = self.rest.cdn().emoji(emoji.id, emoji.animated);
        let ending = if emoji.animated { "gif" } else { "png" };
        Ok(self.fetch(url.as_str(), &format!("{}.{ending}", emoji.name), LARGEST_PICTURE).await?.ok())
    }

    /// Has a file kept here. An error is the reason why there is none, as a phrase.
    async fn fetch(&self, address: &str, name: &str, limit: u64) -> Result<Result<Attachment, String>, Stopping> {
        let key = address.split_once('?').map_or(address, |(key, _)| key);
        if let Some(mut known) = self.media.get(key) {
            name.clone_into(&mut known.name);
            return Ok(Ok(known));
        }
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            match self.fetch_once(address, name, limit).await? {
                Ok(file) => {
                    self.media.put(key, file.clone());
                    return Ok(Ok(file));
                }
                Err(Unfetched::Final(reason)) => return Ok(Err(reason)),
                Err(Unfetched::There(reason)) if attempt >= ATTEMPTS => return Ok(Err(reason)),
                Err(Unfetched::There(reason)) => {
                    attempt += 1;
                    tracing::debug!(reason, attempt, "a file did not come; it is tried again");
                }
                Err(Unfetched::Here) => tracing::warn!("a file finds no place here; it is tried again"),
            }
            self.pause(&mut wait).await?;
        }
    }

    async fn fetch_once(
        &self,
        address: &str,
        name: &str,
        limit: u64,
    ) -> Result<Result<Attachment, Unfetched>, Stopping> {
        let fetching = async {
            // It is never closed.
            let _turn = self.fetching.acquire().await;
            let fetched = match self.rest.cdn().fetch(address, limit).await {
                Ok(fetched) => fetched,
                Err(failure) => return Err(Unfetched::from(&failure)),
            };
            let broke = fetched.broke;
            self.host.keep_media(name, fetched.stream, limit).await.map_err(|fault| match fault {
                HostFault::TooLarge { .. } => Unfetched::Final(format!("it has more than {}", in_bytes(limit))),
                HostFault::Media(reason) if broke.load(Ordering::Relaxed) => Unfetched::There(reason),
                HostFault::Store(_) | HostFault::Media(_) | HostFault::Stopping => Unfetched::Here,
                HostFault::Secrets(reason) => Unfetched::Final(reason),
                fault @ HostFault::Full => Unfetched::Final(fault.to_string()),
            })
        };
        self.stopping.run_until_cancelled(fetching).await.ok_or(Stopping)
    }

    /// An address that is valid again, if Discord makes one.
    async fn fresh_address(&self, voice: &Voice, address: &str) -> Result<Option<String>, Stopping> {
        let old = address.to_owned();
        let ask = |rest: BotRest| {
            let old = old.clone();
            async move { rest.refresh_attachments(vec![old]).await }
        };
        let asked = self.insist(voice, "fresh addresses", ask).await?;
        let fresh = asked.and_then(|fresh| fresh.into_iter().next());
        Ok(fresh.filter(|fresh| fresh != address))
    }
}

/// What a file was sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfKind {
    Picture,
    Voice,
    File,
}

impl OfKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Voice => "voice message",
            Self::File => "file",
        }
    }
}

/// Why a file did not come.
enum Unfetched {
    /// It may come at another attempt.
    There(String),
    /// It could not be kept here, which says nothing of the file: it is waited for.
    Here,
    /// It will never come.
    Final(String),
}

impl From<&RestFailure> for Unfetched {
    fn from(failure: &RestFailure) -> Self {
        match failure {
            RestFailure::NotSent { .. } | RestFailure::Unknown { .. } | RestFailure::Limited { .. } => {
                Self::There(failure.to_string())
            }
            RestFailure::Refused { message, .. } => Self::Final(message.clone()),
            RestFailure::Unauthorized => Self::Final("it may not be seen".to_owned()),
        }
    }
}
