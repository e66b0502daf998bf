//! What came of what somebody wanted, for the conversation and for pages.

/// What was done, in whole sentences; or why it was not.
pub(crate) type Outcome = Result<String, Undone>;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undone {
    /// Why, in whole sentences.
    pub(crate) why: String,
    /// What to say next, of use only where one speaks to the server; empty if there is nothing to say.
    next: String,
}

impl Undone {
    /// With what to say next.
    pub(super) fn saying(why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { why: why.into(), next: next.into() }
    }

    /// As it is told in the conversation.
    pub(super) fn told(self) -> String {
        if self.next.is_empty() { self.why } else { format!("{} {}", self.why, self.next) }
    }
}

impl<Why: Into<String>> From<Why> for Undone {
    fn from(why: Why) -> Self {
        Self::saying(why, "")
    }
}

/// What came of it, as it is told in the conversation.
pub(super) fn told(outcome: Outcome) -> String {
    outcome.unwrap_or_else(Undone::told)
}
