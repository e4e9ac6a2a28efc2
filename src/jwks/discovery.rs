//! [`Discovery`]: finds the key set of an issuer in its metadata; used by the builder.

use std::{future::Future, pin::Pin, sync::Arc};

use http::StatusCode;
use serde::Deserialize;

use super::{
    fetch::{FetchError, FetchedJwks, JwksFetch, MAX_JWKS_BYTES},
    settings::check_jwks_uri,
};
use crate::{
    metadata::candidates,
    redact::{describe_url, redact_url},
};

/// The maximum length of a name or a URL from the metadata in an error, in characters.
const MAX_SHOWN_CHARS: usize = 256;

/// Fetches the key set to which an issuer's metadata refers (OpenID Connect Discovery 1.0 section
/// 4, RFC 8414 section 3).
///
/// The metadata is read again for each fetch, so a key set that has moved is found without a
/// restart.
pub(crate) struct Discovery {
    pub(crate) fetcher: Arc<dyn JwksFetch>,
    pub(crate) http_allowed: bool,
}

/// The members of the metadata that are used. A duplicate member is an error.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl JwksFetch for Discovery {
    fn fetch<'a>(
        &'a self,
        issuer: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(self.fetch_keys(issuer))
    }
}

impl Discovery {
    async fn fetch_keys(&self, issuer: &str) -> Result<FetchedJwks, FetchError> {
        let (url, json) = self.fetch_metadata(issuer).await?;
        let url = redact_url(&url).unwrap_or_default();
        let metadata: Metadata = serde_json::from_str(&json).map_err(|error| {
            FetchError::new(format!(
                "{url:?} does not return an issuer's metadata with issuer and jwks_uri: {}",
                problem(&error)
            ))
        })?;
        check_issuer(&metadata, issuer)?;
        let Metadata { jwks_uri, .. } = metadata;
        if let Err(problem) = check_jwks_uri(&jwks_uri, issuer, self.http_allowed) {
            let jwks_uri = describe_jwks_uri(&jwks_uri);
            return Err(FetchError::new(format!("{jwks_uri} in {url:?} {problem}")));
        }
        let fetched = self.fetcher.fetch(&jwks_uri).await;
        fetched.map_err(|error| {
            let jwks_uri = describe_jwks_uri(&jwks_uri);
            FetchError::new(format!("{jwks_uri} in {url:?}: {error}"))
        })
    }

    /// Returns the URL and the text of the metadata, from the first candidate that has it.
    async fn fetch_metadata(&self, issuer: &str) -> Result<(String, String), FetchError> {
        let mut missing = Vec::new();
        for url in candidates(issuer) {
            let shown = redact_url(&url).unwrap_or_default();
            match self.fetcher.fetch(&url).await {
                Ok(fetched) if fetched.json.len() > MAX_JWKS_BYTES => {
                    return Err(FetchError::new(format!(
                        "the metadata at {shown:?} is larger than {MAX_JWKS_BYTES} bytes"
                    )));
                }
                Ok(fetched) => return Ok((url, fetched.json)),
                Err(error) if is_missing(&error) => missing.push(format!("{shown:?} ({error})")),
                Err(error) => return Err(FetchError::new(format!("{shown:?}: {error}"))),
            }
        }
        Err(FetchError::new(format!(
            "the issuer has no metadata at {}; check the issuer, or set the URL of its key set \
             with .jwks_url(…) and its name with .issuer(…)",
            missing.join(" or ")
        )))
    }
}

/// Returns whether the next candidate is tried. If the issuer is overloaded or broken, no other URL
/// is tried.
fn is_missing(error: &FetchError) -> bool {
    error
        .status
        .is_some_and(|status| status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS)
}

/// Checks that the metadata belongs to the configured issuer (OpenID Connect Discovery 1.0 section
/// 4.3, RFC 8414 section 3.3).
fn check_issuer(metadata: &Metadata, configured: &str) -> Result<(), FetchError> {
    let found = &metadata.issuer;
    if found == configured {
        return Ok(());
    }
    let hint = if found.contains('{') {
        "its issuer is a template; set the URL of its key set with .jwks_url(…), and call \
         .issuer_template(…)"
    } else {
        "if the iss of its tokens is the name in the metadata, pass that name to discover(…); \
         otherwise use .jwks_url(…) and .issuer(…)"
    };
    let only_slash_differs = found.trim_end_matches('/') == configured.trim_end_matches('/');
    let difference = if only_slash_differs {
        " (only the trailing slash differs)"
    } else {
        ""
    };
    Err(FetchError::new(format!(
        "the metadata names the issuer {:?}, but {configured:?} is configured{difference}; {hint}",
        cut(found)
    )))
}

/// Describes an error without quoting the document.
fn problem(error: &serde_json::Error) -> String {
    if error.is_data() {
        format!(
            "a member is missing, duplicated, or not a string (line {}, column {})",
            error.line(),
            error.column()
        )
    } else {
        "it is not JSON".to_owned()
    }
}

/// Describes the URL of the keys, without a user name and a query, which are removed before the text
/// is cut: a cut user name looks like a host.
fn describe_jwks_uri(url: &str) -> String {
    cut(&describe_url("the jwks_uri", url))
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn the_metadata_is_looked_for_in_the_order_of_the_specifications() {
        let oidc = "/.well-known/openid-configuration";
        let oauth = "/.well-known/oauth-authorization-server";
        for (issuer, origin, path) in [
            ("https://a.example", "https://a.example", ""),
            ("https://a.example/", "https://a.example", ""),
            ("https://a.example:8443", "https://a.example:8443", ""),
            (
                "https://a.example/api/auth",
                "https://a.example",
                "/api/auth",
            ),
            ("https://a.example/o/app/", "https://a.example", "/o/app"),
        ] {
            let mut expected = vec![
                format!("{origin}{path}{oidc}"),
                format!("{origin}{oauth}{path}"),
            ];
            if !path.is_empty() {
                expected.push(format!("{origin}{path}{oauth}"));
            }
            assert_eq!(candidates(issuer), expected, "{issuer}");
        }
    }
}
