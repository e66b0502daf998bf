//! All routes, and the document that is made of them.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use utoipa::{Modify, OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    accounts, announcements, bodies,
    desk::Desk,
    document::{Document, Everywhere},
    guard::{self, DESCRIPTION},
    invites, links, networks, orders,
    problem::{Kind, Problem},
    sessions, upkeep,
};

/// The routes of the API, with what each says of itself.
fn described() -> (Router<Desk>, utoipa::openapi::OpenApi) {
    let in_time = OpenApiRouter::new()
        .routes(routes!(upkeep::server))
        .routes(routes!(upkeep::faults))
        .routes(routes!(upkeep::limits))
        .routes(routes!(upkeep::check))
        .routes(routes!(upkeep::reload))
        .routes(routes!(announcements::announce))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::get, accounts::rename, accounts::remove))
        .routes(routes!(accounts::set_password))
        .routes(routes!(sessions::list, sessions::end_all))
        .routes(routes!(sessions::end_messenger))
        .routes(routes!(sessions::end_browser))
        .routes(routes!(links::list_all))
        .routes(routes!(links::list))
        .routes(routes!(links::get, links::begin, links::end))
        .routes(routes!(links::page))
        .routes(routes!(links::perform))
        .routes(routes!(networks::list))
        .routes(routes!(links::ways))
        .routes(routes!(orders::list))
        .routes(routes!(orders::retry_all))
        .routes(routes!(orders::drop_all))
        .routes(routes!(orders::retry))
        .routes(routes!(orders::drop))
        .routes(routes!(invites::list, invites::make))
        .routes(routes!(invites::revoke))
        .layer(from_fn(guard::in_time));
    // As long as a backup takes.
    let at_leisure = OpenApiRouter::new().routes(routes!(upkeep::back_up));
    let (router, mut document) =
        OpenApiRouter::with_openapi(Document::openapi()).merge(in_time).merge(at_leisure).split_for_parts();
    Everywhere.modify(&mut document);
    (router, document)
}

/// What answers requests.
pub(crate) fn router(desk: Desk) -> Router {
    let (router, document) = described();
    let document = Arc::new(document);
    router
        .route(DESCRIPTION, get(async move || Json(document.as_ref().clone())))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(bodies::LONGEST))
        .layer(from_fn_with_state(desk.clone(), guard::guard))
        .layer(from_fn(guard::head))
        .with_state(desk)
}

async fn no_route(request: Request) -> Problem {
    let detail = format!("there is nothing at {}: {DESCRIPTION} lists what there is", request.uri().path());
    Problem::new(Kind::NoRoute, detail)
}

async fn no_method(request: Request) -> Problem {
    let detail =
        format!("{} cannot be done with {}: {DESCRIPTION} lists what can", request.method(), request.uri().path());
    Problem::new(Kind::NoMethod, detail)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_describes_every_route_for_whoever_reads_it() {
        let (_, document) = described();
        let document = serde_json::to_value(&document).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let (mut operations, mut ids) = (0, BTreeSet::new());
        for (path, methods) in paths {
            assert!(path.starts_with("/v1/"), "{path}");
            for (method, operation) in methods.as_object().unwrap() {
                let text = |key: &str| operation[key].as_str().unwrap_or_default().to_owned();
                assert!(!text("summary").is_empty(), "{method} {path}: {operation}");
                assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{method} {path}");
                let problem =
                    &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{method} {path}");
                let told: Vec<&str> = operation["parameters"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|parameter| parameter["in"] == "path")
                    .filter_map(|parameter| parameter["name"].as_str())
                    .collect();
                let placed: Vec<&str> =
                    path.split('/').filter_map(|piece| piece.strip_prefix('{')?.strip_suffix('}')).collect();
                assert_eq!(told, placed, "{method} {path}");
                assert!(ids.insert(text("operationId")), "{method} {path}: {ids:?}");
                operations += 1;
            }
        }
        assert_eq!((paths.len(), operations), (27, 34), "tests/end_to_end/management.rs asks each of them");
        let names: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
        for methods in paths.values().filter_map(Value::as_object) {
            assert!(methods.values().all(|operation| names.contains(&&operation["tags"][0])), "{methods:?}");
        }
        assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    }
}
