//! Files, to the homeserver and from it: each goes once, however many rooms and accounts it is for.

#[cfg(test)]
mod tests;
mod uploads;

use std::{
    io::Cursor,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use bridge::{Failure, Host, HostFault, MediaStream};
use domain::{
    content::in_bytes,
    media::{Attachment, Source},
};
use reqwest::Body;
use ruma::{MxcUri, OwnedMxcUri, OwnedRoomId, RoomId, UserId};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use crate::{
    appservice::{Appservice, host_failure},
    encryption::attachments::{self, KeyToCome},
    flights::Flights,
    homeserver::{Homeserver, Parcel, Trouble},
    measures::Measures,
    message::{FileKey, RemoteMedia, Uploaded, media_type},
};

/// How many fetched files are remembered. The bytes themselves are with the host.
const FETCHED: usize = 512;
/// For how long: the host forgets what no message speaks of, but not so soon.
const FETCHED_FOR: Duration = Duration::from_hours(1);
/// How many encrypted uploads are remembered, so that a retry does not upload once more.
const LOCKED: usize = 256;
/// For how long.
const LOCKED_FOR: Duration = Duration::from_hours(24);
/// How much of a file is read before it is sent: what is no longer goes with its true length, whatever was announced.
const HEAD: u64 = 256 * 1024;

/// The files that are remembered.
pub(crate) struct Media {
    uploads: uploads::Uploads,
    /// What was uploaded encrypted, by its room: nobody can see that two rooms have the same file. It is not kept, as its key would be.
    locked: Flights<(OwnedRoomId, Source), Uploaded>,
    /// By their addresses and keys: who names another's file with a key of their own has not seen it.
    fetched: Flights<(OwnedMxcUri, Option<Box<FileKey>>), Attachment>,
    carrier: Arc<Carrier>,
}

/// What an upload needs: it may outlive the message that it is for.
struct Carrier {
    homeserver: Arc<Homeserver>,
    host: Arc<dyn Host>,
    largest: Mutex<Largest>,
}

/// Why a file did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfetched {
    /// The homeserver did not give it.
    There(Failure),
    /// It could not be kept here, which says nothing of the file: it is waited for.
    Here(Failure),
}

impl Unfetched {
    /// Bytes that were not kept; `broke`: they broke off on their way.
    pub(crate) const fn unkept(failure: Failure, broke: bool) -> Self {
        // What came and found no room here will find some later, unless it is refused for what it is.
        if failure.is_passing() && !broke { Self::Here(failure) } else { Self::There(failure) }
    }
}

impl From<Failure> for Unfetched {
    fn from(failure: Failure) -> Self {
        Self::There(failure)
    }
}

impl From<Unfetched> for Failure {
    fn from(unfetched: Unfetched) -> Self {
        match unfetched {
            Unfetched::There(failure) | Unfetched::Here(failure) => failure,
        }
    }
}

/// The largest file that the homeserver takes.
#[derive(Debug, Clone, Copy, Default)]
enum Largest {
    /// It was not asked yet, or may have changed its mind.
    #[default]
    Unknown,
    /// It does not say.
    Unsaid,
    /// In bytes.
    Bytes(u64),
}

impl Media {
    /// What an earlier run remembered.
    pub(crate) async fn load(homeserver: Arc<Homeserver>, host: Arc<dyn Host>) -> Result<Self, HostFault> {
        let uploads = uploads::Uploads::load(&*host).await?;
        let carrier = Arc::new(Carrier { homeserver, host, largest: Mutex::default() });
        let (locked, fetched) = (Flights::new(LOCKED, LOCKED_FOR), Flights::new(FETCHED, FETCHED_FOR));
        Ok(Self { uploads, locked, fetched, carrier })
    }
}

impl Appservice {
    /// Puts an attachment's bytes on the homeserver, or finds them there.
    pub(crate) async fn upload(&self, ghost: &UserId, attachment: &Attachment) -> Result<Uploaded, Failure> {
        let (carrier, ghost, attachment) = (Arc::clone(&self.media.carrier), ghost.to_owned(), attachment.clone());
        let source = attachment.source;
        let upload = async move { Box::pin(carrier.upload_anew(&ghost, &attachment, false)).await };
        self.media.uploads.get(Arc::clone(&self.host), source, (&self.tasks, &self.stopping), upload).await
    }

