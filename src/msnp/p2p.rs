//! MSNP2P version 1, the peer-to-peer protocol within switchboard messages, as Messenger 6 to 8 speak it.
//!
//! A [`packet`] carries a piece of a message. A message is session data, or the text of an [`slp`] request or response, whose
//! body is a [`session_body`] or a [`transport_body`]. Facts: `MSNPiki`, hypothetic.org, libpurple, aMSN, Miranda.

pub mod file_context;
pub mod guid;
pub mod packet;
pub mod session_body;
pub mod slp;
pub mod transport_body;
