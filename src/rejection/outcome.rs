//! [`Outcome`]: the result of a request, for metrics.

use std::sync::Arc;

use super::Rejection;

/// The function that receives the outcome of each request.
pub(crate) type Observer = Arc<dyn Fn(Outcome) + Send + Sync>;

/// Outcome of a request, for [`JwtAuthBuilder::observe`](crate::JwtAuthBuilder::observe). It
/// contains no part of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The token is valid, and the request was passed on. An inner layer or extractor may still
    /// reject it; that rejection is then reported too.
    Accepted,
    /// The request was passed on without a user. It has no token, or a session cookie that is not
    /// accepted, and
    /// [`allow_anonymous`](crate::JwtAuthBuilder::allow_anonymous) or
    /// [`allow_cors_preflight`](crate::JwtAuthBuilder::allow_cors_preflight) is set.
    Anonymous,
    /// The request was rejected.
    Rejected(Rejection),
}

impl Outcome {
    /// Returns a stable code for the label of a counter: `accepted`, `anonymous`, or the
    /// [reason](Rejection::reason) of the rejection.
    ///
    /// ```
    /// use tower_jwt_auth::{Outcome, Rejection};
    ///
    /// assert_eq!(Outcome::Accepted.label(), "accepted");
    /// assert_eq!(Outcome::Rejected(Rejection::NotOwner).label(), "not_owner");
    /// ```
    pub fn label(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Anonymous => "anonymous",
            Self::Rejected(rejection) => rejection.reason(),
        }
    }
}
