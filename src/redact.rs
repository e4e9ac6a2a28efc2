//! Redacts configured values in messages: messages are logged, and a secret in the wrong setting
//! must not be logged with them. Used by the builder, `key_source`, and `jwks`.

use http::{Uri, uri::Authority};

/// Describes a setting, with its URL if that may be shown.
pub(crate) fn describe_url(setting: &str, url: &str) -> String {
    match redact_url(url) {
        Some(redacted) => format!("{setting} {redacted:?}"),
        None => setting.to_owned(),
    }
}

/// Returns a URL without its user name, password, and query. Returns `None` for text that does not
/// start like a URL, because it may be a key or a secret. If a URL cannot be parsed, only its
/// scheme is shown.
pub(crate) fn redact_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = ["https", "http"]
        .into_iter()
        .any(|web| scheme.eq_ignore_ascii_case(web));
    is_web.then(|| match url.parse::<Uri>() {
        Ok(uri) if !uri.path().contains('@') => {
            let authority = uri.authority().map_or("", Authority::as_str);
            let (user, host) = match authority.rsplit_once('@') {
                Some((_, host)) => ("…@", host),
                None => ("", authority),
            };
            // `Uri` adds a slash, which would be another issuer.
            let path = if rest.contains('/') { uri.path() } else { "" };
            format!("{scheme}://{user}{host}{path}")
        }
        _ => format!("{scheme}://…"),
    })
}

/// Returns whether a string can be shown as the name of an environment variable, because it is
/// unlikely to be a secret that was passed instead of the name. Names contain `_` between words,
/// which most secrets do not.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts_like_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_like_name && name.contains('_') && name.len() < 64 && name.chars().all(is_name_char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_and_query_of_a_url_are_never_shown() {
        for (url, shown) in [
            ("https://example.com/jwks", Some("https://example.com/jwks")),
            ("https://example.com/", Some("https://example.com/")),
            ("https://example.com", Some("https://example.com")),
            (
                "https://example.com/?key=secret#secret",
                Some("https://example.com/"),
            ),
            (
                "HTTP://user:secret@example.com/jwks",
                Some("HTTP://…@example.com/jwks"),
            ),
            ("https://user:se/cr@et?@example.com", Some("https://…")),
            (
                "https://example.com?key=secret@host&more=secret",
                Some("https://example.com"),
            ),
            (
                "https://example.com:3000/a",
                Some("https://example.com:3000/a"),
            ),
            ("https://secret secret", Some("https://…")),
            ("user:secret@example.com", None),
            ("secret", None),
            ("", None),
        ] {
            assert_eq!(redact_url(url).as_deref(), shown, "{url}");
        }
    }
}
