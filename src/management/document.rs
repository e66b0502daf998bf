//! What the document says of all routes together.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, Ref, ResponseBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::problem::ProblemDocument;

/// What the token is called in the document.
const TOKEN: &str = "token";

/// The document without its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Chrysalis management",
        description = "What programs of the people who run the server see and do.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(ProblemDocument)),
    tags(
        (name = "server", description = "The server itself"),
        (name = "accounts", description = "Accounts"),
        (name = "sessions", description = "Who is signed in"),
        (name = "links", description = "Links that accounts make themselves"),
        (name = "networks", description = "Networks"),
        (name = "queues", description = "What networks gave up doing"),
        (name = "invites", description = "Codes by which people make themselves accounts"),
    )
)]
pub(crate) struct Document;

/// What holds for every route: the token, and the form of problems.
pub(crate) struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("What stands in the token's file"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(TOKEN, SecurityScheme::Http(bearer.build()));
        document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, [])]);
        let problem = ResponseBuilder::new()
            .description("It was not done")
            .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
            .build();
        let paths = document.paths.paths.values_mut();
        let operations = paths.flat_map(|path| {
            [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch].into_iter().flatten()
        });
        for Operation { tags, operation_id, responses, .. } in operations {
            responses.responses.insert("default".to_owned(), problem.clone().into());
            // Several tags have a list: programs that are made of the document want a name for each route.
            if let (Some([tag]), Some(name)) = (tags.as_deref(), operation_id) {
                *name = format!("{tag}_{name}");
            }
        }
    }
}
