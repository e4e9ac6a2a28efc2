//! Answers a proxy that asks whether a request may pass, and says whose it is: for nginx's
//! `auth_request`, Traefik's ForwardAuth and Envoy's HTTP ext_authz. So services in any language
//! behind the proxy share one check. The guide is docs/forward-auth.md.
//!
//! ```sh
//! cargo run --example forward_auth -- nginx # or traefik, or envoy
//! ```
//!
//! With `BETTER_AUTH_SECRET` set it verifies the tokens of your own front end (and, with
//! `BETTER_AUTH_AUDIENCE` and `BETTER_AUTH_ISSUER`, checks theirs). Without, it makes a secret for
//! the run and prints a token and questions to paste. `ADDR` is where it listens.

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

/// Who asks, and so where the path stands that the client wants.
///
/// It is said at the start and never read from a request: a header that this proxy does not
/// overwrite holds what the client put there.
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

    /// The header that has the path, which this proxy overwrites whatever the client sent.
    fn path_header(self) -> Option<HeaderName> {
        match self {
            // By the `proxy_set_header` in nginx.conf.
            Self::Nginx => Some(HeaderName::from_static("x-original-uri")),
            // By itself, unless `trustForwardHeader` is on.
            Self::Traefik => Some(HeaderName::from_static("x-forwarded-uri")),
            // It asks at the path itself.
            Self::Envoy => None,
        }
    }
}

type Refusal = (StatusCode, Json<Value>);

fn refusal(status: StatusCode, detail: &str) -> Refusal {
    (status, Json(json!({ "detail": detail })))
}

/// What answers `proxy`, with the keys and rules of `auth`.
pub fn router(proxy: Proxy, auth: JwtAuthBuilder) -> Result<Router, ConfigError> {
    // The paths of your services. What is not listed is refused.
    let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}")?.except("/me")?;
    let layers = ServiceBuilder::new()
        .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
        // Before the layers, so that they judge the path that the client wants.
        .layer(map_request(move |request| {
            ready(with_original_uri(proxy, request))
        }))
        // A refusal in gRPC is an HTTP 200, which the proxy would take for leave.
        .layer(auth.http_answers_only().build()?)
        .layer(owner.http_answers_only());
    // Whatever path and method the proxy asks with.
    Ok(Router::new().fallback(identity).layer(layers))
}

/// The request, for the path that the client wants. Without one that is beyond doubt, nothing
/// passes.
fn with_original_uri(proxy: Proxy, mut request: Request) -> Result<Request, Refusal> {
    let Some(name) = proxy.path_header() else {
        return Ok(request);
    };
    let mut values = request.headers().get_all(&name).iter();
    let uri = match (values.next(), values.next()) {
        (Some(only), None) => path_absolute(only),
        // None: the proxy was not told to send it. Two: one of them may be the client's.
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
    // `http` cuts off what follows a #. Proxies pass it on.
    if !text.starts_with('/') || text.contains('#') {
        return None;
    }
    text.parse::<PathAndQuery>().ok().map(Uri::from)
}

/// Whose request it is.
///
/// 200 and not 204, since Envoy treats only 200 as allowed. Always all four headers, even if empty:
/// Envoy keeps the client's own header if the response has none.
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
    // Users choose their name, and a service can do without.
    let name = user.name().and_then(encoded);
    Ok([
        (HeaderName::from_static("x-auth-user-id"), id),
        (HeaderName::from_static("x-auth-issuer"), issuer),
        (HeaderName::from_static("x-auth-email"), email),
        (
            HeaderName::from_static("x-auth-name"),
            name.unwrap_or_else(|| HeaderValue::from_static("")),
        ),
        // True of this token, this path and this moment.
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ])
}

/// Percent-encoded UTF-8, since a header has no bytes that everybody takes for the same text. An
/// address such as `ada@example.com` stays legible. A + does not stay, and so it does not matter
/// whether whoever decodes this takes one for a space.
const ENCODED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// In bytes. Three of these and an issuer fit into 4 KiB, with the other headers. nginx reads no more
/// of a response's headers and treats a replica that sends more as broken: a user with a long name
/// would take all replicas out of service.
const MAX_LEN: usize = 1024;
const MAX_ISSUER_LEN: usize = 512;

/// `None` if that is too long.
fn encoded(text: &str) -> Option<HeaderValue> {
    let encoded = utf8_percent_encode(text, &ENCODED).to_string();
    if encoded.len() > MAX_LEN {
        return None;
    }
    HeaderValue::try_from(encoded).ok()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).unwrap_or_default();
    let proxy = Proxy::named(&name).ok_or("say which proxy asks: nginx, traefik or envoy")?;
    let is_configured = env::var_os("BETTER_AUTH_SECRET").is_some();
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
        println!("Listening on {origin} for {name}, with the secret in BETTER_AUTH_SECRET.");
    } else {
        print_questions(&origin, &name, proxy, &secret);
    }
    axum::serve(listener, router).await?;
    Ok(())
}

fn print_questions(origin: &str, name: &str, proxy: Proxy, secret: &str) {
    let token = support::mint(secret, "u1", "ada@example.com");
    let about = |path: &str| match proxy.path_header() {
        Some(header) => format!("-H '{header}: {path}' {origin}/"),
        None => format!("{origin}{path}"),
    };
    // Nothing but commands is to be pasted: not every shell takes # for a comment.
    println!(
        "\
Listening on {origin} for {name}. BETTER_AUTH_SECRET is not set, so this run has a random secret.
Below are a token, which is valid for an hour and whose user is u1, and three questions as {name}
asks them. Paste them into another shell: the first is answered with 200 and the identity, the
second, without the token, with 401, and the third, about the path of another user, with 403.

TOKEN={token}
curl -i -H \"Authorization: Bearer $TOKEN\" {own}
curl -i {own}
curl -i -H \"Authorization: Bearer $TOKEN\" {other}

How to have {name} ask them: docs/forward-auth.md. For the tokens of your own front end, and for
more than one replica, set BETTER_AUTH_SECRET to the secret that the tokens are signed with.",
        own = about("/api/u1/tasks"),
        other = about("/api/u2/tasks"),
    );
}
