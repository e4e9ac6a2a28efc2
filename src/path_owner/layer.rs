use std::{fmt, sync::Arc};

use tower::Layer;

use super::{
    PathOwner,
    pattern::{PatternKind, Patterns},
    service::Shared,
};
use crate::{
    ConfigError, CurrentUser,
    config_error::Fault,
    events::EventLog,
    user::{ClaimName, ServedUsers},
};

/// Layer that applies the [`PathOwner`] middleware: it lets a request through only when its path is
/// the current user's own, and answers 403 otherwise.
///
/// It needs a [`JwtAuthLayer`](crate::JwtAuthLayer) outside of it, which says who the user is. Where
/// several stand in each other, put it inside of the innermost, whose user the handler gets. A
/// preflight passes where [`allow_cors_preflight`](crate::JwtAuthBuilder::allow_cors_preflight) says so.
///
/// A parameter of the path, `user_id` unless said otherwise, is decoded once and compared with
/// [`CurrentUser::user_id`](crate::CurrentUser::user_id), byte for byte. Everything that no pattern
/// covers is refused, unless [`except`](Self::except) lets it pass. Paths that may be read as
/// another path are refused wherever they lead: those with dot segments, empty segments,
/// backslashes or NUL, encoded or not, and those with an encoded slash or a leading semicolon in a
/// parameter that stands before the owner's.
///
/// ```
/// use tower_jwt_auth::PathOwnerLayer;
///
/// let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}")? // `/api/{user_id}` itself too
///     .and("/v2/users/{user_id}/{*rest}")?
///     .except("/api/health")?;
/// # drop(owner);
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
///
/// # Which path it sees
///
/// The patterns are matched against the path of the request as it reaches the layer. Inside of
/// axum's `nest` that is what is left after the prefix, so either apply the layer outside, with
/// patterns of the whole path, or use `PathOwnerLayer::path_param` (feature `axum`), which takes
/// the parameter as axum's own router parsed it.
///
/// A pattern knows one parameter. Where a router inside has another of the same name, as
/// `nest("/api/{user_id}", …)` around `/share/{user_id}` has, the handler sees one that the pattern
/// has not looked at; `path_param`, inside of the nest, looks at all of them. And inside of a nest
/// a pattern does not see the prefix, so it does not refuse one with dot segments, nor an empty
/// segment that follows it: axum takes that off too. Of `/api//tasks` a pattern inside of
/// `nest("/api", …)` sees `/tasks`, where the handler finds an empty id.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct PathOwnerLayer {
    rules: Rules,
    event_log: Arc<EventLog>,
}

/// Whose path it is, and which paths are nobody's.
#[derive(Clone)]
pub(super) struct Rules {
    /// The parameter that holds the owner's id.
    pub(super) parameter: String,
    pub(super) reader: Reader,
    pub(super) patterns: Patterns,
    pub(super) users: ServedUsers,
    /// The claim that is the owner's id, if not `sub`.
    pub(super) claim: Option<ClaimName>,
    /// Who may see what is others'.
    pub(super) exceptions: Vec<Exception>,
    /// Whether the response is 404 instead of 403.
    pub(super) is_hidden: bool,
    pub(super) http_only: bool,
}

/// A rule of the application's own.
pub(super) type Exception = Arc<dyn Fn(&CurrentUser) -> bool + Send + Sync>;

/// Who reads the parameter from a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Patterns,
    #[cfg(feature = "axum")]
    Router,
}

impl PathOwnerLayer {
    /// The path is the user's own when the segment at `{user_id}` is the user's id.
    ///
    /// The pattern is in axum's syntax. If it ends in `/{*rest}`, what stands before that is
    /// covered too, with and without the slash.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the pattern has no segment `{user_id}` or has it twice, or when it is
    /// not a pattern.
    pub fn new(pattern: &str) -> Result<Self, ConfigError> {
        Self::named("user_id", pattern)
    }

