use domain::content::Style;
use proptest::prelude::*;

use super::*;

fn shown(html: &str) -> Shown {
    read(html).unwrap()
}

fn text(html: &str) -> String {
    shown(html).text
}

/// The words of each style.
fn looks(html: &str) -> Vec<(String, Style)> {
    let Shown { text, spans, .. } = shown(html);
    spans.into_iter().map(|span| (text[span.range].to_owned(), span.style)).collect()
}

fn look(words: &str, style: Style) -> (String, Style) {
    (words.to_owned(), style)
}

#[test]
fn styles_are_those_of_their_words() {
    for (tag, style) in [
        ("b", Style::Bold),
        ("strong", Style::Bold),
        ("i", Style::Italic),
        ("em", Style::Italic),
        ("u", Style::Underline),
        ("del", Style::Strike),
        ("s", Style::Strike),
        ("code", Style::Code),
    ] {
        assert_eq!(looks(&format!("a <{tag}>b c</{tag}> d")), [look("b c", style)], "{tag}");
    }
    assert_eq!(looks("<B>x</b >"), [look("x", Style::Bold)]);
    assert_eq!(looks("<font color=red>x</font>"), [look("x", Style::Colour([255, 0, 0]))]);
    assert_eq!(looks("<div data-mx-color='#00ff00'>x</div>y"), []);
    let both = "<span data-mx-color='#00ff00' data-mx-bg-color='#000000'><span>x</span> y</span> z";
    assert_eq!(looks(both), [look("x y", Style::Colour([0, 255, 0]))]);
    assert_eq!(looks("<b></b><i> </i><font color=none>x</font>"), []);
}

#[test]
fn styles_may_overlap_and_stay_open() {
    let overlapping = looks("<b>a <i>b</b> c</i> d");
    assert_eq!(overlapping, [look("a b", Style::Bold), look("b c", Style::Italic)]);
    assert_eq!(looks("a<b>b"), [look("b", Style::Bold)]);
    assert_eq!(text("</b></p></mx-reply>x</li>"), "x");
}

#[test]
fn white_space_counts_as_in_a_browser() {
    assert_eq!(text(" a \n\t b<b> </b>c "), "a b c");
    assert_eq!(text("<p>a</p>\n<p>b</p>\n"), "a\n\nb");
    assert_eq!(text("<p>a<p>b"), "a\n\nb");
    assert_eq!(text("a<br>b<br/><br />c<br>"), "a\nb\n\nc");
    assert_eq!(text("<div>a</div><div>b</div>c"), "a\nb\nc");
    assert_eq!(text("<h1>T</h1>x"), "T\n\nx");
    assert_eq!(text("a<hr>b"), "a\n----------\nb");
    assert_eq!(text("&lt;b&gt; &amp;amp; &eacute;&#128077;&nbsp;x"), "<b> &amp; \u{e9}\u{1f44d}\u{a0}x");
}

#[test]
fn headings_are_bold_lines() {
    assert_eq!(looks("<h2>T</h2><p>x</p>"), [look("T", Style::Bold)]);
}

#[test]
fn preformatted_lines_stay_as_they_are() {
    let html = "see<pre><code class=\"language-x\">fn a() {\n    b &lt; c\n\n}\n</code></pre>done";
    assert_eq!(text(html), "see\nfn a() {\n    b < c\n\n}\ndone");
    assert_eq!(looks(html), [look("fn a() {\n    b < c\n\n}", Style::Code)]);
    assert_eq!(text("<pre>\n  a</pre>"), "  a");
}

#[test]
fn links_keep_their_address_where_the_words_do_not_say_it() {
    let link = |address: &str| Style::Link(address.to_owned());
    assert_eq!(looks("<a href='https://d.org/x'>the docs</a>"), [look("the docs", link("https://d.org/x"))]);
    assert_eq!(looks("<a href='https://d.org/'>d.org</a>"), []);
    assert_eq!(looks("<a href='javascript:x'>click</a> <a>x</a>"), []);
    assert_eq!(looks("<a href='https://matrix.to/#/#r:d.org'>#r:d.org</a>"), []);
    assert_eq!(
        looks("<a href='https://matrix.to/#/#r:d.org'>the room</a>"),
        [look("the room", link("https://matrix.to/#/#r:d.org"))]
    );
}

