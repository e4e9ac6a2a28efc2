//! The API of the full-stack example, which `examples/full-stack/start` runs beside a Better Auth
//! server and its page.
//!
//! ```sh
//! cargo run --example full-stack --features better-auth -- https://app.example.com
//! ```
//!
//! Its argument is the origin of the page and of Better Auth; `ADDR` is where it listens.

#[path = "../support/mod.rs"]
mod support;
mod tasks;

use std::{env, error::Error};

use axum::{Router, routing::get};
use http::{
    HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use tower::ServiceBuilder;
use tower_http::{
    cors::CorsLayer, sensitive_headers::SetSensitiveRequestHeadersLayer, trace::TraceLayer,
};
use tower_jwt_auth::{ConfigError, JwtAuthLayer, PathOwnerLayer};
use tracing::{Span, debug_span};

fn router(auth: JwtAuthLayer, page: HeaderValue) -> Result<Router, ConfigError> {
    Ok(Router::new()
        .route("/api/{user_id}/tasks", get(tasks::list).post(tasks::add))
        .with_state(tasks::Tasks::default())
        .route_layer(PathOwnerLayer::new("/api/{user_id}/{*rest}")?)
        .route_layer(auth)
        .layer(
            // The first is the outermost.
            ServiceBuilder::new()
                // Before the trace, which so writes "Sensitive" for the token.
                .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
                .layer(TraceLayer::new_for_http().make_span_with(span))
                // Outside of the authentication: a preflight request carries no token, and a
                // browser shows its page a 401 only if that has the CORS headers too.
                .layer(cors(page)),
        ))
}

fn span<B>(request: &Request<B>) -> Span {
    let authorization = request.headers().get(AUTHORIZATION);
    debug_span!("request", method = %request.method(), uri = %request.uri(), ?authorization)
}

fn cors(page: HeaderValue) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(page)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        // Else the page may read the body of a 401 and not why the token was refused.
        .expose_headers([WWW_AUTHENTICATE])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    log_to_stderr();
    let Some(origin) = env::args().nth(1) else {
        return Err("give the origin of your page, such as https://app.example.com".into());
    };
    let auth = JwtAuthLayer::better_auth(&origin).build()?;
    if let Err(error) = auth.ready().await {
        eprintln!("{error}; it is tried again, and requests get a 503 meanwhile");
    }
    let router = router(auth, origin.parse()?)?;

    let listener = support::listen().await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// Requests, and why some of them are refused.
fn log_to_stderr() {
    use tracing_subscriber::{
        filter::{LevelFilter, Targets},
        fmt,
        layer::SubscriberExt,
        util::SubscriberInitExt,
    };

    tracing_subscriber::registry()
        .with(fmt::layer().with_writer(std::io::stderr))
        .with(
            Targets::new()
                .with_target(module_path!(), LevelFilter::DEBUG)
                .with_target("tower_http::trace::on_response", LevelFilter::DEBUG)
                .with_target("tower_jwt_auth", LevelFilter::DEBUG),
        )
        .init();
}
