//! Pictures, clips and files between clients, networks and web pages: what is kept, what Messenger can show, and what is still with
//! a client.

mod room;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use domain::{
    Content, Passport, Timestamp,
    content::Emoticon,
    media::{Announcement, Attachment, BlobId, ObjectHash, Source},
};
use media::{BlobFault, Blobs, Incoming};
use rand::{Rng, distr::Alphanumeric};
use sha2::{Digest, Sha256};
use store::{LinkedMedia, Object, Portrait, Store, StoreFault};
use tokio::{
    fs::File,
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
};
use tracing::{debug, warn};

use crate::{core::wall, limit::Limit, settings::Limits};

/// The largest object that clients are given or asked for, in bytes.
const LARGEST_OBJECT: u64 = 1 << 20;

/// How long a message may wait for what its sender's client has announced.
const PATIENCE: Duration = Duration::from_secs(20);

/// Of how many objects it is remembered that they could not be had.
const MEMORY: usize = 1000;

/// How long it is remembered, in milliseconds.
const FORGOTTEN: u64 = 60_000;

/// How many files are received at once, from all clients together: each has files open.
const MOST_RECEIVED: usize = 200;

/// How many emoticons of one text Messenger is given at most.
const MOST_EMOTICONS: usize = 10;

/// A day, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Why something is not kept, or not found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MediaFault {
    #[error(transparent)]
    Blob(#[from] BlobFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// A file that comes piece by piece, and its place among those that do.
pub(crate) struct Receiving {
    file: Incoming,
    _place: OwnedSemaphorePermit,
}

impl Receiving {
    /// Takes the next piece.
    pub(crate) async fn write(&mut self, piece: &[u8]) -> Result<(), BlobFault> {
        self.file.write(piece).await.inspect_err(room::note_full)
    }
}

/// Everything that is kept beside messages.
pub(crate) struct Media {
    blobs: Blobs,
    store: Store,
    bounds: RwLock<Bounds>,
    /// What each account has handed over, and on which day.
    received: Mutex<HashMap<Passport, (i64, u64)>>,
    receiving: Arc<Semaphore>,
    /// Objects that their owners' clients did not give, so that nobody waits for them.
    gave_up: Mutex<HashMap<(Passport, ObjectHash), Timestamp>>,
    /// Rung whenever an object comes, or is given up.
    changed: Notify,
    /// When room was last made.
    room_made: tokio::sync::Mutex<Option<tokio::time::Instant>>,
}

/// What of the limits can change.
struct Bounds {
    /// How long a person can fetch something by its link.
    links_last: Duration,
    /// What an account may hand over on one day, in bytes.
    daily: u64,
    /// What everything that is kept may have together, in bytes.
    most: u64,
}

impl Bounds {
    const fn of(limits: &Limits) -> Self {
        Self { links_last: limits.media_links_last, daily: limits.received_daily, most: limits.media }
    }
}

impl Media {
    pub(crate) fn new(blobs: Blobs, store: Store, limits: &Limits) -> Self {
        blobs.bound(limits.media);
        Self {
            blobs,
            store,
            bounds: RwLock::new(Bounds::of(limits)),
            received: Mutex::default(),
            receiving: Arc::new(Semaphore::new(MOST_RECEIVED)),
            gave_up: Mutex::default(),
            changed: Notify::new(),
            room_made: tokio::sync::Mutex::default(),
        }
    }

    /// These limits hold from now on. Links that were given keep their time.
    pub(crate) fn limit(&self, limits: &Limits) {
        self.blobs.bound(limits.media);
        *self.bounds.write().unwrap_or_else(PoisonError::into_inner) = Bounds::of(limits);
    }

    fn bounds(&self) -> RwLockReadGuard<'_, Bounds> {
        self.bounds.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an account may hand over so many bytes more today. If so, they count.
    pub(crate) fn may_receive(&self, owner: &Passport, size: u64) -> bool {
        let today = wall().0 / DAY;
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.retain(|_, (day, _)| *day == today);
        let (_, sum) = received.entry(owner.clone()).or_insert((today, 0));
        let whole = sum.saturating_add(size);
        let may = whole <= self.bounds().daily;
        if may {
            *sum = whole;
        }
        may
    }

    fn given_up(&self) -> MutexGuard<'_, HashMap<(Passport, ObjectHash), Timestamp>> {
        self.gave_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what `stream` gives; the type is that of the bytes.
    pub(crate) async fn keep(
        &self,
        name: &str,
        stream: bridge::MediaStream,
        limit: u64,
    ) -> Result<Attachment, MediaFault> {
        // How large it is, is seen when it comes.
        self.has_room(0).await;
        let blob = self.blobs.put(stream, limit).await.inspect_err(room::note_full)?;
        self.attachment(name, blob).await
    }

    /// Keeps these bytes.
    pub(crate) async fn keep_bytes(&self, name: &str, bytes: &[u8]) -> Result<Attachment, MediaFault> {
        self.has_room(bytes.len() as u64).await;
        let blob = self.blobs.put(bytes, bytes.len() as u64).await?;
        self.attachment(name, blob).await
    }

    async fn attachment(&self, name: &str, blob: BlobId) -> Result<Attachment, MediaFault> {
        let size = self.blobs.size(blob).await?.unwrap_or_default();
        let media_type = self.blobs.sniff(blob).await?.to_owned();
        Ok(Attachment { name: name.to_owned(), media_type, size, source: Source::Blob(blob), link: None })
    }

    /// A file that comes piece by piece, of at most this size.
    pub(crate) async fn incoming(&self, size: u64) -> Result<Receiving, MediaFault> {
        let place = Arc::clone(&self.receiving).try_acquire_owned().map_err(|_| {
            Limit::Files.reached("everybody together");
            io::Error::new(io::ErrorKind::QuotaExceeded, "too many files are being received")
        })?;
        Ok(Receiving { file: self.blobs.incoming(size).await?, _place: place })
    }

    /// The whole of a file that came piece by piece.
    pub(crate) async fn finish(&self, receiving: Receiving, name: &str) -> Result<Attachment, MediaFault> {
        let (blob, _) = receiving.file.finish().await?;
        self.attachment(name, blob).await
    }

    async fn blob(&self, source: &Source) -> Result<Option<BlobId>, StoreFault> {
        match source {
            Source::Blob(blob) => Ok(Some(*blob)),
            Source::Object(hash) => Ok(self.store.object(hash).await?.map(|object| object.blob)),
        }
    }

    /// The bytes, as a file, and how many there are; `None` if they are no longer kept.
    pub(crate) async fn open_file(&self, source: &Source) -> Result<Option<(File, u64)>, MediaFault> {
        let Some(blob) = self.blob(source).await? else { return Ok(None) };
        let Some(file) = self.blobs.get(blob).await? else { return Ok(None) };
        let size = file.metadata().await?.len();
        Ok(Some((file, size)))
    }

    async fn bytes(&self, source: &Source) -> Option<Bytes> {
        let read = async {
            let Some(blob) = self.blob(source).await? else { return Ok(None) };
            Ok::<_, MediaFault>(self.blobs.read(blob, LARGEST_OBJECT * 32).await?)
        };
        match read.await {
            Ok(bytes) => bytes.map(Bytes::from),
            Err(fault) => {
                warn!(%fault, "media cannot be read");
                None
            }
        }
    }

    /// A small picture of a picture, for the offer of a file.
    pub(crate) async fn preview(&self, attachment: &Attachment) -> Option<Bytes> {
        if !attachment.media_type.starts_with("image/") {
            return None;
        }
        let bytes = self.bytes(&attachment.source).await?;
        media::picture::preview(bytes).await
    }

    /// Whether the object is here.
    pub(crate) async fn has_object(&self, hash: &ObjectHash) -> bool {
        matches!(self.store.object(hash).await, Ok(Some(_)))
    }

    /// The bytes of an object that a client asks for.
    pub(crate) async fn object_bytes(&self, hash: &ObjectHash) -> Option<Bytes> {
        let object = self.store.object(hash).await.ok().flatten()?;
        if object.size > LARGEST_OBJECT {
            return None;
        }
        self.bytes(&Source::Object(*hash)).await
    }

    /// Keeps bytes as an object that clients can be given.
    pub(crate) async fn keep_object(&self, bytes: &[u8]) -> Result<Object, MediaFault> {
        self.has_room(bytes.len() as u64).await;
        let (blob, hash) = self.blobs.put_object(bytes).await?;
        let media_type = media::sniff(bytes).to_owned();
        let object = Object { hash, blob, size: bytes.len() as u64, media_type };
        self.store.keep_object(object.clone()).await?;
        Ok(object)
    }

    /// A client gave what it had announced; its hash is right.
    pub(crate) async fn obtained(&self, announcement: &Announcement, data: Bytes) {
        match self.keep_object(&data).await {
            Ok(_) => self.changed.notify_waiters(),
            Err(fault) => {
                warn!(%fault, "an object cannot be kept");
                self.gave_up(announcement);
            }
        }
    }

    /// The object is being fetched: that it could not be had before counts no more.
    pub(crate) fn begin(&self, announcement: &Announcement) {
        self.given_up().remove(&(announcement.owner.clone(), announcement.hash));
    }

    /// The object cannot be had: whoever waits for it goes on without.
    pub(crate) fn gave_up(&self, announcement: &Announcement) {
        let mut given_up = self.given_up();
        if given_up.len() >= MEMORY {
            given_up.clear();
        }
        given_up.insert((announcement.owner.clone(), announcement.hash), wall());
        drop(given_up);
        self.changed.notify_waiters();
    }

    /// Waits until the object is here, which `owner` has announced; says whether it is.
    async fn await_object(&self, owner: &Passport, hash: &ObjectHash, until: tokio::time::Instant) -> bool {
        let cannot_be_had = || {
            let since = self.given_up().get(&(owner.clone(), *hash)).copied();
            since.is_some_and(|since| wall().since(since) < FORGOTTEN)
        };
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before looking, so that nothing slips through in between.
            changed.as_mut().enable();
            if self.has_object(hash).await {
                return true;
            }
            if cannot_be_had() || tokio::time::timeout_at(until, changed).await.is_err() {
                return false;
            }
        }
    }

    /// Makes of what the author's client announced what the message will be: an error says what is missing.
    pub(crate) async fn settle(&self, author: &Passport, content: &mut Content) -> Result<(), String> {
        let until = tokio::time::Instant::now() + PATIENCE;
        if let Content::Text(text) = content {
            let mut here: Vec<Emoticon> = Vec::new();
            for mut emoticon in text.emoticons.drain(..) {
                if let Source::Object(hash) = emoticon.picture.source {
                    if !self.await_object(author, &hash, until).await {
                        continue;
                    }
                    self.describe(&mut emoticon.picture, &hash).await;
                }
                here.push(emoticon);
            }
            text.emoticons = here;
            return Ok(());
        }
        let is_wink = matches!(content, Content::Wink { .. });
        let Some(attachment) = content.attachment_mut() else { return Ok(()) };
        let Source::Object(hash) = attachment.source else { return Ok(()) };
        let is_here = self.await_object(author, &hash, until).await;
        if is_wink {
            let thumbnail = if is_here { self.thumbnail(&hash).await } else { None };
            if let Content::Wink { thumbnail: place, .. } = content {
                *place = thumbnail;
            }
            return Ok(());
        }
        if !is_here {
            return Err("your Messenger did not hand it over".to_owned());
        }
        self.describe(attachment, &hash).await;
        Ok(())
    }

    /// Says of what was announced what it turned out to be.
    async fn describe(&self, attachment: &mut Attachment, hash: &ObjectHash) {
        if let Some(object) = self.store.object(hash).await.ok().flatten() {
            (attachment.size, attachment.media_type) = (object.size, object.media_type);
        }
    }

    async fn thumbnail(&self, wink: &ObjectHash) -> Option<Attachment> {
        let bytes = self.object_bytes(wink).await?;
        let (picture, _) = media::wink::thumbnail(bytes).await?;
        self.keep_bytes("wink.png", &picture).await.ok()
    }

    /// Gives what an order carries a place on the web pages: the same at every try, under an order's unguessable key.
    pub(crate) async fn link_of_order(&self, order: &str, attachment: &mut Attachment) -> Result<(), StoreFault> {
        let digest = Sha256::digest(format!("link of {order}"));
        let token = URL_SAFE_NO_PAD.encode(digest).chars().filter(char::is_ascii_alphanumeric).take(22).collect();
        self.link_by(token, attachment).await
    }

    /// Gives an attachment a place on the web pages, for as long as links last.
    pub(crate) async fn link(&self, attachment: &mut Attachment) -> Result<(), StoreFault> {
        let token = rand::rng().sample_iter(Alphanumeric).take(22).map(char::from).collect();
        self.link_by(token, attachment).await
    }

    async fn link_by(&self, token: String, attachment: &mut Attachment) -> Result<(), StoreFault> {
        if attachment.link.is_some() {
            return Ok(());
        }
        let Some(blob) = self.blob(&attachment.source).await? else { return Ok(()) };
        let Attachment { name, media_type, size, .. } = attachment.clone();
        let name = in_address(&name);
        let linked = LinkedMedia { blob, name: name.clone(), media_type, size };
        let lasts = i64::try_from(self.bounds().links_last.as_millis()).unwrap_or(i64::MAX);
        self.store.link_media(&token, &linked, Timestamp(wall().0.saturating_add(lasts))).await?;
        attachment.link = Some(format!("media/{token}/{name}"));
        Ok(())
    }

    /// What a link leads to.
    pub(crate) async fn linked(&self, token: &str) -> Option<(LinkedMedia, PathBuf)> {
        let linked = self.store.linked_media(token, wall()).await;
        let linked = linked.inspect_err(|fault| warn!(%fault, "cannot read what a link leads to")).ok().flatten()?;
        let path = self.blobs.path(linked.blob);
        Some((linked, path))
    }

    /// Makes of what a network brings what Messenger can be given: emoticons become objects, files get links, handwriting becomes a
    /// GIF that is small enough.
    pub(crate) async fn prepare(&self, content: &mut Content) {
        match content {
            Content::Text(text) => {
                let mut fit: Vec<Emoticon> = Vec::new();
                // More than five of each kind Messenger does not show.
                for mut emoticon in text.emoticons.drain(..).take(MOST_EMOTICONS) {
                    match self.emoticon(&mut emoticon).await {
                        Ok(()) => fit.push(emoticon),
                        Err(why) => debug!(%why, "an emoticon cannot be shown; its word stays"),
                    }
                }
                text.emoticons = fit;
            }
            Content::Ink(attachment) => {
                if let Err(why) = self.ink(attachment).await {
                    debug!(%why, "handwriting cannot be shown as such; it is a file");
                    let attachment = attachment.clone();
                    *content = Content::Image(attachment);
                }
            }
            Content::Emote { .. }
            | Content::Nudge
            | Content::File(_)
            | Content::Image(_)
            | Content::Voice(_)
            | Content::Wink { .. } => {}
        }
        if let Some(attachment) = content.attachment_mut()
            && let Err(fault) = self.link(attachment).await
        {
            warn!(%fault, "a file got no link");
        }
    }

    async fn emoticon(&self, emoticon: &mut Emoticon) -> Result<(), String> {
        let bytes = self.bytes(&emoticon.picture.source).await.ok_or("it is not here")?;
        let (shrunk, animated) = media::emoticon::shrink(bytes).await.map_err(|fault| fault.to_string())?;
        let object = self.keep_object(&shrunk).await.map_err(|fault| fault.to_string())?;
        emoticon.picture.source = Source::Object(object.hash);
        (emoticon.picture.size, emoticon.picture.media_type) = (object.size, object.media_type);
        emoticon.animated = animated;
        Ok(())
    }

    async fn ink(&self, attachment: &mut Attachment) -> Result<(), String> {
        let bytes = self.bytes(&attachment.source).await.ok_or("it is not here")?;
        let gif = media::ink::to_gif(bytes).await.map_err(|fault| fault.to_string())?;
        let object = self.keep_object(&gif).await.map_err(|fault| fault.to_string())?;
        attachment.source = Source::Object(object.hash);
        (attachment.size, attachment.media_type) = (object.size, object.media_type);
        Ok(())
    }

    /// The GIF of handwriting that was prepared.
    pub(crate) async fn ink_bytes(&self, attachment: &Attachment) -> Option<Bytes> {
        self.bytes(&attachment.source).await.filter(|bytes| bytes.starts_with(b"GIF8"))
    }

    /// Makes a display picture of an image.
    pub(crate) async fn portrait(&self, blob: BlobId) -> Option<Portrait> {
        let bytes = self.bytes(&Source::Blob(blob)).await?;
        let picture = match media::picture::normalise(bytes).await {
            Ok(picture) => picture,
            Err(fault) => {
                debug!(%fault, "what should be a picture is none");
                return None;
            }
        };
        match self.keep_object(&picture.png).await {
            Ok(object) => Some(Portrait { hash: object.hash, size: object.size }),
            Err(fault) => {
                warn!(%fault, "a picture cannot be kept");
                None
            }
        }
    }

    /// A client's display picture, as networks are shown it.
    pub(crate) async fn own_picture(&self, hash: &ObjectHash) -> Option<Attachment> {
        let object = self.store.object(hash).await.ok().flatten()?;
        let extension = object.media_type.strip_prefix("image/")?.to_owned();
        let (name, source) = (format!("picture.{extension}"), Source::Object(*hash));
        Some(Attachment { name, media_type: object.media_type, size: object.size, source, link: None })
    }

    /// Keeps what a message itself brought.
    pub(crate) async fn keep_enclosed(&self, bytes: &[u8]) -> Result<(), MediaFault> {
        self.keep_object(bytes).await.map(drop)
    }
}

/// A file name as the last part of an address: what is no plain letter, digit or dot becomes a line.
fn in_address(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '_' };
    let name: String = name.chars().map(plain).collect();
    let begin = name.len().saturating_sub(60);
    match name.get(begin..).unwrap_or_default().trim_start_matches('.') {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_an_address_is_plain_and_keeps_its_ending() {
        assert_eq!(in_address("my cät.png"), "my_c_t.png");
        assert_eq!(in_address("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(in_address("..."), "file");
        assert!(in_address(&format!("{}.txt", "x".repeat(300))).ends_with("x.txt"));
    }
}
