//! The suite that every bridge passes, with Alice on a real Synapse as the far side.

mod looks;

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
};
use bridge::{
    Network, RemoteProfile,
    conformance::{Enclosure, EnclosureKind, Subject},
};
use domain::{
    Content, RemoteUser,
    content::Text,
    presence::{Availability, RemotePresence},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    sync::{Mutex, watch},
};

use crate::{
    CAROL, Setup,
    homeserver::{Person, Synapse, free_port},
};

/// Stands between Synapse and the bridge, and notes which events the bridge has said it received.
#[derive(Clone)]
struct Between {
    bridge: String,
    client: reqwest::Client,
    received: watch::Sender<BTreeSet<String>>,
}

impl Between {
    async fn serve(self, port: u16) {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        axum::serve(listener, Router::new().fallback(pass_on).with_state(self)).await.unwrap();
    }
}

async fn pass_on(
    State(between): State<Between>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let mut request = between.client.request(method, format!("{}{uri}", between.bridge)).body(body.clone());
    if let Some(token) = headers.get(header::AUTHORIZATION) {
        request = request.header(header::AUTHORIZATION, token);
    }
    let Ok(answer) = request.send().await else { return (StatusCode::BAD_GATEWAY, String::new()) };
    let status = answer.status();
    if status.is_success() {
        let transaction: Value = serde_json::from_slice(&body).unwrap_or_default();
        let events = transaction["events"].as_array().cloned().unwrap_or_default();
        let ids = events.iter().filter_map(|event| event["event_id"].as_str().map(str::to_owned));
        between.received.send_modify(|received| received.extend(ids));
    }
    (status, answer.text().await.unwrap_or_default())
}

/// Alice, on a runtime of her own, so that only the bridge's tasks are counted.
struct Alice {
    network: Arc<dyn Network>,
    far: Arc<Far>,
    runtime: Runtime,
}

struct Far {
    alice: Mutex<Person>,
    room: watch::Sender<String>,
    received: watch::Sender<BTreeSet<String>>,
}

impl Alice {
    /// Does something on the far side's runtime.
    async fn there<T: Send + 'static>(&self, what: impl Future<Output = T> + Send + 'static) -> T {
        self.runtime.spawn(what).await.unwrap()
    }
}

#[async_trait]
impl Subject for Alice {
    fn network(&self) -> Arc<dyn Network> {
        Arc::clone(&self.network)
    }

    fn person(&self) -> RemoteProfile {
        RemoteProfile {
            user: RemoteUser("@alice:example.org".into()),
            name: "alice".into(),
            login: "alice".into(),
            server: Some("example.org".into()),
            account: None,
        }
    }

    async fn say(&self, text: &str) {
        let (far, body) = (Arc::clone(&self.far), json!({ "msgtype": "m.text", "body": text }));
        self.there(async move { far.say(body).await }).await;
    }

    async fn heard(&self, count: usize) -> Vec<Content> {
        let far = Arc::clone(&self.far);
        self.there(async move {
            let room = far.room.borrow().clone();
            let mut alice = far.alice.lock().await;
            loop {
                let heard = alice.said_by(&room, CAROL).await;
                if heard.len() >= count {
                    return heard.iter().map(content).collect();
                }
                alice.sync().await;
            }
        })
        .await
    }

    async fn appear(&self, presence: RemotePresence) {
        let far = Arc::clone(&self.far);
        self.there(async move {
            let word = match presence.availability {
                Availability::Online => "online",
                Availability::Away | Availability::Busy => "unavailable",
                Availability::Offline | Availability::Unreachable => "offline",
            };
            far.alice.lock().await.show(word, &presence.personal_message.text).await;
        })
        .await;
    }

    async fn sees(&self, line: Option<&str>) {
        let (far, line) = (Arc::clone(&self.far), line.map(str::to_owned));
        self.there(async move {
            let seen = |answer: &Value| {
                let events = answer["presence"]["events"].as_array()?;
                let wanted = |event: &&Value| {
                    let content = &event["content"];
                    let is_there = content["presence"] != "offline";
                    event["sender"] == CAROL
                        && is_there == line.is_some()
                        && line.as_ref().is_none_or(|line| content["status_msg"] == line.as_str())
                };
                events.iter().find(wanted).map(drop)
            };
            far.alice.lock().await.until("the account's presence", seen).await;
        })
        .await;
    }

    async fn types(&self, typing: bool) {
        let far = Arc::clone(&self.far);
        self.there(async move {
            let room = far.room.borrow().clone();
            let body = if typing { json!({ "typing": true, "timeout": 20_000 }) } else { json!({ "typing": false }) };
            let path = format!("rooms/{room}/typing/@alice:example.org");
            far.alice.lock().await.put(&path, body).await;
        })
        .await;
    }

    async fn sees_typing(&self, typing: bool) {
        let far = Arc::clone(&self.far);
        self.there(async move {
            let room = far.room.borrow().clone();
            let seen = |answer: &Value| {
                let events = answer["rooms"]["join"][&room]["ephemeral"]["events"].as_array()?;
                let lists = events.iter().filter_map(|event| event["content"]["user_ids"].as_array());
                lists.map(|users| users.iter().any(|user| user == CAROL)).find(|types| *types == typing)
            };
            far.alice.lock().await.until("the account's typing", seen).await;
        })
        .await;
    }

