//! The page on which an account makes its own link.

use chrysalis_web::{LinkFault, LinkPage, Onward};
use server::{LinkAnswers, LinkState, LinkStatus, LinkStep, LinkTask, LinkWay, Through};

use crate::server::{Server, has_line};

const PAGE: &str = "https://msn.example/link/page";

fn step(key: &'static str, secret: bool) -> LinkStep {
    LinkStep { key, ask: format!("What is <the> {key}?"), secret }
}

fn ways() -> Vec<LinkWay> {
    let way = |key, steps, through| LinkWay { key, says: format!("By {key} & all."), steps, through };
    vec![
        way("password", vec![step("user", false), step("password", true)], Through::Answers),
        way("sso", vec![step("user", false)], Through::Browser { returned: "loginToken" }),
    ]
}

fn page(state: Option<LinkState>, ways: Vec<LinkWay>, tasks: Vec<LinkTask>) -> LinkPage {
    let notes = vec!["Nobody <b>sees</b> you.".to_owned()];
    let status = state.map(|state| LinkStatus { identity: "@ann:a.example".to_owned(), state, notes });
    LinkPage { owner: "dave@example.com".parse().unwrap(), network: "net".parse().unwrap(), status, ways, tasks }
}

async fn serving(page: LinkPage) -> Server {
    let server = Server::start("https://msn.example").await;
    *server.behind.page.lock().unwrap() = Some(page);
    server
}

fn asked(server: &Server) -> Vec<(String, LinkAnswers)> {
    std::mem::take(&mut *server.behind.asked.lock().unwrap())
}

fn answers(pairs: &[(&str, &str)]) -> LinkAnswers {
    pairs.iter().map(|(key, answer)| ((*key).to_owned(), (*answer).to_owned())).collect()
}

