//! Files, pictures and long texts on their way out, and what becomes of them when an answer is lost between two parts.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use bridge::{Action, Failure, Link, Network, Order, Receipt};
use domain::{
    Content, RemoteMessage, Status, Timestamp,
    content::{Emoticon, Span, Style, Text},
    media::{Attachment, BlobId, Source},
    presence::OwnPresence,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    CAROL, Setup,
    homeserver::{Person, Synapse, free_port},
    host::MemoryHost,
    open, order, own, person, say,
};

const CAROLS: &str = "carol@msn.example";
/// One black pixel.
const DOT: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Carol and Alice in a room.
struct Two {
    network: Arc<dyn Network>,
    host: Arc<MemoryHost>,
    carol: Arc<dyn Link>,
    alice: Person,
    room: String,
}

impl Two {
    async fn meet(setup: &Setup, synapse: &Synapse) -> Self {
        let host = setup.host(&[(CAROLS, "Carol")]);
        let network = setup.network();
        network.start(host.clone()).await.unwrap();
        let carol = open(&network, CAROLS, "Carol").await;
        let mut alice = synapse.person("alice").await;
        let room = alice.invite_to_chat(CAROL).await;
        host.until("the invitation", |told| !told.arrivals.is_empty()).await;
        carol.deliver(&order("w", 0, &alice.id, Action::Welcome)).await.unwrap();
        alice.until_member(&room, CAROL, "join").await;
        Self { network, host, carol, alice, room }
    }

    async fn send(&self, key: &str, content: Content) -> Receipt {
        self.carol.deliver(&say(key, &self.alice.id, content)).await.unwrap()
    }

    async fn heard(&self) -> Vec<Value> {
        self.alice.said_by(&self.room, CAROL).await
    }
}

fn long_text() -> String {
    (0..6000).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n")
}

