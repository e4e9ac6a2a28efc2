//! Where the token of a request stands.

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
use crate::{Rejection, config_error::Faults};

/// A place where a request may have its token: see
/// [`JwtAuthBuilder::token_sources`](crate::JwtAuthBuilder::token_sources).
///
/// RejectionFormat to requests whose token stands anywhere but in the header get `cache-control: private`
/// (RFC 6750 section 2.3), beside what they say themselves, unless they say `no-store`.
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
    /// The `Authorization` field, as `Bearer <token>` (RFC 6750 section 2.1): the only place unless
    /// others are said.
    pub fn header() -> Self {
        Self(Place::Header)
    }

    /// A cookie of this name.
    ///
    /// A browser sends a cookie along with requests that other sites make it send. So put a check
    /// against cross-site request forgery outside of the layer, such as tower-http's `CsrfLayer`,
    /// and compare the `Origin` of a WebSocket's upgrade, which is a `GET` and passes that check,
    /// with your own. `examples/cookie.rs` does both.
    ///
    /// Two cookies of the name are two tokens, and refused. Another subdomain can set a second one,
    /// unless the name starts with `__Host-`.
    pub fn cookie(name: impl Into<String>) -> Self {
        Self(Place::Cookie(name.into()))
    }

    /// A parameter of the query, as `access_token` in RFC 6750 section 2.3.
    ///
    /// URLs are logged, kept in histories and sent on as referrers, which is why that section
    /// advises against it. Keep such tokens short-lived, and use it where nothing else can be
    /// sent, as for an `EventSource`.
    pub fn query(parameter: impl Into<String>) -> Self {
        Self(Place::Query(parameter.into()))
    }

    /// The protocol after `bearer` in `Sec-WebSocket-Protocol`, which is what the browser sends for
    /// `new WebSocket(url, ["bearer", token])`.
    ///
    /// The answer to the upgrade must choose the protocol `bearer`, in axum by
    /// `WebSocketUpgrade::protocols(["bearer"])`; otherwise the browser closes the connection.
    pub fn websocket_protocol() -> Self {
        Self(Place::WebSocketProtocol)
    }

    /// What this function finds among the headers and in the URI of a request. Fields that it reads
    /// are not marked as sensitive. It may be asked more than once of a request, and an empty text
    /// is a malformed token.
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

/// All places where a layer looks.
#[derive(Clone, Debug)]
pub(super) struct TokenSources(Vec<TokenSource>);

/// A token, not yet looked at.
pub(super) struct Token<'r> {
    pub(super) text: Cow<'r, [u8]>,
    /// Whether shared caches have to be told that the answer is for one client alone. They know of
    /// `Authorization` (RFC 9111 section 3.5), and of nothing else.
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

    /// The one token of a request. Its fields are marked, so that whoever prints the headers from
    /// here on does not print it.
    pub(super) fn token<'r, B>(&self, request: &'r mut Request<B>) -> Result<Token<'r>, Rejection> {
        for TokenSource(place) in &self.0 {
            if let Some(name) = place.field() {
                header::mark_sensitive(request.headers_mut(), &name);
            }
        }
        let mut only = None;
        for TokenSource(place) in &self.0 {
            let Some(text) = place.find(request.headers(), request.uri())? else {
                continue;
            };
            let is_private = !matches!(place, Place::Header);
            if only.replace(Token { text, is_private }).is_some() {
                return Err(Rejection::SeveralTokens);
            }
        }
        only.ok_or(Rejection::MissingToken)
    }

    /// Returns whether a request without a token has one in its `Authorization` field that the
    /// scheme is missing of, if tokens are looked for there.
    #[cfg(feature = "tracing")]
    pub(super) fn has_jwt_without_scheme(&self, headers: &HeaderMap) -> bool {
        let mut places = self.0.iter().map(|TokenSource(place)| place);
        places.any(|place| matches!(place, Place::Header))
            && header::has_jwt_without_scheme(headers)
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        if self.0.is_empty() {
            faults.add("no place is given with .token_sources(…), so that no request has a token; leave it out for the Authorization field");
        }
        for (index, TokenSource(place)) in self.0.iter().enumerate() {
            let is_again = |TokenSource(other): &TokenSource| match (place, other) {
                (Place::Header, Place::Header)
                | (Place::WebSocketProtocol, Place::WebSocketProtocol) => true,
                (Place::Cookie(name), Place::Cookie(other))
                | (Place::Query(name), Place::Query(other)) => name == other,
                _ => false,
            };
            if self.0.iter().take(index).any(is_again) {
                faults.add("a place is given twice with .token_sources(…), and its tokens would all count as two; name it once");
            }
            match place {
                Place::Cookie(name) if !cookie::is_name(name) => faults.add(
                    "the name given with TokenSource::cookie(…) is none of a cookie: visible ASCII without separators, such as access_token",
                ),
                Place::Query(name) if name.is_empty() => faults.add(
                    "the name given with TokenSource::query(…) is empty; it is access_token in RFC 6750",
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

/// The only one, if there is one at all.
fn at_most_one<T>(mut found: impl Iterator<Item = T>) -> Result<Option<T>, Rejection> {
    let first = found.next();
    match found.next() {
        Some(_) => Err(Rejection::SeveralTokens),
        None => Ok(first),
    }
}
