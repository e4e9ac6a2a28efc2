//! The URLs of an issuer's metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3); used
//! by `jwks` and `introspection`.

use http::Uri;

/// Returns the URLs at which the metadata may be, in the order in which they are tried.
pub(crate) fn candidates(issuer: &str) -> Vec<String> {
    const OPENID: &str = "/.well-known/openid-configuration";
    const OAUTH: &str = "/.well-known/oauth-authorization-server";

    // Both specifications remove a trailing slash first.
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    let path = issuer.parse().map_or(0, |uri: Uri| uri.path().len());
    // For a URL without a path, `Uri::path` returns `/`, which the text does not contain.
    let (origin, path) = match issuer.split_at_checked(issuer.len().saturating_sub(path)) {
        Some((origin, path)) if path.starts_with('/') => (origin, path),
        _ => (issuer, ""),
    };
    let mut urls = vec![
        format!("{issuer}{OPENID}"),
        format!("{origin}{OAUTH}{path}"),
    ];
    if !path.is_empty() {
        urls.push(format!("{issuer}{OAUTH}"));
    }
    urls
}
