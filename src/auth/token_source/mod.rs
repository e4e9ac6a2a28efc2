//! The places where a layer looks for a request's token; used by the layer's service.

mod cookie;
mod header;
mod query;
mod websocket;

use std::{borrow::Cow, fmt, sync::Arc};

use http::{
    HeaderMap, HeaderName, Request, Uri,
    header::{AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL},
};

pub(super) use self::header::bearer_token;
use crate::{config_error::Faults, rejection::Rejection};

/// A place where the layer looks for a request's token: see
/// [`JwtAuthBuilder::token_sources`](crate::JwtAuthBuilder::token_sources).
///
/// If the token was not in the `Authorization` header, `private` is added to the response's
/// `Cache-Control` (RFC 6750 section 2.3), unless it already contains `no-store`.
#[derive(Clone)]
pub struct TokenSource(Place);

#[derive(Clone)]
enum Place {
    Header,
    Cookie(String),
    Query(String),
    WebSocketProtocol,
    Custom(Custom),
}

type Custom = Arc<dyn Fn(&HeaderMap, &Uri) -> Option<String> + Send + Sync>;

impl TokenSource {
    /// Reads the token from the `Authorization` header, as `Bearer <token>` (RFC 6750 section 2.1).
    /// This is the only source by default.
    pub fn header() -> Self {
        Self(Place::Header)
    }

    /// Reads the token from the cookie with this name.
    ///
    /// Browsers attach cookies to requests that other sites trigger. Add a check against cross-site
    /// request forgery outside the layer, such as tower-http's `CsrfLayer`. A WebSocket upgrade is
    /// a `GET`, which that check allows, so compare its `Origin` with your own.
    /// `examples/cookie.rs` does both.
    ///
    /// Two cookies with this name are two tokens, and the request is rejected. Another subdomain
    /// can set a second cookie unless the name starts with `__Host-`.
    pub fn cookie(name: impl Into<String>) -> Self {
        Self(Place::Cookie(name.into()))
    }

    /// Reads the token from the query parameter with this name, such as `access_token` in RFC 6750
    /// section 2.3.
    ///
    /// URLs are logged, stored in histories, and sent as referrers, so that section advises against
    /// this source. Keep such tokens short-lived, and use the source only if the client can send
    /// nothing else, such as an `EventSource`.
    pub fn query(parameter: impl Into<String>) -> Self {
        Self(Place::Query(parameter.into()))
    }

    /// Reads the token from the protocol after `bearer` in `Sec-WebSocket-Protocol`, which a browser
    /// sends for `new WebSocket(url, ["bearer", token])`.
    ///
    /// The response to the upgrade must select the protocol `bearer`, in axum with
    /// `WebSocketUpgrade::protocols(["bearer"])`; otherwise the browser closes the connection.
    pub fn websocket_protocol() -> Self {
        Self(Place::WebSocketProtocol)
    }

    /// Reads the token with this function from the headers or the URI of a request. Fields that it
    /// reads are not marked as sensitive. The function may be called more than once for a request.
    /// An empty string is rejected as a malformed token.
    pub fn from_fn<F>(find: F) -> Self
    where
        F: Fn(&HeaderMap, &Uri) -> Option<String> + Send + Sync + 'static,
    {
        Self(Place::Custom(Arc::new(find)))
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Place::Header => "Header",
            Place::Cookie(_) => "Cookie",
            Place::Query(_) => "Query",
            Place::WebSocketProtocol => "WebSocketProtocol",
            Place::Custom(_) => "Custom",
        })
    }
}

/// All sources of a layer.
#[derive(Clone, Debug)]
pub(super) struct TokenSources(Vec<TokenSource>);

/// A token that is not yet verified.
pub(super) struct Token<'r> {
    pub(super) text: Cow<'r, [u8]>,
    /// Whether the response must be marked as private. Shared caches treat only requests with
    /// `Authorization` specially (RFC 9111 section 3.5).
    pub(super) is_private: bool,
}

impl Default for TokenSources {
    fn default() -> Self {
        Self(vec![TokenSource::header()])
    }
}

