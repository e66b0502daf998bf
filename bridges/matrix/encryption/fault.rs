//! Why a machine could not do its part.

use std::panic::AssertUnwindSafe;

use bridge::{Failure, HostFault};

use futures_util::FutureExt as _;

use crate::homeserver::Trouble;

/// Why a machine could not do its part. None of them but one is for good: nothing that was to be encrypted is ever thrown away for it, or
/// sent in clear.
#[derive(Debug, thiserror::Error)]
pub(super) enum MachineFault {
    /// Its store could not be opened, read or written.
    #[error(
        "the store of encryption keys cannot be used ({0}); see whether the data directory is there, writable and not full"
    )]
    Store(String),
    /// The installation could not do its part.
    #[error(transparent)]
    Host(#[from] HostFault),
    /// The homeserver did not do what it was asked.
    #[error(transparent)]
    Homeserver(#[from] Trouble),
    /// The homeserver does not let us have a device: `0` says what to switch on.
    #[error("{0}")]
    NoDevice(String),
    /// More people would have to be given the key than is done: `0` are in the room.
    #[error(
        "the room is encrypted and has {0} members, and encrypting for more than {most} people is not done for an account of Messenger; \
         link an account of Matrix to speak there",
        most = super::rooms::MOST_MEMBERS
    )]
    Crowded(usize),
    /// The homeserver does not know the device any more, or has other keys of it: it needs another.
    #[error("the homeserver has forgotten the device {0}; another is made")]
    Lost(String),
}

impl MachineFault {
    /// A fault of a store, in its own words.
    pub(super) fn store(fault: impl std::fmt::Display) -> Self {
        Self::Store(fault.to_string())
    }
}

impl From<MachineFault> for Failure {
    fn from(fault: MachineFault) -> Self {
        match fault {
            MachineFault::Homeserver(Trouble::Limited(after)) => {
                Self::Retry { after, reason: "the homeserver asks to wait".into() }
            }
            fault @ MachineFault::Crowded(_) => Self::refused(fault.to_string()),
            fault => Self::retry(format!("it could not be encrypted: {fault}")),
        }
    }
}

/// Does something with a machine, of which a panic is a fault as any other. What others send passes through it, and nothing of theirs may
/// end a task of ours, or be pushed to us again and again because of it.
pub(super) async fn unbroken<T>(doing: impl Future<Output = Result<T, MachineFault>>) -> Result<T, MachineFault> {
    let done = AssertUnwindSafe(doing).catch_unwind().await;
    done.unwrap_or_else(|_| {
        Err(MachineFault::store("the library of its machine has given up, as its own message before this says"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_fault() {
        let nothing: Vec<u8> = Vec::new();
        let outcome = unbroken(async { Ok(nothing.first().copied().expect("something to be there")) }).await;
        assert!(matches!(outcome, Err(MachineFault::Store(_))));
        assert_eq!(unbroken(async { Ok(7) }).await.unwrap(), 7);
    }
}
