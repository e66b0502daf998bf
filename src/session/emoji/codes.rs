//! The emoticons that Messenger 7.5 draws by itself.

/// Each emoji that Messenger has a picture for, fully qualified, with the codes Messenger turns into that picture, the one to
/// write first. Messenger reads codes without regard to case, and in the midst of words too.
pub(super) const CODES: &[(&str, &[&str])] = &[
    ("🙂", &[":)", ":-)"]),
    ("😃", &[":D", ":-D", ":>", ":->"]),
    ("😉", &[";)", ";-)"]),
    ("😮", &[":O", ":-O"]),
    ("😛", &[":P", ":-P"]),
    ("😎", &["(H)"]),
    ("😠", &[":@", ":-@"]),
    ("😳", &[":$", ":-$"]),
    ("😕", &[":S", ":-S"]),
    ("🙁", &[":(", ":-(", ":<", ":-<"]),
    ("😢", &[":'("]),
    ("😐", &[":|", ":-|"]),
    ("😇", &["(A)"]),
    ("😈", &["(6)"]),
    ("🤐", &[":-#"]),
    ("😬", &["8o|"]),
    ("🤓", &["8-|"]),
    ("🤨", &["^o)"]),
    ("🤫", &[":-*"]),
    ("🤢", &["+o("]),
    ("🤷", &[":^)"]),
    ("🤔", &["*-)"]),
    ("🥳", &["<:o)"]),
    ("🙄", &["8-)"]),
    ("😴", &["|-)"]),
    ("☕", &["(C)"]),
    ("🐌", &["(sn)"]),
    ("🐑", &["(bah)"]),
    ("🍽️", &["(pl)"]),
    ("🍕", &["(pi)"]),
    ("🚗", &["(au)"]),
    ("☂️", &["(um)"]),
    ("💻", &["(co)"]),
    ("🌧️", &["(st)"]),
    ("💰", &["(mo)"]),
    ("🌈", &["(R)"]),
    ("🐢", &["(tu)"]),
    ("🚬", &["(ci)"]),
    ("🎮", &["(xx)"]),
    ("🐐", &["(nah)"]),
    ("👍", &["(Y)"]),
    ("👎", &["(N)"]),
    ("🍺", &["(B)"]),
    ("🍸", &["(D)"]),
    ("👧", &["(X)"]),
    ("👦", &["(Z)"]),
    ("🤗", &["({)", "(})"]),
    ("🦇", &[":[", ":-["]),
    ("🎂", &["(^)"]),
    ("❤️", &["(L)"]),
    ("💔", &["(U)"]),
    ("💋", &["(K)"]),
    ("🎁", &["(G)"]),
    ("🌹", &["(F)"]),
    ("🥀", &["(W)"]),
    ("📷", &["(P)"]),
    ("🎞️", &["(~)"]),
    ("🐱", &["(@)"]),
    ("🐶", &["(&)"]),
    ("📞", &["(T)"]),
    ("💡", &["(I)"]),
    ("🎵", &["(8)"]),
    ("🌙", &["(S)"]),
    ("⭐", &["(*)"]),
    ("✉️", &["(E)"]),
    ("🕒", &["(O)"]),
    ("👥", &["(M)"]),
    ("🥣", &["(||)"]),
    ("⚽", &["(so)"]),
    ("✈️", &["(ap)"]),
    ("🏝️", &["(ip)"]),
    ("📱", &["(mp)"]),
    ("🌩️", &["(li)"]),
    ("☀️", &["(#)"]),
    ("🔙", &["(brb)"]),
    ("🙌", &["(h5)"]),
    ("🔗", &["(%)"]),
    ("🤞", &["(yn)"]),
    ("🐰", &["('.')"]),
];

/// The code to write for an emoji, fully qualified and without a skin tone; `None` where Messenger has no picture for it.
pub(super) fn code(emoji: &str) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| *known == emoji).and_then(|(_, codes)| codes.first().copied())
}

/// The length of the longest code, in bytes.
const LONGEST: usize = 5;

/// Whether a code may begin with this byte. Most letters begin none.
pub(super) const fn begins_code(byte: u8) -> bool {
    matches!(byte, b':' | b';' | b'(' | b'8' | b'^' | b'+' | b'*' | b'<' | b'|')
}

/// The longest code that `text` begins with: its emoji, and its length in bytes.
pub(super) fn code_at(text: &[u8]) -> Option<(&'static str, usize)> {
    let first = *text.first()?;
    if !begins_code(first) {
        return None;
    }
    // Most codes are told apart by their first letter, which is no letter of the alphabet.
    let begins = |code: &str| {
        let code = code.as_bytes();
        code.first() == Some(&first) && text.get(..code.len()).is_some_and(|it| it.eq_ignore_ascii_case(code))
    };
    let here = CODES.iter().flat_map(|(emoji, codes)| codes.iter().map(move |code| (*emoji, *code)));
    here.filter(|(_, code)| begins(code)).map(|(emoji, code)| (emoji, code.len())).max_by_key(|(_, length)| *length)
}

/// Whether Messenger would turn a part of `text` into a picture.
pub(super) fn holds_code(text: &str) -> bool {
    (0..text.len()).filter_map(|at| text.as_bytes().get(at..)).any(|rest| code_at(rest).is_some())
}

/// Whether the end of `before` and the beginning of `after` make a code that neither is by itself.
pub(super) fn run_together(before: &str, after: &str) -> bool {
    let (before, after) = (before.as_bytes(), after.as_bytes());
    let tail = before.get(before.len().saturating_sub(LONGEST - 1)..).unwrap_or_default();
    let head = after.get(..after.len().min(LONGEST - 1)).unwrap_or_default();
    let seam = [tail, head].concat();
    let crosses = |start: usize| {
        let code = seam.get(start..).and_then(code_at);
        code.is_some_and(|(_, length)| start + length > tail.len())
    };
    (0..tail.len()).any(crosses)
}
