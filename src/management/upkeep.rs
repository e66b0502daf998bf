//! The server itself: how it is, what went wrong lately, its limits, and what is done to it while it runs.

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use server::{FaultLine, Reach, Readiness, SignUpPolicy};
use utoipa::ToSchema;

use crate::{
    bodies::Body,
    desk::{Desk, written},
    problem::{Kind, Problem},
    program::Reloaded,
};

/// The longest name of a backup, in bytes.
const LONGEST_NAME: usize = 100;

/// The server, and how it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Server {
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// What its accounts' addresses end in, unless they are of elsewhere.
    domain: String,
    /// When it began to serve.
    #[schema(format = DateTime)]
    started: String,
    /// For how long it has.
    uptime_seconds: u64,
    /// Whether it can do its work; the rest says what keeps it from it.
    ready: bool,
    /// Whether it has been told to stop.
    stopping: bool,
    /// Why nothing can be written to the database; null if something can.
    store_fault: Option<String>,
    /// The listeners that do not listen any more.
    listeners_gone: Vec<String>,
    /// The networks that cannot be reached.
    networks_away: Vec<String>,
    /// How many accounts there are.
    accounts: u64,
    /// How many of them have a Messenger that is signed in, or had one just now.
    awake: usize,
    /// How many messages wait for accounts, once for each.
    unread: u64,
    sign_up: SignUp,
}

/// Who makes themselves an account on the pages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignUp {
    /// Nobody.
    Closed,
    /// Whoever has an invite code.
    Invite,
    /// Everybody.
    Open,
}

/// Something that went wrong, once or again and again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Fault {
    /// When it happened last.
    #[schema(format = DateTime)]
    last: String,
    /// How often it happened.
    times: u32,
    level: Level,
    /// What went wrong.
    text: String,
    /// Whom or what it concerned when it happened last.
    about: String,
}

/// How bad it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// The server goes on, and somebody should know.
    Warning,
    /// Something cannot be done until somebody mends it.
    Error,
}

impl From<FaultLine> for Fault {
    fn from(FaultLine { at, is_error, what, details, times }: FaultLine) -> Self {
        let level = if is_error { Level::Error } else { Level::Warning };
        Self { last: written(at), times, level, text: what, about: details }
    }
}

/// What is wrong with the set-up.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checked {
    /// One line each; none if everything is in order.
    faults: Vec<String>,
}

/// What came of reading the configuration again.
#[derive(Serialize, ToSchema)]
#[schema(as = Reloaded)]
pub(crate) struct ReloadedKeys {
    /// The keys that hold newly.
    changed: Vec<String>,
    /// The keys that have changed and hold from the next start on only.
    waiting: Vec<String>,
}

/// A backup that is to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBackup {
    /// The name of the file in the folder for backups: letters, digits, dots, hyphens and underscores. If left out, one with the time.
    #[schema(example = "before-upgrade.tar")]
    name: Option<String>,
}

/// A backup that was written.
#[derive(Serialize, ToSchema)]
pub(crate) struct Backup {
    /// Where it lies on the server's machine. It holds the key of secrets: keep it where nobody else reads it.
    file: String,
    /// How long it is.
    bytes: u64,
}

/// Get the server, and how it is
#[utoipa::path(get, path = "/v1/server", tag = "server", responses((status = 200, body = Server)))]
pub(crate) async fn server(State(desk): State<Desk>) -> Result<Json<Server>, Problem> {
    let readiness = desk.handle.readiness().await;
    let ready = readiness.is_ready(&[]);
    let Readiness { stopping, store, listeners_gone, networks } = readiness;
    let away = networks.into_iter().filter(|(_, reach)| *reach == Reach::Away);
    let oversight = desk.handle.oversight();
    let figures = oversight.figures().await?;
    let portal = desk.handle.portal();
    Ok(Json(Server {
        version: env!("CARGO_PKG_VERSION"),
        domain: portal.domain().to_owned(),
        started: written(desk.started),
        uptime_seconds: desk.began.elapsed().as_secs(),
        ready,
        stopping,
        store_fault: store,
        listeners_gone,
        networks_away: away.map(|(name, _)| name.to_string()).collect(),
        accounts: figures.accounts,
        awake: oversight.awake(),
        unread: figures.deliveries,
        sign_up: match portal.sign_up_policy() {
            SignUpPolicy::Closed => SignUp::Closed,
            SignUpPolicy::Invite => SignUp::Invite,
            SignUpPolicy::Open => SignUp::Open,
        },
    }))
}

