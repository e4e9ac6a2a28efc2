use std::{future::Future, pin::Pin, time::Duration};

use http::{
    HeaderMap, StatusCode,
    header::{ACCEPT, CACHE_CONTROL},
};
use reqwest::{Client, redirect::Policy};

use super::{FetchError, FetchedJwks, JwksFetch, fetch::MAX_JWKS_BYTES};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The fetcher that is used where no other is given: reqwest over rustls.
pub(crate) struct HttpClient(Client);

impl HttpClient {
    pub(crate) fn new() -> Result<Self, String> {
        Client::builder()
            // Where a redirect leads, keys of somebody else's may be.
            .redirect(Policy::none())
            // Nor one that the environment names: over plain http, it could give keys of its own.
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("tower-jwt-auth/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(|error| format!("the HTTP client cannot be made: {error}"))
    }

    async fn get(&self, url: &str) -> Result<FetchedJwks, FetchError> {
        let failed = |error: reqwest::Error| FetchError::new(explain(&error.without_url()));
        let request = self.0.get(url).header(ACCEPT, "application/json");
        let mut response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::new(format!("status {}", response.status())));
        }
        let max_age = max_age(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_JWKS_BYTES {
                return Err(FetchError::new(format!(
                    "the answer is larger than {MAX_JWKS_BYTES} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        let json =
            String::from_utf8(body).map_err(|_| FetchError::new("the answer is not UTF-8"))?;
        let fetched = FetchedJwks::new(json);
        Ok(match max_age {
            Some(age) => fetched.with_max_age(age),
            None => fetched,
        })
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

/// reqwest says what it did, and leaves why it failed to the sources of the error.
fn explain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// RFC 9111 section 5.2.2. A set that may not be stored is fetched as often as one that may be for
/// no time at all.
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
    fn the_age_that_a_set_may_reach_is_what_cache_control_says() {
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
