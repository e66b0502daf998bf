//! The fields of an event: each may be missing, of another type than it should be, or longer than anybody needs.

use ruma::{OwnedEventId, OwnedMxcUri};
use serde_json::Value;

/// The longest text that is read of one field, in bytes: an event has no more.
const LONGEST: usize = 64 * 1024;

/// A field, under the first of these names that is there: what is in the specification now had other names before.
pub(super) fn field<'a>(of: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| of.get(name))
}

/// A text that says something.
pub(super) fn text<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    let text = of.get(name)?.as_str()?;
    let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default();
    (!text.trim().is_empty()).then_some(text)
}

/// An event's id.
pub(super) fn event_id(of: &Value, name: &str) -> Option<OwnedEventId> {
    of.get(name)?.as_str()?.try_into().ok()
}

/// The address of a file on a homeserver, if it is one.
pub(super) fn mxc(of: &Value, name: &str) -> Option<OwnedMxcUri> {
    Some(OwnedMxcUri::from(of.get(name)?.as_str()?)).filter(|uri| uri.is_valid())
}

/// A text of an extensible event (MSC1767): the plain words, and HTML where there is some.
pub(super) fn extensible(of: &Value) -> Option<(&str, Option<&str>)> {
    let block = field(of, &["m.text", "org.matrix.msc1767.text", "m.message", "org.matrix.msc1767.message"])?;
    if block.is_string() {
        let plain = text(of, "m.text").or_else(|| text(of, "org.matrix.msc1767.text"))?;
        return Some((plain, text(of, "org.matrix.msc1767.html")));
    }
    let forms = block.as_array()?;
    let in_type = |wanted: &str| {
        let is_wanted = |form: &&Value| form.get("mimetype").and_then(Value::as_str).unwrap_or("text/plain") == wanted;
        forms.iter().find(is_wanted).and_then(|form| text(form, "body"))
    };
    let html = in_type("text/html");
    in_type("text/plain").or(html).map(|plain| (plain, html))
}
