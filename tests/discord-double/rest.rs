//! The REST API, version 10: one way for all requests, from the path to the answer.

mod asking;
mod channels;
mod content;
mod guilds;
mod messages;
mod reactions;
mod refusal;
mod route;
mod threads;
mod users;
mod webhooks;

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) use content::poll_json;
pub(crate) use guilds::is_named;
pub(crate) use messages::snapshot;
pub use route::Route;

use crate::faults::{Fault, spoilt};
use crate::id::Id;
use crate::limits::Standing;
use crate::listener::{Cut, respond};
use crate::shared::Shared;
use crate::world::World;
use asking::Asking;
use refusal::Refusal;

/// What a request may have at most: more than any file that is let through.
const BODY: usize = 256 << 20;

/// What is answered to a request that is done.
pub(crate) struct Reply {
    status: u16,
    body: Option<Value>,
}

impl Reply {
    fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body) }
    }

    fn created(body: Value) -> Self {
        Self { status: 201, body: Some(body) }
    }

    const fn nothing() -> Self {
        Self { status: 204, body: None }
    }
}

/// Answers a request below `/api/v10/`; or ends its connection.
pub(crate) async fn answer(shared: &Shared, parts: &Parts, path: &str, body: Body) -> Result<Response, Cut> {
    let Some((route, parameters)) = Route::of(&parts.method, path) else {
        shared.change(|world| world.tally.violation(format!("no such route: {} {path}", parts.method)));
        return Ok(json_answer(404, Vec::new(), &json!({"message": "404: Not Found", "code": 0})));
    };
    shared.change(|world| world.tally.count_request(route));
    let caller = match shared.look(|world| admitted(world, route, parts)) {
        Ok(caller) => caller,
        Err(refusal) => return Ok(refused(shared, Vec::new(), &refusal)),
    };
    let Ok(body) = to_bytes(body, BODY).await else {
        return Ok(refused(shared, Vec::new(), &Refusal::too_large()));
    };
    let fault = shared.change(|world| world.faults.draw(route));
    if let Some(fault) = &fault
        && let Some(answer) = before(shared, fault).await?
    {
        return Ok(answer);
    }
    let major = parameters.first().copied().unwrap_or_default().to_owned();
    let standing = shared.change(|world| limited(world, route, caller, &major));
    let headers = standing.as_ref().map(Standing::headers).unwrap_or_default();
    if let Some(standing) = standing
        && let Some(global) = standing.refused
    {
        return Ok(too_many(shared, headers, standing.reset_after, global));
    }
    let asking = Asking::read(route, &parameters, parts.uri.query(), caller, content_type(parts), body).await;
    let done = shared.change(|world| asking.and_then(|asking| done(world, &asking)));
    match done {
        Err(refusal) => Ok(refused(shared, headers, &refusal)),
        Ok(reply) => after(fault, headers, reply).await,
    }
}

/// Who asks, when they may ask at all.
fn admitted(world: &World, route: Route, parts: &Parts) -> Result<Option<Id>, Refusal> {
    if route.is_open() || route.by_webhook_token() {
        return Ok(None);
    }
    let Some(token) = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return Err(Refusal::unauthorized().violating(format!("{route:?} without Authorization")));
    };
    let bot = token.starts_with("Bot ").then(|| world.bot_of(token)).flatten();
    bot.map(Some).ok_or_else(Refusal::unauthorized)
}

