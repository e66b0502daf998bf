//! What clients ask about Messenger through the homeserver: which fields an address has, and whose ghost one is.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use domain::Passport;
use ruma::UserId;
use serde_json::{Value, json};

use super::{Answer, answer, nothing};
use crate::appservice::Appservice;

/// The protocol's name, as the registration has it.
const PROTOCOL: &str = "msn";

/// What the protocol is like.
pub(super) async fn protocol(State(appservice): State<Arc<Appservice>>, Path(protocol): Path<String>) -> Answer {
    if protocol != PROTOCOL {
        return nothing().await;
    }
    let domain = appservice.host.domain();
    let email = json!({ "regexp": "[^@\\s]+@[^@\\s]+", "placeholder": format!("carol@{domain}") });
    let description = json!({
        "user_fields": ["email"],
        "location_fields": [],
        "icon": "",
        "field_types": { "email": email },
        "instances": [{ "network_id": domain, "desc": format!("MSN Messenger at {domain}"), "fields": {} }],
    });
    (StatusCode::OK, Json(description))
}

/// The ghost of an account, asked for by its address (`email`).
pub(super) async fn user(
    State(appservice): State<Arc<Appservice>>,
    Path(protocol): Path<String>,
    Query(fields): Query<HashMap<String, String>>,
) -> Answer {
    if protocol != PROTOCOL {
        return nothing().await;
    }
    let account = fields.get("email").and_then(|email| email.trim().parse().ok());
    tell(&appservice, account).await
}

/// The account of a ghost (`userid`).
pub(super) async fn account(
    State(appservice): State<Arc<Appservice>>,
    Query(fields): Query<HashMap<String, String>>,
) -> Answer {
    let user = fields.get("userid").and_then(|user| UserId::parse(user).ok());
    let account = user.and_then(|user| appservice.configuration.names.account(&user));
    tell(&appservice, account).await
}

/// Rooms of Messenger have no addresses: there is none to be found.
pub(super) async fn location() -> Answer {
    (StatusCode::OK, Json(json!([])))
}

async fn tell(appservice: &Appservice, account: Option<Passport>) -> Answer {
    let Some(account) = account else { return found(&[]) };
    match appservice.has_account(&account).await {
        Ok(true) => match appservice.configuration.names.ghost(&account) {
            Some(ghost) => {
                let fields = json!({ "email": account.as_str() });
                found(&[json!({ "userid": ghost, "protocol": PROTOCOL, "fields": fields })])
            }
            None => found(&[]),
        },
        Ok(false) => found(&[]),
        Err(fault) => answer(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", &fault.to_string()),
    }
}

fn found(entries: &[Value]) -> Answer {
    (StatusCode::OK, Json(json!(entries)))
}
