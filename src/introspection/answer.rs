//! Reads the response of an introspection endpoint (RFC 7662 section 2.2).

use serde::Deserialize;

use crate::{lookups::Answer, rejection::Rejection, token::TokenVerifier};

#[derive(Deserialize)]
struct Active {
    active: bool,
}

/// Returns the user of an active token, or the reason why it is rejected.
///
/// # Errors
///
/// What is wrong with the response, for the operator.
pub(super) fn read(json: &str, verifier: &TokenVerifier) -> Result<Answer, &'static str> {
    // Serde would read an array as a struct.
    let is_object = json.trim_ascii_start().starts_with('{');
    let Some(Active { active }) = is_object.then(|| serde_json::from_str(json).ok()).flatten()
    else {
        return Err(
            "the response is not JSON with the member active (RFC 7662 section 2.2); check the URL",
        );
    };
    if !active {
        return Ok(Answer::Rejected(Rejection::Inactive));
    }
    Ok(match verifier.introspected(json) {
        Ok(user) => Answer::User(user),
        Err(error) => Answer::Rejected(error.into()),
    })
}
