//! The values that a verified token provides for its user; used by `token`.

use std::num::NonZeroUsize;

/// The values that identify the user of a verified token.
pub(crate) struct Identity<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) email: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) expires_at: Option<f64>,
    /// `None` if no issuer is configured.
    pub(crate) issuer: Option<&'a str>,
}

/// The identity of the issuer that verified a token: its address in memory, which is unique during
/// the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IssuerRef(NonZeroUsize);

impl IssuerRef {
    pub(crate) fn new<T>(issuer: &T) -> Self {
        Self(std::ptr::NonNull::from(issuer).addr())
    }
}

/// The issuer whose keys verified a token.
#[derive(Clone, Copy)]
pub(crate) struct VerifiedBy {
    pub(crate) issuer: IssuerRef,
    pub(crate) user_ids: UserIds,
    /// Whether a template is configured, so that the token's `iss` may name a tenant.
    pub(crate) has_template: bool,
    #[cfg(any(feature = "jwks-custom", feature = "sessions-custom"))]
    pub(crate) leeway_millis: u32,
}

/// The people that an issuer's user IDs identify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserIds {
    /// The users of the layer's first issuer.
    FirstIssuers,
    /// The users of another issuer.
    OtherIssuers,
    /// The users of several tenants, in which the same ID may identify different people.
    SeveralTenants,
}
