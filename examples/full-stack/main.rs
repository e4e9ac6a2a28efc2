//! The API of the full-stack example, which `examples/full-stack/start` runs beside a Better Auth
//! server and its page.
//!
//! ```sh
//! cargo run --example full-stack --features better-auth -- https://app.example.com
//! ```
//!
//! The argument is the origin of the page and of Better Auth. `ADDR` is the address to listen on.

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
            // The first layer is the outermost.
            ServiceBuilder::new()
                // Outside the trace, which therefore logs "Sensitive" instead of the token.
                .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
                .layer(TraceLayer::new_for_http().make_span_with(span))
                // Outside the authentication, because a preflight has no token, and because a page
                // can read a 401 only if the response has the CORS headers.
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
        // Otherwise, the page can read the body of a 401 but not the reason in the challenge.
        .expose_headers([WWW_AUTHENTICATE])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    log_to_stderr();
    let Some(origin) = env::args().nth(1) else {
        return Err("pass the origin of your page, such as https://app.example.com".into());
    };
    let auth = JwtAuthLayer::better_auth(&origin).build()?;
    if let Err(error) = auth.ready().await {
        eprintln!("{error}; retrying, and requests get 503 until a fetch succeeds");
    }
    let router = router(auth, origin.parse()?)?;

    let listener = support::listen().await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// Logs the requests and the reasons of rejections.
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
