//! [`RejectionDetails`]: the scopes or roles that a request lacks.

use std::sync::Arc;

/// Details of a [`Rejection`](crate::Rejection), such as the scopes that an operation requires.
///
/// They are in the response's extensions if there are any. They contain no part of the request.
///
/// ```
/// use http::{Response, StatusCode};
/// use tower_jwt_auth::RejectionDetails;
///
/// fn log<B>(response: &Response<B>) {
///     let details = response.extensions().get::<RejectionDetails>();
///     if let Some(scope) = details.and_then(RejectionDetails::scope) {
///         println!("{}: requires {scope}", response.status());
///     }
/// }
/// # log(&Response::new(()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RejectionDetails {
    scope: Option<Arc<str>>,
    roles: Option<Arc<str>>,
}

impl RejectionDetails {
    /// Returns the scopes that would be enough, separated by spaces, as the challenge lists them
    /// (RFC 6750 section 3).
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Returns the roles that would be enough, separated by commas.
    pub fn roles(&self) -> Option<&str> {
        self.roles.as_deref()
    }

    pub(crate) fn requiring_scopes(scopes: &[String]) -> Self {
        Self {
            scope: Some(scopes.join(" ").into()),
            ..Self::default()
        }
    }

    pub(crate) fn requiring_roles(roles: &[String]) -> Self {
        Self {
            roles: Some(roles.join(",").into()),
            ..Self::default()
        }
    }
}
