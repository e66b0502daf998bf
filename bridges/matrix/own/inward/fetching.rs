//! What a message shows, fetched for a linked account.

use std::time::Duration;

use bridge::Failure;
use domain::media::Attachment;
use futures_util::{FutureExt as _, future::try_join_all};
use tokio::time::Instant;

use crate::{
    arrival::Fetched,
    homeserver::{Trouble, time_for},
    media::Unfetched,
    message::{Body, RemoteMedia, Said},
    own::{OwnAccount, trouble::failure},
};

/// For how long a picture or file that cannot be had is tried again, besides the time that its bytes take: what is said after it
/// waits for it.
const FETCH: Duration = Duration::from_mins(1);
/// How large a file may be that does not say, so that it still comes whole on a slow way.
const UNSAID: u64 = 8 * 1024 * 1024;
/// How long all emoticons of a message together may take.
const ORNAMENTS: Duration = Duration::from_secs(10);
/// The longest wait between two attempts at it.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// Fetches what a message shows: emoticons all at once and not for long, a file for as long as its size allows.
pub(super) async fn fetch_all(account: &OwnAccount, said: &Said, media: &[RemoteMedia]) -> Result<Fetched, Failure> {
    let is_file = matches!(said, Said::Message { body: Body::Media { .. }, .. });
    let limit = account.configuration.largest_file;
    let fetching = media.iter().map(|media| {
        let bytes = media.size.unwrap_or(UNSAID).min(limit);
        fetch(account, media, if is_file { time_for(bytes) } else { ORNAMENTS })
    });
    let fetched = try_join_all(fetching).await?;
    Ok(media.iter().map(|media| media.uri.clone()).zip(fetched).collect())
}

/// Fetches a file, or says why it cannot be had. A failure of the homeserver itself is a failure: that is waited for, as is room for
/// it here.
async fn fetch(
    account: &OwnAccount,
    media: &RemoteMedia,
    patience: Duration,
) -> Result<Result<Attachment, String>, Failure> {
    let mut reason = "it took too long".to_owned();
    let attempts = async {
        let began = Instant::now();
        let mut wait = Duration::from_secs(1);
        loop {
            let attempt = Instant::now();
            match account.fetch(media).await {
                Ok(file) => return Some(Ok(Ok(file))),
                // Room here is waited for, and a session that has ended has nothing to do with the file.
                Err(Unfetched::Here(failure) | Unfetched::There(failure @ Failure::SignedOut { .. })) => {
                    return Some(Err(failure));
                }
                Err(Unfetched::There(Failure::Retry { after, reason: why })) => {
                    tracing::debug!(uri = %media.uri, why, "a file cannot be fetched now");
                    reason = why;
                    // What is refused at once does not come by waiting as long as its bytes would take.
                    if began.elapsed() > FETCH && attempt.elapsed() < LONGEST_WAIT {
                        return None;
                    }
                    tokio::time::sleep(after.unwrap_or(wait).min(LONGEST_WAIT)).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                Err(Unfetched::There(failure @ (Failure::Refused { .. } | Failure::Unsupported { .. }))) => {
                    return Some(Ok(Err(failure.to_string())));
                }
            }
        }
    };
    if let Ok(Some(outcome)) = tokio::time::timeout(patience, attempts).await {
        return outcome;
    }
    account.client.whoami().boxed().await.map_err(|error| failure(Trouble::from(matrix_sdk::Error::from(error))))?;
    Ok(Err(reason))
}