#[tokio::test]
async fn a_page_has_a_form_for_each_way_and_keeps_itself_to_itself() {
    let server = serving(page(None, ways(), Vec::new())).await;
    let answer = server.get("/link/page", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for line in ["Cache-Control: no-store", "Referrer-Policy: no-referrer", "X-Frame-Options: DENY"] {
        assert!(has_line(&answer, line), "{line} in {answer}");
    }
    assert!(answer.contains("form-action 'self' https: http:;"), "one of its forms leads elsewhere: {answer}");
    for part in [
        "<h2>By password &#38; all.</h2>",
        "<form method=\"post\" action=\"https://msn.example/link/page\">",
        "<input type=\"hidden\" name=\"way\" value=\"password\">",
        "<label for=\"way-password-password\">What is &#60;the&#62; password?</label>",
        "type=\"password\" name=\"answer-password\" id=\"way-password-password\"",
        "type=\"text\" name=\"answer-user\" id=\"way-sso-user\"",
        "Account: dave@example.com.",
    ] {
        assert!(answer.contains(part), "{part} in {answer}");
    }
    assert!(!answer.contains("<script") && !answer.contains("http-equiv=\"refresh\""), "{answer}");
    for unknown in ["/link/pag", "/link/page2", "/link/%3Cb%3E"] {
        let answer = server.get(unknown, "").await;
        assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("good no more"), "{answer}");
        assert!(!answer.contains("<b>"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn answers_are_handed_on_and_the_page_is_shown_anew() {
    let server = serving(page(None, ways(), Vec::new())).await;
    let posted = "way=password&answer-user=%40ann%3Aa.example&answer-password=s+%26+3&answer-password=second&other=x";
    let answer = server.post("/link/page", "", posted).await;
    assert!(answer.starts_with("HTTP/1.1 303 ") && has_line(&answer, &format!("Location: {PAGE}")), "{answer}");
    let wanted = answers(&[("user", "@ann:a.example"), ("password", "s & 3")]);
    assert_eq!(asked(&server), [("password".to_owned(), wanted)]);

    *server.behind.onward.lock().unwrap() = Some(Err(LinkFault::TooOften));
    let answer = server.post("/link/page", "", posted).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("That was tried too often"), "{answer}");
    assert!(!answer.contains("s &#38; 3") && !answer.contains("second"), "what was answered is not shown: {answer}");
    asked(&server);

    let huge = format!("way=password&answer-password={}", "x".repeat(70_000));
    assert!(server.post("/link/page", "", &huge).await.starts_with("HTTP/1.1 413 "));
    for header in
        ["Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: http://msn.example\r\n"]
    {
        assert!(server.post("/link/page", header, posted).await.starts_with("HTTP/1.1 403 "), "{header}");
    }
    assert_eq!(asked(&server), []);
    for header in ["Origin: null\r\nSec-Fetch-Site: same-origin\r\n", "Origin: https://msn.example\r\n"] {
        server.post("/link/page", header, posted).await;
        assert_eq!(asked(&server).len(), 1, "{header}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_browser_is_sent_elsewhere_and_what_it_brings_back_is_in_no_history() {
    let server = serving(page(None, ways(), Vec::new())).await;
    let elsewhere = "https://matrix.example/sso?redirectUrl=https%3A%2F%2Fmsn.example%2Flink%2Fpage%2Fback";
    *server.behind.onward.lock().unwrap() = Some(Ok(Onward::GoTo(elsewhere.to_owned())));
    let answer = server.post("/link/page", "", "way=sso&answer-user=ann").await;
    assert!(answer.starts_with("HTTP/1.1 303 ") && has_line(&answer, &format!("Location: {elsewhere}")), "{answer}");
    let cookie = "Set-Cookie: away=page; Path=/link/page; Max-Age=900; HttpOnly; SameSite=Lax; Secure";
    assert!(has_line(&answer, cookie), "{answer}");
    asked(&server);

    *server.behind.onward.lock().unwrap() = None;
    let brought = "/link/page/back?loginToken=s3cret%20x";
    // Somebody else's browser, to whom the place was handed on.
    for cookie in ["", "Cookie: away=other\r\n", "Cookie: visit=page\r\n"] {
        let answer = server.get(brought, cookie).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("not this browser"), "{answer}");
        assert_eq!(asked(&server), [], "{cookie}");
    }
    let answer = server.get(brought, "Sec-Fetch-Site: cross-site\r\nCookie: visit=x; away=page\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 303 ") && has_line(&answer, &format!("Location: {PAGE}")), "{answer}");
    assert_eq!(asked(&server), [("back".to_owned(), answers(&[("loginToken", "s3cret x")]))]);

    *server.behind.onward.lock().unwrap() = Some(Err(LinkFault::NothingBrought));
    let answer = server.get("/link/page/back?error=no", "Cookie: away=page\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("Nothing was brought back"), "{answer}");
    assert!(answer.contains(&format!("action=\"{PAGE}\"")), "a form leads to the page itself: {answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_linked_page_shows_how_it_is_and_does_what_there_is_to_do() {
    let verify = LinkTask::plain("verify", "Compare emoji", "Compares emoji.");
    let recovery = LinkTask::plain("recovery", "Use key", "Recovers.").asking(vec![step("key", true)]);
    let waiting = || LinkState::Waiting { ask: "Somebody has to let you in.".to_owned() };
    let server = serving(page(Some(waiting()), Vec::new(), vec![verify.clone()])).await;
    let answer = server.get("/link/page", "").await;
    assert!(answer.contains("as <b>@ann:a.example</b>; it waits. Somebody has to let you in."), "{answer}");
    assert!(answer.contains("<p>Nobody &#60;b&#62;sees&#60;/b&#62; you.</p>"), "{answer}");
    assert!(!answer.contains("http-equiv=\"refresh\""), "somebody may be waited for for ever: {answer}");
    assert!(answer.contains("form-action 'self';") && !answer.contains("name=\"way\""), "{answer}");

    let said = server.post("/link/page", "", "task=verify").await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.contains("Done &#38; &#60;well&#62;.<br>Quite.<br>"), "{said}");
    assert_eq!(asked(&server), [("verify".to_owned(), LinkAnswers::new())]);

    *server.behind.page.lock().unwrap() = Some(page(Some(LinkState::Connecting), Vec::new(), vec![verify.clone()]));
    for (query, next) in [("", "1"), ("?again=1", "2"), ("?again=35", "36")] {
        let answer = server.get(&format!("/link/page{query}"), "").await;
        let refresh = format!("http-equiv=\"refresh\" content=\"8; url={PAGE}?again={next}\"");
        assert!(answer.contains(&refresh), "{refresh} in {answer}");
    }
    let answer = server.get("/link/page?again=36", "").await;
    assert!(answer.contains("Look again") && !answer.contains("http-equiv=\"refresh\""), "often enough: {answer}");

    *server.behind.page.lock().unwrap() = Some(page(Some(LinkState::Connecting), Vec::new(), vec![verify, recovery]));
    let answer = server.get("/link/page", "").await;
    assert!(!answer.contains("http-equiv=\"refresh\""), "nobody loses what they type: {answer}");
    assert!(answer.contains("type=\"password\" name=\"answer-key\" id=\"task-recovery-key\""), "{answer}");
    server.stop().await;
}
