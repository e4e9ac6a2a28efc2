//! The built-in HTTP client, based on reqwest: it sends one GET request and returns the body of a
//! response with status 200. Used by `jwks` and `sessions`.

use std::{env, error::Error, fmt, sync::OnceLock, time::Duration};

use http::{
    HeaderMap, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, LOCATION},
};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, Url, redirect::Policy};
use tokio::task::spawn_blocking;

use crate::redact::redact_url;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The time after which an unused connection is not reused. Node.js closes it after the same time.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum length of text from the server in an error: a redirect's target, a content encoding,
/// or the names in a certificate.
const MAX_SHOWN_CHARS: usize = 512;

/// hyper's error about a response with more than 100 fields, or too large ones.
const LARGE_HEAD: &str = "message head is too large";

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The variables that replace the system's certificate locations.
const CERTIFICATE_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The parts of rustls's error messages that need an explanation, each with advice, and whether
/// another client would help.
const TLS_HINTS: [(&str, &str, bool); 3] = [
    (
        "UnknownIssuer",
        "this machine does not trust the authority that signed the server's certificate; \
         for a private authority, set SSL_CERT_FILE to a PEM file with its certificate",
        true,
    ),
    (
        "CaUsedAsEndEntity",
        "the server uses a CA certificate as its own certificate; issue a server certificate",
        true,
    ),
    (
        "InvalidContentType",
        "the server does not speak TLS on this port; check the port, and whether the URL must \
         start with https:// or http://",
        false,
    ),
];

/// The client: reqwest over rustls.
///
/// Each of its two clients is created by the first request that needs it. The client for https loads the system's
/// CA certificates, which may be missing; the client for http needs none.
pub(crate) struct HttpClient {
    https: OnceLock<Client>,
    http: OnceLock<Client>,
    alternative: &'static str,
}

/// A response with status 200.
pub(crate) struct Fetched {
    #[cfg_attr(not(feature = "jwks"), allow(dead_code))]
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Error returned if there is no usable response.
#[derive(Debug)]
pub(crate) struct GetError {
    message: String,
    pub(crate) cause: GetFailure,
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GetFailure {
    /// There was no complete response.
    Unreachable,
    /// The status was not 200.
    Status(StatusCode),
    /// The body cannot be used.
    Unusable,
}

impl GetError {
    fn unreachable(message: String) -> Self {
        Self {
            message,
            cause: GetFailure::Unreachable,
        }
    }

