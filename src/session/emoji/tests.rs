use proptest::prelude::*;

use super::codes::CODES;
use super::*;

fn inward(text: &str) -> String {
    Emoji::Codes.inward(text).into_owned()
}

#[test]
fn what_messenger_has_a_picture_for_becomes_its_code() {
    assert_eq!(inward("yes 👍 and ❤️!"), "yes (Y) and (L)!");
    assert_eq!(inward("🙂"), ":)");
    assert_eq!(inward("🤗"), "({)");
    assert_eq!(inward("❤"), "(L)", "without its selector");
}

#[test]
fn any_other_emoji_becomes_its_name() {
    assert_eq!(inward("up 🚀🚀"), "up :rocket::rocket:");
    assert_eq!(inward("🇫🇷"), ":fr:");
    assert_eq!(inward("2️⃣"), ":two:");
    assert_eq!(inward("👩‍👩‍👦"), ":family_woman_woman_boy:");
}

#[test]
fn a_name_that_holds_a_code_stands_in_brackets() {
    assert_eq!(inward("🙏"), "(pray)", "Messenger reads :p in :pray:");
    assert_eq!(inward("⭕"), "(hollow_red_circle)", "(o) is a clock");
}

#[test]
fn what_would_run_together_is_parted() {
    assert_eq!(inward("🚀👍"), ":rocket: (Y)");
    assert_eq!(inward("🚀Danke"), ":rocket: Danke");
    assert_eq!(inward("so:👍"), "so: (Y)");
    assert_eq!(inward("👍👍🚀!"), "(Y)(Y):rocket:!");
    assert_eq!(inward("🚀-) 🚀-👍"), ":rocket: -) :rocket:- (Y)", "over more than one character");
}

#[test]
fn skin_tones_and_unnamed_sequences_come_apart() {
    assert_eq!(inward("👍🏽"), "(Y)");
    assert_eq!(inward("🧑🏻‍🚀"), ":astronaut:");
    assert_eq!(inward("🚀🏽"), ":rocket:");
    assert_eq!(inward("🚀\u{200d}👍"), ":rocket: (Y)");
}

#[test]
fn text_stays_text() {
    for text in ["", "plain :) (401k)", "© 2005 ™ ↔ ♥ ☺", "naïve Привет 日本語", "e\u{301}", "❤\u{fe0e}"]
    {
        assert!(matches!(Emoji::Codes.inward(text), Cow::Borrowed(same) if same == text), "{text}");
    }
    assert_eq!(inward("©️"), ":copyright:", "a picture was asked for");
}

#[test]
fn addresses_stay_whole() {
    assert_eq!(inward("see https://x.example/👍/🚀 👍"), "see https://x.example/👍/🚀 (Y)");
    assert_eq!(inward("(HTTP://x.example/👍"), "(HTTP://x.example/👍");
    assert_eq!(inward("👍http://x.example/👍\n👍"), "(Y)http://x.example/👍\n(Y)");
    assert_eq!(inward("httpx://👍"), "httpx://(Y)");
    assert_eq!(inward("`👍` 👍 www.👍"), "`👍` (Y) www.👍");
}

#[test]
fn every_emoji_becomes_something_xp_can_show_and_messenger_does_not_mistake() {
    for emoji in emojis::iter() {
        let written = inward(emoji.as_str());
        assert!(written.chars().all(|each| u32::from(each) <= 0xffff), "{} {written}", emoji.name());
        let is_code = CODES.iter().any(|(_, codes)| codes.first() == Some(&written.as_str()));
        assert_eq!(holds_code(&written), is_code, "{} {written}", emoji.name());
    }
}

#[test]
fn every_code_is_of_a_fully_qualified_emoji_and_of_one_only() {
    let mut known = std::collections::HashSet::new();
    for (emoji, codes) in CODES {
        assert_eq!(emojis::get(emoji).map(emojis::Emoji::as_str), Some(*emoji));
        assert!(known.insert((*emoji).to_owned()), "{emoji} twice");
        for code in *codes {
            assert!(known.insert(code.to_ascii_lowercase()), "{code} twice");
        }
    }
}

#[test]
fn codes_become_emoji_as_messenger_reads_them() {
    for (text, wanted) in [
        ("yes (y) and :-)!", "yes 👍 and 🙂!"),
        (":-Dfoo:sbar", "😃foo😕bar"),
        ("8o| 8-) |-) <:o) <:", "😬 🙄 😴 🥳 <:"),
        (":-))) (l)(L)", "🙂)) ❤️❤️"),
        ("http://x/(y) (y)`(y)` www.x/:)", "http://x/(y) 👍`(y)` www.x/:)"),
        ("日本(K)語", "日本💋語"),
    ] {
        assert_eq!(outward(text), wanted);
    }
    assert!(matches!(outward("10:30 (401k) a:b"), Cow::Borrowed(_)));
}

#[test]
fn the_senders_own_shortcuts_come_before_codes_unless_a_code_is_longer() {
    let shortcuts = ["(y)", ":", "yay", "ya", "x"];
    let (text, used) = outward_beside("(y) (Y) :) : yay ya http://x", &shortcuts);
    assert_eq!(text, "(y) 👍 🙂 : yay ya http://x");
    assert_eq!(used, [0, 1, 2, 3]);
}

#[test]
fn the_quick_looks_at_codes_miss_none() {
    for (_, known) in CODES {
        for code in *known {
            assert!(holds_code(&format!("a{code}b")), "{code}");
            for (seam, _) in code.char_indices().skip(1) {
                let (before, after) = code.split_at(seam);
                assert!(run_together(&format!("é{before}"), &format!("{after}é")), "{code}");
                assert!(!run_together(&format!("é{before} "), after), "{code}");
            }
        }
    }
    assert!(!run_together(":)", ":)"), "both were there before");
}

#[test]
fn every_code_comes_back_as_the_first_of_its_emoji() {
    for (emoji, codes) in CODES {
        for code in *codes {
            assert_eq!(outward(code), *emoji);
            assert_eq!(outward(&code.to_lowercase()), *emoji);
        }
        assert_eq!(Some(&inward(emoji).as_str()), codes.first());
    }
}

/// Text in which codes and what may stand beside them are frequent.
fn chatty_text() -> impl Strategy<Value = String> {
    let codes: Vec<String> =
        CODES.iter().flat_map(|(emoji, codes)| codes.iter().chain([emoji])).map(|code| (*code).to_owned()).collect();
    let piece = prop_oneof![
        prop::sample::select(codes),
        "[ -~]{0,3}",
        prop::sample::select(vec!["http://", "`", "🚀", ":", "(", ")", " ", "\n"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Text in which emoji, their joints and what may follow them are frequent.
fn busy_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,4}",
        prop::sample::select(vec!["👍", "🚀", "🙏", "❤", "\u{fe0f}", "\u{200d}", "🏽", "🇩", "🇪", "http://", ":", " "])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_comes_through(text in busy_text()) {
        let first = inward(&text);
        prop_assert_eq!(inward(&first), first.clone(), "what was written once holds no emoji");
        prop_assert!(matches!(Emoji::Unicode.inward(&text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn what_went_out_and_came_back_goes_out_and_comes_back_the_same(text in chatty_text()) {
        let back = |text: &str| inward(&outward(text));
        let once = back(&text);
        prop_assert_eq!(back(&once), once.clone());
    }

    #[test]
    fn plain_text_is_unchanged(text in "[ -~\r\n]*") {
        prop_assert!(matches!(Emoji::Codes.inward(&text), Cow::Borrowed(same) if same == text));
    }
}
