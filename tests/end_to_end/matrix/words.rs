//! What is written on Matrix, as Messenger shows it.

use chrysalis_test_harness::{Room, definitions_in, nudge};
use serde_json::{Value, json};

use super::{ALICE, CAROL, CAROLS_GHOST, friends, picture::png, setup, window};

/// How a text looks that has no look of its own.
const PLAIN: &str = "FN=Microsoft%20Sans%20Serif; EF=; CO=0; CS=0; PF=22";

/// Waits for the next text of Alice's: how it looks, and what it says.
async fn shown(talk: &mut Room) -> (String, String) {
    let is_text = |payload: &[u8]| String::from_utf8_lossy(payload).contains("Content-Type: text/plain");
    let payload = talk.hear_that(ALICE, "a text", |payload| is_text(payload)).await;
    let payload = std::str::from_utf8(&payload).unwrap();
    let (head, body) = payload.split_once("\r\n\r\n").unwrap();
    let look = head.split("\r\n").find_map(|line| line.strip_prefix("X-MMS-IM-Format: "));
    (look.unwrap().to_owned(), body.to_owned())
}

fn formatted(body: &str, html: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body, "format": "org.matrix.custom.html", "formatted_body": html })
}

#[tokio::test]
async fn matrix_whatever_is_written_there_can_be_read() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let mut talk = window(&mut carol, ALICE).await;

    // The plain form, the HTML, the look, the words.
    let bold = "FN=Microsoft%20Sans%20Serif; EF=B; CO=0; CS=0; PF=22";
    let red = "FN=Microsoft%20Sans%20Serif; EF=I; CO=ff; CS=0; PF=22";
    let carols = format!("<a href=\"https://matrix.to/#/{CAROLS_GHOST}\">Carol</a>: hello");
    for (body, html, look, words) in [
        ("**all of it**", "<strong>all of it</strong>", bold, "all of it"),
        ("_red_", "<em><font color=\"#ff0000\">red</font></em>", red, "red"),
        (
            "some **bold**, _italic_ and ~~gone~~",
            "some <strong>bold</strong>, <em>italic</em> and <del>gone</del>",
            PLAIN,
            "some *bold*, _italic_ and ~gone~",
        ),
        ("* tea\n* milk", "<ul>\n<li>tea</li>\n<li>milk</li>\n</ul>", PLAIN, "- tea\r\n- milk"),
        (
            "1. one\n2. two",
            "<ol><li>one</li><li>two<ul><li>in it</li></ul></li></ol>",
            PLAIN,
            "1. one\r\n2. two\r\n   - in it",
        ),
        ("> one\n\ntwo", "<blockquote><p>one</p></blockquote><p><b>t</b>wo</p>", PLAIN, "> one\r\n\r\n*t*wo"),
        ("run `this` now", "run <code>this</code> now", PLAIN, "run `this` now"),
        (
            "```\na {\n    b\n}\n```",
            "<pre><code class=\"language-x\">a {\n    b\n}\n</code></pre>",
            PLAIN,
            "```\r\na {\r\n    b\r\n}\r\n```",
        ),
        (
            "see [the page](https://example.org/x)",
            "see <a href=\"https://example.org/x\">the page</a>",
            PLAIN,
            "see the page (https://example.org/x)",
        ),
        ("Carol: hello", &carols, PLAIN, "Carol: hello"),
        (
            "it was ||(the end)the butler||",
            "it was <span data-mx-spoiler=\"the end\">the butler</span>",
            PLAIN,
            "it was [spoiler (the end): the butler]",
        ),
        ("no \u{1f44d}", "no <b>\u{1f44d}</b>", PLAIN, "no *(Y)*"),
    ] {
        alice.send(&room, "m.room.message", formatted(body, html)).await;
        assert_eq!(shown(&mut talk).await, (look.to_owned(), words.to_owned()), "{html}");
    }

    let place = json!({ "msgtype": "m.location", "body": "Big Ben", "geo_uri": "geo:51.5008,-0.1247;u=35" });
    let map = "https://www.openstreetmap.org/?mlat=51.5008&mlon=-0.1247#map=16/51.5008/-0.1247";
    let place_shown = format!("[location] Big Ben (51.5008, -0.1247): {map}");
    let poll = json!({
        "org.matrix.msc1767.text": "Lunch?\n1. Soup\n2. Salad",
        "org.matrix.msc3381.poll.start": {
            "question": { "org.matrix.msc1767.text": "Lunch?" },
            "answers": [{ "id": "a", "org.matrix.msc1767.text": "Soup" }, { "id": "b", "org.matrix.msc1767.text": "Salad" }],
        },
    });
    for (kind, content, words) in [
        ("m.room.message", json!({ "msgtype": "m.emote", "body": "waves" }), "* Alice L. waves"),
        ("m.room.message", json!({ "msgtype": "m.notice", "body": "the build is green" }), "the build is green"),
        ("m.room.message", place, &place_shown),
        ("org.matrix.msc3381.poll.start", poll, "[poll] Lunch?\r\n1. Soup\r\n2. Salad"),
        (
            "m.room.encrypted",
            json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "y" }),
            "[a message that could not be decrypted; ask alice to write it again]",
        ),
    ] {
        alice.send(&room, kind, content).await;
        assert_eq!(talk.hear_text(ALICE).await, words, "{kind}");
    }

    // What a ghost of another Chrysalis calls a nudge is one.
    let nudges = json!({ "msgtype": "m.emote", "body": "sends a nudge", "im.chrysalis.nudge": true });
    alice.send(&room, "m.room.message", nudges).await;
    let shaken = talk.hear_that(ALICE, "a nudge", |payload| payload == nudge().as_bytes()).await;
    assert!(!shaken.is_empty());

    // Somebody's own emoticon is defined before the text that uses it, and given as any.
    let cat = alice.upload(png(24, [200, 100, 0]), "image/png").await;
    let html =
        format!("my <img data-mx-emoticon height=\"32\" src=\"{cat}\" alt=\":cat:\" title=\":cat:\"> says hello");
    alice.send(&room, "m.room.message", formatted("my :cat: says hello", &html)).await;
    let defined = |payload: &[u8]| String::from_utf8_lossy(payload).contains("Content-Type: text/x-mms-emoticon");
    let defined = talk.hear_that(ALICE, "a definition", |payload| defined(payload)).await;
    let [(shortcut, object)] = &definitions_in(&defined)[..] else { panic!("one emoticon") };
    assert_eq!((shortcut.as_str(), object.creator.as_str()), (":cat:", ALICE));
    assert_eq!(talk.hear_text(ALICE).await, "my :cat: says hello");
    talk.fetch_object(ALICE, object).await;
}
