//! What the people who run the server say to everybody.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use server::Announcement;
use utoipa::ToSchema;

use crate::{
    bodies::Body,
    desk::Desk,
    problem::{Kind, Problem},
};

/// The longest line that clients are shown, in characters.
const LONGEST_NOTICE: usize = 400;

/// What is to be said.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum NewAnnouncement {
    /// That the server goes down; it does not go down by itself.
    Maintenance {
        /// In how many minutes.
        minutes: u32,
    },
    /// A line that clients show for a moment.
    Notice {
        /// The line: 1 to 400 characters.
        text: String,
    },
}

/// Tell everybody who is signed in something
#[utoipa::path(
    post, path = "/v1/announcements", tag = "server", request_body = NewAnnouncement, responses((status = 204))
)]
pub(crate) async fn announce(
    State(desk): State<Desk>,
    Body(wanted): Body<NewAnnouncement>,
) -> Result<StatusCode, Problem> {
    let announcement = match wanted {
        NewAnnouncement::Maintenance { minutes } => Announcement::Maintenance { minutes },
        NewAnnouncement::Notice { text } => {
            let text = text.trim().to_owned();
            if text.is_empty() || text.chars().count() > LONGEST_NOTICE || text.chars().any(char::is_control) {
                let detail = format!("text has to be one line of 1 to {LONGEST_NOTICE} characters");
                return Err(Problem::new(Kind::Unfit, detail));
            }
            Announcement::Notice { text }
        }
    };
    desk.handle.announce(&announcement);
    Ok(StatusCode::NO_CONTENT)
}
