//! Every route that there is, with whatever it answers to whomever: what a browser may do with it, and that nobody's text is markup.

use server::SignUpPolicy;

use crate::{
    house::{Browser, House, PASSWORD, Page},
    server::{Server, TICKET, has_line},
};

/// Where the routes are written down.
const ROUTES: [&str; 2] = [include_str!("../../routes.rs"), include_str!("../../portal.rs")];

/// What looks like markup, and like the end of an attribute. No page of ours has such an element.
const NASTY: &str = "\"'><i onload=x>";

/// Each route, with something in the place of what is not written down.
fn routes() -> Vec<String> {
    let named = ROUTES.iter().flat_map(|source| source.split(".route(\"").skip(1));
    let paths = named.map(|rest| rest.split('"').next().unwrap().to_owned());
    let filled = paths.map(|path| {
        path.replace("{market}", "5meen_us")
            .replace("{link}", "60")
            .replace("{network}", "net")
            .replace("{token}", "x")
            .replace("{name}", "x")
    });
    let routes: Vec<String> = filled.collect();
    assert!(
        routes.len() > 40 && routes.iter().all(|route| route.starts_with('/') && !route.contains('{')),
        "{routes:?}"
    );
    routes
}

fn is_guarded(what: &str, page: &Page) {
    let policy = page.header("Content-Security-Policy");
    assert!(policy.contains("default-src 'none'"), "{what}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'") || policy.starts_with("sandbox;"), "{what}: {policy}");
    assert!(!policy.contains("script-src") && !policy.contains("unsafe-eval"), "{what}: {policy}");
    assert_eq!(page.header("X-Content-Type-Options"), "nosniff", "{what}");
    assert!(matches!(page.header("Referrer-Policy"), "no-referrer" | "same-origin"), "{what}");
    let kept = page.header("Cache-Control");
    // What is the same for everybody may be kept; everything else is somebody's.
    let is_public =
        ["/style.css", "/icon.svg", "/ADSAdClient31.dll", "/messenger/none"].iter().any(|path| what.contains(path));
    let is_kept = page.status == 200 && is_public;
    assert!(kept == "no-store" || is_kept && kept.starts_with("max-age="), "{what}: {kept}");
}

async fn asked(browser: &mut Browser<'_>, method: &str, route: &str, header: &str, body: &str) -> Page {
    browser.ask(&format!("{method} {route} HTTP/1.1"), header, body.as_bytes()).await
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let house = House::open("https://msn.example", SignUpPolicy::Invite).await;
    let (mut guest, mut admin) = (house.browser(), house.browser_of("ann").await);
    let proof = admin.get("/profile").await.proof().to_owned();
    let routes = routes().into_iter().chain(["/nowhere".to_owned(), "/a/b/c/d".to_owned()]);
    for route in routes.filter(|route| !route.starts_with("/gateway/")) {
        for method in ["GET", "POST", "PUT"] {
            for (who, browser) in [("guest", &mut guest), ("admin", &mut admin)] {
                let what = format!("{who} {method} {route}");
                let page = asked(browser, method, &route, "Sec-Fetch-Site: same-origin\r\n", "x=y").await;
                assert_ne!(page.status, 500, "{what}");
                is_guarded(&what, &page);
                if route != "/sign-out" {
                    let form = format!("proof={proof}&action=none");
                    let posted = asked(browser, method, &route, "Sec-Fetch-Site: same-origin\r\n", &form).await;
                    is_guarded(&what, &posted);
                }
            }
        }
    }
    house.close().await;
}

#[tokio::test]
async fn whatever_has_a_ticket_in_it_is_kept_by_nobody() {
    let server = Server::start("http://127.0.0.1").await;
    for answer in [
        server.rst("dave@example.com", "password1").await,
        server.post("/NotRST.srf", "X-User: dave@example.com\r\nX-Password: password1\r\n", "").await,
        server.get("/login2.srf", "Authorization: Passport1.4 sign-in=dave%40example.com,pwd=password1,x=y\r\n").await,
    ] {
        let head = answer.split("\r\n\r\n").next().unwrap();
        assert!(answer.contains(TICKET) && has_line(head, "Cache-Control: no-store"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn nobodys_text_is_markup_on_any_page() {
    let house = House::open("http://127.0.0.1", SignUpPolicy::Invite).await;
    house.handle.administration().add("nasty@msn.example", Some(NASTY), PASSWORD).await.unwrap();
    let (mut ann, mut nasty) = (house.browser_of("ann").await, house.browser_of("nasty").await);
    // As names of people, groups, notes and states, in whatever somebody looks for, and in what networks say.
    ann.submit("/profile", &[("action", "name"), ("value", NASTY)]).await;
    ann.submit("/profile", &[("action", "line"), ("value", NASTY)]).await;
    ann.submit("/contacts", &[("action", "add"), ("whom", "nasty")]).await;
    nasty.submit("/contacts", &[("action", "add"), ("whom", "ann")]).await;
    ann.submit("/contacts", &[("action", "add"), ("whom", "zoe@net.msn.example")]).await;
    ann.submit("/contacts", &[("action", "add-group"), ("name", NASTY)]).await;
    let admin = ann.get("/admin").await;
    let invite = [("action", "make-invite"), ("note", NASTY), ("uses", "1"), ("days", "1"), ("proof", admin.proof())];
    assert_eq!(ann.post("/admin", &invite).await.status, 303);
    ann.submit("/links/net", &[("way", "token"), ("answer-token", "s3cret")]).await;
    ann.ask("GET /home HTTP/1.1", &format!("User-Agent: {NASTY}\r\n"), b"").await;
    let query: String = url::form_urlencoded::byte_serialize(NASTY.as_bytes()).collect();
    let mut seen = 0;
    for route in routes().iter().filter(|route| !route.starts_with("/gateway/")) {
        for path in [
            route.clone(),
            format!("{route}?of=nasty%40msn.example&to={query}&search={query}&find={query}&q={query}"),
            format!("{route}?of={query}"),
        ] {
            let page = ann.get(&path).await;
            assert!(!page.body.contains("<i onload") && !page.body.contains("<z>"), "{path}: {}", page.body);
            seen += usize::from(page.body.contains("&#60;i onload=x&#62;"));
        }
        let form =
            [("rru", NASTY), ("auth", NASTY), ("address", NASTY), ("name", NASTY), ("proof", NASTY), ("whom", NASTY)];
        let page = ann.post(route, &form).await;
        assert!(!page.body.contains("<i onload"), "{route}: {}", page.body);
    }
    assert!(seen > 6, "it stands on pages, as text: {seen}");
    house.close().await;
}
