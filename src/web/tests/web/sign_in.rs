//! Signing in over HTTP: old clients read bytes, not HTTP.

use std::sync::atomic::Ordering;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::server::{Server, TICKET, between, has_line};

impl Server {
    /// Asks for tickets as Messenger 7.5 does.
    pub(crate) async fn rst(&self, passport: &str, password: &str) -> String {
        let (header, body) = recorded();
        assert!(header.starts_with("POST /RST.srf HTTP/1.1\r\n"));
        let body = body.replace("dave@example.com", passport).replace("password1", password);
        self.post("/RST.srf", "", &body).await
    }

    async fn login(&self, claim: &str) -> String {
        self.get("/login2.srf", &format!("Authorization: Passport1.4 OrgVerb=GET,{claim}\r\n")).await
    }
}

/// The head and the body of the request that msn-pecan was recorded to send.
fn recorded() -> (String, String) {
    let recording = include_str!("../../../../tests/recordings/rst-msn-pecan.txt");
    let sent: Vec<&str> = recording
        .lines()
        .skip_while(|line| !line.contains("C> "))
        .skip(1)
        .take_while(|line| !line.contains("S< "))
        .collect();
    let whole = sent.join("").replace("\\r\\n", "\r\n");
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    (format!("{head}\r\n\r\n"), body.to_owned())
}

