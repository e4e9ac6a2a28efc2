//! The built-in fetcher, based on reqwest; used by the builder.

use std::{env, error::Error, future::Future, pin::Pin, sync::OnceLock, time::Duration};

use http::{
    HeaderMap, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, LOCATION},
};
use reqwest::{Client, ClientBuilder, Response, Url, redirect::Policy};
use tokio::task::spawn_blocking;

use super::fetch::{FetchError, FetchedJwks, JwksFetch, MAX_JWKS_BYTES};
use crate::redact::redact_url;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The maximum length of text from the server in an error: a redirect's target, a content encoding,
/// or the names in a certificate.
const MAX_SHOWN_CHARS: usize = 512;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The variables that replace the system's certificate locations.
const CERTIFICATE_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The parts of rustls's error messages that need an explanation, each with advice.
const TLS_HINTS: [(&str, &str); 3] = [
    (
        "UnknownIssuer",
        "this machine does not trust the authority that signed the server's certificate; \
         for a private authority, set SSL_CERT_FILE to a PEM file with its certificate, \
         or set another client with .jwks_fetcher(…)",
    ),
    (
        "CaUsedAsEndEntity",
        "the server uses a CA certificate as its own certificate; issue a server certificate, \
         or set another client with .jwks_fetcher(…)",
    ),
    (
        "InvalidContentType",
        "the server does not speak TLS on this port; check the port, and whether the URL must \
         start with https:// or http://",
    ),
];

/// The default fetcher: reqwest over rustls.
///
/// Each client is created by the first fetch that needs it. The client for https loads the system's
/// CA certificates, which may be missing; the client for http needs none.
#[derive(Default)]
pub(crate) struct HttpClient {
    https: OnceLock<Client>,
    http: OnceLock<Client>,
}

impl HttpClient {
    async fn get(&self, url: &str) -> Result<FetchedJwks, FetchError> {
        let failed = |error: reqwest::Error| FetchError::new(explain(&error.without_url()));
        let request = self.client(url).await?.get(url);
        let request = request
            .header(ACCEPT, "application/json")
            // Without this header, an issuer may compress the response (RFC 9110 section 12.5.3).
            .header(ACCEPT_ENCODING, "identity");
        let mut response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            let error = FetchError::new(wrong_status(url, &response));
            return Err(error.with_status(response.status()));
        }
        if let Some(encoding) = content_encoding(response.headers()) {
            return Err(FetchError::new(compressed(&format!(
                "with content-encoding {encoding:?}"
            ))));
        }
        let max_age = max_age(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_JWKS_BYTES {
                return Err(FetchError::new(format!(
                    "the response is larger than {MAX_JWKS_BYTES} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        if body.starts_with(&GZIP_MAGIC) {
            return Err(FetchError::new(compressed("with gzip")));
        }
        let json =
            String::from_utf8(body).map_err(|_| FetchError::new("the response is not UTF-8"))?;
        let fetched = FetchedJwks::new(json);
        Ok(match max_age {
            Some(age) => fetched.with_max_age(age),
            None => fetched,
        })
    }

    /// Returns the client for this URL. If it could not be created, the next fetch tries again,
    /// because certificates may have been installed in the meantime.
    async fn client(&self, url: &str) -> Result<&Client, FetchError> {
        if is_http(url) {
            if let Some(client) = self.http.get() {
                return Ok(client);
            }
            // This client trusts no certificate, so it cannot be used for https by mistake.
            let client = builder().tls_certs_only([]).build().map_err(|error| {
                FetchError::new(format!(
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
            Ok(Err(error)) => Err(FetchError::new(no_certificates(&error))),
            Err(_) => Err(FetchError::new(
                "reading the CA certificates was interrupted",
            )),
        }
    }
}

impl JwksFetch for HttpClient {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(self.get(url))
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        // A redirect could lead to an attacker's keys.
        .redirect(Policy::none())
        // A proxy from the environment could replace the keys of a plain-HTTP URL.
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
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
             URL if it is the issuer's",
            truncate(&target)
        ),
        None => format!(
            "status {status}, a redirect to a location that is not a URL; configure the URL \
             of the keys"
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

fn compressed(encoding: &str) -> String {
    format!(
        "the response is compressed {encoding}, although the request accepts only identity; \
         turn off compression for this URL, or set another client with .jwks_fetcher(…)"
    )
}

fn truncate(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).collect()
}

/// Describes an error of reqwest: the failed step and its causes.
fn explain(error: &reqwest::Error) -> String {
    let text = match error.source() {
        Some(_) => format!("{error}: {}", cause(error)),
        None => error.to_string(),
    };
    let hint = TLS_HINTS.iter().find(|(words, _)| text.contains(words));
    let text = truncate(&text);
    match hint {
        Some((_, hint)) => format!("{text}; {hint}"),
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

/// Returns the `max-age` (RFC 9111 section 5.2.2). `no-store` and `no-cache` are treated as
/// `max-age=0`.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase());
    let mut found = None;
    for directive in directives {
        if directive == "no-store" || directive == "no-cache" {
            return Some(Duration::ZERO);
        }
        let seconds = directive
            .strip_prefix("max-age=")
            .map(|age| age.trim_matches('"').parse());
        if let Some(Ok(seconds)) = seconds {
            found = Some(Duration::from_secs(seconds));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn cache_control_sets_the_max_age_of_a_key_set() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (fields, expected) in [
            (&[][..], None),
            (&["public"], None),
            (&["max-age=60"], seconds(60)),
            (&["max-age=0"], seconds(0)),
            (&["public, Max-Age=60, must-revalidate"], seconds(60)),
            (&["max-age=\"60\""], seconds(60)),
            (&["public", "max-age=60"], seconds(60)),
            (&["max-age=soon"], None),
            (&["max-age=-1"], None),
            (&["s-maxage=60"], None),
            (&["no-store"], seconds(0)),
            (&["no-cache"], seconds(0)),
            (&["max-age=60, No-Store"], seconds(0)),
            (&["max-age=60", "no-cache"], seconds(0)),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(field));
            }
            assert_eq!(max_age(&headers), expected, "{fields:?}");
        }
    }
}
