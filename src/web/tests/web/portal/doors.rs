//! Who comes in, who is turned away, and what a browser may do with a page.

use server::SignUpPolicy;

use crate::house::{House, PASSWORD};

/// Every page that shows something to whoever is signed in.
const PAGES: [&str; 11] = [
    "/home",
    "/profile",
    "/contacts",
    "/rooms",
    "/links",
    "/links/net",
    "/privacy",
    "/sessions",
    "/password",
    "/data",
    "/doctor",
];

const ADMIN_PAGES: [&str; 2] = ["/admin", "/admin/account?of=ben@msn.example"];

#[tokio::test]
async fn every_page_has_one_heading_labels_for_all_fields_and_lets_the_browser_do_little() {
    let house = House::open("https://msn.example", SignUpPolicy::Open).await;
    let mut browser = house.browser_of("ann").await;
    let mut guest = house.browser();
    let mut pages = Vec::new();
    for path in ["/", "/sign-in", "/sign-up", "/connect"] {
        pages.push((path, guest.get(path).await));
    }
    browser
        .submit("/contacts", &[("action", "add"), ("whom", "ben")])
        .await
        .has("ben@msn.example is on your list now.");
    for path in PAGES.into_iter().chain(ADMIN_PAGES).chain(["/confirm", "/contacts/person?of=ben%40msn.example"]) {
        pages.push((path, browser.get(path).await));
    }
    for (path, page) in pages {
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert_eq!(page.body.matches("<h1>").count(), 1, "{path}");
        assert!(
            !page.body.contains("<script") && !page.body.contains("style=") && !page.body.contains("<b>Ann"),
            "{path}"
        );
        for landmark in
            ["<html lang=\"en\">", "<main id=\"content\"", "class=\"skip\" href=\"#content\"", "name=\"viewport\""]
        {
            assert!(page.body.contains(landmark), "{landmark} on {path}");
        }
        let policy = page.header("Content-Security-Policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'"),
            "{path}"
        );
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("X-Content-Type-Options"), "nosniff");
        assert_eq!((page.header("Referrer-Policy"), page.header("Cache-Control")), ("same-origin", "no-store"));
        for field in page.body.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("select")) {
            if !field.contains("type=\"hidden\"") {
                let id = crate::server::between(field, "id=\"", "\"");
                assert!(page.body.contains(&format!("for=\"{id}\"")), "a label for {id} on {path}");
                assert_eq!(page.body.matches(&format!(" id=\"{id}\"")).count(), 1, "{id} on {path}");
            }
        }
    }
    house.close().await;
}

#[tokio::test]
async fn nothing_is_shown_or_done_without_being_signed_in() {
    let house = House::open("http://127.0.0.1", SignUpPolicy::Closed).await;
    let mut guest = house.browser();
    for path in PAGES.into_iter().chain(ADMIN_PAGES) {
        let answer = guest.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        let wanted = path.replace('/', "%2F").replace('?', "%3F").replace('=', "%3D").replace('@', "%40");
        assert_eq!(answer.header("Location"), format!("/sign-in?to={wanted}"));
    }
    // What a browser brings back from elsewhere does not go on in another address.
    let back = guest.get("/links/net/back/TOKEN?key=s3cret").await;
    assert_eq!((back.status, back.header("Location")), (303, "/sign-in?to=%2Flinks%2Fnet"));
    for path in
        ["/doctor", "/password", "/data/delete", "/data/export", "/sessions", "/contacts", "/admin", "/profile/picture"]
    {
        let answer = guest.post(path, &[("proof", "x")]).await;
        assert_eq!((answer.status, answer.header("Location").split('?').next()), (303, Some("/sign-in")), "{path}");
    }
    let mut ben = house.browser_of("ben").await;
    for path in ADMIN_PAGES {
        let answer = ben.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        answer.has("That is for those who run this server.");
    }
    assert!(!ben.get("/home").await.body.contains("/admin"));
    house.close().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_read_the_same_and_are_counted() {
    let house = House::open("http://127.0.0.1", SignUpPolicy::Closed).await;
    let mut browser = house.browser();
    let door = browser.get("/sign-in?to=%2Frooms").await;
    let proof = door.proof().to_owned();
    let mut said = Vec::new();
    for (account, password) in [("ben@msn.example", "wrong"), ("nobody@msn.example", PASSWORD), ("<b>", "")] {
        let form = [("address", account), ("password", password), ("proof", &proof), ("to", "/rooms")];
        let answer = browser.post("/sign-in", &form).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.body.contains("value=\"<b>\""));
        said.push(crate::server::between(&answer.body, "role=\"alert\">", "<").to_owned());
    }
    assert!(said.iter().all(|each| *each == said[0]), "{said:?}");
    let right = [("address", "BEN"), ("password", PASSWORD), ("proof", &proof), ("to", "/rooms")];
    let answer = browser.post("/sign-in", &right).await;
    assert_eq!((answer.status, answer.header("Location")), (303, "/rooms"));
    let mut last = 0;
    for _ in 0..12 {
        let form = [("address", "ben"), ("password", "wrong"), ("proof", &proof)];
        let answer = browser.post("/sign-in", &form).await;
        last = answer.status;
        if last == 429 {
            assert!(answer.header("Retry-After").parse::<u32>().unwrap() > 0);
        }
    }
    assert_eq!(last, 429, "too many wrong passwords");
    house.close().await;
}

