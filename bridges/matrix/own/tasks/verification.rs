//! Confirming the session of a link by another one of the same account, by comparing emoji (Client-Server API, "Short Authentication
//! String (SAS) verification").

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bridge::{Failure, Host};
use domain::Passport;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use matrix_sdk::{
    Client,
    encryption::verification::{
        CancelInfo, Emoji, SasState, SasVerification, Verification as Concrete, VerificationRequest,
        VerificationRequestState,
    },
};
use ruma::{
    UserId,
    events::key::verification::{VerificationMethod, request::ToDeviceKeyVerificationRequestEvent},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::super::{OwnAccount, trouble};
use crate::homeserver::Trouble;

/// What is known of confirming a session.
pub(crate) struct Verification {
    owner: Passport,
    host: Arc<dyn Host>,
    tasks: TaskTracker,
    ends: CancellationToken,
    now: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    stage: Stage,
    /// Ends when another one takes its place.
    ends: CancellationToken,
}

/// How far it is.
#[derive(Clone, Default)]
pub(super) enum Stage {
    /// Nothing is asked.
    #[default]
    Idle,
    /// Another session has asked.
    Offered(VerificationRequest),
    /// The others were asked.
    Waiting,
    /// Both show emoji.
    Comparing { sas: SasVerification, shown: String },
    /// They are the same, says whoever uses this session.
    Confirmed,
}

impl Verification {
    /// Watches for sessions of the account that ask. It ends with the link.
    pub(crate) fn watching(
        client: &Client,
        owner: &Passport,
        host: Arc<dyn Host>,
        tasks: TaskTracker,
        ends: CancellationToken,
    ) -> Arc<Self> {
        let verification = Arc::new(Self { owner: owner.clone(), host, tasks, ends, now: Mutex::default() });
        // Weak: the client holds its handlers, and what is asked holds the client.
        let weak = Arc::downgrade(&verification);
        client.add_event_handler(move |event: ToDeviceKeyVerificationRequestEvent, client: Client| {
            let weak = weak.clone();
            async move {
                let Some(verification) = weak.upgrade() else { return };
                let is_own = client.user_id().is_some_and(|me: &UserId| me == event.sender);
                if !is_own {
                    return;
                }
                let flow = event.content.transaction_id.as_str();
                if let Some(request) = client.encryption().get_verification_request(&event.sender, flow).boxed().await {
                    verification.offered(request);
                }
            }
        });
        verification
    }

    /// How far it is.
    pub(super) fn stage(&self) -> Stage {
        self.lock().stage.clone()
    }

    fn offered(self: &Arc<Self>, request: VerificationRequest) {
        if request.we_started() || request.is_done() || request.is_cancelled() {
            return;
        }
        let network = self.host.network();
        let line = format!(
            "Another session of your Matrix account wants to confirm this one: say \"{network} verify\" to agree."
        );
        // Whoever is told can agree at once.
        self.follow(Stage::Offered(request.clone()), request);
        self.host.notify(&self.owner, line);
    }

    /// Asks the account's other sessions, or agrees where one of them has asked.
    pub(super) async fn begin(self: &Arc<Self>, account: &OwnAccount) -> Result<String, Failure> {
        let failed = |error: matrix_sdk::Error| trouble::failure(Trouble::from(error));
        if let Stage::Offered(request) = self.stage() {
            request.accept_with_methods(vec![VerificationMethod::SasV1]).boxed().await.map_err(failed)?;
            return Ok("Seven emoji are shown here in a moment: compare them with those of the other session.".into());
        }
        let encryption = account.client.encryption();
        let identity = encryption.request_user_identity(&account.me).boxed().await.map_err(failed)?;
        let Some(identity) = identity else {
            return Err(Failure::refused(
                "your Matrix account has no signing keys yet; set them up in another Matrix client first",
            ));
        };
        let others = encryption.get_user_devices(&account.me).boxed().await.map_err(failed)?;
        if !others.devices().any(|device| account.client.device_id() != Some(device.device_id())) {
            return Err(Failure::refused("your Matrix account has no other session that could confirm this one"));
        }
        let request = identity.request_verification_with_methods(vec![VerificationMethod::SasV1]).boxed().await;
        let request = request.map_err(|error| {
            tracing::info!(owner = %self.owner, %error, "no verification can be asked for");
            Failure::retry("your other sessions cannot be asked now; try again in a minute")
        })?;
        self.follow(Stage::Waiting, request);
        Ok("Your other sessions are asked: agree in one of them, and compare the emoji that are shown there and here."
            .into())
    }

    /// The emoji are the same.
    pub(super) async fn confirm(&self) -> Result<String, Failure> {
        let sas = self.comparing()?;
        sas.confirm().boxed().await.map_err(|error| trouble::failure(Trouble::from(error)))?;
        let mut now = self.lock();
        // It may be over already, where the other session was first.
        if matches!(now.stage, Stage::Comparing { .. }) {
            now.stage = Stage::Confirmed;
        }
        Ok("That is said to the other session. As soon as it says so as well, this one is confirmed.".into())
    }

    /// They are not.
    pub(super) async fn deny(&self) -> Result<String, Failure> {
        let sas = self.comparing()?;
        sas.mismatch().boxed().await.map_err(|error| trouble::failure(Trouble::from(error)))?;
        Ok("Nothing is confirmed. Somebody may be listening in: begin anew, and compare once more.".into())
    }

    fn comparing(&self) -> Result<SasVerification, Failure> {
        match self.stage() {
            Stage::Comparing { sas, .. } => Ok(sas),
            Stage::Idle | Stage::Offered(_) | Stage::Waiting | Stage::Confirmed => {
                Err(Failure::refused("there are no emoji to compare now; begin with \"verify\""))
            }
        }
    }

    /// Follows a request until it is over, or another takes its place.
    fn follow(self: &Arc<Self>, stage: Stage, request: VerificationRequest) {
        let ends = self.ends.child_token();
        {
            let mut now = self.lock();
            now.ends.cancel();
            *now = Current { stage, ends: ends.clone() };
        }
        let verification = Arc::clone(self);
        self.tasks.spawn(async move {
            let line = ends.run_until_cancelled(verification.until_over(&ends, &request)).await;
            if let Some(line) = line {
                verification.put(&ends, Stage::Idle);
                verification.host.notify(&verification.owner, line);
            } else if !request.is_done() && !request.is_cancelled() {
                // So that the other session does not wait in vain.
                let _ = tokio::time::timeout(std::time::Duration::from_secs(5), request.cancel()).await;
            }
        });
    }

    /// Does what the protocol asks for until it is over; says what came of it.
    async fn until_over(&self, ends: &CancellationToken, request: &VerificationRequest) -> String {
        let mut requests = Box::pin(request.changes());
        let mut comparing: Option<Pin<Box<dyn Stream<Item = SasState> + Send>>> = None;
        let mut sas: Option<SasVerification> = None;
        let mut next = Some(request.state());
        loop {
            let state = if let Some(state) = next.take() {
                Step::Request(state)
            } else {
                tokio::select! {
                    Some(state) = requests.next() => Step::Request(state),
                    Some(state) = following(&mut comparing) => Step::Emoji(state),
                    else => return "It is not known what became of confirming your Matrix session; begin anew.".into(),
                }
            };
            match state {
                Step::Request(VerificationRequestState::Ready { .. }) if request.we_started() => {
                    if let Err(error) = request.start_sas().boxed().await {
                        tracing::info!(owner = %self.owner, %error, "comparing emoji could not be begun");
                        return "Confirming your Matrix session failed; begin anew.".into();
                    }
                }
                Step::Request(VerificationRequestState::Transitioned { verification: Concrete::SasV1(begun) }) => {
                    comparing = Some(Box::pin(begun.changes()));
                    let state = begun.state();
                    if !begun.we_started()
                        && matches!(state, SasState::Started { .. })
                        && begun.accept().boxed().await.is_err()
                    {
                        return "Confirming your Matrix session failed; begin anew.".into();
                    }
                    if let Some(over) = self.compare(ends, &begun, state) {
                        return over;
                    }
                    sas = Some(begun);
                }
                Step::Emoji(state) => {
                    if let Some(over) = sas.as_ref().and_then(|sas| self.compare(ends, sas, state)) {
                        return over;
                    }
                }
                Step::Request(VerificationRequestState::Done) => return done(),
                Step::Request(VerificationRequestState::Cancelled(info)) => return cancelled(&info),
                Step::Request(
                    VerificationRequestState::Created { .. }
                    | VerificationRequestState::Requested { .. }
                    | VerificationRequestState::Ready { .. }
                    | VerificationRequestState::Transitioned { .. },
                ) => {}
            }
        }
    }

    /// Shows the emoji once there are any; says what came of it if it is over.
    fn compare(&self, ends: &CancellationToken, sas: &SasVerification, state: SasState) -> Option<String> {
        match state {
            SasState::KeysExchanged { emojis, .. } => {
                let emoji = emojis.map(|emojis| emojis.emojis).or_else(|| sas.emoji())?;
                let network = self.host.network();
                let line = format!(
                    "Compare with the other session of your Matrix account: {}. If it shows the same, say \"{network} verify-yes\"; if \
                     not, \"{network} verify-no\".",
                    names(&emoji)
                );
                self.put(ends, Stage::Comparing { sas: sas.clone(), shown: with_symbols(&emoji) });
                self.host.notify(&self.owner, line);
                None
            }
            SasState::Done { .. } => Some(done()),
            SasState::Cancelled(info) => Some(cancelled(&info)),
            SasState::Created { .. } | SasState::Started { .. } | SasState::Accepted { .. } | SasState::Confirmed => {
                None
            }
        }
    }

    /// It has got this far, unless another one has taken its place.
    fn put(&self, ends: &CancellationToken, stage: Stage) {
        let mut now = self.lock();
        if !ends.is_cancelled() {
            now.stage = stage;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has changed.
enum Step {
    Request(VerificationRequestState),
    Emoji(SasState),
}

/// The next change; none ever, while nothing is compared.
async fn following(comparing: &mut Option<Pin<Box<dyn Stream<Item = SasState> + Send>>>) -> Option<SasState> {
    match comparing {
        Some(comparing) => comparing.next().await,
        None => std::future::pending().await,
    }
}

fn names(emoji: &[Emoji; 7]) -> String {
    emoji.each_ref().map(|emoji| emoji.description).join(", ")
}

fn with_symbols(emoji: &[Emoji; 7]) -> String {
    emoji.each_ref().map(|emoji| format!("{} {}", emoji.symbol, emoji.description)).join(", ")
}

fn done() -> String {
    "Your Matrix session here is confirmed.".into()
}

fn cancelled(info: &CancelInfo) -> String {
    if info.cancelled_by_us() {
        "Your Matrix session here was not confirmed.".into()
    } else {
        format!("Your Matrix session here was not confirmed: {}.", info.reason().trim_end_matches('.'))
    }
}
