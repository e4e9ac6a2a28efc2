//! The rules for the tokens of a protected resource; used by `build`.

use super::issuer_settings::IssuerSettings;
use crate::{
    config_error::Faults,
    protected_resource::ProtectedResource,
    token::{TokenKind, is_plain_jwt},
};

impl IssuerSettings {
    /// Requires the `iss` of an authorization server of the resource (RFC 9068 section 4) if this
    /// issuer, the only one of the layer, has no name.
    pub(super) fn default_to_servers_of(&mut self, resource: &ProtectedResource) {
        // The response of an introspection endpoint may have no `iss` (RFC 7662 section 2.2).
        if !self.secrets.is_empty() || !self.public_keys.is_empty() {
            self.resource_issuers = resource.authorization_servers().to_vec();
        }
    }

    /// Requires access tokens that were issued for the resource that the layer protects, if any.
    pub(super) fn apply_resource(
        &mut self,
        resource: Option<&ProtectedResource>,
        faults: &mut Faults,
    ) {
        let policy = &mut self.policy;
        let Some(resource) = resource else {
            if self.allows_plain_jwt {
                faults.add(".allow_plain_jwt() is set without .protected_resource(…); remove it, because tokens of the type JWT are accepted anyway");
            }
            return;
        };
        if policy.any_audience {
            faults.add(".protected_resource(…) and .allow_any_audience() are both set; remove the latter, because tokens for other resources must be rejected (RFC 8707), and if the issuer names this resource differently, set that name with .audience(…)");
        }
        if policy.types.iter().any(|typ| is_plain_jwt(typ)) {
            faults.add("the type JWT is set with .accept_typ(…), but ID tokens have it too; call .allow_plain_jwt() instead");
        }
        // Otherwise, a second error would name a method that was not called.
        if policy.audiences.is_empty() && !policy.any_audience {
            policy.audiences.push(resource.identifier().to_owned());
        }
        policy.email_optional = true;
        policy.kind = if self.allows_plain_jwt {
            TokenKind::PlainAccessToken
        } else {
            TokenKind::AccessToken
        };
    }
}
