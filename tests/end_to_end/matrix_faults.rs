//! Numbered messages both ways, while the server is killed again and again and the homeserver once: none may be lost, and none
//! doubled but those that no client has confirmed.

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrysalis_test_harness::{Homeserver, MatrixUser, Messenger, Server, within};
use msnp::dialect::Dialect;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::sync::{mpsc, watch};
use tokio::task::block_in_place;

use crate::matrix::{ALICE, CAROL, CAROLS_GHOST};
use crate::program;
use client::{Journal, Place};

/// How many messages each of them says under fire. One more each ends it.
const EACH: u32 = 200;

/// Chance is the same at every run; what the machine makes of it is not.
const SEED: u64 = 1863;

/// How long what was said may take to arrive once nothing is killed any more.
const ARRIVAL: Duration = Duration::from_mins(1);

/// A message that came so shortly before its connection broke may come again: the client may not have confirmed it, and the
/// kernel is asked half a second after it was sent.
const UNCONFIRMED: Duration = Duration::from_millis(1_500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn matrix_faults_lose_nothing_and_double_nothing() {
    let homeserver = Homeserver::start(program()).await;
    let server = Server::start_with(program(), &[CAROL], &homeserver.section());
    let alice = homeserver.user("alice");
    alice.until_named(CAROLS_GHOST, "Carol").await;
    let room = befriend(&server, &alice).await;

    let (place, places) = watch::channel(Some(Place::of(&server)));
    let (orders, ordered) = mpsc::channel(256);
    let journal = Arc::new(Mutex::new(Journal::default()));
    tokio::spawn(client::live(places, ordered, Arc::clone(&journal)));
    let mut war = War { homeserver, server, alice, room, place, orders, said: 0, killed: 0, journal };
    war.alice.until_member(&war.room, CAROLS_GHOST, "join").await;

    war.wage(StdRng::seed_from_u64(SEED)).await;
    war.say().await;
    war.order(EACH).await;
    let in_room = war.until_arrived().await;

    let journal = war.journal.lock().unwrap();
    assert_eq!(journal.reports, [""; 0], "nothing was refused");
    let to_matrix = Tally::of(&journal.taken, &in_room);
    let heard: Vec<u32> = journal.heard.iter().map(|heard| heard.number).collect();
    let to_messenger = Tally::of(&(0..=EACH).collect(), &heard);
    let unpromised = (0..=EACH).filter(|number| !journal.taken.contains(number));
    let arrived = unpromised.clone().filter(|number| in_room.contains(number)).count();
    println!("the server was killed {} times, the homeserver once", war.killed);
    println!(
        "Messenger to Matrix: {to_matrix} (of {} that were not acknowledged {arrived} arrived)",
        unpromised.count()
    );
    println!("Matrix to Messenger: {to_messenger}");

    assert_eq!((to_matrix.lost.len(), to_matrix.doubled.len()), (0, 0), "to Matrix: {to_matrix:?}");
    assert!(in_room.is_sorted(), "out of order on Matrix: {in_room:?}");
    assert_eq!(to_messenger.lost.len(), 0, "to Messenger: {to_messenger:?}");
    only_the_unconfirmed_are_repeated(&journal);
    // What was repeated counts where it came first.
    let mut newest = None;
    for (place, heard) in journal.heard.iter().enumerate() {
        if newest < Some(heard.number) {
            let before = &journal.heard[place.saturating_sub(8)..=place];
            assert_eq!(heard.number, newest.map_or(0, |newest| newest + 1), "out of order: {before:#?}");
            newest = Some(heard.number);
        }
    }
}

/// Alice invites Carol, who lets her in and is gone again; gives their room.
async fn befriend(server: &Server, alice: &MatrixUser) -> String {
    let mut carol = Messenger::online(server, CAROL, Dialect::Msnp12).await;
    let room = alice.invite(CAROLS_GHOST).await;
    carol.added_by(ALICE).await;
    carol.add(ALICE).await;
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
    room
}

/// On one connection nothing comes twice and everything in order; on another, only what came just before the last one broke.
fn only_the_unconfirmed_are_repeated(journal: &Journal) {
    let mut last: BTreeMap<u32, u32> = BTreeMap::new();
    let mut earlier: BTreeMap<u32, (u32, Instant)> = BTreeMap::new();
    for heard in &journal.heard {
        let previous = last.insert(heard.connection, heard.number);
        assert!(previous.is_none_or(|previous| previous < heard.number), "{heard:?} came after {previous:?}");
        if let Some((connection, at)) = earlier.insert(heard.number, (heard.connection, heard.at)) {
            let ended = journal.ended.get(&connection).expect("a message is repeated on a connection that lives");
            let waited = *ended - at;
            assert!(waited < UNCONFIRMED, "{heard:?} had come {waited:?} before its connection ended, and came again");
        }
    }
}

/// What came of all that was promised.
#[derive(Debug)]
struct Tally {
    sent: usize,
    delivered: usize,
    doubled: Vec<u32>,
    lost: Vec<u32>,
}

impl Tally {
    fn of(promised: &BTreeSet<u32>, arrived: &[u32]) -> Self {
        let mut once = BTreeSet::new();
        let doubled = arrived.iter().copied().filter(|number| !once.insert(*number)).collect();
        let lost: Vec<u32> = promised.difference(&once).copied().collect();
        Self { sent: promised.len(), delivered: promised.len() - lost.len(), doubled, lost }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (doubled, lost) = (self.doubled.len(), self.lost.len());
        write!(formatter, "sent {}, delivered {}, doubled {doubled}, lost {lost}", self.sent, self.delivered)
    }
}

struct War {
    homeserver: Homeserver,
    server: Server,
    alice: MatrixUser,
    room: String,
    place: watch::Sender<Option<Place>>,
    orders: mpsc::Sender<u32>,
    /// How much Alice has said.
    said: u32,
    killed: u32,
    journal: Arc<Mutex<Journal>>,
}

impl War {
    /// Both say what they have to say, in an order of chance, and between any two messages somebody may be killed.
    async fn wage(&mut self, mut chance: StdRng) {
        let mut ordered = 0;
        let mut homeserver_has_died = false;
        while self.said < EACH || ordered < EACH {
            if self.said >= EACH || (ordered < EACH && chance.random_bool(0.5)) {
                self.order(ordered).await;
                ordered += 1;
            } else {
                self.say().await;
            }
            if !homeserver_has_died && self.said == EACH / 2 {
                homeserver_has_died = true;
                self.until_handed_over().await;
                self.homeserver.kill();
                for _ in 0..5.min(EACH - ordered) {
                    self.order(ordered).await;
                    ordered += 1;
                    pause(&mut chance, 0..100).await;
                }
                self.kill();
                self.homeserver.run().await;
            }
            match chance.random_range(0..100) {
                0..6 => {
                    // Most of what can break off is over within a few milliseconds.
                    let longest = [3, 15, 80][chance.random_range(0..3)];
                    pause(&mut chance, 0..longest).await;
                    self.kill();
                }
                6..40 => pause(&mut chance, 0..120).await,
                _ => {}
            }
        }
    }

    /// Waits until the homeserver has passed on all that Alice has said. What waits for the transaction before it, Synapse holds
    /// in memory only, having noted it as passed on: killed then, it never tells anybody.
    async fn until_handed_over(&self) {
        let last = self.said - 1;
        within("the homeserver to pass everything on", async {
            while self.journal.lock().unwrap().heard.last().is_none_or(|heard| heard.number < last) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// Alice says her next number, as often as the homeserver needs to take it.
    async fn say(&mut self) {
        let text = self.said.to_string();
        // The homeserver takes a transaction of one device once.
        let taken = self.alice.say_once(&self.room, &text, &text).await.unwrap();
        taken.unwrap_or_else(|refused| panic!("{refused:?}"));
        self.said += 1;
    }

    /// Carol is to say a number.
    async fn order(&self, number: u32) {
        self.orders.send(number).await.expect("Carol lives");
    }

    /// Kills the server, whatever it is doing, and starts it again.
    fn kill(&mut self) {
        self.killed += 1;
        self.place.send_replace(None);
        block_in_place(|| self.server.crash());
        self.place.send_replace(Some(Place::of(&self.server)));
    }

    /// Waits until the last words of both have arrived, and with them all that was said before; gives what stands in the room.
    async fn until_arrived(&self) -> Vec<u32> {
        let began = Instant::now();
        loop {
            let said = self.alice.said_by(&self.room, CAROLS_GHOST).await;
            let in_room: Vec<u32> = said.iter().map(|text| text.parse().unwrap()).collect();
            let heard = self.journal.lock().unwrap().heard.last().map(|heard| heard.number);
            if (in_room.last(), heard) == (Some(&EACH), Some(EACH)) {
                return in_room;
            }
            assert!(
                began.elapsed() < ARRIVAL,
                "the last on Matrix is {:?}, the last on Messenger {heard:?}; it has {:?}",
                in_room.last(),
                self.journal.lock().unwrap()
            );
            // What stands in a room can only be asked for.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Lets so many milliseconds pass.
async fn pause(chance: &mut StdRng, within: Range<u64>) {
    tokio::time::sleep(Duration::from_millis(chance.random_range(within))).await;
}
