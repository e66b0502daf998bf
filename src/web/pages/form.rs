//! What a browser posts.

use url::form_urlencoded;

/// How many fields are looked at; Messenger's login form has fourteen.
const MOST: usize = 64;

/// The fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub(super) fn read(body: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(body)
                .take(MOST)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The first value of a field.
    pub(super) fn value(&self, wanted: &str) -> Option<&str> {
        self.0.iter().find_map(|(name, value)| (name == wanted).then_some(value.as_str()))
    }
}