#[tokio::test]
async fn cookies_are_out_of_reach_and_of_tls_where_there_is_any() {
    for (url, prefix, ending) in [
        ("https://msn.example", "__Host-chrysalis-", "; Secure"),
        ("http://127.0.0.1", "chrysalis-", ""),
        ("http://192.168.1.5", "chrysalis-", ""),
    ] {
        let house = House::open(url, SignUpPolicy::Closed).await;
        let mut browser = house.browser();
        let door = browser.get("/sign-in").await;
        assert!(door.header("Set-Cookie").starts_with(&format!("{prefix}form=")));
        assert!(
            door.header("Set-Cookie").ends_with(&format!("; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict{ending}"))
        );
        let again = browser.get("/sign-in").await;
        assert_eq!(again.header("Set-Cookie"), door.header("Set-Cookie"), "the form has its whole hour again");
        let warns = door.body.contains("crosses the network in the clear");
        assert_eq!(warns, url == "http://192.168.1.5", "{url}");
        let form = [("address", "ben"), ("password", PASSWORD), ("proof", door.proof())];
        let answer = browser.post("/sign-in", &form).await;
        let set: Vec<_> = answer.head.lines().filter_map(|line| line.strip_prefix("Set-Cookie: ")).collect();
        assert_eq!(set.len(), 2, "{set:?}");
        assert!(
            set[0].starts_with(&format!("{prefix}seat="))
                && set[0].ends_with(&format!("HttpOnly; SameSite=Lax{ending}"))
        );
        assert!(
            set[1].starts_with(&format!("{prefix}act="))
                && set[1].ends_with(&format!("HttpOnly; SameSite=Strict{ending}"))
        );
        house.close().await;
    }
}

#[tokio::test]
async fn a_form_that_is_not_ours_does_nothing() {
    let house = House::open("https://msn.example", SignUpPolicy::Open).await;
    let mut ben = house.browser_of("ben").await;
    let page = ben.get("/contacts").await;
    let good = [("action", "add-group"), ("name", "Friends"), ("proof", page.proof())];
    let own = "Sec-Fetch-Site: same-origin\r\n";
    for header in [
        "Origin: https://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://msn.example\r\n",
        "Origin: http://localhost\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        assert_eq!(ben.post_from(header, "/contacts", &good).await.status, 403, "{header}");
    }
    for proof in ["", "x", &page.proof()[1..]] {
        let form = [("action", "add-group"), ("name", "Friends"), ("proof", proof)];
        assert_eq!(ben.post_from(own, "/contacts", &form).await.status, 403, "{proof}");
    }
    assert_eq!(ben.post_from(own, "/contacts", &good[..2]).await.status, 403, "no proof at all");
    // What another site makes a browser send has the lax cookie alone.
    let mut lax = ben.clone();
    lax.cookies.remove("__Host-chrysalis-act");
    assert_eq!(lax.post_from(own, "/contacts", &good).await.status, 403);
    // Another account's page proves nothing.
    let mut ann = house.browser_of("ann").await;
    let theirs = ann.get("/contacts").await;
    let form = [("action", "add-group"), ("name", "Friends"), ("proof", theirs.proof())];
    assert_eq!(ben.post_from(own, "/contacts", &form).await.status, 403);
    ben.get("/contacts").await.has("You have no groups.");
    for header in [own, "Origin: https://msn.example\r\n", "Origin: https://localhost\r\n", ""] {
        let page = ben.get("/contacts").await;
        let name = format!("Group {}", header.len());
        let form = [("action", "add-group"), ("name", &name), ("proof", page.proof())];
        assert_eq!(ben.post_from(header, "/contacts", &form).await.status, 303, "{header}");
        ben.get("/contacts").await.has(&name);
    }
    // Nor does anybody sign in by a form from elsewhere.
    let mut guest = house.browser();
    let form = [("address", "ben"), ("password", PASSWORD), ("proof", "x")];
    assert_eq!(guest.post("/sign-in", &form).await.status, 403);
    let door = guest.get("/sign-in").await;
    let form = [("address", "ben"), ("password", PASSWORD), ("proof", door.proof())];
    let mut other = house.browser();
    assert_eq!(other.post("/sign-in", &form).await.status, 403, "without the cookie of the form");
    house.close().await;
}

