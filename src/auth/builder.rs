use std::{
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{JwtAuthLayer, service::Shared};
use crate::{
    ConfigError, CurrentUser, Secret, TokenVerifier,
    clock::Clock,
    config_error::Faults,
    key::{KeySource, SecretSource, Strictness},
    rejection::Answers,
    report::Reports,
    token::{Check, Policy},
};

/// In bytes.
const DEFAULT_MAX_TOKEN_LEN: usize = 16 * 1024;

const LONGEST_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// Configures a [`JwtAuthLayer`], step by step.
///
/// Nothing is looked at before [`build`](Self::build), which reports all faults at once. Whatever
/// a token is configured to have is also required of it.
///
/// ```
/// use std::time::Duration;
/// use tower_jwt_auth::JwtAuthLayer;
///
/// let auth = JwtAuthLayer::builder()
///     .secrets(["the current secret, of 32 bytes or more", "the one before it, as long or longer"])
///     .issuer("https://app.example.com")
///     .audience("https://api.example.com")
///     .leeway(Duration::from_secs(5))
///     .build()?;
/// # drop(auth);
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct JwtAuthBuilder {
    sources: Vec<SecretSource>,
    strictness: Strictness,
    policy: Policy,
    checks: Vec<Check>,
    answers: Answers,
    anonymous_may_pass: bool,
    max_token_len: usize,
    clock: Clock,
}

impl Default for JwtAuthBuilder {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            strictness: Strictness::default(),
            policy: Policy::default(),
            checks: Vec::new(),
            answers: Answers::default(),
            anonymous_may_pass: false,
            max_token_len: DEFAULT_MAX_TOKEN_LEN,
            clock: Clock::default(),
        }
    }
}

/// # Where secrets come from
///
/// Sources add up, in the order of the calls: a token is accepted when any of at most eight
/// secrets signed it. Each must have at least 32 bytes (RFC 7518 section 3.2) and eight different
/// ones; published examples, PEM, JWK and SSH keys are refused, and so is a text that ends in a
/// newline.
impl JwtAuthBuilder {
    /// Verifies HS256 tokens with this secret.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.sources.push(SecretSource::One(secret.into()));
        self
    }

    /// Verifies HS256 tokens with any of these secrets, tried in order: put the current one first
    /// and those that are being rotated out after it.
    pub fn secrets<I>(mut self, secrets: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Secret>,
    {
        let secrets = secrets.into_iter().map(Into::into).collect();
        self.sources.push(SecretSource::List(secrets));
        self
    }

    /// Verifies HS256 tokens with the secret in this environment variable, which
    /// [`build`](Self::build) reads, once. An empty value counts as none.
    pub fn secret_from_env(mut self, name: impl Into<String>) -> Self {
        self.sources.push(SecretSource::Variable(name.into()));
        self
    }

    /// Verifies HS256 tokens with the secrets in this file: one in each line that is not empty,
    /// the current one first. It must be a regular file, or a link to one, of at most 64 KiB.
    ///
    /// The file is read by [`build`](Self::build), and while requests come, by one of them every
    /// two seconds at most; the others do not wait, and there is no thread. New content counts
    /// when two such looks saw the same, so that a file that is being written is never used: under
    /// steady traffic a change takes effect within about four seconds, under little traffic at the
    /// second request. To rotate, put the new secret before the old one, wait, and then let the
    /// issuer sign with it. When the file turns bad, the secrets that are held stay in use and the
    /// fault is logged once.
    pub fn secret_from_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.sources.push(SecretSource::File(path.into()));
        self
    }

    /// Admits secrets of fewer than 32 bytes, which can be guessed offline from a single token.
    /// For an issuer that cannot be changed.
    pub fn allow_short_secret(mut self) -> Self {
        self.strictness.may_be_short = true;
        self
    }

    /// Builds the layer even if the environment variable, the file or the list has no secret, and
    /// answers requests that carry a token with a 500 until one is there.
    ///
    /// Only an absent secret is let pass; one that is weak still fails the build. The environment
    /// is not read again, so it is a file that may bring a secret later.
    pub fn allow_missing_secret(mut self) -> Self {
        self.strictness.may_be_missing = true;
        self
    }
}

