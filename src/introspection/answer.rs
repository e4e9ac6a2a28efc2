//! Reads the response of an introspection endpoint (RFC 7662 section 2.2).

use serde::Deserialize;

use crate::{
    json::ClaimValue,
    lookups::Answer,
    rejection::Rejection,
    token::{TokenError, TokenVerifier},
};

/// The values with which servers mark an active token that is no access token. `token_type_hint` does
/// not exclude them: RFC 7662 section 2.1 extends the search to all types of tokens.
const OTHER_KINDS: [&str; 5] = ["refresh_token", "refresh", "offline", "id_token", "id"];

#[derive(Deserialize)]
struct Active<'a> {
    active: bool,
    /// RFC 7662 section 2.2. Some servers state the kind of token here.
    #[serde(borrow, default)]
    token_type: ClaimValue<'a>,
    /// The kind of token of Ory Hydra.
    #[serde(borrow, default)]
    token_use: ClaimValue<'a>,
    /// The kind of token of Keycloak.
    #[serde(borrow, default)]
    typ: ClaimValue<'a>,
}

impl Active<'_> {
    /// Checks that the token is an access token which a client may send as a bearer token.
    fn check_kind(&self) -> Result<(), TokenError> {
        // The proof of a DPoP token (RFC 9449 section 6.2) is not checked.
        if is(&self.token_type, "DPoP") {
            return Err(TokenError::BoundToken);
        }
        let members = [&self.token_type, &self.token_use, &self.typ];
        let is_other =
            { members.into_iter() }.any(|member| OTHER_KINDS.iter().any(|other| is(member, other)));
        if is_other {
            return Err(TokenError::TokenType);
        }
        Ok(())
    }
}

fn is(member: &ClaimValue<'_>, kind: &str) -> bool {
    matches!(member, ClaimValue::Text(text) if text.eq_ignore_ascii_case(kind))
}

/// Returns the user of an active token, or the reason why it is rejected.
///
/// # Errors
///
/// What is wrong with the response, for the operator.
pub(super) fn read(json: &str, verifier: &TokenVerifier) -> Result<Answer, &'static str> {
    // Serde would read an array as a struct.
    let is_object = json.trim_ascii_start().starts_with('{');
    let Some(answer) = is_object
        .then(|| serde_json::from_str::<Active<'_>>(json).ok())
        .flatten()
    else {
        return Err(
            "the response is not JSON with the member active (RFC 7662 section 2.2); check the URL",
        );
    };
    if !answer.active {
        return Ok(Answer::Rejected(Rejection::Inactive));
    }
    Ok(
        match answer
            .check_kind()
            .and_then(|()| verifier.introspected(json))
        {
            Ok(user) => Answer::User(user),
            Err(error) => Answer::Rejected(error.into()),
        },
    )
}
