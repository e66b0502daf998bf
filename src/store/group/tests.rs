//! Groups of letters and deliveries, as the writer puts them together.

use std::sync::Arc;

use bytes::Bytes;
use domain::{
    Content, Passport, Timestamp,
    conversation::{Draft, MessageId},
};

use super::*;
use crate::{
    hold::Hold,
    numbers::Numbers,
    trial::{self, Trial},
};

const CAROL: &str = "carol@msn.example";
const DAVE: &str = "dave@msn.example";
const EVE: &str = "eve@msn.example";
const ANN: &str = "ann@loopback.msn.example";

struct Bench {
    hold: Hold,
    reservation: Reservation,
    numbers: Arc<Numbers>,
    group: Group,
    answers: Vec<oneshot::Receiver<Result<Kept, StoreFault>>>,
    _trial: Trial,
}

fn passport(text: &str) -> Passport {
    text.parse().unwrap()
}

async fn add_account(connection: &mut AnyConnection, passport: &str) {
    let query = sqlx::query("INSERT INTO account VALUES ($1, $1, '', 0, 'everybody', 'ask', 0, 0)");
    query.bind(passport).execute(connection).await.unwrap();
}

impl Bench {
    async fn new() -> Self {
        let (mut hold, _readers, trial) = trial::open().await;
        let connection = hold.connection().unwrap();
        for account in [CAROL, DAVE, EVE] {
            add_account(connection, account).await;
        }
        sqlx::query(
            "INSERT INTO address (network, kind, target, passport, name) VALUES ('loopback', 'person', 'a', $1, '')",
        )
        .bind(ANN)
        .execute(&mut *connection)
        .await
        .unwrap();
        let (reservation, numbers) = Reservation::open(connection).await.unwrap();
        let (group, answers) = (Group::default(), Vec::new());
        Self { hold, reservation, numbers, group, answers, _trial: trial }
    }

    fn draft(&self, accounts: &[&str], remotes: &[&str]) -> Draft {
        let all = |texts: &[&str]| texts.iter().map(|text| passport(text)).collect();
        Draft {
            id: self.numbers.give(),
            author: passport(CAROL),
            sent: Timestamp(1),
            payload: Bytes::from_static(b"hello"),
            content: Some(Content::text("hello")),
            enclosed: None,
            accounts: all(accounts),
            remotes: all(remotes),
            gathers: Vec::new(),
        }
    }

    fn keep(&mut self, draft: Draft) -> MessageId {
        let (reply, answer) = oneshot::channel();
        let id = draft.id;
        self.group.push_letter(Letter { draft, most_waiting: 3 }, reply);
        self.answers.push(answer);
        id
    }

    fn delivered(&mut self, owner: &str, messages: &[MessageId]) -> oneshot::Receiver<Result<(), StoreFault>> {
        let (reply, answer) = oneshot::channel();
        self.group.push_delivery(Delivery { owner: passport(owner), messages: messages.to_vec() }, reply);
        answer
    }

    async fn commit(&mut self) -> Vec<Result<Kept, StoreFault>> {
        self.hold.commit(std::mem::take(&mut self.group), &mut self.reservation).await;
        self.answers.drain(..).map(|mut answer| answer.try_recv().unwrap()).collect()
    }

    async fn numbers(&mut self, statement: &'static str) -> Vec<i64> {
        sqlx::query_scalar(statement).fetch_all(self.hold.connection().unwrap()).await.unwrap()
    }

    async fn messages(&mut self) -> Vec<i64> {
        self.numbers("SELECT id FROM message ORDER BY id").await
    }

    async fn deliveries(&mut self) -> Vec<i64> {
        self.numbers("SELECT message FROM delivery ORDER BY message, owner").await
    }
}

/// A job of which it is known what it saw.
struct Looking(Option<oneshot::Sender<i64>>);

impl Job for Looking {
    fn run<'c>(&'c mut self, connection: &'c mut AnyConnection, _may_run_again: bool) -> BoxFuture<'c, Ran> {
        Box::pin(async move {
            let count = sqlx::query_scalar("SELECT COUNT(*) FROM message").fetch_one(connection).await.unwrap();
            self.0.take().unwrap().send(count).unwrap();
            Ran::Done
        })
    }

    fn answer(self: Box<Self>, group: &Result<(), StoreFault>) {
        assert_eq!(*group, Ok(()));
    }
}

#[tokio::test]
async fn what_is_delivered_in_its_own_group_is_never_written() {
    let mut bench = Bench::new().await;
    let draft = bench.draft(&[DAVE], &[]);
    let id = bench.keep(draft);
    let mut delivered = bench.delivered(DAVE, &[id]);
    bench.group.end_mail();
    assert!(!bench.group.needs_writing(), "not even a transaction");
    assert_eq!(bench.commit().await, [Ok(Kept { id, left_out: Vec::new(), crowded: 0, ordered: Vec::new() })]);
    assert_eq!(delivered.try_recv().unwrap(), Ok(()));
    assert!(bench.messages().await.is_empty());
}

#[tokio::test]
async fn what_somebody_still_waits_for_is_written_for_them() {
    let mut bench = Bench::new().await;
    let (both, remote) = (bench.draft(&[DAVE, EVE], &[]), bench.draft(&[DAVE], &[ANN]));
    let (both, remote) = (bench.keep(both), bench.keep(remote));
    bench.delivered(DAVE, &[both, remote]);
    assert!(bench.commit().await.iter().all(Result::is_ok));
    assert_eq!(bench.messages().await, [both.0], "what is only ordered needs no message");
    let waits = "SELECT message FROM delivery WHERE owner = 'eve@msn.example'";
    assert_eq!((bench.deliveries().await, bench.numbers(waits).await), (vec![both.0], vec![both.0]));
    assert_eq!(bench.numbers("SELECT message FROM outbox").await, [remote.0]);
}

