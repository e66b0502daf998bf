//! A real Synapse on loopback, and people on it.

use std::{
    net::{IpAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::host::PATIENCE;

/// A port that nobody has at the moment.
pub(crate) fn free_port() -> u16 {
    // Below those that the system gives to whoever connects to something: a connection would take it before it is listened on.
    let mut ports = std::iter::repeat_with(|| rand::random_range(10_000..32_000));
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn script() -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/synapse"));
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn run(command: &mut Command) -> String {
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Synapse, which ends with this value.
pub(crate) struct Synapse {
    directory: PathBuf,
    pub(crate) url: String,
    process: Option<Child>,
    client: reqwest::Client,
}

impl Synapse {
    /// Sets one up with this registration, and starts it.
    pub(crate) async fn start(directory: &Path, port: u16, registration: &str) -> Self {
        let file = directory.join("registration.yaml");
        std::fs::write(&file, registration).unwrap();
        let directory = directory.join("synapse");
        let port_text = port.to_string();
        run(script().arg("prepare").arg(&directory).args([port_text.as_str(), "example.org"]).arg(&file)).await;
        let url = format!("http://127.0.0.1:{port}");
        assert_loopback(&url);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut synapse = Self { directory, url, process: None, client };
        synapse.resume().await;
        synapse
    }

    /// Starts it again after [`Synapse::halt`].
    pub(crate) async fn resume(&mut self) {
        let log = std::fs::File::create(self.directory.join("output.log")).unwrap();
        let mut command = script();
        command.arg("run").arg(&self.directory).stdout(Stdio::null()).stderr(log);
        let mut process = command.spawn().unwrap();
        let began = Instant::now();
        let health = format!("{}/health", self.url);
        // Readiness can only be asked for.
        while !self.client.get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(process.try_wait().unwrap().is_none(), "Synapse ended: {}", self.log());
            assert!(began.elapsed() < PATIENCE * 2, "Synapse does not start: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.process = Some(process);
    }

    /// Changes how it is set up; holds from the next [`Synapse::resume`] on.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Value)) {
        let file = self.directory.join("homeserver.yaml");
        let mut configuration: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        change(&mut configuration);
        std::fs::write(&file, configuration.to_string()).unwrap();
    }

    /// Kills it.
    pub(crate) async fn halt(&mut self) {
        self.process.take().unwrap().kill().await.unwrap();
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("output.log")).unwrap_or_default()
    }

    /// Registers somebody.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let token = run(script().arg("user").arg(&self.directory).args([name, "secret"])).await;
        Person {
            url: self.url.clone(),
            token,
            id: format!("@{name}:example.org"),
            client: self.client.clone(),
            answers: Vec::new(),
            from: 0,
        }
    }
}

/// Tests send to this machine only.
fn assert_loopback(url: &str) {
    let url = url::Url::parse(url).unwrap();
    let address: IpAddr = url.host_str().unwrap().parse().expect("a test homeserver has an address, no name");
    assert!(address.is_loopback(), "{address} is not this machine");
}

/// Somebody with an ordinary Matrix client.
pub(crate) struct Person {
    url: String,
    token: String,
    pub(crate) id: String,
    client: reqwest::Client,
    answers: Vec<Value>,
    /// Where the next wait begins to look: what one waits for may have come together with what was waited for before.
    from: usize,
}

impl Person {
    /// What shows the homeserver who they are.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Calls the client API; the path is below `/_matrix/client/v3/`.
    pub(crate) async fn call(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let url = format!("{}/_matrix/client/v3/{path}", self.url);
        let request = self.client.request(method.clone(), &url).bearer_auth(&self.token);
        let request = if method == reqwest::Method::GET { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {body}");
        body
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.call(reqwest::Method::PUT, path, body).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(reqwest::Method::POST, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(reqwest::Method::GET, path, Value::Null).await
    }

    /// The bytes of a file, as the homeserver gives it to its users.
    pub(crate) async fn download(&self, uri: &str) -> Vec<u8> {
        let file = uri.strip_prefix("mxc://").unwrap();
        let url = format!("{}/_matrix/client/v1/media/download/{file}", self.url);
        let answer = self.client.get(&url).bearer_auth(&self.token).send().await.unwrap();
        assert!(answer.status().is_success(), "{uri}: {}", answer.status());
        answer.bytes().await.unwrap().to_vec()
    }

    /// Gives the homeserver a file; says where it is.
    pub(crate) async fn upload(&self, media_type: &str, bytes: &[u8]) -> String {
        let url = format!("{}/_matrix/media/v3/upload", self.url);
        let request = self.client.post(&url).bearer_auth(&self.token).header("content-type", media_type);
        // Synapse wants to be told that there is nothing as well.
        let request = request.header("content-length", bytes.len());
        let answer: Value = request.body(bytes.to_vec()).send().await.unwrap().json().await.unwrap();
        answer["content_uri"].as_str().unwrap().to_owned()
    }

    /// Makes a direct room with somebody.
    pub(crate) async fn invite_to_chat(&self, other: &str) -> String {
        let body = json!({ "preset": "trusted_private_chat", "is_direct": true, "invite": [other] });
        self.post("createRoom", body).await["room_id"].as_str().unwrap().to_owned()
    }

    /// Says something; gives the event's id.
    pub(crate) async fn say(&self, room: &str, transaction: &str, body: Value) -> String {
        let path = format!("rooms/{room}/send/m.room.message/{transaction}");
        self.put(&path, body).await["event_id"].as_str().unwrap().to_owned()
    }

    /// Makes a room of several people and asks these into it.
    pub(crate) async fn make_room(&self, version: &str, name: &str, invited: &[&str]) -> String {
        let body = json!({
            "preset": "private_chat", "name": name, "topic": "of the day", "room_version": version, "invite": invited,
        });
        self.post("createRoom", body).await["room_id"].as_str().unwrap().to_owned()
    }

    /// Sends an event of any kind; gives its id.
    pub(crate) async fn send(&self, room: &str, kind: &str, transaction: &str, body: Value) -> String {
        let path = format!("rooms/{room}/send/{kind}/{transaction}");
        self.put(&path, body).await["event_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn show(&self, presence: &str, line: &str) {
        let path = format!("presence/{}/status", self.id);
        self.put(&path, json!({ "presence": presence, "status_msg": line })).await;
    }

    /// Syncs until something is found in an answer, and gives it.
    pub(crate) async fn until<T>(&mut self, what: &str, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            for at in self.from..self.answers.len() {
                if let Some(found) = wanted(&self.answers[at]) {
                    self.from = at;
                    return found;
                }
            }
            assert!(began.elapsed() < PATIENCE, "never: {what}; the syncs were {:#?}", &self.answers[self.from..]);
            self.sync().await;
        }
    }

    /// Waits for news, a second at most.
    pub(crate) async fn sync(&mut self) {
        let since = self.answers.last().and_then(|answer| answer["next_batch"].as_str());
        let since = since.map(|since| format!("&since={since}")).unwrap_or_default();
        self.answers.push(self.get(&format!("sync?timeout=1000&set_presence=offline{since}")).await);
    }

    /// Waits for an invitation of somebody; gives the room.
    pub(crate) async fn until_invited_by(&mut self, other: &str) -> String {
        let room = self.until("an invitation", |answer| {
            let rooms = answer["rooms"]["invite"].as_object()?;
            let of_other = |room: &Value| {
                let events = room["invite_state"]["events"].as_array().cloned().unwrap_or_default();
                events.iter().any(|event| event["sender"] == other && event["content"]["membership"] == "invite")
            };
            rooms.iter().find(|(_, room)| of_other(room)).map(|(id, _)| id.clone())
        });
        let room = room.await;
        // Each counts once.
        self.from += 1;
        room
    }

    /// Waits for somebody's presence.
    pub(crate) async fn until_seen(&mut self, other: &str, presence: &str, line: &str) {
        self.until(&format!("{other} {presence} {line:?}"), |answer| {
            let events = answer["presence"]["events"].as_array()?;
            let found = events.iter().any(|event| {
                event["sender"] == other
                    && event["content"]["presence"] == presence
                    && event["content"]["status_msg"].as_str().unwrap_or_default() == line
            });
            found.then_some(())
        })
        .await;
    }

    /// Waits until exactly these type in a room.
    pub(crate) async fn until_types(&mut self, room: &str, who: &[&str]) {
        self.until(&format!("{who:?} typing"), |answer| {
            let events = answer["rooms"]["join"][room]["ephemeral"]["events"].as_array()?;
            events.iter().any(|event| event["content"]["user_ids"] == json!(who)).then_some(())
        })
        .await;
    }

    /// Waits until somebody's membership of a room is this.
    pub(crate) async fn until_member(&mut self, room: &str, who: &str, membership: &str) {
        self.until(&format!("{who} {membership}"), |answer| {
            let room = &answer["rooms"]["join"][room];
            let events = ["state", "timeline"].into_iter().filter_map(|part| room[part]["events"].as_array()).flatten();
            let found = events.into_iter().any(|event| {
                event["type"] == "m.room.member"
                    && event["state_key"] == who
                    && event["content"]["membership"] == membership
            });
            found.then_some(())
        })
        .await;
    }

    /// Waits until somebody has said something in a room that holds these words; gives its content.
    pub(crate) async fn until_said(&mut self, room: &str, who: &str, words: &str) -> Value {
        let began = Instant::now();
        loop {
            let said = self.said_by(room, who).await;
            let holds = |content: &&Value| content["body"].as_str().is_some_and(|body| body.contains(words));
            if let Some(found) = said.iter().find(holds) {
                return found.clone();
            }
            assert!(began.elapsed() < PATIENCE, "{who} never said {words:?} but {said:#?}");
            self.sync().await;
        }
    }

    /// What somebody has said in a room, oldest first: the contents of the messages.
    pub(crate) async fn said_by(&self, room: &str, who: &str) -> Vec<Value> {
        let answer = self.get(&format!("rooms/{room}/messages?dir=b&limit=100")).await;
        let mut said: Vec<Value> = answer["chunk"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["type"] == "m.room.message" && event["sender"] == who)
            .map(|event| event["content"].clone())
            .collect();
        said.reverse();
        said
    }
}
