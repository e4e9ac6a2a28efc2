//! A forward-auth service for nginx's `auth_request`, Traefik's ForwardAuth, and Envoy's HTTP
//! ext_authz. It decides for the proxy whether a request is allowed and returns the request's user,
//! so that services in any language behind the proxy share one check. The guide is
//! docs/forward-auth.md.
//!
//! ```sh
//! cargo run --example forward_auth -- nginx # or traefik, or envoy
//! ```
//!
//! If `BETTER_AUTH_SECRET` is set, the example verifies the tokens of your own front end, with the
//! audience and issuer in `BETTER_AUTH_AUDIENCE` and `BETTER_AUTH_ISSUER` if those are set. The
//! variable contains the secret that signs the tokens, such as the recipe's `API_TOKEN_SECRET`.
//! Otherwise, the example generates a secret for the run and prints a token and requests to paste.
//! `ADDR` is the address to listen on. Rejections and their reasons are logged to stderr.

mod support;

use std::{env, error::Error, future::ready};

use axum::{Extension, Json, Router, extract::Request, middleware::map_request};
use http::{
    HeaderName, HeaderValue, StatusCode, Uri,
    header::{AUTHORIZATION, CACHE_CONTROL},
    uri::PathAndQuery,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tower::ServiceBuilder;
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_jwt_auth::{ConfigError, CurrentUser, JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer};

/// The proxy that calls the service, which determines where the client's path is.
///
/// It is configured at startup and never derived from a request, because a header that the proxy
/// does not overwrite contains the client's own value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    Nginx,
    Traefik,
    Envoy,
}

impl Proxy {
    fn named(name: &str) -> Option<Self> {
        match name {
            "nginx" => Some(Self::Nginx),
            "traefik" => Some(Self::Traefik),
            "envoy" => Some(Self::Envoy),
            _ => None,
        }
    }

    /// Returns the header that contains the client's path. The proxy overwrites a header of this
    /// name that the client sent.
    fn path_header(self) -> Option<HeaderName> {
        match self {
            // nginx.conf sets it with `proxy_set_header`.
            Self::Nginx => Some(HeaderName::from_static("x-original-uri")),
            // Traefik sets it, unless `trustForwardHeader` is on.
            Self::Traefik => Some(HeaderName::from_static("x-forwarded-uri")),
            // Envoy sends its request to the client's path.
            Self::Envoy => None,
        }
    }
}

type Refusal = (StatusCode, Json<Value>);

fn refusal(status: StatusCode, detail: &str) -> Refusal {
    (status, Json(json!({ "detail": detail })))
}

/// Builds the service for `proxy`, with the keys and rules of `auth`.
pub fn router(proxy: Proxy, auth: JwtAuthBuilder) -> Result<Router, ConfigError> {
    // The paths of your services. All other paths are rejected.
    let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}")?.except("/me")?;
    let layers = ServiceBuilder::new()
        .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
        // Outside the layers, so that they check the client's path.
        .layer(map_request(move |request| {
            ready(with_original_uri(proxy, request))
        }))
        // A gRPC rejection has the HTTP status 200, which the proxy would treat as allowed.
        .layer(auth.http_answers_only().build()?)
        .layer(owner.http_answers_only());
    // A fallback, because the proxy's request can have any path and method.
    Ok(Router::new().fallback(identity).layer(layers))
}

/// Replaces the path of a request with the client's. A request whose header does not contain
/// exactly one path is rejected.
fn with_original_uri(proxy: Proxy, mut request: Request) -> Result<Request, Refusal> {
    let Some(name) = proxy.path_header() else {
        return Ok(request);
    };
    let mut values = request.headers().get_all(&name).iter();
    let uri = match (values.next(), values.next()) {
        (Some(path), None) => path_absolute(path),
        // None: the proxy is not configured to send it. Two: one of them may be the client's.
        _ => None,
    };
    let Some(uri) = uri else {
        let detail = format!("{name} is to be there once, and an absolute path");
        return Err(refusal(StatusCode::BAD_REQUEST, &detail));
    };
    *request.uri_mut() = uri;
    Ok(request)
}

fn path_absolute(value: &HeaderValue) -> Option<Uri> {
    let text = value.to_str().ok()?;
    // `http` removes everything after a `#`, but proxies forward it.
    if !text.starts_with('/') || text.contains('#') {
        return None;
    }
    text.parse::<PathAndQuery>().ok().map(Uri::from)
}

