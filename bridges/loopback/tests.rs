//! The network from both sides: the suite, and what survives what.

mod gathering;
mod gifts;
mod linking;
mod pictures;
mod relations;
mod repeating;
mod room;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use bridge::{
    Action, Arrival, Farewell, Host, Link, LinkAnswers, Network, Order, RemoteProfile, RoomProfile, Section,
    conformance::{Enclosure, EnclosureKind, FakeHost, Seen, Subject, owner, run},
};
use domain::{
    Content, RemoteMessage,
    contact::RemoteTarget,
    content::Text,
    presence::{Availability, RemotePresence},
};

use crate::{Loopback, echo};

struct Both(Arc<Loopback>);

#[async_trait]
impl Subject for Both {
    fn network(&self) -> Arc<dyn Network> {
        Arc::clone(&self.0) as Arc<dyn Network>
    }

    fn person(&self) -> RemoteProfile {
        echo::profile()
    }

    fn link_answers(&self) -> Option<(&'static str, LinkAnswers)> {
        (!self.0.link_ways().is_empty()).then(|| ("token", linking::answers("loop-ann-s3cret")))
    }

    async fn say(&self, text: &str) {
        self.0.say(&owner().passport, Content::text(text)).await;
    }

    async fn heard(&self, count: usize) -> Vec<Content> {
        self.0.heard(&owner().passport, count).await
    }

    async fn appear(&self, presence: RemotePresence) {
        self.0.appear(&owner().passport, presence.availability, &presence.personal_message.text);
    }

    async fn sees(&self, line: Option<&str>) {
        self.0
            .sees(&owner().passport, |seen| {
                seen.status.is_visible().then_some(seen.personal_message.text.as_str()) == line
            })
            .await;
    }

    async fn types(&self, typing: bool) {
        self.0.types(&owner().passport, typing);
    }

    async fn sees_typing(&self, typing: bool) {
        self.0.sees_typing(&owner().passport, typing).await;
    }

    async fn invite(&self) -> bool {
        false
    }

    async fn send(&self, enclosure: &Enclosure) {
        let attachment = self.0.keep(&enclosure.name, enclosure.bytes.clone()).await.unwrap();
        self.0.say(&owner().passport, enclosure.kind.content(attachment)).await;
    }

    async fn received(&self, count: usize) -> Vec<Enclosure> {
        let mut heard = self.heard(0).await;
        while heard.iter().filter_map(EnclosureKind::of).count() < count {
            heard = self.heard(heard.len() + 1).await;
        }
        let mut received = Vec::new();
        for (kind, attachment) in heard.iter().filter_map(EnclosureKind::of) {
            let bytes = self.0.bytes(attachment).await.unwrap().unwrap();
            received.push(Enclosure { kind, name: attachment.name.clone(), bytes });
        }
        received
    }

    async fn say_formatted(&self, text: &Text) {
        self.0.say(&owner().passport, Content::Text(text.clone())).await;
    }

    fn has_pictures(&self) -> bool {
        true
    }

    fn has_relations(&self) -> bool {
        true
    }

    async fn answer(&self, to: &RemoteMessage, text: &str) {
        self.0.answer(&owner().passport, to, text).await;
    }

    async fn react(&self, to: &RemoteMessage, sign: &str) {
        self.0.react(&owner().passport, to, sign).await;
    }

    async fn change(&self, of: &RemoteMessage, text: &str) {
        self.0.change(&owner().passport, of, text).await;
    }

    async fn remove(&self, of: &RemoteMessage) {
        self.0.remove(&owner().passport, of).await;
    }

    async fn last_answered(&self) -> Option<RemoteMessage> {
        self.0.answered(&owner().passport)
    }

    fn room(&self) -> Option<RoomProfile> {
        Some(crate::room::profile(crate::room::TOPIC))
    }

    async fn ask_in(&self) -> bool {
        self.0.ask_in(&owner().passport).await;
        true
    }

    async fn say_in(&self, text: &str) {
        self.0.say_in(&owner().passport, text).await;
    }

    fn spelling_of_the_room(&self) -> Option<String> {
        Some("loopback:room".to_owned())
    }

    async fn wear(&self, picture: Option<&[u8]>) {
        match picture {
            Some(bytes) => self.0.wear(Some(&self.0.keep("echo.gif", bytes.to_vec()).await.unwrap())),
            None => self.0.wear(None),
        }
    }

