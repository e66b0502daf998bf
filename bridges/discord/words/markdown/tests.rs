use std::time::{Duration, Instant};

use domain::{
    Timestamp,
    content::{Style, Text},
};
use proptest::prelude::*;

use super::*;
use crate::{
    model::{ChannelId, EmojiId, RoleId, User, UserId},
    words::{Names, Nobody, Wording},
};

struct Guild;

impl Names for Guild {
    fn user(&self, id: UserId) -> Option<String> {
        [(7, "Ann"), (8, "Bob\nB.")].into_iter().find(|(known, _)| *known == id.0).map(|(_, name)| name.to_owned())
    }

    fn role(&self, id: RoleId) -> Option<String> {
        (id.0 == 3).then(|| "crew".to_owned())
    }

    fn channel(&self, id: ChannelId) -> Option<String> {
        (id.0 == 5).then(|| "general".to_owned())
    }
}

fn wording(source: &str) -> Wording {
    let people = [User { id: UserId(9), username: "cy".into(), ..User::default() }];
    let mut page = Page::new(&Guild, &people, Timestamp(1_618_924_830_000));
    read(source, &mut page);
    page.finish()
}

fn plain(source: &str) -> String {
    wording(source).text.text
}

/// The text, and its looks as (the words, the look).
fn looks(source: &str) -> (String, Vec<(String, Style)>) {
    let Text { text, spans, .. } = wording(source).text;
    let looks = spans.into_iter().map(|span| (text[span.range].to_owned(), span.style)).collect();
    (text, looks)
}

fn look(source: &str) -> (String, String, Style) {
    let (text, mut looks) = looks(source);
    assert_eq!(looks.len(), 1, "{source}: {looks:?}");
    let (words, style) = looks.remove(0);
    (text, words, style)
}

#[test]
fn every_mark_is_a_look() {
    let of = |source: &str| {
        let (text, words, style) = look(source);
        assert_eq!(text, format!("a {words} c"), "{source}");
        style
    };
    assert_eq!(of("a **b b** c"), Style::Bold);
    assert_eq!(of("a *b b* c"), Style::Italic);
    assert_eq!(of("a _b b_ c"), Style::Italic);
    assert_eq!(of("a __b b__ c"), Style::Underline);
    assert_eq!(of("a ~~b b~~ c"), Style::Strike);
    assert_eq!(of("a `b * b` c"), Style::Code);
    assert_eq!(of("a ``b ` b`` c"), Style::Code);
    assert_eq!(of("a [b b](https://x.example/y_z_(1)) c"), Style::Link("https://x.example/y_z_(1)".into()));
    assert_eq!(of("a [b](<https://x.example> \"title\") c"), Style::Link("https://x.example".into()));
    assert_eq!(look("**a\nb**"), ("a\nb".into(), "a\nb".into(), Style::Bold));
    assert_eq!(look("a ||b|| c **d**").0, "a [spoiler: b] c d");
}

#[test]
fn looks_stand_within_each_other() {
    let (text, spans) = looks("***a***");
    assert_eq!((text.as_str(), spans.len()), ("a", 2));
    let (text, spans) = looks("__***a** b*__ **c *d***");
    assert_eq!(text, "a b c d");
    let words: Vec<&str> = spans.iter().map(|(words, _)| words.as_str()).collect();
    assert_eq!(words, ["a b", "a b", "a", "c d", "d"]);
    let (text, spans) = looks("[**a** b](https://x.example)");
    assert_eq!((text.as_str(), spans.len()), ("a b", 2));
    assert_eq!(looks("~~a `~~` b~~").0, "a ~~ b");
}

#[test]
fn marks_that_mean_nothing_stay() {
    for source in [
        "2 * 3 * 4",
        "a * b",
        "snake_case_name",
        "_a",
        "a_",
        "**a",
        "*a **b",
        "**",
        "****",
        "__ ",
        "~a~",
        "|a|",
        "||||",
        "`a",
        "a\\b",
        "C:\\path\\to",
        "[a]",
        "[a](b)",
        "[a](javascript:x)",
        "](https://x.example)",
        "<a>",
        "<@x>",
        "<@>",
        "<#5",
        "<t:x>",
        "<:a:>",
        "<3",
        "a <b@c> d",
        "#tag",
        "-#tag",
        "> ",
        ">a",
        "1.5",
        "```",
        "``````",
        "* a *b",
        ":smile:",
        "@everyone",
        "a  b\n\n\nc",
        "<<<<",
        "[[[[",
        "]]]](((",
        "`` ` ",
    ] {
        assert_eq!(wording(source).text, Text::plain(source), "{source}");
    }
}

