//! The places where a layer looks for a request's token; used by the layer's service.

mod cookie;
mod header;
mod query;
mod sources;
mod websocket;

use std::{borrow::Cow, fmt, sync::Arc};

use http::{
    HeaderMap, HeaderName, Uri,
    header::{AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL},
};

pub(super) use self::{
    header::bearer_token,
    sources::{Token, TokenSources},
};
use crate::rejection::Rejection;

/// A place where the layer looks for a request's token: see
/// [`JwtAuthBuilder::token_sources`](crate::JwtAuthBuilder::token_sources).
///
/// If the token was not in the `Authorization` header, `private` is added to the response's
/// `Cache-Control` (RFC 6750 section 2.3), unless it already contains `no-store`.
#[derive(Clone)]
pub struct TokenSource(Place);

#[derive(Clone)]
enum Place {
    /// The `Authorization` field.
    Header,
    /// `None` if the configured name is not a valid field name.
    Field(Option<HeaderName>),
    Cookie(String),
    Query(String),
    WebSocketProtocol,
    Custom(Custom),
    FirstOf(Vec<TokenSource>),
}

type Custom = Arc<dyn Fn(&HeaderMap, &Uri) -> Option<String> + Send + Sync>;

impl TokenSource {
    /// Reads the token from the `Authorization` header, as `Bearer <token>` (RFC 6750 section 2.1).
    /// This is the only source by default.
    pub fn header() -> Self {
        Self(Place::Header)
    }

    /// Reads the token from the header field with this name, without a scheme. Some proxies send
    /// the token in such a field, for example Cloudflare Access in `cf-access-jwt-assertion`.
    ///
    /// Clients can send any field. Use this source only if every request passes through the proxy
    /// or if, as with a JWT, the signature shows who issued the token.
    pub fn header_field(name: impl AsRef<[u8]>) -> Self {
        Self(Place::Field(HeaderName::from_bytes(name.as_ref()).ok()))
    }

    /// Reads the token from the cookie with this name.
    ///
    /// Browsers attach cookies to requests that other sites trigger. Add a check against cross-site
    /// request forgery outside the layer, such as tower-http's `CsrfLayer`. A WebSocket upgrade is
    /// a `GET`, which that check allows, so compare its `Origin` with your own.
    /// `examples/cookie.rs` does both.
    ///
    /// If a request has two cookies with this name, it is rejected because it has two tokens.
    /// Another subdomain can set a second cookie unless the name starts with `__Host-`.
    pub fn cookie(name: impl Into<String>) -> Self {
        Self(Place::Cookie(name.into()))
    }

    /// Reads the token from the query parameter with this name, such as `access_token` in RFC 6750
    /// section 2.3.
    ///
    /// URLs are logged, stored in histories, and sent as referrers; RFC 6750 therefore advises
    /// against this source. Keep such tokens short-lived, and use this source only for clients that
    /// cannot send the token in any other way, such as an `EventSource`.
    pub fn query(parameter: impl Into<String>) -> Self {
        Self(Place::Query(parameter.into()))
    }

    /// Reads the token from the protocol after `bearer` in `Sec-WebSocket-Protocol`, which a
    /// browser sends for `new WebSocket(url, ["bearer", token])`.
    ///
    /// The response to the upgrade must select the protocol `bearer`; otherwise, the browser closes
    /// the connection. In axum, call `WebSocketUpgrade::protocols(["bearer"])`.
    pub fn websocket_protocol() -> Self {
        Self(Place::WebSocketProtocol)
    }

    /// Reads the token from the first of these sources that has one. Later sources are ignored,
    /// even if the token is invalid.
    ///
    /// Without this, a request with tokens in two sources gets 400, because they may belong to
    /// different users. Use it if clients send both on purpose, for example a cookie with every
    /// request and a header with some of them:
    ///
    /// ```
    /// use tower_jwt_auth::TokenSource;
    ///
    /// let source = TokenSource::first_of([
    ///     TokenSource::header(),
    ///     TokenSource::cookie("access_token"),
    /// ]);
    /// # drop(source);
    /// ```
    pub fn first_of(sources: impl IntoIterator<Item = Self>) -> Self {
        Self(Place::FirstOf(sources.into_iter().collect()))
    }

    /// Reads the token with this function from the headers or the URI of a request. Fields that it
    /// reads are not marked as sensitive. The function may be called more than once per request. An
    /// empty string is rejected as a malformed token.
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
            Place::Field(_) => "Field",
            Place::Cookie(_) => "Cookie",
            Place::Query(_) => "Query",
            Place::WebSocketProtocol => "WebSocketProtocol",
            Place::Custom(_) => "Custom",
            Place::FirstOf(_) => "FirstOf",
        })
    }
}

/// A token, and whether the response must be marked as private.
type Found<'r> = (Cow<'r, [u8]>, bool);

impl TokenSource {
    /// Returns the place, or all places inside [`first_of`](Self::first_of).
    fn places(&self) -> Vec<&Place> {
        match &self.0 {
            Place::FirstOf(sources) => sources.iter().flat_map(Self::places).collect(),
            place => vec![place],
        }
    }

    /// Returns whether this is [`first_of`](Self::first_of) with an empty list, or contains one.
    fn is_incomplete(&self) -> bool {
        match &self.0 {
            Place::FirstOf(sources) => {
                sources.is_empty() || sources.iter().any(Self::is_incomplete)
            }
            _ => false,
        }
    }

    fn find<'r>(
        &self,
        headers: &'r HeaderMap,
        uri: &'r Uri,
    ) -> Result<Option<Found<'r>>, Rejection> {
        let token = match &self.0 {
            Place::Header => {
                let token = header::find(headers)?.map(Cow::Borrowed);
                return Ok(token.map(|token| (token, false)));
            }
            Place::FirstOf(sources) => {
                for source in sources {
                    if let Some(found) = source.find(headers, uri)? {
                        return Ok(Some(found));
                    }
                }
                None
            }
            Place::Field(name) => match name {
                Some(name) => header::find_bare(headers, name)?.map(Cow::Borrowed),
                None => None,
            },
            Place::Cookie(name) => cookie::find(headers, name)?.map(Cow::Borrowed),
            Place::Query(name) => query::find(uri, name)?,
            Place::WebSocketProtocol => websocket::find(headers)?.map(Cow::Borrowed),
            Place::Custom(find) => find(headers, uri).map(|token| Cow::Owned(token.into_bytes())),
        };
        Ok(token.map(|token| (token, true)))
    }
}

impl Place {
    fn field(&self) -> Option<HeaderName> {
        match self {
            Self::Header => Some(AUTHORIZATION),
            Self::Field(name) => name.clone(),
            Self::Cookie(_) => Some(COOKIE),
            Self::WebSocketProtocol => Some(SEC_WEBSOCKET_PROTOCOL),
            Self::Query(_) | Self::Custom(_) | Self::FirstOf(_) => None,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Header, Self::Header) | (Self::WebSocketProtocol, Self::WebSocketProtocol) => {
                true
            }
            (Self::Field(name), Self::Field(other)) => name == other,
            (Self::Cookie(name), Self::Cookie(other)) | (Self::Query(name), Self::Query(other)) => {
                name == other
            }
            _ => false,
        }
    }
}

/// Returns the only item, if any, or an error if there are several.
fn at_most_one<T>(mut found: impl Iterator<Item = T>) -> Result<Option<T>, Rejection> {
    let first = found.next();
    match found.next() {
        Some(_) => Err(Rejection::SeveralTokens),
        None => Ok(first),
    }
}
