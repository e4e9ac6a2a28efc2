//! The rule for session cookies on requests from other origins. Browsers add the cookie to each
//! request for its host, so without the rule, a page of another origin could act for the user.
//!
//! It is the rule of tower-http's `CsrfLayer`, whose function is private, with one addition: a
//! request with an `Upgrade` header is treated like a POST, because a WebSocket starts with a GET
//! and a page can open one to any origin.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{HOST, ORIGIN, UPGRADE},
};

use crate::{config_error::Faults, redact::describe_url};

#[cfg(test)]
mod agreement;
mod form;

use self::form::check_form;

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origins whose pages may send requests with a session cookie.
#[derive(Debug)]
pub(super) struct TrustedOrigins(Box<[Box<str>]>);

impl TrustedOrigins {
    /// Trusts the origin of Better Auth and others. Origins are compared as text, so an origin that
    /// browsers write differently would never match; it is reported.
    pub(super) fn new(origin: &str, others: &[String], faults: &mut Faults) -> Self {
        let others = others.iter().map(|other| ("the trusted origin", &**other));
        let origins = std::iter::once(("the origin of Better Auth", origin)).chain(others);
        let trusted = origins.filter_map(|(setting, origin)| match check_form(origin) {
            Ok(()) => Some(origin.into()),
            Err(problem) => {
                let origin = describe_url(setting, origin);
                faults.add(format!("{origin} {problem}"));
                None
            }
        });
        Self(trusted.collect())
    }

    /// Returns whether the session cookie of a request may be used. The authority of the URI, if
    /// any, must be the one that the client sent.
    pub(super) fn allow(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        // `Method::is_safe` also includes TRACE, which the rule does not exempt.
        let is_safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if is_safe && !headers.contains_key(UPGRADE) {
            return true;
        }
        let value = |name: &HeaderName| {
            let value = headers.get(name)?.as_bytes();
            (!value.is_empty()).then_some(value)
        };
        match (value(&SEC_FETCH_SITE), value(&ORIGIN)) {
            (Some(b"same-origin" | b"none"), _) => true,
            (Some(_), origin) => origin.is_some_and(|origin| self.contains(origin)),
            // Browsers send at least one of the headers with a request to another origin.
            (None, None) => true,
            (None, Some(origin)) => self.contains(origin) || is_own_origin(origin, uri, headers),
        }
    }

    fn contains(&self, origin: &[u8]) -> bool {
        self.0.iter().any(|trusted| trusted.as_bytes() == origin)
    }
}

/// Returns whether an `Origin` has the host and port that the request was sent to. The scheme is
/// not compared, because a service behind a proxy that terminates TLS does not know its own.
fn is_own_origin(origin: &[u8], uri: &Uri, headers: &HeaderMap) -> bool {
    let Ok(origin) = Uri::try_from(origin) else {
        return false;
    };
    let own_host = match uri.authority() {
        Some(own) => Some(own.as_str().as_bytes()),
        None => headers.get(HOST).map(HeaderValue::as_bytes),
    };
    let host = origin.authority().map(|host| host.as_str().as_bytes());
    matches!(origin.scheme_str(), Some("https" | "http")) && host.is_some() && host == own_host
}
