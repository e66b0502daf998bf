//! What people do once they are in.

use server::SignUpPolicy;

use crate::house::{House, PASSWORD};

async fn house() -> House {
    House::open("http://127.0.0.1", SignUpPolicy::Closed).await
}

#[tokio::test]
async fn another_password_signs_everybody_else_out() {
    let house = house().await;
    let (mut ben, mut elsewhere) = (house.browser_of("ben").await, house.browser_of("ben").await);
    let new = [("old", PASSWORD), ("new", "battery staple"), ("again", "battery staple")];
    for (form, problem) in [
        ([("old", "wrong"), new[1], new[2]], "That is not right"),
        ([new[0], new[1], ("again", "x")], "not typed the same twice"),
        ([new[0], ("new", "short"), ("again", "short")], "too short"),
    ] {
        ben.submit("/password", &form).await.has(problem).has("role=\"alert\"");
    }
    assert_eq!(elsewhere.get("/home").await.status, 200);
    ben.submit("/password", &new).await.has("Your password is changed.").has("role=\"status\"");
    assert_eq!(ben.get("/home").await.status, 200);
    assert_eq!(elsewhere.get("/home").await.status, 303);
    house.close().await;
}

#[tokio::test]
async fn browsers_are_listed_and_signed_out() {
    let house = house().await;
    let (mut ben, mut other, mut third) =
        (house.browser_of("ben").await, house.browser_of("ben").await, house.browser_of("ben").await);
    let page = other.get("/sessions").await;
    page.has("Test &#60;1&#62;").has(">this one<").has("Messenger is not signed in.");
    let ids: Vec<&str> =
        page.body.split("name=\"id\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(ids.len(), 3);
    assert!(!page.body.contains(&ben.cookies["chrysalis-seat"]), "what a browser shows is nowhere on a page");
    let own = crate::server::between(&page.body, ">this one<", "</li>");
    let own = crate::server::between(own, "name=\"id\" value=\"", "\"");
    let gone = other.post("/sessions", &[("action", "browser"), ("id", own), ("proof", page.proof())]).await;
    assert_eq!((gone.status, gone.header("Location"), other.cookies.contains_key("chrysalis-seat")), (303, "/", false));
    third.submit("/sessions", &[("action", "others")]).await.has("Every other browser is signed out.");
    assert_eq!((ben.get("/home").await.status, third.get("/home").await.status), (303, 200));
    let page = third.get("/home").await;
    let form = [("proof", page.proof())];
    assert_eq!(third.post("/sign-out", &form).await.header("Location"), "/");
    assert_eq!(third.get("/home").await.status, 303);
    house.close().await;
}

#[tokio::test]
async fn a_profile_is_changed_and_its_picture_made_to_fit() {
    let house = house().await;
    let mut ben = house.browser_of("ben").await;
    ben.submit("/profile", &[("action", "name"), ("value", "Benjamin <b>")]).await.has("It is changed.");
    ben.get("/profile").await.has("value=\"Benjamin &#60;b&#62;\"").has("Sign in there to write it.");
    ben.submit("/profile", &[("action", "line"), ("value", "At sea")]).await.has("only while Messenger is signed in");
    ben.submit("/profile", &[("action", "dance")]).await.has("Nothing was done");

    let proof = ben.get("/profile").await.proof().to_owned();
    let gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    let part = |name: &str, rest: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{rest}\r\n\r\n");
    let upload = |proof: &str, picture: &[u8]| {
        let head = format!("{}{proof}\r\n{}", part("proof", ""), part("picture", "; filename=\"a.gif\""));
        [head.as_bytes(), picture, b"\r\n--x--\r\n"].concat()
    };
    let header = "Sec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=x\r\n";
    let line = "POST /profile/picture HTTP/1.1";
    assert_eq!(ben.ask(line, header, &upload("guess", gif)).await.status, 403);
    assert_eq!(ben.ask(line, "Sec-Fetch-Site: cross-site\r\n", &upload(&proof, gif)).await.status, 403);
    assert_eq!(ben.get("/profile/picture").await.status, 404);
    assert_eq!(ben.ask(line, header, &upload(&proof, b"no picture")).await.status, 303);
    ben.get("/profile").await.has("That is no picture that can be shown");
    assert_eq!(ben.ask(line, header, &upload(&proof, gif)).await.status, 303);
    ben.get("/profile").await.has("That is your picture now.").has("src=\"/profile/picture\" alt=\"Your picture\"");
    // Photos are larger than what other forms may be: what comes after the picture's end is no part of it.
    let photo = [gif.as_slice(), &vec![0; 3 << 20]].concat();
    assert_eq!(ben.ask(line, header, &upload(&proof, &photo)).await.status, 303);
    ben.get("/profile").await.has("That is your picture now.");
    let picture = ben.get("/profile/picture").await;
    assert_eq!((picture.status, picture.header("Content-Type")), (200, "image/png"));
    assert_eq!(house.browser().get("/profile/picture").await.status, 303, "it is nobody else's");
    let form = [("proof", proof.as_str())];
    assert_eq!(ben.post("/profile/picture/remove", &form).await.status, 303);
    ben.get("/profile").await.has("You have no picture now.");
    house.close().await;
}

#[tokio::test]
async fn contacts_are_found_added_grouped_blocked_and_removed() {
    let house = house().await;
    let (mut ben, mut ann) = (house.browser_of("ben").await, house.browser_of("ann").await);
    ben.get("/contacts?search=zoe").await.has("Zoe &#60;z&#62;").has("value=\"zoe@net.msn.example\"");
    ben.get("/contacts?search=%3Ci%3E").await.has("is called “&#60;i&#62;”");
    ben.submit("/contacts", &[("action", "add"), ("whom", "zoe@net.msn.example")])
        .await
        .has("is asked.")
        .has("role=\"status\"");
    ben.submit("/contacts", &[("action", "add"), ("whom", "ann")]).await.has("ann@msn.example is on your list now.");
    ben.submit("/contacts", &[("action", "add"), ("whom", "nobody@msn.example")])
        .await
        .has("role=\"alert\">Nobody and nothing is called &#34;nobody@msn.example&#34;.</p>");
    ben.submit("/contacts", &[("action", "add-group"), ("name", "Friends")]).await.has("value=\"Friends\"");

    let person = "/contacts/person?of=zoe%40net.msn.example";
    let page = ben.get(person).await;
    let group = crate::server::between(&page.body, "name=\"group\" value=\"", "\"").to_owned();
    let zoe = ("whom", "zoe@net.msn.example");
    ben.submit(person, &[("action", "groups"), zoe, ("group", &group)])
        .await
        .has("\" checked")
        .has(&format!("type=\"hidden\" name=\"shown\" value=\"{group}\""));
    ben.submit(person, &[("action", "block"), zoe]).await.has("no: blocked");
    ben.submit(person, &[("action", "let-in"), zoe]).await.has("sees you from now on.");
    ben.submit(person, &[("action", "part"), zoe]).await.has("one person on one network alone");
    ben.submit(person, &[("action", "remove"), zoe]).await.has("is on your contact list no more.");
    ben.get("/contacts").await.has("Your contacts (1)").has("<h2>Not on your list</h2>");
    assert_eq!(ben.get("/contacts/person?of=%3Cb%3E").await.status, 404);

    ann.get("/home").await.has("1 person has added you and waits for your answer.");
    ann.get("/contacts").await.has("<strong>Ben</strong> has added you").has("ben@msn.example");
    ann.submit("/contacts", &[("action", "let-in"), ("whom", "ben@msn.example")]).await.has("sees you from now on.");
    assert!(!ann.get("/contacts").await.body.contains("has added you"));
    house.close().await;
}

#[tokio::test]
async fn links_are_made_shown_and_ended_by_whoever_gave_the_password_just_now() {
    let house = house().await;
    let mut ben = house.browser_of("ben").await;
    ben.get("/links").await.has("not linked").has("Link net");
    let page = ben.get("/links/net").await;
    page.has("<h2>By token &#38; all.</h2>").has("What is &#60;the&#62; token?").has("type=\"password\"");
    assert!(page.header("Content-Security-Policy").contains("form-action 'self' https: http:;"));
    ben.submit("/links/net", &[("way", "token"), ("answer-token", "wrong")])
        .await
        .has("That did not work: it is &#60;wrong&#62;.");
    let linked = ben.submit("/links/net", &[("way", "token"), ("answer-token", "s3cret")]).await;
    linked.has("You are linked.").has("&#60;b&#62;token&#60;/b&#62;").has("Nobody &#60;sees&#62; you.");
    assert!(!linked.body.contains("s3cret"));
    ben.get("/home").await.has("<strong>1</strong> working link");
    ben.submit("/links/net", &[("task", "wave")]).await.has("It &#60;waves&#62;.");
    ben.submit("/links/net", &[("unlink", "yes")]).await.has("You are linked no more.");
    assert_eq!(ben.get("/links/nowhere").await.status, 404);

    // Through the browser: away, and back with a key, by whoever went.
    let page = ben.get("/links/net").await;
    let away = ben.post("/links/net", &[("way", "door"), ("answer-user", "ben"), ("proof", page.proof())]).await;
    let back = away.header("Location").strip_prefix("https://elsewhere.example/door?back=http://127.0.0.1").unwrap();
    let back = format!("{back}?key=s3cret");
    let mut ann = house.browser_of("ann").await;
    assert_eq!(ann.get(&back).await.header("Location"), "/links/net");
    ann.get("/links/net").await.has("This address is not good").has("You are not linked to net by yourself");
    // Where it was sent reads the address: it opens nothing.
    let token = back.split(['/', '?']).nth(4).unwrap();
    assert_eq!(house.browser().get(&format!("/link/{token}")).await.status, 404, "{back}");
    assert_eq!(ben.get(&back).await.header("Location"), "/links/net");
    ben.get("/links/net").await.has("You are linked.").has("&#60;b&#62;door&#60;/b&#62;");
    house.close().await;
}

#[tokio::test]
async fn pages_that_wait_load_themselves_so_often_and_take_no_note_from_others() {
    let house = house().await;
    let mut ben = house.browser_of("ben").await;
    ben.submit("/links/net", &[("way", "token"), ("answer-token", "late")]).await.has("You are linked.");
    let page = ben.get("/links").await;
    page.has("it waits. Somebody &#60;lets&#62; you in.").has("<a href=\"/links\">Look again</a>");
    assert!(!page.body.contains("http-equiv=\"refresh\""), "that may last for ever");
    // Something was begun that goes on elsewhere.
    ben.get("/links/net").await.has("content=\"5; url=/links/net?again=1\"");
    assert!(!ben.get("/links/net?again=36").await.has("Look again").body.contains("http-equiv=\"refresh\""));

    let page = ben.get("/links/net").await;
    let form = [("way", "token"), ("answer-token", "slow"), ("proof", page.proof())];
    assert_eq!(ben.post("/links/net", &form).await.status, 303);
    // A tab that was left open on the other page does not have the note, the one that posted has.
    let page = ben.get("/links?again=3").await;
    page.has("content=\"10; url=/links?again=4\"");
    assert!(!page.body.contains("You are linked."), "{}", page.body);
    ben.get("/links/net").await.has("role=\"status\">You are linked.");
    assert!(!ben.get("/links?again=36").await.body.contains("http-equiv=\"refresh\""));
    house.close().await;
}

#[tokio::test]
async fn no_secret_of_a_network_is_taken_where_others_could_listen() {
    let house = House::open("http://192.168.1.5", SignUpPolicy::Closed).await;
    let mut ben = house.browser_of("ben").await;
    ben.get("/links/net").await.has("Secrets of networks are not taken on this page");
    let answer = ben.submit("/links/net", &[("way", "token"), ("answer-token", "s3cret")]).await;
    answer.has("crosses the network in the clear").has("You are not linked to net by yourself");
    house.close().await;
}

#[tokio::test]
async fn choices_are_kept() {
    let house = house().await;
    let mut ben = house.browser_of("ben").await;
    let page = ben.get("/privacy").await;
    page.has("value=\"everybody\" checked").has("name=\"asks\" value=\"yes\" checked").has("value=\"UTC\"");
    let shown = [
        ("shown-privacy", "everybody"),
        ("shown-asks", "yes"),
        ("shown-receipts", "yes"),
        ("shown-sharing-net", "everything"),
        ("shown-rooms", "prefixed"),
        ("shown-zone", "UTC"),
    ];
    for (name, value) in shown {
        page.has(&format!("name=\"{name}\" value=\"{value}\""));
    }
    let form = |form: &[(&'static str, &'static str)]| [&shown[..], form].concat();
    let first = form(&[
        ("privacy", "allowed"),
        ("receipts", "yes"),
        ("sharing-net", "status"),
        ("rooms", "members"),
        ("zone", "europe/berlin"),
    ]);
    let page = ben.submit("/privacy", &first).await;
    page.has("value=\"status\" selected")
        .has("value=\"allowed\" checked")
        .has("value=\"members\" checked")
        .has("value=\"Europe/Berlin\"");
    assert!(!page.body.contains("name=\"asks\" value=\"yes\" checked"));
    // The page that was open all day changes what is chosen on it, and nothing back.
    let stale = form(&[
        ("privacy", "everybody"),
        ("asks", "yes"),
        ("sharing-net", "everything"),
        ("rooms", "prefixed"),
        ("zone", "UTC"),
    ]);
    let page = ben.submit("/privacy", &stale).await;
    page.has("value=\"status\" selected")
        .has("value=\"allowed\" checked")
        .has("value=\"members\" checked")
        .has("value=\"Europe/Berlin\"");
    assert!(!page.body.contains("name=\"receipts\" value=\"yes\" checked"));
    let wrong = form(&[("privacy", "everybody"), ("rooms", "prefixed"), ("zone", "<Nowhere>")]);
    ben.submit("/privacy", &wrong).await.has("role=\"alert\">There is no such time zone.");
    let gone = form(&[("privacy", "everybody"), ("sharing-gone", "nothing"), ("rooms", "prefixed"), ("zone", "UTC")]);
    ben.submit("/privacy", &gone).await.has("role=\"alert\">A network has gone meanwhile.");
    let unheard = form(&[("privacy", "everybody"), ("sharing-net", "most"), ("rooms", "prefixed"), ("zone", "UTC")]);
    ben.submit("/privacy", &unheard).await.has("Nothing was done");
    ben.submit("/privacy", &[("privacy", "everybody"), ("rooms", "prefixed"), ("zone", "UTC")])
        .await
        .has("Nothing was done");
    house.close().await;
}

#[tokio::test]
async fn an_account_is_taken_along_and_deleted_for_its_password() {
    let house = house().await;
    let mut ben = house.browser_of("ben").await;
    let proof = ben.get("/data").await.proof().to_owned();
    let form = |password: &'static str| [("password", password), ("proof", proof.as_str())];
    assert_eq!(ben.post("/data/export", &form("wrong")).await.header("Location"), "/data");
    ben.get("/data").await.has("That is not right");
    let file = ben.post("/data/export", &form(PASSWORD)).await;
    assert_eq!(file.header("Content-Disposition"), "attachment; filename=\"chrysalis-ben-msn-example.json\"");
    file.has("\"address\": \"ben@msn.example\"").has("\"missing\": []");
    ben.get("/data").await.has("messages that wait for you").has("Not in it are passwords and secrets");
    assert_eq!(ben.post("/data/delete", &form(PASSWORD)).await.header("Location"), "/data");
    ben.get("/data").await.has("Tick the box first");
    let sure = [("password", PASSWORD), ("sure", "yes"), ("proof", proof.as_str())];
    ben.post("/data/delete", &sure).await.has("Your account is deleted");
    assert!(!ben.cookies.contains_key("chrysalis-seat"));
    let mut again = house.browser();
    let door = again.get("/sign-in").await;
    let form = [("address", "ben"), ("password", PASSWORD), ("proof", door.proof())];
    assert_eq!(again.post("/sign-in", &form).await.status, 403);
    house.close().await;
}

#[tokio::test]
async fn those_who_run_the_server_make_mend_and_remove_accounts() {
    let house = house().await;
    let mut ann = house.browser_of("ann").await;
    ann.get("/admin")
        .await
        .has("net: <span class=\"pill good\">nothing is wrong</span>")
        .has("Nothing has gone wrong since the start.")
        .has("&#60;b&#62;Ann&#60;/b&#62;");
    let form = [("action", "add-account"), ("address", "eve"), ("name", "Eve"), ("password", "battery staple")];
    ann.submit("/admin", &form).await.has("The account is made.").has("eve@msn.example");
    ann.submit("/admin", &form).await.has("There is an account eve@msn.example already.");
    let found = ann.get("/admin?find=EVE").await;
    assert!(!found.has("1 of 3 are shown.").body.contains("of=ben%40"), "{}", found.body);
    let of = "/admin/account?of=ben%40msn.example";
    let ben = ("whom", "ben@msn.example");
    ann.get(of).await.has("<h1>ben@msn.example</h1>").has("not signed in");
    ann.submit(of, &[("action", "password"), ben, ("password", "short")]).await.has("too short");
    ann.submit(of, &[("action", "password"), ben, ("password", "another horse")]).await.has("has that password now");
    ann.submit(of, &[("action", "remove"), ben]).await.has("Tick the box first");
    ann.submit(of, &[("action", "remove"), ben, ("sure", "yes")]).await.has("is removed.");
    assert_eq!(ann.get(of).await.status, 404);
    let own = "/admin/account?of=ann%40msn.example";
    let form = [("action", "remove"), ("whom", "ann@msn.example"), ("sure", "yes")];
    ann.submit(own, &form).await.has("That is your own account");
    house.close().await;
}

#[tokio::test]
async fn today_says_what_waits_for_whoever_messenger_sends() {
    let house = house().await;
    house
        .browser_of("ben")
        .await
        .submit("/contacts", &[("action", "add"), ("whom", "ann")])
        .await
        .has("is on your list now.");
    let here = std::net::Ipv4Addr::LOCALHOST.into();
    let ticket = house.handle.sign_in("ann@msn.example", PASSWORD, here).await.unwrap().value;
    let mut messenger = house.browser();
    assert!(
        !messenger.get("/messenger/today").await.body.contains("Unread messages"),
        "a stranger sees nothing of anybody"
    );
    let dressed = format!("t={ticket}&p=");
    let answer = messenger.post("/messenger/login", &[("auth", &dressed), ("rru", "/messenger/today")]).await;
    assert_eq!(answer.header("Location"), "http://127.0.0.1/messenger/today");
    let today = messenger.get("/messenger/today").await;
    today
        .has("<th>Waiting for your answer</th><td class=\"count\">1</td><td>Ben</td>")
        .has("<th>Unread messages</th><td class=\"count\">0</td>")
        .has("HTML 4.01");
    assert_eq!(messenger.get("/data").await.status, 303, "a ticket opens nothing but that");
    house.close().await;
}
