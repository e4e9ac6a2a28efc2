//! [`TestToken`]: a token whose claims, header, and signature a test can change.

use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::base64url;

use super::{claims::user_claim_setters, clock::TestClock, signer::Signer};

/// A token before signing: [`TestIssuer::token_for`](super::TestIssuer::token_for) starts it, and
/// [`mint`](Self::mint) signs it.
///
/// If a claim is set more than once, the last value is used. Times are relative to the issuer's
/// clock when the token is minted, so a `TestToken` can be minted again after the clock has been
/// advanced.
///
/// ```
/// use tower_jwt_auth::test_kit::TestIssuer;
///
/// let issuer = TestIssuer::hs256();
/// let auth = issuer.layer().build()?;
/// let reason = |token: String| match auth.verifier().verify(&token) {
///     Ok(_) => "accepted",
///     Err(error) => error.reason(),
/// };
/// let alice = || issuer.token_for("alice");
/// assert_eq!(reason(alice().name("Alice").roles(["admin"]).mint()), "accepted");
/// assert_eq!(reason(alice().expired().mint()), "expired");
/// assert_eq!(reason(alice().not_yet_valid().mint()), "not_yet_valid");
/// assert_eq!(reason(alice().without("email").mint()), "user");
/// assert_eq!(reason(alice().audience("another service").mint()), "audience_not_configured");
/// assert_eq!(reason(alice().signed_by(&TestIssuer::hs256()).mint()), "signature");
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a token is not signed until .mint() is called"]
pub struct TestToken {
    signer: Signer,
    clock: TestClock,
    header: Map<String, Value>,
    claims: BTreeMap<String, Claim>,
    signature: Signature,
}

#[derive(Clone)]
enum Claim {
    Fixed(Value),
    /// A time, in seconds from minting.
    FromNow(i64),
}

#[derive(Clone, Copy)]
enum Signature {
    Valid,
    Invalid,
    Absent,
}

/// In seconds.
const LIFETIME: i64 = 15 * 60;

/// In seconds: longer than the maximum leeway of five minutes.
const BEYOND_LEEWAY: i64 = 10 * 60;

impl TestToken {
    pub(super) fn set_signer(&mut self, signer: Signer) {
        self.signer = signer;
        self.set_algorithm();
    }

    pub(super) fn new(signer: Signer, clock: TestClock, user_id: &str) -> Self {
        let mut token = Self {
            header: Map::new(),
            claims: BTreeMap::new(),
            signature: Signature::Valid,
            signer,
            clock,
        };
        token.set_algorithm();
        token.header.insert("typ".to_owned(), "JWT".into());
        if let Some(id) = token.signer.key_id().map(str::to_owned) {
            token = token.key_id(id);
        }
        token
            .claim("sub", user_id)
            .email(format!("{user_id}@example.com"))
            .time("iat", 0)
            .time("exp", LIFETIME)
    }

    user_claim_setters!();

