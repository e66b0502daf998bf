//! What a peer is told, and what it tells.

use std::fmt;

use bytes::Bytes;
use msnp::{mime::Headers, object::MsnObject};

/// One transfer of a [`Peer`](super::Peer): an object or a file, in either direction.
///
/// Numbers of transfers that the shell begins ([`Input::OfferFile`], [`Input::Fetch`]) are the shell's choice below 2⁶³ and used
/// once; those that the Messenger user begins are the peer's, from 2⁶³ on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(pub u64);

impl TransferId {
    /// The first number of those that the Messenger user begins.
    pub(super) const FIRST_OF_THEIRS: u64 = 1 << 63;
}

impl fmt::Display for TransferId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// How much a peer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest object that is fetched, in bytes. Objects are held in memory.
    pub object: u64,
    /// The largest file that is received, in bytes. Files are not held in memory.
    pub file: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { object: 1 << 20, file: 100 << 20 }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The Messenger user sent a peer-to-peer packet to us: the body of its message, without the MIME headers.
    Packet(&'a Bytes),
    /// The Messenger user sent an invitation of the older kind (audio, video, application sharing): the fields of its body.
    Invitation(&'a Headers),
    /// The data of [`Output::ObjectWanted`].
    Provide {
        /// The transfer.
        transfer: TransferId,
        /// The whole object.
        data: Bytes,
    },
    /// There is nothing under the description of [`Output::ObjectWanted`].
    Unavailable {
        /// The transfer.
        transfer: TransferId,
    },
    /// The file of [`Output::FileOffered`] is wanted.
    AcceptFile {
        /// The transfer.
        transfer: TransferId,
    },
    /// The file of [`Output::FileOffered`] is not wanted.
    DeclineFile {
        /// The transfer.
        transfer: TransferId,
    },
    /// Offer a file to the Messenger user.
    OfferFile {
        /// The transfer.
        transfer: TransferId,
        /// The file's name; made safe before it is sent.
        name: String,
        /// The file's exact length in bytes.
        size: u64,
        /// A PNG of at most 96×96, or nothing. One over 32 KiB is left out.
        preview: Bytes,
    },
    /// The bytes of a file that [`Output::Want`] asked for. Bytes that nobody asked for, or no longer asks for, are dropped.
    Feed {
        /// The transfer.
        transfer: TransferId,
        /// Where in the file they stand; the offset of the [`Output::Want`].
        offset: u64,
        /// The bytes: as many as were asked for, or fewer, in which case the rest is asked for again. None at all means that
        /// the file has ended too early, and fails the transfer.
        data: Bytes,
    },
    /// Fetch an object that the Messenger user has described.
    Fetch {
        /// The transfer.
        transfer: TransferId,
        /// The object's XML exactly as the user described it (percent-decoded in the case of `CHG`): it is sent back unchanged.
        description: String,
    },
    /// End a transfer, at whatever stage it is. Nothing is heard of it any more.
    Cancel {
        /// The transfer.
        transfer: TransferId,
    },
    /// A switchboard with both in it can take so many packets more. Given at first for the room that there is, and then once for
    /// each packet that went out on the socket: what was sent and not yet made up for in this way counts as undelivered when the
    /// switchboard is lost.
    Ready {
        /// How many.
        packets: usize,
    },
    /// The switchboard was lost. All credit is gone; what was not delivered is sent again after the next [`Input::Ready`], and so is
    /// what may have left without being read: messages that are not acknowledged, and the last 64 KiB of data.
    Lost,
    /// The moment of [`Peer::deadline`](super::Peer::deadline) has come.
    Tick,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this switchboard payload (MIME headers and all) to the Messenger user, from us. Uses one packet of credit.
    Send(Bytes),
    /// The user asks for one of our objects; answered by [`Input::Provide`] or [`Input::Unavailable`] within 30 seconds.
    ObjectWanted {
        /// The transfer.
        transfer: TransferId,
        /// What is asked for. Look it up by type and data hash, never by the whole description.
        object: MsnObject,
    },
    /// The user offers a file; answered by [`Input::AcceptFile`] or [`Input::DeclineFile`] within ten minutes.
    FileOffered {
        /// The transfer.
        transfer: TransferId,
        /// The file's name: no path, no control characters, never empty.
        name: String,
        /// The file's length in bytes, within the limit.
        size: u64,
        /// A small picture of it; empty when there is none. Not verified to be one.
        preview: Bytes,
    },
    /// The user offered a file over the limit. It was declined.
    FileTooLarge {
        /// The file's name, made safe.
        name: String,
        /// The file's length in bytes.
        size: u64,
    },
    /// The next bytes of an accepted file.
    FileData {
        /// The transfer.
        transfer: TransferId,
        /// The bytes; they follow on those before them.
        data: Bytes,
    },
    /// All of an accepted file has come. The end of that transfer.
    FileReceived {
        /// The transfer.
        transfer: TransferId,
    },
    /// The user takes the file that was offered.
    FileAccepted {
        /// The transfer.
        transfer: TransferId,
    },
    /// The user does not take the file that was offered. The end of that transfer.
    FileDeclined {
        /// The transfer.
        transfer: TransferId,
    },
    /// Bytes of the offered file are needed; answered by [`Input::Feed`], or [`Input::Cancel`] if they cannot be read.
    Want {
        /// The transfer.
        transfer: TransferId,
        /// Where in the file.
        offset: u64,
        /// How many bytes; at most some 40,000.
        length: usize,
    },
    /// The user has all of the offered file. The end of that transfer.
    FileSent {
        /// The transfer.
        transfer: TransferId,
    },
    /// The object of [`Input::Fetch`], with the size and hash of its description. The end of that transfer.
    ObjectFetched {
        /// The transfer.
        transfer: TransferId,
        /// The whole object.
        data: Bytes,
    },
    /// A transfer has failed: an offered or accepted file, or an object that was to be fetched. The end of that transfer.
    Failed {
        /// The transfer.
        transfer: TransferId,
        /// Why.
        why: Failure,
    },
    /// The user sent handwriting by peer-to-peer, without any invitation.
    InkReceived {
        /// The media type in lower case, `image/gif` as a rule.
        content_type: String,
        /// The ink itself, out of its base64.
        data: Bytes,
    },
    /// The user invited us to something that we do not do. It was declined.
    InvitationDeclined {
        /// To what.
        activity: Activity,
    },
}

/// Why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The user declined (an object: does not have it).
    Declined,
    /// The user ended it.
    Cancelled,
    /// The user's client answered with an error.
    Refused {
        /// The MSNSLP status.
        status: u16,
    },
    /// The client's transport gave up.
    Aborted,
    /// Nothing came in time.
    TimedOut,
    /// What came is not what was described: another size, another hash.
    Mismatch,
    /// The description is none, or too long to be sent.
    NotAnObject,
    /// The object is over the limit.
    TooLarge,
    /// Too many transfers at once, or that number is in use.
    TooMany,
    /// The shell had fewer bytes than it had said.
    Truncated,
}

/// Something that Messenger users can invite to, and that no bridged contact does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// A webcam, to be shown or to be seen.
    Webcam,
    /// A conversation with sound or picture.
    AudioVideo,
    /// A game or another activity.
    Game,
    /// Sharing an application or the whiteboard.
    ApplicationSharing,
    /// Photo sharing.
    Photos,
    /// A shared folder.
    SharedFolder,
    /// A background for the conversation.
    Background,
    /// A wink by invitation.
    Wink,
    /// A file in the way of before MSN Messenger 6.
    OldFileTransfer,
    /// Something else.
    Other,
}
