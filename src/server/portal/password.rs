//! Which passwords people may choose on a page.

use std::collections::HashSet;

use domain::Passport;

/// The shortest password, in characters.
const SHORTEST: usize = 8;

/// How few different characters are too few.
const FEWEST: usize = 3;

/// Why this cannot be an account's password, as a whole sentence.
pub fn judge(owner: &Passport, password: &str) -> Result<(), String> {
    if password.chars().count() < SHORTEST {
        return Err(format!("That password is too short. Choose one of at least {SHORTEST} characters."));
    }
    if password.chars().any(char::is_control) {
        return Err("That password holds a character that Messenger cannot type. Choose another one.".to_owned());
    }
    if password.chars().collect::<HashSet<_>>().len() < FEWEST {
        return Err("That password is one or two characters again and again. Choose another one.".to_owned());
    }
    let folded = password.to_lowercase();
    if folded == owner.as_str() || folded == owner.local() {
        return Err("That password is your address. Choose another one.".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_no_word_that_is_known_or_guessed_at_once() {
        let ann: Passport = "annabelle@msn.example".parse().unwrap();
        for (password, why) in [
            ("", "too short"),
            ("1234567", "too short"),
            ("aaaabbbb", "again and again"),
            ("Annabelle", "your address"),
            ("annabelle@MSN.example", "your address"),
            ("tab\tinside", "cannot type"),
        ] {
            assert!(judge(&ann, password).unwrap_err().contains(why), "{password:?}");
        }
        for password in ["naïve €", "correct horse"].map(|word| format!("{word}!")) {
            assert_eq!(judge(&ann, &password), Ok(()), "{password:?}");
        }
    }
}
