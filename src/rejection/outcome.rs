use std::sync::Arc;

use super::Rejection;

/// Who is told what becomes of each request.
pub(crate) type Observer = Arc<dyn Fn(Outcome) + Send + Sync>;

/// What became of a request, for
/// [`JwtAuthBuilder::observe`](crate::JwtAuthBuilder::observe). It holds no part of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Its token verified, and the request went on. A layer or an extractor further in may still
    /// refuse it, and then that is told as well.
    Accepted,
    /// It has no token and went on without a user, as
    /// [`allow_anonymous`](crate::JwtAuthBuilder::allow_anonymous) or
    /// [`allow_cors_preflight`](crate::JwtAuthBuilder::allow_cors_preflight) says.
    Anonymous,
    /// It was refused.
    Refused(Rejection),
}

impl Outcome {
    /// A stable code for the label of a counter: `accepted`, `anonymous`, or the
    /// [reason](Rejection::reason) of the refusal.
    ///
    /// ```
    /// use tower_jwt_auth::{Outcome, Rejection};
    ///
    /// assert_eq!(Outcome::Accepted.label(), "accepted");
    /// assert_eq!(Outcome::Refused(Rejection::NotOwner).label(), "not_owner");
    /// ```
    pub fn label(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Anonymous => "anonymous",
            Self::Refused(rejection) => rejection.reason(),
        }
    }
}
