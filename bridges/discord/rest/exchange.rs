//! One request and its answer: kept within the limits, repeated where that is safe, and never sent elsewhere.

use std::{
    error::Error,
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::TryStreamExt as _;
use reqwest::{
    Method, Response, StatusCode,
    header::{AUTHORIZATION, HeaderMap},
    multipart::{Form, Part},
};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::io::ReaderStream;
use url::Url;

use super::{
    BotRest, RestFailure, Upload,
    call::{Body, Call},
    code,
    limits::{Limits, Told},
};
use crate::configuration::is_loopback;

/// How long a request waits for Discord's limits in all.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long an answer may take, besides what the bytes of files need.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// The slowest way on which files still come through, in bytes a second.
const SLOWEST: u64 = 64 * 1024;
/// How often a request that does no harm is sent when Discord has trouble.
const ATTEMPTS: u32 = 3;
/// The wait after the first of them.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The wait after a limit that does not say how long.
const USUAL_LIMIT: Duration = Duration::from_secs(5);
/// The largest answer that is read, in bytes: a thousand members have about one million.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;
/// How much of what Discord says about a no is shown, in characters.
const LONGEST_MESSAGE: usize = 300;

/// A yes of Discord's.
pub(super) struct Answer {
    /// What it says; else why that could not be read.
    pub(super) body: Result<Vec<u8>, String>,
}

/// What came of one attempt.
enum Outcome {
    Yes(Answer),
    /// Too much; nothing happened.
    Limited {
        after: Duration,
    },
    /// Discord has trouble of its own.
    Ailing {
        status: StatusCode,
    },
    No(RestFailure),
}

/// What Discord writes in a no.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    code: u32,
    message: String,
    errors: Value,
    /// In seconds.
    retry_after: Option<f64>,
    global: bool,
}

