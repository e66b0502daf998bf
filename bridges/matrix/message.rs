//! Contents of messages, in Matrix's form and in ours. Pure: what is on the homeserver is named, and fetched elsewhere.

mod checking;
mod fields;
mod file_key;
mod file_name;
mod html;
mod markup;
mod media;
pub(crate) mod media_type;
mod mention;
mod parts;
mod place;
mod poll;
mod reading;
mod relation;
mod said;
mod sent;
#[cfg(test)]
mod tests;
mod wording;
mod writing;
mod written;

pub(crate) use checking::{check, check_said};
pub(crate) use file_key::FileKey;
#[cfg(test)]
pub(crate) use file_key::file_of;
pub(crate) use reading::{lost, read, unread};
pub(crate) use said::{Body, MediaKind, Mentions, Quoted, Relation, RemoteEmoticon, RemoteMedia, Said};
pub(crate) use sent::Sent;
pub(crate) use writing::write;
pub(crate) use written::{HEARD, IN_CLEAR, ORDER, PART, Uploaded, Written};

/// Marks an emote as a nudge, in both directions.
const NUDGE: &str = "im.chrysalis.nudge";
