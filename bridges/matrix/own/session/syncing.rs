//! Syncing: one answer is committed before the next is asked for, whatever fails in between.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use bridge::{Failure, HostFault};
use futures_util::FutureExt as _;
use matrix_sdk::{
    AuthSession, Client, Error, HttpError, SessionChange,
    config::{SyncSettings, SyncToken},
    sync::SyncResponse,
};
use ruma::{
    api::client::{
        filter::{FilterDefinition, LazyLoadOptions},
        sync::sync_events::v3::Filter,
    },
    presence::PresenceState,
};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::{
    super::{OwnAccount, first_sync::FirstSync, inward, media::OwnMedia, rooms::OwnRooms, stores, tasks::Verification},
    OwnLink, Standing, lock,
    opening::{ANSWER, Unopened},
};
use crate::{appservice::Appservice, homeserver::Trouble};

/// How long the homeserver waits for news before it answers that there are none.
const NEWS: Duration = Duration::from_secs(30);
/// How long it may take to put together everything that there is, at the first sync of an account.
const EVERYTHING: Duration = Duration::from_mins(10);
/// How many events of each room one answer has; what lies before them is read back.
const EVENTS: u32 = 20;
/// Members are told of where they have said something: a room may have thousands.
const LAZILY: LazyLoadOptions = LazyLoadOptions::Enabled { include_redundant_members: false };
/// The shortest time from one question to the next, whatever the homeserver answers.
const PACE: Duration = Duration::from_millis(100);
/// The longest wait before the next attempt.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Why a session does not go on as it is.
enum Interruption {
    /// Its client has to be opened anew: matrix-sdk could not write down what it had taken.
    Broken(String),
    /// The homeserver does not know it any more.
    SignedOut(String),
}

/// How long to wait after each of several failures in a row.
#[derive(Default)]
struct Pause {
    failures: u32,
}

impl Pause {
    /// The next wait: longer each time, and not the same for all who failed at the same time. `chance` is from 0 to 1.
    fn next(&mut self, asked: Option<Duration>, chance: f64) -> Duration {
        let usual = Duration::from_secs(1 << self.failures.min(6)).min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        usual.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0).max(asked.unwrap_or_default().min(LONGEST_WAIT * 5))
    }

    async fn rest(&mut self, asked: Option<Duration>) {
        tokio::time::sleep(self.next(asked, rand::random())).await;
    }
}

impl OwnLink {
    /// Keeps the account signed in, and commits what it hears, until its link or everything ends.
    pub(super) async fn run(self: Arc<Self>, appservice: Arc<Appservice>, fresh: Option<Client>) {
        let living = self.live(&appservice, fresh);
        let ended = self.ends.run_until_cancelled(living).await;
        if let Some(account) = self.account() {
            // A token that came a moment ago would be lost.
            if let Err(fault) = self.keep_tokens(&account).await {
                tracing::warn!(owner = %self.owner, %fault, "the tokens of a linked account are not kept");
            }
        }
        if let Some(reason) = ended {
            self.sign_out(&appservice, reason).await;
        }
    }

    /// Lives until the homeserver does not know the session any more; says why.
    async fn live(self: &Arc<Self>, appservice: &Arc<Appservice>, mut fresh: Option<Client>) -> String {
        let mut pause = Pause::default();
        loop {
            match self.open(appservice, fresh.take()).await {
                Ok(account) => {
                    let began = Instant::now();
                    // What others send passes through matrix-sdk, and nothing of theirs may end this task.
                    let synced = AssertUnwindSafe(self.sync(&account)).catch_unwind().await;
                    let broken =
                        || Interruption::Broken("matrix-sdk gave up, as its own message before this says".into());
                    match synced.unwrap_or_else(|_| broken()) {
                        Interruption::SignedOut(reason) => return reason,
                        Interruption::Broken(why) => self.is_away(&why),
                    }
                    if began.elapsed() > LONGEST_WAIT {
                        pause = Pause::default();
                    }
                    pause.rest(None).await;
                    // With those before them the session would not be known any more.
                    self.keep_tokens_surely(&account).await;
                }
                Err(Unopened::Lost(reason)) => return reason,
                Err(Unopened::Later(why)) => {
                    self.is_away(&why);
                    pause.rest(None).await;
                }
            }
        }
    }