    async fn invite(&self) -> bool {
        let far = Arc::clone(&self.far);
        self.there(async move {
            let room = far.alice.lock().await.invite_to_chat(CAROL).await;
            far.room.send_replace(room);
        })
        .await;
        true
    }

    async fn send(&self, enclosure: &Enclosure) {
        let (far, enclosure) = (Arc::clone(&self.far), enclosure.clone());
        self.there(async move {
            let uri = far.alice.lock().await.upload("application/octet-stream", &enclosure.bytes).await;
            let kind = match enclosure.kind {
                EnclosureKind::File => "m.file",
                EnclosureKind::Image | EnclosureKind::Ink => "m.image",
                EnclosureKind::Voice => "m.audio",
            };
            let (name, size) = (&enclosure.name, enclosure.bytes.len());
            let mut body =
                json!({ "msgtype": kind, "body": name, "filename": name, "url": uri, "info": { "size": size } });
            if enclosure.kind == EnclosureKind::Voice {
                body["org.matrix.msc3245.voice"] = json!({});
            }
            far.say(body).await;
        })
        .await;
    }

    async fn received(&self, count: usize) -> Vec<Enclosure> {
        let far = Arc::clone(&self.far);
        self.there(async move {
            let room = far.room.borrow().clone();
            let mut alice = far.alice.lock().await;
            loop {
                let mut received = Vec::new();
                for message in alice.said_by(&room, CAROL).await.iter().filter(|message| message["url"].is_string()) {
                    let bytes = alice.download(message["url"].as_str().unwrap()).await;
                    let kind = match message["msgtype"].as_str() {
                        Some("m.image") => EnclosureKind::Image,
                        Some("m.audio") => EnclosureKind::Voice,
                        _ => EnclosureKind::File,
                    };
                    received.push(Enclosure { kind, name: message["filename"].as_str().unwrap().to_owned(), bytes });
                }
                if received.len() >= count {
                    return received;
                }
                alice.sync().await;
            }
        })
        .await
    }

    async fn say_formatted(&self, text: &Text) {
        let body = json!({
            "msgtype": "m.text", "body": text.text, "format": "org.matrix.custom.html", "formatted_body": looks::write(text),
        });
        let far = Arc::clone(&self.far);
        self.there(async move { far.say(body).await }).await;
    }

    fn has_pictures(&self) -> bool {
        true
    }

    async fn wear(&self, picture: Option<&[u8]>) {
        let (far, picture) = (Arc::clone(&self.far), picture.map(<[u8]>::to_vec));
        self.there(async move {
            let alice = far.alice.lock().await;
            let uri = match picture {
                Some(picture) => alice.upload("image/gif", &picture).await,
                None => String::new(),
            };
            alice.put(&format!("profile/{}/avatar_url", alice.id), json!({ "avatar_url": uri })).await;
        })
        .await;
    }

    async fn sees_picture(&self, picture: Option<&[u8]>) {
        let (far, picture) = (Arc::clone(&self.far), picture.map(<[u8]>::to_vec));
        self.there(async move {
            let mut alice = far.alice.lock().await;
            loop {
                let profile = alice.get(&format!("profile/{CAROL}")).await;
                let seen = match profile["avatar_url"].as_str().filter(|uri| !uri.is_empty()) {
                    Some(uri) => Some(alice.download(uri).await),
                    None => None,
                };
                if seen == picture {
                    return;
                }
                alice.sync().await;
            }
        })
        .await;
    }
}

impl Far {
    /// Alice says something, and goes on when the bridge has told that it received it.
    async fn say(&self, body: Value) {
        let room = self.room.borrow().clone();
        let transaction = format!("t{}", rand::random::<u64>());
        let id = self.alice.lock().await.say(&room, &transaction, body).await;
        self.received.subscribe().wait_for(|received| received.contains(&id)).await.unwrap();
    }
}

fn content(message: &Value) -> Content {
    let text = message["body"].as_str().unwrap_or_default();
    if let Some(html) = message["formatted_body"].as_str() {
        return Content::Text(looks::read(html));
    }
    if message["msgtype"] == "m.emote" { Content::Emote { text: text.into() } } else { Content::text(text) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bridge_keeps_what_the_contract_promises() {
    let mut setup = Setup::new();
    let between = free_port();
    setup.section.values["appservice"]["url"] = json!(format!("http://127.0.0.1:{between}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (name, directory) = (setup.network().registration().unwrap(), setup.directory.path().to_owned());
    let port = setup.port;
    let start = async move {
        let synapse = Synapse::start(&directory, port, &name).await;
        let alice = synapse.person("alice").await;
        (synapse, alice)
    };
    let (mut synapse, alice) = runtime.spawn(start).await.unwrap();
    let received = watch::Sender::new(BTreeSet::new());
    let bridge = format!("http://127.0.0.1:{}", setup.listen);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    runtime.spawn(Between { bridge, client, received: received.clone() }.serve(between));

    let far = Far { alice: Mutex::new(alice), room: watch::Sender::new(String::new()), received };
    let subject = Alice { network: setup.network(), far: Arc::new(far), runtime };
    bridge::conformance::run(&subject).await;

    subject.there(async move { synapse.halt().await }).await;
    subject.runtime.shutdown_background();
}