#[tokio::test]
async fn whoever_was_removed_says_nothing_any_more() {
    let mut bench = Bench::new().await;
    let draft = Draft { author: passport("gone@msn.example"), ..bench.draft(&[DAVE, EVE], &[]) };
    bench.keep(draft);
    let kept = bench.commit().await.remove(0).unwrap();
    assert_eq!(kept.left_out, [passport(DAVE), passport(EVE)]);
    assert!(bench.messages().await.is_empty());
}

#[tokio::test]
async fn many_are_kept_and_taken_away_together() {
    let mut bench = Bench::new().await;
    let mut kept = Vec::new();
    for number in 0..150 {
        let author = passport(&format!("{number}@msn.example"));
        add_account(bench.hold.connection().unwrap(), author.as_str()).await;
        let draft = Draft { author, ..bench.draft(&[DAVE, EVE], &[]) };
        kept.push(bench.keep(draft));
    }
    assert!(bench.commit().await.iter().all(|kept| kept.as_ref().is_ok_and(|kept| kept.left_out.is_empty())));
    assert_eq!(bench.messages().await, kept.iter().map(|id| id.0).collect::<Vec<_>>());
    bench.delivered(DAVE, &kept);
    bench.commit().await;
    assert_eq!((bench.messages().await.len(), bench.deliveries().await.len()), (150, 150), "Eve still waits");
    let first = bench.delivered(EVE, &kept[..100]);
    let mut unknown = bench.delivered(EVE, &[MessageId(i64::MAX)]);
    drop(first);
    bench.commit().await;
    assert_eq!(unknown.try_recv().unwrap(), Ok(()));
    assert_eq!((bench.messages().await.len(), bench.deliveries().await.len()), (50, 50));
}

#[tokio::test]
async fn a_letter_that_cannot_be_written_fails_alone() {
    let mut bench = Bench::new().await;
    let old = bench.draft(&[DAVE], &[]);
    let old_id = bench.keep(old.clone());
    bench.commit().await;
    let (before, after) = (bench.draft(&[DAVE], &[]), bench.draft(&[EVE], &[ANN]));
    let expected = [old_id.0, after.id.0];
    let before = bench.keep(before);
    // Its number is taken.
    bench.keep(old);
    bench.keep(after);
    let mut delivered = bench.delivered(DAVE, &[before]);
    let outcomes = bench.commit().await;
    assert!(matches!(outcomes.as_slice(), [Ok(_), Err(StoreFault::Query(_)), Ok(_)]), "{outcomes:?}");
    assert_eq!(delivered.try_recv().unwrap(), Ok(()));
    assert_eq!(bench.messages().await, expected);
    assert_eq!(bench.deliveries().await, expected);
}

#[tokio::test]
async fn an_author_who_is_gone_orders_nothing_and_others_are_not_touched() {
    let mut bench = Bench::new().await;
    let gone = Draft { author: passport("gone@msn.example"), ..bench.draft(&[DAVE], &[ANN]) };
    bench.keep(gone);
    let stranger = bench.draft(&[DAVE, "nobody@msn.example"], &[ANN, "b@loopback.msn.example"]);
    let id = bench.keep(stranger);
    let left_out = vec![passport("nobody@msn.example"), passport("b@loopback.msn.example")];
    let ordered = vec![passport(ANN)];
    let kept = Kept { id, left_out, crowded: 0, ordered };
    let expected = [Err(StoreFault::UnknownAccount(passport("gone@msn.example"))), Ok(kept)];
    assert_eq!(bench.commit().await, expected);
    assert_eq!((bench.messages().await, bench.deliveries().await), (vec![id.0], vec![id.0]));
}

#[tokio::test]
async fn no_more_waits_for_anybody_than_may_within_one_group_and_after_it() {
    let mut bench = Bench::new().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        for _ in 0..4 {
            let draft = bench.draft(&[DAVE], &[]);
            ids.push(bench.keep(draft));
        }
        let kept: Vec<_> = bench.commit().await.into_iter().map(Result::unwrap).collect();
        assert_eq!((kept[3].left_out.len(), kept[3].crowded), (1, 1));
    }
    assert_eq!(bench.messages().await, ids[..3].iter().map(|id| id.0).collect::<Vec<_>>());
    // What goes makes room for what comes in the same group.
    bench.delivered(DAVE, &ids[..1]);
    let draft = bench.draft(&[DAVE], &[]);
    let id = bench.keep(draft);
    assert_eq!(bench.commit().await, [Ok(Kept { id, left_out: Vec::new(), crowded: 0, ordered: Vec::new() })]);
}

#[tokio::test]
async fn jobs_see_what_was_handed_in_before_them_and_nothing_else() {
    let mut bench = Bench::new().await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let draft = bench.draft(&[DAVE], &[]);
        bench.keep(draft);
        let (looked, look) = oneshot::channel();
        bench.group.push_job(Box::new(Looking(Some(looked))));
        seen.push(look);
    }
    assert_eq!(bench.group.size(), 6);
    bench.commit().await;
    let seen: Vec<_> = seen.into_iter().map(|mut look| look.try_recv().unwrap()).collect();
    assert_eq!(seen, [1, 2, 3]);
}

#[tokio::test]
async fn numbers_are_reserved_before_they_run_out() {
    let mut bench = Bench::new().await;
    for _ in 0..100_000 {
        bench.numbers.give();
    }
    let draft = bench.draft(&[DAVE], &[]);
    bench.keep(draft);
    bench.commit().await;
    let last = bench.numbers.give();
    assert!(bench.numbers("SELECT reserved FROM message_number").await[0] > last.0);
}
