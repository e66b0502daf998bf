//! Any bytes are a file's context or are not; its name is safe, and it comes back when it is written and read again.

use bytes::Bytes;
use msnp::p2p::file_context::{FileContext, safe_name};

/// The context of a file that is offered.
pub fn file_context(bytes: &[u8]) -> bool {
    let Ok(context) = FileContext::parse(&Bytes::copy_from_slice(bytes)) else { return false };
    assert!(!context.name.is_empty() && context.name != "." && context.name != "..");
    assert!(!context.name.contains(['/', '\\']) && !context.name.chars().any(char::is_control));
    assert_eq!(safe_name(&context.name), context.name);
    assert_eq!(FileContext::from_context(&context.to_context()), Ok(context));
    true
}
