//! Header names as old clients want them.
//!
//! HTTP does not mind the case of a header's name, but Messenger and aMSN do: they look for `PassportURLs` byte by byte. hyper
//! writes names in lower or in title case only, so this writer stands under it and respells those few names on their way
//! out. It follows the stream from head to head, and never touches a body.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The names whose spelling matters and is not title case.
const SPELLINGS: [&str; 3] = ["PassportURLs", "WWW-Authenticate", "X-MSN-Messenger"];

/// The longest head that is looked into; ours have a few hundred bytes.
pub(crate) const LONGEST_HEAD: usize = 16 * 1024;

/// A connection whose response heads are respelled on the way out.
pub(crate) struct Respelled<S> {
    stream: S,
    respeller: Respeller,
    /// Bytes that were taken from hyper and not yet by the stream; at most what one call brought.
    ready: Vec<u8>,
    /// How many of them the stream has.
    sent: usize,
}

impl<S> Respelled<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, respeller: Respeller::default(), ready: Vec::new(), sent: 0 }
    }
}

impl<S: AsyncWrite + Unpin> Respelled<S> {
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.ready.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let count = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += count;
        }
        self.ready.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Respelled<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_drain(context))?;
        let Self { respeller, ready, .. } = &mut *self;
        respeller.feed(bytes, ready);
        // What the stream does not take at once waits for the next call or the flush, which hyper always makes.
        if let Poll::Ready(Err(fault)) = self.poll_drain(context) {
            return Poll::Ready(Err(fault));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Respelled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

/// Where in the stream of responses the writer stands.
#[derive(Debug)]
enum Place {
    /// In a head, of which this much has come.
    Head(Vec<u8>),
    /// In a body that has this many bytes to go.
    Body(u64),
    /// In something whose end cannot be told: passed on as it is until the connection ends.
    Rest,
}

/// Follows a stream of responses and respells their heads.
#[derive(Debug)]
pub(crate) struct Respeller {
    place: Place,
}

impl Default for Respeller {
    fn default() -> Self {
        Self { place: Place::Head(Vec::new()) }
    }
}

impl Respeller {
    /// Takes the next bytes of the stream, however it was cut, and appends what is to be written for them.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            match &mut self.place {
                Place::Head(head) => {
                    let before = head.len();
                    head.extend_from_slice(bytes);
                    let from = before.saturating_sub(3);
                    let end = head
                        .iter()
                        .skip(from)
                        .zip(from + 4..)
                        .find_map(|(_, end)| (head.get(end - 4..end)? == b"\r\n\r\n").then_some(end));
                    match end {
                        Some(end) => {
                            head.truncate(end);
                            bytes = bytes.get(end - before..).unwrap_or_default();
                            respell(head);
                            out.extend_from_slice(head);
                            self.place = after(head);
                        }
                        None if head.len() > LONGEST_HEAD => {
                            out.append(head);
                            self.place = Place::Rest;
                            return;
                        }
                        None => return,
                    }
                }
                Place::Body(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    let (body, rest) = bytes.split_at(count);
                    out.extend_from_slice(body);
                    bytes = rest;
                    *left -= count as u64;
                    if *left == 0 {
                        self.place = Place::Head(Vec::new());
                    }
                }
                Place::Rest => {
                    out.extend_from_slice(bytes);
                    return;
                }
            }
        }
    }
}

/// Puts the names of `head` into their proper spelling, in place: only the case of letters changes.
fn respell(head: &mut [u8]) {
    for line in head.split_mut(|byte| *byte == b'\n').skip(1) {
        for spelling in SPELLINGS {
            if let Some((name, rest)) = line.split_at_mut_checked(spelling.len())
                && rest.first() == Some(&b':')
                && name.eq_ignore_ascii_case(spelling.as_bytes())
            {
                name.copy_from_slice(spelling.as_bytes());
            }
        }
    }
}

/// What follows `head`.
fn after(head: &[u8]) -> Place {
    // "100 Continue" and its kin are heads by themselves.
    if head.get(8..10) == Some(b" 1") {
        return Place::Head(Vec::new());
    }
    let length = head.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked("content-length:".len())?;
        let value = name.eq_ignore_ascii_case(b"content-length:").then(|| std::str::from_utf8(value))?;
        value.ok()?.trim().parse().ok()
    });
    match length {
        Some(0) => Place::Head(Vec::new()),
        Some(length) => Place::Body(length),
        None => Place::Rest,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n\
        HTTP/1.1 200 OK\r\nPassporturls: DALogin=Passporturls: x\r\nContent-Length: 35\r\n\r\n\
        \r\nPassporturls: a\r\nWww-Authenticate: b\
        HTTP/1.1 401 Unauthorized\r\nWww-Authenticate: Passport1.4 da-status=failed\r\nContent-Length: 0\r\n\r\n\
        HTTP/1.1 200 OK\r\npassporturls: c\r\n\r\n\
        \r\nPassporturls: d\r\n";

    const RESPELLED: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n\
        HTTP/1.1 200 OK\r\nPassportURLs: DALogin=Passporturls: x\r\nContent-Length: 35\r\n\r\n\
        \r\nPassporturls: a\r\nWww-Authenticate: b\
        HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Passport1.4 da-status=failed\r\nContent-Length: 0\r\n\r\n\
        HTTP/1.1 200 OK\r\nPassportURLs: c\r\n\r\n\
        \r\nPassporturls: d\r\n";

    fn respelled<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let (mut respeller, mut out) = (Respeller::default(), Vec::new());
        for piece in pieces {
            respeller.feed(piece, &mut out);
        }
        out
    }

    #[test]
    fn heads_are_respelled_and_bodies_are_not() {
        assert_eq!(String::from_utf8_lossy(&respelled([STREAM])), String::from_utf8_lossy(RESPELLED));
    }

    #[test]
    fn a_head_without_end_is_passed_on() {
        let endless = vec![b'x'; LONGEST_HEAD + 1];
        assert_eq!(respelled([endless.as_slice(), b"\r\n\r\nPassporturls: x"]).len(), endless.len() + 19);
    }

    proptest! {
        #[test]
        fn the_cuts_do_not_matter(cuts in proptest::collection::vec(0..STREAM.len(), 0..20)) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| &STREAM[pair[0]..pair[1]]);
            prop_assert_eq!(respelled(pieces), RESPELLED);
        }

        #[test]
        fn only_the_case_of_letters_ever_changes(pieces: Vec<Vec<u8>>) {
            let joined = [STREAM, &pieces.concat()].concat();
            let out = respelled(std::iter::once(STREAM).chain(pieces.iter().map(Vec::as_slice)));
            prop_assert!(out.eq_ignore_ascii_case(&joined) || joined.to_ascii_lowercase().starts_with(&out.to_ascii_lowercase()));
        }
    }
}