impl TokenSources {
    pub(super) fn new(sources: impl IntoIterator<Item = TokenSource>) -> Self {
        Self(sources.into_iter().collect())
    }

    #[inline]
    pub(super) fn is_header_alone(&self) -> bool {
        matches!(self.0.as_slice(), [TokenSource(Place::Header)])
    }

    /// Returns the only token of a request. Marks the fields that may contain it as sensitive, so
    /// that inner middleware does not log it.
    pub(super) fn token<'r, B>(&self, request: &'r mut Request<B>) -> Result<Token<'r>, Rejection> {
        for TokenSource(place) in &self.0 {
            if let Some(name) = place.field() {
                header::mark_sensitive(request.headers_mut(), &name);
            }
        }
        let mut found = None;
        for TokenSource(place) in &self.0 {
            let Some(text) = place.find(request.headers(), request.uri())? else {
                continue;
            };
            let is_private = !matches!(place, Place::Header);
            if found.replace(Token { text, is_private }).is_some() {
                return Err(Rejection::SeveralTokens);
            }
        }
        found.ok_or(Rejection::MissingToken)
    }

    /// Returns whether a request without a token has a JWT without the `Bearer` scheme in its
    /// `Authorization` field, if the layer looks there.
    #[cfg(feature = "tracing")]
    pub(super) fn has_jwt_without_scheme(&self, headers: &HeaderMap) -> bool {
        let mut places = self.0.iter().map(|TokenSource(place)| place);
        places.any(|place| matches!(place, Place::Header))
            && header::has_jwt_without_scheme(headers)
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        if self.0.is_empty() {
            faults.add("the list passed to .token_sources(…) is empty, so no request can have a token; omit the call for the Authorization header");
        }
        for (index, TokenSource(place)) in self.0.iter().enumerate() {
            let is_duplicate = |TokenSource(other): &TokenSource| match (place, other) {
                (Place::Header, Place::Header)
                | (Place::WebSocketProtocol, Place::WebSocketProtocol) => true,
                (Place::Cookie(name), Place::Cookie(other))
                | (Place::Query(name), Place::Query(other)) => name == other,
                _ => false,
            };
            if self.0.iter().take(index).any(is_duplicate) {
                faults.add("a source is listed twice in .token_sources(…), so each of its tokens would be found twice; list it once");
            }
            match place {
                Place::Cookie(name) if !cookie::is_name(name) => faults.add(
                    "the name set with TokenSource::cookie(…) is not a cookie name; use visible ASCII without separators, such as access_token",
                ),
                Place::Query(name) if name.is_empty() => faults.add(
                    "the name set with TokenSource::query(…) is empty; the name in RFC 6750 is access_token",
                ),
                _ => {}
            }
        }
    }
}

impl Place {
    fn field(&self) -> Option<HeaderName> {
        match self {
            Self::Header => Some(AUTHORIZATION),
            Self::Cookie(_) => Some(COOKIE),
            Self::WebSocketProtocol => Some(SEC_WEBSOCKET_PROTOCOL),
            Self::Query(_) | Self::Custom(_) => None,
        }
    }

    fn find<'r>(
        &self,
        headers: &'r HeaderMap,
        uri: &'r Uri,
    ) -> Result<Option<Cow<'r, [u8]>>, Rejection> {
        Ok(match self {
            Self::Header => header::find(headers)?.map(Cow::Borrowed),
            Self::Cookie(name) => cookie::find(headers, name)?.map(Cow::Borrowed),
            Self::Query(name) => query::find(uri, name)?,
            Self::WebSocketProtocol => websocket::find(headers)?.map(Cow::Borrowed),
            Self::Custom(find) => find(headers, uri).map(|token| Cow::Owned(token.into_bytes())),
        })
    }
}

/// Returns the only item, if there is one; fails if there are several.
fn at_most_one<T>(mut found: impl Iterator<Item = T>) -> Result<Option<T>, Rejection> {
    let first = found.next();
    match found.next() {
        Some(_) => Err(Rejection::SeveralTokens),
        None => Ok(first),
    }
}