#[test]
fn a_backslash_takes_the_meaning() {
    assert_eq!(
        plain(r"\*a\* \_b\_ \`c\` \~~d~~ \||e|| \\ \<@7> \[f](https://x.example)"),
        "*a* _b_ `c` ~~d~~ ||e|| \\ <@7> [f](https://x.example)"
    );
    assert_eq!(plain("\\> a\n\\# b\n\\- c\n1\\. d\n\\-# e\n\\```f```"), "> a\n# b\n- c\n1. d\n-# e\n```f```");
    assert_eq!(plain(r"¯\\\_(ツ)\_/¯ `\*`"), r"¯\_(ツ)_/¯ \*");
    assert!(wording(r"\*a\*").text.spans.is_empty());
}

#[test]
fn no_address_begins_with_a_backslash() {
    assert_eq!(plain(r"https://\<:ca4:1> b"), "https://<:ca4:1> b");
}

#[test]
fn addresses_stay_as_they_are() {
    for address in [
        "https://x.example/a_b_c",
        "http://x.example/*a*~~b~~",
        "https://x.example/a(b)_",
        "https://e.example/é?q=[1]&r=\\_",
    ] {
        assert_eq!(wording(&format!("see {address}, ok")).text, Text::plain(format!("see {address}, ok")));
    }
    assert_eq!(
        look("**https://x.example/a_b**"),
        ("https://x.example/a_b".into(), "https://x.example/a_b".into(), Style::Bold)
    );
    assert_eq!(look("(_https://x.example/a_b_)").1, "https://x.example/a_b");
    assert_eq!(plain("<https://x.example/a_b_> <mailto:a@b.example>"), "https://x.example/a_b_ a@b.example");
    assert_eq!(plain("(https://x.example/a) *b*"), "(https://x.example/a) b");
}

#[test]
fn mentions_are_names() {
    assert_eq!(plain("<@7>, <@!8> <@9> <@10>"), "@Ann, @Bob B. @cy @unknown user");
    assert_eq!(plain("<@&3> <@&4> <#5> <#6>"), "@crew @unknown role #general #unknown");
    assert_eq!(
        plain("</remind me later:99> <id:customize> <id:linked-roles:5>"),
        "/remind me later #Channels & Roles #Linked Roles"
    );
    assert_eq!(plain("at <t:1618932030:t>, <t:1618932030:R>"), "at 15:20 UTC, in 2 hours (20 April 2021 15:20 UTC)");
    assert_eq!(plain("<t:99999999999999999>"), "an unknown time");
    assert_eq!(plain("`<@7>` **<@7>**"), "<@7> @Ann");
}

#[test]
fn custom_emojis_are_named_and_wanted_once() {
    let Wording { text, wanted } = wording("hi <:blobwave:12> <a:blobwink:13><:blobwave:12> <:ok:14>");
    assert_eq!(text.text, "hi :blobwave: :blobwink::blobwave: :ok:");
    let seen: Vec<(EmojiId, bool, &str, &str)> =
        wanted.iter().map(|emoji| (emoji.id, emoji.animated, emoji.name.as_str(), emoji.shortcut.as_str())).collect();
    let expected = [
        (EmojiId(12), false, "blobwave", ":blobw:"),
        (EmojiId(13), true, "blobwink", ":blob2:"),
        (EmojiId(14), false, "ok", ":ok:"),
    ];
    assert_eq!(seen, expected);
    for place in &wanted[0].places {
        assert!(text.text[*place..].starts_with(":blobwave:"));
    }
    let many: Vec<String> = (0..200).map(|number| format!("<:e{number}:{number}>")).collect();
    assert_eq!(wording(&many.concat()).wanted.len(), 50);
}

