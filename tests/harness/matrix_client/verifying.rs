//! Verification of two devices of one account by seven emoji.

use std::time::Duration;

use futures_util::StreamExt;
use matrix_sdk::encryption::verification::{
    SasState, SasVerification, Verification, VerificationRequest, VerificationRequestState,
};
use matrix_sdk::ruma::UserId;

use super::{MatrixClient, PATIENCE, hearing::Told};

/// A verification whose emoji can be compared.
pub struct Emoji {
    sas: SasVerification,
    /// The names of the seven, in English: `Dog`.
    pub names: Vec<String>,
}

impl MatrixClient {
    /// Waits until another device of the account asks to be verified, accepts, and waits for the emoji.
    pub async fn accept_verification(&self) -> Emoji {
        let find = |told: &mut Told| {
            let place = told.requests.iter().position(|(who, _)| *who == self.id)?;
            Some(told.requests.remove(place).1)
        };
        let flow = self.journal.find(find, || "a request to be verified".to_owned()).await;
        let me = UserId::parse(&*self.id).unwrap();
        let request =
            self.client.encryption().get_verification_request(&me, &flow).await.expect("the request is known");
        request.accept().await.unwrap();
        within("the emoji", emoji(request)).await
    }

    /// Asks the other devices of the account to verify this one, and waits for the emoji once one of them accepts.
    pub async fn ask_for_verification(&self) -> Emoji {
        let me = UserId::parse(&*self.id).unwrap();
        let identity =
            self.client.encryption().get_user_identity(&me).await.unwrap().expect("an identity of one's own");
        let request = identity.request_verification().await.unwrap();
        within("the other device to accept", async {
            let mut changes = request.changes();
            while !request.is_ready() {
                changes.next().await.expect("a verification that goes on");
            }
        })
        .await;
        // The other side may have begun already.
        if !matches!(request.state(), VerificationRequestState::Transitioned { .. }) {
            request.start_sas().await.unwrap();
        }
        within("the emoji", emoji(request)).await
    }
}

impl Emoji {
    /// They are the same on the other side.
    pub async fn confirm(&self) {
        self.sas.confirm().await.unwrap();
    }

    /// Waits until both sides have confirmed.
    pub async fn until_done(&self) {
        within("the verification to be done", async {
            let mut changes = self.sas.changes();
            loop {
                match self.sas.state() {
                    SasState::Done { .. } => return,
                    SasState::Cancelled(why) => panic!("cancelled: {}", why.reason()),
                    _ => changes.next().await.expect("a verification that goes on"),
                };
            }
        })
        .await;
    }
}

async fn emoji(request: VerificationRequest) -> Emoji {
    let mut changes = request.changes();
    let sas = loop {
        match request.state() {
            VerificationRequestState::Transitioned { verification: Verification::SasV1(sas) } => break sas,
            VerificationRequestState::Cancelled(why) => panic!("cancelled: {}", why.reason()),
            _ => changes.next().await.expect("a verification that goes on"),
        };
    };
    if !sas.we_started() {
        sas.accept().await.unwrap();
    }
    let mut changes = sas.changes();
    loop {
        if let Some(emoji) = sas.emoji() {
            let names = emoji.map(|emoji| emoji.description.to_owned()).into();
            return Emoji { sas, names };
        }
        if let SasState::Cancelled(why) = sas.state() {
            panic!("cancelled: {}", why.reason());
        }
        changes.next().await.expect("a verification that goes on");
    }
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    const LIMIT: Duration = PATIENCE;
    let Ok(value) = tokio::time::timeout(LIMIT, future).await else { panic!("waited {LIMIT:?} in vain for {what}") };
    value
}
