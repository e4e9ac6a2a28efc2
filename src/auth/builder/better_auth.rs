//! The defaults for Better Auth's `jwt()` plugin, derived from its origin.

use std::time::Duration;

use http::Uri;

use super::{
    JwtAuthBuilder,
    issuer_settings::{IssuerSettings, KeySetLocation, PublicSource},
};
use crate::{config_error::Faults, redact::describe_url, url_check::is_loopback};

/// Tolerates clocks that differ by a few seconds.
const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);

const JWKS_PATH: &str = "/api/auth/jwks";

/// The default `basePath` of Better Auth.
const BASE_PATH: &str = "/api/auth";

impl JwtAuthBuilder {
    pub(in crate::auth) fn better_auth(origin: String) -> Self {
        let mut builder = Self::default();
        builder.issuer.origin = Some(origin);
        builder.leeway(DEFAULT_LEEWAY)
    }

    /// The `iss` of the OAuth provider is the base URL of Better Auth, with its path.
    pub(in crate::auth) fn better_auth_oauth(origin: String) -> Self {
        let issuer = format!("{origin}{BASE_PATH}");
        Self::better_auth(origin).default_issuer(issuer)
    }

    /// Sets the origin and the issuer of Better Auth's OAuth provider, and the leeway, unless they
    /// are already set.
    pub(super) fn with_better_auth(mut self, origin: &str, issuer: String) -> Self {
        self.issuer.origin.get_or_insert_with(|| origin.to_owned());
        self.issuer.default_issuer.get_or_insert(issuer);
        if self.issuer.policy.leeway.is_zero() {
            self.issuer.policy.leeway = DEFAULT_LEEWAY;
        }
        self
    }
}

impl IssuerSettings {
    /// Derives each setting that is not set explicitly from the origin. An invalid origin is
    /// reported and sets nothing.
    pub(super) fn apply_origin(&mut self, faults: &mut Faults) {
        let Some(origin) = self.origin.clone() else {
            return;
        };
        let needs_keys = self.public_keys.is_empty();
        if let Err(problem) = check_origin(&origin, needs_keys && !self.fetching.http_allowed) {
            let setting = if self.origin_is_from_env {
                "the origin in BETTER_AUTH_URL"
            } else {
                "the origin"
            };
            let origin = describe_url(setting, &origin);
            faults.add(format!("{origin} {problem}"));
            return;
        }
        if needs_keys {
            let url = format!("{origin}{JWKS_PATH}");
            let url = KeySetLocation::Url(url);
            self.public_keys.push(PublicSource::Fetched(url));
        }
        if self.policy.audiences.is_empty() && !self.policy.any_audience {
            self.policy.audiences.push(origin.clone());
        }
        self.default_issuer.get_or_insert(origin);
    }
}

/// Checks that Better Auth could write this origin as the `iss` of a token. Returns the problem if
/// it could not.
fn check_origin(origin: &str, must_be_safe: bool) -> Result<(), String> {
    let uri: Uri = origin
        .parse()
        .map_err(|_| "is not an origin; use one such as https://app.example.com")?;
    let (Some(scheme @ ("https" | "http")), Some(authority)) = (uri.scheme_str(), uri.authority())
    else {
        return Err("is not an origin; use one such as https://app.example.com".into());
    };
    // This check runs first because the later messages show the origin.
    let ill_formed = "is not in the form of an origin; write it in lower case, without a user name or the default port";
    if authority.as_str().contains('@') {
        return Err(ill_formed.into());
    }
    if let Some(bare) = origin.strip_suffix('/').filter(|bare| !bare.ends_with('/'))
        && uri.path() == "/"
    {
        return Err(format!(
            "ends in a slash, but the iss of Better Auth's tokens does not; write {bare:?}"
        ));
    }
    if uri.path() != "/" || uri.query().is_some() {
        return Err("has a path, but the iss of Better Auth's tokens has none; pass only the origin, and set different values with .issuer(…), .audience(…), and .jwks_url(…)".into());
    }
    let host = uri.host().unwrap_or_default();
    let has_default_port = matches!(
        (scheme, uri.port_u16()),
        ("https", Some(443)) | ("http", Some(80))
    );
    if origin != format!("{scheme}://{authority}")
        || (uri.port_u16().is_none() && authority.as_str() != host)
        || host.contains(|c: char| c.is_ascii_uppercase())
        || has_default_port
    {
        return Err(ill_formed.into());
    }
    if must_be_safe && scheme == "http" && !is_loopback(host) {
        return Err(format!(
            "is not https; pass the public origin, which is the iss of the tokens, and if the keys are inside a Docker network, call .jwks_url(\"{origin}{JWKS_PATH}\").allow_http()"
        ));
    }
    Ok(())
}
