//! What a text may tell of a setting that may turn out to be something else: a message goes to a
//! log, and a secret in the wrong place must not go there with it.

/// What is configured, and its URL where that may be told.
pub(crate) fn with_url(what: &str, url: &str) -> String {
    match shown_url(url) {
        Some(shown) => format!("{what} {shown:?}"),
        None => what.to_owned(),
    }
}

/// A URL without the user name, the password and the query that it may have. Nothing of what does
/// not even begin like one, which may be a key or a secret.
pub(crate) fn shown_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = ["https", "http"]
        .into_iter()
        .any(|web| scheme.eq_ignore_ascii_case(web));
    // A password may have a slash in it, where an `@` may follow.
    let after_user = rest.rsplit_once('@').map(|(_, after)| after);
    let shown = after_user.unwrap_or(rest);
    let shown = shown.split(['?', '#']).next().unwrap_or_default();
    let user = if after_user.is_some() { "…@" } else { "" };
    is_web.then(|| format!("{scheme}://{user}{shown}"))
}

/// Whether a text is told as the name of a variable. A secret that was given in the place of its
/// variable's name is none that anybody would choose: it has other characters, or it is long and
/// not in capitals.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_short = name.len() < 32 || !name.contains(|c: char| c.is_ascii_lowercase());
    !name.is_empty() && is_short && name.chars().all(is_usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_user_nor_query_of_a_url_is_shown_and_nothing_that_is_none() {
        for (url, shown) in [
            ("https://example.com/jwks", Some("https://example.com/jwks")),
            (
                "https://example.com/?key=secret#secret",
                Some("https://example.com/"),
            ),
            (
                "HTTP://user:secret@example.com/jwks",
                Some("HTTP://…@example.com/jwks"),
            ),
            (
                "https://user:se/cr@et?@example.com",
                Some("https://…@example.com"),
            ),
            (
                "https://example.com?key=secret@host",
                Some("https://…@host"),
            ),
            ("user:secret@example.com", None),
            ("secret", None),
            ("", None),
        ] {
            assert_eq!(shown_url(url).as_deref(), shown, "{url}");
        }
    }
}
