//! Room for pictures and files.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bridge::{Action, Features};
use domain::{
    Content, NetworkName, RemoteUser, Timestamp,
    contact::RemoteTarget,
    media::{Attachment, Source},
};
use store::Introduction;
use tempfile::TempDir;

use super::{Reluctant, core, passport};
use crate::{Limits, NetworkEntry, RegistrationPolicy, core::Core};

/// Keeps so many bytes, as if that had been long ago.
async fn keep(core: &Core, folder: &TempDir, name: &str, size: usize) -> Attachment {
    let bytes: Vec<u8> = name.bytes().cycle().take(size).collect();
    let attachment = core.media.keep_bytes(name, &bytes).await.unwrap();
    let Source::Blob(blob) = attachment.source else { panic!("{attachment:?}") };
    let blob = blob.to_string();
    let path = folder.path().join("media").join(&blob[..2]).join(&blob);
    File::options().write(true).open(path).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    attachment
}

/// Keeps so many bytes under a link that lasts so many days.
async fn link(core: &Core, folder: &TempDir, name: &str, size: usize, days: u64) -> (Attachment, String) {
    let mut attachment = keep(core, folder, name, size).await;
    core.media.limit(&Limits { media_links_last: Duration::from_hours(24 * days), ..core.settings.limits.clone() });
    core.media.link(&mut attachment).await.unwrap();
    let token = attachment.link.clone().unwrap().split('/').nth(1).unwrap().to_owned();
    (attachment, token)
}

#[tokio::test]
async fn what_is_still_to_be_delivered_is_never_among_what_makes_room() {
    let name: NetworkName = "net".parse().unwrap();
    let network = Arc::new(Reluctant::default());
    let entry = NetworkEntry { name: name.clone(), bit: 64.try_into().unwrap(), network, features: Features::PLAIN };
    let (core, folder) = core(RegistrationPolicy::Closed, vec![entry]).await;
    let carol = passport("carol@msn.example");
    core.store.add_account(&carol, "Carol", "hash").await.unwrap();

    let unused = keep(&core, &folder, "unused", 100).await;
    let (oldest, to_oldest) = link(&core, &folder, "oldest", 100, 1).await;
    let (waiting, to_waiting) = link(&core, &folder, "waiting", 100, 1).await;
    let (newest, to_newest) = link(&core, &folder, "newest", 100, 30).await;
    let target = RemoteTarget::Person(RemoteUser("ann".to_owned()));
    let ann = Introduction { target, name: "Ann".into(), login: "ann".into(), server: None, topic: String::new() };
    let ann = core.store.allot(&name, ann).await.unwrap();
    let says =
        Action::Say { content: Content::File(waiting.clone()), sent: Timestamp(1), reply: None, heard: Vec::new() };
    core.store.order(&carol, &ann, says).await.unwrap();
    let is_here = async |attachment: &Attachment| core.media.open_file(&attachment.source).await.unwrap().is_some();
    let leads = async |token: &str| core.media.linked(token).await.is_some();

    core.media.limit(&Limits { media: 1000, ..core.settings.limits.clone() });
    assert!(core.media.has_room(600).await);
    assert_eq!((core.media.taken(), is_here(&unused).await), (400, true), "there is room: nothing has to go");

    core.media.limit(&Limits { media: 450, ..core.settings.limits.clone() });
    assert!(core.media.has_room(200).await);
    assert!(!is_here(&unused).await, "first what nothing speaks of");
    assert!(!is_here(&oldest).await && !leads(&to_oldest).await, "then the oldest of what only a link leads to");
    assert!(is_here(&newest).await && leads(&to_newest).await, "and no more than is needed");
    assert!(is_here(&waiting).await && leads(&to_waiting).await);

    assert!(!core.media.has_room(400).await, "what waits stays, and what finds no room is refused");
    let refused = core.media.keep_bytes("large", &[7; 400]).await.unwrap_err().to_string();
    assert!(refused.contains("no room"), "{refused}");
    assert!(is_here(&waiting).await && leads(&to_waiting).await);
}