impl BotRest {
    /// Sends a call and waits for the answer, within Discord's limits.
    pub(super) async fn exchange(&self, call: &Call) -> Result<Answer, RestFailure> {
        let patient_until = Instant::now() + PATIENCE;
        let mut attempts = 0;
        loop {
            self.admitted(call, patient_until).await?;
            attempts += 1;
            match self.attempt(call).await {
                Outcome::Yes(answer) => return Ok(answer),
                Outcome::No(failure) => return Err(failure),
                Outcome::Limited { after } => {
                    tracing::info!(bot = %self.bot(), kind = call.route.kind, ?after, "discord: over a limit");
                    if Instant::now() + after > patient_until {
                        return Err(RestFailure::Limited { after });
                    }
                }
                Outcome::Ailing { status } if call.repeatable && attempts < ATTEMPTS => {
                    tracing::debug!(bot = %self.bot(), kind = call.route.kind, %status, "discord: asking again");
                    tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempts - 1)).await;
                }
                Outcome::Ailing { status } => {
                    return Err(cut(call, format!("it has trouble of its own ({})", status.as_u16())));
                }
            }
        }
    }

    /// Waits until the limits let the call go.
    async fn admitted(&self, call: &Call, patient_until: Instant) -> Result<(), RestFailure> {
        loop {
            if self.unwelcome.load(Ordering::Relaxed) {
                return Err(RestFailure::Unauthorized);
            }
            let now = Instant::now();
            let pause = self.rest.strikes().pause(now);
            let admitted = pause.map_or_else(|| self.limits().admit(now, call.route), Err);
            let Err(until) = admitted else { return Ok(()) };
            if until > patient_until {
                return Err(RestFailure::Limited { after: until - now });
            }
            tokio::time::sleep_until(until.into()).await;
        }
    }

    async fn attempt(&self, call: &Call) -> Outcome {
        let broke = Arc::new(AtomicBool::new(false));
        let sent = match self.request(call, &broke).await {
            Ok(request) => request.send().await,
            Err(failure) => return Outcome::No(failure),
        };
        let answer = match sent {
            Ok(answer) => answer,
            Err(fault) => {
                let reason = innermost(&fault);
                let had_no_effect = fault.is_connect() || fault.is_builder() || broke.load(Ordering::Relaxed);
                let failure = if had_no_effect { RestFailure::NotSent { reason } } else { cut(call, reason) };
                return Outcome::No(failure);
            }
        };
        self.limits().learn(Instant::now(), call.route, &told(answer.headers()));
        let status = answer.status();
        if status.is_success() {
            return Outcome::Yes(Answer { body: read(answer).await });
        }
        self.refused(call, answer).await
    }

    async fn refused(&self, call: &Call, answer: Response) -> Outcome {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let now = Instant::now();
        // A limit that others share with the bot is not counted against it.
        let shared = headers.get("x-ratelimit-scope").is_some_and(|scope| scope == "shared");
        if matches!(status.as_u16(), 401 | 403) || (status == StatusCode::TOO_MANY_REQUESTS && !shared) {
            self.rest.strikes().count(now);
        }
        let body = read(answer).await.unwrap_or_default();
        let refusal: Option<Refusal> = serde_json::from_slice(&body).ok();
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                let after = refusal.as_ref().and_then(|refusal| refusal.retry_after).and_then(seconds);
                let after = after.max(number(&headers, "retry-after").and_then(seconds)).unwrap_or(USUAL_LIMIT);
                match &refusal {
                    Some(refusal) => {
                        let everything = refusal.global || headers.contains_key("x-ratelimit-global");
                        self.limits().exceeded(now, call.route, after, everything);
                    }
                    // Not Discord's own word but that of what stands before it: it means the address.
                    None => self.rest.strikes().banned(now + after),
                }
                Outcome::Limited { after }
            }
            StatusCode::UNAUTHORIZED if call.signed => {
                self.unwelcome.store(true, Ordering::Relaxed);
                tracing::warn!(bot = %self.bot(), "discord: the token of this bot is no longer taken");
                Outcome::No(RestFailure::Unauthorized)
            }
            StatusCode::UNAUTHORIZED => {
                // A webhook whose secret was changed is as good as gone.
                let message = "the webhook's token is no longer taken".into();
                Outcome::No(RestFailure::Refused { status: 401, code: code::UNKNOWN_WEBHOOK, message })
            }
            _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Outcome::Ailing { status },
            _ if status.is_redirection() => {
                let reason = "it points to another address, which is not gone to".into();
                Outcome::No(RestFailure::NotSent { reason })
            }
            _ => {
                let refusal = refusal.unwrap_or_default();
                let message = first_error(&refusal.errors, 0).unwrap_or(refusal.message);
                let message = message.chars().take(LONGEST_MESSAGE).collect();
                let failure = RestFailure::Refused { status: status.as_u16(), code: refusal.code, message };
                tracing::debug!(bot = %self.bot(), kind = call.route.kind, about = call.route.about,
                    status = status.as_u16(), code = refusal.code, "discord: refused");
                Outcome::No(failure)
            }
        }
    }

    async fn request(&self, call: &Call, broke: &Arc<AtomicBool>) -> Result<reqwest::RequestBuilder, RestFailure> {
        let url = self.rest.address(call);
        if cfg!(test) && !is_loopback(&url) {
            return Err(RestFailure::NotSent { reason: "tests stay on this computer".into() });
        }
        let mut request = self.rest.shared.client.request(call.method.clone(), url);
        if call.signed {
            request = request.header(AUTHORIZATION, format!("Bot {}", self.token.secret()));
        }
        let mut time = ANSWER_TIME;
        request = match &call.body {
            Body::Empty => request,
            Body::Json(value) => request.json(value),
            Body::Form(value, files) => {
                time += Duration::from_secs(files.iter().map(|file| file.size).sum::<u64>() / SLOWEST);
                request.multipart(form(value, files, broke).await?)
            }
        };
        Ok(request.timeout(time))
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl super::Rest {
    fn address(&self, call: &Call) -> Url {
        let mut url = self.shared.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v10"]).extend(&call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        url
    }

    fn strikes(&self) -> MutexGuard<'_, super::Strikes> {
        self.shared.strikes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A JSON and files, as Discord wants them together.
async fn form(value: &Value, files: &[Upload], broke: &Arc<AtomicBool>) -> Result<Form, RestFailure> {
    let impossible = |fault: &dyn Error| RestFailure::NotSent { reason: fault.to_string() };
    let json = Part::text(value.to_string()).mime_str("application/json").map_err(|fault| impossible(&fault))?;
    let mut form = Form::new().part("payload_json", json);
    for (index, file) in files.iter().enumerate() {
        let stream = (file.open)().await.map_err(|fault| impossible(&fault))?;
        let broke = Arc::clone(broke);
        let stream = ReaderStream::new(stream).inspect_err(move |_| broke.store(true, Ordering::Relaxed));
        let part = |media_type: &str, body| Part::stream_with_length(body, file.size).mime_str(media_type);
        let media_type = if file.media_type.parse::<http::HeaderValue>().is_ok() && file.media_type.contains('/') {
            file.media_type.as_str()
        } else {
            "application/octet-stream"
        };
        let part = part(media_type, reqwest::Body::wrap_stream(stream)).map_err(|fault| impossible(&fault))?;
        form = form.part(format!("files[{index}]"), part.file_name(file.name.clone()));
    }
    Ok(form)
}

/// No answer came: what only asks has done nothing.
fn cut(call: &Call, reason: String) -> RestFailure {
    if call.method == Method::GET { RestFailure::NotSent { reason } } else { RestFailure::Unknown { reason } }
}

/// Why nothing came back, down to the innermost cause, without the address, which may hold the secret of a webhook.
pub(super) fn innermost(fault: &reqwest::Error) -> String {
    if fault.is_timeout() {
        return "it took too long".into();
    }
    let mut cause: &dyn Error = fault;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    // An error without a cause tells its address.
    if cause.is::<reqwest::Error>() { "the connection broke off".into() } else { cause.to_string() }
}

async fn read(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|fault| innermost(&fault))? {
        if body.len() + part.len() > LARGEST_ANSWER {
            return Err("the answer is larger than 8 MiB".into());
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

fn told(headers: &HeaderMap) -> Told {
    Told {
        bucket: text(headers, "x-ratelimit-bucket").filter(|bucket| bucket.len() <= 128).map(str::to_owned),
        limit: text(headers, "x-ratelimit-limit").and_then(|text| text.parse().ok()),
        remaining: text(headers, "x-ratelimit-remaining").and_then(|text| text.parse().ok()),
        reset_after: number(headers, "x-ratelimit-reset-after").and_then(seconds),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    text(headers, name)?.trim().parse().ok()
}

/// So many seconds, unless it is nonsense. A day is longer than any limit.
fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok().map(|duration| duration.min(Duration::from_hours(24)))
}

/// What is wrong with a form: Discord hides it somewhere below the names of the fields.
fn first_error(errors: &Value, depth: usize) -> Option<String> {
    let fields = errors.as_object().filter(|_| depth < 8)?;
    if let Some(message) = fields.get("_errors").and_then(|list| list.get(0)?.get("message")?.as_str()) {
        return Some(message.to_owned());
    }
    fields.iter().find_map(|(name, inner)| first_error(inner, depth + 1).map(|message| format!("{name}: {message}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        configuration::{tests::read as settings, token},
        rest::Rest,
    };

    #[test]
    fn every_address_is_below_the_base() {
        let rest = Rest::new(&settings(json!({ "api_base": "http://127.0.0.1:1/proxy/" })).unwrap()).unwrap();
        let call = Call::get("x", 0, &["channels", "5", "a/../b?c", "@me"]).with("limit", &5);
        assert_eq!(
            rest.address(&call).as_str(),
            "http://127.0.0.1:1/proxy/api/v10/channels/5/a%2F..%2Fb%3Fc/@me?limit=5"
        );
    }

    #[tokio::test]
    async fn tests_never_reach_discord() {
        let rest = Rest::new(&settings(json!({})).unwrap()).unwrap().of(token(1000));
        assert_eq!(rest.me().await, Err(RestFailure::NotSent { reason: "tests stay on this computer".into() }));
    }

    #[test]
    fn a_wrong_form_is_told_by_its_field() {
        let errors =
            json!({ "content": { "_errors": [{ "code": "X", "message": "Must be 2000 or fewer in length." }] } });
        assert_eq!(first_error(&errors, 0).unwrap(), "content: Must be 2000 or fewer in length.");
        assert_eq!(first_error(&json!({ "a": [1] }), 0), None);
    }

    #[test]
    fn nonsense_about_limits_is_passed_over() {
        assert_eq!(seconds(-1.0), None);
        assert_eq!(seconds(f64::NAN), None);
        assert_eq!(seconds(1e12), Some(Duration::from_hours(24)));
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-remaining", "many".parse().unwrap());
        headers.insert("x-ratelimit-reset-after", "1.5".parse().unwrap());
        assert_eq!(told(&headers), Told { reset_after: Some(Duration::from_millis(1500)), ..Told::default() });
    }
}
