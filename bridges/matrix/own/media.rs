//! Files of a linked account, to its homeserver and from it, piece by piece: matrix-sdk would have each of them in memory as a whole.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bridge::{Failure, Host};
use domain::{
    content::in_bytes,
    media::{Attachment, Source},
};
use futures_util::FutureExt as _;
use http::{Method, StatusCode, header};
use matrix_sdk::Client;
use reqwest::{Request, Response};
use ruma::{OwnedMxcUri, OwnedRoomId, RoomId};
use serde::Deserialize;
use url::Url;

use super::{
    OwnAccount,
    trouble::{failure, signed_out},
};
use crate::{
    encryption::attachments,
    flights::Flights,
    homeserver::{self, Parcel, Trouble, time_for},
    media::{Unfetched, pack, too_large},
    message::{FileKey, RemoteMedia, Uploaded},
};

/// How many files are remembered that were uploaded, so that a retry does not upload once more.
const UPLOADED: usize = 128;
/// For how long.
const UPLOADED_FOR: Duration = Duration::from_hours(24);
/// How many files are remembered that were fetched. The bytes themselves are with the host.
const FETCHED: usize = 128;
/// For how long: the host forgets what no message speaks of, but not so soon.
const FETCHED_FOR: Duration = Duration::from_hours(1);

/// The files that are remembered of one account.
pub(super) struct OwnMedia {
    /// By their room where they are encrypted: nobody can see that two rooms have the same file.
    uploaded: Flights<(Option<OwnedRoomId>, Source), Uploaded>,
    fetched: Flights<(OwnedMxcUri, Option<Box<FileKey>>), Attachment>,
}

impl Default for OwnMedia {
    fn default() -> Self {
        Self { uploaded: Flights::new(UPLOADED, UPLOADED_FOR), fetched: Flights::new(FETCHED, FETCHED_FOR) }
    }
}

impl OwnAccount {
    /// Puts an attachment's bytes on the homeserver, or finds them there: encrypted for the people of a room, or in clear for everybody.
    pub(crate) async fn upload(&self, room: Option<&RoomId>, attachment: &Attachment) -> Result<Uploaded, Failure> {
        let appservice = self.appservice()?;
        let (client, host, file) = (self.client.clone(), Arc::clone(&self.host), attachment.clone());
        let locked = room.is_some();
        let upload = async move { Box::pin(upload_anew(&client, &*host, &file, locked)).await };
        let whose = (room.map(ToOwned::to_owned), attachment.source);
        // A file that takes longer than one attempt at its message is there at a later one.
        self.media.uploaded.get_anyway(&whose, (&appservice.tasks, &appservice.stopping), upload).await
    }

    /// Has a file kept here, decrypted where it has a key. Refused when it is gone, too large, or not what was sent, so that its
    /// receiver has to be told that; other failures may pass.
    pub(crate) async fn fetch(&self, media: &RemoteMedia) -> Result<Attachment, Unfetched> {
        let limit = self.configuration.largest_file;
        if let Some(size) = media.size.filter(|size| *size > limit) {
            return Err(too_large(size, limit).into());
        }
        let fetch = self.fetch_anew(media, limit);
        let attachment = self.media.fetched.get(&(media.uri.clone(), media.key.clone()), fetch).await?;
        // Others may have sent the same file under another name.
        Ok(Attachment { name: media.name.clone(), ..attachment })
    }

    async fn fetch_anew(&self, media: &RemoteMedia, limit: u64) -> Result<Attachment, Unfetched> {
        let answer = match download(&self.client, media, limit).await {
            Err(Trouble::Stranger) if self.client.whoami().boxed().await.is_ok() => {
                download(&self.client, media, limit).await
            }
            outcome => outcome,
        };
        let answer = answer.map_err(|trouble| self.lost(media, trouble))?;
        if let Some(length) = answer.content_length().filter(|length| *length > limit) {
            return Err(too_large(length, limit).into());
        }
        let broke = Arc::default();
        let stream = homeserver::stream(answer, Arc::clone(&broke));
        let (stream, tampering) = match &media.key {
            Some(key) => {
                let (stream, tampering) = attachments::decrypted(stream, key);
                (stream, Some(tampering))
            }
            None => (stream, None),
        };
        let kept = self.appservice()?.keep(&media.name, stream, limit).await;
        if tampering.is_some_and(|tampering| tampering.is_seen()) {
            return Err(Failure::refused("its bytes are not those that were sent: their hash is another").into());
        }
        let kept = kept.map_err(|failure| Unfetched::unkept(failure, broke.load(Ordering::Relaxed)))?;
        tracing::debug!(owner = %self.owner, uri = %media.uri, size = kept.size, kind = kept.media_type, "a file was fetched");
        Ok(kept)
    }

    /// What follows from a file's not coming. Where it is of another homeserver, and the account's own says in its own words that it
    /// could not get it, nothing is won by waiting in front of it.
    fn lost(&self, media: &RemoteMedia, trouble: Trouble) -> Failure {
        let is_elsewhere = media.uri.server_name().is_ok_and(|server| server != self.me.server_name());
        match trouble {
            Trouble::Ailing { errcode, message, .. } if is_elsewhere && !errcode.is_empty() => {
                Failure::refused(format!("its own homeserver does not give it: {errcode} {message}"))
            }
            Trouble::Refused { status: 404, .. } => Failure::refused("it is not there any more"),
            trouble @ (Trouble::Ailing { .. }
            | Trouble::Refused { .. }
            | Trouble::Silent(_)
            | Trouble::Unreadable(_)
            | Trouble::Limited(_)
            | Trouble::Stranger) => failure(trouble),
        }
    }
}

