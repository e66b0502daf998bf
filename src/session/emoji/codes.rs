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

/// Whether Messenger would turn a part of `text` into a picture.
pub(super) fn holds_code(text: &str) -> bool {
    all().any(|code| text.as_bytes().windows(code.len()).any(|part| part.eq_ignore_ascii_case(code.as_bytes())))
}

/// Whether the end of `before` and the beginning of `after` make a code that neither is by itself.
pub(super) fn run_together(before: &str, after: &str) -> bool {
    let (before, after) = (before.as_bytes(), after.as_bytes());
    all().map(str::as_bytes).any(|code| {
        (1..code.len()).any(|seam| {
            let (head, tail) = code.split_at(seam);
            let ends = before.len().checked_sub(seam).and_then(|start| before.get(start..));
            let begins = after.get(..tail.len());
            ends.is_some_and(|end| end.eq_ignore_ascii_case(head))
                && begins.is_some_and(|begin| begin.eq_ignore_ascii_case(tail))
        })
    })
}

fn all() -> impl Iterator<Item = &'static str> {
    CODES.iter().flat_map(|(_, codes)| codes.iter().copied())
}
