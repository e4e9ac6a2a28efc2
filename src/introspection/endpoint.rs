//! Asks an introspection endpoint about a token (RFC 7662 section 2.1).

use std::{
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::time::Instant;

use super::settings::Place;
use crate::{
    http_client::{GetError, GetFailure, HttpClient},
    key::Secret,
    lookups::LookupError,
    redact::redact_url,
    url_check::check_url,
};

/// The maximum size of a response, in bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// The interval between requests for useless metadata.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(1);

/// The characters that a form leaves as they are.
const ENCODED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');

/// The endpoint of an authorization server.
pub(super) struct Endpoint {
    pub(super) client: HttpClient,
    pub(super) place: Place,
    pub(super) credentials: Option<Credentials>,
    pub(super) http_allowed: bool,
    /// The URL that was found in the metadata.
    pub(super) discovered: OnceLock<String>,
    /// The last time at which the metadata was useless. Until a second later, it is not requested again:
    /// the breaker does not count such failures, and each invented token would cause up to three requests.
    pub(super) failed: Mutex<Option<Instant>>,
}

/// The credentials of this service at the authorization server.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: Secret,
}

/// The members of the metadata that are used (RFC 8414 section 2).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    introspection_endpoint: Option<String>,
}

impl Endpoint {
    /// Returns the response about a token.
    pub(super) async fn introspect(&self, token: &str) -> Result<String, LookupError> {
        let url = match &self.place {
            Place::Url(url) => url,
            Place::Issuer(issuer) => match self.discovered.get() {
                Some(url) => url,
                // Nobody waits for the lookup that discovers it, whose runtime may stall.
                None => {
                    let url = self.discover_again(issuer).await?;
                    self.discovered.get_or_init(|| url)
                }
            },
        };
        let mut fields = HeaderMap::new();
        if let Some(credentials) = &self.credentials {
            fields.insert(AUTHORIZATION, credentials.basic()?);
        }
        let token = utf8_percent_encode(token, &ENCODED);
        let form = format!("token={token}&token_type_hint=access_token");
        let response = self
            .client
            .post_form(url, fields, form, MAX_RESPONSE_BYTES)
            .await;
        match response {
            Ok(fetched) => Ok(fetched.body),
            Err(error) => Err(explain(&error)),
        }
    }

    /// Finds the endpoint, at most once a second while the metadata is useless.
    async fn discover_again(&self, issuer: &str) -> Result<String, LookupError> {
        let is_recent = |failed: Instant| failed.elapsed() < DISCOVERY_INTERVAL;
        if self.failed().is_some_and(is_recent) {
            return Err(misconfigured(
                "the issuer's metadata was useless a moment ago; an earlier event reports why"
                    .to_owned(),
            ));
        }
        let found = self.discover(issuer).await;
        if let Err(LookupError {
            is_outage: false, ..
        }) = &found
        {
            *self.failed() = Some(Instant::now());
        }
        found
    }

    fn failed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the endpoint in the issuer's metadata (RFC 8414 section 3, OpenID Connect Discovery 1.0
    /// section 4).
    async fn discover(&self, issuer: &str) -> Result<String, LookupError> {
        let mut missing = Vec::new();
        for url in crate::metadata::candidates(issuer) {
            let shown = redact_url(&url).unwrap_or_default();
            let fetched = self
                .client
                .get(&url, HeaderMap::new(), MAX_RESPONSE_BYTES)
                .await;
            let json = match fetched {
                Ok(fetched) => fetched.body,
                Err(error) if matches!(error.cause, GetFailure::Status(status) if status.is_client_error()) =>
                {
                    missing.push(shown);
                    continue;
                }
                Err(error) => return Err(explain(&error)),
            };
            return self
                .endpoint_in(&json, issuer)
                .map_err(|problem| misconfigured(format!("the metadata at {shown:?} {problem}")));
        }
        Err(misconfigured(format!(
            "the issuer has no metadata at {}; pass the URL of its endpoint to Introspection::new(…)",
            missing.join(" or ")
        )))
    }

    fn endpoint_in(&self, json: &str, issuer: &str) -> Result<String, String> {
        let metadata: Metadata = serde_json::from_str(json)
            .map_err(|_| "is not JSON with the issuer; pass the URL of the endpoint to Introspection::new(…)")?;
        if metadata.issuer != issuer {
            return Err("belongs to another issuer; pass the issuer that it names to Introspection::discover(…)".to_owned());
        }
        let Some(endpoint) = metadata.introspection_endpoint else {
            return Err(
                "names no introspection_endpoint; the issuer may not offer introspection"
                    .to_owned(),
            );
        };
        check_url(&endpoint, self.http_allowed, "read access tokens")
            .map_err(|problem| format!("names an introspection_endpoint that {problem}"))?;
        Ok(endpoint)
    }
}

impl Credentials {
    /// Returns the field for `client_secret_basic` (RFC 6749 section 2.3.1).
    fn basic(&self) -> Result<HeaderValue, LookupError> {
        let encode = |text| utf8_percent_encode(text, &ENCODED);
        let secret = String::from_utf8_lossy(self.secret.as_bytes());
        let pair = format!("{}:{}", encode(&self.id), encode(&secret));
        let value = format!("Basic {}", STANDARD.encode(pair));
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| misconfigured("the client's credentials are too long".to_owned()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn misconfigured(message: String) -> LookupError {
    LookupError {
        message,
        is_outage: false,
    }
}

fn explain(error: &GetError) -> LookupError {
    let advice = match error.cause {
        GetFailure::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            "; the authorization server rejects the client: check its ID and secret in .client(…), and that it may introspect tokens with client_secret_basic"
        }
        GetFailure::Status(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => {
            "; the URL is not that of an introspection endpoint"
        }
        GetFailure::Status(StatusCode::TOO_MANY_REQUESTS) => {
            "; the authorization server limits the rate: exempt this service, or raise .fresh_for(…)"
        }
        _ => "",
    };
    LookupError {
        message: format!("{error}{advice}"),
        is_outage: error.is_outage(),
    }
}