async fn upload_anew(client: &Client, host: &dyn Host, file: &Attachment, locked: bool) -> Result<Uploaded, Failure> {
    fits(client, file.size).await?;
    let (parcel, mut packing) = pack(host, file, locked).await?;
    let outcome = match give(client, parcel).await {
        // Whoever is asked who this is by matrix-sdk is given a new token where the old one has run out.
        Err(Trouble::Stranger) if client.whoami().boxed().await.is_ok() => {
            let (parcel, anew) = pack(host, file, locked).await?;
            packing = anew;
            give(client, parcel).await
        }
        outcome => outcome,
    };
    match outcome {
        Ok(uri) => {
            tracing::debug!(%uri, size = file.size, kind = file.media_type, locked, "a file was uploaded");
            Ok(packing.arrived(uri))
        }
        Err(trouble) if trouble.is("M_TOO_LARGE") => {
            Err(Failure::refused(format!("the homeserver takes no file of {}", in_bytes(file.size))))
        }
        Err(trouble) => Err(failure(trouble)),
    }
}

/// Whether the homeserver takes a file of this size; one that does not say may take it.
async fn fits(client: &Client, size: u64) -> Result<(), Failure> {
    match client.load_or_fetch_max_upload_size().boxed().await.map(u64::from) {
        Ok(largest) if size > largest => {
            let (largest, size) = (in_bytes(largest), in_bytes(size));
            Err(Failure::refused(format!("the homeserver takes files of {largest} at most, and this one has {size}")))
        }
        Ok(_) => Ok(()),
        Err(error) => match Trouble::from(error) {
            Trouble::Stranger => Err(signed_out()),
            trouble if trouble.is_final() => Ok(()),
            trouble => Err(failure(trouble)),
        },
    }
}

/// Gives the homeserver bytes to keep. They get no name there.
async fn give(client: &Client, Parcel { body, length, media_type }: Parcel) -> Result<OwnedMxcUri, Trouble> {
    #[derive(Deserialize)]
    struct Kept {
        content_uri: OwnedMxcUri,
    }
    let mut request = request(client, Method::POST, &["media", "v3", "upload"], length)?;
    let media_type = media_type.parse().map_err(|_| Trouble::Unreadable("the file has no media type".into()))?;
    request.headers_mut().insert(header::CONTENT_TYPE, media_type);
    request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    *request.body_mut() = Some(body);
    let answer = execute(client, request).await?;
    if answer.status() == StatusCode::PAYLOAD_TOO_LARGE {
        // Mostly the word of something in front of the homeserver, which has no error codes; it will not change its mind.
        let (errcode, message) = ("M_TOO_LARGE".to_owned(), "it is too large".to_owned());
        return Err(Trouble::Refused { status: 413, errcode, message });
    }
    let unreadable = || Trouble::Unreadable("it does not say where it keeps the file".into());
    let answer = homeserver::read(homeserver::succeeded(answer).await?).await.map_err(|_| unreadable())?;
    let kept: Kept = serde_json::from_slice(&answer).map_err(|_| unreadable())?;
    if kept.content_uri.is_valid() { Ok(kept.content_uri) } else { Err(unreadable()) }
}

/// A file of any homeserver, as the account's own has it or fetches it. At most `limit` bytes are expected.
async fn download(client: &Client, media: &RemoteMedia, limit: u64) -> Result<Response, Trouble> {
    let (server, id) = media.uri.parts().map_err(|fault| Trouble::Refused {
        status: 0,
        errcode: "M_INVALID_PARAM".into(),
        message: format!("that is no address of a file: {fault}"),
    })?;
    let path = ["client", "v1", "media", "download", server.as_str(), id];
    let answer = execute(client, request(client, Method::GET, &path, limit)?).await?;
    if answer.status().is_redirection() {
        // Whoever can make it point somewhere must not make this program knock on doors inside its network.
        return Err(Trouble::Refused {
            status: 302,
            errcode: String::new(),
            message: "it keeps its files elsewhere, where they are not fetched from".into(),
        });
    }
    homeserver::succeeded(answer).await
}

/// A request in the account's name that so many bytes go with, or come back.
fn request(client: &Client, method: Method, path: &[&str], length: u64) -> Result<Request, Trouble> {
    let mut url: Url = client.homeserver();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("_matrix").extend(path);
    }
    let mut request = Request::new(method, url);
    let token = client.access_token().ok_or(Trouble::Stranger)?;
    let token = format!("Bearer {token}").parse().map_err(|_| Trouble::Stranger)?;
    request.headers_mut().insert(header::AUTHORIZATION, token);
    *request.timeout_mut() = Some(time_for(length));
    Ok(request)
}

async fn execute(client: &Client, request: Request) -> Result<Response, Trouble> {
    client.http_client().execute(request).await.map_err(|fault| homeserver::silent(&fault))
}
