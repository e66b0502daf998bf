use domain::{
    Timestamp,
    content::{Emoticon, Span, Text},
    media::{Attachment, BlobId, Source},
};
use proptest::prelude::*;

use super::*;
use crate::{
    model::EmojiId,
    words::{
        KnownEmoji, Nobody,
        markdown::{self, Page},
        split,
    },
};

struct Guild;

impl People for Guild {
    fn user(&self, name: &str) -> Option<UserId> {
        let people = [("ann", 7), ("ann lee", 8), ("bob.b", 9), ("c!", 10)];
        people.into_iter().find(|(known, _)| *known == name.to_lowercase()).map(|(_, id)| UserId(id))
    }

    fn emoji(&self, name: &str) -> Option<KnownEmoji> {
        let emoji = |id, animated| KnownEmoji { id: EmojiId(id), name: name.to_owned(), animated };
        match name {
            "blob_wave" => Some(emoji(12, false)),
            "party" => Some(emoji(13, true)),
            _ => None,
        }
    }
}

fn content(text: &str) -> String {
    outward(&Text::plain(text), &Guild).content
}

/// As somebody on Discord reads it.
fn read(content: &str) -> Text {
    let mut page = Page::new(&Nobody, &[], Timestamp(0));
    markdown::read(content, &mut page);
    page.finish().text
}

fn styled(text: &str, looks: &[(&str, Style)]) -> Text {
    let span = |(part, style): &(&str, Style)| {
        let start = text.find(part).unwrap();
        Span { range: start..start + part.len(), style: style.clone() }
    };
    Text { spans: looks.iter().map(span).collect(), ..Text::plain(text) }
}

#[test]
fn what_would_act_is_escaped_and_nothing_else() {
    let table = [
        ("hello, world! (ok) 5 > 3 - 2 = 0; a.b # c", "hello, world! (ok) 5 > 3 - 2 = 0; a.b # c"),
        ("2 * 3", "2 * 3"),
        ("http://>_ or https://.>", r"http\://>\_ or https\://.>"),
        ("*bold* or **bold**", r"\*bold\* or \*\*bold\*\*"),
        ("snake_case _it_", r"snake_case \_it\_"),
        ("~5 ~~no~~ a|b ||c||", r"~5 \~\~no\~\~ a|b \|\|c\|\|"),
        ("`x` \\", r"\`x\` \\"),
        ("> a\n  > b\n>>> c", "\\> a\n  \\> b\n\\>>> c"),
        ("# a\n## b\n#c", "\\# a\n\\## b\n#c"),
        ("- a\n-# b\n* c\n1. d\n12. e", "\\- a\n\\-# b\n\\* c\n1\\. d\n12\\. e"),
        ("[a](https://x.example/a_b) [b]", r"\[a](https://x.example/a_b) [b]"),
        ("<@7> <3 <b> <:a:1> <t:5>", r"\<@7> <3 <b> \<:a:1> \<t:5>"),
        ("see http://x.example/a_b/*c* :smile: :a_b:", "see http://x.example/a_b/*c* :smile: :a_b:"),
        ("a_b http://x.example/c_", r"a\_b http://x.example/c_"),
        ("<http://x.example/a_>", r"\<<http://x.example/a_>>"),
        ("@everyone @here a@here.example", r"\@everyone \@here a\@here.example"),
        (r"¯\_(ツ)_/¯", r"¯\\\_(ツ)\_/¯"),
    ];
    for (typed, written) in table {
        assert_eq!(content(typed), written, "{typed}");
        assert_eq!(read(written).text, typed, "{written}");
    }
}

#[test]
fn the_longest_name_is_mentioned_and_only_names_are() {
    let of = |text: &str| {
        let Outward { content, mentions } = outward(&Text::plain(text), &Guild);
        (content, mentions.into_iter().map(|id| id.0).collect::<Vec<_>>())
    };
    assert_eq!(of("@Ann Lee and @ann: hi @ann"), ("<@8> and <@7>: hi <@7>".into(), vec![8, 7]));
    assert_eq!(of("(@bob.b) @C!"), ("(<@9>) <@10>".into(), vec![9, 10]));
    for nobody in ["x@ann", "@anna", "@ann_", "@", "@@", "@ ann", "@zoe"] {
        assert_eq!(of(nobody).1, [0; 0], "{nobody}");
    }
    assert_eq!(of("@@ann").0, "@<@7>");
    assert_eq!(of(&"@ann ".repeat(300)).1, [7]);
}

#[test]
fn emojis_of_the_guild_are_sent_as_such() {
    assert_eq!(
        content(":blob_wave: x:party:y :smile: :blob_wave"),
        "<:blob_wave:12> x<a:party:13>y :smile: :blob_wave"
    );
    let picture = Attachment {
        name: "e.png".into(),
        media_type: "image/png".into(),
        size: 1,
        source: Source::Blob(BlobId([0; 32])),
        link: None,
    };
    let emoticon = |shortcut: &str| Emoticon { shortcut: shortcut.into(), picture: picture.clone(), animated: false };
    let text = Text { emoticons: vec![emoticon("(party)"), emoticon("(cat)")], ..Text::plain("(party)(cat)") };
    assert_eq!(outward(&text, &Guild).content, "<a:party:13>(cat)");
}

