//! What a browser posts.

use std::collections::BTreeMap;

use url::form_urlencoded;

/// How many fields are looked at. Messenger's login form has fourteen; that of somebody's groups, two for each.
pub(crate) const MOST: usize = 512;

/// The fields of a form.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn read(body: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(body)
                .take(MOST)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// A form without fields.
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// The fields, by their names without this beginning, of those that have it. Of several of one name the first counts.
    pub(crate) fn after(&self, prefix: &str) -> BTreeMap<String, String> {
        let fields = self.0.iter().rev();
        fields.filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone()))).collect()
    }

    /// Every value of a field.
    pub(crate) fn all<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |(name, value)| (name == wanted).then_some(value.as_str()))
    }

    /// The first value of a field.
    pub(crate) fn value(&self, wanted: &str) -> Option<&str> {
        self.0.iter().find_map(|(name, value)| (name == wanted).then_some(value.as_str()))
    }
}