/// List what went wrong since the start: the warnings and errors of the log, what happened last first
#[utoipa::path(get, path = "/v1/faults", tag = "server", responses((status = 200, body = [Fault])))]
pub(crate) async fn faults(State(desk): State<Desk>) -> Json<Vec<Fault>> {
    Json(desk.handle.oversight().faults().into_iter().map(Fault::from).collect())
}

/// Get all limits, by their keys in the configuration, as they hold now
#[utoipa::path(
    get, path = "/v1/limits", tag = "server", responses((status = 200, body = std::collections::BTreeMap<String, i64>, description = "Each key of [limits]"))
)]
pub(crate) async fn limits(State(desk): State<Desk>) -> Json<Map<String, Value>> {
    Json(desk.program.limits())
}

/// Check whether the server can do its work, and that the networks are set up and can be reached
#[utoipa::path(post, path = "/v1/check", tag = "server", responses((status = 200, body = Checked)))]
pub(crate) async fn check(State(desk): State<Desk>) -> Json<Checked> {
    Json(Checked { faults: desk.handle.check().await })
}

/// Read the configuration again; one that cannot be taken changes nothing
#[utoipa::path(post, path = "/v1/reload", tag = "server", responses((status = 200, body = ReloadedKeys)))]
pub(crate) async fn reload(State(desk): State<Desk>) -> Result<Json<ReloadedKeys>, Problem> {
    let reloaded = desk.program.reload().await;
    let Reloaded { changed, waiting } = reloaded?;
    Ok(Json(ReloadedKeys { changed, waiting }))
}

/// Write a backup of everything but the configuration into the folder for backups; the answer comes when it is written
#[utoipa::path(
    post, path = "/v1/backups", tag = "server", request_body = NewBackup, responses((status = 201, body = Backup))
)]
pub(crate) async fn back_up(
    State(desk): State<Desk>,
    Body(NewBackup { name }): Body<NewBackup>,
) -> Result<(StatusCode, Json<Backup>), Problem> {
    let name = name.unwrap_or_else(|| jiff::Timestamp::now().strftime("chrysalis-%Y%m%dT%H%M%SZ.tar").to_string());
    if !is_file_name(&name) {
        let detail = format!(
            "name has to be a name of 1 to {LONGEST_NAME} letters, digits, dots, hyphens and underscores that begins with a letter or digit"
        );
        return Err(Problem::new(Kind::Unfit, detail));
    }
    let Ok(turn) = desk.backing_up.try_lock() else {
        return Err(Problem::new(Kind::UnderWay, "a backup is just being written: wait for it"));
    };
    let written = desk.handle.stopping().run_until_cancelled(desk.program.back_up(&name)).await;
    drop(turn);
    let written = written.ok_or_else(|| Problem::new(Kind::Unavailable, "the server stops: back up when it runs"))?;
    let (file, bytes) = written?;
    Ok((StatusCode::CREATED, Json(Backup { file: file.display().to_string(), bytes })))
}

/// Whether it is only a name: nothing that leads out of a folder, or hides in it.
fn is_file_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_out_of_no_folder() {
        for name in ["a", "before-upgrade.tar", "2026_11_23..tar"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in ["", ".", "..", "../a", "a/b", "/a", "a\\b", ".hidden", "a\0", "a b", "ä", &"a".repeat(101)] {
            assert!(!is_file_name(name), "{name:?}");
        }
    }
}
