//! Extractors and responses for axum.

use std::fmt;

use axum::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{presence::Presence, rejection::Rejection, user::CurrentUser};

/// Extractor for the claims of the current user's token, as your own type.
///
/// A request without a user gets 401. A valid token whose claims do not deserialize into `T` gets
/// 403 without a challenge, because the same user's next token has the same claims. If no
/// [`JwtAuthLayer`](crate::JwtAuthLayer) wraps the handler, extraction fails with 500.
/// `Option<Claims<T>>` is `None` only for a request that the layer accepts without a token; all
/// other responses are the same.
///
/// Each extraction parses the claims; see [`CurrentUser::claims`].
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_jwt_auth::{Claims, JwtAuthLayer};
///
/// #[derive(serde::Deserialize)]
/// struct Mine {
///     plan: String,
///     #[serde(rename = "emailVerified", default)]
///     email_verified: bool,
/// }
///
/// async fn plan(Claims(mine): Claims<Mine>) -> String {
///     format!("{} (verified: {})", mine.plan, mine.email_verified)
/// }
///
/// fn router(auth: JwtAuthLayer) -> Router {
///     Router::new().route("/plan", get(plan)).route_layer(auth)
/// }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
#[derive(Clone, Copy)]
pub struct Claims<T>(pub T);

/// Rejection of this crate's extractors. Its response has the format of the surrounding layer: the
/// same body and challenge, in gRPC for a gRPC request.
///
/// ```
/// use axum::response::{IntoResponse, Redirect, Response};
/// use tower_jwt_auth::{CurrentUser, ExtractRejection, Rejection};
///
/// async fn home(user: Result<CurrentUser, ExtractRejection>) -> Response {
///     match user {
///         Ok(user) => format!("Hello {}", user.email()).into_response(),
///         Err(error) if error.rejection() == Rejection::MissingToken => {
///             Redirect::to("/sign-in").into_response()
///         }
///         Err(error) => error.into_response(),
///     }
/// }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub struct ExtractRejection {
    rejection: Rejection,
    response: Box<Response>,
}

impl ExtractRejection {
    /// Returns the rejection, which contains the reason.
    pub fn rejection(&self) -> Rejection {
        self.rejection
    }

    fn new(rejection: Rejection, parts: &Parts) -> Self {
        Self {
            rejection,
            response: Box::new(rejection.respond(parts).map(Body::from)),
        }
    }
}

impl IntoResponse for ExtractRejection {
    fn into_response(self) -> Response {
        *self.response
    }
}

/// Builds the response of a layer with default settings, in plain HTTP. Inside a
/// [`JwtAuthLayer`](crate::JwtAuthLayer), use [`Rejection::respond`] instead, which follows the
/// settings of that layer.
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        crate::rejection::default_http_response(self).map(Body::from)
    }
}

/// Extracts the user whose token [`JwtAuthLayer`](crate::JwtAuthLayer) has verified. A request
/// without a user gets 401. If no such layer wraps the handler, extraction fails with 500.
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = ExtractRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        extract(parts)?.ok_or_else(|| ExtractRejection::new(Rejection::MissingToken, parts))
    }
}

/// Extracts `None` for a request that the layer accepts without a token
/// ([`allow_anonymous`](crate::JwtAuthBuilder::allow_anonymous)), and for an `OPTIONS` request that
/// it accepted as a preflight. If no such layer wraps the handler, extraction fails with 500: a
/// forgotten layer never makes users look anonymous.
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl<S: Send + Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = ExtractRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        extract(parts)
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = ExtractRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        extract_claims(parts)?.ok_or_else(|| ExtractRejection::new(Rejection::MissingToken, parts))
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequestParts<S> for Claims<T> {
    type Rejection = ExtractRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        extract_claims(parts)
    }
}

fn extract(parts: &Parts) -> Result<Option<CurrentUser>, ExtractRejection> {
    match Presence::read(&parts.method, &parts.extensions) {
        Ok(Presence::User(user)) => Ok(Some(user.clone())),
        Ok(Presence::Anonymous | Presence::Preflight) => Ok(None),
        Err(rejection) => Err(ExtractRejection::new(rejection, parts)),
    }
}

fn extract_claims<T: DeserializeOwned>(
    parts: &Parts,
) -> Result<Option<Claims<T>>, ExtractRejection> {
    let Some(user) = extract(parts)? else {
        return Ok(None);
    };
    let claims = user.claims().map(|claims| Some(Claims(claims)));
    claims.map_err(|_| ExtractRejection::new(Rejection::MissingClaim, parts))
}

/// Omits the claims, even if `T` implements `Debug`.
impl<T> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

impl fmt::Debug for ExtractRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtractRejection")
            .field(&self.rejection)
            .finish()
    }
}

impl fmt::Display for ExtractRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rejection.fmt(f)
    }
}

impl std::error::Error for ExtractRejection {}
