//! Pages that load themselves again, as what they show is about to be otherwise: a few times, and from then on when they are told to. To
//! whoever has a page read aloud it begins anew each time, and a browser that was left open must come to rest.

use crate::form::Form;

/// The field of an address that counts how often its page has loaded itself.
const COUNT: &str = "again";

/// How often a page does so.
const MOST: u32 = 36;

/// What follows the page's address when it loads itself next; `None` where nothing is about to be otherwise, or it was often enough.
pub(crate) fn next(query: &Form, is_settling: bool) -> Option<String> {
    let times = count(query).unwrap_or_default();
    (is_settling && times < MOST).then(|| format!("?{COUNT}={}", times + 1))
}

/// Whether a page has loaded itself, and nobody may be looking.
pub(crate) fn by_itself(query: &Form) -> bool {
    count(query).is_some()
}

fn count(query: &Form) -> Option<u32> {
    query.value(COUNT)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loads_itself_so_often_and_no_more() {
        let mut query = String::new();
        let mut times = 0;
        while let Some(next) = next(&Form::read(query.as_bytes()), true) {
            (query, times) = (next.trim_start_matches('?').to_owned(), times + 1);
        }
        assert_eq!((times, by_itself(&Form::read(query.as_bytes()))), (MOST, true));
        assert_eq!((next(&Form::read(b""), false), by_itself(&Form::read(b"a=1"))), (None, false));
        assert_eq!(next(&Form::read(b"again=4294967295"), true), None);
    }
}