    async fn sees_picture(&self, picture: Option<&[u8]>) {
        // What is named by its hash has the same name exactly when it has the same bytes.
        let wanted = match picture {
            Some(bytes) => Some(self.0.keep("wanted.gif", bytes.to_vec()).await.unwrap().source),
            None => None,
        };
        self.0.sees(&owner().passport, |seen| seen.picture.as_ref().map(|picture| picture.source) == wanted).await;
    }
}

fn section(values: &[(&str, &str)]) -> Section {
    let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    let (base, data_directory) = (PathBuf::from("."), PathBuf::from("."));
    Section { name: "loopback".parse().unwrap(), bit: 256.try_into().unwrap(), values, base, data_directory }
}

fn host() -> Arc<FakeHost> {
    FakeHost::new("loopback".parse().unwrap(), vec![owner()])
}

async fn started(host: &Arc<FakeHost>) -> (Loopback, Arc<dyn Link>) {
    let network = Loopback::new(&section(&[])).unwrap();
    network.start(Arc::clone(host) as Arc<dyn Host>).await.unwrap();
    let link = network.open(owner()).await.unwrap();
    (network, link)
}

fn order(host: &FakeHost, key: &str, text: &str) -> Order {
    order_of(host, key, &echo::place(), Content::text(text))
}

fn order_of(host: &FakeHost, key: &str, to: &RemoteTarget, content: Content) -> Order {
    let action = Action::Say { content, sent: host.now(), reply: None, heard: Vec::new() };
    Order { key: key.to_owned(), attempt: 0, to: to.clone(), action }
}

fn said(seen: &Seen) -> Vec<Content> {
    seen.said(&owner().passport, &echo::user())
}

/// What Echo says, once they have said so much.
async fn wait_for(host: &FakeHost, count: usize) -> Vec<Content> {
    let what = format!("{count} things that Echo says");
    host.wait_for(&what, |seen| Some(said(seen)).filter(|said| said.len() >= count)).await
}

