//! What was uploaded, remembered across a restart, so that neither a retry nor a second room uploads it again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bridge::{Failure, Host, HostFault, Write};
use domain::{Timestamp, media::Source};
use ruma::OwnedMxcUri;
use serde::{Deserialize, Serialize};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{source_key, source_of};
use crate::{flights::Flights, message::Uploaded};

/// Uploads are kept under this and their source.
const UPLOAD: &str = "upload/";
/// For how long an upload is remembered, in milliseconds. What is sent again later is uploaded again.
const REMEMBERED_FOR: u64 = 24 * 60 * 60 * 1000;
/// How many are remembered.
const REMEMBERED: usize = 1000;
/// After how many uploads those that are too old or too many are removed from what is kept.
const SWEEP: usize = 100;

/// The uploads that are remembered.
pub(super) struct Uploads {
    flights: Flights<Source, Uploaded>,
    since_sweep: Arc<AtomicUsize>,
}

/// An upload, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    uri: OwnedMxcUri,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    /// In milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
    at: Timestamp,
}

impl Uploads {
    /// What an earlier run remembered.
    pub(super) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let flights = Flights::new(REMEMBERED, Duration::from_millis(REMEMBERED_FOR));
        let (fresh, gone) = sort(host.list(UPLOAD).await?, host.now());
        for (source, uploaded) in fresh {
            flights.put(&source, uploaded);
        }
        if !gone.is_empty() {
            host.write(gone).await?;
        }
        Ok(Self { flights, since_sweep: Arc::default() })
    }

    /// Where the bytes of `source` are on the homeserver; `upload` puts them there if they are not, and goes on when nobody waits
    /// any more: a file that takes longer than one attempt at its message is there at a later one.
    pub(super) async fn get(
        &self,
        host: Arc<dyn Host>,
        source: Source,
        under: (&TaskTracker, &CancellationToken),
        upload: impl Future<Output = Result<Uploaded, Failure>> + Send + 'static,
    ) -> Result<Uploaded, Failure> {
        let since_sweep = Arc::clone(&self.since_sweep);
        let upload = async move {
            let uploaded = upload.await?;
            if let Err(fault) = keep(&*host, &since_sweep, &source, &uploaded).await {
                // Then it is uploaded once more after a restart.
                tracing::debug!(%fault, "an upload is not kept");
            }
            Ok(uploaded)
        };
        self.flights.get_anyway(&source, under, upload).await
    }
}

async fn keep(
    host: &dyn Host,
    since_sweep: &AtomicUsize,
    source: &Source,
    uploaded: &Uploaded,
) -> Result<(), HostFault> {
    let kept = Kept {
        uri: uploaded.uri.clone(),
        width: uploaded.width,
        height: uploaded.height,
        duration: uploaded.duration.and_then(|duration| u64::try_from(duration.as_millis()).ok()),
        at: host.now(),
    };
    let Ok(kept) = serde_json::to_string(&kept) else { return Ok(()) };
    let mut writes = vec![Write::Put(format!("{UPLOAD}{}", source_key(source)), kept)];
    if since_sweep.fetch_add(1, Ordering::Relaxed) >= SWEEP {
        since_sweep.store(0, Ordering::Relaxed);
        writes.extend(sort(host.list(UPLOAD).await?, host.now()).1);
    }
    host.write(writes).await
}

/// What of the kept is still remembered, and the writes that remove the rest.
fn sort(kept: Vec<(String, String)>, now: Timestamp) -> (Vec<(Source, Uploaded)>, Vec<Write>) {
    let mut fresh = Vec::new();
    let mut gone = Vec::new();
    for (key, value) in kept {
        let source = key.strip_prefix(UPLOAD).and_then(source_of);
        match (source, serde_json::from_str::<Kept>(&value)) {
            (Some(source), Ok(kept)) if now.since(kept.at) < REMEMBERED_FOR && kept.uri.is_valid() => {
                fresh.push((kept.at, key, source, kept));
            }
            (Some(_) | None, Ok(_) | Err(_)) => gone.push(Write::Delete(key)),
        }
    }
    fresh.sort_by_key(|(at, ..)| at.0);
    let surplus = fresh.len().saturating_sub(REMEMBERED);
    gone.extend(fresh.drain(..surplus).map(|(_, key, ..)| Write::Delete(key)));
    let uploaded = |kept: Kept| Uploaded {
        uri: kept.uri,
        width: kept.width,
        height: kept.height,
        duration: kept.duration.map(Duration::from_millis),
        key: None,
    };
    (fresh.into_iter().map(|(_, _, source, kept)| (source, uploaded(kept))).collect(), gone)
}

#[cfg(test)]
mod tests {
    use domain::media::BlobId;

    use super::*;

    fn kept(number: u16, at: i64) -> (String, String) {
        let [high, low] = number.to_be_bytes();
        let mut blob = [0; 32];
        (blob[0], blob[1]) = (high, low);
        let source = source_key(&Source::Blob(BlobId(blob)));
        (format!("{UPLOAD}{source}"), format!(r#"{{"uri":"mxc://example.org/u{number}","width":3,"at":{at}}}"#))
    }

    #[test]
    fn what_is_old_broken_or_too_much_is_forgotten() {
        let now = Timestamp(200_000_000);
        let broken = (format!("{UPLOAD}blob xyz"), "{}".to_owned());
        let (fresh, gone) = sort(vec![kept(1, 199_999_000), kept(2, 1_000), broken.clone()], now);
        assert_eq!(fresh.len(), 1);
        assert_eq!((fresh[0].1.uri.as_str(), fresh[0].1.width), ("mxc://example.org/u1", Some(3)));
        assert_eq!(gone, [Write::Delete(kept(2, 0).0), Write::Delete(broken.0)]);

        let many = (0..1005).map(|number| kept(number, 199_000_000 + i64::from(number))).collect();
        let (fresh, gone) = sort(many, now);
        assert_eq!((fresh.len(), gone.len()), (1000, 5));
        assert_eq!(gone[0], Write::Delete(kept(0, 0).0), "the oldest go");
    }
}
