//! Checks configured URLs; used by the builder, `jwks`, and `sessions`.

use std::net::IpAddr;

#[cfg(any(
    feature = "introspection",
    feature = "jwks-custom",
    feature = "sessions"
))]
use http::Uri;

/// Checks that a URL may be requested. Returns the reason as an error otherwise. `harm` completes
/// "so an attacker on the network could …".
#[cfg(any(
    feature = "introspection",
    feature = "jwks-custom",
    feature = "sessions"
))]
pub(crate) fn check_url(url: &str, http_allowed: bool, harm: &str) -> Result<(), String> {
    let uri: Uri = url
        .parse()
        .map_err(|_| "is not a URL; set a URL that starts with https://")?;
    let host = uri.host().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if host.is_empty() || authority.contains('@') {
        return Err("has no host, or contains a user name; set https://<host>/<path>".into());
    }
    if uri.port_u16().is_none() && authority != host {
        return Err(
            "has a port that is not a number up to 65535; set https://<host>/<path>".into(),
        );
    }
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if http_allowed || is_loopback(host) => Ok(()),
        Some("http") => Err(format!(
            "is not https, so an attacker on the network could {harm}; set an https URL or, inside a Docker network, call .allow_http()"
        )),
        _ => Err("is not a URL; set a URL that starts with https://".into()),
    }
}

/// Returns whether a URL is plain HTTP to another machine.
#[cfg(any(feature = "introspection", feature = "sessions"))]
pub(crate) fn is_unsafe_http(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        uri.scheme_str() == Some("http") && !is_loopback(uri.host().unwrap_or_default())
    })
}

/// Returns whether the host of a URL is this machine: `localhost` or a loopback address. Plain HTTP
/// to such a host does not leave the machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
