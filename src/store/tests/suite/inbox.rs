//! What the networks bring.

use bridge::{Accepted, Arrival, Batch, Write};
use domain::{Content, RemoteMessage, RemoteRoom, RemoteUser, Timestamp, contact::RemoteTarget, conversation::Body};
use store::StoreFault;

use crate::bench::{BLOCK, Bench, CAROL, DAVE, entry, loopback, passport, person, profile};

pub(crate) fn message(owner: &str, author: &str, id: &str) -> Arrival {
    Arrival::Message {
        owner: passport(owner),
        place: person(author),
        author: profile(author),
        id: RemoteMessage(id.to_owned()),
        sent: Timestamp(77),
        content: Content::text(id),
        reply: None,
        addressed: true,
    }
}

pub(crate) fn messages(owner: &str, author: &str, ids: &[&str]) -> Batch {
    Batch { arrivals: ids.iter().map(|id| message(owner, author, id)).collect(), writes: Vec::new() }
}

pub(crate) fn one(arrival: Arrival) -> Batch {
    Batch { arrivals: vec![arrival], writes: Vec::new() }
}

fn invitation(from: &str) -> Batch {
    one(Arrival::Invitation { owner: passport(CAROL), from: profile(from) })
}

fn friend(who: &str) -> Batch {
    one(Arrival::Friend { owner: passport(CAROL), who: profile(who), group: None })
}

fn withdrawal(from: &str) -> Batch {
    one(Arrival::Withdrawal { owner: passport(CAROL), from: RemoteUser(from.to_owned()) })
}

/// How many were new, and how many were left out.
pub(crate) const fn counts(accepted: &Accepted) -> (usize, usize) {
    (accepted.fresh, accepted.left_out)
}

#[tokio::test]
async fn a_message_is_taken_once_within_a_batch_across_batches_and_after_delivery() {
    let bench = Bench::new().await;
    let carol = passport(CAROL);
    let outcome = bench.store.accept(&loopback(), messages(CAROL, "ann", &["a", "b", "a"])).await.unwrap();
    assert_eq!(counts(&outcome.accepted), (2, 1));
    let ann = passport("ann@loopback.msn.example");
    assert_eq!(outcome.rung, [(carol.clone(), ann.clone())], "rung once");
    let outcome = bench.store.accept(&loopback(), messages(CAROL, "ann", &["b", "c"])).await.unwrap();
    assert_eq!(counts(&outcome.accepted), (1, 1));
    let outcome = bench.store.accept(&loopback(), messages(DAVE, "ann", &["a"])).await.unwrap();
    assert_eq!(counts(&outcome.accepted), (1, 0), "once for each owner");

    let waiting = bench.store.waiting(&carol, None, 9).await.unwrap();
    let texts: Vec<_> = waiting.iter().map(|each| each.body.clone()).collect();
    assert_eq!(texts, ["a", "b", "c"].map(|text| Body::Content(Content::text(text))));
    assert_eq!((waiting[0].peer.clone(), waiting[0].sent), (ann, Timestamp(77)));
    assert_eq!(waiting[0].author_name, "ann's name");
    bench.store.delivered(&carol, &waiting.iter().map(|each| each.id).collect::<Vec<_>>()).await.unwrap();

    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    let outcome = store.accept(&loopback(), messages(CAROL, "ann", &["a", "b", "c"])).await.unwrap();
    assert_eq!((counts(&outcome.accepted), outcome.rung), ((0, 3), Vec::new()));
    assert_eq!(store.waiting(&carol, None, 9).await.unwrap(), []);
}

#[tokio::test]
async fn a_batch_is_committed_with_the_bridges_writes_or_not_at_all() {
    let bench = Bench::new().await;
    let mut batch = messages(CAROL, "ann", &["a"]);
    batch.writes = vec![Write::Put("cursor".into(), "7".into())];
    bench.store.accept(&loopback(), batch).await.unwrap();
    let bench = bench.after_a_crash().await;
    assert_eq!(bench.store.get(&loopback(), "cursor").await.unwrap().as_deref(), Some("7"));
    assert_eq!(bench.store.waiting(&passport(CAROL), None, 9).await.unwrap().len(), 1);

    bench.refuse("UPDATE ON bridge_value").await;
    let mut batch = messages(CAROL, "ben", &["b"]);
    batch.writes = vec![Write::Put("more".into(), "1".into()), Write::Put("cursor".into(), "8".into())];
    let outcome = bench.store.accept(&loopback(), batch).await;
    assert!(matches!(outcome, Err(StoreFault::Query(_))), "{outcome:?}");
    assert_eq!(bench.store.get(&loopback(), "more").await.unwrap(), None);
    assert_eq!(bench.store.waiting(&passport(CAROL), None, 9).await.unwrap().len(), 1);
    assert_eq!(bench.store.address(&loopback(), &person("ben")).await.unwrap(), None);
    let outcome = bench.store.accept(&loopback(), messages(CAROL, "ben", &["b"])).await.unwrap();
    assert_eq!(counts(&outcome.accepted), (1, 0), "what was not kept is not known");
}

