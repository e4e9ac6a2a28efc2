//! An axum service that accepts the sessions of a Better Auth server, without JWTs.
//!
//! ```sh
//! cargo run --example sessions --features sessions -- https://app.example.com
//! ```
//!
//! The argument is the origin of the Better Auth server, for example `http://127.0.0.1:3001` for the
//! server of `examples/full-stack/start`. If the service reaches the server at another address, pass
//! that too, such as `http://auth:3000/api/auth/get-session`. `ADDR` is the address to listen on. The
//! default port is 3000, which `examples/full-stack/start` also uses: beside it, set
//! `ADDR=127.0.0.1:3002`. docs/sessions.md explains cookies, domains, and Better Auth's rate limit.
//!
//! Clients send the session cookie if it is set for the host of this service; ports do not matter.
//! Without a cookie, they send the session token in `Authorization: Bearer`, which needs Better
//! Auth's plugin `bearer()`.
//!
//! Users sign out at Better Auth, not here. The service notices it after [`FRESH_FOR`] at the latest.

mod support;

use std::{env, error::Error, time::Duration};

use axum::{
    Extension, Json, Router,
    routing::{get, post},
};
use serde_json::{Value, json};
use tower_jwt_auth::{
    BetterAuthSessions, ConfigError, CurrentUser, JwtAuthLayer, RequireScopeLayer,
};

/// The time for which an answer of Better Auth is reused. With a shorter time, signing out takes effect
/// sooner, and Better Auth is asked more often.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// Builds the routes, for the users of these sessions.
pub fn router(sessions: BetterAuthSessions) -> Result<Router, ConfigError> {
    let auth = JwtAuthLayer::builder()
        .sessions(sessions.fresh_for(FRESH_FOR))
        .build()?;
    let admin = Router::new()
        .route("/admin", get(report))
        // `admin()`, a plugin of Better Auth, adds roles to the users.
        .route_layer(RequireScopeLayer::any_role(["admin"])?);

    Ok(Router::new()
        .route("/me", get(me))
        .route("/tasks", post(create_task))
        .merge(admin)
        .route_layer(auth)
        // Public, because it is added after the layer.
        .route("/health", get(async || "ok")))
}

async fn me(Extension(user): Extension<CurrentUser>) -> Json<Value> {
    Json(json!({
        "user_id": user.user_id(),
        "email": user.email(),
        "session": user.session_id(), // its ID; the session token is not available
        "impersonated_by": user.actor(),
    }))
}

/// A `POST` with the cookie reaches this handler only from a page of a trusted origin. `GET` requests
/// of other sites reach their handlers, so only other methods may change anything.
async fn create_task(Extension(user): Extension<CurrentUser>) -> Json<Value> {
    Json(json!({ "owner": user.user_id(), "status": "created" }))
}

async fn report() -> &'static str {
    "only for administrators"
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    log_to_stderr();
    let mut arguments = env::args().skip(1);
    let Some(origin) = arguments.next() else {
        return Err(
            "pass the origin of your Better Auth server, such as https://app.example.com".into(),
        );
    };
    let mut sessions = BetterAuthSessions::remote(&origin);
    if let Some(url) = arguments.next() {
        // Over plain HTTP, only for a network that you trust.
        sessions = sessions.session_url(url).allow_http();
    }
    let router = router(sessions)?;

    let listener = support::listen().await?;
    println!(
        "\
Listening on http://{addr}, for the sessions of {origin}.
These commands sign up, call this service, sign out, and call it again. The last one gets 200 for up to
{seconds} seconds, and then 401. Better Auth must have the same host as this service:

curl -c cookies.txt {origin}/api/auth/sign-up/email -H 'Origin: {origin}' \\
  --json '{{\"name\": \"Ada\", \"email\": \"ada@example.com\", \"password\": \"correct horse\"}}'
curl -i -b cookies.txt http://{addr}/me
curl -b cookies.txt {origin}/api/auth/sign-out -H 'Origin: {origin}' --json '{{}}'
curl -i -b cookies.txt http://{addr}/me",
        addr = listener.local_addr()?,
        seconds = FRESH_FOR.as_secs(),
    );
    axum::serve(listener, router).await?;
    Ok(())
}

/// Logs the requests that are rejected, with their reasons.
fn log_to_stderr() {
    use tracing_subscriber::{
        filter::{LevelFilter, Targets},
        fmt,
        layer::SubscriberExt,
        util::SubscriberInitExt,
    };

    tracing_subscriber::registry()
        .with(fmt::layer().with_writer(std::io::stderr))
        .with(Targets::new().with_target("tower_jwt_auth", LevelFilter::DEBUG))
        .init();
}
