//! Group conversations of several accounts.

use bridge::{Action, Arrival, Farewell, Link, LinkOwner, Network, Order, conformance::FakeHost};
use domain::{Content, Passport, RemoteRoom, RemoteUser, contact::RemoteTarget};
use std::sync::Arc;

use super::{owner, section};
use crate::{Loopback, echo, room::Person};

fn dave() -> LinkOwner {
    LinkOwner { passport: "dave@msn.example".parse().unwrap(), name: "Dave".to_owned() }
}

fn place() -> RemoteTarget {
    RemoteTarget::Room(RemoteRoom("gathering/7".to_owned()))
}

async fn started(host: &Arc<FakeHost>) -> (Loopback, Arc<dyn Link>, Arc<dyn Link>) {
    let network = Loopback::new(&section(&[])).unwrap();
    network.start(Arc::clone(host) as Arc<dyn bridge::Host>).await.unwrap();
    let links = (network.open(owner()).await.unwrap(), network.open(dave()).await.unwrap());
    (network, links.0, links.1)
}

fn order(key: &str, action: Action) -> Order {
    Order { key: key.to_owned(), attempt: 0, to: place(), action }
}

fn gather(key: &str, people: Vec<RemoteUser>) -> Order {
    let accounts = vec![owner().passport, dave().passport];
    order(key, Action::Gather { people, accounts, name: "Echo, Carol, Dave".to_owned() })
}

fn say(key: &str, text: &str, heard: Vec<Passport>) -> Order {
    let sent = domain::Timestamp(1);
    order(key, Action::Say { content: Content::text(text), sent, reply: None, heard })
}

/// What an account has heard there: by whom, and what.
async fn heard(host: &FakeHost, whose: &LinkOwner, count: usize) -> Vec<(String, Content)> {
    let what = format!("{count} lines for {}", whose.passport);
    host.wait_for(&what, |seen| {
        let heard = seen.arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Message { owner, author, content, place: at, .. }
                if *owner == whose.passport && *at == place() =>
            {
                Some((author.name.clone(), content.clone()))
            }
            _ => None,
        });
        Some(heard.collect::<Vec<_>>()).filter(|heard| heard.len() >= count)
    })
    .await
}

fn line(name: &str, text: &str) -> (String, Content) {
    (name.to_owned(), Content::text(text))
}

#[tokio::test(start_paused = true)]
async fn everybody_is_answered_and_nobody_hears_twice_what_messenger_has_told() {
    let host = FakeHost::new("loopback".parse().unwrap(), vec![owner(), dave()]);
    let (network, hers, his) = started(&host).await;
    assert!(!hers.deliver(&say("0", "too early", vec![])).await.unwrap_err().is_passing());
    hers.deliver(&gather("1", vec![echo::user()])).await.unwrap();
    hers.deliver(&say("2", "one", vec![dave().passport])).await.unwrap();
    for whose in [owner(), dave()] {
        assert_eq!(heard(&host, &whose, 1).await, [line("Echo", "one")]);
    }
    his.deliver(&gather("3", vec![echo::user(), Person::Iris.user()])).await.unwrap();
    his.deliver(&say("4", "two", vec![])).await.unwrap();
    let answers = [line("Echo", "one"), line("Echo", "two"), line("Iris", "I heard: two")];
    assert_eq!(heard(&host, &dave(), 3).await, answers);
    let [one, two, iris] = answers;
    assert_eq!(heard(&host, &owner(), 4).await, [one, line("dave", "two"), two, iris], "which Messenger has not told");
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_conversation_survives_a_restart_and_ends_with_its_accounts() {
    let host = FakeHost::new("loopback".parse().unwrap(), vec![owner(), dave()]);
    let (network, hers, _his) = started(&host).await;
    hers.deliver(&gather("1", vec![echo::user()])).await.unwrap();
    network.stop().await;
    let (network, hers, his) = started(&host).await;
    hers.deliver(&say("2", "again", vec![])).await.unwrap();
    heard(&host, &dave(), 2).await;
    his.deliver(&order("3", Action::Unfriend)).await.unwrap();
    assert!(!his.deliver(&say("4", "gone", vec![])).await.unwrap_err().is_passing());
    hers.close(Farewell::Removed).await;
    his.close(Farewell::Removed).await;
    assert_eq!(bridge::Host::list(host.as_ref(), "").await.unwrap(), []);
    network.stop().await;
}