    /// Puts an attachment's bytes on the homeserver so that only those of this room can read them, or finds them there.
    pub(crate) async fn upload_for(
        &self,
        ghost: &UserId,
        room: &RoomId,
        attachment: &Attachment,
    ) -> Result<Uploaded, Failure> {
        let (carrier, ghost, attachment) = (Arc::clone(&self.media.carrier), ghost.to_owned(), attachment.clone());
        let whose = (room.to_owned(), attachment.source);
        let upload = async move { Box::pin(carrier.upload_anew(&ghost, &attachment, true)).await };
        self.media.locked.get_anyway(&whose, (&self.tasks, &self.stopping), upload).await
    }

    /// Has a file of the homeserver kept here. Refused when it is gone, or too large, so that its receiver has to be told that;
    /// other failures may pass.
    pub(crate) async fn fetch(&self, ghost: &UserId, media: &RemoteMedia) -> Result<Attachment, Unfetched> {
        let limit = self.configuration.largest_file;
        if let Some(size) = media.size.filter(|size| *size > limit) {
            return Err(too_large(size, limit).into());
        }
        let fetch = self.fetch_anew(ghost, media, limit);
        let attachment = self.media.fetched.get(&(media.uri.clone(), media.key.clone()), fetch).await?;
        // Others may have sent the same file under another name.
        Ok(Attachment { name: media.name.clone(), ..attachment })
    }

    async fn fetch_anew(&self, ghost: &UserId, media: &RemoteMedia, limit: u64) -> Result<Attachment, Unfetched> {
        let uri = &media.uri;
        let bytes =
            self.homeserver.acting_as(ghost).download(uri, limit).await.map_err(|trouble| self.lost(uri, trouble))?;
        if let Some(length) = bytes.length.filter(|length| *length > limit) {
            return Err(too_large(length, limit).into());
        }
        let (stream, tampering) = match &media.key {
            Some(key) => {
                let (stream, tampering) = attachments::decrypted(bytes.stream, key);
                (stream, Some(tampering))
            }
            None => (bytes.stream, None),
        };
        let kept = self.keep(&media.name, stream, limit).await;
        if tampering.is_some_and(|tampering| tampering.is_seen()) {
            return Err(Failure::refused("its bytes are not those that were sent: their hash is another").into());
        }
        let kept = kept.map_err(|failure| Unfetched::unkept(failure, bytes.broke.load(Ordering::Relaxed)))?;
        tracing::debug!(%ghost, %uri, size = kept.size, kind = kept.media_type, "a file was fetched");
        Ok(kept)
    }

    /// Has bytes kept by the host.
    pub(crate) async fn keep(&self, name: &str, stream: MediaStream, limit: u64) -> Result<Attachment, Failure> {
        self.host.keep_media(name, stream, limit).await.map_err(|fault| match fault {
            HostFault::TooLarge { limit } => Failure::refused(format!("it has more than {}", in_bytes(limit))),
            HostFault::Full => Failure::refused(fault.to_string()),
            HostFault::Store(_) | HostFault::Secrets(_) | HostFault::Media(_) | HostFault::Stopping => {
                host_failure(&fault)
            }
        })
    }

    /// What follows from a file's not coming. Where it is of another homeserver, and ours says in its own words that it could not
    /// get it, nothing is won by waiting in front of it: what is said after it would wait as well.
    fn lost(&self, uri: &MxcUri, trouble: Trouble) -> Failure {
        let is_elsewhere = uri.server_name().is_ok_and(|server| server != self.configuration.names.server());
        match trouble {
            Trouble::Ailing { errcode, message, .. } if is_elsewhere && !errcode.is_empty() => {
                Failure::refused(format!("its own homeserver does not give it: {errcode} {message}"))
            }
            Trouble::Refused { status: 404, .. } => Failure::refused("it is not there any more"),
            Trouble::Ailing { .. }
            | Trouble::Refused { .. }
            | Trouble::Silent(_)
            | Trouble::Unreadable(_)
            | Trouble::Limited(_)
            | Trouble::Stranger => trouble.into(),
        }
    }
}

