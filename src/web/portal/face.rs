//! What stands for a picture of somebody.

/// The first letter or digit of a name, as a capital; where it has none, a sign for somebody.
pub(crate) fn initial(name: &str) -> String {
    let first = name.chars().find(|each| each.is_alphanumeric());
    first.map_or_else(|| "?".to_owned(), |first| first.to_uppercase().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_letter_to_stand_for_it() {
        for (name, letter) in
            [("ann", "A"), ("<b>eve", "B"), ("\u{201c}\u{e9}mile", "\u{c9}"), ("7 of 9", "7"), ("<>", "?"), ("", "?")]
        {
            assert_eq!(initial(name), letter, "{name}");
        }
    }
}
