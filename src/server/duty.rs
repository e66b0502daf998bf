//! Which listeners there are, and whether each still listens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The listeners by their names, and whether each still listens.
#[derive(Default)]
pub(crate) struct Duty(Mutex<BTreeMap<String, bool>>);

impl Duty {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A listener listens, until what is returned is dropped.
    pub(crate) fn begin(duty: &Arc<Self>, name: String) -> OnDuty {
        duty.lock().insert(name.clone(), true);
        OnDuty { duty: Arc::clone(duty), name }
    }

    /// The listeners that do not listen any more.
    pub(crate) fn gone(&self) -> Vec<String> {
        self.lock().iter().filter(|(_, listens)| !**listens).map(|(name, _)| name.clone()).collect()
    }
}

/// That a listener listens.
pub(crate) struct OnDuty {
    duty: Arc<Duty>,
    name: String,
}

impl Drop for OnDuty {
    fn drop(&mut self) {
        self.duty.lock().insert(std::mem::take(&mut self.name), false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_that_has_ended_is_named() {
        let duty = Arc::new(Duty::default());
        let first = Duty::begin(&duty, "one".to_owned());
        let _second = Duty::begin(&duty, "two".to_owned());
        assert_eq!(duty.gone(), [""; 0]);
        drop(first);
        assert_eq!(duty.gone(), ["one"]);
    }
}
