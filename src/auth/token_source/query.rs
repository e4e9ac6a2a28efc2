//! Finds a token in the query.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode;

use super::at_most_one;
use crate::rejection::Rejection;

/// Returns the decoded value of a query parameter. An empty value is treated as missing.
///
/// A plus sign is kept: decoding it to a space would not help, because a token contains neither.
pub(super) fn find<'r>(uri: &'r Uri, name: &str) -> Result<Option<Cow<'r, [u8]>>, Rejection> {
    let query = uri.query().unwrap_or_default();
    let parameters = query
        .split('&')
        .filter_map(|parameter| parameter.split_once('='));
    at_most_one(
        parameters
            .filter(|(parameter, _)| decode(parameter) == name.as_bytes())
            .map(|(_, value)| decode(value))
            .filter(|value| !value.is_empty()),
    )
}

fn decode(text: &str) -> Cow<'_, [u8]> {
    percent_decode(text.as_bytes()).into()
}
