//! Places that people send: `m.location`, and MSC3488.

use serde_json::Value;

use super::fields;

/// The longest description of a place, in characters.
const LONGEST: usize = 200;

/// A place as a line with a map to open; `None` when it is none that is anywhere.
pub(super) fn read(content: &Value) -> Option<String> {
    let block = fields::field(content, &["m.location", "org.matrix.msc3488.location"]);
    let uri = fields::text(content, "geo_uri").or_else(|| block.and_then(|block| fields::text(block, "uri")))?;
    let (latitude, longitude) = coordinates(uri)?;
    let described = block.and_then(|block| fields::text(block, "description"));
    // Clients that have nothing to say about a place repeat its numbers.
    let body = fields::text(content, "body").filter(|body| !body.contains("geo:"));
    let described = described.or(body).map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "));
    let described = described.map_or_else(String::new, |words| words.chars().take(LONGEST).collect::<String>() + " ");
    let map = format!("https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=16/{latitude}/{longitude}");
    Some(format!("[location] {described}({latitude}, {longitude}): {map}"))
}

/// Degrees north and east of a `geo:` address (RFC 5870), to a ten-thousandth of a metre at most.
fn coordinates(uri: &str) -> Option<(f64, f64)> {
    let numbers = uri.trim().strip_prefix("geo:")?.split([';', '?']).next()?;
    let mut numbers = numbers.split(',').map(|number| number.trim().parse::<f64>().ok());
    let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let (latitude, longitude) = (numbers.next()??, numbers.next()??);
    (latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then(|| (rounded(latitude), rounded(longitude)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_is_a_line_with_a_map() {
        let map = "https://www.openstreetmap.org/?mlat=51.5008&mlon=-0.1247#map=16/51.5008/-0.1247";
        let plain = json!({ "geo_uri": "geo:51.5008,-0.1247;u=35", "body": "Big\nBen" });
        assert_eq!(read(&plain).unwrap(), format!("[location] Big Ben (51.5008, -0.1247): {map}"));
        let newer = json!({ "org.matrix.msc3488.location": { "uri": "geo:51.5008,-0.1247,10" }, "body": "at geo:51" });
        assert_eq!(read(&newer).unwrap(), format!("[location] (51.5008, -0.1247): {map}"));
        assert_eq!(coordinates("geo:1.23456789,-2"), Some((1.234_568, -2.0)));
    }

    #[test]
    fn what_is_nowhere_is_no_place() {
        for uri in ["", "geo:", "geo:1", "geo:91,0", "geo:0,181", "geo:NaN,0", "geo:inf,1", "http://x", "geo:a,b"] {
            assert_eq!(read(&json!({ "geo_uri": uri })), None, "{uri}");
        }
    }
}
