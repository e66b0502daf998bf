//! What browsers show of what they were given.

use http::{HeaderMap, header};

/// What a browser shows under this name; several values where it was given several for paths above one another.
pub(crate) fn shown<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|cookies| cookies.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(move |(known, value)| (known == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        for cookies in ["a=1; visit=x;b", " visit=y=z", "xvisit=no"] {
            headers.append(header::COOKIE, cookies.parse().unwrap());
        }
        assert_eq!(shown(&headers, "visit").collect::<Vec<_>>(), ["x", "y=z"]);
        assert_eq!(shown(&headers, "isit").next(), None);
    }

    proptest! {
        #[test]
        fn a_cookie_is_found_wherever_it_stands(
            before in "([ -:<-~]{0,8};){0,3}",
            value in "[A-Za-z0-9_=-]{0,12}",
            after in "(;[ -~]{0,8}){0,3}",
        ) {
            let mut headers = HeaderMap::new();
            headers.append(header::COOKIE, format!("{before} chrysalis-seat={value}{after}").parse().unwrap());
            prop_assert_eq!(shown(&headers, "chrysalis-seat").next(), Some(value.as_str()));
        }
    }
}