    async fn open(
        self: &Arc<Self>,
        appservice: &Arc<Appservice>,
        fresh: Option<Client>,
    ) -> Result<Arc<OwnAccount>, Unopened> {
        // The keys of a device must not be used by two at once.
        let before = lock(&self.account).take().map(|account| {
            *self.heard() = account.rooms.heard();
            Arc::downgrade(&account)
        });
        while before.as_ref().is_some_and(|before| before.strong_count() > 0) {
            tokio::time::sleep(PACE).await;
        }
        let accounts = &appservice.own;
        let client = self.client(accounts, fresh).await?;
        let later = |fault: HostFault| Unopened::Later(fault.to_string());
        let rooms = OwnRooms::load(&*appservice.host, &self.owner).await.map_err(later)?;
        let since = appservice.host.get(&stores::since(&self.owner)).await.map_err(later)?;
        let ends = self.ends.child_token();
        let account = Arc::new(OwnAccount {
            owner: self.owner.clone(),
            me: self.me.clone(),
            media: OwnMedia::default(),
            verification: self.watch_for_verification(&client, appservice, ends.clone()),
            client,
            configuration: Arc::clone(&appservice.configuration),
            host: Arc::clone(&appservice.host),
            rooms,
            // Where it was heard up to is committed with its rooms.
            ready: since.is_some().into(),
            first_sync: FirstSync::default(),
            appservice: Arc::downgrade(appservice),
            _ends: ends.drop_guard(),
        });
        *lock(&self.account) = Some(Arc::clone(&account));
        Ok(account)
    }

    fn watch_for_verification(
        &self,
        client: &Client,
        appservice: &Appservice,
        ends: CancellationToken,
    ) -> Arc<Verification> {
        let (host, tasks) = (Arc::clone(&appservice.host), appservice.tasks.clone());
        Verification::watching(client, &self.owner, host, tasks, ends)
    }

    /// Syncs until that cannot go on.
    async fn sync(&self, account: &OwnAccount) -> Interruption {
        let changes = account.client.subscribe_to_session_changes();
        tokio::select! {
            interruption = self.ask(account) => interruption,
            () = self.watch_tokens(account, changes) => Interruption::Broken("its tokens are not told any more".into()),
            () = inward::carry_on(account) => Interruption::Broken("the bridge is stopping".into()),
        }
    }

    async fn ask(&self, account: &OwnAccount) -> Interruption {
        let mut pause = Pause::default();
        let mut since = loop {
            match account.host.get(&stores::since(&self.owner)).await {
                Ok(since) => break since,
                Err(fault) => self.is_away(&fault.to_string()),
            }
            pause.rest(None).await;
        };
        let (mut pause, mut is_slow) = (Pause::default(), false);
        loop {
            let (began, is_whole) = (Instant::now(), since.is_none());
            // One that has not been heard is to show that it is there, not to wait for news.
            if is_whole {
                account.first_sync.is_asked();
            }
            let waits = is_slow || *self.standing.borrow() == Standing::Connected;
            match account.client.sync_once(settings(since.clone(), waits)).boxed().await {
                Ok(answer) => {
                    self.stands(Standing::Connected);
                    (pause, is_slow) = (Pause::default(), false);
                    since = Some(answer.next_batch.clone());
                    commit(account, answer, is_whole).await;
                    account.first_sync.ends();
                    account.ready.store(true, std::sync::atomic::Ordering::Release);
                    tokio::time::sleep(PACE.saturating_sub(began.elapsed())).await;
                }
                Err(error) => {
                    account.first_sync.ends();
                    // Where it takes long for what there is, it gets the time for news as well.
                    is_slow = !waits && began.elapsed() >= ANSWER;
                    match self.trouble(error, &mut since) {
                        Err(interruption) => return interruption,
                        Ok(asked) => pause.rest(asked).await,
                    }
                }
            }
        }
    }

    /// What a sync that failed means; a wait, if it is worth asking again.
    fn trouble(&self, error: Error, since: &mut Option<String>) -> Result<Option<Duration>, Interruption> {
        let was_refreshing = matches!(&error, Error::Http(error) if matches!(**error, HttpError::RefreshToken(_)));
        if !matches!(error, Error::Http(_) | Error::AuthenticationRequired) {
            return Err(Interruption::Broken(error.to_string()));
        }
        let trouble = Trouble::from(error);
        match &trouble {
            Trouble::Stranger => Err(Interruption::SignedOut("the homeserver has signed this device out".into())),
            trouble if was_refreshing && trouble.is("M_FORBIDDEN") => {
                Err(Interruption::SignedOut("the homeserver does not renew the sign-in of this device".into()))
            }
            Trouble::Refused { status: 400, .. } if since.is_some() && !was_refreshing => {
                // It has lost its past, in which it was asked.
                tracing::warn!(owner = %self.owner, %trouble, "the homeserver does not know where a linked account was heard up to; everything is asked for");
                *since = None;
                Ok(None)
            }
            Trouble::Limited(asked) => Ok(*asked),
            Trouble::Silent(_) | Trouble::Unreadable(_) | Trouble::Ailing { .. } | Trouble::Refused { .. } => {
                self.is_away(&trouble.to_string());
                Ok(None)
            }
        }
    }