impl Carrier {
    /// Uploads a file; `locked`: encrypted.
    async fn upload_anew(&self, ghost: &UserId, attachment: &Attachment, locked: bool) -> Result<Uploaded, Failure> {
        let intent = self.homeserver.acting_as(ghost);
        self.fits(ghost, attachment.size).await?;
        let (parcel, mut packing) = pack(&*self.host, attachment, locked).await?;
        let outcome = match intent.upload(parcel).await {
            Err(trouble) if trouble.is_unregistered() => {
                intent.register().await?;
                let (parcel, anew) = pack(&*self.host, attachment, locked).await?;
                packing = anew;
                intent.upload(parcel).await
            }
            outcome => outcome,
        };
        if outcome.is_err() {
            // It may take less than it did; a refused file often shows as a connection that breaks off.
            self.set_largest(Largest::Unknown);
        }
        match outcome {
            Ok(uri) => {
                tracing::debug!(%ghost, %uri, size = attachment.size, kind = attachment.media_type, "a file was uploaded");
                Ok(packing.arrived(uri))
            }
            Err(trouble) if trouble.is("M_TOO_LARGE") => {
                self.fits(ghost, attachment.size).await?;
                Err(Failure::refused(format!("the homeserver takes no file of {}", in_bytes(attachment.size))))
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Whether the homeserver takes a file of this size.
    async fn fits(&self, ghost: &UserId, size: u64) -> Result<(), Failure> {
        let known = *self.largest.lock().unwrap_or_else(PoisonError::into_inner);
        let largest = match known {
            Largest::Unknown => {
                let said = self.homeserver.acting_as(ghost).largest_upload().await?;
                self.set_largest(said.map_or(Largest::Unsaid, Largest::Bytes));
                said
            }
            Largest::Unsaid => None,
            Largest::Bytes(largest) => Some(largest),
        };
        let Some(largest) = largest.filter(|largest| size > *largest) else { return Ok(()) };
        let (largest, size) = (in_bytes(largest), in_bytes(size));
        Err(Failure::refused(format!("the homeserver takes files of {largest} at most, and this one has {size}")))
    }

    fn set_largest(&self, largest: Largest) {
        *self.largest.lock().unwrap_or_else(PoisonError::into_inner) = largest;
    }
}

/// An attachment, ready to go; `locked`: encrypted as it goes.
pub(crate) async fn pack(host: &dyn Host, attachment: &Attachment, locked: bool) -> Result<(Parcel, Packing), Failure> {
    let opened = host.open_media(attachment.source).await.map_err(|fault| host_failure(&fault))?;
    let Some(mut stream) = opened else {
        return Err(Failure::refused(format!("{} is not kept here any more; send it again", attachment.name)));
    };
    let mut head = Vec::new();
    let read = (&mut stream).take(HEAD).read_to_end(&mut head).await;
    read.map_err(|fault| Failure::retry(format!("{} could not be read: {fault}", attachment.name)))?;
    let (measures, read) = (Measures::of(&head), head.len() as u64);
    let (whole, length): (MediaStream, u64) = if read < HEAD {
        (Box::pin(Cursor::new(head)), read)
    } else {
        let rest = stream.take(attachment.size.saturating_sub(read));
        (Box::pin(Cursor::new(head).chain(rest)), attachment.size.max(read))
    };
    let (stream, key) = if locked {
        let (stream, key) = attachments::encrypted(whole);
        (stream, Some(key))
    } else {
        (whole, None)
    };
    let media_type = if locked { "application/octet-stream" } else { media_type::of(attachment) };
    let body = Body::wrap_stream(ReaderStream::new(stream));
    Ok((Parcel { body, length, media_type: media_type.to_owned() }, Packing { measures, key }))
}

/// What is known of a file that goes to a homeserver.
pub(crate) struct Packing {
    measures: Measures,
    /// Of one that is encrypted as it goes.
    key: Option<KeyToCome>,
}

impl Packing {
    /// The file, whose bytes have all gone to this address.
    pub(crate) fn arrived(self, uri: OwnedMxcUri) -> Uploaded {
        let (width, height) = self.measures.size.unzip();
        let key = self.key.map(|key| Box::new(key.key()));
        Uploaded { uri, width, height, duration: self.measures.duration, key }
    }
}

pub(crate) fn too_large(size: u64, limit: u64) -> Failure {
    Failure::refused(format!("it has {}, and {} is the most that is fetched", in_bytes(size), in_bytes(limit)))
}

/// A source as a part of a key.
pub(crate) fn source_key(source: &Source) -> String {
    match source {
        Source::Blob(blob) => format!("blob {blob}"),
        Source::Object(object) => format!("object {object}"),
    }
}

/// The source that [`source_key`] was made of.
pub(crate) fn source_of(key: &str) -> Option<Source> {
    match key.split_once(' ')? {
        ("blob", blob) => blob.parse().ok().map(Source::Blob),
        ("object", object) => object.parse().ok().map(Source::Object),
        _ => None,
    }
}
