//! The pages that Messenger opens for its user.

use crate::server::{Server, TICKET, between, has_line};

/// What Messenger makes its browser post, as libpurple and the clients of the time wrote it.
fn login_form(ticket: &str, page: &str) -> String {
    let auth = format!("t={ticket}&p=").replace('=', "%3D").replace('&', "%26");
    format!(
        "mode=ttl&login=dave&username=dave%40example.com&sid=507&kv=1&id=2&sl=19&rru={}&auth={auth}\
         &creds=476f009969be3657a80d1d2ba7e9d95b&svc=mail&js=yes",
        page.replace('/', "%2F").replace(':', "%3A")
    )
}

/// Signs a browser in; the line that it sends from then on.
async fn visit(server: &Server) -> String {
    let answer = server.post("/messenger/login", "", &login_form(TICKET, "/messenger/profile")).await;
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    format!("Cookie: other=1; {}\r\n", between(&answer, "Set-Cookie: ", ";"))
}

#[tokio::test]
async fn a_ticket_opens_the_page_that_was_asked_for_and_no_other_place() {
    let server = Server::start("https://msn.example").await;
    for (wanted, location) in [
        ("/messenger/password", "https://msn.example/messenger/password"),
        ("https://msn.example/messenger/compose?to=bob", "https://msn.example/messenger/compose?to=bob"),
        ("/messenger/inbox/../../nexus", "https://msn.example/messenger/today"),
        ("/messenger/inbox\r\nX: y", "https://msn.example/messenger/today"),
        ("https://evil.example/messenger/inbox", "https://msn.example/messenger/today"),
        ("//evil.example", "https://msn.example/messenger/today"),
        ("/messenger/login", "https://msn.example/messenger/today"),
    ] {
        let answer = server.post("/messenger/login", "", &login_form(TICKET, wanted)).await;
        assert!(answer.starts_with("HTTP/1.1 303 ") && has_line(&answer, &format!("Location: {location}")), "{answer}");
        let cookie = between(&answer, "Set-Cookie: ", "\r\n");
        assert!(cookie.ends_with("; Path=/messenger; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
        assert!(!answer.contains(TICKET), "the ticket goes no further");
    }
    let refused = server.post("/messenger/login", "", &login_form("made-up", "/messenger/profile")).await;
    assert!(refused.starts_with("HTTP/1.1 403 ") && !refused.contains("Set-Cookie"), "{refused}");
    server.stop().await;
}

#[tokio::test]
async fn pages_are_plain_and_nobodys_text_becomes_markup() {
    let server = Server::start("http://127.0.0.1").await;
    let cookie = visit(&server).await;
    for (path, status) in [
        ("today", "200"),
        ("inbox", "200"),
        ("compose", "200"),
        ("profile", "200"),
        ("password", "200"),
        ("login", "200"),
    ] {
        let answer = server.get(&format!("/messenger/{path}"), &cookie).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("HTML 4.01") && !answer.contains("<script") && !answer.contains("<b>Dave"), "{answer}");
        assert!(
            has_line(&answer, "Cache-Control: no-store")
                && answer.contains("\r\nContent-Security-Policy: default-src 'none'")
        );
    }
    let profile = server.get("/messenger/profile", &cookie).await;
    assert!(
        profile.contains("<td>&#60;b&#62;Dave&#60;/b&#62;</td>") && profile.contains("<td>dave@example.com</td>"),
        "{profile}"
    );
    let compose = server.get("/messenger/compose?to=%3Cb%3Ebob%40example.com", "").await;
    assert!(compose.contains("write to <b>&#60;b&#62;bob@example.com</b>"), "{compose}");
    for path in ["profile", "password"] {
        for cookie in ["", "Cookie: visit=guess\r\n"] {
            let answer = server.get(&format!("/messenger/{path}"), cookie).await;
            assert!(
                answer.starts_with("HTTP/1.1 403 ") && answer.contains("Open this page from Messenger"),
                "{answer}"
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_old_one_and_ends_the_visit() {
    let server = Server::start("http://127.0.0.1").await;
    let cookie = visit(&server).await;
    for (form, problem) in [
        ("old=password1&new=a&again=b", "was not typed the same twice"),
        ("old=wrong&new=a&again=a", "That is not your password now"),
        ("old=password1&new=&again=", "the password is empty"),
    ] {
        let answer = server.post("/messenger/password", &cookie, form).await;
        assert!(answer.contains(problem), "{answer}");
    }
    let stranger = server.post("/messenger/password", "", "old=password1&new=a&again=a").await;
    assert!(stranger.starts_with("HTTP/1.1 403 "), "{stranger}");
    assert!(server.behind.changes.lock().unwrap().is_empty());
    let changed = server.post("/messenger/password", &cookie, "old=password1&new=a%26b+c&again=a%26b+c").await;
    assert!(changed.contains("Your password is changed"), "{changed}");
    assert_eq!(*server.behind.changes.lock().unwrap(), [("password1".to_owned(), "a&b c".to_owned())]);
    assert!(server.get("/messenger/profile", &cookie).await.starts_with("HTTP/1.1 403 "), "its ticket has ended");
    server.stop().await;
}