#[tokio::test]
async fn the_nexus_names_the_login_server_in_the_form_of_its_public_url() {
    for (public_url, documented, whole) in [
        ("https://msn.example", "msn.example/login2.srf", "https://msn.example/login2.srf"),
        ("https://msn.example:8443/", "msn.example:8443/login2.srf", "https://msn.example:8443/login2.srf"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/login2.srf", "http://127.0.0.1:8080/login2.srf"),
    ] {
        let server = Server::start(public_url).await;
        for (path, login) in [("/rdr/pprdr.asp", documented), ("/nexus", whole)] {
            let answer = server.get(path, "").await;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(has_line(&answer, &format!("PassportURLs: DALogin={login}")), "{answer}");
            assert!(has_line(&answer, "Content-Length: 0"), "{answer}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn passport_login_gives_a_ticket_for_the_right_password_only() {
    let server = Server::start("http://127.0.0.1").await;
    for claim in [
        "OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,sign-in=dave%40example.com,pwd=password1,lc=1033,id=507,ru=http%3A%2F%2Fx",
        "sign-in=dave@example.com,pwd=a%2Cb%25c%3Dd%26e%3Cf%3E%22%27,id=507",
        "sign-in=dave%40example.com,pwd=na%C3%AFve%20%E2%82%AC,id=507",
        "sign-in=dave@example.com,pwd=100%=x,id=507",
    ] {
        let answer = server.login(claim).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{claim}: {answer}");
        let info = between(&answer, "\r\nAuthentication-Info: ", "\r\n");
        assert!(info.starts_with("Passport1.4 da-status=success,"), "{info}");
        assert_eq!(between(info, "from-PP='", "'"), format!("t={TICKET}&p="));
        // Clients that take all that follows, and drop the quotes, have the same ticket.
        assert!(info.ends_with("&p='"), "{info}");
    }
    let same = server.get("/login.srf", "Authorization: Passport1.4 sign-in=dave@example.com,pwd=password1\r\n").await;
    assert!(same.contains(TICKET), "{same}");
    server.stop().await;
}

#[tokio::test]
async fn passport_login_refuses_in_its_own_words() {
    let server = Server::start("http://127.0.0.1").await;
    let failed = "WWW-Authenticate: Passport1.4 da-status=failed";
    for claim in
        ["sign-in=dave@example.com,pwd=wrong", "sign-in=nobody@example.com,pwd=x", "sign-in=dave@example.com", ""]
    {
        let answer = server.login(claim).await;
        assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n") && has_line(&answer, failed), "{claim}: {answer}");
        assert!(!answer.contains(TICKET));
    }
    let bare = server.get("/login2.srf", "").await;
    assert!(bare.starts_with("HTTP/1.1 401 ") && has_line(&bare, failed), "{bare}");
    let hasty = server.login("sign-in=hasty@example.com,pwd=x").await;
    assert!(
        hasty.starts_with("HTTP/1.1 401 ") && has_line(&hasty, failed) && has_line(&hasty, "Retry-After: 40"),
        "{hasty}"
    );
    let early = server.login("sign-in=early@example.com,pwd=x").await;
    assert!(early.starts_with("HTTP/1.1 503 "), "{early}");
    server.stop().await;
}

#[tokio::test]
async fn the_recorded_rst_request_is_granted() {
    let server = Server::start("https://msn.example").await;
    let (head, body) = recorded();
    let answer = server.exchange(format!("{head}{body}")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.len() < 8192, "{}: {answer}", answer.len());
    assert!(has_line(&answer, "Content-Type: text/xml; charset=utf-8"), "{answer}");
    let (_, envelope) = answer.split_once("\r\n\r\n").unwrap();
    assert!(has_line(&answer, &format!("Content-Length: {}", envelope.len())), "{answer}");
    let token = format!("t={TICKET}&amp;p=x");
    assert_eq!(between(&answer, "<wsse:BinarySecurityToken Id=\"Compact1\">", "<"), token);
    assert_eq!(between(&answer, "<wsse:BinarySecurityToken Id=\"Compact2\">", "<"), token);
    assert!(!answer.contains("Compact3") && answer.contains("<psf:reqstatus>0x0</psf:reqstatus>"));
    let browser = answer.find("<wsa:Address>http://Passport.NET/tb</wsa:Address>").unwrap();
    let messenger = answer.find("<wsa:Address>messenger.msn.com</wsa:Address>").unwrap();
    let secure = answer.find("<wsa:Address>messengersecure.live.com</wsa:Address>").unwrap();
    assert!(browser < messenger && messenger < answer.find("Compact1").unwrap() && messenger < secure);
    server.stop().await;
}

#[tokio::test]
async fn an_rst_answer_with_eight_tokens_is_under_8192_bytes() {
    let server = Server::start("https://msn.example").await;
    let (_, body) = recorded();
    let asked = between(&body, "<wst:RequestSecurityToken Id=\"RST2\">", "</ps:RequestMultipleSecurityTokens>");
    let body = body.replace(asked, &format!("{asked}{}", format!("<wst:RequestSecurityToken>{asked}").repeat(5)));
    let answer = server.post("/RST.srf", "", &body).await;
    assert!(answer.contains("Compact7") && answer.len() < 8192, "{}: {answer}", answer.len());
    server.stop().await;
}

#[tokio::test]
async fn rst_passwords_are_unescaped_and_wrong_ones_told() {
    let server = Server::start("https://msn.example").await;
    for password in
        ["a,b%c=d&amp;e&lt;f&gt;&quot;&apos;", "na&#xEF;ve &#8364;", "naïve €", "<![CDATA[a,b%c=d&e<f>\"']]>"]
    {
        let answer = server.rst("dave@example.com", password).await;
        assert!(answer.contains("Compact1"), "{password}: {answer}");
    }
    for (passport, password) in [("dave@example.com", "wrong"), ("nobody@example.com", "x"), ("hasty@example.com", "x")]
    {
        let answer = server.rst(passport, password).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("<psf:reqstatus>0x80048821</psf:reqstatus>"), "{answer}");
        assert!(between(&answer, "<faultcode", "</faultcode>").ends_with("wsse:FailedAuthentication"), "{answer}");
        assert!(!answer.contains(TICKET));
    }
    assert!(server.rst("early@example.com", "x").await.starts_with("HTTP/1.1 503 "));
    server.stop().await;
}

#[tokio::test]
async fn garbage_is_an_invalid_request_and_too_much_is_refused() {
    let server = Server::start("https://msn.example").await;
    for garbage in ["", "\0\0", "<a>", "not xml at all", "<Envelope></Envelope>", "<a></b>", "&&&"] {
        let answer = server.post("/RST.srf", "", garbage).await;
        assert!(
            answer.contains("<faultcode>S:Client</faultcode><faultstring>Invalid Request</faultstring>"),
            "{answer}"
        );
    }
    let announced = server.exchange("POST /RST.srf HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n").await;
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    let chunk = format!("{:x}\r\n{}\r\n", 70_000, "x".repeat(70_000));
    let head = "POST /RST.srf HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let unannounced = server.exchange(format!("{head}{chunk}0\r\n\r\n")).await;
    assert!(unannounced.starts_with("HTTP/1.1 413 "), "{unannounced}");
    let head = server.exchange(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(20_000))).await;
    assert!(head.starts_with("HTTP/1.1 431 "), "{head}");
    assert!(server.exchange("nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    server.stop().await;
}

#[tokio::test]
async fn patched_clients_get_a_token_header() {
    let server = Server::start("http://127.0.0.1").await;
    let answer = server.post("/NotRST.srf", "X-User: dave@example.com\r\nX-Password: naïve €\r\n", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && has_line(&answer, &format!("X-Token: {TICKET}")), "{answer}");
    for header in ["X-User: dave@example.com\r\nX-Password: no\r\n", "X-User: dave@example.com\r\n", ""] {
        let answer = server.post("/NotRST.srf", header, "").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && !answer.contains("X-Token"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn knocks_pages_and_strays_are_answered() {
    let server = Server::start("http://127.0.0.1:8080").await;
    let knock = server.post("/", "", "anything").await;
    assert!(knock.starts_with("HTTP/1.1 200 OK\r\n") && knock.ends_with("\r\n\r\n"), "{knock}");
    let page = server.get("/", "").await;
    assert!(
        page.contains("http://127.0.0.1:8080/rdr/pprdr.asp")
            && has_line(&page, "Content-Type: text/html; charset=utf-8")
    );
    for stray in ["/ppcrlconfig.bin", "/ppcrlcheck.srf", "/RST.srf/x"] {
        let answer = server.get(stray, "").await;
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(has_line(&answer, "Content-Length: 0"), "{answer}");
    }
    let old = server.exchange("GET /rdr/pprdr.asp HTTP/1.0\r\n\r\n").await;
    assert!(has_line(&old, "PassportURLs: DALogin=http://127.0.0.1:8080/login2.srf"), "{old}");
    server.stop().await;
}

#[tokio::test]
async fn one_connection_serves_several_requests_with_their_spelling() {
    let server = Server::start("http://127.0.0.1").await;
    let (head, body) = recorded();
    let expecting = head.replace("Accept: */*\r\n", "Expect: 100-continue\r\n");
    let nexus = "GET /rdr/pprdr.asp HTTP/1.1\r\nHost: x\r\n\r\n";
    let answers = server.exchange(format!("{nexus}GET / HTTP/1.1\r\nHost: x\r\n\r\n{expecting}{body}{nexus}")).await;
    assert_eq!(answers.matches("\r\nPassportURLs: DALogin=").count(), 2, "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 4, "{answers}");
    server.stop().await;
}

#[tokio::test]
async fn stopping_ends_idle_connections() {
    let server = Server::start("http://127.0.0.1").await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /nexus HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 1024]).await.unwrap() > 0);
    server.stop().await;
    assert_eq!(idle.read(&mut [0; 1024]).await.unwrap(), 0);
}

#[tokio::test]
async fn whoever_examines_the_server_is_told_when_no_password_can_be_looked_at() {
    let server = Server::start("http://127.0.0.1").await;
    let nobody = "0123456789@doctor.invalid";
    let claim = format!("sign-in={nobody},pwd=doctor,id=507");
    assert!(server.login(&claim).await.starts_with("HTTP/1.1 401 "));
    assert!(server.rst(nobody, "doctor").await.contains("wsse:FailedAuthentication"));
    server.behind.is_away.store(true, Ordering::Relaxed);
    assert!(server.login(&claim).await.starts_with("HTTP/1.1 503 "));
    assert!(server.rst(nobody, "doctor").await.starts_with("HTTP/1.1 503 "));
    server.stop().await;
}
