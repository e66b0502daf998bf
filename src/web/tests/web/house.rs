//! The web before a real server with a store of its own, as a browser reaches it.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use bridge::{
    Action, Failure, Farewell, Fault, Features, Found, Host, Link, LinkAnswers, LinkOwner, LinkState, LinkStatus,
    LinkStep, LinkTask, LinkWay, Network, Order, Receipt, RemoteProfile, Standing, TaskStage, Through,
};
use domain::{
    Passport, Realm, RemoteUser, contact::RemoteTarget, network::NetworkIds, presence::OfflineContacts,
    presence::OwnPresence,
};
use server::{Handle, Limits, NetworkEntry, PortalSettings, RegistrationPolicy, RoomStyle, SignUpPolicy};
use session::{emoji::Emoji, settings::Challenges};
use store::{Lane, Store};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

pub(crate) const PASSWORD: &str = "correct horse";

/// A network that links accounts and finds Zoe. The token says how the link is.
#[derive(Default)]
struct Net {
    linked: std::sync::Mutex<BTreeMap<Passport, (String, LinkState)>>,
}

struct Wire;

#[async_trait]
impl Network for Net {
    fn features(&self) -> Features {
        Features::PLAIN
    }

    async fn start(&self, _host: Arc<dyn Host>) -> Result<(), Failure> {
        Ok(())
    }

    async fn open(&self, _owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        Ok(Arc::new(Wire))
    }

    fn link_ways(&self) -> Vec<LinkWay> {
        let step = |key, secret| LinkStep { key, ask: format!("What is <the> {key}?"), secret };
        let way = |key, steps, through| LinkWay { key, says: format!("By {key} & all."), steps, through };
        vec![
            way("token", vec![step("token", true)], Through::Answers),
            way("door", vec![step("user", false)], Through::Browser { returned: "key" }),
        ]
    }

    async fn link(&self, owner: &Passport, way: &str, answers: &LinkAnswers) -> Result<LinkStatus, Failure> {
        let answer = answers.get(if way == "token" { "token" } else { "key" }).cloned().unwrap_or_default();
        if answer == "wrong" {
            return Err(Failure::refused("it is <wrong>"));
        }
        let state = match answer.as_str() {
            "slow" => LinkState::Connecting,
            "gone" => LinkState::Failed { reason: "the <token> was taken back".to_owned() },
            "late" => LinkState::Waiting { ask: "Somebody <lets> you in.".to_owned() },
            _ => LinkState::Connected,
        };
        self.linked.lock().unwrap().insert(owner.clone(), (format!("<b>{way}</b>"), state));
        self.linked(owner).await.ok_or_else(|| Failure::retry("it is gone"))
    }

    async fn link_address(&self, _: &Passport, _: &str, _: &LinkAnswers, back: &str) -> Result<String, Failure> {
        Ok(format!("https://elsewhere.example/door?back={back}"))
    }

    async fn link_tasks(&self, owner: &Passport) -> Vec<LinkTask> {
        let linked = self.linked.lock().unwrap();
        let Some((_, state)) = linked.get(owner) else { return Vec::new() };
        let wave = LinkTask::plain("wave", "Wave", "Waves.");
        vec![if matches!(state, LinkState::Waiting { .. }) { wave.at(TaskStage::WaitsElsewhere) } else { wave }]
    }

    async fn perform(&self, _: &Passport, _: &str, _: &LinkAnswers) -> Result<String, Failure> {
        Ok("It <waves>.".to_owned())
    }

    async fn unlink(&self, owner: &Passport) -> Result<bool, Failure> {
        Ok(self.linked.lock().unwrap().remove(owner).is_some())
    }

    async fn linked(&self, owner: &Passport) -> Option<LinkStatus> {
        let (identity, state) = self.linked.lock().unwrap().get(owner).cloned()?;
        Some(LinkStatus { identity, state, notes: vec!["Nobody <sees> you.".to_owned()] })
    }

    async fn resolve(&self, name: &str, _server: Option<&str>) -> Result<Option<RemoteProfile>, Failure> {
        Ok((name == "zoe").then(zoe))
    }

    async fn check(&self, _standing: Standing) -> Vec<Fault> {
        Vec::new()
    }

    async fn stop(&self) {}
}

fn zoe() -> RemoteProfile {
    RemoteProfile {
        user: RemoteUser("zoe".to_owned()),
        name: "Zoe <z>".to_owned(),
        login: "zoe".to_owned(),
        server: None,
        account: None,
    }
}

#[async_trait]
impl Link for Wire {
    fn show(&self, _presence: OwnPresence) {}

    fn typing(&self, _to: &RemoteTarget, _typing: bool) {}

    async fn search(&self, words: &str) -> Result<Vec<Found>, Failure> {
        Ok(if words == "zoe" { vec![Found::Person(zoe())] } else { Vec::new() })
    }

    async fn deliver(&self, _order: &Order) -> Result<Receipt, Failure> {
        Ok(Receipt::default())
    }

    async fn close(&self, _farewell: Farewell) {}
}

/// A real server and its pages, with the accounts Ann, who runs it, and Ben.
pub(crate) struct House {
    address: std::net::SocketAddr,
    pub(crate) handle: Handle,
    store: Store,
    stop: CancellationToken,
    task: JoinHandle<()>,
    _folder: TempDir,
}

/// An answer: its status, its head and its body.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Page {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    /// Whether all of this stands on it.
    pub(crate) fn has(&self, part: &str) -> &Self {
        assert!(self.body.contains(part), "{part} in {}", self.body);
        self
    }

    /// What its forms show.
    pub(crate) fn proof(&self) -> &str {
        crate::server::between(&self.body, "name=\"proof\" value=\"", "\"")
    }
}

