//! Reading of a command's arguments.

use crate::code::{CommandFault, ErrorCode};

/// The arguments of a command after its transaction id.
pub(crate) struct Arguments {
    transaction: u32,
    words: std::vec::IntoIter<String>,
}

impl Arguments {
    /// Takes the transaction id off. A line without one is fatal, since it cannot be answered.
    pub(crate) fn new(words: Vec<String>) -> Result<Arguments, CommandFault> {
        let mut words = words.into_iter();
        match words.next().and_then(|word| word.parse().ok()) {
            Some(transaction) => Ok(Arguments { transaction, words }),
            None => Err(CommandFault { transaction: 0, code: ErrorCode::SYNTAX_ERROR, fatal: true }),
        }
    }

    pub(crate) fn transaction(&self) -> u32 {
        self.transaction
    }

    /// The next argument, which must be there.
    pub(crate) fn required(&mut self) -> Result<String, CommandFault> {
        self.words.next().ok_or_else(|| self.fault(ErrorCode::SYNTAX_ERROR))
    }

    pub(crate) fn optional(&mut self) -> Option<String> {
        self.words.next()
    }

    /// The next argument, or an empty text.
    pub(crate) fn lenient(&mut self) -> String {
        self.words.next().unwrap_or_default()
    }

    /// A fault after which the connection goes on.
    pub(crate) fn fault(&self, code: ErrorCode) -> CommandFault {
        CommandFault { transaction: self.transaction, code, fatal: false }
    }

    /// A fault after which the connection is closed.
    pub(crate) fn fatal(&self, code: ErrorCode) -> CommandFault {
        CommandFault { fatal: true, ..self.fault(code) }
    }
}

impl Iterator for Arguments {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.words.next()
    }
}
