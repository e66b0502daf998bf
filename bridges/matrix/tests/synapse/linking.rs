//! Linking an account to one that somebody has on Matrix themselves: the ways to do it, what outlives a restart, and how it ends.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, extract::Query, http::StatusCode, response::IntoResponse as _, routing::get};
use bridge::{Failure, Farewell, LinkState, LinkStatus, Network};
use domain::Passport;
use matrix_sdk::{
    config::SyncSettings,
    encryption::verification::{SasState, Verification, VerificationRequest, VerificationRequestState},
    ruma::{
        events::key::verification::request::ToDeviceKeyVerificationRequestEvent,
        events::room::message::RoomMessageEventContent,
    },
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    Setup,
    encryption::Peer,
    homeserver::Person,
    host::{MemoryHost, PATIENCE},
    open,
};

const CAROLS: &str = "carol@msn.example";
const DAVES: &str = "dave@msn.example";
const BOT: &str = "@msnbot:example.org";

fn passport(address: &str) -> Passport {
    address.parse().unwrap()
}

async fn link(
    network: &Arc<dyn Network>,
    of: &str,
    way: &str,
    answers: &[(&str, &str)],
) -> Result<LinkStatus, Failure> {
    let answers = answers.iter().map(|(key, answer)| ((*key).to_owned(), (*answer).to_owned())).collect();
    network.link(&passport(of), way, &answers).await
}

pub(crate) async fn by_password(network: &Arc<dyn Network>, of: &str, user: &str) -> Result<LinkStatus, Failure> {
    link(network, of, "password", &[("user", user), ("password", "secret")]).await
}

async fn refused(linking: impl Future<Output = Result<LinkStatus, Failure>>) -> String {
    match linking.await {
        Err(Failure::Refused { reason }) => reason,
        outcome => panic!("not refused: {outcome:?}"),
    }
}