#[tokio::test]
async fn strangers_to_this_server_and_the_blocked_are_left_out() {
    let bench = Bench::new().await;
    let ann = bench.store.allot(&loopback(), profile("ann").into()).await.unwrap();
    bench.enlist(CAROL, &ann, BLOCK).await;
    let in_a_room = Arrival::Message {
        owner: passport(CAROL),
        place: RemoteTarget::Room(RemoteRoom("lobby".into())),
        author: profile("ann"),
        id: RemoteMessage("r".into()),
        sent: Timestamp(1),
        content: Content::Nudge,
        reply: None,
        addressed: true,
    };
    let arrivals = vec![
        message("gone@msn.example", "ben", "a"),
        message(CAROL, "ann", "b"),
        in_a_room,
        // An id of which no address can be made must not hold up the rest.
        Arrival::Friend {
            owner: passport(CAROL),
            who: bridge::RemoteProfile { login: String::new(), ..profile("") },
            group: None,
        },
        message(CAROL, "ben", "c"),
    ];
    let outcome = bench.store.accept(&loopback(), Batch { arrivals, writes: Vec::new() }).await.unwrap();
    assert_eq!(counts(&outcome.accepted), (1, 4));
    assert_eq!(outcome.rung, [(passport(CAROL), passport("ben@loopback.msn.example"))]);
}

#[tokio::test]
async fn what_is_said_in_a_room_belongs_to_the_room() {
    let bench = Bench::new().await;
    let said = Arrival::Message {
        owner: passport(CAROL),
        place: RemoteTarget::Room(RemoteRoom("lobby".into())),
        author: bridge::RemoteProfile { name: String::new(), ..profile("ann") },
        id: RemoteMessage("r".into()),
        sent: Timestamp(1),
        content: Content::Nudge,
        reply: None,
        addressed: true,
    };
    bench.store.accept(&loopback(), one(said)).await.unwrap();
    let waiting = bench.store.waiting(&passport(CAROL), None, 9).await.unwrap();
    assert_eq!(waiting[0].peer.as_str(), "lobby@rooms.loopback.msn.example");
    assert_eq!(waiting[0].author_name, "ann", "the login stands in for a name");
}

#[tokio::test]
async fn an_invitation_makes_an_admirer_and_a_withdrawal_takes_it_back() {
    let bench = Bench::new().await;
    let ann = passport("ann@loopback.msn.example");
    let before = bench.list_changed(CAROL).await;
    let outcome = bench.store.accept(&loopback(), invitation("ann")).await.unwrap();
    let shown = bench.store.load(&passport(CAROL)).await.unwrap().unwrap();
    assert_eq!(outcome.invited, [(passport(CAROL), shown.contacts[0].clone())], "told as it is kept");
    assert_eq!((counts(&outcome.accepted), bench.lists(CAROL, &ann).await), ((1, 0), Some(8)));
    assert!(bench.list_changed(CAROL).await > before);

    let before = bench.list_changed(CAROL).await;
    let again = bench.store.accept(&loopback(), invitation("ann")).await.unwrap();
    assert_eq!((counts(&again.accepted), again.invited), ((0, 1), Vec::new()), "asked once");
    assert_eq!(bench.list_changed(CAROL).await, before);

    let outcome = bench.store.accept(&loopback(), withdrawal("ann")).await.unwrap();
    assert_eq!(outcome.withdrawn, [(passport(CAROL), ann.clone())]);
    assert_eq!(bench.lists(CAROL, &ann).await, None);
    let outcome = bench.store.accept(&loopback(), withdrawal("ann")).await.unwrap();
    assert_eq!(counts(&outcome.accepted), (0, 1));
    let outcome = bench.store.accept(&loopback(), withdrawal("never seen")).await.unwrap();
    assert_eq!(counts(&outcome.accepted), (0, 1));
}

