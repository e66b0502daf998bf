//! The files: pictures of people, guilds and emojis, stickers, and what messages carry.

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::response::Response;
use hyper::Method;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use crate::listener::respond;
use crate::shared::Shared;
use crate::world::{World, keeping};

/// A PNG of one point: the picture of those who have none.
const PLAIN: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 31, 21, 196,
    137, 0, 0, 0, 13, 73, 68, 65, 84, 120, 218, 99, 136, 72, 253, 244, 31, 0, 5, 119, 2, 175, 89, 197, 217, 78, 0, 0,
    0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];

/// Answers a request below `/cdn/`.
pub(crate) fn answer(shared: &Shared, parts: &Parts, path: &str) -> Response {
    let found = shared.change(|world| {
        let path = percent_decode_str(path).decode_utf8_lossy();
        let found =
            if parts.method == Method::GET { file(world, &path, parts.uri.query().unwrap_or_default()) } else { None };
        world.tally.count_file(found.is_some());
        found
    });
    match found {
        Some((bytes, kind)) => respond(200, vec![("cache-control", "public, max-age=31536000".into())], kind, bytes),
        None => respond(404, Vec::new(), "text/plain", Bytes::from_static(b"This content is no longer available.")),
    }
}

fn file(world: &World, path: &str, query: &str) -> Option<(Bytes, &'static str)> {
    if path.starts_with("attachments/") {
        let bytes = world.blobs.get(path).filter(|_| is_signed(path, query))?;
        return Some((bytes.clone(), keeping::content_type(path).unwrap_or("application/octet-stream")));
    }
    let (stem, ending) = path.rsplit_once('.')?;
    let kind =
        keeping::content_type(path).filter(|_| matches!(ending, "png" | "gif" | "webp" | "jpg" | "jpeg" | "json"))?;
    if stem.starts_with("embed/avatars/") {
        let number: u8 = stem.rsplit('/').next()?.parse().ok()?;
        return (number < 6 && ending == "png").then_some((Bytes::from_static(PLAIN), kind));
    }
    let bytes = world.blobs.get(stem)?;
    // What does not move has no moving form.
    let moves = bytes.starts_with(b"GIF8");
    (ending != "gif" || moves).then(|| (bytes.clone(), kind))
}

/// Whether an address was given by this CDN and is still good.
fn is_signed(path: &str, query: &str) -> bool {
    let value = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == name).map(|pair| pair.1)
    };
    let Some(expires) = value("ex").and_then(|text| i64::from_str_radix(text, 16).ok()) else { return false };
    value("hm") == Some(&keeping::signature(path, expires)) && Timestamp::now().as_second() <= expires
}
