//! What a bridge is given beside the store.

use std::io::Cursor;
use std::sync::Arc;

use bridge::{Arrival, Batch, Bound, Features, Host, HostFault, Inbox, RemoteProfile, RoomProfile, Write};
use domain::{
    NetworkName, RemoteRoom, RemoteUser, Timestamp,
    media::{Attachment, BlobId, Source},
};

use tokio_util::sync::CancellationToken;

use super::{Reluctant, core, passport};
use crate::{
    Limit, NetworkEntry, RegistrationPolicy,
    core::{Core, wall},
    current::CurrentSettings,
    host::NetworkHost,
};

fn host(core: &Arc<Core>) -> NetworkHost {
    let network: NetworkName = "net".parse().unwrap();
    NetworkHost::new(core, network, core.settings.data_directory.clone(), CancellationToken::new())
}

#[tokio::test]
async fn an_attachment_has_an_address_where_everybody_reaches_the_pages() {
    let (mut core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    let picture = host(&core).keep_media("a.png", Box::pin(Cursor::new(b"bytes".to_vec())), 10).await.unwrap();
    assert_eq!(host(&core).publish(&picture).await, Ok(None), "the pages are on this machine");

    // Nobody else has it yet.
    let mut settings = core.settings.clone();
    settings.session.web = Arc::from("https://msn.example/chat");
    Arc::get_mut(&mut core).unwrap().settings = CurrentSettings::new(settings);
    let host = host(&core);
    let address = host.publish(&picture).await.unwrap().unwrap();
    let link = address.strip_prefix("https://msn.example/chat/media/").unwrap();
    let (token, name) = link.split_once('/').unwrap();
    assert_eq!(name, "a.png");
    let (linked, path) = core.media.linked(token).await.unwrap();
    assert_eq!((linked.size, std::fs::read(path).unwrap()), (5, b"bytes".to_vec()));
    assert_eq!(host.publish(&picture).await, Ok(Some(address.clone())), "the same for a while");
    // The disk was full, and the oldest links made room.
    core.store.sweep_media_early(wall(), Timestamp(0), Timestamp(i64::MAX)).await.unwrap();
    assert!(core.media.linked(token).await.is_none());
    let another = host.publish(&picture).await.unwrap().unwrap();
    assert_ne!(another, address, "what leads nowhere is given to nobody");
    let gone = Attachment { source: Source::Blob(BlobId([7; 32])), ..picture };
    assert_eq!(host.publish(&gone).await, Ok(None));
}

#[tokio::test]
async fn only_a_few_lines_a_minute_are_told() {
    let (core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    let (carol, host) = (passport("carol@example.com"), host(&core));
    assert!(core.store.add_account(&carol, "Carol", "hash").await.unwrap());
    for number in 0..9 {
        host.notify(&carol, format!("line {number}"));
    }
    core.tasks.close();
    core.tasks.wait().await;
    let waiting = core.store.waiting_peers(&carol).await.unwrap();
    let counts: Vec<_> = waiting.iter().map(|waiting| (waiting.peer.as_str(), waiting.count)).collect();
    assert_eq!(counts, [("chrysalis@msn.example", 5)]);
}

#[tokio::test]
async fn the_oldest_of_too_many_invitations_is_closed_and_counted() {
    let (name, network) = ("net".parse().unwrap(), Arc::new(Reluctant::default()));
    let entry = NetworkEntry { name, bit: 64.try_into().unwrap(), network, features: Features::PLAIN };
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry]).await;
    let (carol, host) = (passport("carol@example.com"), host(&core));
    assert!(core.store.add_account(&carol, "Carol", "hash").await.unwrap());
    let (user, name) = (RemoteUser("ann".to_owned()), "Ann".to_owned());
    let ann = RemoteProfile { user, name, login: "ann".to_owned(), server: None, account: None };
    let invitation = |number: usize| {
        let (name, topic) = (format!("room{number}"), String::new());
        let room = RoomProfile { room: RemoteRoom(name.clone()), login: name.clone(), name, server: None, topic };
        Arrival::RoomInvitation { owner: carol.clone(), room, from: ann.clone() }
    };
    let before = Limit::RoomInvitations.times();
    let most = Batch { arrivals: (0..100).map(invitation).collect(), writes: Vec::new() };
    host.accept(most).await.unwrap();
    assert_eq!(Limit::RoomInvitations.times(), before, "so many may wait");
    host.accept(Batch { arrivals: vec![invitation(100)], writes: Vec::new() }).await.unwrap();
    assert_eq!(Limit::RoomInvitations.times(), before + 1);
}

#[tokio::test]
async fn bounds_of_bridges_are_limits_of_their_own() {
    let (core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    let host = host(&core);
    for (bound, limit) in [
        (Bound::Connections, Limit::BridgeConnections),
        (Bound::Invitations, Limit::BridgeInvitations),
        (Bound::Commands, Limit::BridgeCommands),
        (Bound::Links, Limit::BridgeLinks),
    ] {
        let before = limit.times();
        host.reached(bound, "somebody");
        assert_eq!(limit.times(), before + 1, "{bound:?}");
    }
}

#[tokio::test]
async fn secrets_that_cannot_be_kept_are_a_fault_of_their_own() {
    let (core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    let refused = host(&core).write(vec![Write::Seal("token".into(), "Op3nSesame".into())]).await.unwrap_err();
    assert!(matches!(&refused, HostFault::Secrets(text) if !text.contains("Op3nSesame")), "{refused:?}");
}
