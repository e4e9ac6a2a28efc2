//! A task service with an OpenAPI document and Swagger UI, with an Authorize button as in FastAPI.
//!
//! ```sh
//! cargo run --manifest-path examples/openapi/Cargo.toml
//! ```
//!
//! If `BETTER_AUTH_SECRET` is set, the example verifies the tokens of your own front end.
//! Otherwise, it generates a secret for the run and prints a token. `ADDR` is the address to listen
//! on.

mod tasks;

#[path = "../../support/mod.rs"]
mod support;

use std::{env, error::Error};

use axum::Router;
use tower_jwt_auth::{ConfigError, JwtAuthLayer, PathOwnerLayer};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

/// The general part of the document. The routes add their operations.
#[derive(OpenApi)]
#[openapi(
    info(title = "Tasks"),
    components(schemas(tasks::Refusal)),
    modifiers(&BearerToken),
    security(("HTTPBearer" = []))
)]
struct Document;

/// Makes Swagger UI show the Authorize button.
struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        document
            .components
            .get_or_insert_default()
            // The name that FastAPI uses.
            .add_security_scheme("HTTPBearer", SecurityScheme::Http(scheme));
    }
}

fn router(auth: JwtAuthLayer) -> Result<Router, ConfigError> {
    let (tasks, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(tasks::list, tasks::add))
        .with_state(tasks::Tasks::default())
        .split_for_parts();
    Ok(tasks
        .route_layer(PathOwnerLayer::new("/api/{user_id}/{*rest}")?)
        .route_layer(auth)
        // Public, because it is added after the layers.
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let is_configured = env::var_os("BETTER_AUTH_SECRET").is_some();
    let secret = support::random_secret();
    let auth = if is_configured {
        JwtAuthLayer::from_env()?
    } else {
        JwtAuthLayer::builder().secret(secret.as_str()).build()?
    };
    let router = router(auth)?;

    let listener = support::listen().await?;
    println!("Open http://{}/docs", listener.local_addr()?);
    if !is_configured {
        println!(
            "\
Press Authorize there and paste this token of the user u1, which is valid for an hour:

{}

Then try an operation. With the user_id u1, the response is 200; with another one, 403; and without
the token, 401.",
            support::mint(&secret, "u1", "ada@example.com")
        );
    }
    axum::serve(listener, router).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_document_requires_a_bearer_token_and_describes_rejections() {
        let document = document();
        assert_eq!(
            document["components"]["securitySchemes"]["HTTPBearer"],
            json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" })
        );
        assert_eq!(document["security"], json!([{ "HTTPBearer": [] }]));
        for method in ["get", "post"] {
            let operation = &document["paths"]["/api/{user_id}/tasks"][method];
            assert_eq!(operation["security"], Value::Null, "the document's applies");
            for status in ["401", "403"] {
                assert_eq!(
                    operation["responses"][status]["content"]["application/json"]["schema"]["$ref"],
                    "#/components/schemas/Refusal",
                    "{method} {status}"
                );
            }
        }
        let refusal = &document["components"]["schemas"]["Refusal"];
        assert_eq!(refusal["required"], json!(["detail"]));
        assert_eq!(refusal["properties"]["detail"]["type"], "string");
    }

    fn document() -> Value {
        let (_, document) = OpenApiRouter::<tasks::Tasks>::with_openapi(Document::openapi())
            .routes(routes!(tasks::list, tasks::add))
            .split_for_parts();
        serde_json::to_value(document).expect("JSON")
    }
}
