//! Files of the homeserver, as one user of ours sees them.

use bridge::MediaStream;
use ruma::{MxcUri, OwnedMxcUri};
use serde::Deserialize;

use super::Intent;
use crate::homeserver::{Bytes, Parcel, Trouble};

/// The side of the square that Messenger shows people in, in pixels.
const PORTRAIT: u32 = 96;
/// The longest answer that says something of files.
const LONGEST_ANSWER: u64 = 64 * 1024;

impl Intent<'_> {
    /// Gives the homeserver bytes to keep. They get no name there: the same bytes may be sent under several.
    pub(crate) async fn upload(&self, parcel: Parcel) -> Result<OwnedMxcUri, Trouble> {
        #[derive(Deserialize)]
        struct Kept {
            content_uri: OwnedMxcUri,
        }
        let answer = self.homeserver.give(self.user, &["media", "v3", "upload"], parcel).await?;
        let unreadable = || Trouble::Unreadable("it does not say where it keeps the file".into());
        let kept: Kept = answer.json().await.map_err(|_| unreadable())?;
        if kept.content_uri.is_valid() { Ok(kept.content_uri) } else { Err(unreadable()) }
    }

    /// The largest file that the homeserver takes, in bytes; `None` if it does not say.
    pub(crate) async fn largest_upload(&self) -> Result<Option<u64>, Trouble> {
        #[derive(Deserialize)]
        struct Limits {
            #[serde(rename = "m.upload.size")]
            upload: Option<u64>,
        }
        let answer = self.first_of(&[&["client", "v1", "media", "config"], &["media", "v3", "config"]], LONGEST_ANSWER);
        let text = match answer.await {
            Ok(bytes) => read(bytes.stream).await?,
            Err(trouble) if trouble.is_final() => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        Ok(serde_json::from_slice(&text).ok().and_then(|limits: Limits| limits.upload))
    }

    /// A file of any homeserver, as this one has it or fetches it. At most `limit` bytes are expected.
    pub(crate) async fn download(&self, uri: &MxcUri, limit: u64) -> Result<Bytes, Trouble> {
        let (server, id) = parts(uri)?;
        let paths: [&[&str]; 2] =
            [&["client", "v1", "media", "download", server, id], &["media", "v3", "download", server, id]];
        self.first_of(&paths, limit).await
    }

    /// A small form of a picture, of the size in which Messenger shows people.
    pub(crate) async fn thumbnail(&self, uri: &MxcUri, limit: u64) -> Result<Bytes, Trouble> {
        let (server, id) = parts(uri)?;
        let paths: [&[&str]; 2] =
            [&["client", "v1", "media", "thumbnail", server, id], &["media", "v3", "thumbnail", server, id]];
        let side = PORTRAIT.to_string();
        let query = [("width", side.as_str()), ("height", side.as_str()), ("method", "crop")];
        self.first_of_with(&paths, &query, limit).await
    }

    async fn first_of(&self, paths: &[&[&str]], limit: u64) -> Result<Bytes, Trouble> {
        self.first_of_with(paths, &[], limit).await
    }

    /// What is at the first of these paths; only homeservers from before Matrix 1.11 do not know the first.
    async fn first_of_with(&self, paths: &[&[&str]], query: &[(&str, &str)], limit: u64) -> Result<Bytes, Trouble> {
        let mut outcome = Err(Trouble::Unreadable("there is no such path".into()));
        for path in paths {
            outcome = self.homeserver.fetch(self.user, path, query, limit).await;
            if outcome.as_ref().is_err_and(Trouble::is_unregistered) {
                self.register().await?;
                outcome = self.homeserver.fetch(self.user, path, query, limit).await;
            }
            if !outcome.as_ref().is_err_and(is_unknown_path) {
                break;
            }
        }
        outcome
    }
}

/// Whether the homeserver does not know the path that it was asked for, other than the file there.
fn is_unknown_path(trouble: &Trouble) -> bool {
    trouble.is("M_UNRECOGNIZED") || matches!(trouble, Trouble::Ailing { status: 404 | 405, .. })
}

/// The server and the id that an address of a file consists of.
fn parts(uri: &MxcUri) -> Result<(&str, &str), Trouble> {
    let (server, id) = uri.parts().map_err(|fault| Trouble::Refused {
        status: 0,
        errcode: "M_INVALID_PARAM".into(),
        message: format!("that is no address of a file: {fault}"),
    })?;
    Ok((server.as_str(), id))
}

async fn read(stream: MediaStream) -> Result<Vec<u8>, Trouble> {
    use tokio::io::AsyncReadExt as _;
    let mut text = Vec::new();
    let outcome = stream.take(LONGEST_ANSWER).read_to_end(&mut text).await;
    outcome.map_err(|fault| Trouble::Unreadable(fault.to_string()))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_homeserver_is_told_from_a_file_that_is_gone() {
        let refused = |errcode: &str| Trouble::Refused { status: 404, errcode: errcode.into(), message: String::new() };
        assert!(is_unknown_path(&refused("M_UNRECOGNIZED")));
        assert!(!is_unknown_path(&refused("M_NOT_FOUND")));
        let ailing = |status| Trouble::Ailing { status, errcode: String::new(), message: String::new() };
        assert!(is_unknown_path(&ailing(404)) && !is_unknown_path(&ailing(502)));
        assert!(parts("mxc://example.org/abc".into()).is_ok());
        assert!(parts("https://example.org/abc".into()).is_err());
        assert!(parts("mxc://example.org/../admin".into()).is_err());
    }
}
