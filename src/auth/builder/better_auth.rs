//! The defaults for Better Auth's `jwt()` plugin, derived from its origin.

use std::time::Duration;

use http::Uri;

use super::{
    JwtAuthBuilder,
    issuer_settings::{IssuerSettings, PublicSource},
};
use crate::{config_error::Faults, loopback::is_loopback, redact::describe_url};

/// Accepts tokens that are a few seconds old although a clock is slightly behind.
const LEEWAY: Duration = Duration::from_secs(5);

const JWKS_PATH: &str = "/api/auth/jwks";

impl JwtAuthBuilder {
    pub(in crate::auth) fn better_auth(origin: String) -> Self {
        let mut builder = Self::default();
        builder.issuer.origin = Some(origin);
        builder.leeway(LEEWAY)
    }
}

impl IssuerSettings {
    pub(super) fn name(&self) -> Option<&str> {
        self.policy.issuer.as_deref().or(self.origin.as_deref())
    }

    /// Derives from the origin each setting that is not set explicitly. An invalid origin is
    /// reported and sets nothing.
    pub(super) fn apply_origin(&mut self, faults: &mut Faults) {
        let Some(origin) = self.origin.take() else {
            return;
        };
        let needs_keys = self.public_keys.is_empty();
        if let Err(wrong) = check_origin(&origin, needs_keys && !self.fetching.http_allowed) {
            let origin = describe_url("the origin", &origin);
            faults.add(format!("{origin} {wrong}"));
            return;
        }
        if needs_keys {
            let url = format!("{origin}{JWKS_PATH}");
            self.public_keys.push(PublicSource::Url(url));
        }
        if self.policy.audiences.is_empty() && !self.policy.any_audience {
            self.policy.audiences.push(origin.clone());
        }
        self.policy.issuer.get_or_insert(origin);
    }
}

/// Checks that tokens can have this origin as their `iss`, as Better Auth writes it. Returns the
/// problem otherwise.
fn check_origin(origin: &str, must_be_safe: bool) -> Result<(), String> {
    let uri: Uri = origin
        .parse()
        .map_err(|_| "is not an origin; give one such as https://app.example.com")?;
    let (Some(scheme @ ("https" | "http")), Some(authority)) = (uri.scheme_str(), uri.authority())
    else {
        return Err("is not an origin; give one such as https://app.example.com".into());
    };
    // This check runs first because the later messages show the origin.
    let ill_formed =
        "is not written as an origin is: in lower case, without a user name and the usual port";
    if authority.as_str().contains('@') {
        return Err(ill_formed.into());
    }
    if let Some(bare) = origin.strip_suffix('/').filter(|bare| !bare.ends_with('/'))
        && uri.path() == "/"
    {
        return Err(format!(
            "ends in a slash, and the iss of Better Auth's tokens does not; give {bare:?}"
        ));
    }
    if uri.path() != "/" || uri.query().is_some() {
        return Err("has a path, and the iss of Better Auth's tokens has none; give the origin alone, and what differs with .issuer(…), .audience(…) and .jwks_url(…)".into());
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
            "is not https; give the public origin, which the tokens name, and if the keys are inside of a Docker network say .jwks_url(\"{origin}{JWKS_PATH}\").allow_http()"
        ));
    }
    Ok(())
}
