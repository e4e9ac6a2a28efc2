//! [`Rejection`] and its response: status, challenge, body, and gRPC status; used by all layers and
//! extractors.

mod body;
mod challenge;
mod details;
mod event_log;
mod future;
mod grpc;
mod message;
mod outcome;
mod response;

use http::StatusCode;

use crate::token::TokenError;

#[cfg(feature = "axum")]
pub(crate) use self::response::default_http_response;
pub use self::{
    body::ResponseBody, details::RejectionDetails, future::ResponseFuture, outcome::Outcome,
};
pub(crate) use self::{
    details::Refusal,
    event_log::EventLog,
    grpc::Head,
    response::{InheritedFormat, RejectionFormat, reject_inside_auth},
};

/// The reason why a request was rejected.
///
/// A `Rejection` that an axum handler returns gets the default format and is neither logged nor
/// passed to the observer. Use [`respond`](Self::respond), which follows the settings of the layer.
///
/// The layers insert it into the response's extensions, where an outer layer can read it, for
/// example tower-http's `TraceLayer` in its `on_response`. It contains no part of the request.
///
/// ```
/// use http::{Request, StatusCode};
/// use tower::{Layer, Service, service_fn};
/// use tower_jwt_auth::{JwtAuthLayer, Rejection, ResponseBody};
/// # use http::Response;
/// # use http_body_util::Full;
/// # use bytes::Bytes;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_jwt_auth::ConfigError> {
/// let layer = JwtAuthLayer::builder()
///     .secret("correct horse battery staple, and more")
///     .build()?;
/// let mut service = layer.layer(service_fn(async |_: Request<()>| {
///     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
/// }));
///
/// let response = service.call(Request::new(())).await.unwrap();
///
/// assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
/// let rejection = response.extensions().get::<Rejection>().unwrap();
/// assert_eq!(rejection.reason(), "missing_token");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The request has no bearer token (RFC 6750 section 3, first example).
    #[error("the request has no bearer token")]
    MissingToken,
    /// The request has more than one `Authorization` field, tokens in more than one of the configured
    /// places (RFC 6750 section 3.1, `invalid_request`), or two different values of the session cookie.
    #[error(
        "the request has more than one Authorization field, two values of the session cookie, or tokens in several places; if clients use several places on purpose, set their order with TokenSource::first_of(…)"
    )]
    SeveralTokens,
    /// The token is invalid (RFC 6750 section 3.1, `invalid_token`).
    #[error(transparent)]
    InvalidToken(TokenError),
    /// The credential is invalid, according to an `Authenticator` of the application.
    #[error("the credential is invalid, according to an Authenticator of the application")]
    InvalidCredential,
    /// The session token is not in the form `<token>.<MAC>`, or no configured secret made its MAC.
    #[error(
        "the session token is not in the form <token>.<MAC>, or no configured secret made its MAC; if Better Auth's secret was rotated, set the current one with .secret(…) or, while replicas change over, both with .secrets([…])"
    )]
    SessionSignature,
    /// The session does not exist or is over: the user signed out, it expired, or it was revoked.
    #[error("the session does not exist or is over")]
    InvalidSession,
    /// The session's user is banned.
    #[error("the user of the session is banned")]
    Banned,
    /// The authorization server reports that the access token is not active (RFC 7662 section 2.2):
    /// it is unknown, has expired, or was revoked.
    #[error("the access token is not active")]
    Inactive,
    /// A page of another site may have sent the request, to which the browser attached the session
    /// cookie.
    #[error(
        "the session cookie came with a request from another origin; if that page is yours, add its origin with .trusted_origins([…])"
    )]
    CrossSite,
    /// The path does not belong to the current user.
    #[error("the path does not belong to the user")]
    NotOwner,
    /// No pattern of [`PathOwnerLayer`](crate::PathOwnerLayer) covers the path: the configuration
    /// is wrong, or the path does not exist.
    #[error(
        "no pattern of PathOwnerLayer covers the path; add a pattern with .and(…) or exempt the path with .except(…); if several layers are applied, each must accept the path"
    )]
    NoPattern,
    /// The route lacks the parameter that `PathOwnerLayer::path_param` names, or has it in or after a
    /// wildcard that matched several segments: the configuration is wrong, or the path does not
    /// exist.
    #[error(
        "the route does not have the parameter that PathOwnerLayer::path_param names, or has it in or after a wildcard; correct the name, apply the layer only to routes that have it, or exempt the path with .except(…)"
    )]
    NoParameter,
    /// A rejection by `PathOwnerLayer` that is sent as [404](crate::PathOwnerLayer::not_found)
    /// instead of 403. Its reason is always `not_owner`; the layer's events have the real one.
    #[error("{}", Rejection::NotOwner)]
    NotFound,
    /// The user belongs to an issuer that the layer does not serve: see
    /// [`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or).
    #[error(
        "the user belongs to another issuer, whose IDs, roles, and scopes may refer to other people"
    )]
    OtherIssuer,
    /// The user lacks a scope or a role that [`RequireScopeLayer`](crate::RequireScopeLayer) or
    /// `RequireMcpScopeLayer` requires, or its rule rejects the user (RFC 6750 section 3.1, `insufficient_scope`).
    #[error(
        "the user lacks a scope or a role that RequireScopeLayer or RequireMcpScopeLayer requires, or its rule rejects the user"
    )]
    InsufficientScope,
    /// The user did not sign in recently enough, or not in a way that
    /// [`RequireFreshLayer`](crate::RequireFreshLayer) requires (RFC 9470 section 3,
    /// `insufficient_user_authentication`).
    #[error(
        "the user did not sign in recently enough, or not in a way that RequireFreshLayer requires; if the tokens state this in other claims, set .time_claim(…) or .acr_claim(…)"
    )]
    InsufficientAuthentication,
    /// The body of an MCP request is longer than `RequireMcpScopeLayer` reads.
    #[error("the body of the MCP request is longer than RequireMcpScopeLayer reads")]
    BodyTooLarge,
    /// `RequireMcpScopeLayer` cannot tell what an MCP request would execute: its body is not one
    /// JSON-RPC message, repeats a member, or differs from its headers.
    #[error(
        "the body of the MCP request is not one JSON-RPC message, repeats a member, or differs from its Mcp-Method or Mcp-Name header"
    )]
    McpRequest,
    /// An MCP request is for a tool, a resource, or a prompt for which `RequireMcpScopeLayer` has no
    /// rule: the configuration is incomplete, or the name does not exist.
    #[error(
        "no rule of RequireMcpScopeLayer covers the tool, resource, or prompt; add it with .tool(…), .resource(…), or .prompt(…), or all others with .other_tools(…), .other_resources(…), or .other_prompts(…)"
    )]
    McpUnlisted,
    /// The session ID of an MCP request was not issued to its user.
    #[error("the MCP session ID was not issued to this user, or was signed with another key")]
    McpSession,
    /// The token is valid, but its claims do not have the shape that the extractor `Claims<T>` of
    /// the handler requires.
    #[error(
        "the claims of the token do not have the shape that the handler's Claims<T> requires; for a claim that may be missing, use an Option or #[serde(default)]"
    )]
    MissingClaim,
    /// No secret is configured for verifying the token: a configuration error.
    #[error("{}", TokenError::NotConfigured)]
    NotConfigured,
    /// The key for verifying the token is not cached and cannot be fetched.
    #[error("{}", TokenError::KeysUnavailable)]
    KeysUnavailable,
    /// The session, or another credential that is looked up, could not be looked up.
    #[error("the session cannot be looked up at the moment; another event reports why")]
    SessionsUnavailable,
    /// The access token could not be introspected.
    #[error("the access token cannot be introspected at the moment; another event reports why")]
    IntrospectionUnavailable,
    /// No `JwtAuthLayer` wraps a layer or an extractor that needs the user: a programming error.
    #[error(
        "no JwtAuthLayer ran before an authorization layer, such as PathOwnerLayer or RequireScopeLayer, or before an extractor; apply JwtAuthLayer outside it: around its route, later in a chain of .layer(…) calls, or earlier in a ServiceBuilder"
    )]
    NoUser,
}