/// Waits until the link stands as wanted: it can only be asked for.
async fn until(network: &Arc<dyn Network>, of: &str, what: &str, wanted: impl Fn(&LinkStatus) -> bool) -> LinkStatus {
    let began = std::time::Instant::now();
    loop {
        let status = network.linked(&passport(of)).await;
        if let Some(status) = status.clone().filter(&wanted) {
            return status;
        }
        assert!(began.elapsed() < PATIENCE, "never {what}: {status:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

pub(crate) async fn until_connected(network: &Arc<dyn Network>, of: &str) -> LinkStatus {
    until(network, of, "connected", |status| status.state == LinkState::Connected).await
}

async fn perform(network: &Arc<dyn Network>, task: &str, answers: &[(&str, &str)]) -> Result<String, Failure> {
    let answers: BTreeMap<_, _> =
        answers.iter().map(|(key, answer)| ((*key).to_owned(), (*answer).to_owned())).collect();
    network.perform(&passport(CAROLS), task, &answers).await
}

/// The devices that this program has made for somebody.
async fn devices(person: &Person) -> usize {
    let devices = person.get("devices").await;
    let is_ours = |device: &&Value| device["display_name"] == "Chrysalis (MSN Messenger)";
    devices["devices"].as_array().unwrap().iter().filter(is_ours).count()
}

/// The stores that lie in the data directory.
fn stores(setup: &Setup) -> usize {
    let Ok(accounts) = std::fs::read_dir(setup.section.data_directory.join("own")) else { return 0 };
    accounts.map(|account| std::fs::read_dir(account.unwrap().path()).unwrap().count()).sum()
}

async fn start(setup: &Setup, host: &Arc<MemoryHost>) -> Arc<dyn Network> {
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    open(&network, CAROLS, "Carol").await;
    network
}

fn hosts(setup: &Setup) -> Arc<MemoryHost> {
    setup.host(&[(CAROLS, "Carol"), (DAVES, "Dave")])
}

fn notices(host: &MemoryHost, words: &str) -> usize {
    host.told().notices.iter().filter(|(_, line)| line.contains(words)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_by_password_lasts_until_it_is_taken_away_or_signed_out() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = hosts(&setup);
    let network = start(&setup, &host).await;
    let ann = synapse.person("ann").await;

    // What is wrong leaves nothing behind.
    let wrong = refused(link(&network, CAROLS, "password", &[("user", " @ann "), ("password", "wrong")])).await;
    assert!(
        wrong.contains("the homeserver of example.org does not take this password for @ann:example.org; look"),
        "{wrong}"
    );
    for way in ["password", "token"] {
        let elsewhere = refused(link(&network, CAROLS, way, &[("user", "@bot:elsewhere.org"), (way, "secret")])).await;
        assert!(
            elsewhere.contains("only those of example.org") && elsewhere.contains("linked.homeservers"),
            "{elsewhere}"
        );
    }
    assert!(refused(by_password(&network, CAROLS, "@msnbot:example.org")).await.contains("belongs to this server"));
    assert!(refused(by_password(&network, CAROLS, "a b")).await.contains("no Matrix account"));
    assert_eq!(network.linked(&passport(CAROLS)).await, None);
    assert!(!host.told().kept.keys().any(|key| key.starts_with("own")));
    assert_eq!((devices(&ann).await, stores(&setup)), (0, 0));

    // One account of Matrix is one account here.
    assert_eq!(by_password(&network, CAROLS, "ann").await.unwrap().identity, "@ann:example.org");
    until_connected(&network, CAROLS).await;
    assert!(refused(by_password(&network, DAVES, "@ann:example.org")).await.contains("another account"));
    assert_eq!((devices(&ann).await, stores(&setup)), (1, 1));
    host.until("a sync is committed", |told| told.kept.contains_key("own-since/carol@msn.example")).await;
    assert!(network.link_tasks(&passport(CAROLS)).await.iter().any(|task| task.key == "recovery"));
    assert!(network.link_tasks(&passport(DAVES)).await.is_empty());

    // It is restored without signing in anew, though the homeserver is away at first.
    network.stop().await;
    synapse.halt().await;
    let network = start(&setup, &host).await;
    until(&network, CAROLS, "tried again", |status| status.notes.iter().any(|note| note.contains("tried again"))).await;
    synapse.resume().await;
    until_connected(&network, CAROLS).await;
    assert_eq!((devices(&ann).await, stores(&setup)), (1, 1));

    // Linked once more, the device before is gone; to somebody else as well.
    by_password(&network, CAROLS, "ann").await.unwrap();
    until_connected(&network, CAROLS).await;
    assert_eq!((devices(&ann).await, stores(&setup)), (1, 1));
    let bob = synapse.person("bob").await;
    assert_eq!(by_password(&network, CAROLS, "bob").await.unwrap().identity, "@bob:example.org");
    assert_eq!((devices(&ann).await, devices(&bob).await, stores(&setup)), (0, 1, 1));
    assert!(by_password(&network, DAVES, "ann").await.is_ok(), "nobody has her any more");
    assert!(network.unlink(&passport(DAVES)).await.unwrap());

    // Signed out by another client, it is said once, and known after a restart.
    until_connected(&network, CAROLS).await;
    bob.post("logout/all", json!({})).await;
    until(&network, CAROLS, "signed out", |status| matches!(status.state, LinkState::Failed { .. })).await;
    host.until("it is said", |told| told.notices.iter().any(|(_, line)| line.contains("is signed out here"))).await;
    assert!(matches!(perform(&network, "verify", &[]).await, Err(Failure::SignedOut { .. })));
    network.stop().await;
    let network = start(&setup, &host).await;
    assert!(matches!(network.linked(&passport(CAROLS)).await.unwrap().state, LinkState::Failed { .. }));

    // Taken away, nothing is left.
    assert!(network.unlink(&passport(CAROLS)).await.unwrap());
    assert!(!network.unlink(&passport(CAROLS)).await.unwrap());
    assert_eq!(notices(&host, "is signed out here"), 1);
    assert!(!host.told().kept.keys().any(|key| key.starts_with("own")), "{:?}", host.told().kept);
    assert_eq!(stores(&setup), 0);

    // As little as where the account is removed.
    let carol = open(&network, CAROLS, "Carol").await;
    by_password(&network, CAROLS, "ann").await.unwrap();
    carol.close(Farewell::Removed).await;
    assert_eq!((devices(&ann).await, stores(&setup)), (0, 0));
    assert_eq!(network.linked(&passport(CAROLS)).await, None);
    network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_by_token_takes_a_session_that_nobody_uses() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = hosts(&setup);
    let network = start(&setup, &host).await;
    let (ann, bob) = (synapse.person("ann").await, synapse.person("bob").await);
    let by_token = |user: &'static str, token: String| {
        let network = Arc::clone(&network);
        async move { link(&network, CAROLS, "token", &[("user", user), ("token", &token)]).await }
    };
    assert!(refused(by_token("ann", "nonsense".into())).await.contains("does not know this token"));
    assert!(refused(by_token("ann", bob.token().into())).await.contains("this is @bob:example.org"));
    let peer = Peer::new(&synapse, "ann").await;
    let token = peer.client.session_tokens().unwrap().access_token;
    assert!(refused(by_token("ann", token)).await.contains("another program uses this token"));
    assert_eq!(
        bob.get("account/whoami").await["user_id"],
        "@bob:example.org",
        "a token that was refused is left alone"
    );

    assert_eq!(by_token("ann", ann.token().into()).await.unwrap().identity, "@ann:example.org");
    until_connected(&network, CAROLS).await;
    // Restored as from any other way; keys of a restored installation's past are not used again.
    network.stop().await;
    let network = start(&setup, &host).await;
    until_connected(&network, CAROLS).await;
    network.stop().await;
    *host.generation.lock().unwrap() = "second".into();
    let network = start(&setup, &host).await;
    let status = until(&network, CAROLS, "lost", |status| matches!(status.state, LinkState::Failed { .. })).await;
    assert!(format!("{status:?}").contains("backup"), "{status:?}");
    network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_by_a_number_needs_the_user_it_was_made_for() {
    let setup = Setup::new();
    let document = setup.network().double_puppet_registration().unwrap().unwrap();
    let mut synapse = setup.synapse().await;
    let file = setup.directory.path().join("double-puppet.yaml");
    std::fs::write(&file, document).unwrap();
    synapse.halt().await;
    synapse.configure(|configuration| {
        configuration["app_service_config_files"].as_array_mut().unwrap().push(json!(file));
    });
    synapse.resume().await;
    let host = hosts(&setup);
    let network = start(&setup, &host).await;
    assert!(network.link_ways().iter().any(|way| way.key == "code"));
    let (mut ann, mut bob) = (synapse.person("ann").await, synapse.person("bob").await);

    let asked = link(&network, CAROLS, "code", &[("user", "ann")]).await.unwrap();
    let LinkState::Waiting { ask } = &asked.state else { panic!("{asked:?}") };
    assert!(ask.ends_with("to @msnbot:example.org as @ann:example.org, within 15 minutes."), "{ask}");
    let command = ask.split('`').nth(1).unwrap();
    assert_eq!(network.linked(&passport(CAROLS)).await, Some(asked.clone()));
    for (person, answer) in
        [(&mut bob, "Nobody on Messenger waits"), (&mut ann, "You are `carol@msn.example` on Messenger")]
    {
        let room = person.invite_to_chat(BOT).await;
        person.until_said(&room, BOT, "Hello!").await;
        person.say(&room, "t1", json!({ "msgtype": "m.text", "body": command })).await;
        person.until_said(&room, BOT, answer).await;
    }
    assert_eq!(until_connected(&network, CAROLS).await.identity, "@ann:example.org");
    assert_eq!((devices(&ann).await, devices(&bob).await), (1, 0));
    assert_eq!(notices(&host, "as @ann:example.org"), 1);
    network.stop().await;
    synapse.halt().await;
}

/// A service that knows everybody as casey (the protocol of CAS): a browser is sent on at once.
async fn central_sign_in() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let validate = get(|Query(asked): Query<BTreeMap<String, String>>| async move {
        if asked.get("ticket").map(String::as_str) != Some("ST-1") {
            return StatusCode::FORBIDDEN.into_response();
        }
        "<cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'><cas:authenticationSuccess><cas:user>casey</cas:user>\
         </cas:authenticationSuccess></cas:serviceResponse>"
            .into_response()
    });
    let router = Router::new().route("/cas/proxyValidate", validate.clone()).route("/cas/p3/proxyValidate", validate);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("{address}/cas")
}

/// Where a browser is sent from an address.
async fn sent_to(browser: &reqwest::Client, address: &str) -> url::Url {
    let answer = browser.get(address).send().await.unwrap();
    let status = answer.status();
    let Some(to) = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()) else {
        panic!("{address} sends nowhere: {status} {}", answer.text().await.unwrap());
    };
    url::Url::parse(&to).unwrap()
}

fn parameter(url: &url::Url, wanted: &str) -> String {
    let found = url.query_pairs().find(|(key, _)| key == wanted).map(|(_, value)| value.into_owned());
    found.unwrap_or_else(|| panic!("{url} has no {wanted}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_by_browser_comes_back_with_who_it_is() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = hosts(&setup);
    let network = start(&setup, &host).await;
    let (owner, back) = (passport(CAROLS), "http://127.0.0.1:9/linked?state=s1");
    let server: BTreeMap<_, _> = [("server".to_owned(), "example.org".to_owned())].into();
    let none = network.link_address(&owner, "sso", &server, back).await;
    assert!(matches!(&none, Err(Failure::Refused { reason }) if reason.contains("browser")), "{none:?}");

    let sign_in = central_sign_in().await;
    synapse.halt().await;
    synapse.configure(|configuration| {
        configuration["cas_config"] = json!({ "enabled": true, "server_url": sign_in });
        configuration["sso"] = json!({ "client_whitelist": ["http://127.0.0.1:9/"] });
    });
    synapse.resume().await;
    let address = network.link_address(&owner, "sso", &server, back).await.unwrap();
    let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let at_sign_in = sent_to(&browser, &address).await;
    let mut service = url::Url::parse(&parameter(&at_sign_in, "service")).unwrap();
    service.query_pairs_mut().append_pair("ticket", "ST-1");
    let came_back = sent_to(&browser, service.as_str()).await;
    assert_eq!(parameter(&came_back, "state"), "s1");

    let token = parameter(&came_back, "loginToken");
    let answers = [("server", "example.org"), ("loginToken", token.as_str())];
    assert_eq!(link(&network, CAROLS, "sso", &answers).await.unwrap().identity, "@casey:example.org");
    until_connected(&network, CAROLS).await;
    assert!(refused(link(&network, DAVES, "sso", &answers)).await.contains("begin once more"), "a token counts once");
    network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recovery_key_opens_what_was_said_before() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = hosts(&setup);
    let network = start(&setup, &host).await;
    let (ann, bob) = (Peer::new(&synapse, "ann").await, Peer::new(&synapse, "bob").await);
    // Otherwise the link would make the account's first signing keys, and be confirmed from the beginning.
    ann.client.encryption().bootstrap_cross_signing_if_needed(None).await.unwrap();
    let room = bob.chat_with("@ann:example.org").await;
    ann.sync().await;
    ann.client.get_room(room.room_id()).unwrap().join().await.unwrap();
    bob.sync().await;
    room.send(RoomMessageEventContent::text_plain("said before")).await.unwrap();
    ann.sync().await;
    let key = ann.client.encryption().recovery().enable().wait_for_backups_to_upload().await.unwrap();

    by_password(&network, CAROLS, "ann").await.unwrap();
    let unverified = |status: &LinkStatus| status.notes.iter().any(|note| note.contains("use your recovery key"));
    until(&network, CAROLS, "unconfirmed", unverified).await;
    let wrong =
        perform(&network, "recovery", &[("key", "EsTj 3yST y93F SLpB jJsz eAXc 2XzA ygD3 w69H fGaN TKBj jXEd")]).await;
    assert!(matches!(&wrong, Err(Failure::Refused { reason }) if reason.contains("not the recovery key")), "{wrong:?}");
    let said = perform(&network, "recovery", &[("key", &key)]).await.unwrap();
    assert!(said.contains("is confirmed"), "{said}");
    until(&network, CAROLS, "confirmed", |status| !unverified(status)).await;
    host.until("what was said before", |told| told.texts(CAROLS).contains(&"said before".to_owned())).await;

    // Whose passphrase is hashed for hours stops nothing here.
    let me = synapse.person("ann").await;
    let data = format!("user/{}/account_data", me.id);
    let endless = json!({ "algorithm": "m.secret_storage.v1.aes-hmac-sha2", "passphrase": {
        "algorithm": "m.pbkdf2", "salt": "s", "iterations": 4_294_967_295_u32 } });
    me.put(&format!("{data}/m.secret_storage.key.endless"), endless).await;
    me.put(&format!("{data}/m.secret_storage.default_key"), json!({ "key": "endless" })).await;
    let endless = perform(&network, "recovery", &[("key", "x")]).await;
    assert!(matches!(&endless, Err(Failure::Refused { reason }) if reason.contains("4294967295 times")), "{endless:?}");
    network.stop().await;
    synapse.halt().await;
}

/// Watches for a session of the same account that wants to be confirmed.
fn requests(peer: &Peer) -> watch::Receiver<Option<VerificationRequest>> {
    let (sender, receiver) = watch::channel(None);
    peer.client.add_event_handler(move |event: ToDeviceKeyVerificationRequestEvent, client: matrix_sdk::Client| {
        let sender = sender.clone();
        async move {
            let flow = event.content.transaction_id.as_str();
            if let Some(request) = client.encryption().get_verification_request(&event.sender, flow).await {
                sender.send_replace(Some(request));
            }
        }
    });
    receiver
}

/// Waits until a session knows of another one of its account: what one asks of which it knows nothing it passes over.
async fn until_known(peer: &Peer) {
    let (me, began) = (peer.client.user_id().unwrap(), std::time::Instant::now());
    while peer.client.encryption().get_user_devices(me).await.unwrap().devices().count() < 2 {
        assert!(began.elapsed() < PATIENCE, "no other session is ever known");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Confirms a session from the other side: the emoji, once both have them; `agrees` answers what is shown there.
async fn compare(network: &Arc<dyn Network>, request: &VerificationRequest, task: &str) {
    let began = std::time::Instant::now();
    let sas = loop {
        if let VerificationRequestState::Transitioned { verification: Verification::SasV1(sas) } = request.state() {
            break sas;
        }
        assert!(began.elapsed() < PATIENCE, "no comparing begins: {:?}", request.state());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    if !sas.we_started() {
        sas.accept().await.unwrap();
    }
    let shown = loop {
        let tasks = network.link_tasks(&passport(CAROLS)).await;
        if let Some(task) = tasks.iter().find(|task| task.key == "verify-yes")
            && sas.can_be_presented()
        {
            break task.says.clone();
        }
        assert!(began.elapsed() < PATIENCE, "no emoji: {tasks:?} {:?}", sas.state());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    for emoji in sas.emoji().unwrap() {
        assert!(shown.contains(&format!("{} {}", emoji.symbol, emoji.description)), "{shown}");
    }
    perform(network, task, &[]).await.unwrap();
    if task == "verify-yes" {
        sas.confirm().await.unwrap();
    }
    while !matches!(sas.state(), SasState::Done { .. } | SasState::Cancelled(_)) {
        assert!(began.elapsed() < PATIENCE, "never over: {:?}", sas.state());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seven_emoji_confirm_a_session() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = hosts(&setup);
    let network = start(&setup, &host).await;
    let ann = Peer::new(&synapse, "ann").await;
    ann.client.encryption().bootstrap_cross_signing_if_needed(None).await.unwrap();
    let mut asked = requests(&ann);
    let client = ann.client.clone();
    let syncing = tokio::spawn(async move { client.sync(SyncSettings::new()).await });
    by_password(&network, CAROLS, "ann").await.unwrap();
    let unverified =
        |status: &LinkStatus| status.notes.iter().any(|note| note.contains("not confirmed by another one"));
    until(&network, CAROLS, "unconfirmed", unverified).await;
    until_known(&ann).await;
    assert!(matches!(perform(&network, "verify-yes", &[]).await, Err(Failure::Refused { .. })), "nothing is compared");

    // From here, and they differ.
    perform(&network, "verify", &[]).await.unwrap();
    let request = tokio::time::timeout(PATIENCE, asked.wait_for(Option::is_some)).await.expect("it is asked");
    let request = request.unwrap().clone().unwrap();
    asked.mark_unchanged();
    request.accept().await.unwrap();
    compare(&network, &request, "verify-no").await;
    host.until("it failed", |told| told.notices.iter().any(|(_, line)| line.contains("was not confirmed"))).await;
    until(&network, CAROLS, "unconfirmed still", unverified).await;

    // From there, and they are the same.
    let me = ann.client.user_id().unwrap();
    let identity = ann.client.encryption().get_user_identity(me).await.unwrap().unwrap();
    let request = identity.request_verification().await.unwrap();
    host.until("it is offered", |told| {
        told.notices.iter().any(|(_, line)| line.contains("say \"matrix verify\" to agree"))
    })
    .await;
    perform(&network, "verify", &[]).await.unwrap();
    let began = std::time::Instant::now();
    while !request.is_ready() {
        assert!(began.elapsed() < PATIENCE, "never agreed: {:?}", request.state());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    request.start_sas().await.unwrap();
    compare(&network, &request, "verify-yes").await;
    host.until("it worked", |told| told.notices.iter().any(|(_, line)| line.contains("here is confirmed"))).await;
    until(&network, CAROLS, "confirmed", |status| !unverified(status)).await;
    syncing.abort();
    network.stop().await;
    synapse.halt().await;
}
