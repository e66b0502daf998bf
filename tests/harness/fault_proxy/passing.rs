//! One request on its way to the server behind, and its answer on the way back.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::{HeaderMap, Request, Response, StatusCode, header};
use reqwest::Client;
use tokio::time::Sleep;

use super::Fault;
use super::plan::{Plan, Stroke};

/// How long the first half of an answer is given to arrive before the connection is cut.
const HALF: Duration = Duration::from_millis(20);

/// What a proxy shows to people.
const PAGE: &str = "<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body>\r\n<center><h1>Bad Gateway</h1></center>\r\n\
                    <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

/// The connection is cut.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// The way through.
pub(super) struct Passage {
    target: SocketAddr,
    client: Client,
    plan: Mutex<Plan>,
}

impl Passage {
    pub(super) fn new(target: SocketAddr, seed: u64) -> Self {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // A connection that was kept may belong to a server that has died since.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        Self { target, client, plan: Mutex::new(Plan::new(seed)) }
    }

    pub(super) fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap()
    }

    /// Takes a request of that asker through.
    pub(super) async fn pass(self: Arc<Self>, asker: u32, request: Request<Incoming>) -> Result<Response<Answer>, Cut> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
        // What was sent arrives, though its sender be killed meanwhile.
        tokio::spawn(async move {
            let path = head.uri.path().to_owned();
            let stroke = self.plan().next(&path, Instant::now());
            let answer = self.meet(stroke, head, body).await;
            match (stroke, &answer) {
                (Some(stroke), Ok(_) | Err(Outcome::Struck)) => {
                    self.plan().count(stroke, asker, &path, Instant::now());
                }
                (Some(stroke), Err(Outcome::Nobody)) => self.plan().put_back(stroke),
                (None, _) => {}
            }
            answer.map_err(|_| Cut)
        })
        .await
        .unwrap_or(Err(Cut))
    }

    async fn meet(
        &self,
        stroke: Option<Stroke>,
        head: hyper::http::request::Parts,
        body: Bytes,
    ) -> Result<Response<Answer>, Outcome> {
        let Some(Stroke { fault, time }) = stroke else { return self.forward(head, body).await };
        match fault {
            Fault::CutBefore => Err(Outcome::Struck),
            Fault::AnswerLost => self.forward(head, body).await.and(Err(Outcome::Struck)),
            Fault::AnswerCut => self.forward(head, body).await.map(|answer| answer.map(Answer::halved)),
            Fault::Delayed => {
                tokio::time::sleep(time).await;
                self.forward(head, body).await
            }
            Fault::BadGateway => Ok(answer(StatusCode::BAD_GATEWAY, "text/html", PAGE)),
            Fault::GatewayTimeout => {
                self.forward(head, body).await.map(|_| answer(StatusCode::GATEWAY_TIMEOUT, "text/html", PAGE))
            }
            Fault::Unavailable => Ok(answer(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "upstream is not there")),
            Fault::Internal => {
                let body = r#"{"errcode":"M_UNKNOWN","error":"Internal server error"}"#;
                Ok(answer(StatusCode::INTERNAL_SERVER_ERROR, "application/json", body))
            }
            Fault::Limited => {
                let body = format!(
                    r#"{{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":{}}}"#,
                    time.as_millis()
                );
                let mut answer = answer(StatusCode::TOO_MANY_REQUESTS, "application/json", body);
                answer
                    .headers_mut()
                    .insert(header::RETRY_AFTER, time.as_millis().div_ceil(1_000).to_string().parse().unwrap());
                Ok(answer)
            }
        }
    }

    /// Asks the server behind.
    async fn forward(&self, head: hyper::http::request::Parts, body: Bytes) -> Result<Response<Answer>, Outcome> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("http://{}{path}", self.target);
        let request = self.client.request(head.method, url).headers(of_the_message(head.headers)).body(body);
        let came = request.send().await.map_err(|_| Outcome::Nobody)?;
        let (status, headers) = (came.status(), of_the_message(came.headers().clone()));
        let bytes = came.bytes().await.map_err(|_| Outcome::Nobody)?;
        let mut answer = Response::new(Answer::whole(bytes));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

/// Why there is no answer.
enum Outcome {
    /// The fault wants it so.
    Struck,
    /// The server behind is not there.
    Nobody,
}

/// The headers without those of the one connection that they came on.
fn of_the_message(mut headers: HeaderMap) -> HeaderMap {
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    answer
}

/// The body of an answer: the whole, or what comes of it before the connection is cut.
pub(super) struct Answer {
    bytes: Option<Bytes>,
    /// The length that is announced.
    length: u64,
    cut: Option<Pin<Box<Sleep>>>,
}

impl Answer {
    fn whole(bytes: Bytes) -> Self {
        Self { length: bytes.len() as u64, bytes: Some(bytes), cut: None }
    }

    fn halved(self) -> Self {
        let bytes = self.bytes.map(|bytes| bytes.slice(..bytes.len() / 2));
        Self { bytes, length: self.length, cut: Some(Box::pin(tokio::time::sleep(HALF))) }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(bytes) = self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match &mut self.cut {
            Some(cut) => cut.as_mut().poll(context).map(|()| Some(Err(Cut))),
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        // Asked for once, before anything is sent: the length that is announced, whatever comes of it.
        hyper::body::SizeHint::with_exact(self.length)
    }
}
