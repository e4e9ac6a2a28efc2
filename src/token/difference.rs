//! Describes how a claim differs from the configured value, for the operator.
//!
//! The description never contains the token's value: the kind of difference is enough to find the
//! cause and is safe to log.

use std::borrow::Cow;

use http::Uri;

use crate::json::ClaimValue;

/// Returns how the values of a claim differ from the configured values, one of which is required.
pub(super) fn of_claim(configured: &[String], claim: &ClaimValue<'_>) -> &'static str {
    match claim {
        ClaimValue::Absent => "the token has none",
        ClaimValue::Null => "the token's value is null",
        ClaimValue::Integer(_) | ClaimValue::Fraction(_) | ClaimValue::Other => {
            "the token's value is neither a string nor a list of strings"
        }
        ClaimValue::Text(text) => closest(configured, std::slice::from_ref(text)),
        ClaimValue::Texts(texts) if texts.is_empty() => "the token's value is an empty list",
        ClaimValue::Texts(texts) => closest(configured, texts),
    }
}

/// Returns the smallest difference between a configured and a found value.
fn closest(configured: &[String], found: &[Cow<'_, str>]) -> &'static str {
    configured
        .iter()
        // A token may list thousands of values, so only a few are compared.
        .flat_map(|configured| found.iter().take(8).map(|found| compare(configured, found)))
        .min()
        .map_or(DIFFERENT, |(_, difference)| difference)
}

const DIFFERENT: &str = "the token's value is different";

/// Returns the size and the description of the difference between two values. Differences that
/// are easy to overlook are small.
fn compare(configured: &str, found: &str) -> (u8, &'static str) {
    if configured == found {
        return (0, "there is no difference");
    }
    if configured.strip_suffix('/') == Some(found) {
        return (1, "the token's value has no trailing slash");
    }
    if found.strip_suffix('/') == Some(configured) {
        return (1, "the token's value has a trailing slash");
    }
    if configured.eq_ignore_ascii_case(found) {
        return (2, "the token's value differs only in letter case");
    }
    if configured.trim() == found.trim() {
        return (
            2,
            "the token's value differs in leading or trailing white space",
        );
    }
    match (url(configured), url(found)) {
        (Some(ours), Some(theirs)) => compare_urls(&ours, &theirs),
        (Some(_), None) => (7, "the token's value is not a URL"),
        (None, Some(_)) => (7, "the token's value is a URL"),
        (None, None) => (8, DIFFERENT),
    }
}

fn url(text: &str) -> Option<Uri> {
    text.parse::<Uri>()
        .ok()
        .filter(|uri| uri.scheme().is_some() && uri.host().is_some())
}

fn compare_urls(configured: &Uri, found: &Uri) -> (u8, &'static str) {
    let path = |uri: &Uri| uri.path().trim_end_matches('/').to_owned();
    let has_same_host = configured.host() == found.host();
    let has_same_path = path(configured) == path(found);
    if !has_same_host {
        let is_local = |uri: &Uri| uri.host().is_some_and(crate::url_check::is_loopback);
        return match (is_local(configured), is_local(found)) {
            (false, true) => (
                6,
                "the token's value names this machine (localhost) as its host",
            ),
            (true, false) => (6, "the token's value names a host other than localhost"),
            _ => (6, "the token's value has a different host"),
        };
    }
    if configured.port_u16() != found.port_u16() {
        return (5, "the token's value has a different port");
    }
    match (configured.scheme_str(), found.scheme_str()) {
        (Some("https"), Some("http")) if has_same_path => {
            return (3, "the token's value has http instead of https");
        }
        (Some("http"), Some("https")) if has_same_path => {
            return (3, "the token's value has https instead of http");
        }
        (ours, theirs) if ours != theirs => return (5, "the token's value has a different scheme"),
        _ => {}
    }
    match (path(configured).is_empty(), path(found).is_empty()) {
        (true, false) => (4, "the token's value has a path"),
        (false, true) => (4, "the token's value has no path"),
        _ => (4, "the token's value has a different path or query"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_described_without_the_value() {
        let ours = "https://app.example.com";
        for (configured, found, expected) in [
            (ours, "https://app.example.com/", "has a trailing slash"),
            ("https://app.example.com/", ours, "has no trailing slash"),
            (ours, "http://app.example.com", "http instead of https"),
            ("http://app.example.com", ours, "https instead of http"),
            (ours, "https://app.example.com/api/auth", "has a path"),
            ("https://app.example.com/a", ours, "has no path"),
            ("https://a.b/x", "https://a.b/y", "a different path"),
            (ours, "https://app.example.com:3000", "a different port"),
            (ours, "https://evil.example.com", "a different host"),
            (ours, "http://localhost:3000", "this machine (localhost)"),
            ("http://localhost:3000", ours, "a host other than localhost"),
            (ours, "https://App.Example.com", "only in letter case"),
            (ours, " https://app.example.com", "white space"),
            (ours, "tasks-api", "is not a URL"),
            ("tasks-api", ours, "is a URL"),
            ("tasks-api", "mail-api", "is different"),
            (
                ours,
                "http://app.example.com/api/auth",
                "a different scheme",
            ),
        ] {
            let claim = ClaimValue::Text(found.into());
            let difference = of_claim(&[configured.to_owned()], &claim);
            assert!(difference.contains(expected), "{found}: {difference}");
        }
    }

    #[test]
    fn the_smallest_difference_of_several_values_is_described() {
        let configured = ["a".to_owned(), "https://app.example.com".to_owned()];
        let found = ClaimValue::Texts(vec!["x".into(), "https://app.example.com/".into()]);
        let difference = of_claim(&configured, &found);
        assert!(difference.contains("trailing slash"), "{difference}");
        for (claim, expected) in [
            (ClaimValue::Absent, "has none"),
            (ClaimValue::Null, "null"),
            (ClaimValue::Other, "neither a string"),
            (ClaimValue::Integer(7), "neither a string"),
            (ClaimValue::Texts(Vec::new()), "an empty list"),
        ] {
            assert!(of_claim(&configured, &claim).contains(expected));
        }
    }
}
