//! Numbered messages both ways, in several conversations at once, while everything goes wrong that can: requests between the
//! server and the homeserver fail in every way, both are killed at any instant, the database is locked and the disk is full.
//! Nothing may be lost, nothing may come in another order, and nothing twice but what no client had confirmed.
//!
//! The same test has two forms: a small one, and with `CHRYSALIS_LONG=1` (`scripts/test --long`) one of thousands of messages.

mod client;
mod disk;
mod form;
mod journal;
mod line;
mod parties;
mod table;
mod verdict;
mod war;
mod word;

use rand::{SeedableRng, rngs::StdRng};

use form::Form;
use war::War;

/// Chance is the same at every run; what the machine makes of it is not.
const SEED: u64 = 1863;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn matrix_faults_lose_nothing_and_double_nothing() {
    let form = Form::chosen();
    let mut war = War::prepare(form, SEED).await;
    war.wage(StdRng::seed_from_u64(SEED)).await;
    let peace = war.make_peace().await;
    let (verdict, table) = war.judge(&peace);
    println!("{table}");
    verdict.must_be_clean();
}