fn again(order: &Order) -> Order {
    Order { attempt: order.attempt + 1, ..order.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_pictures_replies_and_long_texts_go_out() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let two = Two::meet(&setup, &synapse).await;

    // Nothing, one byte, and ten million.
    let large: Vec<u8> = (0..=u8::MAX).cycle().take(10_000_000).collect();
    for (key, name, bytes) in [("f0", "nothing.txt", &b""[..]), ("f1", "\u{fc}.bin", b"1"), ("f2", "large.bin", &large)]
    {
        let attachment = two.host.keep(name, "application/octet-stream", bytes.to_vec());
        let receipt = two.send(key, Content::File(attachment)).await;
        assert_eq!(receipt.messages.len(), 1);
        let heard = two.heard().await;
        let event = heard.last().unwrap();
        assert_eq!((&event["msgtype"], &event["filename"]), (&json!("m.file"), &json!(name)), "{event}");
        assert_eq!(event["info"]["size"], bytes.len());
        assert!(two.alice.download(event["url"].as_str().unwrap()).await == bytes, "{name} has the same bytes");
    }
    // The same picture twice is uploaded once, and knows how large it is.
    let dot = two.host.keep("dot.gif", "image/gif", DOT.to_vec());
    two.send("i1", Content::Image(dot.clone())).await;
    two.send("i2", Content::Image(Attachment { name: "again.gif".into(), ..dot.clone() })).await;
    let heard = two.heard().await;
    let [.., first, second] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!(first["url"], second["url"]);
    assert_eq!((&second["body"], &second["msgtype"]), (&json!("again.gif"), &json!("m.image")));
    assert_eq!((&first["info"]["w"], &first["info"]["h"]), (&json!(1), &json!(1)));
    // An order that was carried out, and whose answer was lost; by now its bytes may be gone.
    let gone = Attachment { source: Source::Blob(BlobId([8; 32])), ..dot.clone() };
    let once = say("i2", &two.alice.id, Content::Image(gone));
    two.carol.deliver(&again(&once)).await.unwrap();
    assert_eq!(two.heard().await.len(), heard.len());

    // What the homeserver does not take, or what is gone, is refused with a reason and without an event.
    let source = Source::Blob(BlobId([9; 32]));
    for (size, reason) in [(60_000_000, "52.4 MB at most"), (60, "not kept here any more")] {
        let name = format!("{size}.bin");
        let whale = Attachment { name, media_type: "text/plain".into(), size, source, link: None };
        let outcome = two.carol.deliver(&say(&format!("g{size}"), &two.alice.id, Content::File(whale))).await;
        let Err(Failure::Refused { reason: told }) = outcome else { panic!("not refused: {outcome:?}") };
        assert!(told.contains(reason), "{told}");
    }
    assert_eq!(two.heard().await.len(), heard.len());

    // Looks, an emoticon of Carol's own, and what it answers.
    let asked = two.alice.say(&two.room, "q", json!({ "msgtype": "m.text", "body": "how?" })).await;
    let mut text = Text::plain("so (cat) bold");
    text.spans.push(Span { range: 9..13, style: Style::Bold });
    text.emoticons.push(Emoticon { shortcut: "(cat)".into(), picture: dot, animated: false });
    let reply = Some(RemoteMessage(asked.clone()));
    let action =
        Action::Say { content: Content::Text(text), sent: Timestamp(1_700_000_000_000), reply, heard: Vec::new() };
    two.carol.deliver(&order("r", 0, &two.alice.id, action)).await.unwrap();
    let heard = two.heard().await;
    let answer = heard.last().unwrap();
    assert_eq!(answer["m.relates_to"]["m.in_reply_to"]["event_id"], asked);
    let html = answer["formatted_body"].as_str().unwrap();
    assert!(html.contains("<strong>bold</strong>") || html.contains("<b>bold</b>"), "{html}");
    assert!(html.contains("data-mx-emoticon") && html.contains(first["url"].as_str().unwrap()), "{html}");

    // A long text comes whole and in order, and is found whole when it is asked for again.
    let long = say("long", &two.alice.id, Content::text(long_text()));
    let receipt = two.carol.deliver(&long).await.unwrap();
    assert!(receipt.messages.len() > 2, "{receipt:?}");
    let before = heard.len();
    let heard = two.heard().await;
    let parts: Vec<&str> = heard[before..].iter().filter_map(|event| event["body"].as_str()).collect();
    assert_eq!(parts.len(), receipt.messages.len());
    assert_eq!(parts.join("\n"), long_text());
    assert_eq!(two.carol.deliver(&again(&long)).await.unwrap(), receipt);
    assert_eq!(two.heard().await.len(), heard.len());

    two.network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_display_picture_is_the_ghosts_avatar() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let two = Two::meet(&setup, &synapse).await;
    let dot = Arc::new(two.host.keep("picture.gif", "image/gif", DOT.to_vec()));
    let with = |picture| OwnPresence { picture, ..own(Status::Online, "Carol", "") };
    let avatar = async || two.alice.get(&format!("profile/{CAROL}")).await["avatar_url"].as_str().map(str::to_owned);
    let key = format!("portrait/{CAROLS}");

    two.carol.show(with(Some(Arc::clone(&dot))));
    two.host.until("the picture is told", |told| told.kept.contains_key(&key)).await;
    let uri = avatar().await.unwrap();
    assert!(two.alice.download(&uri).await == DOT);

    // After a restart nothing is set again, and a new name arrives live.
    two.network.stop().await;
    let network = setup.network();
    network.start(two.host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    carol.show(OwnPresence { picture: Some(dot), ..own(Status::Online, "Carol the Second", "") });
    two.host.until("the name is told", |told| told.kept[&format!("ghost/{CAROLS}")] == "Carol the Second").await;
    let profile = two.alice.get(&format!("profile/{CAROL}")).await;
    assert_eq!((&profile["displayname"], &profile["avatar_url"]), (&json!("Carol the Second"), &json!(uri)));

    // Who signs out keeps the picture; who takes it away has none.
    carol.show(own(Status::Offline, "Carol", ""));
    two.host.until("the name is told", |told| told.kept[&format!("ghost/{CAROLS}")] == "Carol").await;
    assert_eq!(avatar().await, Some(uri));
    carol.show(with(None));
    two.host.until("the picture is gone", |told| !told.kept.contains_key(&key)).await;
    assert_eq!(avatar().await.unwrap_or_default(), "");

    network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_and_avatars_come_in() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let two = Two::meet(&setup, &synapse).await;
    let alice = person(&two.alice.id);

    // Nothing, one byte, and ten million, in their order and between words.
    let large: Vec<u8> = (0..=u8::MAX).cycle().take(10_000_000).collect();
    let files = [("nothing.txt", &b""[..]), ("one.bin", b"1"), ("large.bin", &large)];
    for (name, bytes) in files {
        let uri = two.alice.upload("application/octet-stream", bytes).await;
        let event = json!({ "msgtype": "m.file", "body": name, "filename": name, "url": uri });
        two.alice.say(&two.room, name, event).await;
        two.alice.say(&two.room, &format!("after {name}"), json!({ "msgtype": "m.text", "body": name })).await;
    }
    let told = two.host.until("all files and words", |told| told.messages().len() >= 6).await;
    let contents: Vec<Content> = told.messages().into_iter().map(|(_, content)| content).collect();
    for ((name, bytes), came) in files.into_iter().zip(contents.chunks(2)) {
        let [Content::File(attachment), Content::Text(text)] = came else { panic!("{name}: {came:?}") };
        assert_eq!((attachment.name.as_str(), attachment.size), (name, bytes.len() as u64));
        assert!(two.host.bytes(attachment.source).as_deref() == Some(bytes), "{name} has the same bytes");
        assert_eq!(text.text, name);
    }

    // What is not there becomes words.
    let gone = json!({ "msgtype": "m.image", "body": "gone.png", "url": "mxc://example.org/gone" });
    two.alice.say(&two.room, "gone", gone).await;
    let told = two.host.until("what is gone", |told| told.messages().len() >= 7).await;
    let Some((_, Content::Text(text))) = told.messages().pop() else { panic!("{:?}", told.messages().last()) };
    assert!(text.text.contains("gone.png") && text.text.contains("not there any more"), "{}", text.text);

    // An avatar comes when it changes, and goes.
    let path = format!("profile/{}/avatar_url", two.alice.id);
    for (bytes, media_type) in [(DOT, "image/gif"), (&b"no picture"[..], "image/png")] {
        let uri = two.alice.upload(media_type, bytes).await;
        two.alice.put(&path, json!({ "avatar_url": uri })).await;
        two.host
            .until("the avatar", |told| {
                let picture = told.pictures.iter().rev().find(|(whose, _)| *whose == alice);
                picture.and_then(|(_, picture)| two.host.bytes(Source::Blob((*picture)?))).as_deref() == Some(bytes)
            })
            .await;
    }
    two.alice.put(&path, json!({ "avatar_url": "" })).await;
    two.host.until("no avatar", |told| told.pictures.last() == Some(&(alice.clone(), None))).await;

    two.network.stop().await;
    synapse.halt().await;
}

/// Stands between the bridge and Synapse, and loses answers to messages.
#[derive(Clone)]
struct Faulty {
    homeserver: String,
    client: reqwest::Client,
    sent: Arc<AtomicU32>,
}

async fn pass_on(
    State(faulty): State<Faulty>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    headers.remove(header::HOST);
    let request = faulty.client.request(method, format!("{}{uri}", faulty.homeserver)).headers(headers).body(body);
    let Ok(answer) = request.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    // The second message of all reaches Synapse, and its answer does not come back.
    if uri.path().contains("/send/m.room.message/") && faulty.sent.fetch_add(1, Ordering::SeqCst) == 1 {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    (answer.status(), answer.bytes().await.unwrap_or_default()).into_response()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lost_between_two_parts_doubles_and_loses_nothing() {
    let mut setup = Setup::new();
    let port = free_port();
    let faulty = Faulty {
        homeserver: format!("http://127.0.0.1:{}", setup.port),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
        sent: Arc::default(),
    };
    setup.section.values["homeserver_url"] = json!(format!("http://127.0.0.1:{port}"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let sent = Arc::clone(&faulty.sent);
    let router = Router::new().fallback(pass_on).layer(DefaultBodyLimit::disable()).with_state(faulty);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut synapse = setup.synapse().await;
    let two = Two::meet(&setup, &synapse).await;

    let long = say("long", &two.alice.id, Content::text(long_text()));
    let outcome = two.carol.deliver(&long).await;
    assert!(outcome.as_ref().is_err_and(Failure::is_passing), "{outcome:?}");
    assert_eq!((sent.load(Ordering::SeqCst), two.heard().await.len()), (2, 2), "the second came without our knowing");
    // Synapse forgets transaction ids when it ends: the events themselves have to tell.
    synapse.halt().await;
    synapse.resume().await;
    let receipt = two.carol.deliver(&again(&long)).await.unwrap();
    let heard = two.heard().await;
    let parts: Vec<&str> = heard.iter().filter_map(|event| event["body"].as_str()).collect();
    assert_eq!(parts.join("\n"), long_text(), "each part is heard once, in order");
    assert_eq!(receipt.messages.len(), parts.len());
    assert_eq!(sent.load(Ordering::SeqCst) as usize, parts.len(), "what was there was not sent again");

    two.network.stop().await;
    synapse.halt().await;
}