impl House {
    pub(crate) async fn open(public_url: &str, sign_up: SignUpPolicy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name: domain::NetworkName = "net".parse().unwrap();
        let bit = domain::NetworkBit::try_from(64).unwrap();
        let realm = Realm::new("msn.example", vec![name.clone()]);
        let bits = [(name.clone(), bit)].into_iter().collect();
        let store = Store::open("sqlite::memory:", folder.path(), realm.clone(), bits).await.unwrap();
        let session = session::Settings {
            network_ids: NetworkIds::default(),
            emoji: Emoji::Codes,
            bridged_font: Arc::from(""),
            challenges: Challenges::Off,
            calls_per_minute: 1,
            messages_per_minute: 1,
            mail: false,
            web: Arc::from(public_url),
            public_address: Arc::from("127.0.0.1:1863"),
        };
        let settings = server::Settings {
            realm,
            session,
            rooms: RoomStyle::Prefixed,
            receipts: true,
            live_list: false,
            registration: RegistrationPolicy::Closed,
            portal: PortalSettings {
                sign_up,
                admins: vec!["ann@msn.example".parse().unwrap()],
                ..PortalSettings::default()
            },
            offline_contacts: OfflineContacts::default(),
            offline_messages: true,
            dispatch: false,
            data_directory: folder.path().to_owned(),
            limits: Limits {
                written: [("contacts", 600), ("groups", 30), ("rooms", 500)]
                    .map(|(key, most)| (key.to_owned(), most))
                    .into(),
                ..Limits::default()
            },
        };
        let entry = NetworkEntry {
            name,
            bit,
            network: Arc::new(Net::default()),
            features: Features { presence: true, ..Features::PLAIN },
        };
        let handle = Handle::start(settings, store.clone(), vec![entry], Vec::new()).await.unwrap();
        for (address, name) in [("ann@msn.example", "<b>Ann</b>"), ("ben@msn.example", "Ben")] {
            handle.administration().add(address, Some(name), PASSWORD).await.unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let settings = chrysalis_web::Settings {
            public_url: public_url.parse().unwrap(),
            trusted_proxies: Vec::new(),
            connections_per_address: Arc::new(256.into()),
            gateway_idle: std::time::Duration::from_mins(1),
            doctor: crate::doctor::doctor(public_url),
        };
        let serving = chrysalis_web::serve(listener, settings, Arc::new(handle.clone()), stop.clone());
        Self { address, handle, store, stop, task: tokio::spawn(serving), _folder: folder }
    }

    /// The network gives up adding Zoe for the account, for this reason.
    pub(crate) async fn gives_up(&self, account: &str, reason: &str) -> i64 {
        let (network, owner) = ("net".parse().unwrap(), account.parse::<Passport>().unwrap());
        let contact = self.store.allot(&network, zoe().into()).await.unwrap();
        self.store.order(&owner, &contact, Action::Befriend).await.unwrap();
        let order = self.store.next_order(&Lane { owner, contact }).await.unwrap().unwrap();
        self.store.order_failed(order.id, reason, None).await.unwrap();
        order.id.0
    }

    pub(crate) async fn close(self) {
        self.stop.cancel();
        self.task.await.unwrap();
        self.handle.stop().await;
    }

    /// A browser that nobody has signed in.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { house: self, cookies: BTreeMap::new() }
    }

    /// A browser that is signed in to the account.
    pub(crate) async fn browser_of(&self, account: &str) -> Browser<'_> {
        let mut browser = self.browser();
        let door = browser.get("/sign-in").await;
        let form = [("address", account), ("password", PASSWORD), ("proof", door.proof())];
        let answer = browser.post("/sign-in", &form).await;
        assert_eq!((answer.status, answer.header("Location")), (303, "/home"));
        browser
    }
}

/// A browser of today: it keeps cookies, and says from which page it posts.
#[derive(Clone)]
pub(crate) struct Browser<'h> {
    house: &'h House,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.ask(&format!("GET {path} HTTP/1.1"), "Sec-Fetch-Site: none\r\n", b"").await
    }

    /// Posts a form from a page of the server's own.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        self.post_from("Sec-Fetch-Site: same-origin\r\n", path, form).await
    }

    /// Posts a form with these header lines.
    pub(crate) async fn post_from(&mut self, header: &str, path: &str, form: &[(&str, &str)]) -> Page {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let header = format!("{header}Content-Type: application/x-www-form-urlencoded\r\n");
        self.ask(&format!("POST {path} HTTP/1.1"), &header, form.as_bytes()).await
    }

    /// Loads a page, posts the form with what proves it to be its own, and follows to the page that says what came of it.
    pub(crate) async fn submit(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let page = self.get(path).await;
        let mut form = form.to_vec();
        form.push(("proof", page.proof()));
        let action = path.split('?').next().unwrap();
        let answer = self.post(action, &form).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let location = answer.header("Location").to_owned();
        self.get(&location).await
    }

    pub(crate) async fn ask(&mut self, line: &str, header: &str, body: &[u8]) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = if cookies.is_empty() { String::new() } else { format!("Cookie: {}\r\n", cookies.join("; ")) };
        let head = format!(
            "{line}\r\nHost: localhost\r\nUser-Agent: Test <1>\r\n{header}{cookies}Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(self.house.address).await.unwrap();
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let set = head.lines().filter_map(|line| line.strip_prefix("Set-Cookie: "));
        for cookie in set.map(|cookie| cookie.split(';').next().unwrap()) {
            let (name, value) = cookie.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Page { status, head: head.to_owned(), body: body.to_owned() }
    }
}