    /// As [`new`](Self::new), with another name for the parameter that holds the owner's id:
    /// `PathOwnerLayer::named("id", "/users/{id}/{*rest}")`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn named(parameter: &str, pattern: &str) -> Result<Self, ConfigError> {
        Self::of(parameter.to_owned(), Reader::Patterns).and(pattern)
    }

    /// The path is the user's own when every parameter of this name that axum's router found in it
    /// is the user's id.
    ///
    /// It works wherever axum has parsed the path: under `route_layer` of a router and inside of
    /// `nest`; under `layer` too, which also answers for unknown paths, with 403 where `route_layer`
    /// leaves them a 404. What a router further inside will find, one given to `nest_service`, it
    /// cannot know; there, put it inside of that one. A route without the parameter is refused, unless
    /// [`except`](Self::except) lets it pass.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_jwt_auth::{JwtAuthLayer, PathOwnerLayer};
    ///
    /// # fn router(auth: JwtAuthLayer) -> Router {
    /// let tasks = Router::new()
    ///     .route("/tasks", get(async || "mine"))
    ///     .route_layer(PathOwnerLayer::path_param("user_id"))
    ///     .route_layer(auth);
    /// Router::new().nest("/api/{user_id}", tasks)
    /// # }
    /// ```
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn path_param(name: impl Into<String>) -> Self {
        Self::of(name.into(), Reader::Router)
    }

    /// Adds a pattern: a path is the user's own if it is so by the pattern that covers it.
    ///
    /// Where several do, the more literal one counts, as in a router.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), or when the patterns contradict each other, or when the layer takes
    /// its parameter from axum's router.
    pub fn and(mut self, pattern: &str) -> Result<Self, ConfigError> {
        if self.rules.reader != Reader::Patterns {
            let wrong = "a layer made with path_param takes no patterns; leave .and(…) out, or start with PathOwnerLayer::new(…)";
            return Err(Fault::new(wrong).into());
        }
        self.rules.patterns.own(pattern, &self.rules.parameter)?;
        Ok(self)
    }

    /// Lets the paths of a pattern pass, whoever the user is. It is the only way to let a path
    /// pass that is not the user's own.
    ///
    /// Where a pattern of an owner covers the path too, the more literal one counts, as in a
    /// router: `/api/health` passes beside `/api/{user_id}/{*rest}`, and no user's own paths do by
    /// an exception that is wider than their pattern. In a layer made with `path_param`, inside of
    /// axum's `nest`, it is matched against what is left of the path, as any pattern is.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when it is not a pattern, or one such as `/{*rest}` that would let every
    /// other path pass.
    pub fn except(mut self, pattern: &str) -> Result<Self, ConfigError> {
        self.rules.patterns.except(pattern)?;
        Ok(self)
    }

    /// Lets users pass of whom this rule says so, an administrator say, where the path is another's.
    /// It is asked after the path was found to be clear and to have an owner: what no pattern covers
    /// stays refused, and so does what may be read as another path.
    ///
    /// ```
    /// use tower_jwt_auth::PathOwnerLayer;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Mine {
    ///     role: String,
    /// }
    ///
    /// let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}")?
    ///     .except_when(|user| user.claims::<Mine>().is_ok_and(|mine| mine.role == "admin"));
    /// # drop(owner);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn except_when<F>(mut self, rule: F) -> Self
    where
        F: Fn(&CurrentUser) -> bool + Send + Sync + 'static,
    {
        self.rules.exceptions.push(Arc::new(rule));
        self
    }

    /// Compares the parameter with this claim of the token's, and not with the user's id: its name,
    /// or a JSON Pointer (RFC 6901) to one inside of others, which starts with a slash. Where it is
    /// an array of texts, one of them will do: a user of several organizations. Without it, or where
    /// it is anything else, the request is refused.
    ///
    /// The token's claims are read once more for each request (about a microsecond).
    ///
    /// ```
    /// use tower_jwt_auth::PathOwnerLayer;
    ///
    /// let owner = PathOwnerLayer::named("org_id", "/orgs/{org_id}/{*rest}")?.owner_claim("org_id")?;
    /// # drop(owner);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when it is empty, or a pointer with an empty part or a stray `~`.
    pub fn owner_claim(mut self, claim: &str) -> Result<Self, ConfigError> {
        self.rules.claim = Some(ClaimName::new(claim)?);
        Ok(self)
    }

    /// Serves the users of this issuer, and no others, instead of the first issuer's: see
    /// [`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or).
    ///
    /// It takes one name, because two issuers may give one ID to two people. The last call counts.
    ///
    /// ```
    /// use tower_jwt_auth::PathOwnerLayer;
    ///
    /// let partners = PathOwnerLayer::new("/partner/{user_id}/{*rest}")?
    ///     .issuer("https://partner.example.com");
    /// # drop(partners);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn issuer(mut self, name: impl Into<String>) -> Self {
        self.rules.users = ServedUsers::Issuers(vec![name.into()]);
        self
    }

    /// RejectionFormat 404 where it would answer 403, so that no other user learns whether there is such a
    /// path.
    pub fn not_found(mut self) -> Self {
        self.rules.is_hidden = true;
        self
    }

    /// RejectionFormat gRPC requests in plain HTTP too: see
    /// [`JwtAuthBuilder::http_answers_only`](crate::JwtAuthBuilder::http_answers_only).
    pub fn http_answers_only(mut self) -> Self {
        self.rules.http_only = true;
        self
    }

    fn of(parameter: String, reader: Reader) -> Self {
        Self {
            rules: Rules {
                parameter,
                reader,
                patterns: Patterns::default(),
                users: ServedUsers::default(),
                claim: None,
                exceptions: Vec::new(),
                is_hidden: false,
                http_only: false,
            },
            event_log: Arc::default(),
        }
    }
}

impl<S> Layer<S> for PathOwnerLayer {
    type Service = PathOwner<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PathOwner::new(
            inner,
            Shared {
                rules: self.rules.clone(),
                event_log: Arc::clone(&self.event_log),
            },
        )
    }
}

impl fmt::Debug for PathOwnerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathOwnerLayer")
            .field("rules", &self.rules)
            .finish()
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("parameter", &self.parameter)
            .field("reader", &self.reader)
            .field("users", &self.users)
            .field("claim", &self.claim)
            .field("exceptions", &self.exceptions.len())
            .field("owned", &self.patterns.routes(PatternKind::Owned))
            .field("excepted", &self.patterns.routes(PatternKind::Exempt))
            .finish_non_exhaustive()
    }
}