#[test]
fn people_are_shown_by_name_and_named() {
    let mention = shown("<a href=\"https://matrix.to/#/@bob:d.org\">Bob</a>: hi <a href='matrix:u/bob:d.org'>Bob</a>");
    assert_eq!((mention.text.as_str(), mention.spans.len()), ("Bob: hi Bob", 0));
    assert_eq!(mention.people, ["@bob:d.org"]);
}

#[test]
fn lists_have_marks_and_depth() {
    assert_eq!(text("<ul><li>a</li><li>b</li></ul>c"), "- a\n- b\nc");
    assert_eq!(text("x<ol start=9><li>a<li>b</ol>"), "x\n9. a\n10. b");
    assert_eq!(
        text("<ul>\n<li>a\n<ol>\n<li>b<br>c</li>\n<li><p>d</p><p>e</p></li>\n</ol>\n</li>\n<li>f</li>\n</ul>"),
        "- a\n  1. b\n     c\n  2. d\n     e\n- f"
    );
    assert_eq!(text("<ul><li></li><li><p>a</p></li></ul>"), "- a");
}

#[test]
fn quotes_have_a_mark_on_every_line() {
    assert_eq!(text("<blockquote><p>a<br>b</p><p>c</p></blockquote><p>d</p>"), "> a\n> b\n>\n> c\n\nd");
    assert_eq!(
        text("x<blockquote>a<blockquote>b</blockquote><ul><li>c</li></ul></blockquote>y"),
        "x\n> a\n> > b\n> - c\ny"
    );
}

#[test]
fn tables_are_lines_of_cells() {
    let html = "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1<td>2<tr><td>3</table>x";
    assert_eq!(text(html), "a | b\n1 | 2\n3\nx");
}

#[test]
fn spoilers_formulas_and_details_can_be_read() {
    assert_eq!(text("it is <span data-mx-spoiler>him</span>!"), "it is [spoiler: him]!");
    assert_eq!(text("<span data-mx-spoiler=\"the end\"><b>he</b> dies</span>"), "[spoiler (the end): he dies]");
    assert_eq!(text("so <span data-mx-maths=\"a^2\"><code>a<span>b</span></code></span> is"), "so a^2 is");
    assert_eq!(text("<details><summary>more</summary>less</details>"), "more\nless");
    assert_eq!(text("x<sup>2</sup> H<sub>2</sub>O"), "x^2 H_2O");
}

#[test]
fn pictures_are_emoticons_or_words() {
    let img = |attributes: &str| shown(&format!("a<img {attributes}>b"));
    let cat = img("data-mx-emoticon src='mxc://d.org/x' alt=':cat:' height=32");
    assert_eq!(cat.text, "a:cat:b");
    assert_eq!(cat.emoticons, [RemoteEmoticon { shortcut: ":cat:".into(), uri: "mxc://d.org/x".into() }]);
    let bare = img("data-mx-emoticon src='mxc://d.org/x' alt=cat");
    assert_eq!((bare.text.as_str(), bare.emoticons[0].shortcut.as_str()), ("a:cat:b", ":cat:"));
    assert_eq!(img("data-mx-emoticon src='mxc://d.org/x' title='a b'").text, "a:a_b:b");
    let elsewhere = img("data-mx-emoticon src='http://d.org/x' alt=':cat:'");
    assert_eq!((elsewhere.text.as_str(), elsewhere.emoticons.len()), ("a:cat:b", 0));
    assert_eq!(img("src='mxc://d.org/x' alt='my\ncat'").text, "a[image: my cat]b");
    assert_eq!(img("data-mx-emoticon src='mxc://d.org/x'").text, "a[image]b");
    let twice = shown(&"<img data-mx-emoticon src='mxc://d.org/x' alt=':cat:'>".repeat(2));
    assert_eq!(twice.emoticons.len(), 1);
}