impl Rejection {
    /// Returns the status of the response over plain HTTP.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingToken
            | Self::InvalidToken(_)
            | Self::InvalidCredential
            | Self::SessionSignature
            | Self::InvalidSession
            | Self::Banned
            | Self::Inactive
            | Self::InsufficientAuthentication => StatusCode::UNAUTHORIZED,
            Self::SeveralTokens | Self::McpRequest => StatusCode::BAD_REQUEST,
            Self::NotOwner
            | Self::NoPattern
            | Self::NoParameter
            | Self::OtherIssuer
            | Self::InsufficientScope
            | Self::MissingClaim
            | Self::McpUnlisted
            | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound | Self::McpSession => StatusCode::NOT_FOUND,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotConfigured | Self::NoUser => StatusCode::INTERNAL_SERVER_ERROR,
            Self::KeysUnavailable | Self::SessionsUnavailable | Self::IntrospectionUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// Returns a stable code for logs and metrics, such as `missing_token` or `expired`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::MissingToken => "missing_token",
            Self::SeveralTokens => "several_tokens",
            Self::InvalidToken(error) => error.reason(),
            Self::InvalidCredential => "invalid_credential",
            Self::SessionSignature => "session_signature",
            Self::InvalidSession => "session",
            Self::Banned => "banned",
            Self::Inactive => "inactive",
            Self::CrossSite => "cross_site",
            Self::NotOwner | Self::NotFound => "not_owner",
            Self::OtherIssuer => "other_issuer",
            Self::NoPattern => "no_pattern",
            Self::NoParameter => "no_parameter",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientAuthentication => "insufficient_user_authentication",
            Self::BodyTooLarge => "body_too_large",
            Self::McpRequest => "mcp_request",
            Self::McpUnlisted => "mcp_unlisted",
            Self::McpSession => "mcp_session",
            Self::MissingClaim => "missing_claim",
            Self::NotConfigured => "not_configured",
            Self::KeysUnavailable => "keys_unavailable",
            Self::SessionsUnavailable => "sessions_unavailable",
            Self::IntrospectionUnavailable => "introspection_unavailable",
            Self::NoUser => "no_user",
        }
    }
}

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::NotConfigured => Self::NotConfigured,
            TokenError::KeysUnavailable => Self::KeysUnavailable,
            error => Self::InvalidToken(error),
        }
    }
}