    fn unusable(message: String) -> Self {
        Self {
            message,
            cause: GetFailure::Unusable,
        }
    }
}

#[cfg(any(feature = "sessions", feature = "introspection"))]
impl GetError {
    /// Returns whether the server cannot be reached. Clients can provoke other errors.
    pub(crate) fn is_outage(&self) -> bool {
        match self.cause {
            GetFailure::Unreachable => true,
            GetFailure::Status(status) => matches!(
                status,
                StatusCode::BAD_GATEWAY
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::GATEWAY_TIMEOUT
            ),
            GetFailure::Unusable => false,
        }
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl HttpClient {
    /// `alternative` ends the advice about failures that another client would avoid.
    pub(crate) fn new(alternative: &'static str) -> Self {
        Self {
            https: OnceLock::new(),
            http: OnceLock::new(),
            alternative,
        }
    }

    /// Sends a GET request with these header fields, and returns the response if its status is 200
    /// and its body, in bytes, is within the limit.
    pub(crate) async fn get(
        &self,
        url: &str,
        fields: HeaderMap,
        max_bytes: usize,
    ) -> Result<Fetched, GetError> {
        let request = self.client(url).await?.get(url).headers(fields);
        self.send(url, request, max_bytes).await
    }

    /// Sends a form (`application/x-www-form-urlencoded`), and returns the response as `get` does.
    #[cfg(feature = "introspection")]
    pub(crate) async fn post_form(
        &self,
        url: &str,
        fields: HeaderMap,
        form: String,
        max_bytes: usize,
    ) -> Result<Fetched, GetError> {
        let content_type = (
            http::header::CONTENT_TYPE,
            "application/x-www-form-urlencoded",
        );
        let request = self.client(url).await?.post(url).headers(fields);
        let request = request.header(content_type.0, content_type.1).body(form);
        self.send(url, request, max_bytes).await
    }

    async fn send(
        &self,
        url: &str,
        request: RequestBuilder,
        max_bytes: usize,
    ) -> Result<Fetched, GetError> {
        let failed = |error: reqwest::Error| {
            let message = explain(&error.without_url(), self.alternative);
            // The server can be reached, and a user whose data is in the fields may have caused it.
            if message.contains(LARGE_HEAD) {
                return GetError::unusable(message);
            }
            GetError::unreachable(message)
        };
        let request = request
            .header(ACCEPT, "application/json")
            // Without this header, a server may compress the response (RFC 9110 section 12.5.3).
            .header(ACCEPT_ENCODING, "identity");
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(GetError {
                message: wrong_status(url, &response),
                cause: GetFailure::Status(status),
            });
        }
        if let Some(encoding) = content_encoding(response.headers()) {
            let encoding = format!("with content-encoding {encoding:?}");
            return Err(GetError::unusable(compressed(&encoding, self.alternative)));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > max_bytes {
                return Err(GetError::unusable(format!(
                    "the response is larger than {max_bytes} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        if body.starts_with(&GZIP_MAGIC) {
            return Err(GetError::unusable(compressed(
                "with gzip",
                self.alternative,
            )));
        }
        let body = String::from_utf8(body)
            .map_err(|_| GetError::unusable("the response is not UTF-8".into()))?;
        let headers = std::mem::take(response.headers_mut());
        Ok(Fetched { headers, body })
    }

    /// Returns the client for this URL. If it could not be created, the next request tries again,
    /// because certificates may have been installed in the meantime.
    async fn client(&self, url: &str) -> Result<&Client, GetError> {
        if is_http(url) {
            if let Some(client) = self.http.get() {
                return Ok(client);
            }
            // This client trusts no certificate, so it cannot be used for https by mistake.
            let client = builder().tls_certs_only([]).build().map_err(|error| {
                GetError::unreachable(format!(
                    "the HTTP client cannot be created: {}",
                    cause(&error)
                ))
            })?;
            return Ok(self.http.get_or_init(|| client));
        }
        if let Some(client) = self.https.get() {
            return Ok(client);
        }
        // Loading the certificates takes milliseconds, during which requests must not be blocked.
        match spawn_blocking(|| builder().build()).await {
            Ok(Ok(client)) => Ok(self.https.get_or_init(|| client)),
            Ok(Err(error)) => Err(GetError::unreachable(no_certificates(&error))),
            Err(_) => Err(GetError::unreachable(
                "reading the CA certificates was interrupted".into(),
            )),
        }
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        // A redirect could lead to an attacker's server.
        .redirect(Policy::none())
        // A proxy from the environment could replace the response of a plain-HTTP URL.
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        // After the failure of a machine between them, each pooled connection costs one timeout. The
        // only connection of HTTP/2, which another crate may enable, would be reused for many minutes.
        .http1_only()
        .pool_idle_timeout(IDLE_TIMEOUT)
        .user_agent(concat!("tower-jwt-auth/", env!("CARGO_PKG_VERSION")))
}

/// Returns whether the URL needs no TLS. Every scheme except http gets the client with TLS.
fn is_http(url: &str) -> bool {
    url.get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
}

/// Describes the failure to create the client for https. The certificates are named as the cause,
/// because creating the client without them does not fail.
fn no_certificates(error: &reqwest::Error) -> String {
    let mut text = format!(
        "the CA certificates of this machine cannot be loaded ({}); install the package \
         ca-certificates, or set SSL_CERT_FILE to a PEM file of CA certificates",
        cause(error)
    );
    for variable in CERTIFICATE_VARIABLES {
        if env::var_os(variable).is_some() {
            text = format!("{text}; {variable} is set, but contains no usable certificate");
        }
    }
    text
}

/// Describes an unexpected status, with the target of a redirect, which is never followed.
fn wrong_status(url: &str, response: &Response) -> String {
    let status = response.status();
    let location = response.headers().get(LOCATION);
    let Some(location) = location.filter(|_| status.is_redirection()) else {
        return format!("status {status}");
    };
    // RFC 9110 section 10.2.2: the target may be relative to the URL of the request.
    let target = location
        .to_str()
        .ok()
        .and_then(|location| Url::parse(url).ok()?.join(location).ok())
        .and_then(|target| redact_url(target.as_str()));
    match target {
        Some(target) => format!(
            "status {status}, a redirect to {:?}; redirects are not followed, so configure that \
             URL if it is the right one",
            truncate(&target)
        ),
        None => format!(
            "status {status}, a redirect to a location that is not a URL; check the configured URL"
        ),
    }
}

/// Returns the content encoding, if there is one.
fn content_encoding(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_ENCODING)?.as_bytes();
    let text = String::from_utf8_lossy(value.trim_ascii());
    let is_identity = text.is_empty() || text.eq_ignore_ascii_case("identity");
    (!is_identity).then(|| truncate(&text))
}

fn compressed(encoding: &str, alternative: &str) -> String {
    format!(
        "the response is compressed {encoding}, although the request accepts only identity; \
         turn off compression for this URL{alternative}"
    )
}

fn truncate(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).collect()
}

/// Describes an error of reqwest: the failed step and its causes.
fn explain(error: &reqwest::Error, alternative: &str) -> String {
    let text = match error.source() {
        Some(_) => format!("{error}: {}", cause(error)),
        None => error.to_string(),
    };
    let hint = TLS_HINTS.iter().find(|(words, ..)| text.contains(words));
    let text = truncate(&text);
    match hint {
        Some((_, hint, true)) => format!("{text}; {hint}{alternative}"),
        Some((_, hint, false)) => format!("{text}; {hint}"),
        None => text,
    }
}

/// Returns the messages of the error's sources.
fn cause(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