/// Responds with the user's identity.
///
/// The status is 200 and not 204, because Envoy treats only 200 as allowed. All four headers are
/// always set, even if empty, because Envoy keeps the client's own header if the response has none.
async fn identity(
    Extension(user): Extension<CurrentUser>,
) -> Result<[(HeaderName, HeaderValue); 5], Refusal> {
    let issuer = user.issuer().unwrap_or_default();
    let identity = (
        encoded(user.user_id()),
        encoded(user.email()),
        encoded(issuer).filter(|issuer| issuer.len() <= MAX_ISSUER_LEN),
    );
    let (Some(id), Some(email), Some(issuer)) = identity else {
        let detail = "The user's id, e-mail address or issuer is too long";
        return Err(refusal(StatusCode::FORBIDDEN, detail));
    };
    // Users choose their own names, so a name that is too long is omitted, not rejected.
    let name = user.name().and_then(encoded);
    Ok([
        (HeaderName::from_static("x-auth-user-id"), id),
        (HeaderName::from_static("x-auth-issuer"), issuer),
        (HeaderName::from_static("x-auth-email"), email),
        (
            HeaderName::from_static("x-auth-name"),
            name.unwrap_or_else(|| HeaderValue::from_static("")),
        ),
        // The response is valid only for this token, path, and moment.
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ])
}

/// The characters to percent-encode. Header values have no standard encoding for text outside
/// ASCII. An address such as `ada@example.com` stays readable. A `+` is encoded, because some
/// decoders treat it as a space.
const ENCODED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// In bytes. Three such values, an issuer, and the other headers fit into 4 KiB. nginx reads no
/// more of a response's headers and treats a replica that sends more as failed, so a user with a
/// long name could take all replicas out of service.
const MAX_LEN: usize = 1024;
const MAX_ISSUER_LEN: usize = 512;

/// Returns the encoded text, or `None` if it is too long.
fn encoded(text: &str) -> Option<HeaderValue> {
    let encoded = utf8_percent_encode(text, &ENCODED).to_string();
    if encoded.len() > MAX_LEN {
        return None;
    }
    HeaderValue::try_from(encoded).ok()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    log_to_stderr();
    let name = env::args().nth(1).unwrap_or_default();
    let proxy =
        Proxy::named(&name).ok_or("pass the name of the proxy: nginx, traefik, or envoy")?;
    let is_set = |name| env::var_os(name).is_some();
    let is_configured = is_set("BETTER_AUTH_SECRET") || is_set("BETTER_AUTH_URL");
    let secret = support::random_secret();
    let auth = if is_configured {
        JwtAuthLayer::builder_from_env()
    } else {
        JwtAuthLayer::builder().secret(secret.as_str())
    };
    let router = router(proxy, auth)?;

    let listener = support::listen().await?;
    let origin = format!("http://{}", listener.local_addr()?);
    if is_configured {
        println!("Listening on {origin} for {name}, with the settings in the environment.");
    } else {
        print_requests(&origin, &name, proxy, &secret);
    }
    axum::serve(listener, router).await?;
    Ok(())
}

fn print_requests(origin: &str, name: &str, proxy: Proxy, secret: &str) {
    let token = support::mint(secret, "u1", "ada@example.com");
    let target = |path: &str| match proxy.path_header() {
        Some(header) => format!("-H '{header}: {path}' {origin}/"),
        None => format!("{origin}{path}"),
    };
    // The lines to paste contain no comments, because not every shell accepts them.
    println!(
        "\
Listening on {origin} for {name}. BETTER_AUTH_SECRET and BETTER_AUTH_URL are not set, so this run has a random secret.
Below are a token of the user u1, valid for an hour, and three requests like those of {name}. Paste
them into another shell. The first gets 200 and the identity; the second, without the token, gets
401; the third, for the path of another user, gets 403.

TOKEN={token}
curl -i -H \"Authorization: Bearer $TOKEN\" {own}
curl -i {own}
curl -i -H \"Authorization: Bearer $TOKEN\" {other}

docs/forward-auth.md describes the configuration of {name}. To accept the tokens of your own front
end, or to run more than one replica, set BETTER_AUTH_SECRET to the secret that signs the tokens.",
        own = target("/api/u1/tasks"),
        other = target("/api/u2/tasks"),
    );
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
