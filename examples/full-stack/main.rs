//! The API of the full-stack example, which `examples/full-stack/start` runs beside a Better Auth
//! server and its page.
//!
//! ```sh
//! cargo run --example full-stack --features better-auth,sessions -- https://app.example.com
//! ```
//!
//! The argument is the origin of the page and of Better Auth. `ADDR` is the address to listen on.
//! With `SESSIONS=1`, the API accepts the session cookie of Better Auth instead of JWTs.

#[path = "../support/mod.rs"]
mod support;
mod tasks;

use std::{env, error::Error, time::Duration};

use axum::{Router, routing::get};
use http::{
    HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, WWW_AUTHENTICATE},
};
use tower::ServiceBuilder;
use tower_http::{
    cors::CorsLayer, sensitive_headers::SetSensitiveRequestHeadersLayer, trace::TraceLayer,
};
use tower_jwt_auth::{BetterAuthSessions, ConfigError, JwtAuthLayer, PathOwnerLayer};
use tracing::{Span, debug_span};

fn auth(origin: &str, sessions: bool) -> Result<JwtAuthLayer, ConfigError> {
    if !sessions {
        return JwtAuthLayer::better_auth(origin).build();
    }
    // A session that has ended is rejected after at most this time. The default of 10 seconds needs
    // fewer requests to Better Auth.
    let sessions = BetterAuthSessions::remote(origin).fresh_for(Duration::from_secs(1));
    JwtAuthLayer::builder().sessions(sessions).build()
}

fn router(auth: JwtAuthLayer, cors: CorsLayer) -> Result<Router, ConfigError> {
    Ok(Router::new()
        .route("/api/{user_id}/tasks", get(tasks::list).post(tasks::add))
        .with_state(tasks::Tasks::default())
        .route_layer(PathOwnerLayer::new("/api/{user_id}/{*rest}")?)
        .route_layer(auth)
        .layer(
            // The first layer is the outermost.
            ServiceBuilder::new()
                // Outside the trace, which therefore logs "Sensitive" instead of the credential.
                .layer(SetSensitiveRequestHeadersLayer::new([
                    AUTHORIZATION,
                    COOKIE,
                ]))
                .layer(TraceLayer::new_for_http().make_span_with(span))
                // Outside the authentication, because a preflight has no token, and because a page
                // can read a 401 only if the response has the CORS headers.
                .layer(cors),
        ))
}

fn span<B>(request: &Request<B>) -> Span {
    let [authorization, cookie] = [AUTHORIZATION, COOKIE].map(|name| request.headers().get(name));
    debug_span!("request", method = %request.method(), uri = %request.uri(), ?authorization, ?cookie)
}

fn cors(page: HeaderValue, sessions: bool) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(page)
        // Otherwise, the page cannot read the response to a request with a cookie.
        .allow_credentials(sessions)
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
    let sessions = env::var("SESSIONS").is_ok_and(|value| value == "1");
    let auth = auth(&origin, sessions)?;
    if let Err(error) = auth.ready().await {
        eprintln!("{error}; retrying, and requests get 503 until a fetch succeeds");
    }
    let router = router(auth, cors(origin.parse()?, sessions))?;

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