#[test]
fn what_is_repeated_of_another_message_stands_apart() {
    let html = "<mx-reply><blockquote><a href=\"https://matrix.to/#/!r:d.org/$e\">In reply to</a> \
                <a href=\"https://matrix.to/#/@bob:d.org\">@bob:d.org</a><br>one<br><b>two</b> \
                <img data-mx-emoticon src='mxc://a.org/b' alt=':c:'></blockquote></mx-reply>\
                <b>yes</b>";
    let reply = shown(html);
    assert_eq!(reply.text, "yes");
    assert_eq!(reply.people, Vec::<OwnedUserId>::new());
    assert_eq!(reply.quoted, Some(Quoted { author: Some("@bob:d.org".into()), words: "one\ntwo :c:".into() }));
    assert_eq!(reply.emoticons, []);
    assert_eq!(reply.spans, [Span { range: 0..3, style: Style::Bold }]);
    let crossed = shown("<b>a<mx-reply>x</b><i>y</mx-reply>b</b>c");
    assert_eq!((crossed.text.as_str(), crossed.spans.len()), ("abc", 1));
}

#[test]
fn what_nobody_should_see_is_left_out() {
    assert_eq!(
        text("a<script>alert('<b>')</script>b<style>x</style><!-- c --><x-y>d</x-y><svg><svg></svg>e</svg>f"),
        "abdf"
    );
}

#[test]
fn nothing_that_people_say_can_be_logged_by_the_tokenizer() {
    assert_eq!(log::STATIC_MAX_LEVEL, log::LevelFilter::Debug);
}

#[test]
fn hostile_html_costs_little() {
    // Each would take minutes, gigabytes or the stack if a tree were made of it.
    let deep = "<b>".repeat(10_000);
    let numbered = |count: usize, piece: &dyn Fn(usize) -> String| (0..count).map(piece).collect::<Vec<_>>().concat();
    let reopened = format!("<p>{}</p>{}", numbered(1000, &|at| format!("<b a={at}>")), "<p>x".repeat(4000));
    let attributes = format!("<b {}>x", numbered(6000, &|at| format!("{at:x} ")));
    let quotes = format!("{}{}", "<ul><li>".repeat(49), "x<br>".repeat(5000));
    for html in [&deep, &reopened, &attributes, &quotes] {
        let read = read(html);
        assert!(read.is_none_or(|shown| shown.text.len() <= 128 * 1024));
    }
    assert_eq!(read(&deep), None);
    assert_eq!(read(&quotes), None, "its marks would be longer than a message may be");
    assert_eq!(read(&"x".repeat(LONGEST + 1)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_html_gives_spans_within_its_text(pieces in prop::collection::vec(piece(), 0..40)) {
        if let Some(Shown { text, spans, .. }) = read(&pieces.concat()) {
            for span in spans {
                prop_assert!(text.get(span.range.clone()).is_some_and(|part| !part.is_empty()), "{span:?} of {text:?}");
            }
        }
    }
}

fn piece() -> impl Strategy<Value = String> {
    let tags = "b|i|u|del|code|pre|p|div|ul|ol|li|blockquote|table|tr|td|th|h1|mx-reply|a|span|font|details|summary|sup|\
                script|br|hr|img";
    let attributes = "( href='http://x\\.org'| data-mx-spoiler=a| data-mx-color='#123456'| data-mx-maths=x|\
                      ( alt=':a:' data-mx-emoticon src='mxc://a\\.b/c'))?";
    let pattern = |pattern: String| prop::string::string_regex(&pattern).unwrap();
    prop_oneof![
        3 => pattern(format!("<({tags}){attributes}>")),
        3 => pattern(format!("</({tags})>")),
        3 => "[ \na-cé👍&;<>\"']{0,6}",
        1 => any::<String>(),
    ]
}
