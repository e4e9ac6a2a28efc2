//! What operators need from a service behind the layer: Prometheus metrics and health endpoints.
//!
//! ```sh
//! cargo run --example operations --features better-auth
//! ```
//!
//! `AUTH_ORIGIN` is the origin of Better Auth (default `http://localhost:3000`); `ADDR` is the
//! address to listen on. `/livez` is for restarts, `/readyz` for load balancers, and `/metrics` for
//! Prometheus. The last two must not be reachable from the Internet.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::State, routing::get};
use http::{StatusCode, header::CONTENT_TYPE};
use tokio::net::TcpListener;
use tower_jwt_auth::{CurrentUser, JwtAuthBuilder, JwtAuthLayer, Outcome};

/// The number of requests for each outcome. There are about thirty outcomes.
#[derive(Clone, Default)]
struct Outcomes(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Outcomes {
    fn count(&self, outcome: Outcome) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(outcome.label()).or_default() += 1;
    }
}

/// Builds the routes, protected by the layer that `auth` describes.
pub fn router(auth: JwtAuthBuilder) -> Result<(Router, JwtAuthLayer), Box<dyn Error>> {
    let outcomes = Outcomes::default();
    let counted = outcomes.clone();
    let auth = auth
        .observe(move |outcome| counted.count(outcome))
        .build()?;
    let router = Router::new()
        .route(
            "/me",
            get(async |user: CurrentUser| user.user_id().to_owned()),
        )
        .route_layer(auth.clone())
        // Public, because they are added after the layer.
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state((auth.clone(), outcomes));
    Ok((router, auth))
}

/// Fails until the first keys are cached, and if they have expired. Old keys that are still valid do
/// not make the service unready: otherwise, an outage of the issuer would remove all replicas.
async fn ready(State((auth, _)): State<(JwtAuthLayer, Outcomes)>) -> StatusCode {
    match auth.is_ready() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Writes the metrics in the text format of Prometheus.
async fn metrics(
    State((auth, outcomes)): State<(JwtAuthLayer, Outcomes)>,
) -> ([(http::HeaderName, &'static str); 1], String) {
    let mut text = String::from("# TYPE auth_outcomes_total counter\n");
    let counts = outcomes.0.lock().unwrap_or_else(PoisonError::into_inner);
    for (outcome, count) in &*counts {
        let _ = writeln!(text, "auth_outcomes_total{{outcome=\"{outcome}\"}} {count}");
    }
    for name in ["keys", "failing", "age_seconds", "expires_in_seconds"] {
        let _ = writeln!(text, "# TYPE auth_jwks_{name} gauge");
    }
    for keys in auth.jwks_health() {
        let url = keys.url.replace('\\', r"\\").replace('"', r#"\""#);
        let _ = writeln!(text, "auth_jwks_keys{{url=\"{url}\"}} {}", keys.keys);
        let failing = u8::from(keys.last_error.is_some());
        let _ = writeln!(text, "auth_jwks_failing{{url=\"{url}\"}} {failing}");
        for (name, time) in [("age", keys.age), ("expires_in", keys.expires_in)] {
            if let Some(time) = time {
                let seconds = time.as_secs();
                let _ = writeln!(text, "auth_jwks_{name}_seconds{{url=\"{url}\"}} {seconds}");
            }
        }
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

#[tokio::main]
#[allow(dead_code, reason = "tests use the router alone")]
async fn main() -> Result<(), Box<dyn Error>> {
    let origin = env::var("AUTH_ORIGIN").unwrap_or_else(|_| "http://localhost:3000".into());
    let (router, auth) = router(JwtAuthLayer::better_auth(origin))?;
    // Without keys, the service starts anyway, and /readyz fails until a fetch succeeds.
    if let Err(error) = auth.ready_within(Duration::from_secs(10)).await {
        eprintln!("{error}");
    }
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:8000".into());
    let listener = TcpListener::bind(addr).await?;
    println!("Open http://{}/metrics", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}
