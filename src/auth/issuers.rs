//! [`Issuers`]: the handle with which an application adds and removes issuers while a layer is in use.

use std::fmt;

use super::builder::JwtAuthBuilder;
use crate::{
    config_error::ConfigError, protected_resource::ProtectedResource, token::TokenVerifier,
};

/// The issuers of a layer, to which your code can add others while the layer is in use, for example
/// one for each tenant: see [`JwtAuthLayer::issuers`](crate::JwtAuthLayer::issuers).
///
/// Changes apply to the next request, in all clones of the layer and in its services. Clones of this
/// handle refer to the same issuers. A token is verified only with the keys of the issuer that it
/// names; added issuers are searched one after another.
///
/// ```
/// use tower_jwt_auth::JwtAuthLayer;
///
/// let auth = JwtAuthLayer::builder()
///     .issuer("https://app.example.com")
///     .secret("correct horse battery staple, and more")
///     .build()?;
/// let issuers = auth.issuers();
/// issuers.add(
///     JwtAuthLayer::builder()
///         .issuer("https://tenant.example.com")
///         .secret("another secret, of 32 bytes or more"),
/// )?;
/// assert!(issuers.remove("https://tenant.example.com"));
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Issuers {
    verifier: TokenVerifier,
    /// The resource that the layer protects, whose rules also apply to added issuers.
    resource: Option<ProtectedResource>,
}

impl Issuers {
    pub(super) fn new(verifier: TokenVerifier, resource: Option<ProtectedResource>) -> Self {
        Self { verifier, resource }
    }

    /// Accepts the tokens of another issuer too, as [`or`](JwtAuthBuilder::or) does when the layer is
    /// built: its users are those of another issuer, unless
    /// [`same_users`](JwtAuthBuilder::same_users) is set. Builders that were passed to its `or` are
    /// added too, or none of them.
    ///
    /// The first call changes a layer with a single issuer into one with several: from then on, each
    /// token must name its issuer in `iss`.
    ///
    /// The token sources of the layer stay the same: if all of them belong to a known issuer such as
    /// that of [`cloudflare_access`](crate::JwtAuthLayer::cloudflare_access), no request can have a
    /// token of the added issuer. [`is_ready`](crate::JwtAuthLayer::is_ready) needs the keys of added
    /// issuers too, so one tenant without keys fails a readiness probe for all.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], as for [`build`](JwtAuthBuilder::build); if an issuer of the layer or of the
    /// builder has no name, or if two have the same name; or if the builder has settings of the whole
    /// layer or token sources of its own, such as those of
    /// [`cloudflare_access`](crate::JwtAuthLayer::cloudflare_access).
    pub fn add(&self, issuer: JwtAuthBuilder) -> Result<(), ConfigError> {
        let resource = self.resource.as_ref();
        self.verifier
            .add_issuers(|names, clock| issuer.into_added(resource, names, clock))
    }

    /// Removes an issuer that was [added](Self::add), by one of its names or by its template. Returns
    /// `false` if there is none; the issuers with which the layer was built cannot be removed.
    ///
    /// The tokens of the issuer are rejected from the next request on, also cached ones, and its key
    /// set is no longer fetched.
    pub fn remove(&self, name: &str) -> bool {
        self.verifier.remove_issuer(name)
    }

    /// Returns the names and templates of all issuers, the first issuer's first.
    pub fn names(&self) -> Vec<String> {
        self.verifier.issuer_names()
    }
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Issuers").field(&self.names()).finish()
    }
}
