//! Doors for the fuzz targets alone: what holds for whatever comes over HTTP. Each takes any bytes, and says whether it understood them.

use std::iter;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use crate::{
    form::{Form, MOST},
    passport::Claim,
    rst,
    spelling::{LONGEST_HEAD, Respeller},
};

/// The body of a request for tokens (RST).
///
/// # Panics
/// Where a promise of it is broken.
#[must_use]
pub fn token_request(body: &[u8]) -> bool {
    rst::check(body)
}

/// The value of an `Authorization` header: who somebody says they are by Passport 1.4.
///
/// # Panics
/// Where it is not the same, written with every character escaped and read anew.
#[must_use]
pub fn passport_claim(header: &[u8]) -> bool {
    let Some(claim) = Claim::read(header) else { return false };
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let (passport, password) = (escaped(&claim.passport), escaped(&claim.password));
    let written = format!("Passport1.4 OrgVerb=GET,sign-in={passport},pwd={password},lc=1033,id=507");
    assert_eq!(Claim::read(written.as_bytes()), Some(claim), "written and read anew");
    true
}

/// What a browser posts, or the query of an address.
///
/// # Panics
/// Where more fields are read than may be, where not the first of several of one name counts, or where those that count are not the same
/// written and read anew.
#[must_use]
pub fn form(body: &[u8]) -> bool {
    let form = Form::read(body);
    let fields = form.after("");
    let mut count = 0;
    for (name, first) in &fields {
        assert_eq!(form.value(name), Some(first.as_str()), "the first of {name:?}");
        assert_eq!(form.all(name).next(), Some(first.as_str()), "the first of all {name:?}");
        count += form.all(name).count();
    }
    assert!(count <= MOST, "{count} fields");
    let mut written = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &fields {
        written.append_pair(name, value);
    }
    assert_eq!(Form::read(written.finish().as_bytes()).after(""), fields, "written and read anew");
    !fields.is_empty()
}

/// A stream of answers on its way out, in portions: a first byte that says how many bytes, less one, come at a time, and the stream.
///
/// # Panics
/// Where anything but the case of letters changes, or where the portions make a difference.
#[must_use]
pub fn answers(bytes: &[u8]) -> bool {
    let Some((&portion, stream)) = bytes.split_first() else { return false };
    let whole = respelled(iter::once(stream));
    let begun = stream.get(..whole.len()).unwrap_or_default();
    assert!(whole.eq_ignore_ascii_case(begun), "{:?}", String::from_utf8_lossy(&whole));
    // One that is longer than a head may be is passed on as soon as that is seen.
    if stream.len() <= LONGEST_HEAD {
        assert_eq!(respelled(stream.chunks(usize::from(portion) + 1)), whole, "portions make a difference");
    }
    !whole.is_empty()
}

fn respelled<'a>(portions: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut respeller, mut out) = (Respeller::default(), Vec::new());
    for portion in portions {
        respeller.feed(portion, &mut out);
    }
    out
}
