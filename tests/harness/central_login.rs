//! A page on which a homeserver lets people sign in, over the protocol of the Central Authentication Service (CAS, version 2): anybody
//! is whoever they say they are.

use std::net::SocketAddr;

use reqwest::{Client, Response, Url, header, redirect::Policy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What a ticket begins with; the user's name follows.
const TICKET: &str = "ST-";

/// The page. It ends with this value.
pub struct CentralLogin {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl CentralLogin {
    /// Starts it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        Self { address, serving }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A browser goes to this address of a homeserver, which sends it here; somebody signs in as this user, and the browser goes back to
    /// the homeserver. Gives where that sends it to in the end.
    pub async fn sign_in(&self, address: &str, user: &str) -> String {
        let asked = browse(address).await;
        let here = Url::parse(&location(&asked).expect("the homeserver sends the browser to the page")).unwrap();
        assert_eq!(here.port(), Some(self.address.port()), "{here} is another page");
        let service = here.query_pairs().find(|(key, _)| key == "service").expect("where to go back to").1;
        let mut back = Url::parse(&service).unwrap();
        back.query_pairs_mut().append_pair("ticket", &format!("{TICKET}{user}"));
        let answer = browse(back.as_str()).await;
        if let Some(onward) = location(&answer) {
            return onward;
        }
        // The homeserver asks first whether that other place is trusted.
        let page = answer.text().await.unwrap();
        let (before, after) = page.split_once("loginToken=").unwrap_or_else(|| panic!("no way on in {page}"));
        let begin = before.rfind('"').expect("a link") + 1;
        let end = after.find('"').expect("a link");
        format!("{}loginToken={}", &before[begin..], &after[..end]).replace("&amp;", "&")
    }
}

impl Drop for CentralLogin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn location(answer: &Response) -> Option<String> {
    answer.headers().get(header::LOCATION).map(|location| location.to_str().unwrap().to_owned())
}

/// Gets what lies at an address of this machine, and follows nothing.
async fn browse(address: &str) -> Response {
    let url = Url::parse(address).unwrap();
    assert_eq!(url.host_str(), Some("127.0.0.1"), "tests stay on this machine: {address}");
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    assert!(answer.status().is_success() || answer.status().is_redirection(), "{address}: {}", answer.status());
    answer
}

/// What a browser sees: whoever it is says who they are.
const PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><title>Sign in</title><form action=\"/as\">\
                    <input type=\"hidden\" name=\"service\" value=\"{service}\">\
                    <label>User <input name=\"user\"></label><button>Sign in</button></form></html>";

/// The homeserver asks whose ticket it was given, or a browser wants one.
async fn serve(mut stream: TcpStream) {
    let mut request = Vec::new();
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or_default() == 0 {
            return;
        }
    }
    let request = String::from_utf8_lossy(&request);
    let target = request.split(' ').nth(1).unwrap_or_default();
    let asked = Url::parse(&format!("http://page{target}")).unwrap();
    let field = |wanted: &str| asked.query_pairs().find(|(key, _)| key == wanted).map(|(_, value)| value.into_owned());
    let answer = match (asked.path(), field("service")) {
        ("/login", Some(service)) => {
            let service = service.replace('&', "&amp;").replace('"', "&quot;");
            response("200 OK\r\nContent-Type: text/html", &PAGE.replace("{service}", &service))
        }
        ("/as", Some(service)) => {
            let mut back = Url::parse(&service).unwrap();
            let user = field("user").unwrap_or_default();
            back.query_pairs_mut().append_pair("ticket", &format!("{TICKET}{user}"));
            response(&format!("302 Found\r\nLocation: {back}"), "")
        }
        _ => response("200 OK\r\nContent-Type: text/xml", &verdict(field("ticket").as_deref())),
    };
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// Whose ticket it is.
fn verdict(ticket: Option<&str>) -> String {
    let outcome = match ticket.and_then(|ticket| ticket.strip_prefix(TICKET)) {
        Some(user) => {
            format!("<cas:authenticationSuccess><cas:user>{user}</cas:user></cas:authenticationSuccess>")
        }
        None => "<cas:authenticationFailure code=\"INVALID_TICKET\">who?</cas:authenticationFailure>".to_owned(),
    };
    format!("<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">{outcome}</cas:serviceResponse>")
}

fn response(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}
