//! An authenticator from a function.

use http::request::Parts;
use tower_jwt_auth::{Authentication, Authenticator};

/// Calls the function for each request that has no JWT.
pub(crate) struct ByFn<F>(pub(crate) F);

impl<F> Authenticator for ByFn<F>
where
    F: Fn(&Parts) -> Authentication + Send + Sync + 'static,
{
    fn authenticate(&self, request: &Parts) -> Authentication {
        (self.0)(request)
    }
}