fn content_type(parts: &Parts) -> Option<&str> {
    parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

fn limited(world: &mut World, route: Route, caller: Option<Id>, major: &str) -> Option<Standing> {
    let caller = match caller {
        Some(bot) => format!("bot {bot}"),
        None => format!("webhook {major}"),
    };
    (world.rules.rate_limits && !route.is_open()).then(|| world.buckets.take(&caller, route, major, Instant::now()))
}

/// What a fault does before anything is done.
async fn before(shared: &Shared, fault: &Fault) -> Result<Option<Response>, Cut> {
    match fault {
        Fault::RateLimited { retry_after, global } => {
            let standing = Standing {
                limit: 5,
                remaining: 0,
                reset_after: *retry_after,
                bucket: "fault".into(),
                refused: Some(*global),
            };
            Ok(Some(too_many(shared, standing.headers(), *retry_after, *global)))
        }
        Fault::Status(status) => Ok(Some(page(*status))),
        Fault::Refused { status, code, message } => {
            Ok(Some(refused(shared, Vec::new(), &Refusal::new(*status, *code, message))))
        }
        Fault::Cut => Err(Cut),
        Fault::Delay(time) => {
            tokio::time::sleep(*time).await;
            Ok(None)
        }
        Fault::StatusAfterEffect(_)
        | Fault::AnswerLost
        | Fault::LateAnswer(_)
        | Fault::Truncated
        | Fault::Unreadable
        | Fault::WrongType(_) => Ok(None),
    }
}

/// What a fault makes of the answer to what is done.
async fn after(fault: Option<Fault>, headers: Headers, reply: Reply) -> Result<Response, Cut> {
    let whole = reply.body.as_ref().map(Value::to_string).unwrap_or_default();
    let answer = |text: String| Ok(respond(reply.status, headers, "application/json", text.into()));
    let Some(fault) = fault else { return answer(whole) };
    match fault {
        Fault::AnswerLost => Err(Cut),
        Fault::StatusAfterEffect(status) => Ok(page(status)),
        Fault::LateAnswer(time) => {
            tokio::time::sleep(time).await;
            answer(whole)
        }
        Fault::Truncated => {
            let half = String::from_utf8_lossy(whole.as_bytes().split_at(whole.len() / 2).0).into_owned();
            answer(half)
        }
        Fault::Unreadable => answer("<html>not what was asked for</html>".into()),
        Fault::WrongType(field) => answer(spoilt(&reply.body.unwrap_or_default(), &field).to_string()),
        Fault::RateLimited { .. } | Fault::Status(_) | Fault::Refused { .. } | Fault::Cut | Fault::Delay(_) => {
            answer(whole)
        }
    }
}

type Headers = Vec<(&'static str, String)>;

fn json_answer(status: u16, headers: Headers, body: &Value) -> Response {
    respond(status, headers, "application/json", body.to_string().into())
}

/// What stands in front of Discord answers like this when Discord does not.
fn page(status: u16) -> Response {
    respond(status, Vec::new(), "text/html", Bytes::from_static(b"<html><body>error</body></html>"))
}

fn refused(shared: &Shared, headers: Headers, refusal: &Refusal) -> Response {
    shared.change(|world| {
        if matches!(refusal.status, 401 | 403) {
            world.tally.count_invalid();
        }
        if let Some(violation) = &refusal.violation {
            world.tally.violation(violation.clone());
        }
    });
    json_answer(refusal.status, headers, &refusal.body())
}

fn too_many(shared: &Shared, headers: Headers, retry_after: Duration, global: bool) -> Response {
    shared.change(|world| world.tally.count_invalid());
    let body = json!({
        "message": "You are being rate limited.",
        "retry_after": retry_after.as_secs_f64(),
        "global": global,
    });
    json_answer(429, headers, &body)
}

/// Does what is asked.
fn done(world: &mut World, asking: &Asking) -> Result<Reply, Refusal> {
    match asking.route {
        Route::Gateway => Ok(Reply::ok(json!({"url": world.gateway}))),
        Route::GatewayBot => users::gateway_bot(world, asking),
        Route::Me => users::me(world, asking),
        Route::EditMe => users::edit_me(world, asking),
        Route::MyGuilds => users::my_guilds(world, asking),
        Route::LeaveGuild => users::leave_guild(world, asking),
        Route::OpenDirect => users::open_direct(world, asking),
        Route::User => users::user(world, asking),
        Route::MyApplication | Route::OauthApplication => users::application(world, asking),
        Route::Guild => guilds::guild(world, asking),
        Route::GuildChannels => guilds::channels(world, asking),
        Route::GuildMembers => guilds::members(world, asking),
        Route::SearchMembers => guilds::search_members(world, asking),
        Route::GuildMember => guilds::member(world, asking),
        Route::EditMyMember => guilds::edit_my_member(world, asking),
        Route::GuildEmojis => guilds::emojis(world, asking),
        Route::GuildRoles => guilds::roles(world, asking),
        Route::ActiveThreads => guilds::active_threads(world, asking),
        Route::Channel => channels::channel(world, asking),
        Route::Typing => channels::typing(world, asking),
        Route::RefreshUrls => channels::refresh_urls(world, asking),
        Route::Messages => messages::list(world, asking),
        Route::CreateMessage => messages::create(world, asking),
        Route::Message => messages::one(world, asking),
        Route::EditMessage => messages::edit(world, asking),
        Route::DeleteMessage => messages::delete(world, asking),
        Route::BulkDelete => messages::delete_many(world, asking),
        Route::React => reactions::set(world, asking, true),
        Route::Unreact => reactions::set(world, asking, false),
        Route::ThreadFromMessage => threads::from_message(world, asking),
        Route::CreateThread => threads::create(world, asking),
        Route::JoinThread => threads::join(world, asking),
        Route::ChannelWebhooks => webhooks::of_channel(world, asking),
        Route::CreateWebhook => webhooks::create(world, asking),
        Route::Webhook => webhooks::one(world, asking),
        Route::WebhookWithToken => webhooks::one_with_token(world, asking),
        Route::DeleteWebhook => webhooks::delete(world, asking),
        Route::ExecuteWebhook => webhooks::execute(world, asking),
        Route::WebhookMessage => webhooks::message(world, asking),
        Route::EditWebhookMessage => webhooks::edit_message(world, asking),
        Route::DeleteWebhookMessage => webhooks::delete_message(world, asking),
    }
}
