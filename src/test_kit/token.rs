use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    TestClock, TestIssuer,
    signer::{Signer, base64url},
};

/// A token in the making: [`TestIssuer::token_for`] starts it, [`mint`](Self::mint) signs it.
///
/// What is said later of the same claim counts. The times are those of the issuer's clock when it is
/// minted, so that one may be kept, and minted again after the clock was moved.
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
/// assert_eq!(reason(alice().name("Alice").claim("role", "admin").mint()), "accepted");
/// assert_eq!(reason(alice().expired().mint()), "expired");
/// assert_eq!(reason(alice().not_yet_valid().mint()), "not_yet_valid");
/// assert_eq!(reason(alice().without("email").mint()), "user");
/// assert_eq!(reason(alice().audience("another service").mint()), "audience_not_configured");
/// assert_eq!(reason(alice().signed_by(&TestIssuer::hs256()).mint()), "signature");
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a token is made by .mint()"]
pub struct TestToken {
    signer: Signer,
    clock: TestClock,
    header: Map<String, Value>,
    claims: BTreeMap<String, Claim>,
    signature: Signature,
}

#[derive(Clone)]
enum Claim {
    Is(Value),
    /// A time, in seconds from when the token is minted.
    FromNow(i64),
}

#[derive(Clone, Copy)]
enum Signature {
    Good,
    Bad,
    Absent,
}

/// In seconds.
const LIFETIME: i64 = 15 * 60;

/// In seconds: more than the longest leeway, of five minutes.
const FAR: i64 = 10 * 60;

impl TestToken {
    pub(super) fn new(signer: Signer, clock: TestClock, user_id: &str) -> Self {
        let mut token = Self {
            header: Map::new(),
            claims: BTreeMap::new(),
            signature: Signature::Good,
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

    /// Sets the `email` claim.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.claim("email", email.into())
    }

    /// Sets the `name` claim.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.claim("name", name.into())
    }

    /// Sets the `iss` claim. One that the layer does not expect is refused for `issuer`; a layer
    /// without an issuer expects any.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.claim("iss", issuer.into())
    }

    /// Sets the `aud` claim. One that the layer does not expect is refused for `audience`, and by a
    /// layer without an audience for `audience_not_configured`.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.claim("aud", audience.into())
    }

    /// Sets any claim, to a value of any type, a wrong one too.
    ///
    /// # Panics
    ///
    /// When the value cannot be written as JSON: a map whose keys are no strings, say.
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.claims.insert(name.into(), Claim::Is(json(value)));
        self
    }

    /// Leaves a claim out. Without `exp` a token is refused for `claims`, without `sub` for
    /// `subject`, without `email` for `user`.
    pub fn without(mut self, claim: &str) -> Self {
        self.claims.remove(claim);
        self
    }

    /// Lets it expire this long after it is minted, in whole seconds, rounded up. It is refused for
    /// `expired` from then on.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        let seconds = lifetime.as_secs() + u64::from(lifetime.subsec_nanos() > 0);
        self.time("exp", seconds.try_into().unwrap_or(i64::MAX))
    }

    /// Lets it have expired ten minutes before it is minted, which is longer than the longest
    /// leeway: refused for `expired`.
    pub fn expired(self) -> Self {
        self.time("iat", -FAR - LIFETIME).time("exp", -FAR)
    }

    /// Lets it be valid only ten minutes after it is minted (`nbf`), which is longer than the
    /// longest leeway: refused for `not_yet_valid`.
    pub fn not_yet_valid(self) -> Self {
        self.time("nbf", FAR)
    }

    /// Names this key in the header, as `kid`. One that is not in the layer's key set is refused
    /// for `unknown_key`; a layer with secrets does not look at it.
    pub fn key_id(self, key_id: impl Into<String>) -> Self {
        self.header("kid", key_id.into())
    }

    /// Names no key in the header. A layer tries the last ten keys of the token's algorithm.
    pub fn without_key_id(mut self) -> Self {
        self.header.remove("kid");
        self
    }

    /// Sets any member of the header, `typ` and `alg` too.
    ///
    /// # Panics
    ///
    /// As [`claim`](Self::claim).
    pub fn header(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.header.insert(name.into(), json(value));
        self
    }

    /// Signs with the key of another issuer, in whose name it is not: the claims and the `kid` stay
    /// this issuer's. Refused for `signature`, or for `algorithm` if that is another one too.
    pub fn signed_by(mut self, other: &TestIssuer) -> Self {
        self.signer = other.signer().clone();
        self.set_algorithm();
        self
    }

    /// Changes one bit of the signature: refused for `signature`.
    pub fn bad_signature(mut self) -> Self {
        self.signature = Signature::Bad;
        self
    }

    /// Leaves the signature out and says `"alg": "none"` (RFC 7519 section 6): refused for
    /// `malformed`.
    pub fn unsigned(mut self) -> Self {
        self.signature = Signature::Absent;
        self.header("alg", "none")
    }

    /// The token, in compact serialization, as it stands after `Bearer ` in a request.
    pub fn mint(&self) -> String {
        let now = self.clock.seconds();
        let claims = self.claims.iter().map(|(name, claim)| {
            let value = match claim {
                Claim::Is(value) => value.clone(),
                Claim::FromNow(seconds) => now.saturating_add(*seconds).into(),
            };
            (name.clone(), value)
        });
        let claims = Value::Object(claims.collect());
        let header = Value::Object(self.header.clone());
        let [header, claims] = [header, claims].map(|json| base64url(json.to_string()));
        let input = format!("{header}.{claims}");
        let mut signature = self.signer.sign(input.as_bytes());
        match self.signature {
            Signature::Good => {}
            Signature::Bad => signature[0] ^= 1,
            Signature::Absent => signature.clear(),
        }
        format!("{input}.{}", base64url(signature))
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

fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("a value that can be written as JSON")
}

/// Nothing of the claims, which may be a copy of somebody's.
impl fmt::Debug for TestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestToken")
            .field("algorithm", &self.signer.algorithm())
            .finish_non_exhaustive()
    }
}