    /// Sets the `iss` claim. A layer with an issuer rejects any other with `issuer`; a layer
    /// without an issuer accepts any.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.claim("iss", issuer.into())
    }

    /// Sets the `aud` claim. A layer with an audience rejects any other with `audience`; a layer
    /// without an audience rejects every audience with `audience_not_configured`.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.claim("aud", audience.into())
    }

    /// Makes the token an access token for a protected resource (RFC 9068): the `typ` is `at+jwt`,
    /// the token has `client_id`, `jti`, and these scopes, separated by spaces, but no `email`. The
    /// issuer needs a name and an audience.
    ///
    /// ```
    /// use tower_jwt_auth::{ProtectedResource, test_kit::TestIssuer};
    ///
    /// let login = "https://login.example.com";
    /// let resource = ProtectedResource::new("https://api.example.com/tasks", login)?;
    /// let issuer = TestIssuer::hs256()
    ///     .with_issuer(login)
    ///     .with_audience(resource.identifier());
    /// let auth = issuer.layer().protected_resource(&resource).build()?;
    /// let token = issuer.token_for("alice").access_token("tasks:read").mint();
    /// assert!(auth.verifier().verify(&token).is_ok());
    /// assert!(auth.verifier().verify(&issuer.token("alice")).is_err()); // not an access token
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn access_token(self, scope: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);

        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        self.header("typ", "at+jwt")
            .claim("client_id", "test-client")
            .claim("jti", format!("test-{id}"))
            .claim("scope", scope)
            .without("email")
    }

    /// Sets any claim to a value of any type, including the wrong type.
    ///
    /// # Panics
    ///
    /// Panics if the value cannot be serialized as JSON, for example a map with keys that are not
    /// strings.
    ///
    /// ```
    /// use tower_jwt_auth::test_kit::TestIssuer;
    ///
    /// let issuer = TestIssuer::hs256();
    /// let token = issuer.token_for("alice").claim("groups", ["admin", "owner"]).mint();
    /// let user = issuer.layer().build()?.verifier().verify(&token)?;
    /// assert!(user.claims::<serde_json::Value>()?["groups"][0] == "admin");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.claims.insert(name.into(), Claim::Fixed(json(value)));
        self
    }

    /// Removes a claim. A token without `exp` is rejected with `claims`, without `sub` with
    /// `subject`, and without `email` with `user`.
    pub fn without(mut self, claim: &str) -> Self {
        self.claims.remove(claim);
        self
    }

    /// Sets the expiry to this time after minting, in whole seconds, rounded up. From then on, the
    /// token is rejected with `expired`.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        let seconds = lifetime.as_secs() + u64::from(lifetime.subsec_nanos() > 0);
        self.time("exp", seconds.try_into().unwrap_or(i64::MAX))
    }

    /// Sets the expiry to ten minutes before minting, which exceeds the maximum leeway. The token
    /// is rejected with `expired`.
    pub fn expired(self) -> Self {
        self.time("iat", -BEYOND_LEEWAY - LIFETIME)
            .time("exp", -BEYOND_LEEWAY)
    }

    /// Sets `nbf` to ten minutes after minting, which exceeds the maximum leeway. The token is
    /// rejected with `not_yet_valid`.
    pub fn not_yet_valid(self) -> Self {
        self.time("nbf", BEYOND_LEEWAY)
    }

    /// Sets the `kid` in the header. If the layer's key set does not contain this `kid`, the token
    /// is rejected with `unknown_key`; a layer with secrets ignores the `kid`.
    pub fn key_id(self, key_id: impl Into<String>) -> Self {
        self.header("kid", key_id.into())
    }

    /// Removes the `kid` from the header. A layer then tries the ten most recently listed keys of
    /// the token's algorithm.
    pub fn without_key_id(mut self) -> Self {
        self.header.remove("kid");
        self
    }

    /// Sets any member of the header, including `typ` and `alg`.
    ///
    /// # Panics
    ///
    /// The same as for [`claim`](Self::claim).
    pub fn header(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.header.insert(name.into(), json(value));
        self
    }

    /// Changes one bit of the signature. The token is rejected with `signature`.
    pub fn bad_signature(mut self) -> Self {
        self.signature = Signature::Invalid;
        self
    }

    /// Removes the signature and sets `"alg": "none"` (RFC 7519 section 6). The token is rejected
    /// with `malformed`.
    pub fn unsigned(mut self) -> Self {
        self.signature = Signature::Absent;
        self.header("alg", "none")
    }

    /// Returns the token in compact serialization, as it appears after `Bearer ` in a request.
    pub fn mint(&self) -> String {
        let now = self.clock.seconds();
        let claims = self.claims.iter().map(|(name, claim)| {
            let value = match claim {
                Claim::Fixed(value) => value.clone(),
                Claim::FromNow(seconds) => now.saturating_add(*seconds).into(),
            };
            (name.clone(), value)
        });
        let claims = Value::Object(claims.collect());
        let header = Value::Object(self.header.clone());
        let [header, claims] = [header, claims].map(|json| base64url::encode(json.to_string()));
        let input = format!("{header}.{claims}");
        let mut signature = self.signer.sign(input.as_bytes());
        match self.signature {
            Signature::Valid => {}
            Signature::Invalid => signature[0] ^= 1,
            Signature::Absent => signature.clear(),
        }
        format!("{input}.{}", base64url::encode(signature))
    }

    fn set_algorithm(&mut self) {
        let algorithm = self.signer.algorithm().to_string();
        self.header.insert("alg".to_owned(), algorithm.into());
    }

    fn time(mut self, claim: &str, from_now: i64) -> Self {
        self.claims
            .insert(claim.to_owned(), Claim::FromNow(from_now));
        self
    }
}

pub(super) fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("the value can be serialized as JSON")
}

/// Omits the claims, which may be copied from a real user's token.
impl fmt::Debug for TestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestToken")
            .field("algorithm", &self.signer.algorithm())
            .finish_non_exhaustive()
    }
}