#[tokio::test]
async fn an_invitation_from_a_friend_is_welcome_and_from_a_blocked_one_turned_away() {
    let bench = Bench::new().await;
    let ann = bench.store.allot(&loopback(), profile("ann").into()).await.unwrap();
    let ben = bench.store.allot(&loopback(), profile("ben").into()).await.unwrap();
    let group = domain::Group { guid: crate::bench::guid(3), name: "Friends".into() };
    let mut friend = entry(&ann, 3, 1);
    friend.groups = vec![group.guid];
    let changes = vec![domain::account::Change::Group(group.clone()), domain::account::Change::Contact(friend)];
    bench.store.change(&passport(CAROL), changes).await.unwrap();
    bench.enlist(CAROL, &ben, BLOCK).await;
    for _ in 0..2 {
        let outcome = bench.store.accept(&loopback(), invitation("ann")).await.unwrap();
        assert_eq!(outcome.answered, [(passport(CAROL), ann.clone())]);
        assert_eq!(outcome.invited, []);
    }
    let lane = store::Lane { owner: passport(CAROL), contact: ann.clone() };
    let welcome = bench.store.next_order(&lane).await.unwrap().unwrap();
    assert_eq!(welcome.order.action, bridge::Action::Welcome);
    let outcome = bench.store.accept(&loopback(), invitation("ben")).await.unwrap();
    assert_eq!(outcome.answered, [(passport(CAROL), ben.clone())]);
    let lane = store::Lane { owner: passport(CAROL), contact: ben.clone() };
    assert_eq!(bench.store.next_order(&lane).await.unwrap().unwrap().order.action, bridge::Action::TurnAway);
    assert_eq!((counts(&outcome.accepted), bench.lists(CAROL, &ben).await), ((0, 1), Some(BLOCK)));
}

#[tokio::test]
async fn a_friend_stands_on_the_list_unless_the_owner_took_them_off() {
    let bench = Bench::new().await;
    let ann = passport("ann@loopback.msn.example");
    let outcome = bench.store.accept(&loopback(), friend("ann")).await.unwrap();
    assert_eq!(outcome.befriended[0].1.lists.bits(), 3);
    assert_eq!(bench.lists(CAROL, &ann).await, Some(3));
    let again = bench.store.accept(&loopback(), friend("ann")).await.unwrap();
    assert_eq!((counts(&again.accepted), again.befriended), ((0, 1), Vec::new()));

    bench.enlist(CAROL, &ann, 0).await;
    let removed = bench.store.accept(&loopback(), friend("ann")).await.unwrap();
    assert_eq!((counts(&removed.accepted), bench.lists(CAROL, &ann).await), ((0, 1), None));
    let invited = bench.store.accept(&loopback(), invitation("ann")).await.unwrap();
    assert_eq!(invited.invited.len(), 1, "they may ask again");
    bench.enlist(CAROL, &ann, 3).await;
    bench.enlist(CAROL, &ann, 2).await;
    let removed = bench.store.accept(&loopback(), friend("ann")).await.unwrap();
    assert_eq!((counts(&removed.accepted), bench.lists(CAROL, &ann).await), ((0, 1), Some(10)));

    let ben = bench.store.allot(&loopback(), profile("ben").into()).await.unwrap();
    bench.enlist(CAROL, &ben, BLOCK).await;
    bench.store.accept(&loopback(), friend("ben")).await.unwrap();
    assert_eq!(bench.lists(CAROL, &ben).await, Some(BLOCK));
}

#[tokio::test]
async fn what_is_old_is_forgotten_and_what_is_young_is_not() {
    let bench = Bench::new().await;
    bench.store.accept(&loopback(), messages(CAROL, "ann", &["a"])).await.unwrap();
    let created = bench.store.accounts().await.unwrap()[0].created.0;
    let days = |days: i64| Timestamp(created + days * 24 * 60 * 60 * 1000);
    assert_eq!(bench.store.prune(days(29)).await.unwrap(), 0);
    assert_eq!(bench.store.prune(days(31)).await.unwrap(), 1);
    assert_eq!(bench.store.waiting(&passport(CAROL), None, 9).await.unwrap().len(), 1, "the message itself waits on");
}

#[tokio::test]
async fn much_that_is_old_is_forgotten_whole() {
    let bench = Bench::new().await;
    bench.store.accept(&loopback(), messages(CAROL, "ann", &["a"])).await.unwrap();
    let old = format!(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1200)
         INSERT INTO message_map (owner, network, remote, message, kept)
         SELECT '{CAROL}', 'loopback', 'old' || n, 0, n FROM number"
    );
    bench.meddle(old).await;
    let created = bench.store.accounts().await.unwrap()[0].created;
    assert_eq!(bench.store.prune(created).await.unwrap(), 1200);
    assert_eq!(bench.store.prune(created).await.unwrap(), 0, "what is young is kept");
}