async fn wait_for_answers(host: &FakeHost, expected: &[&str]) {
    let expected: Vec<Content> = expected.iter().copied().map(Content::text).collect();
    host.wait_for(&format!("{expected:?}"), |seen| (said(seen) == expected).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn loopback_conforms() {
    run(&Both(Arc::new(Loopback::new(&section(&[])).unwrap()))).await;
}

#[tokio::test(start_paused = true)]
async fn loopback_conforms_where_accounts_link_themselves() {
    run(&Both(Arc::new(Loopback::new(&linking::section()).unwrap()))).await;
}

#[test]
fn a_key_in_the_section_is_a_fault() {
    let fault = crate::network(section(&[("homeserver", "x")])).err().unwrap();
    assert!(fault.to_string().contains("homeserver"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn echo_is_everybodys_friend_once() {
    let host = host();
    for _ in 0..2 {
        let (network, link) = started(&host).await;
        link.close(Farewell::Stopping).await;
        network.open(owner()).await.unwrap();
        network.stop().await;
    }
    let friend = Arrival::Friend { owner: owner().passport, who: echo::profile(), group: None };
    assert_eq!(host.seen().arrivals, [friend]);
    let presence = host.seen().presences.remove(&(owner().passport, echo::user())).unwrap();
    assert_eq!(
        (presence.availability, presence.personal_message.text.as_str()),
        (Availability::Online, "say something")
    );
}

#[tokio::test(start_paused = true)]
async fn texts_are_repeated_in_order_after_some_typing() {
    let host = host();
    let (network, link) = started(&host).await;
    for (key, text) in [("1", "one"), ("2", "two\n"), ("3", " three ")] {
        link.deliver(&order(&host, key, text)).await.unwrap();
    }
    host.wait_for("typing", |seen| (seen.typing.len() == 1).then_some(())).await;
    assert_eq!(said(&host.seen()), []);
    wait_for_answers(&host, &["one", "two\n", " three "]).await;
    host.wait_for("an end of typing", |seen| seen.typing.is_empty().then_some(())).await;
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn words_move_echo() {
    let host = host();
    let (network, link) = started(&host).await;
    link.deliver(&order(&host, "1", "busy")).await.unwrap();
    link.deliver(&order(&host, "2", "status in the garden")).await.unwrap();
    link.deliver(&order(&host, "3", "nudge")).await.unwrap();
    host.wait_for("a busy Echo in the garden", |seen| {
        let presence = seen.presences.get(&(owner().passport, echo::user()))?;
        (presence.availability == Availability::Busy && presence.personal_message.text == "in the garden").then_some(())
    })
    .await;
    host.wait_for("a nudge and its line", |seen| {
        (said(seen).len() == 4 && said(seen)[2] == Content::Nudge).then_some(())
    })
    .await;
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_survives_a_crash_and_is_given_once() {
    let host = host();
    let (network, link) = started(&host).await;
    link.deliver(&order(&host, "1", "one")).await.unwrap();
    link.deliver(&order(&host, "2", "two")).await.unwrap();
    // Nothing has had time to be answered: the runtime's clock stands still.
    network.stop().await;
    drop((network, link));
    assert_eq!(said(&host.seen()), []);

    let (network, link) = started(&host).await;
    // The server did not learn of the receipt, and tries again.
    link.deliver(&Order { attempt: 1, ..order(&host, "2", "two") }).await.unwrap();
    wait_for_answers(&host, &["one", "two"]).await;
    network.stop().await;
    drop((network, link));

    let (network, link) = started(&host).await;
    link.deliver(&Order { attempt: 2, ..order(&host, "2", "two") }).await.unwrap();
    link.deliver(&order(&host, "3", "three")).await.unwrap();
    wait_for_answers(&host, &["one", "two", "three"]).await;
    assert_eq!(host.list("waiting/").await.unwrap(), []);
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn answers_wait_for_a_host_that_fails() {
    let host = host();
    let (network, link) = started(&host).await;
    host.fail_next(3);
    link.deliver(&order(&host, "1", "one")).await.unwrap();
    link.deliver(&order(&host, "2", "two")).await.unwrap();
    wait_for_answers(&host, &["one", "two"]).await;
    assert_eq!(host.failures_left(), 0);
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_removed_account_leaves_nothing_behind() {
    let host = host();
    let (network, link) = started(&host).await;
    link.deliver(&order(&host, "1", "one")).await.unwrap();
    link.close(Farewell::Removed).await;
    assert_eq!(host.list("").await.unwrap(), []);
    assert!(link.deliver(&order(&host, "2", "two")).await.unwrap_err().is_passing());
    network.stop().await;
    assert_eq!(said(&host.seen()), []);
}

#[tokio::test(start_paused = true)]
async fn too_much_at_once_is_put_off() {
    let host = host();
    let (network, link) = started(&host).await;
    let mut taken = 0;
    let failure = loop {
        match link.deliver(&order(&host, &taken.to_string(), "again")).await {
            Ok(_) => taken += 1,
            Err(failure) => break failure,
        }
    };
    assert!(failure.is_passing() && taken >= 200, "{taken} {failure}");
    wait_for_answers(&host, &["again"]).await;
    link.deliver(&order(&host, &taken.to_string(), "again")).await.unwrap();
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn two_networks_of_this_kind_share_nothing() {
    let one = host();
    let other = FakeHost::new("second".parse().unwrap(), vec![owner()]);
    let (network, link) = started(&one).await;
    let (second, second_link) = started(&other).await;
    let picture = other.picture_of(&echo::place());
    for (key, word) in [("1", "busy"), ("2", "picture"), ("3", "hello")] {
        link.deliver(&order(&one, key, word)).await.unwrap();
    }
    wait_for(&one, 3).await;
    assert_eq!(said(&other.seen()), []);
    assert_eq!(other.seen().presences[&(owner().passport, echo::user())].availability, Availability::Online);
    assert_eq!(other.picture_of(&echo::place()), picture);
    assert_ne!(one.picture_of(&echo::place()), picture);
    // The same key is another order there.
    second_link.deliver(&order(&other, "1", "room")).await.unwrap();
    let answers = wait_for(&other, 1).await;
    let [Content::Text(room)] = answers.as_slice() else { panic!("{answers:?}") };
    assert!(room.text.contains("room@rooms.second.msn.example"), "{room:?}");
    network.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn there_is_nobody_else_to_speak_to() {
    let host = host();
    let (network, link) = started(&host).await;
    assert_eq!(network.resolve("Echo", None).await, Ok(Some(echo::profile())));
    for (name, server) in [("narcissus", None), ("echo", Some("example.org"))] {
        assert_eq!(network.resolve(name, server).await, Ok(None));
    }
    let person = |name: &str| RemoteTarget::Person(domain::RemoteUser(name.to_owned()));
    let attic = RemoteTarget::Room(domain::RemoteRoom("attic".to_owned()));
    for to in [person("narcissus"), person("iris"), attic] {
        let stray = order_of(&host, "1", &to, Content::text("anybody?"));
        assert!(!link.deliver(&stray).await.unwrap_err().is_passing(), "{to:?}");
    }
    network.stop().await;
}
