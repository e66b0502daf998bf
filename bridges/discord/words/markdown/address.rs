//! Addresses of pages, which stay as they are.

/// What an address of a page begins with.
const SCHEMES: [&str; 2] = ["https://", "http://"];
/// What ends an address only as a part of the sentence that it stands in.
const AFTER: [char; 8] = ['.', ',', ':', ';', '"', '\'', ']', '!'];
/// The longest address that is kept, in bytes.
const LONGEST: usize = 2000;

/// Whether all of `text` is the address of a page.
pub(super) fn is_address(text: &str) -> bool {
    let is_whole =
        |rest: &str| !rest.is_empty() && !rest.contains(|letter: char| letter.is_whitespace() || letter == '<');
    text.len() <= LONGEST && SCHEMES.iter().any(|scheme| text.strip_prefix(scheme).is_some_and(is_whole))
}

/// The address that `text` begins with, up to where `ends` says that what follows ends it; `None` if it begins with none.
pub(in crate::words) fn address_at(text: &str, ends: impl Fn(&str) -> bool) -> Option<&str> {
    let scheme = SCHEMES.iter().find(|scheme| text.starts_with(**scheme))?;
    // What a backslash stands before is no part of an address, and so none begins here.
    let rest = text.get(scheme.len()..).filter(|rest| !rest.starts_with('\\'))?;
    let is_end = |(at, letter): &(usize, char)| {
        letter.is_whitespace()
            || letter.is_control()
            || *letter == '<'
            || (!letter.is_alphanumeric() && ends(rest.get(*at..).unwrap_or_default()))
    };
    let end = rest.char_indices().find(is_end).map_or(rest.len(), |(at, _)| at);
    let address = within_sentence(text.get(..scheme.len() + end)?);
    (address.len() > scheme.len()).then_some(address)
}

/// The address without what belongs to the sentence around it: a closing parenthesis stays where it was opened.
fn within_sentence(address: &str) -> &str {
    let mut address = address;
    let count = |letter: char| address.matches(letter).count();
    let mut surplus = count(')').saturating_sub(count('('));
    while let Some(last) = address.chars().next_back() {
        let is_surplus = last == ')' && surplus > 0;
        if !is_surplus && !AFTER.contains(&last) {
            break;
        }
        surplus -= usize::from(is_surplus);
        address = address.get(..address.len() - last.len_utf8()).unwrap_or_default();
    }
    address
}

/// The address of a link behind its words, `(https://...)` with or without a title, and how many bytes that has.
pub(super) fn target_at(text: &str) -> Option<(&str, usize)> {
    let within = text.strip_prefix('(')?.trim_start_matches(' ');
    let bare = within.trim_start_matches('<');
    SCHEMES.iter().find(|scheme| bare.starts_with(**scheme))?;
    let (address, rest) = match within.strip_prefix('<') {
        Some(within) => {
            let end = within.get(..within.floor_char_boundary(LONGEST))?.find(['>', '\n'])?;
            (within.get(..end)?, within.get(end..)?.strip_prefix('>')?)
        }
        None => within.split_at_checked(target_end(within)?)?,
    };
    let rest = rest.trim_start_matches(' ');
    let rest = rest.strip_prefix('"').map_or(Some(rest), |title| {
        let end = title.get(..title.floor_char_boundary(LONGEST))?.find(['"', '\n'])?;
        Some(title.get(end..)?.strip_prefix('"')?.trim_start_matches(' '))
    })?;
    let rest = rest.strip_prefix(')')?;
    is_address(address).then_some((address, text.len() - rest.len()))
}

/// Where an address without brackets of its own ends: at a blank, or at the parenthesis that it did not open.
fn target_end(text: &str) -> Option<usize> {
    let mut opened = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if at > LONGEST => return None,
            '(' => opened += 1,
            ')' if opened == 0 => return Some(at),
            ')' => opened -= 1,
            letter if letter.is_whitespace() => return Some(at),
            _ => {}
        }
    }
    None
}
