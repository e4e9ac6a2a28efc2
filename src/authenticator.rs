//! [`Authenticator`]: the trait for credentials that are looked up; used by the layer and implemented
//! by applications.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use http::request::Parts;

use crate::{
    rejection::{Rejection, RejectionDetails},
    user::CurrentUser,
};

/// A check of a credential that is looked up, such as an API key: see
/// [`JwtAuthBuilder::authenticate_with`](crate::JwtAuthBuilder::authenticate_with).
///
/// ```
/// use http::request::Parts;
/// use tower_jwt_auth::{Authentication, Authenticator, CurrentUser, JwtAuthLayer, Rejection};
///
/// # #[derive(Clone)]
/// # struct Database;
/// # impl Database { async fn owner_of(&self, _: &[u8]) -> Option<String> { None } }
/// struct ApiKeys(Database);
///
/// impl Authenticator for ApiKeys {
///     fn authenticate(&self, request: &Parts) -> Authentication {
///         let Some(key) = request.headers.get("x-api-key").cloned() else {
///             return Authentication::NotMine;
///         };
///         let database = self.0.clone();
///         Authentication::lookup(async move {
///             match database.owner_of(key.as_bytes()).await {
///                 Some(id) => {
///                     let placeholder = format!("{id}@clients.example.com");
///                     Authentication::User(CurrentUser::new(id, placeholder))
///                 }
///                 None => Authentication::rejected(Rejection::InvalidCredential),
///             }
///         })
///     }
/// }
///
/// let auth = JwtAuthLayer::builder()
///     .secret("correct horse battery staple, and more")
///     .authenticate_with(ApiKeys(Database))
///     .build()?;
/// # drop(auth);
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
pub trait Authenticator: Send + Sync + 'static {
    /// Looks for a credential in the head of a request.
    ///
    /// This runs on the thread of the request, so it must not block. If the credential must be looked
    /// up, copy it out of `request`, and return [`Authentication::lookup`]. The layer sets no limit on
    /// the time, the number, or the cost of these lookups: every client can cause them.
    fn authenticate(&self, request: &Parts) -> Authentication;
}

/// A function is an authenticator too.
impl<F> Authenticator for F
where
    F: Fn(&Parts) -> Authentication + Send + Sync + 'static,
{
    fn authenticate(&self, request: &Parts) -> Authentication {
        self(request)
    }
}

/// The result of an [`Authenticator`].
#[must_use]
#[non_exhaustive]
pub enum Authentication {
    /// The request has no credential of this kind. The next authenticator is asked.
    NotMine,
    /// The credential belongs to this user. The user is one of the first issuer's, unless
    /// [`CurrentUser::from_issuer`] names another issuer.
    User(CurrentUser),
    /// The credential is invalid, or it cannot be verified.
    Rejected(Rejection, RejectionDetails),
    /// The result of this future. Create it with [`lookup`](Self::lookup).
    Lookup(Pin<Box<dyn Future<Output = Authentication> + Send>>),
}

impl Authentication {
    /// Waits for the result of a lookup. The future does not borrow from the request, which continues
    /// to the inner service afterwards. If the result is [`NotMine`](Self::NotMine), the next
    /// authenticator is asked.
    pub fn lookup(future: impl Future<Output = Self> + Send + 'static) -> Self {
        Self::Lookup(Box::pin(future))
    }

    /// Rejects the request: with [`Rejection::InvalidCredential`] if the credential is invalid, and
    /// with [`Rejection::SessionsUnavailable`] if it cannot be looked up at the moment.
    pub fn rejected(rejection: Rejection) -> Self {
        Self::Rejected(rejection, RejectionDetails::default())
    }

    /// Rejects the request with a reason of your own, such as `key_revoked`, for logs and metrics: see
    /// [`RejectionDetails::reason`]. Do not put a part of the credential into it.
    pub fn rejected_because(rejection: Rejection, reason: impl Into<Arc<str>>) -> Self {
        Self::Rejected(rejection, RejectionDetails::because(reason.into()))
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMine => f.write_str("NotMine"),
            Self::User(user) => f.debug_tuple("User").field(user).finish(),
            Self::Rejected(rejection, details) => {
                let mut tuple = f.debug_tuple("Rejected");
                tuple.field(rejection).field(details).finish()
            }
            Self::Lookup(_) => f.write_str("Lookup"),
        }
    }
}
