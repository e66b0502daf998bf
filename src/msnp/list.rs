//! The five lists of MSNP.

/// A list a contact can be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum List {
    /// Contacts the user sees.
    Forward,
    /// People who may see and write to the user.
    Allow,
    /// People who may not.
    Block,
    /// People who have the user on their own forward list; kept by the server.
    Reverse,
    /// People who added the user and await an answer (MSNP11 and later).
    Pending,
}

impl List {
    /// Every list, by rising bit.
    pub const ALL: [List; 5] = [List::Forward, List::Allow, List::Block, List::Reverse, List::Pending];

    /// The two letters used in `ADC` and `REM`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            List::Forward => "FL",
            List::Allow => "AL",
            List::Block => "BL",
            List::Reverse => "RL",
            List::Pending => "PL",
        }
    }

    /// The bit used in `LST`.
    #[must_use]
    pub fn bit(self) -> u8 {
        match self {
            List::Forward => 1,
            List::Allow => 2,
            List::Block => 4,
            List::Reverse => 8,
            List::Pending => 16,
        }
    }

    /// Reads the two letters, in either case.
    #[must_use]
    pub fn parse(code: &str) -> Option<List> {
        List::ALL.into_iter().find(|list| list.code().eq_ignore_ascii_case(code))
    }
}