    fn is_away(&self, why: &str) {
        tracing::info!(owner = %self.owner, why, "a linked account does not reach its homeserver");
        self.stands(Standing::Away { why: why.to_owned() });
    }

    /// Keeps every token that the homeserver gives in place of an earlier one.
    async fn watch_tokens(&self, account: &OwnAccount, mut changes: Receiver<SessionChange>) {
        loop {
            match changes.recv().await {
                Ok(SessionChange::TokensRefreshed) | Err(RecvError::Lagged(_)) => {
                    self.keep_tokens_surely(account).await;
                }
                // The next sync shows what it means.
                Ok(SessionChange::UnknownToken(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn keep_tokens_surely(&self, account: &OwnAccount) {
        let mut pause = Pause::default();
        while let Err(fault) = self.keep_tokens(account).await {
            tracing::warn!(owner = %self.owner, %fault, "the tokens of a linked account are not kept yet");
            pause.rest(None).await;
        }
    }

    /// Keeps the tokens if they are not those that are kept.
    async fn keep_tokens(&self, account: &OwnAccount) -> Result<(), HostFault> {
        let Some(AuthSession::Matrix(session)) = account.client.session() else { return Ok(()) };
        let kept = stores::keys(&*account.host, &self.owner).await?;
        if kept.is_some_and(|kept| kept.session != session) {
            account.host.write(stores::put_session(&self.owner, &session)).await?;
        }
        Ok(())
    }

    /// The homeserver does not know the session any more: that is kept, and said once.
    async fn sign_out(&self, appservice: &Appservice, reason: String) {
        tracing::info!(owner = %self.owner, me = %self.me, reason, "a linked account is signed out");
        self.stands(Standing::SignedOut { reason: reason.clone() });
        lock(&self.account).take();
        match OwnRooms::load(&*appservice.host, &self.owner).await {
            Ok(rooms) => appservice.hand_over(&self.owner, rooms.all()).await,
            Err(fault) => tracing::warn!(owner = %self.owner, %fault, "what a link heard cannot be read"),
        }
        let line = format!(
            "Your Matrix account {} is signed out here: {reason}. Link it again, or say \"unlink {}\".",
            self.me,
            appservice.host.network()
        );
        if let Err(fault) = self.keep(&*appservice.host, |kept| kept.signed_out = Some(reason)).await {
            // It is found out anew at the next start.
            tracing::warn!(owner = %self.owner, %fault, "that an account is signed out is not kept");
        }
        appservice.host.notify(&self.owner, line);
    }
}

/// Commits an answer, however often it takes: the next one is for whoever has taken this. `is_whole`: it tells of everything that there is.
async fn commit(account: &OwnAccount, answer: SyncResponse, is_whole: bool) {
    let mut pause = Pause::default();
    loop {
        match inward::take(account, answer.clone(), is_whole).await {
            Ok(()) => return,
            Err(failure) => {
                tracing::warn!(owner = %account.owner, %failure, "what a linked account heard is not kept yet; it is tried again");
                let asked = if let Failure::Retry { after, .. } = failure { after } else { None };
                pause.rest(asked).await;
            }
        }
    }
}

/// How is asked for what happened since then. `waits`: the homeserver may wait for news before it answers.
fn settings(since: Option<String>, waits: bool) -> SyncSettings {
    let wait = match (&since, waits) {
        (None, _) => EVERYTHING,
        (Some(_), true) => NEWS,
        (Some(_), false) => Duration::ZERO,
    };
    let mut filter = FilterDefinition::default();
    filter.room.timeline.limit = Some(EVENTS.into());
    filter.room.timeline.lazy_load_options = LAZILY;
    filter.room.state.lazy_load_options = LAZILY;
    SyncSettings::new()
        .token(since.map_or(SyncToken::NoToken, SyncToken::Specific))
        .timeout(wait)
        .filter(Filter::FilterDefinition(filter))
        // Whether somebody is there is their choice, and shown by other means.
        .set_presence(PresenceState::Offline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_differ_but_end() {
        let mut pause = Pause::default();
        let waits: Vec<u64> = (0..9).map(|_| pause.next(None, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(Pause::default().next(None, 0.0), Duration::from_millis(500));
        assert_eq!(Pause::default().next(Some(Duration::from_secs(9)), 0.0), Duration::from_secs(9), "it was asked to");
        assert_eq!(Pause::default().next(Some(Duration::from_mins(150)), 0.0), LONGEST_WAIT * 5);
    }
}
