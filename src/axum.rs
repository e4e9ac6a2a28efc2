//! Extractors for axum.

use std::fmt;

use axum::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{CurrentUser, Rejection, TokenError, presence::Presence};

/// The claims of the current user's token, as a type of your own: an extractor for axum.
///
/// A request without a user is answered with 401, and so is one whose claims do not have the shape
/// of `T`; with 500 where no [`JwtAuthLayer`](crate::JwtAuthLayer) stands around the handler. As
/// `Option<Claims<T>>` it is `None` for a request that the layer lets pass without a token, and the
/// other answers are the same.
///
/// The claims are read at each extraction; see [`CurrentUser::claims`].
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_jwt_auth::{Claims, JwtAuthLayer};
///
/// #[derive(serde::Deserialize)]
/// struct Mine {
///     role: String,
///     #[serde(rename = "emailVerified", default)]
///     email_verified: bool,
/// }
///
/// async fn role(Claims(mine): Claims<Mine>) -> String {
///     format!("{} (verified: {})", mine.role, mine.email_verified)
/// }
///
/// fn router(auth: JwtAuthLayer) -> Router {
///     Router::new().route("/role", get(role)).route_layer(auth)
/// }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
#[derive(Clone, Copy)]
pub struct Claims<T>(pub T);

/// Why an extractor of this crate has no user to give. Its response is the one that the layer
/// outside would give: the same body and challenge, in gRPC for a gRPC request.
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
    /// What it is.
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

/// The response of a layer with default settings, in plain HTTP. A handler inside a
/// [`JwtAuthLayer`](crate::JwtAuthLayer) uses [`Rejection::respond`] instead, which follows the
/// settings of that layer.
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        crate::rejection::plain(self).map(Body::from)
    }
}

/// An extractor for axum: the user that [`JwtAuthLayer`](crate::JwtAuthLayer) found. A request
/// without one is answered with 401, and with 500 where no such layer stands around the handler.
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = ExtractRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        extract(parts)?.ok_or_else(|| ExtractRejection::new(Rejection::MissingToken, parts))
    }
}

/// `None` for a request that the layer accepts without a token
/// ([`allow_anonymous`](crate::JwtAuthBuilder::allow_anonymous)), and for an `OPTIONS` that it accepted as
/// a preflight. If no such layer wraps the handler, extraction fails with 500: a forgotten layer
/// never makes users look anonymous.
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
    match Presence::of(&parts.method, &parts.extensions) {
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
    claims.map_err(|_| ExtractRejection::new(TokenError::Claims.into(), parts))
}

/// Nothing of the claims, whatever their type prints.
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
