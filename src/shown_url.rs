/// A URL for a log or an error: without what may be secret in it, which is the user and the query.
pub(crate) fn shown_url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rfind('@') {
        Some(end) if scheme.is_empty() => format!("…{}", &rest[end..]),
        Some(end) => format!("{scheme}://…{}", &rest[end..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_user_nor_the_query_of_a_url_is_shown() {
        for (url, shown) in [
            ("https://example.com/jwks", "https://example.com/jwks"),
            (
                "https://example.com/jwks?api_key=secret#secret",
                "https://example.com/jwks",
            ),
            (
                "https://user:secret@example.com/@jwks",
                "https://…@example.com/@jwks",
            ),
            ("https://user:sec@ret@example.com", "https://…@example.com"),
            ("user:secret@example.com", "…@example.com"),
            ("example.com?secret", "example.com"),
            ("", ""),
        ] {
            assert_eq!(shown_url(url), shown, "{url}");
        }
    }
}
