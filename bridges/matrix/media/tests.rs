//! Files and avatars with a homeserver that is played by the test.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use bridge::{Host as _, conformance::FakeHost};
use domain::{
    RemoteUser,
    contact::RemoteTarget,
    media::{BlobId, ObjectHash},
};
use ruma::user_id;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::{
    configuration::{
        Configuration,
        tests::{section, values},
    },
    homeserver::Homeserver,
};

const LIMIT: u64 = 2_000_000;

/// A status, headers and a body.
type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

/// A homeserver that has what it was given, and what each test puts there.
#[derive(Default)]
struct Played {
    /// Answers by path.
    answers: BTreeMap<String, Answer>,
    /// What was asked, in order.
    asked: Vec<String>,
    /// The bodies, lengths as announced and media types of uploads.
    uploads: Vec<(Vec<u8>, String, String)>,
}

type Shared = Arc<Mutex<Played>>;

async fn answer(State(played): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut played = played.lock().unwrap();
    assert_eq!(headers[header::AUTHORIZATION], "Bearer secret");
    let path = uri.path().trim_start_matches("/_matrix/").to_owned();
    played.asked.push(path.clone());
    if let Some((status, fields, body)) = played.answers.get(&path) {
        let mut answer = (StatusCode::from_u16(*status).unwrap(), body.clone()).into_response();
        for (name, value) in fields {
            answer.headers_mut().insert(*name, value.parse().unwrap());
        }
        return answer;
    }
    if method == Method::POST && path == "media/v3/upload" {
        let field = |name| headers[name].to_str().unwrap().to_owned();
        played.uploads.push((body.to_vec(), field("content-length"), field("content-type")));
        let uri = format!("mxc://example.org/upload{}", played.uploads.len());
        return json!({ "content_uri": uri }).to_string().into_response();
    }
    (StatusCode::NOT_FOUND, json!({ "errcode": "M_UNRECOGNIZED", "error": "unknown" }).to_string()).into_response()
}

struct Stage {
    appservice: Arc<Appservice>,
    host: Arc<FakeHost>,
    played: Shared,
    _directory: tempfile::TempDir,
}

impl Stage {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let played = Shared::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&played));
        let router = router.layer(axum::extract::DefaultBodyLimit::disable());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let directory = tempfile::tempdir().unwrap();
        let mut values = values();
        values["homeserver_url"] = json!(format!("http://{address}"));
        values["largest_file"] = json!(LIMIT);
        values["appservice"]["as_token"] = json!("secret");
        let configuration = Arc::new(Configuration::read(&section(values, directory.path())).unwrap());
        let homeserver = Arc::new(Homeserver::new(&configuration).unwrap());
        let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
        let appservice = Arc::new(Appservice::load(configuration, homeserver, host.clone()).await.unwrap());
        Self { appservice, host, played, _directory: directory }
    }

    fn put(&self, path: &str, status: u16, fields: Vec<(&'static str, String)>, body: &[u8]) {
        self.played.lock().unwrap().answers.insert(path.to_owned(), (status, fields, body.to_owned()));
    }

    fn asked(&self, path: &str) -> usize {
        self.played.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }

    async fn fetch(&self, uri: &str) -> Result<Attachment, Failure> {
        let media = RemoteMedia { uri: uri.into(), name: "cat.bin".into(), size: None, key: None };
        Ok(self.appservice.fetch(user_id!("@msn_carol:example.org"), &media).await?)
    }

    async fn upload(&self, attachment: &Attachment) -> Result<Uploaded, Failure> {
        self.appservice.upload(user_id!("@msn_carol:example.org"), attachment).await
    }
}