#[test]
fn looks_are_marks_that_touch_their_words_and_nest() {
    let of = |text: &Text| outward(text, &Guild).content;
    let all = |text: &str| {
        Text::plain(text).styled(Style::Bold).styled(Style::Italic).styled(Style::Underline).styled(Style::Strike)
    };
    assert_eq!(of(&all("hi *you*")), r"__***~~hi \*you\*~~***__");
    assert_eq!(of(&all(" a b\n")), " __***~~a b~~***__\n");
    assert_eq!(of(&all("  ")), "  ");
    assert_eq!(
        of(&styled("one two three", &[("one two", Style::Bold), ("two three", Style::Italic)])),
        "**one *two*** *three*"
    );
    assert_eq!(of(&styled("ab", &[("a", Style::Bold), ("b", Style::Italic)])), "**a**\u{200b}*b*");
    assert_eq!(of(&styled("a @ann b", &[("@an", Style::Bold)])), "a **<@7>** b");
    assert_eq!(of(&styled("x", &[("x", Style::Colour([9; 3])), ("x", Style::Font("Arial".into()))])), "x");
    let address = "a http://x.example/*y* b";
    assert_eq!(of(&styled(address, &[(address, Style::Bold), (address, Style::Underline)])), format!("__{address}__"));
    assert_eq!(of(&styled("see let x = *y; ok", &[("let x = *y;", Style::Code)])), "see `let x = *y;` ok");
    assert_eq!(of(&styled("a\nb`", &[("a\nb`", Style::Code)])), "```\na\nb`\n```");
    let link = |text: &str| styled(text, &[(text, Style::Link("https://x.example/a_b".into()))]);
    assert_eq!(of(&link("the docs")), "the docs (https://x.example/a_b)");
    assert_eq!(of(&link("https://x.example/a_b")), "https://x.example/a_b");
}

#[test]
fn what_somebody_does_stands_between_underscores() {
    assert_eq!(outward_emote("waves\n*twice*", &Nobody).content, r"_waves \*twice\*_");
    assert_eq!(outward_emote("", &Nobody).content, "");
    assert_eq!(outward_emote("reads http://x.example/a_b", &Nobody).content, "reads http://x.example/a_b");
}

fn seen(text: &str) -> String {
    let seen: String = text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect();
    seen.trim_end_matches('\n').to_owned()
}

/// Texts of what acts, of what makes it act, and of words between.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[*_~|`<>@#:\\\\\\[\\]() \n.-]",
        "[a-zé🦋0-9]",
        prop::sample::select(vec![
            "http://a",
            "https://b.example/c",
            "<@7>",
            "<a:b:1>",
            "```",
            "](http://x)",
            "> ",
            "-# ",
            "1. ",
            "@everyone",
            "<t:1>",
            "\n- ",
            "**",
            "__",
            "||",
            "~~",
            " * ",
            "<http://a>",
            "http://",
            ">",
            ":party:",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn what_was_typed_is_read(text in texts()) {
        let content = outward(&Text::plain(text.clone()), &Nobody).content;
        let read = read(&content);
        prop_assert_eq!(&read.text, &seen(&text), "{}", content);
        prop_assert!(read.spans.is_empty(), "{:?} of {}", read.spans, content);
    }

    #[test]
    fn anything_typed_is_read(text in any::<String>()) {
        let content = outward(&Text::plain(text.clone()), &Nobody).content;
        prop_assert_eq!(read(&content).text, seen(&text), "{}", content);
    }

    #[test]
    fn looks_change_no_words(text in texts(), ranges in prop::collection::vec((0_usize..60, 0_usize..60, 0_usize..5), 0..6)) {
        let styles = [Style::Bold, Style::Italic, Style::Underline, Style::Strike, Style::Colour([1, 2, 3])];
        let at = |place: usize| text.floor_char_boundary(place);
        let spans: Vec<Span> = ranges
            .iter()
            .map(|(one, other, style)| Span { range: at(*one.min(other))..at(*one.max(other)), style: styles[*style].clone() })
            .collect();
        let content = outward(&Text { spans, ..Text::plain(text.clone()) }, &Nobody).content;
        let read = read(&content).text.replace(APART, "");
        prop_assert_eq!(read, seen(&text), "{}", content);
    }

    #[test]
    fn parts_are_read_as_the_whole(text in texts(), times in 1_usize..40, style in 0_usize..4) {
        let styles = [Style::Bold, Style::Italic, Style::Underline, Style::Strike];
        let text = text.repeat(times);
        let whole = outward(&Text::plain(text).styled(styles[style].clone()), &Nobody).content;
        let solid = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
        let parts = split(&whole, 200);
        for part in &parts {
            prop_assert!(!part.trim().is_empty() && part.encode_utf16().count() <= 200, "{}", part);
        }
        // What is cut within a word may begin anew what it ends; but no words get lost.
        let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        prop_assert_eq!(letters(&parts.concat()), letters(&whole));
        if parts.len() == 1 {
            prop_assert_eq!(solid(&parts[0]), solid(&whole));
        }
    }
}
