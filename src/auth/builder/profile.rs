//! The settings of the builders for known issuers and for tests; used by `profiles` and `test_kit`.

use super::JwtAuthBuilder;
use crate::auth::TokenSource;

impl JwtAuthBuilder {
    /// Sets the `iss` that is required if no other name is set.
    pub(in crate::auth) fn default_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer.default_issuer = Some(issuer.into());
        self
    }

    /// Adds a token source in which only this issuer's tokens are accepted.
    pub(in crate::auth) fn found_in(mut self, source: TokenSource) -> Self {
        self.issuer.sources.push(source);
        self
    }

    /// Turns off the check in `build` that an issuer with public keys has an audience. Nothing else
    /// changes: without an audience, a token with an `aud` is still rejected.
    #[cfg(feature = "test-kit")]
    pub(crate) fn audience_may_be_missing(mut self) -> Self {
        self.issuer.audience_may_be_missing = true;
        self
    }

    /// Requires one of these values in `token_use`, in which Amazon Cognito states the kind of
    /// token.
    pub(in crate::auth) fn token_uses(mut self, uses: &'static [&'static str]) -> Self {
        self.issuer.policy.extra.get_or_insert_default().token_uses = uses;
        self
    }

    /// Requires this client in the claim in which Amazon Cognito names it: `aud` in an ID token,
    /// and `client_id` in an access token.
    pub(in crate::auth) fn cognito_client(mut self, client: String) -> Self {
        let extra = self.issuer.policy.extra.get_or_insert_default();
        extra.id_tokens_name_client_in_aud = true;
        self.allow_any_audience().authorized_party(client)
    }
}
