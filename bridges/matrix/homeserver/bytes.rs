//! Asking the homeserver for bytes, or giving it some: they pass by piece by piece, and are never in memory together.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bridge::MediaStream;
use futures_util::TryStreamExt as _;
use http::{Method, header};
use reqwest::{Body, Request, Response};
use ruma::UserId;
use tokio_util::io::StreamReader;
use url::Url;

use super::{Homeserver, Trouble, impossible, succeeded};

/// How long bytes may take besides what their number allows them.
const LEAST_TIME: Duration = Duration::from_mins(1);
/// The slowest way on which files still come through, in bytes a second.
const SLOWEST: u64 = 64 * 1024;
/// How often the homeserver may point to another place of its own.
const REDIRECTIONS: usize = 3;

/// Bytes on their way from the homeserver.
pub(crate) struct Bytes {
    /// How many, if it says so; it may be wrong.
    pub(crate) length: Option<u64>,
    /// They themselves.
    pub(crate) stream: MediaStream,
    /// Whether they broke off on their way.
    pub(crate) broke: Arc<AtomicBool>,
}

/// Bytes on their way to the homeserver.
pub(crate) struct Parcel {
    /// They themselves.
    pub(crate) body: Body,
    /// How many they are; Synapse wants to know before it takes any.
    pub(crate) length: u64,
    /// Their media type.
    pub(crate) media_type: String,
}

impl Homeserver {
    /// Fetches what is at `path` as `user`, at most `limit` bytes being expected.
    pub(crate) async fn fetch(
        &self,
        user: &UserId,
        path: &[&str],
        query: &[(&str, &str)],
        limit: u64,
    ) -> Result<Bytes, Trouble> {
        let mut url = self.address(user, path)?;
        url.query_pairs_mut().extend_pairs(query);
        for _ in 0..REDIRECTIONS {
            let mut request = Request::new(Method::GET, url.clone());
            self.sign(&mut request, limit)?;
            let answer = self.send(request).await.inspect_err(|trouble| self.note(Some(trouble)))?;
            if !answer.status().is_redirection() {
                // A file that another homeserver does not give says nothing of this one: that is no outage.
                let answer = succeeded(answer).await?;
                self.note(None);
                let (length, broke) = (answer.content_length(), Arc::default());
                return Ok(Bytes { length, stream: stream(answer, Arc::clone(&broke)), broke });
            }
            url = redirection(&url, &answer)?;
        }
        Err(elsewhere("it points in a circle"))
    }

    /// Gives bytes to the homeserver at `path` as `user`; the answer is small.
    pub(crate) async fn give(&self, user: &UserId, path: &[&str], parcel: Parcel) -> Result<Response, Trouble> {
        let mut request = Request::new(Method::POST, self.address(user, path)?);
        self.sign(&mut request, parcel.length)?;
        let media_type = parcel.media_type.parse().map_err(|fault| impossible(&fault))?;
        request.headers_mut().insert(header::CONTENT_TYPE, media_type);
        request.headers_mut().insert(header::CONTENT_LENGTH, parcel.length.into());
        *request.body_mut() = Some(parcel.body);
        let answer = self.send(request).await?;
        if answer.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
            // Mostly the word of something in front of the homeserver, which has no error codes; it will not change its mind.
            let (errcode, message) = ("M_TOO_LARGE".to_owned(), "it is too large".to_owned());
            return Err(Trouble::Refused { status: 413, errcode, message });
        }
        succeeded(answer).await
    }

    fn address(&self, user: &UserId, path: &[&str]) -> Result<Url, Trouble> {
        let mut url = Url::parse(&self.url).map_err(|fault| impossible(&fault))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("_matrix").extend(path);
        }
        url.query_pairs_mut().append_pair("user_id", user.as_str());
        Ok(url)
    }

    /// Shows who asks, and gives the request the time that so many bytes take.
    fn sign(&self, request: &mut Request, length: u64) -> Result<(), Trouble> {
        let token = format!("Bearer {}", self.as_token).parse().map_err(|fault| impossible(&fault))?;
        request.headers_mut().insert(header::AUTHORIZATION, token);
        *request.timeout_mut() = Some(time_for(length));
        Ok(())
    }
}

/// Where the homeserver points to. Only another place of its own is gone to: the token must reach nobody else, and whoever
/// can make it point somewhere must not make this program knock on doors inside its network.
fn redirection(from: &Url, answer: &Response) -> Result<Url, Trouble> {
    let to = answer.headers().get(header::LOCATION).and_then(|to| from.join(to.to_str().ok()?).ok());
    match to {
        Some(to) if to.origin() == from.origin() => Ok(to),
        Some(to) => Err(elsewhere(to.host_str().unwrap_or("another address"))),
        None => Err(elsewhere("nowhere")),
    }
}

fn elsewhere(place: &str) -> Trouble {
    Trouble::Refused {
        status: 302,
        errcode: String::new(),
        message: format!("it keeps its files elsewhere ({place}), where they are not fetched from"),
    }
}

/// How long so many bytes may take.
pub(crate) fn time_for(length: u64) -> Duration {
    LEAST_TIME + Duration::from_secs(length / SLOWEST)
}

pub(crate) fn stream(answer: Response, broke: Arc<AtomicBool>) -> MediaStream {
    let parts = answer.bytes_stream().map_err(move |fault| {
        broke.store(true, Ordering::Relaxed);
        io::Error::other(fault.without_url().to_string())
    });
    Box::pin(StreamReader::new(Box::pin(parts)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use axum::{Router, response::Redirect, routing::get};
    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// A server on this machine; its address.
    async fn serve(router: Router) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn whoever_points_elsewhere_makes_nobody_knock_there() {
        let knocks: Arc<AtomicUsize> = Arc::default();
        let counted = Arc::clone(&knocks);
        let inside = serve(Router::new().fallback(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { "a door inside" }
        }))
        .await;
        let away = move || async move { Redirect::temporary(&inside) };
        let routes = Router::new()
            .route("/_matrix/here", get(|| async { "bytes" }))
            .route("/_matrix/near", get(|| async { Redirect::temporary("/_matrix/here") }))
            .route("/_matrix/circle", get(|| async { Redirect::temporary("/_matrix/circle") }))
            .route("/_matrix/away", get(away))
            .route("/_matrix/metadata", get(|| async { Redirect::temporary("http://169.254.169.254/latest/") }));
        let homeserver = Homeserver::at(serve(routes).await, "token".into(), super::super::client().unwrap());
        let user = UserId::parse("@bot:example.org").unwrap();
        let fetch = async |what: &str| match homeserver.fetch(&user, &[what], &[], 100).await {
            Ok(mut bytes) => {
                let mut text = String::new();
                bytes.stream.read_to_string(&mut text).await.unwrap();
                Ok(text)
            }
            Err(trouble) => Err(trouble.to_string()),
        };
        for own in ["here", "near"] {
            assert_eq!(fetch(own).await.as_deref(), Ok("bytes"), "{own}");
        }
        for other in ["away", "metadata", "circle"] {
            let refused = fetch(other).await.unwrap_err();
            assert!(refused.contains("it keeps its files elsewhere"), "{other}: {refused}");
        }
        assert_eq!(knocks.load(Ordering::Relaxed), 0);
    }
}