#[tokio::test]
async fn whoever_signs_in_is_sent_to_pages_of_ours_alone() {
    let house = House::open("https://example.org/chat/", SignUpPolicy::Closed).await;
    for (to, location) in [
        ("/rooms", "/chat/rooms"),
        ("https://evil.example", "/chat/home"),
        ("//evil.example", "/chat/home"),
        ("/sign-out", "/chat/home"),
    ] {
        let mut browser = house.browser();
        let door = browser.get("/sign-in").await;
        door.has("action=\"/chat/sign-in\"").has("href=\"/chat/style.css\"");
        let form = [("address", "ben"), ("password", PASSWORD), ("to", to), ("proof", door.proof())];
        assert_eq!(browser.post("/sign-in", &form).await.header("Location"), location, "{to}");
    }
    house.close().await;
}

#[tokio::test]
async fn people_make_themselves_accounts_as_the_configuration_lets_them() {
    let house = House::open("https://msn.example", SignUpPolicy::Closed).await;
    house.browser().get("/sign-up").await.has("ask them");
    assert!(!house.browser().get("/").await.body.contains("/sign-up"));
    house.close().await;

    let house = House::open("https://msn.example", SignUpPolicy::Invite).await;
    let mut ann = house.browser_of("ann").await;
    let admin = ann.get("/admin").await;
    let form = [("action", "make-invite"), ("note", "<Eve>"), ("uses", "1"), ("days", "7"), ("proof", admin.proof())];
    let made = ann.post("/admin", &form).await;
    assert_eq!((made.status, made.header("Location")), (303, "/admin"), "loading it again makes no second one");
    // Whichever page comes first shows it.
    let page = ann.get("/home").await;
    let code = crate::server::between(&page.body, "id=\"code\">", "<").to_owned();
    assert_eq!(code.len(), 23, "{code}");
    let admin = ann.get("/admin").await;
    admin
        .has("&#60;Eve&#62;")
        .has("signs up at https://msn.example/sign-up.")
        .has("aria-label=\"Revoke the code &#60;Eve&#62;, good until ");
    assert!(!admin.body.contains(&code) && !page.body.contains("?invite="), "it is shown once, and in no address");

    let mut eve = house.browser();
    let page = eve.get("/sign-up").await;
    let proof = page.proof().to_owned();
    let form = |address, again, invite| {
        [
            ("address", address),
            ("name", "Eve"),
            ("password", "battery staple"),
            ("again", again),
            ("invite", invite),
            ("proof", proof.as_str()),
        ]
        .map(|(name, value): (&str, &str)| (name.to_owned(), value.to_owned()))
    };
    for (address, again, invite, problem) in [
        ("eve", "other", code.as_str(), "not typed the same twice"),
        ("eve", "battery staple", "guess", "That invite code is not good"),
        ("ben", "battery staple", &code, "cannot be had here"),
        ("x@net.msn.example", "battery staple", &code, "cannot be had here"),
    ] {
        let form = form(address, again, invite);
        let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = eve.post("/sign-up", &form).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        answer.has(problem).has(&format!("value=\"{address}\""));
        assert!(!answer.body.contains("battery"), "a password is not shown again");
    }
    let form = form("eve", "battery staple", &code);
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = eve.post("/sign-up", &form).await;
    assert_eq!((answer.status, answer.header("Location")), (303, "/home"));
    eve.get("/home").await.has("Welcome, Eve").has("eve@msn.example");
    house.close().await;
}
