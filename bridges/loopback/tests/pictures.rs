//! Pictures of Echo and of the others.

use std::collections::HashSet;

use bridge::{Network, conformance::FakeHost};
use domain::contact::RemoteTarget;

use super::{host, order, started, wait_for};
use crate::{
    echo,
    room::{self, Person},
};

fn echos(host: &FakeHost) -> Vec<u8> {
    host.picture_of(&echo::place()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn everybody_has_a_picture_of_their_own() {
    let host = host();
    let (network, _link) = started(&host).await;
    let mut pictures = HashSet::from([echos(&host), host.picture_of(&room::place()).unwrap()]);
    for person in Person::ALL {
        let picture = host.picture_of(&RemoteTarget::Person(person.user())).unwrap();
        let drawn = image::load_from_memory(&picture).unwrap();
        assert_eq!((drawn.width(), drawn.height()), (96, 96), "{}", person.name());
        pictures.insert(picture);
    }
    assert_eq!(pictures.len(), 6);
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn echo_wears_one_picture_after_the_other_and_then_the_first() {
    let host = host();
    let (network, link) = started(&host).await;
    let mut worn = vec![echos(&host)];
    for number in 1..=echo::PICTURES.len() {
        link.deliver(&order(&host, &number.to_string(), "picture")).await.unwrap();
        let last = worn.last().unwrap().clone();
        let next = host.wait_for("another picture", |_| Some(echos(&host)).filter(|picture| *picture != last)).await;
        worn.push(next);
    }
    assert_eq!(wait_for(&host, 4).await.len(), 4);
    assert_eq!(worn.first(), worn.last());
    assert_eq!(worn.iter().collect::<HashSet<_>>().len(), echo::PICTURES.len());
    network.stop().await;
}
