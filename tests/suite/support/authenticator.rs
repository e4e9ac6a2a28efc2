//! An authenticator from a function.

use http::request::Parts;
use tower_jwt_auth::Authentication;

/// Returns the function, whose argument the compiler cannot infer without this bound.
pub(crate) fn by_fn<F>(function: F) -> F
where
    F: Fn(&Parts) -> Authentication,
{
    function
}