/// # What a token must say
impl JwtAuthBuilder {
    /// Requires this `iss` (RFC 7519 section 4.1.1), byte for byte. A token without `iss`, or with
    /// a slash more at its end, is refused.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.policy.issuer = Some(issuer.into());
        self
    }

    /// Requires this audience to be the `aud` of the token or one of its array (RFC 7519 section
    /// 4.1.3), byte for byte. Called again, either will do.
    ///
    /// Without an audience, a token that has an `aud` is refused, since it is meant for somebody
    /// and nobody can say that it is this service.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.policy.audiences.push(audience.into());
        self
    }

    /// Accepts tokens whose `aud` nobody checks: those that were issued for other services too.
    pub fn allow_any_audience(mut self) -> Self {
        self.policy.any_audience = true;
        self
    }

    /// How far the clocks of the issuer and of this service may differ: `exp` and `nbf` are taken
    /// this much later and earlier. Default 0, at most five minutes.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.policy.leeway = leeway;
        self
    }

    /// Accepts tokens without `email`; [`CurrentUser::email`] is empty for them.
    ///
    /// With a shared secret, configure an [`audience`](Self::audience) as well: `email` is one of
    /// the things that set an access token apart from whatever else is signed with that secret.
    pub fn email_optional(mut self) -> Self {
        self.policy.email_optional = true;
        self
    }

    /// Accepts tokens of this `typ` (RFC 7515 section 4.1.9), compared without case, beside those
    /// that have none, `JWT`, `at+jwt` or `application/at+jwt`.
    pub fn accept_typ(mut self, typ: impl Into<String>) -> Self {
        self.policy.types.push(typ.into());
        self
    }

    /// Adds a rule of your own, which every user of a verified token must pass. Otherwise the
    /// answer is that of an invalid token, with the reason `check`.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Mine {
    ///     #[serde(rename = "emailVerified")]
    ///     email_verified: bool,
    /// }
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .check(|user| user.claims::<Mine>().is_ok_and(|mine| mine.email_verified))
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn check<F>(mut self, rule: F) -> Self
    where
        F: Fn(&CurrentUser) -> bool + Send + Sync + 'static,
    {
        self.checks.push(Arc::new(rule));
        self
    }

    /// Refuses tokens of more bytes than this. Default 16 KiB.
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.max_token_len = bytes;
        self
    }

    /// Takes the time from this function and not from the system: for tests.
    pub fn clock<F>(mut self, now: F) -> Self
    where
        F: Fn() -> SystemTime + Send + Sync + 'static,
    {
        self.clock = Clock::Custom(Arc::new(now));
        self
    }
}

/// # What a request gets
impl JwtAuthBuilder {
    /// Lets a request without a token go on, without a [`CurrentUser`]. One with a token that does
    /// not verify is refused as ever, and [`PathOwnerLayer`](crate::PathOwnerLayer) answers an
    /// anonymous request with the 401 that it would have got here.
    pub fn allow_anonymous(mut self) -> Self {
        self.anonymous_may_pass = true;
        self
    }

    /// Names the realm in the challenge of a 401 (RFC 9110 section 11.5): visible ASCII and spaces,
    /// without `"` and `\`.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.answers.realm = Some(realm.into());
        self
    }

    /// Answers gRPC requests in plain HTTP too.
    ///
    /// A refusal in gRPC has the HTTP status 200. A service whose 2xx stands for "allowed", such as
    /// the target of nginx's `auth_request`, must say this.
    pub fn http_answers_only(mut self) -> Self {
        self.answers.http_only = true;
        self
    }

    /// Builds the layer.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which lists all that is wrong. If it is only that the secret's environment
    /// variable is missing, its text is `<NAME> environment variable is required`.
    pub fn build(self) -> Result<JwtAuthLayer, ConfigError> {
        let mut faults = Faults::default();
        self.check_sources(&mut faults);
        self.check_policy(&mut faults);
        self.check_answers(&mut faults);
        let now = self.clock.now();
        let keys = KeySource::of_secrets(self.sources, self.strictness, now, &mut faults);
        faults.into_result()?;
        Ok(JwtAuthLayer::new(Shared {
            verifier: TokenVerifier::new(
                keys,
                self.policy,
                self.checks,
                self.clock,
                self.max_token_len,
            ),
            answers: self.answers,
            anonymous_may_pass: self.anonymous_may_pass,
            reports: Reports::default(),
        }))
    }

    fn check_sources(&self, faults: &mut Faults) {
        if self.sources.is_empty() {
            faults.say(
                "no secret is configured; say .secret_from_env(\"BETTER_AUTH_SECRET\"), .secret_from_file(…) or .secret(…)",
            );
        }
    }

    fn check_policy(&self, faults: &mut Faults) {
        let policy = &self.policy;
        if policy.issuer.as_deref() == Some("") {
            faults.say("the issuer is empty; give the iss that tokens have, or leave .issuer(…) out (from_env: unset BETTER_AUTH_ISSUER)");
        }
        if policy.audiences.iter().any(String::is_empty) {
            faults.say("the audience is empty; give the aud that tokens have, or leave .audience(…) out (from_env: unset BETTER_AUTH_AUDIENCE)");
        }
        if policy.any_audience && !policy.audiences.is_empty() {
            faults.say(
                "both .audience(…) and .allow_any_audience() are said; keep the one that is meant",
            );
        }
        if policy.leeway > LONGEST_LEEWAY {
            faults.say(format!(
                "the leeway is {} s and may be at most {} s; set the clocks instead",
                policy.leeway.as_secs(),
                LONGEST_LEEWAY.as_secs()
            ));
        }
        if policy.types.iter().any(String::is_empty) {
            faults.say("the typ given with .accept_typ(…) is empty; a token without typ is accepted anyway");
        }
        if self.max_token_len == 0 {
            faults.say("the limit given with .max_token_len(…) is 0 bytes, which no token fits in; leave it out for 16 KiB");
        }
    }

    fn check_answers(&self, faults: &mut Faults) {
        let is_quotable = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        if self
            .answers
            .realm
            .as_ref()
            .is_some_and(|realm| !realm.bytes().all(is_quotable))
        {
            faults.say("the realm has a quote, a backslash or a byte that is not visible ASCII; leave those out");
        }
    }
}

impl fmt::Debug for JwtAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuthBuilder")
            .field("sources", &self.sources)
            .field("policy", &self.policy)
            .field("checks", &self.checks.len())
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
