//! The built-in fetcher, which uses the crate's HTTP client; used by the builder.

use std::{future::Future, pin::Pin, time::Duration};

use http::{HeaderMap, header::CACHE_CONTROL};

use super::fetch::{FetchError, FetchedJwks, JwksFetch, MAX_JWKS_BYTES};
use crate::http_client::{GetFailure, HttpClient};

/// The default fetcher.
pub(crate) struct HttpFetch(HttpClient);

impl HttpFetch {
    pub(crate) fn new() -> Self {
        Self(HttpClient::new(
            ", or set another client with .jwks_fetcher(…)",
        ))
    }

    async fn get(&self, url: &str) -> Result<FetchedJwks, FetchError> {
        let fetched = self.0.get(url, HeaderMap::new(), MAX_JWKS_BYTES).await;
        let fetched = fetched.map_err(|error| {
            let fetch_error = FetchError::new(error.to_string());
            match error.cause {
                GetFailure::Status(status) => fetch_error.with_status(status),
                GetFailure::Unreachable | GetFailure::Unusable => fetch_error,
            }
        })?;
        let max_age = max_age(&fetched.headers);
        let jwks = FetchedJwks::new(fetched.body);
        Ok(match max_age {
            Some(age) => jwks.with_max_age(age),
            None => jwks,
        })
    }
}

impl JwksFetch for HttpFetch {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(self.get(url))
    }
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