fn refusal(outcome: Result<impl std::fmt::Debug, Failure>) -> String {
    match outcome {
        Err(Failure::Refused { reason }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_source_survives_its_key() {
    for source in [Source::Blob(BlobId([7; 32])), Source::Object(ObjectHash([9; 20]))] {
        assert_eq!(source_of(&source_key(&source)), Some(source));
    }
    assert_eq!(source_of("file /etc/passwd"), None);
}

#[tokio::test]
async fn a_file_is_fetched_once_however_many_want_it() {
    let stage = Stage::new().await;
    let path = "client/v1/media/download/other.org/one";
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1_000_000).collect();
    stage.put(path, 200, Vec::new(), &bytes);
    let all = futures_util::future::join_all((0..10).map(|_| stage.fetch("mxc://other.org/one"))).await;
    for attachment in all {
        let attachment = attachment.unwrap();
        assert_eq!((attachment.name.as_str(), attachment.size), ("cat.bin", 1_000_000));
        assert!(stage.host.bytes(&attachment) == Some(bytes.clone()));
    }
    assert_eq!(stage.asked(path), 1);
    for (uri, bytes) in [("none", &b""[..]), ("single", b"1")] {
        stage.put(&format!("client/v1/media/download/other.org/{uri}"), 200, Vec::new(), bytes);
        let attachment = stage.fetch(&format!("mxc://other.org/{uri}")).await.unwrap();
        assert_eq!(stage.host.bytes(&attachment).as_deref(), Some(bytes));
    }
}

#[tokio::test]
async fn an_old_homeserver_is_asked_in_the_old_way() {
    let stage = Stage::new().await;
    stage.put("media/v3/download/other.org/old", 200, Vec::new(), b"old");
    assert_eq!(stage.fetch("mxc://other.org/old").await.unwrap().size, 3);
}

#[tokio::test]
async fn what_cannot_be_had_is_refused_with_a_reason_and_what_may_come_is_tried_again() {
    let stage = Stage::new().await;
    let download = |id: &str| format!("client/v1/media/download/{id}");
    let error = |code: &str| json!({ "errcode": code, "error": "sorry" }).to_string().into_bytes();
    stage.put(&download("example.org/gone"), 404, Vec::new(), &error("M_NOT_FOUND"));
    assert!(refusal(stage.fetch("mxc://example.org/gone").await).contains("not there any more"));
    assert_eq!(stage.asked("media/v3/download/example.org/gone"), 0, "the homeserver has said what it has to say");
    stage.put(&download("other.org/dead"), 502, Vec::new(), &error("M_UNKNOWN"));
    assert!(refusal(stage.fetch("mxc://other.org/dead").await).contains("homeserver does not give it"));
    stage.put(&download("example.org/sick"), 502, Vec::new(), &error("M_UNKNOWN"));
    assert!(stage.fetch("mxc://example.org/sick").await.is_err_and(|failure| failure.is_passing()));
    stage.put(&download("other.org/sick"), 502, Vec::new(), b"<html>");
    assert!(stage.fetch("mxc://other.org/sick").await.is_err_and(|failure| failure.is_passing()));
    stage.put(&download("other.org/sick"), 200, Vec::new(), b"well again");
    assert_eq!(stage.fetch("mxc://other.org/sick").await.unwrap().size, 10, "a failure is not remembered");

    let large = vec![7; usize::try_from(LIMIT).unwrap() + 1];
    stage.put(&download("other.org/large"), 200, Vec::new(), &large);
    assert!(refusal(stage.fetch("mxc://other.org/large").await).contains("2.0 MB"));
    let said = RemoteMedia { uri: "mxc://other.org/said".into(), name: "a".into(), size: Some(LIMIT + 1), key: None };
    let outcome = stage.appservice.fetch(user_id!("@msn_carol:example.org"), &said).await.map_err(Failure::from);
    assert!(refusal(outcome).contains("2.0 MB"));
    assert_eq!(stage.asked(&download("other.org/said")), 0);
}

#[test]
fn what_finds_no_room_here_is_waited_for() {
    let (full, large) = (Failure::retry("no space"), Failure::refused("too large"));
    assert_eq!(Unfetched::unkept(full.clone(), false), Unfetched::Here(full.clone()));
    assert_eq!(Unfetched::unkept(full.clone(), true), Unfetched::There(full), "the homeserver broke off");
    assert_eq!(Unfetched::unkept(large.clone(), false), Unfetched::There(large));
}

#[tokio::test]
async fn only_the_homeserver_itself_is_followed() {
    let stage = Stage::new().await;
    let download = |id: &str| format!("client/v1/media/download/{id}");
    let to = |place: &str| vec![("location", place.to_owned())];
    stage.put(&download("example.org/here"), 307, to("/_matrix/files/here"), b"");
    stage.put("files/here", 200, Vec::new(), b"here");
    assert_eq!(stage.fetch("mxc://example.org/here").await.unwrap().size, 4);
    stage.put(&download("example.org/away"), 307, to("http://169.254.169.254/latest"), b"");
    assert!(refusal(stage.fetch("mxc://example.org/away").await).contains("169.254.169.254"));
    stage.put(&download("example.org/round"), 307, to("/_matrix/client/v1/media/download/example.org/round"), b"");
    assert!(refusal(stage.fetch("mxc://example.org/round").await).contains("circle"));
}

#[tokio::test]
async fn a_file_is_uploaded_once_with_its_length_and_not_again_after_a_restart() {
    let stage = Stage::new().await;
    let large: Vec<u8> = (0..=u8::MAX).cycle().take(1_500_000).collect();
    for (number, bytes) in [&b""[..], b"1", &large].into_iter().enumerate() {
        let attachment = stage.host.keep("file.bin", bytes.to_vec());
        let both = tokio::join!(stage.upload(&attachment), stage.upload(&attachment));
        let uri = format!("mxc://example.org/upload{}", number + 1);
        assert_eq!((both.0.unwrap().uri.as_str(), both.1.unwrap().uri.as_str()), (uri.as_str(), uri.as_str()));
        let uploads = stage.played.lock().unwrap().uploads.clone();
        let (body, length, kind) = uploads.last().unwrap();
        assert!(*body == bytes && *length == bytes.len().to_string() && *kind == attachment.media_type);
    }
    let kept = stage.host.list("upload/").await.unwrap();
    assert_eq!(kept.len(), 3);
    let again = Appservice::load(
        Arc::clone(&stage.appservice.configuration),
        Arc::clone(&stage.appservice.homeserver),
        stage.host.clone(),
    );
    let attachment = stage.host.keep("other name.bin", b"1".to_vec());
    let uploaded = again.await.unwrap().upload(user_id!("@msn_carol:example.org"), &attachment).await.unwrap();
    assert_eq!(uploaded.uri, "mxc://example.org/upload2");
    assert_eq!(stage.played.lock().unwrap().uploads.len(), 3);
}

/// A file of other.org, encrypted: its bytes there, and its key.
async fn locked(bytes: &[u8]) -> (Vec<u8>, Box<FileKey>) {
    let (mut stream, key) = attachments::encrypted(Box::pin(Cursor::new(bytes.to_vec())));
    let mut locked = Vec::new();
    stream.read_to_end(&mut locked).await.unwrap();
    (locked, Box::new(key.key()))
}

#[tokio::test]
async fn an_encrypted_file_is_kept_in_clear_and_only_for_who_has_its_key() {
    let stage = Stage::new().await;
    let path = "client/v1/media/download/other.org/locked";
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1_000_000).collect();
    let (there, key) = locked(&bytes).await;
    stage.put(path, 200, Vec::new(), &there);
    let fetch = async |key: Option<&FileKey>| {
        let key = key.cloned().map(Box::new);
        let media = RemoteMedia { uri: "mxc://other.org/locked".into(), name: "cat.bin".into(), size: None, key };
        stage.appservice.fetch(user_id!("@msn_carol:example.org"), &media).await.map_err(Failure::from)
    };
    let attachment = fetch(Some(&key)).await.unwrap();
    assert!(stage.host.bytes(&attachment) == Some(bytes));
    fetch(Some(&key)).await.unwrap();
    assert_eq!(stage.asked(path), 1, "it is fetched once");
    // Who names it without its key, or with another, gets what they could have had anyway.
    let attachment = fetch(None).await.unwrap();
    assert!(stage.host.bytes(&attachment) == Some(there));
    let other = FileKey { sha256: [7; 32], ..*key };
    assert!(refusal(fetch(Some(&other)).await).contains("not those that were sent"));
}

#[tokio::test]
async fn a_file_for_an_encrypted_room_is_uploaded_apart_for_each_room() {
    let stage = Stage::new().await;
    let bytes = b"GIF89a\x01\0\x01\0 and so on".to_vec();
    let attachment = stage.host.keep("dot.gif", bytes.clone());
    let ghost = user_id!("@msn_carol:example.org");
    let upload = async |room: &str| {
        let room = RoomId::parse(room).unwrap();
        stage.appservice.upload_for(ghost, &room, &attachment).await.unwrap()
    };
    let plain = stage.upload(&attachment).await.unwrap();
    let (one, other, again) = (upload("!one").await, upload("!other").await, upload("!one").await);
    assert_eq!((&one, one.width), (&again, Some(1)), "a retry uploads nothing");
    let uploads = stage.played.lock().unwrap().uploads.clone();
    assert_eq!((uploads.len(), plain.key), (3, None));
    assert_eq!(uploads[0].0, bytes);
    for (uploaded, (body, length, kind)) in [&one, &other].into_iter().zip(&uploads[1..]) {
        assert_eq!((length.as_str(), kind.as_str()), (bytes.len().to_string().as_str(), "application/octet-stream"));
        let (mut stream, _) =
            attachments::decrypted(Box::pin(Cursor::new(body.clone())), uploaded.key.as_deref().unwrap());
        let mut clear = Vec::new();
        stream.read_to_end(&mut clear).await.unwrap();
        assert!(clear == bytes && *body != bytes);
    }
    assert!(uploads[1].0 != uploads[2].0, "nobody can see that two rooms have the same file");
    assert_eq!(stage.host.list("upload/").await.unwrap().len(), 1, "no key is kept");
}

#[tokio::test]
async fn the_homeservers_limit_is_said_and_asked_again_after_a_refusal() {
    let stage = Stage::new().await;
    let limit = |bytes: u32| json!({ "m.upload.size": bytes }).to_string().into_bytes();
    stage.put("client/v1/media/config", 200, Vec::new(), &limit(1000));
    let small = stage.host.keep("small.bin", vec![1; 1000]);
    let large = stage.host.keep("large.bin", vec![2; 1001]);
    assert!(stage.upload(&small).await.is_ok());
    assert!(refusal(stage.upload(&large).await).contains("1 kB at most"));
    assert_eq!(stage.asked("client/v1/media/config"), 1);
    // Its limit is lowered, and something in front of it says so.
    stage.put("client/v1/media/config", 200, Vec::new(), &limit(10));
    stage.put("media/v3/upload", 413, Vec::new(), b"<html>");
    let other = stage.host.keep("other.bin", vec![3; 900]);
    assert!(refusal(stage.upload(&other).await).contains("10 bytes at most"));
    assert_eq!(stage.asked("client/v1/media/config"), 2);
}

#[tokio::test]
async fn an_avatar_is_fetched_when_it_changes_and_told_once_more_after_a_restart() {
    let stage = Stage::new().await;
    let (small, large) = ("client/v1/media/download/other.org/small", "client/v1/media/download/other.org/large");
    stage.put(small, 200, Vec::new(), b"small picture");
    stage.put(large, 200, Vec::new(), &vec![7; 1_500_000]);
    stage.put("client/v1/media/thumbnail/other.org/large", 200, Vec::new(), b"small form");
    let alice = RemoteTarget::Person(RemoteUser("@alice:other.org".into()));
    let worker = tokio::spawn(Arc::clone(&stage.appservice).look_at_avatars());
    let until = async |bytes: Option<&[u8]>| {
        let seen = |_: &bridge::conformance::Seen| (stage.host.picture_of(&alice).as_deref() == bytes).then_some(());
        stage.host.wait_for("the avatar", seen).await;
    };
    for (avatar, bytes) in [("mxc://other.org/small", &b"small picture"[..]), ("mxc://other.org/large", b"small form")]
    {
        stage.appservice.look_at(alice.clone(), Some(avatar.into()));
        until(Some(bytes)).await;
    }
    stage.appservice.stopping.cancel();
    worker.await.unwrap();

    let again = Appservice::load(
        Arc::clone(&stage.appservice.configuration),
        Arc::clone(&stage.appservice.homeserver),
        stage.host.clone(),
    );
    let again = Arc::new(again.await.unwrap());
    let before = stage.host.seen().calls;
    let worker = tokio::spawn(Arc::clone(&again).look_at_avatars());
    again.look_at(alice.clone(), Some("mxc://other.org/large".into()));
    stage.host.wait_for("it to be told again", |seen| (seen.calls > before).then_some(())).await;
    until(Some(b"small form")).await;
    assert_eq!(stage.asked(large), 1, "nothing is fetched anew");
    again.look_at(alice.clone(), Some("".into()));
    until(None).await;
    again.stopping.cancel();
    worker.await.unwrap();
    assert_eq!(stage.host.list("avatar/").await.unwrap(), []);
}