#[test]
fn quotes_are_marked_on_every_line() {
    assert_eq!(plain("> a\n> b **c**\nd"), "> a\n> b c\nd");
    assert_eq!(plain("x\n>>> a\nb\n> c"), "x\n> a\n> b\n> > c");
    assert_eq!(plain("> # t\n> ```\n> code\n> ```\n> -# s\nafter"), "> t\n> code\n> s\nafter");
    assert_eq!(plain(">>> a\n\nb"), "> a\n> \n> b");
    let (text, spans) = looks("> **a\n> b**");
    assert_eq!((text.as_str(), spans[0].0.as_str()), ("> a\n> b", "a\n> b"));
}

#[test]
fn headings_small_print_and_lists() {
    let (text, spans) = looks("## Title\nwords\n-# small *print*\n### \n#### four");
    assert_eq!(text, "Title\nwords\nsmall print\n### \n#### four");
    assert_eq!(spans, [("Title".into(), Style::Bold), ("print".into(), Style::Italic)]);
    let list = "- one *x\n- two* y\n  - three\n1. four\n* five";
    assert_eq!(wording(list).text, Text::plain(list), "a look ends with its item");
    assert_eq!(look("- **one**\n- two"), ("- one\n- two".into(), "one".into(), Style::Bold));
}

#[test]
fn code_stands_on_lines_of_its_own() {
    assert_eq!(
        look("a ```rs\nlet x = *y;\n\n``` b"),
        ("a \nlet x = *y;\n b".into(), "let x = *y;".into(), Style::Code)
    );
    assert_eq!(look("```one```").1, "one");
    assert_eq!(look("```rust\n```").1, "rust", "nothing but the name of a language is code");
    assert_eq!(look("a\n```\n> b\n# c\n```\nd"), ("a\n> b\n# c\nd".into(), "> b\n# c".into(), Style::Code));
    assert_eq!(look("```a``` ```b").1, "a");
    assert_eq!(plain("```a\n> b"), "```a\n> b");
}

/// Sources that make a careless reader slow: each is long, and read at once.
#[test]
fn hostile_sources_are_read_in_no_time() {
    let sources = [
        "*a **",
        "_a__",
        "`",
        "` `` ",
        "[",
        "[](",
        "](http://",
        "](<http://",
        "<",
        "<h",
        "</a ",
        "<@",
        "||",
        "~~",
        "||a",
        "> ",
        ">>> ",
        "# ",
        "- *",
        "```a",
        "```",
        "\\",
        "\\`",
        "http://",
        "https://a)",
        "<:a:1>",
        "<@7>",
        "<t:1:R>",
        "((((](http://a",
        "\n",
        "*\n",
    ];
    for source in sources {
        let long = source.repeat(40_000 / source.len());
        let start = Instant::now();
        let wording = wording(&long);
        assert!(start.elapsed() < Duration::from_secs(2), "{source}: {:?}", start.elapsed());
        assert!(wording.text.text.len() < 64 * LONGEST, "{source}: {}", wording.text.text.len());
    }
}

proptest! {
    #[test]
    fn any_source_can_be_read(source in "([*_~|`<>@#:\\\\\\[\\]() \n.-]|a|é|🦋|http://|<@7>|<a:b:1>|```|> |-# |1\\. ){0,60}") {
        let Wording { text, wanted } = wording(&source);
        for span in &text.spans {
            prop_assert!(text.text.get(span.range.clone()).is_some_and(|words| !words.is_empty()));
        }
        for emoji in &wanted {
            prop_assert!(emoji.shortcut.chars().count() <= 7);
            for place in &emoji.places {
                let name = format!(":{}:", emoji.name);
                prop_assert!(text.text.get(*place..).is_some_and(|rest| rest.starts_with(&name)));
            }
        }
    }

    #[test]
    fn words_without_marks_stay_as_they_are(source in "[a-zA-Zäß0-9 ,;!?\n🦋]{0,200}") {
        let mut page = Page::new(&Nobody, &[], Timestamp(0));
        read(&source, &mut page);
        let text = page.finish().text;
        prop_assert_eq!(text.text, source.trim_end_matches('\n'));
    }
}
