//! Where a form was posted from.

use http::HeaderMap;

use crate::routes::Web;

/// Whether another site's page has posted this. Our own pages name their origin, but those that tell nobody their address name `null`, which
/// is to be taken from them alone; browsers that name none are of a time before.
pub(crate) fn is_foreign(web: &Web, headers: &HeaderMap, takes_null: bool) -> bool {
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if matches!(value("sec-fetch-site"), Some(site) if site != "same-origin" && site != "none") {
        return true;
    }
    let Some(origin) = value("origin") else { return false };
    if origin == "null" {
        return !takes_null;
    }
    // Whoever reaches this server by another name than its public one is still its own visitor.
    let by_this_name = format!("{}://{}", web.public_url.scheme(), value("host").unwrap_or_default());
    origin != web.public_url.origin().ascii_serialization() && origin != by_this_name
}
