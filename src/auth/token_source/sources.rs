//! [`TokenSources`]: all sources of a layer, and the search for a request's token; used by the
//! builder and the service.

use std::borrow::Cow;

use http::{HeaderName, Request, header::AUTHORIZATION};

use super::{Place, TokenSource, header};
use crate::{config_error::Faults, cookies::is_cookie_name, rejection::Rejection};

/// All sources of a layer.
#[derive(Clone, Debug)]
pub(in crate::auth) struct TokenSources {
    sources: Vec<IssuerSource>,
    /// The fields in which a token may be.
    fields: Vec<HeaderName>,
    /// The fields in which another credential may be.
    other_fields: Vec<HeaderName>,
}

/// A source, and the issuer whose tokens it may contain.
#[derive(Clone, Debug)]
struct IssuerSource {
    source: TokenSource,
    /// `None` for all issuers of the layer.
    issuer: Option<usize>,
}

/// A token that has not been verified yet.
pub(in crate::auth) struct Token<'r> {
    pub(in crate::auth) text: Cow<'r, [u8]>,
    /// Whether the response must be marked as private. Shared caches treat only requests with
    /// `Authorization` specially (RFC 9111 section 3.5).
    pub(in crate::auth) is_private: bool,
    /// The issuer to which the source belongs; `None` for any.
    pub(in crate::auth) issuer: Option<usize>,
}

impl TokenSources {
    /// Combines the sources for the tokens of all issuers with those that belong to one issuer. By
    /// default, the `Authorization` header is a source if an issuer has none of its own.
    pub(in crate::auth) fn new(
        configured: Option<Vec<TokenSource>>,
        by_issuer: Vec<Vec<TokenSource>>,
    ) -> Self {
        let needs_header = by_issuer.iter().any(Vec::is_empty);
        let default = || needs_header.then(TokenSource::header).into_iter().collect();
        let shared = configured.unwrap_or_else(default).into_iter();
        let own = by_issuer.into_iter().enumerate();
        let own = own.flat_map(|(issuer, sources)| {
            let sources = sources.into_iter();
            sources.map(move |source| (source, Some(issuer)))
        });
        let sources: Vec<IssuerSource> = shared
            .map(|source| (source, None))
            .chain(own)
            .map(|(source, issuer)| IssuerSource { source, issuer })
            .collect();
        let places = sources.iter().flat_map(|of| of.source.places());
        let fields = places.filter_map(Place::field).collect();
        Self {
            sources,
            fields,
            other_fields: Vec::new(),
        }
    }

    /// Returns whether `bearer_token` finds every token and marks every field.
    pub(in crate::auth) fn is_header_alone(&self) -> bool {
        self.reads_only_header() && self.other_fields.is_empty()
    }

    fn reads_only_header(&self) -> bool {
        matches!(
            self.sources.as_slice(),
            [IssuerSource {
                source: TokenSource(Place::Header),
                issuer: None,
            }]
        )
    }

    /// Returns the only token of a request. Marks the fields that may contain it as sensitive, so
    /// that inner middleware does not log it.
    pub(in crate::auth) fn token<'r, B>(
        &self,
        request: &'r mut Request<B>,
    ) -> Result<Token<'r>, Rejection> {
        if self.reads_only_header() {
            for name in &self.other_fields {
                header::mark_sensitive(request.headers_mut(), name);
            }
            return Ok(Token {
                text: Cow::Borrowed(header::bearer_token(request.headers_mut())?),
                is_private: false,
                issuer: None,
            });
        }
        self.mark_sensitive(request);
        let mut found = None;
        for IssuerSource { source, issuer } in &self.sources {
            let Some((text, is_private)) = source.find(request.headers(), request.uri())? else {
                continue;
            };
            let token = Token {
                text,
                is_private,
                issuer: *issuer,
            };
            if found.replace(token).is_some() {
                return Err(Rejection::SeveralTokens);
            }
        }
        found.ok_or(Rejection::MissingToken)
    }

    /// Marks the fields that may contain a token as sensitive.
    pub(in crate::auth) fn mark_sensitive<B>(&self, request: &mut Request<B>) {
        for name in self.fields.iter().chain(&self.other_fields) {
            header::mark_sensitive(request.headers_mut(), name);
        }
    }

    /// Adds a field that must be marked as sensitive because of another credential.
    #[cfg(feature = "sessions-custom")]
    pub(in crate::auth) fn mark_also(&mut self, field: HeaderName) {
        self.other_fields.push(field);
    }

    /// Returns whether a source reads the cookie with this name.
    #[cfg(feature = "sessions-custom")]
    pub(in crate::auth) fn reads_cookie(&self, name: &str) -> bool {
        let mut places = self.sources.iter().flat_map(|of| of.source.places());
        places.any(|place| matches!(place, Place::Cookie(cookie) if cookie == name))
    }

    /// Returns whether a request without a token has a JWT without the `Bearer` scheme in its
    /// `Authorization` field, if the layer reads that field.
    #[cfg(feature = "tracing")]
    pub(in crate::auth) fn has_jwt_without_scheme(&self, headers: &http::HeaderMap) -> bool {
        self.fields.contains(&AUTHORIZATION) && header::has_jwt_without_scheme(headers)
    }

    pub(in crate::auth) fn check(&self, faults: &mut Faults) {
        let places = self.sources.iter().flat_map(|of| of.source.places());
        let places: Vec<&Place> = places.collect();
        if self.sources.is_empty() {
            faults.add("the list passed to .token_sources(…) is empty, so no request can have a token; omit the call for the Authorization header");
        }
        if self.sources.iter().any(|of| of.source.is_incomplete()) {
            faults.add("the list passed to TokenSource::first_of(…) is empty, so it finds no token; list its sources, or remove it");
        }
        for (index, place) in places.iter().enumerate() {
            if { places.iter().take(index) }.any(|earlier| place.is_same(earlier)) {
                faults.add("a source is listed twice, in .token_sources(…) or by builders for known issuers, so each of its tokens would be found twice; list it once, and configure additional issuers for that source with .jwks_url(…) and .issuer(…), which add no source");
            }
            match place {
                Place::Field(None) => faults.add(
                    "the name set with TokenSource::header_field(…) is not a valid header field name; set a name such as cf-access-jwt-assertion",
                ),
                Place::Field(Some(name)) if *name == AUTHORIZATION => faults.add(
                    "TokenSource::header_field(…) names the Authorization field, in which a scheme precedes the token; use TokenSource::header()",
                ),
                Place::Cookie(name) if !is_cookie_name(name) => faults.add(
                    "the name set with TokenSource::cookie(…) is not a cookie name; use visible ASCII without separators, such as access_token",
                ),
                Place::Query(name) if name.is_empty() => faults.add(
                    "the name set with TokenSource::query(…) is empty; set a name, such as access_token from RFC 6750",
                ),
                _ => {}
            }
        }
    }
}
