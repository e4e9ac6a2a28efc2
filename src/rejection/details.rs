//! [`RejectionDetails`]: the scopes or roles that a request lacks, its user, and a reason of the
//! application; used by the layers and the challenge.

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;

use super::Rejection;
use crate::user::CurrentUser;

/// Details of a [`Rejection`](crate::Rejection), such as the scopes that an operation requires.
///
/// If there are any, the layers insert them into the response's extensions and pass them to
/// [`answer_with`](crate::JwtAuthBuilder::answer_with). They contain no part of the request, except
/// the user's ID and issuer if [`log_user_ids`](crate::JwtAuthBuilder::log_user_ids) is set. `Debug`
/// never prints them.
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
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RejectionDetails {
    scope: Option<Arc<str>>,
    roles: Option<Arc<str>>,
    max_age: Option<Duration>,
    acr_values: Option<Arc<str>>,
    user_id: Option<Arc<str>>,
    issuer: Option<Arc<str>>,
    reason: Option<Arc<str>>,
}

impl RejectionDetails {
    /// Returns the scopes that would suffice, separated by spaces, as the challenge lists them (RFC
    /// 6750 section 3). They include scopes that the user already has. Returns `None` if roles or a
    /// [`rule`](crate::RequireScopeLayer::rule) are required instead.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Returns the roles that would suffice, separated by commas.
    pub fn roles(&self) -> Option<&str> {
        self.roles.as_deref()
    }

    /// Returns the time since the user signed in that [`RequireFreshLayer`](crate::RequireFreshLayer)
    /// allows, in whole seconds (RFC 9470 section 3, `max_age`).
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Returns the authentication context classes of which [`RequireFreshLayer`](crate::RequireFreshLayer)
    /// requires one, separated by spaces (RFC 9470 section 3, `acr_values`).
    pub fn acr_values(&self) -> Option<&str> {
        self.acr_values.as_deref()
    }

    /// Returns the ID of the user who was rejected with 403, if
    /// [`log_user_ids`](crate::JwtAuthBuilder::log_user_ids) is set. The ID is unique only within
    /// its [`issuer`](Self::issuer).
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// Returns the issuer of the user who was rejected with 403, as
    /// [`CurrentUser::issuer`](crate::CurrentUser::issuer) does, if
    /// [`log_user_ids`](crate::JwtAuthBuilder::log_user_ids) is set.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Returns the reason that an `Authenticator` of the application gave, such as `key_revoked`. It
    /// is logged beside the [reason](Rejection::reason) of the rejection, and clients do not see it.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    #[cfg(feature = "authenticator")]
    pub(crate) fn because(reason: Arc<str>) -> Self {
        Self {
            reason: Some(reason),
            ..Self::default()
        }
    }

    pub(super) fn with_user(mut self, user: &CurrentUser) -> Self {
        self.user_id = Some(user.user_id().into());
        self.issuer = user.issuer().map(Into::into);
        self
    }

    pub(crate) fn requiring_scopes(scopes: &[String]) -> Self {
        Self {
            scope: Some(scopes.join(" ").into()),
            ..Self::default()
        }
    }

    pub(crate) fn requiring_authentication(
        max_age: Option<Duration>,
        acr_values: &[String],
    ) -> Self {
        Self {
            max_age,
            acr_values: (!acr_values.is_empty()).then(|| acr_values.join(" ").into()),
            ..Self::default()
        }
    }

    /// Adds scopes that every operation requires, before those that this one requires.
    pub(super) fn with_base_scopes(mut self, base: &[String]) -> Self {
        let own = self.scope.as_deref().unwrap_or_default();
        let own = own.split_ascii_whitespace();
        let own = own.filter(|scope| !base.iter().any(|base| base == scope));
        let all: Vec<&str> = base.iter().map(String::as_str).chain(own).collect();
        self.scope = Some(all.join(" ").into());
        self
    }

    pub(crate) fn requiring_roles(roles: &[String]) -> Self {
        Self {
            roles: Some(roles.join(",").into()),
            ..Self::default()
        }
    }
}

/// Omits the user's ID and issuer, which are parts of the token.
impl fmt::Debug for RejectionDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectionDetails")
            .field("scope", &self.scope)
            .field("roles", &self.roles)
            .field("max_age", &self.max_age)
            .field("acr_values", &self.acr_values)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// A rejection with the details for its challenge.
#[derive(Clone, Copy)]
pub(crate) struct Refusal<'a> {
    pub(crate) rejection: Rejection,
    pub(crate) details: Option<&'a RejectionDetails>,
    /// Whether the response is 404 instead of 403.
    pub(crate) is_hidden: bool,
}

impl<'a> Refusal<'a> {
    pub(super) fn with_details(self, details: &'a RejectionDetails) -> Self {
        Self {
            details: Some(details),
            ..self
        }
    }

    /// Returns the rejection that the client may see. The events contain the real one.
    pub(crate) fn shown(self) -> Self {
        if self.is_hidden && self.rejection.status() == StatusCode::FORBIDDEN {
            Self {
                rejection: Rejection::NotFound,
                ..self
            }
        } else {
            self
        }
    }
}

impl From<Rejection> for Refusal<'_> {
    fn from(rejection: Rejection) -> Self {
        Self {
            rejection,
            details: None,
            is_hidden: false,
        }
    }
}
