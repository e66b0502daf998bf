//! What Echo and the others do to messages, and how they ask people in.

use bridge::{Action, Arrival, Network, Order};
use domain::{Content, RemoteMessage, contact::RemoteTarget};

use super::{host, order, order_of, owner, started};
use crate::{echo, room};

fn told(key: &str) -> RemoteMessage {
    RemoteMessage(format!("told/{key}"))
}

#[tokio::test(start_paused = true)]
async fn signs_are_put_on_what_was_said_and_taken_back() {
    let host = host();
    let (network, link) = started(&host).await;
    link.deliver(&order(&host, "1", "react")).await.unwrap();
    let signs = host.wait_for("two signs", |seen| {
        let signs = seen.arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Reaction { id, to, .. } if *to == told("1") => Some(id.clone()),
            _ => None,
        });
        Some(signs.collect::<Vec<_>>()).filter(|signs| signs.len() == 2)
    });
    let signs = signs.await;
    for round in 0..2 {
        link.deliver(&order(&host, &format!("back {round}"), "unreact")).await.unwrap();
        link.deliver(&order(&host, &format!("after {round}"), "done")).await.unwrap();
        super::wait_for(&host, round + 1).await;
        let seen = host.seen();
        let removed = seen.arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Removal { of, .. } => Some(of.clone()),
            _ => None,
        });
        let removed: Vec<RemoteMessage> = removed.collect();
        assert_eq!(removed, signs, "each is taken back once");
    }
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_changed_or_deleted_was_said_before() {
    let host = host();
    let (network, link) = started(&host).await;
    for (number, (place, word)) in
        [(echo::place(), "edit"), (echo::place(), "delete"), (room::place(), "edit"), (room::place(), "delete")]
            .into_iter()
            .enumerate()
    {
        let key = number.to_string();
        link.deliver(&order_of(&host, &key, &place, Content::text(word))).await.unwrap();
        let said = RemoteMessage(format!("answer/{key}/0"));
        let what = format!("{word} in {place:?}");
        host.wait_for(&what, |seen| {
            let of = seen.arrivals.iter().find_map(|arrival| match arrival {
                Arrival::Edit { of, .. } if word == "edit" => Some(of),
                Arrival::Removal { of, .. } if word == "delete" => Some(of),
                _ => None,
            });
            let was_said = seen.arrivals.iter().any(|arrival| {
                matches!(arrival, Arrival::Message { id, place: there, .. } if *id == said && *there == place)
            });
            (was_said && of.is_some()).then_some(())
        })
        .await;
    }
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_echo_is_answered_with_a_quote() {
    let host = host();
    let (network, link) = started(&host).await;
    let reply = Some(RemoteMessage("said/1/1".to_owned()));
    let action =
        Action::Say { content: Content::text("yes"), sent: bridge::Host::now(host.as_ref()), reply, heard: Vec::new() };
    link.deliver(&Order { action, ..order(&host, "1", "") }).await.unwrap();
    host.wait_for("an answer that quotes", |seen| {
        seen.arrivals.iter().find_map(|arrival| match arrival {
            Arrival::Message { reply: Some(reply), content, .. } => {
                (reply.to == told("1") && *content == Content::text("yes")).then_some(())
            }
            _ => None,
        })
    })
    .await;
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_account_is_asked_in_brought_in_and_shown_out() {
    let host = host();
    let (network, link) = started(&host).await;
    for (key, word) in [("1", "invite"), ("2", "bring"), ("3", "out")] {
        link.deliver(&order(&host, key, word)).await.unwrap();
    }
    super::wait_for(&host, 3).await;
    let seen = host.seen();
    let steps = seen.arrivals.iter().filter_map(|arrival| match arrival {
        Arrival::RoomInvitation { owner: asked, room, from } => {
            (*asked == owner().passport && room.room == room::id() && from.user == echo::user()).then_some(1)
        }
        Arrival::Room { .. } => Some(2),
        Arrival::RoomLost { .. } => Some(3),
        _ => None,
    });
    assert_eq!(steps.collect::<Vec<u8>>(), [1, 2, 3]);
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_in_the_room_already_is_not_asked_in() {
    let host = host();
    let (network, link) = started(&host).await;
    let refused = link.invite(&room::id(), &room::Person::Iris.user()).await.unwrap_err();
    assert!(refused.to_string().contains("Iris is there already"), "{refused}");
    link.invite(&room::id(), &echo::user()).await.unwrap();
    let turned_away = Order { action: Action::TurnAway, to: room::place(), ..order(&host, "1", "") };
    link.deliver(&turned_away).await.unwrap();
    let seen = host.seen();
    let thanks = seen.arrivals.iter().filter_map(|arrival| match arrival {
        Arrival::Message { place, .. } => Some(matches!(place, RemoteTarget::Room(_))),
        _ => None,
    });
    assert_eq!(thanks.collect::<Vec<_>>(), [true, false], "Echo thanks in the room, and is sorry alone");
    network.stop().await;
}
